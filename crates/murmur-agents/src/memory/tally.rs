//! What a memory keeps of deeds it has let go: how often each kind of them, with whom most, and the last own text.

use murmur_core::{ActionKind, AgentId, heap};
use serde::{Deserialize, Serialize};

use super::{Deed, DeedKind};

/// How many other agents are counted.
const MOST_OTHERS: usize = 8;

/// How many kinds of deeds are told.
const TOLD_KINDS: usize = 4;

/// How many other agents are told.
const TOLD_OTHERS: usize = 2;

/// Counts of what is no longer kept one by one.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Tally {
    /// Posts read.
    pub(super) read: u32,
    /// Successful actions by the place of their kind in [`ActionKind::ALL`], ascending.
    pub(super) did: Vec<(u8, u32)>,
    /// The agents that actions concerned most often, in the order in which they came. Counted by the Space-Saving
    /// algorithm (Metwally, Agrawal and El Abbadi 2005): who is new takes the place and the count of the least, so
    /// whoever was met in more than one of [`MOST_OTHERS`] deeds is there.
    pub(super) others: Vec<(u32, u32)>,
    /// The last text of its own.
    pub(super) writing: Option<Deed>,
}

impl Tally {
    /// Bytes on the heap.
    pub(super) fn memory_bytes(&self) -> usize {
        heap::of_column(&self.did) + heap::of_column(&self.others)
    }

    /// Counts a deed. What failed is forgotten.
    pub(super) fn add(&mut self, deed: Deed) {
        if !deed.succeeded {
            return;
        }
        match deed.kind {
            DeedKind::Read => self.read = self.read.saturating_add(1),
            DeedKind::Did(kind) => {
                self.count(kind);
                if let Some(other) = deed.other {
                    self.meet(other);
                }
            }
        }
        if deed.is_writing() {
            self.writing = Some(deed);
        }
    }

    fn count(&mut self, kind: ActionKind) {
        let kind = kind as u8;
        match self.did.binary_search_by_key(&kind, |&(kind, _)| kind) {
            Ok(at) => self.did[at].1 = self.did[at].1.saturating_add(1),
            Err(at) => self.did.insert(at, (kind, 1)),
        }
    }

    fn meet(&mut self, other: AgentId) {
        if let Some((_, count)) = self.others.iter_mut().find(|(known, _)| *known == other.0) {
            *count = count.saturating_add(1);
        } else if self.others.len() < MOST_OTHERS {
            self.others.push((other.0, 1));
        } else {
            // The first of the least makes room.
            let least = (0..MOST_OTHERS).min_by_key(|&at| self.others[at].1).expect("there are some");
            let count = self.others.remove(least).1;
            self.others.push((other.0, count.saturating_add(1)));
        }
    }

    /// The counts in words, such as `read 12 posts, liked 4 posts; most often those of @ann and @bob`. The most
    /// frequent comes first, at the same number the first in table order. `None` when there is nothing to tell.
    pub(super) fn words(&self, name: &dyn Fn(AgentId) -> Option<String>) -> Option<String> {
        let mut counts: Vec<(u32, Phrase)> = self
            .did
            .iter()
            .filter_map(|&(kind, count)| Some((count, phrase(ActionKind::ALL[usize::from(kind)])?)))
            .collect();
        counts.extend((self.read > 0).then_some((self.read, ("read", "post"))));
        counts.sort_by_key(|&(count, _)| std::cmp::Reverse(count));
        let told: Vec<String> = counts
            .into_iter()
            .take(TOLD_KINDS)
            .map(|(count, (verb, noun))| {
                format!("{verb} {count} {noun}{}", if count == 1 { "" } else { "s" })
            })
            .collect();
        if told.is_empty() {
            return None;
        }
        let mut words = told.join(", ");
        let names: Vec<String> = self.closest().filter_map(name).take(TOLD_OTHERS).collect();
        if !names.is_empty() {
            words.push_str("; most often in touch with ");
            words.push_str(&names.join(" and "));
        }
        Some(words)
    }

    /// The agents met more than once, the most frequent first, then who came first.
    fn closest(&self) -> impl Iterator<Item = AgentId> {
        let mut others: Vec<(u32, u32)> =
            self.others.iter().copied().filter(|&(_, count)| count > 1).collect();
        others.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        others.into_iter().map(|(other, _)| AgentId(other))
    }
}

/// What was done, and the singular of what it was done to.
type Phrase = (&'static str, &'static str);

/// How often a kind of action is told; `None` for what is not worth it.
fn phrase(kind: ActionKind) -> Option<Phrase> {
    use ActionKind as Kind;
    Some(match kind {
        Kind::CreatePost => ("written", "post"),
        Kind::Repost => ("reposted", "post"),
        Kind::QuotePost => ("quoted", "post"),
        Kind::CreateComment => ("written", "comment"),
        Kind::LikePost => ("liked", "post"),
        Kind::DislikePost => ("disliked", "post"),
        Kind::LikeComment => ("liked", "comment"),
        Kind::DislikeComment => ("disliked", "comment"),
        Kind::ReportPost => ("reported", "post"),
        Kind::Follow => ("followed", "account"),
        Kind::Unfollow => ("unfollowed", "account"),
        Kind::Mute => ("muted", "account"),
        Kind::Block => ("blocked", "account"),
        Kind::SearchPosts | Kind::SearchUser => ("made", "search"),
        Kind::PurchaseProduct => ("made", "purchase"),
        Kind::JoinGroup => ("joined", "group"),
        Kind::SendToGroup => ("written", "group message"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use murmur_core::{Purpose, Step, Stream};

    use super::*;

    fn deed(kind: DeedKind, other: u32) -> Deed {
        Deed { step: Step(0), kind, post: None, other: Some(AgentId(other)), words: None, succeeded: true }
    }

    #[test]
    fn counts_are_told_from_the_most_frequent() {
        let mut tally = Tally::default();
        let name = |agent: AgentId| Some(format!("@{agent}"));
        assert_eq!(tally.words(&name), None);
        let did = |kind, other| deed(DeedKind::Did(kind), other);
        tally.add(did(ActionKind::DoNothing, 9));
        tally.add(Deed { succeeded: false, ..did(ActionKind::Follow, 9) });
        assert_eq!(tally.words(&name), None);
        tally.add(did(ActionKind::CreatePost, 1));
        assert_eq!(tally.words(&name).unwrap(), "written 1 post");
        (0..3).for_each(|_| tally.add(did(ActionKind::LikePost, 2)));
        (0..2).for_each(|_| tally.add(did(ActionKind::Follow, 1)));
        (0..5).for_each(|_| tally.add(deed(DeedKind::Read, 7)));
        tally.add(did(ActionKind::Mute, 4));
        assert_eq!(
            tally.words(&name).unwrap(),
            "read 5 posts, liked 3 posts, followed 2 accounts, written 1 post; most often in touch with @1 and @2"
        );
    }

    #[test]
    fn whoever_is_met_often_is_counted() {
        let mut draws = Stream::new(1, Purpose::Choice, Step(0), AgentId(0));
        let mut tally = Tally::default();
        let mut exact = BTreeMap::<u32, u32>::new();
        for _ in 0..10_000 {
            let other = if draws.chance(0.3) { draws.below(2) } else { draws.below(10_000) };
            *exact.entry(other).or_default() += 1;
            tally.add(deed(DeedKind::Did(ActionKind::LikePost), other));
        }
        assert_eq!(tally.others.len(), MOST_OTHERS);
        for other in 0..2 {
            assert!(exact[&other] > 10_000 / MOST_OTHERS as u32);
            let counted = tally.others.iter().find(|&&(known, _)| known == other).unwrap().1;
            // The algorithm's bounds: never too few, and too many by no more than an equal share of all.
            assert!((exact[&other]..=exact[&other] + 10_000 / MOST_OTHERS as u32).contains(&counted));
        }
    }
}
