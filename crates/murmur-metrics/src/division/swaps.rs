//! Networks dealt again at random while everybody keeps as many ties.

use murmur_core::{AgentId, Purpose, Step, Stream};
use rustc_hash::FxHashSet;

/// Swaps tried per tie. Milo, Kashtan, Itzkovitz, Newman and Alon (arXiv cond-mat/0312028, 2003) find that far fewer than
/// a hundred mix networks well.
pub const ATTEMPTS: u64 = 10;

/// The draws of the rewiring of that number; that of the sample has number 0 to itself.
pub(super) fn draws(seed: u64, rewiring: u32, what: u32) -> Stream {
    Stream::new(seed, Purpose::Rewiring, Step(rewiring + 1), AgentId(what))
}

/// Rewires a directed graph without loops and repeated ties: two random ties a → b and c → d become a → d and c → b,
/// unless that makes a loop or repeats a tie (Maslov and Sneppen, Science 296, 2002); [`ATTEMPTS`] times the number of ties.
/// Ties ascend by where they come from, and stay at their places.
///
/// Everybody keeps as many ties going out and coming in. How many of them are mutual is not kept.
pub fn rewire(ties: &mut [[u32; 2]], draws: &mut Stream) {
    let mut rows = Rows::of(ties);
    let count = ties.len() as u32;
    for _ in 0..ATTEMPTS * u64::from(count) {
        let [i, j] = [draws.below(count) as usize, draws.below(count) as usize];
        let ([a, b], [c, d]) = ([ties[i][0], rows.targets[i]], [ties[j][0], rows.targets[j]]);
        if a != d && c != b && !rows.hold(a, d) && !rows.hold(c, b) {
            rows.put(a, i, d);
            rows.put(c, j, b);
        }
    }
    for (tie, target) in ties.iter_mut().zip(rows.targets) {
        tie[1] = target;
    }
}

/// Where the ties of each node go.
struct Rows {
    /// Node after node.
    targets: Vec<u32>,
    /// Where each node's begin in `targets`, and where the last one's end.
    starts: Vec<usize>,
    /// The ties of nodes with more than [`LONG`] of them.
    of_long: FxHashSet<[u32; 2]>,
}

/// A row up to so long is looked through faster than looked up.
const LONG: usize = 256;

impl Rows {
    fn of(ties: &[[u32; 2]]) -> Self {
        let last = ties.iter().map(|tie| tie[0]).max();
        let mut starts = vec![0; last.map_or(0, |last| last as usize + 1) + 1];
        let mut of_long = FxHashSet::default();
        let mut end = 0;
        for row in ties.chunk_by(|a, b| a[0] == b[0]) {
            let node = row[0][0] as usize;
            starts[node] = end;
            end += row.len();
            starts[node + 1] = end;
            if row.len() > LONG {
                of_long.extend(row);
            }
        }
        Self { targets: ties.iter().map(|tie| tie[1]).collect(), starts, of_long }
    }

    fn row(&self, node: u32) -> std::ops::Range<usize> {
        self.starts[node as usize]..self.starts[node as usize + 1]
    }

    fn hold(&self, from: u32, to: u32) -> bool {
        let row = self.row(from);
        if row.len() > LONG { self.of_long.contains(&[from, to]) } else { self.targets[row].contains(&to) }
    }

    /// Lets the tie at `place`, which is one of `from`, go to `to`.
    fn put(&mut self, from: u32, place: usize, to: u32) {
        if self.row(from).len() > LONG {
            self.of_long.remove(&[from, self.targets[place]]);
            self.of_long.insert([from, to]);
        }
        self.targets[place] = to;
    }
}

/// Deals items among those who hold them: two random copies change hands, unless one would come to who made it;
/// [`ATTEMPTS`] times the number of copies. Everybody holds as many as before, and may hold an item twice.
///
/// `holders` and `items` say of each copy who holds it and which item it is, `makers` who made an item.
pub(super) fn deal(holders: &[u32], items: &mut [u32], makers: &[u32], draws: &mut Stream) {
    let count = items.len() as u32;
    for _ in 0..ATTEMPTS * u64::from(count) {
        let [i, j] = [draws.below(count) as usize, draws.below(count) as usize];
        let own = |copy: usize, holder: usize| makers[items[copy] as usize] == holders[holder];
        if !own(i, j) && !own(j, i) {
            items.swap(i, j);
        }
    }
}
