//! Who reads and passes on what: the other side's or one's own.
//!
//! Copies of items lie with holders: reads of posts with readers, reposts with those who reposted. Rewiring deals the copies
//! again: everybody holds as many, each item has as many copies, and only who holds which is random.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::DivisionSettings;
use super::measured::Measured;
use super::partition::{NOBODY, count};
use super::swaps::{deal, draws};

/// Equal bins of [-1, 1] in which stances that were read are counted.
pub const STANCE_BINS: usize = 5;

/// Copies of items by who holds them.
#[derive(Clone, Copy, Debug)]
pub struct Copies<'a> {
    /// Who holds a copy, and of which item, in any order. Nobody holds what they made.
    pub copies: &'a [[u32; 2]],
    /// Who made each item.
    pub makers: &'a [u32],
    /// Where each item stands, in [-1, 1], if it stands somewhere.
    pub stances: Option<&'a [f32]>,
    /// The group of each agent; [`NOBODY`] for none.
    pub groups: &'a [u32],
}

/// Whom readers read.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Reading {
    /// Reads.
    pub reads: u64,
    /// Reads that were dealt again, if they were not all: all those of some readers.
    pub sample: Option<u64>,
    /// Share of reads whose author is of another group than the reader, among those where both are of one (Bakshy,
    /// Messing and Adamic, Science 348, 2015).
    pub cross_cutting_authors: Measured,
    /// Share of reads of posts that stand on the other side of 0 than the reader, among those where neither is at 0. Not
    /// defined where items have no stances.
    pub cross_cutting_posts: Measured,
    /// Mean over readers of at least two posts of the entropy of what they read, over its largest possible value: of
    /// stances in equal bins, or without stances of their authors' groups.
    pub diversity: Measured,
}

/// Whom people pass on.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Passing {
    /// Reposts.
    pub reposts: u64,
    /// Reposts that were dealt again, if they were not all: all those of some agents.
    pub sample: Option<u64>,
    /// Share of reposts of one's own group, among those where both are of one.
    pub within_share: Measured,
    /// The share within groups less the share e that is expected when copies are dealt regardless of groups, over 1 − e
    /// (Newman's assortativity of a directed multigraph, 2003): 1 when all are within, 0 as expected. After Conover et
    /// al., "Political polarization on Twitter", ICWSM 2011.
    pub segregation: Measured,
    /// The share e.
    pub expected_share: Option<f64>,
}

/// Measures whom readers read. With stances, groups 0 and 1 are the readers below and above 0. Runs on all threads.
pub fn reading(copies: &Copies<'_>, settings: &DivisionSettings) -> Reading {
    let dealt = Dealt::new(copies, settings, 1, |held: &Held<'_>| {
        let [authors, posts] = held.cross_cutting();
        [authors, posts, held.diversity()]
    });
    Reading {
        reads: copies.copies.len() as u64,
        sample: dealt.sample,
        cross_cutting_authors: dealt.beside(0),
        cross_cutting_posts: dealt.beside(1),
        diversity: dealt.beside(2),
    }
}

/// Measures whom people pass on. Runs on all threads.
pub fn passing(copies: &Copies<'_>, settings: &DivisionSettings) -> Passing {
    let dealt = Dealt::new(copies, settings, 2, |held: &Held<'_>| held.within());
    Passing {
        reposts: copies.copies.len() as u64,
        sample: dealt.sample,
        within_share: dealt.beside(0),
        segregation: dealt.beside(1),
        expected_share: dealt.of_all[2],
    }
}

/// Three measures of copies as they are, in a sample, and dealt again.
struct Dealt {
    sample: Option<u64>,
    of_all: [Option<f64>; 3],
    of_sample: Option<[Option<f64>; 3]>,
    rewired: Vec<[Option<f64>; 3]>,
}

impl Dealt {
    fn new(
        copies: &Copies<'_>,
        settings: &DivisionSettings,
        what: u32,
        measure: impl Fn(&Held<'_>) -> [Option<f64>; 3] + Sync,
    ) -> Self {
        let mut sorted = copies.copies.to_vec();
        sorted.sort_unstable();
        let held = |holders: &[u32], items: &[u32]| measure(&Held { holders, items, world: copies });
        let (holders, items): (Vec<u32>, Vec<u32>) =
            sorted.iter().map(|&[holder, item]| (holder, item)).unzip();
        let of_all = held(&holders, &items);
        let is_sampled = sorted.len() > settings.sample as usize;
        if is_sampled {
            keep_some_holders(&mut sorted, settings, what);
        }
        let (holders, items): (Vec<u32>, Vec<u32>) =
            sorted.iter().map(|&[holder, item]| (holder, item)).unzip();
        let rewire = |number| {
            let mut items = items.clone();
            deal(&holders, &mut items, copies.makers, &mut draws(settings.seed, number, what));
            held(&holders, &items)
        };
        Self {
            sample: is_sampled.then_some(sorted.len() as u64),
            of_all,
            of_sample: is_sampled.then(|| held(&holders, &items)),
            rewired: (0..settings.rewirings).into_par_iter().map(rewire).collect(),
        }
    }

    fn beside(&self, place: usize) -> Measured {
        let of_sample = self.of_sample.map(|values| values[place]);
        Measured::beside(self.of_all[place], of_sample, self.rewired.iter().map(|values| values[place]))
    }
}

/// Keeps all copies of random holders, about as many as a sample is to have.
fn keep_some_holders(sorted: &mut Vec<[u32; 2]>, settings: &DivisionSettings, what: u32) {
    let mut holders: Vec<&[[u32; 2]]> = sorted.chunk_by(|a, b| a[0] == b[0]).collect();
    // That of the fire over ties is agent 0's.
    let mut stream = murmur_core::Stream::new(
        settings.seed,
        murmur_core::Purpose::Rewiring,
        murmur_core::Step(0),
        murmur_core::AgentId(what),
    );
    stream.shuffle(&mut holders);
    let mut kept = Vec::new();
    for own in holders {
        kept.extend_from_slice(own);
        if kept.len() >= settings.sample as usize {
            break;
        }
    }
    kept.sort_unstable();
    *sorted = kept;
}

/// Copies as they are held, all of one holder together.
struct Held<'a> {
    holders: &'a [u32],
    items: &'a [u32],
    world: &'a Copies<'a>,
}

impl Held<'_> {
    fn group(&self, agent: u32) -> u32 {
        self.world.groups[agent as usize]
    }

    /// The group of the holder and of the maker of each copy where both are of one.
    fn groups(&self) -> impl Iterator<Item = [u32; 2]> + '_ {
        let groups = |(&holder, &item): (&u32, &u32)| {
            [self.group(holder), self.group(self.world.makers[item as usize])]
        };
        self.holders.iter().zip(self.items).map(groups).filter(|groups| !groups.contains(&NOBODY))
    }

    /// Shares of copies of another group's making, and of those that stand on the other side.
    fn cross_cutting(&self) -> [Option<f64>; 2] {
        let (mut all, mut cross) = (0u64, 0u64);
        for [holder, maker] in self.groups() {
            all += 1;
            cross += u64::from(holder != maker);
        }
        [share(cross, all), self.world.stances.and_then(|stances| self.cross_cutting_stances(stances))]
    }

    fn cross_cutting_stances(&self, stances: &[f32]) -> Option<f64> {
        let (mut all, mut cross) = (0u64, 0u64);
        for (&holder, &item) in self.holders.iter().zip(self.items) {
            let (group, stance) = (self.group(holder), stances[item as usize]);
            if group != NOBODY && stance != 0.0 {
                all += 1;
                cross += u64::from((group == 1) != (stance > 0.0));
            }
        }
        share(cross, all)
    }

    /// The mean entropy of what one holder holds, over its largest possible value.
    fn diversity(&self) -> Option<f64> {
        let kinds = self.world.stances.map_or(count(self.world.groups) as usize, |_| STANCE_BINS);
        if kinds < 2 {
            return None;
        }
        let largest = libm::log(kinds as f64);
        let (mut readers, mut sum) = (0u64, 0.0);
        let mut counts = vec![0u32; kinds];
        let mut start = 0;
        for own in self.holders.chunk_by(|a, b| a == b) {
            counts.fill(0);
            let items = &self.items[start..start + own.len()];
            start += own.len();
            for kind in items.iter().filter_map(|&item| self.kind(item)) {
                counts[kind] += 1;
            }
            let all: u32 = counts.iter().sum();
            if all >= 2 {
                readers += 1;
                sum += entropy(&counts, all) / largest;
            }
        }
        (readers > 0).then(|| sum / readers as f64)
    }

    /// What counts as the same in diversity.
    fn kind(&self, item: u32) -> Option<usize> {
        match self.world.stances {
            Some(stances) => {
                let place = (f64::from(stances[item as usize]) + 1.0) / 2.0 * STANCE_BINS as f64;
                Some((place as usize).min(STANCE_BINS - 1))
            }
            None => Some(self.group(self.world.makers[item as usize]))
                .filter(|&group| group != NOBODY)
                .map(|group| group as usize),
        }
    }

    /// The share within groups, how far it exceeds what is expected, and what is expected.
    fn within(&self) -> [Option<f64>; 3] {
        let groups = count(self.world.groups) as usize;
        let (mut held, mut made) = (vec![0u64; groups], vec![0u64; groups]);
        let (mut all, mut within) = (0u64, 0u64);
        for [holder, maker] in self.groups() {
            all += 1;
            within += u64::from(holder == maker);
            held[holder as usize] += 1;
            made[maker as usize] += 1;
        }
        let own = share(within, all);
        // In integers over the squared number of copies.
        let whole = i128::from(all) * i128::from(all);
        let expected: i128 =
            held.iter().zip(&made).map(|(&held, &made)| i128::from(held) * i128::from(made)).sum();
        let excess = i128::from(within) * i128::from(all) - expected;
        let segregation = (expected < whole).then(|| excess as f64 / (whole - expected) as f64);
        [own, segregation, own.map(|_| expected as f64 / whole as f64)]
    }
}

fn share(part: u64, all: u64) -> Option<f64> {
    (all > 0).then(|| part as f64 / all as f64)
}

/// Shannon's entropy, in nats, of `all` things that are counted by kind.
fn entropy(counts: &[u32], all: u32) -> f64 {
    let of_kind = |&count: &u32| {
        let share = f64::from(count) / f64::from(all);
        -share * libm::log(share)
    };
    counts.iter().filter(|&&count| count > 0).map(of_kind).sum()
}
