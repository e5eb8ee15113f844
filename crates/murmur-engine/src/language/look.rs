//! Looking around: searches, trends, further rows of the feed and group messages, answered at once from the world as it
//! stood when the step began.

use std::cmp::Reverse;

use murmur_agents::Observation;
use murmur_core::{Action, GroupId, PostId};

use super::sight::{Shown, Viewer};

/// Groups that are shown at most.
const MOST_GROUPS: usize = 5;

impl Viewer<'_> {
    /// What the agent is shown first: a page of its feed, the accounts suggested to it, and groups if it can use them.
    pub(crate) fn first_page(&self, observation: &Observation<'_>, with_groups: bool) -> Shown {
        let suggested = observation.suggested.iter().map(|account| account.agent);
        Shown {
            rows: self.page(observation, 0),
            users: suggested.take(self.world.config.prompt.users).collect(),
            groups: if with_groups { self.groups() } else { Vec::new() },
        }
    }

    /// What the agent finds that looks; `read` rows of its feed it has been shown.
    pub(crate) fn look(&self, action: &Action, observation: &Observation<'_>, read: usize) -> Shown {
        let public = &self.world.public;
        match action {
            Action::SearchPosts(query) => {
                let found = public.search_posts(query);
                Shown { rows: self.shown_rows(found.into_iter().rev()), ..Shown::default() }
            }
            Action::SearchUser(query) => {
                let mut users = public.search_users(query);
                users.retain(|&user| user != self.agent && !self.hides(user));
                let followers = |user| public.graph.follows.followers(user).len();
                users.sort_by_cached_key(|&user| (Reverse(followers(user)), user));
                users.truncate(self.world.config.prompt.users);
                Shown { users, ..Shown::default() }
            }
            Action::Trend => Shown {
                rows: self.shown_rows(public.trend_for(self.agent, self.now).into_iter()),
                ..Shown::default()
            },
            Action::Refresh => Shown { rows: self.page(observation, read), ..Shown::default() },
            Action::ListenFromGroup => Shown { groups: self.groups(), ..Shown::default() },
            _ => Shown::default(),
        }
    }

    /// A page of the feed, from the row `first` on.
    fn page(&self, observation: &Observation<'_>, first: usize) -> Vec<PostId> {
        let rest = observation.feed.iter().skip(first);
        rest.take(self.world.config.prompt.posts).map(|seen| seen.post).collect()
    }

    /// A page of these rows, without those that are kept from the agent.
    fn shown_rows(&self, rows: impl Iterator<Item = PostId>) -> Vec<PostId> {
        let posts = self.world.public.posts();
        let shown =
            |row: &PostId| !self.hides(posts.author(*row)) && !self.hides(posts.author(posts.root(*row)));
        rows.filter(shown).take(self.world.config.prompt.posts).collect()
    }

    /// The agent's own groups, then the largest others; of equals the older first.
    fn groups(&self) -> Vec<GroupId> {
        let groups = self.world.public.groups();
        let mut all: Vec<GroupId> = (0..groups.groups().len()).map(GroupId::from_index).collect();
        all.sort_by_cached_key(|&id| {
            let group = &groups.groups()[id.index()];
            let member = group.members.binary_search_by_key(&self.agent, |member| member.agent).is_ok();
            (!member, Reverse(group.members.len()), id)
        });
        all.truncate(MOST_GROUPS);
        all
    }
}
