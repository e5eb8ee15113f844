//! How long a run took and what it held in memory: the file `telemetry/timings.json`, which no comparison reads.
//!
//! Each time that steps of a run are carried out adds a stretch, so that a run that was stopped and resumed has several.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// Seconds by the name of a phase.
pub type Seconds = BTreeMap<String, f64>;

/// Where the timings of a run are, in its folder.
const FILE: &str = "telemetry/timings.json";

/// What one process carried out of a run.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Stretch {
    /// Murmur's version.
    pub version: String,
    /// Threads that worked.
    pub threads: usize,
    /// The steps that were carried out, in their order.
    pub steps: Vec<StepTiming>,
    /// Seconds in all by phase and part of a phase, those outside steps included. Parts of the feed are summed over threads.
    pub seconds: Seconds,
    /// Most bytes that the process held; none where the system does not tell.
    pub peak_bytes: Option<u64>,
    /// Bytes that the process held when a phase ended first.
    pub resident_bytes: BTreeMap<String, u64>,
    /// Bytes by structure after the last step.
    pub structures: Vec<StructureBytes>,
}

/// What one step took.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct StepTiming {
    /// The step.
    pub step: u32,
    /// Agents that were active in it.
    pub active: usize,
    /// Events on the platform in it, without exposures.
    pub events: usize,
    /// Seconds of the whole step.
    pub seconds: f64,
    /// Seconds of it in which the step waited for language models and embedding endpoints.
    pub model_seconds: f64,
    /// Seconds by phase.
    pub phases: Seconds,
}

/// What a structure holds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StructureBytes {
    /// Its name.
    pub structure: String,
    /// Bytes on the heap.
    pub bytes: u64,
}

/// What the file holds.
#[derive(Default, Serialize, Deserialize)]
struct Stretches {
    stretches: Vec<Stretch>,
}

impl StepTiming {
    /// Seconds of the step without those in which it waited for models.
    pub fn engine_seconds(&self) -> f64 {
        (self.seconds - self.model_seconds).max(0.0)
    }
}

impl Stretch {
    /// The median over steps of what `of` says of each; none without steps.
    pub fn median_of(&self, of: impl Fn(&StepTiming) -> f64) -> Option<f64> {
        median(&mut self.steps.iter().map(of).collect::<Vec<_>>())
    }

    /// The step that took longest, the earliest of those that took as long.
    pub fn worst(&self) -> Option<&StepTiming> {
        self.steps.iter().rev().max_by(|one, other| one.seconds.total_cmp(&other.seconds))
    }

    /// Adds this stretch to those of the run in `folder`. A file that cannot be read is begun anew.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn append_to(&self, folder: &Path) -> io::Result<()> {
        let mut stretches = read_timings(folder).unwrap_or_default();
        stretches.push(self.clone());
        let path = folder.join(FILE);
        fs::create_dir_all(path.parent().expect("the file is in a folder"))?;
        let partial = path.with_extension("json.partial");
        fs::write(&partial, serde_json::to_vec_pretty(&Stretches { stretches })?)?;
        fs::rename(partial, path)
    }
}

/// The stretches of the run in `folder`, in the order in which they were carried out.
///
/// # Errors
/// When there are none, or they cannot be read.
pub fn read_timings(folder: &Path) -> io::Result<Vec<Stretch>> {
    let Stretches { stretches } = serde_json::from_slice(&fs::read(folder.join(FILE))?)?;
    Ok(stretches)
}

/// The middle of these numbers, or the mean of the two in the middle; none of none. Sorts them.
pub fn median(numbers: &mut [f64]) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    let half = numbers.len() / 2;
    match numbers {
        [] => None,
        _ if numbers.len() % 2 == 1 => Some(numbers[half]),
        _ => Some(f64::midpoint(numbers[half - 1], numbers[half])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(step: u32, seconds: f64, model_seconds: f64) -> StepTiming {
        let phases = [("decide".to_owned(), model_seconds)].into();
        StepTiming { step, active: 3, events: 5, seconds, model_seconds, phases }
    }

    fn stretch(steps: Vec<StepTiming>) -> Stretch {
        Stretch {
            version: "0".into(),
            threads: 2,
            steps,
            seconds: Seconds::new(),
            peak_bytes: Some(7),
            resident_bytes: BTreeMap::new(),
            structures: vec![StructureBytes { structure: "follows".into(), bytes: 9 }],
        }
    }

    #[test]
    fn a_median_is_the_middle_or_between_the_two_in_the_middle() {
        let check = |numbers: &[f64], expected| assert_eq!(median(&mut numbers.to_vec()), expected);
        check(&[], None);
        check(&[4.0], Some(4.0));
        check(&[9.0, 1.0, 2.0], Some(2.0));
        check(&[9.0, 1.0, 2.0, 4.0], Some(3.0));
    }

    #[test]
    fn the_worst_step_is_the_first_of_the_longest_and_time_of_models_is_apart() {
        let stretch = stretch(vec![step(0, 1.0, 0.25), step(1, 3.0, 2.0), step(2, 3.0, 0.5)]);
        assert_eq!(stretch.worst().map(|step| step.step), Some(1));
        assert_eq!(stretch.median_of(StepTiming::engine_seconds), Some(1.0));
        assert_eq!(stretch.median_of(|step| step.model_seconds), Some(0.5));
    }

    #[test]
    fn stretches_of_a_run_are_added_one_after_the_other_and_a_damaged_file_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (stretch(vec![step(0, 1.0, 0.0)]), stretch(vec![step(1, 0.1, 0.0)]));
        first.append_to(folder.path()).unwrap();
        second.append_to(folder.path()).unwrap();
        assert_eq!(read_timings(folder.path()).unwrap(), [first.clone(), second]);
        fs::write(folder.path().join(FILE), "{").unwrap();
        assert!(read_timings(folder.path()).is_err());
        first.append_to(folder.path()).unwrap();
        assert_eq!(read_timings(folder.path()).unwrap(), [first]);
    }
}
