//! What is shown, as the variables of a template: numbered, harmless, and cut to a budget.

use serde::Serialize;

use crate::flat::flat;
use crate::sight::{Numbers, Sight};
use crate::tokens::{clip, tokens};

/// Tokens of a name, at most.
const MOST_NAME: u32 = 12;
/// Tokens that every text keeps, whatever the budget.
const LEAST_TEXT: u32 = 8;
/// How often texts are cut anew until what is shown is within its budget.
const ROUNDS: usize = 4;

#[derive(Clone, Serialize)]
pub(crate) struct FeedView {
    pub(crate) posts: Vec<PostView>,
    pub(crate) users: Vec<UserView>,
    pub(crate) groups: Vec<GroupView>,
}

#[derive(Clone, Serialize)]
pub(crate) struct PostView {
    number: u32,
    author: String,
    text: String,
    likes: u32,
    dislikes: u32,
    score: i64,
    shares: u32,
    age: String,
    age_minutes: u32,
    reposted_by: Option<String>,
    follows_author: bool,
    warning: Option<String>,
    labels: Vec<String>,
    note: Option<String>,
    asks_before_sharing: bool,
    mine: bool,
    comments: Vec<CommentView>,
}

#[derive(Clone, Serialize)]
pub(crate) struct CommentView {
    number: u32,
    author: String,
    text: String,
    likes: u32,
    dislikes: u32,
    score: i64,
}

#[derive(Clone, Serialize)]
pub(crate) struct UserView {
    number: u32,
    name: String,
    bio: String,
}

#[derive(Clone, Serialize)]
pub(crate) struct GroupView {
    number: u32,
    name: String,
    member: bool,
    messages: Vec<String>,
}

impl FeedView {
    /// What `sight` shows, what was found later left out, with numbers from `first` on and at most `post_chars`
    /// characters of a text.
    pub(crate) fn new(sight: &Sight, first: Numbers, post_chars: usize) -> Self {
        let mut comment_number = first.comment;
        let text = |text: &str| cut(flat(text), post_chars);
        let name = |name: &str| clip(&flat(name), MOST_NAME).into_owned();
        let posts = (first.entry..).zip(&sight.posts).map(|(number, post)| PostView {
            number,
            author: name(&post.author_name),
            text: text(&post.text),
            likes: post.likes,
            dislikes: post.dislikes,
            score: i64::from(post.likes) - i64::from(post.dislikes),
            shares: post.shares,
            age: age(post.age_minutes),
            age_minutes: post.age_minutes,
            reposted_by: post.reposted_by.as_deref().map(name),
            follows_author: post.follows_author,
            warning: post.warning.as_deref().map(flat),
            labels: post.labels.iter().map(|label| flat(label)).collect(),
            note: post.note.as_deref().map(text),
            asks_before_sharing: post.asks_before_sharing,
            mine: post.mine,
            comments: (post.comments.iter())
                .map(|comment| CommentView {
                    number: {
                        comment_number += 1;
                        comment_number - 1
                    },
                    author: name(&comment.author_name),
                    text: text(&comment.text),
                    likes: comment.likes,
                    dislikes: comment.dislikes,
                    score: i64::from(comment.likes) - i64::from(comment.dislikes),
                })
                .collect(),
        });
        let posts: Vec<PostView> = posts.collect();
        let first_user = first.entry + posts.len() as u32;
        let users = (first_user..).zip(&sight.users).map(|(number, user)| UserView {
            number,
            name: name(&user.name),
            bio: text(&user.bio),
        });
        let groups = (first.group..).zip(&sight.groups).map(|(number, group)| GroupView {
            number,
            name: name(&group.name),
            member: group.member,
            messages: group.messages.iter().map(|message| text(message)).collect(),
        });
        Self { users: users.collect(), groups: groups.collect(), posts }
    }

    /// The texts that may be cut.
    fn texts(&mut self) -> Vec<&mut String> {
        let mut texts = Vec::new();
        for post in &mut self.posts {
            texts.push(&mut post.text);
            texts.extend(&mut post.note);
            texts.extend(post.comments.iter_mut().map(|comment| &mut comment.text));
        }
        texts.extend(self.users.iter_mut().map(|user| &mut user.bio));
        texts.extend(self.groups.iter_mut().flat_map(|group| &mut group.messages));
        texts
    }

    /// The view, as `rendered`, in at most `most` tokens if the texts can be cut to that. The longest are cut first:
    /// all that are cut become equally long, and none shorter than a few words.
    pub(crate) fn within<E>(
        mut self,
        most: u32,
        rendered: impl Fn(&Self) -> Result<String, E>,
    ) -> Result<String, E> {
        let mut shown = rendered(&self)?;
        let excess = tokens(&shown).saturating_sub(most);
        if excess == 0 {
            return Ok(shown);
        }
        let full: Vec<String> = self.texts().into_iter().map(|text| text.clone()).collect();
        let lengths: Vec<u32> = full.iter().map(|text| tokens(text)).collect();
        let total: u32 = lengths.iter().sum();
        let mut level = water_level(&lengths, total.saturating_sub(excess)).max(LEAST_TEXT);
        let mut fits = false;
        for _ in 0..ROUNDS {
            for (text, full) in self.texts().into_iter().zip(&full) {
                *text = clip(full, level).into_owned();
            }
            let cut = rendered(&self)?;
            let length = tokens(&cut);
            let sharing = lengths.iter().filter(|&&length| length > level).count().max(1) as u32;
            if length <= most {
                // What cutting at the ends of words has saved is shared out again.
                (shown, fits) = (cut, true);
                let more = (most - length) / sharing;
                if more == 0 {
                    break;
                }
                level += more;
            } else if fits {
                break;
            } else {
                shown = cut;
                if level == LEAST_TEXT {
                    break;
                }
                level = level.saturating_sub((length - most).div_ceil(sharing)).max(LEAST_TEXT);
            }
        }
        Ok(shown)
    }
}

/// The greatest length such that `lengths`, each cut to it, are together at most `room`.
fn water_level(lengths: &[u32], room: u32) -> u32 {
    let mut sorted = lengths.to_vec();
    sorted.sort_unstable();
    let mut room = room;
    for (place, &length) in sorted.iter().enumerate() {
        let share = room / (sorted.len() - place) as u32;
        if length > share {
            return share;
        }
        room -= length;
    }
    sorted.last().copied().unwrap_or(0)
}

/// `text` cut to `most` characters, with an ellipsis where something is left out.
fn cut(mut text: String, most: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(most) {
        text.truncate(end);
        text.truncate(text.trim_end().len());
        text.push('…');
    }
    text
}

/// An age as platforms write it.
fn age(minutes: u32) -> String {
    match minutes {
        0 => "now".to_owned(),
        1..60 => format!("{minutes}m"),
        60..1440 => format!("{}h", minutes / 60),
        _ => format!("{}d", minutes / 1440),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_is_shared_and_what_short_texts_leave_goes_to_the_long_ones() {
        let check = |lengths: &[u32], room: u32, expected: u32| {
            let level = water_level(lengths, room);
            assert_eq!(level, expected);
            let taken: u32 = lengths.iter().map(|&length| length.min(level)).sum();
            assert!(taken <= room.max(lengths.iter().sum::<u32>()));
        };
        check(&[10, 10, 10], 15, 5);
        check(&[2, 20, 20], 22, 10);
        check(&[2, 6, 20], 22, 14);
        check(&[2, 6], 100, 6);
        check(&[5], 0, 0);
        check(&[], 5, 0);
    }

    #[test]
    fn texts_are_cut_at_characters_and_ages_are_written_as_platforms_do() {
        assert_eq!(cut("größer".to_owned(), 3), "grö…");
        assert_eq!(cut("größer".to_owned(), 6), "größer");
        assert_eq!(cut("a b".to_owned(), 2), "a…");
        let ages = [0, 1, 59, 60, 1439, 1440, u32::MAX].map(age);
        assert_eq!(ages, ["now", "1m", "59m", "1h", "23h", "1d", "2982616d"]);
    }
}
