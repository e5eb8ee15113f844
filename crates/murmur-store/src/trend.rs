//! The trend: the most liked posts of the last days.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use murmur_core::{AgentId, PostId, Step};

use crate::Public;

/// Minutes in a day.
const DAY: u32 = 24 * 60;

impl Public {
    /// The most liked rows of the days and in the number that the rules say, best first, the older first among equals.
    ///
    /// Reads one counter per row of these days.
    pub fn trend(&self, now: Step) -> Vec<PostId> {
        self.trend_of(now, |_| true)
    }

    /// [`Self::trend`] as `seeker` is answered: of the rows that are not [kept](Self::keeps_row) from it.
    pub fn trend_for(&self, seeker: AgentId, now: Step) -> Vec<PostId> {
        self.trend_of(now, |post| !self.keeps_row(seeker, post))
    }

    /// The trend among the rows that `shows` lets through.
    fn trend_of(&self, now: Step, shows: impl Fn(PostId) -> bool) -> Vec<PostId> {
        let platform = &self.rules.platform;
        let window = platform.trend_days.saturating_mul(DAY);
        let since = self.rules.clock.minute(now).0.saturating_sub(window);
        let first = self.posts.first_index_since(Step(self.rules.clock.steps_in(since)));
        let most = platform.trend_top_k as usize;
        // The worst of the best is on top, to be thrown out by a better one.
        let mut best: BinaryHeap<Ranked> = BinaryHeap::new();
        for post in (first..self.posts.len()).map(PostId::from_index) {
            let ranked = Ranked { likes: Reverse(self.posts.likes(post)), post };
            let improves = best.len() < most || best.peek().is_some_and(|worst| ranked < *worst);
            if improves && self.posts.contains(post) && shows(post) {
                best.push(ranked);
                if best.len() > most {
                    best.pop();
                }
            }
        }
        best.into_sorted_vec().into_iter().map(|ranked| ranked.post).collect()
    }
}

/// A row by its rank: more likes before fewer, then the older.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Ranked {
    likes: Reverse<u32>,
    post: PostId,
}
