//! Echo chambers: whether agents and those they listen to lean alike.

use serde::{Deserialize, Serialize};

use crate::network::{Moments, Pair};

/// Bins of [-1, 1] along each side of a [`JointDensity`].
pub const JOINT_BINS: usize = 20;

/// How many agents lean one way while those they are tied to lean that way (Cinelli, De Francisci Morales, Galeazzi,
/// Quattrociocchi and Starnini, PNAS 118, 2021).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct JointDensity {
    /// Agents by their own leaning (rows) and the mean leaning of whom they are tied to (columns), both from -1 to 1 in
    /// equal bins.
    pub counts: Vec<Vec<u32>>,
}

/// The own leaning of each node that has ties going out, and the mean leaning of those they go to. `ties` are
/// ascending by where they come from, or in any order in which ties from one node lie together.
pub fn neighbour_leanings(ties: &[[u32; 2]], leanings: &[f32]) -> Vec<[f64; 2]> {
    let leaning = |node: u32| f64::from(leanings[node as usize]);
    let of_one = |ties: &[[u32; 2]]| {
        let sum: f64 = ties.iter().map(|&[_, to]| leaning(to)).sum();
        [leaning(ties[0][0]), sum / ties.len() as f64]
    };
    ties.chunk_by(|a, b| a[0] == b[0]).map(of_one).collect()
}

/// Pearson's correlation of the two. `None` when either does not vary.
pub(super) fn correlation(leanings: &[[f64; 2]]) -> Option<f64> {
    // Counted from the first, so that equal ones have exactly no variance.
    let origin = leanings.first()?[0];
    let pairs =
        leanings.iter().map(|&[own, around]| Pair { weight: 1.0, x: own - origin, y: around - origin });
    Moments::of(pairs).correlation()
}

/// Counts agents by the two.
pub(super) fn joint_density(leanings: &[[f64; 2]]) -> JointDensity {
    let bin = |leaning: f64| (((leaning + 1.0) / 2.0 * JOINT_BINS as f64) as usize).min(JOINT_BINS - 1);
    let mut counts = vec![vec![0; JOINT_BINS]; JOINT_BINS];
    for &[own, around] in leanings {
        counts[bin(own)][bin(around)] += 1;
    }
    JointDensity { counts }
}
