//! What happens on the platform as a whole: actions done and refused, and how unequally attention falls.

use murmur_core::{ActionKind, Outcome};

/// How many actions of each kind took effect and were refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ActionCounts {
    done: [u64; ActionKind::ALL.len()],
    refused: [u64; ActionKind::ALL.len()],
}

impl Default for ActionCounts {
    fn default() -> Self {
        Self { done: [0; ActionKind::ALL.len()], refused: [0; ActionKind::ALL.len()] }
    }
}

impl ActionCounts {
    /// Counts one action and what came of it.
    pub fn record(&mut self, kind: ActionKind, outcome: &Outcome) {
        let counts = if outcome.succeeded() { &mut self.done } else { &mut self.refused };
        counts[kind as usize] += 1;
    }

    /// Actions of this kind that took effect.
    pub fn done(&self, kind: ActionKind) -> u64 {
        self.done[kind as usize]
    }

    /// Actions of this kind that were refused.
    pub fn refused(&self, kind: ActionKind) -> u64 {
        self.refused[kind as usize]
    }

    /// Actions of all kinds that took effect.
    pub fn total_done(&self) -> u64 {
        self.done.iter().sum()
    }

    /// Actions of all kinds that were refused.
    pub fn total_refused(&self) -> u64 {
        self.refused.iter().sum()
    }
}

/// The Gini coefficient of amounts, here of the exposures each author received: 0 when all have the same, up to
/// 1 − 1/n when one has all. `None` without amounts, or when all are 0.
///
/// With the amounts in rising order, x₁ … xₙ: G = Σ (2i − n − 1) xᵢ / (n Σ xᵢ) (Gini 1912, in the form of Sen 1973).
/// The sums are in integers.
pub fn gini(amounts: &[u64]) -> Option<f64> {
    let mut sorted = amounts.to_vec();
    radsort::sort(&mut sorted);
    let count = sorted.len() as i128;
    let total: i128 = sorted.iter().map(|&amount| i128::from(amount)).sum();
    let weighted: i128 =
        (1..).zip(&sorted).map(|(rank, &amount)| (2 * rank - count - 1) * i128::from(amount)).sum();
    (total > 0).then(|| weighted as f64 / (count as f64 * total as f64))
}

#[cfg(test)]
mod tests {
    use murmur_core::Refusal;

    use super::*;

    #[test]
    fn gini_of_known_distributions() {
        let check = |amounts: &[u64], expected: Option<f64>| match (gini(amounts), expected) {
            (Some(gini), Some(expected)) => {
                assert!((gini - expected).abs() < 1e-12, "{amounts:?}: {gini} instead of {expected}");
            }
            (gini, expected) => assert_eq!(gini, expected, "{amounts:?}"),
        };
        check(&[], None);
        check(&[0, 0, 0], None);
        check(&[7], Some(0.0));
        check(&[5, 5, 5, 5], Some(0.0));
        check(&[0, 12, 0, 0], Some(0.75));
        check(&[3, 1], Some(0.25));
        // Amounts 1 to n have the Gini (n − 1) / 3n.
        check(&(1..=1000).rev().collect::<Vec<_>>(), Some(999.0 / 3000.0));
        check(&[u64::MAX, u64::MAX], Some(0.0));
    }

    #[test]
    fn actions_are_counted_by_kind_and_outcome() {
        let mut counts = ActionCounts::default();
        counts.record(ActionKind::LikePost, &Outcome::Done);
        counts.record(ActionKind::LikePost, &Outcome::Done);
        counts.record(ActionKind::LikePost, &Outcome::Refused(Refusal::AlreadyDone));
        counts.record(ActionKind::Mute, &Outcome::Done);
        assert_eq!((counts.done(ActionKind::LikePost), counts.refused(ActionKind::LikePost)), (2, 1));
        assert_eq!((counts.done(ActionKind::Mute), counts.refused(ActionKind::Mute)), (1, 0));
        assert_eq!((counts.total_done(), counts.total_refused()), (3, 1));
    }
}
