//! Both searches: posts by content, post id or user id, users by profile or id.
//!
//! The indexes catch up when somebody searches, so that a run without searches does not pay for them. They hold nothing
//! but what the posts and profiles say, so that a search changes nothing that anybody could see.

use murmur_core::{AgentId, PostId};

use std::sync::{Mutex, MutexGuard};

use crate::numbers::numbers_containing;
use crate::word_index::{Candidates, WordIndex, folded};
use crate::{Phrasebook, Posts, Public};

/// What is indexed so far.
#[derive(Debug, Default)]
pub(crate) struct SearchIndexes {
    posts: Mutex<PostIndex>,
    users: Mutex<UserIndex>,
}

#[derive(Debug, Default)]
struct PostIndex {
    words: WordIndex,
    /// How many of the texts are indexed.
    indexed: usize,
}

#[derive(Debug, Default)]
struct UserIndex {
    words: WordIndex,
    /// How many of the changes of profiles are indexed; `None`: no profile is.
    indexed: Option<usize>,
}

impl SearchIndexes {
    /// Bytes on the heap.
    pub(crate) fn memory_bytes(&self) -> usize {
        let posts = self.posts.lock().expect("no search has failed").words.memory_bytes();
        posts + self.users.lock().expect("no search has failed").words.memory_bytes()
    }
}

impl Public {
    /// [`Self::search_posts`] as `seeker` is answered: without rows that are [kept](Self::keeps_row) from it.
    pub fn search_posts_for(&self, seeker: AgentId, query: &str) -> Vec<PostId> {
        let mut found = self.search_posts(query);
        found.retain(|&post| !self.keeps_row(seeker, post));
        found
    }

    /// [`Self::search_users`] as `seeker` is answered: without accounts that are hidden from it.
    pub fn search_users_for(&self, seeker: AgentId, query: &str) -> Vec<AgentId> {
        let mut found = self.search_users(query);
        found.retain(|&user| !self.moderation.keeps(seeker, user));
        found
    }

    /// The rows whose content, id or author's id contains `query`, letter case aside, ascending. The words that a quote
    /// adds are not searched, and a repost has no content.
    pub fn search_posts(&self, query: &str) -> Vec<PostId> {
        let query = folded(query);
        if query.is_empty() {
            return self.posts.ids().filter(|&post| self.posts.contains(post)).collect();
        }
        let mut found = self.posts_with_content(&query);
        if is_number(&query) {
            found.extend(
                numbers_containing(&query, self.posts.len() as u32).into_iter().filter_map(PostId::new),
            );
            let authors = numbers_containing(&query, self.agents()).into_iter().map(AgentId);
            for author in authors.filter(|author| author.0 < self.agents()) {
                found.extend(self.posts.by_author(author));
            }
        }
        found.sort_unstable();
        found.dedup();
        found.retain(|&post| self.posts.contains(post));
        found
    }

    /// The rows whose content contains the folded query.
    fn posts_with_content(&self, query: &str) -> Vec<PostId> {
        let contains = |post: &PostId| folded(&self.content(*post)).contains(query);
        let posts = |numbers: Vec<u32>| numbers.into_iter().filter_map(PostId::new);
        let mut index = lock(&self.search.posts);
        index.catch_up(&self.posts, &self.phrasebook);
        match index.words.candidates(query) {
            Candidates::Certain(numbers) => posts(numbers).collect(),
            Candidates::Possible(numbers) => posts(numbers).filter(contains).collect(),
            Candidates::Any => self.posts.contents().posts().iter().copied().filter(contains).collect(),
        }
    }

    /// The users whose user name, name, bio or id contains `query`, letter case aside, ascending.
    pub fn search_users(&self, query: &str) -> Vec<AgentId> {
        let query = folded(query);
        let shows = |agent: &AgentId| {
            let profile = self.accounts.profile(*agent);
            profile.is_some_and(|profile| {
                let fields = [&profile.user_name, &profile.name, &profile.bio];
                fields.into_iter().any(|field| folded(field).contains(&query))
            })
        };
        let mut found: Vec<AgentId> = match self.user_index().words.candidates(&query) {
            Candidates::Any => self.accounts.users().filter(shows).collect(),
            // What a profile said before it was changed is still indexed.
            Candidates::Certain(numbers) | Candidates::Possible(numbers) => {
                numbers.into_iter().map(AgentId).filter(shows).collect()
            }
        };
        if is_number(&query) {
            let agents = numbers_containing(&query, self.agents()).into_iter().map(AgentId);
            found.extend(agents.filter(|&agent| self.accounts.contains(agent)));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The index of users, as of now.
    fn user_index(&self) -> MutexGuard<'_, UserIndex> {
        let mut index = lock(&self.search.users);
        let changes = self.accounts.changes();
        let due: Vec<AgentId> = match index.indexed {
            None => self.accounts.users().collect(),
            Some(indexed) => changes[indexed..].to_vec(),
        };
        index.indexed = Some(changes.len());
        for agent in due {
            let profile = self.accounts.profile(agent).expect("who changed a profile has one");
            for field in [&profile.user_name, &profile.name, &profile.bio] {
                index.words.add(agent.0, &folded(field));
            }
        }
        index
    }
}

impl PostIndex {
    /// Indexes the rows with words that were made since the last search.
    fn catch_up(&mut self, posts: &Posts, phrasebook: &Phrasebook) {
        let rows = posts.contents().posts();
        for &post in &rows[self.indexed..] {
            let source = posts.quoted_in_the_end(post).expect("a row with words is no repost");
            self.words.add(post.get(), &folded(&phrasebook.words(posts.text(source))));
        }
        self.indexed = rows.len();
    }
}

fn lock<T>(index: &Mutex<T>) -> MutexGuard<'_, T> {
    index.lock().expect("nobody panics while searching")
}

fn is_number(query: &str) -> bool {
    !query.is_empty() && query.bytes().all(|byte| byte.is_ascii_digit())
}
