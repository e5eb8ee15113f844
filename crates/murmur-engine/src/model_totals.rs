//! What came of the calls to a model, over a step or over a run.

use crate::facts::{CallRecord, Verdict};

/// What came of the calls to a model.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct ModelTotals {
    /// Turns decided by the first reply, looking around aside.
    pub(crate) valid: u64,
    /// Those decided after a reply that made no sense.
    pub(crate) repaired: u64,
    /// Those in which the agent fell back.
    pub(crate) fallen_back: u64,
    /// Input tokens.
    pub(crate) input: u64,
    /// Output tokens.
    pub(crate) output: u64,
    /// Calls by what became of them, in the order of [`Verdict::names`].
    verdicts: [u64; Verdict::COUNT],
}

impl ModelTotals {
    /// How many counts there are.
    pub(crate) const COUNTS: usize = 5 + Verdict::COUNT;

    /// Takes the calls of a step, by agent and number, into the totals of each model.
    pub(crate) fn add_all(totals: &mut [Self], calls: &[CallRecord]) {
        for calls in calls.chunk_by(|a, b| a.agent == b.agent) {
            totals[usize::from(calls[0].model)].add(calls);
        }
    }

    /// Takes in the calls of one agent in a step.
    fn add(&mut self, calls: &[CallRecord]) {
        for call in calls {
            self.input += u64::from(call.input);
            self.output += u64::from(call.output);
            self.verdicts[usize::from(call.verdict)] += 1;
        }
        let mut acts = calls.iter().filter(|call| call.purpose.is_of_a_turn()).map(CallRecord::verdict);
        let Some(last) = acts.next_back() else { return };
        let went_wrong = acts.any(|verdict| verdict != Verdict::Accepted);
        let end = match (last, went_wrong) {
            (Verdict::Accepted, false) => &mut self.valid,
            (Verdict::Accepted, true) => &mut self.repaired,
            _ => &mut self.fallen_back,
        };
        *end += 1;
    }

    /// Turns that it was to decide.
    pub(crate) fn turns(&self) -> u64 {
        self.valid + self.repaired + self.fallen_back
    }

    /// Calls of any purpose.
    pub(crate) fn calls(&self) -> u64 {
        self.verdicts.iter().sum()
    }

    /// Replies that made no sense.
    pub(crate) fn faulty(&self) -> u64 {
        self.count(|verdict| matches!(verdict, Verdict::Faulty(_)))
    }

    /// Calls without a reply.
    pub(crate) fn failed(&self) -> u64 {
        self.count(|verdict| matches!(verdict, Verdict::Failed(_)))
    }

    fn count(&self, is_counted: impl Fn(Verdict) -> bool) -> u64 {
        let of = |&(code, _): &(u8, u64)| is_counted(Verdict::from_code(code));
        (0..).zip(self.verdicts).filter(of).map(|(_, count)| count).sum()
    }

    /// What was wrong with replies, and why there were none: how often each, of what occurred.
    pub(crate) fn problems(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let kinds = Verdict::names().into_iter().zip(self.verdicts);
        kinds.skip(1).filter(|&(_, count)| count > 0)
    }

    /// Its measures, by name.
    pub(crate) fn measures(&self) -> [(&'static str, u64); 9] {
        [
            ("turns", self.turns()),
            ("turns_valid", self.valid),
            ("turns_repaired", self.repaired),
            ("turns_fallen_back", self.fallen_back),
            ("calls", self.calls()),
            ("replies_faulty", self.faulty()),
            ("calls_failed", self.failed()),
            ("input_tokens", self.input),
            ("output_tokens", self.output),
        ]
    }

    /// All counts, in the order in which they are declared.
    pub(crate) fn counts(&self) -> Vec<u64> {
        let &Self { valid, repaired, fallen_back, input, output, verdicts } = self;
        [valid, repaired, fallen_back, input, output].into_iter().chain(verdicts).collect()
    }

    /// Puts these counts, as many as [`Self::COUNTS`], in their places.
    pub(crate) fn set_counts(&mut self, counts: &[u64]) {
        let Some((&[valid, repaired, fallen_back, input, output], rest)) = counts.split_first_chunk() else {
            return;
        };
        let Ok(verdicts) = rest.try_into() else { return };
        *self = Self { valid, repaired, fallen_back, input, output, verdicts };
    }
}
