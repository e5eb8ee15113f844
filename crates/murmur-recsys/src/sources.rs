//! The sources: which roots each would show a reader, best first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use murmur_core::PostId;

use crate::config::{PipelineConfig, Source};
use crate::pool::{draws, in_turn};
use crate::recommend::{Candidate, Counts, Desk, Scratch, Tray};
use crate::sieve::{Sieve, Sifting};

/// Draws for each candidate wanted before every live row is gone through. One in sixteen or more hits a row.
const TRIES_PER_CANDIDATE: usize = 128;

/// How far a source goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// To what its ranking has at hand.
    Near,
    /// To the last post that it could show.
    Whole,
}

/// What is asked of a source.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) source: Source,
    /// Candidates at most.
    pub(crate) most: usize,
    pub(crate) reach: Reach,
}

impl<'a> Desk<'a> {
    /// Adds candidates that pass the reader's filters.
    pub(crate) fn gather(
        &self,
        tray: &mut Tray<'_>,
        pipeline: &PipelineConfig,
        wanted: Wanted,
        counts: &mut Counts,
        scratch: &mut Scratch,
    ) {
        let Wanted { source, most, reach } = wanted;
        let posts = self.public.posts();
        let root = |row| posts.root(row);
        let reader = tray.reader;
        match source {
            Source::InNetwork => {
                let rows = self.in_network(&tray.sieve);
                self.take(tray, source, most, counts, rows.map(root));
            }
            Source::SocialProof => {
                let roots = self.liked_by_followed(&tray.sieve);
                self.take(tray, source, most, counts, roots);
            }
            Source::Trending => {
                let lists = match reach {
                    Reach::Near => self.pool.trending(),
                    Reach::Whole => self.pool.all_trending(),
                };
                self.take(tray, source, most, counts, in_turn(lists, reader.topics));
            }
            Source::Hot => {
                let ranking = match reach {
                    Reach::Near => self.pool.hottest(),
                    Reach::Whole => self.pool.all_hot(),
                };
                self.take(tray, source, most, counts, ranking.iter().copied());
            }
            Source::Random => {
                let stream = draws(self.seed, self.now, reader.agent);
                // A deleted repost is no second chance for its root.
                let drawn = self.pool.random(stream, TRIES_PER_CANDIDATE * most);
                self.take(tray, source, most, counts, drawn.filter(|&row| posts.contains(row)).map(root));
            }
            Source::Interest => self.search(tray, pipeline, wanted, counts, scratch),
        }
    }

    /// Takes the first `most` of `roots` that pass.
    fn take(
        &self,
        tray: &mut Tray<'_>,
        source: Source,
        most: usize,
        counts: &mut Counts,
        roots: impl Iterator<Item = PostId>,
    ) {
        let enough = tray.candidates.len() + most;
        let of_source = &mut counts.sources[source as usize];
        let mut sifting =
            Sifting { sieve: &tray.sieve, taken: &mut tray.taken, dropped: &mut counts.dropped };
        for root in roots {
            of_source.offered += 1;
            if let Some(row) = sifting.take(root) {
                of_source.kept += 1;
                tray.candidates.push(Candidate { row, root, source, score: 0.0 });
                if tray.candidates.len() == enough {
                    return;
                }
            }
        }
    }

    /// Live rows of followed accounts that the reader may see, the latest first.
    fn in_network<'s>(&'s self, sieve: &Sieve<'_>) -> impl Iterator<Item = PostId> + use<'s, 'a> {
        let posts = self.public.posts();
        let live = |row: &PostId| self.pool.rows.start <= row.index();
        // Each account's rows are chained latest first, so the heap holds one row an account, and no more rows are
        // looked at than the feed takes.
        let mut heads: BinaryHeap<PostId> =
            sieve.shown_followees().filter_map(|author| posts.latest_by(author).filter(live)).collect();
        std::iter::from_fn(move || {
            let row = heads.pop()?;
            heads.extend(posts.earlier_by_author(row).filter(live));
            Some(row)
        })
        .filter(|&row| posts.contains(row))
    }

    /// Live roots that followed accounts liked lately, those that most of them liked first; of equal ones the later.
    fn liked_by_followed(&self, sieve: &Sieve<'_>) -> impl Iterator<Item = PostId> + use<> {
        let mut liked: Vec<PostId> =
            sieve.shown_followees().flat_map(|followee| self.tastes.recent_likes(followee)).collect();
        liked.sort_unstable();
        let mut counted: Vec<Liked> = liked
            .chunk_by(|a, b| a == b)
            .map(|alike| Liked { by: alike.len() as u32, root: alike[0] })
            .collect();
        counted.sort_unstable_by_key(|&liked| Reverse(liked));
        counted.into_iter().map(|liked| liked.root)
    }

    /// Adds the `most` posts nearest to the reader's text, or of highest x-score where that ranks the pipeline.
    fn search(
        &self,
        tray: &mut Tray<'_>,
        pipeline: &PipelineConfig,
        wanted: Wanted,
        counts: &mut Counts,
        scratch: &mut Scratch,
    ) {
        let contents = self.public.posts().contents();
        let searcher = match wanted.reach {
            Reach::Near if pipeline.by_x_score() => &self.by_x_score,
            Reach::Near => &self.nearest,
            Reach::Whole => &self.whole,
        };
        let of_source = &mut counts.sources[Source::Interest as usize];
        let mut sifting =
            Sifting { sieve: &tray.sieve, taken: &mut tray.taken, dropped: &mut counts.dropped };
        let admit = |content: u32| {
            of_source.offered += 1;
            sifting.admits(contents.post(content as usize))
        };
        let Scratch { search, near, .. } = scratch;
        let compared = searcher.search(&tray.query, wanted.most, admit, search, near);
        tray.scored.add(compared);
        for near in near.iter() {
            let root = contents.post(near.content as usize);
            let row = tray.sieve.copy(root).expect("the root itself is live");
            tray.taken.insert(root);
            of_source.kept += 1;
            tray.candidates.push(Candidate { row, root, source: Source::Interest, score: 0.0 });
        }
    }
}

/// A root with the number of followed accounts that like it; more is better, then the later root.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Liked {
    by: u32,
    root: PostId,
}
