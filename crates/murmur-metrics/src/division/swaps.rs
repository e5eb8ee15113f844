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
///
/// Everybody keeps as many ties going out and coming in. How many of them are mutual is not kept.
pub fn rewire(ties: &mut [[u32; 2]], draws: &mut Stream) {
    let key = |from: u32, to: u32| u64::from(from) << 32 | u64::from(to);
    let mut present: FxHashSet<u64> = ties.iter().map(|&[from, to]| key(from, to)).collect();
    let count = ties.len() as u32;
    for _ in 0..ATTEMPTS * u64::from(count) {
        let [i, j] = [draws.below(count) as usize, draws.below(count) as usize];
        let ([a, b], [c, d]) = (ties[i], ties[j]);
        let is_new = a != d && c != b && !present.contains(&key(a, d)) && !present.contains(&key(c, b));
        if is_new {
            present.remove(&key(a, b));
            present.remove(&key(c, d));
            present.insert(key(a, d));
            present.insert(key(c, b));
            ties[i][1] = d;
            ties[j][1] = b;
        }
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
