//! A run's measures as series over its steps, and what it asked language models, read from the journal.

use std::collections::BTreeMap;

use murmur_core::Step;
use murmur_journal::Tables;
use murmur_llm::RequestHash;

use crate::history::RecordedStep;
use crate::measure::Scope;
use crate::{EngineError, Run};

/// Steps, rising, and the values that a measure had there; no value where it was not defined.
pub type Points = Vec<(Step, Option<f64>)>;

/// One measure over the steps at which it was taken.
#[derive(Clone, PartialEq, Debug)]
pub struct Series {
    /// What it is about, as in the table `metrics`: `platform`, `cascade`, `opinion`, …
    pub scope: &'static str,
    /// The cascade, topic, label column or other subject; none for the platform.
    pub subject: Option<String>,
    /// Its name.
    pub metric: String,
    /// Its values.
    pub points: Points,
}

impl Run {
    /// All measures of the steps done so far, in the order of scope, subject and name. No state is made again.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn series(&self) -> Result<Vec<Series>, EngineError> {
        let Some(mut journal) = self.journal()? else { return Ok(Vec::new()) };
        let mut gathered = Gathered::default();
        for step in journal.steps() {
            let batches = journal.step(step, Tables::Only(&[RecordedStep::MEASURES]))?;
            gathered.add(&RecordedStep { step, batches })?;
        }
        Ok(gathered.series())
    }

    /// The hashes of the requests that were made to language models from step `from` on, ascending; a request that was
    /// made several times is there as often.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn requests(&self, from: Step) -> Result<Vec<RequestHash>, EngineError> {
        let Some(mut journal) = self.journal()? else { return Ok(Vec::new()) };
        let mut requests = Vec::new();
        for step in journal.steps().skip_while(|&step| step < from) {
            let batches = journal.step(step, Tables::Only(&[RecordedStep::CALLS]))?;
            requests.extend((RecordedStep { step, batches }).calls()?.into_iter().map(|call| call.hash));
        }
        requests.sort_unstable_by_key(|hash| hash.get());
        Ok(requests)
    }
}

/// Scope, subject and name of a measure.
type Key = (u8, Option<String>, String);

/// Measures on their way into series.
#[derive(Default)]
pub(crate) struct Gathered(BTreeMap<Key, Vec<(Step, Option<f64>)>>);

impl Gathered {
    /// Adds the measures of a step after those before it.
    pub(crate) fn add(&mut self, recorded: &RecordedStep) -> Result<(), EngineError> {
        for measure in recorded.measures()? {
            let key = (measure.scope, measure.subject, measure.name);
            self.0.entry(key).or_default().push((recorded.step, measure.value));
        }
        Ok(())
    }

    /// In the order of scope, subject and name.
    pub(crate) fn series(self) -> Vec<Series> {
        let series = self.0.into_iter().map(|((scope, subject, metric), points)| {
            let scope = Scope::NAMES[usize::from(scope)];
            Series { scope, subject, metric, points }
        });
        series.collect()
    }
}
