//! The two halves of the cascades: texts are drawn, not cascades, so that no text is on both sides.

use murmur_core::{AgentId, Purpose, Step, Stream};
use murmur_data::cascades::ObservedCascade;
use serde::Serialize;

use super::start::Observed;
use super::{CalibrationError, Plan};

/// The step that keys the draw of the halves.
pub(super) const HALVES: Step = Step(0);

/// Which cascades are fitted to and which judge, as places in the file from 0.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Split {
    /// Fitted to.
    pub training: Vec<usize>,
    /// Judged on.
    pub test: Vec<usize>,
    /// Not used: nothing is known of them as late as `until`.
    pub too_short: Vec<usize>,
    /// Different texts among the training cascades.
    pub training_texts: usize,
    /// Different texts among the test cascades.
    pub test_texts: usize,
}

impl Split {
    /// Draws the halves of `cascades` with the plan's seed.
    ///
    /// # Errors
    /// When fewer than two texts have a cascade that is observed until the plan's last minute.
    pub(super) fn draw(cascades: &[ObservedCascade], plan: &Plan) -> Result<Self, CalibrationError> {
        let is_long = |cascade: &ObservedCascade| cascade.observed_until >= plan.until;
        let mut texts: Vec<&str> = Vec::new();
        for cascade in cascades.iter().filter(|cascade| is_long(cascade)) {
            if !texts.contains(&cascade.text.as_str()) {
                texts.push(&cascade.text);
            }
        }
        let count = texts.len();
        if count < 2 {
            let longest = cascades.iter().map(|cascade| cascade.observed_until).max().unwrap_or(0);
            let message = format!(
                "cascades: {}: expected cascades of at least 2 texts that are observed until minute {}, found {count}; the \
                 longest ends at minute {longest}. A lower `until` takes in shorter ones",
                plan.cascades.display(),
                plan.until
            );
            return Err(CalibrationError::plan(&plan.path, message));
        }
        Stream::new(plan.seed, Purpose::Calibration, HALVES, AgentId(0)).shuffle(&mut texts);
        let training_texts = ((plan.training * count as f64).round() as usize).clamp(1, count - 1);
        let trains = |cascade: &ObservedCascade| texts[..training_texts].contains(&cascade.text.as_str());
        let places = |fits: &dyn Fn(&ObservedCascade) -> bool| {
            let places = cascades.iter().enumerate().filter(|(_, cascade)| fits(cascade));
            places.map(|(place, _)| place).collect::<Vec<usize>>()
        };
        Ok(Self {
            training: places(&|cascade| is_long(cascade) && trains(cascade)),
            test: places(&|cascade| is_long(cascade) && !trains(cascade)),
            too_short: places(&|cascade| !is_long(cascade)),
            training_texts,
            test_texts: count - training_texts,
        })
    }

    /// The training cascades.
    pub(super) fn training_of(&self, cascades: &[ObservedCascade], plan: &Plan) -> Vec<Observed> {
        observed(cascades, &self.training, plan)
    }

    /// The test cascades.
    pub(super) fn test_of(&self, cascades: &[ObservedCascade], plan: &Plan) -> Vec<Observed> {
        observed(cascades, &self.test, plan)
    }
}

fn observed(cascades: &[ObservedCascade], places: &[usize], plan: &Plan) -> Vec<Observed> {
    places.iter().map(|&place| Observed::new(place, cascades[place].clone(), plan)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibrate::start::tests::{cascade, plan};

    #[test]
    fn no_text_is_on_both_sides_and_another_seed_draws_others() {
        let cascades: Vec<ObservedCascade> = (0..60)
            .map(|number| ObservedCascade { text: format!("text {}", number % 40), ..cascade(200) })
            .collect();
        let split = Split::draw(&cascades, &plan()).unwrap();
        assert_eq!((split.training_texts, split.test_texts), (20, 20));
        assert_eq!(split.training.len() + split.test.len(), 60);
        for &training in &split.training {
            assert!(split.test.iter().all(|&test| cascades[test].text != cascades[training].text));
        }
        let other = Split::draw(&cascades, &Plan { seed: 2, ..plan() }).unwrap();
        assert_ne!(split.training, other.training);
        assert_eq!(split, Split::draw(&cascades, &plan()).unwrap());
    }

    #[test]
    fn cascades_that_end_early_are_left_out_and_at_least_two_texts_are_needed() {
        let long = |text: &str| ObservedCascade { text: text.to_owned(), ..cascade(200) };
        let split = Split::draw(&[long("a"), cascade(149), long("b")], &plan()).unwrap();
        assert_eq!(split.too_short, [1]);
        let message = Split::draw(&[long("a"), long("a"), cascade(149)], &plan()).unwrap_err().to_string();
        assert!(
            message.contains("at least 2 texts that are observed until minute 150, found 1"),
            "{message}"
        );
        let message = Split::draw(&[cascade(149)], &plan()).unwrap_err().to_string();
        assert!(message.contains("the longest ends at minute 149"), "{message}");
    }
}
