//! When the conditions of interventions came to hold.

use std::sync::Arc;

use murmur_core::Step;

use crate::config::{ConditionConfig, InterventionConfig};
use crate::measure::Measure;

/// When a condition came to hold, and by what.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Trip {
    /// The step after which it held.
    pub(crate) step: Step,
    /// What was measured.
    pub(crate) value: f64,
}

/// The conditions of all interventions, in their order, with when each came to hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trips {
    watched: Vec<Watched>,
}

#[derive(Clone, Debug)]
struct Watched {
    name: Arc<str>,
    condition: Option<ConditionConfig>,
    trip: Option<Trip>,
}

impl Trips {
    /// The conditions of these interventions, none of which has held yet.
    pub(crate) fn new(interventions: &[InterventionConfig]) -> Self {
        let watched = |own: &InterventionConfig| Watched {
            name: own.name.as_str().into(),
            condition: own.when.clone(),
            trip: None,
        };
        Self { watched: interventions.iter().map(watched).collect() }
    }

    /// The conditions of these interventions; those that were watched already have held if they had.
    pub(crate) fn under(&self, interventions: &[InterventionConfig]) -> Self {
        let mut new = Self::new(interventions);
        for own in &mut new.watched {
            let same = |old: &&Watched| old.name == own.name && old.condition == own.condition;
            own.trip = self.watched.iter().find(same).and_then(|old| old.trip);
        }
        new
    }

    /// When the condition of the intervention at `place` came to hold.
    pub(crate) fn of(&self, place: usize) -> Option<Trip> {
        self.watched.get(place)?.trip
    }

    /// Every condition's, in the order of interventions.
    pub(crate) fn all(&self) -> impl ExactSizeIterator<Item = Option<Trip>> + '_ {
        self.watched.iter().map(|watched| watched.trip)
    }

    /// Puts back when conditions came to hold; there are as many as interventions.
    pub(crate) fn set_all(&mut self, trips: impl Iterator<Item = Option<Trip>>) {
        for (watched, trip) in self.watched.iter_mut().zip(trips) {
            watched.trip = trip;
        }
    }

    /// Takes in what was measured at the end of `now`.
    pub(crate) fn take_in(&mut self, now: Step, measures: &[Measure]) {
        for watched in self.watched.iter_mut().filter(|watched| watched.trip.is_none()) {
            let Some(condition) = &watched.condition else { continue };
            let mut values = measures.iter().filter(|measure| condition.is_about(measure));
            let value = values.find_map(|measure| measure.value);
            watched.trip =
                value.filter(|&value| condition.holds(value)).map(|value| Trip { step: now, value });
        }
    }
}

impl ConditionConfig {
    fn is_about(&self, measure: &Measure) -> bool {
        measure.scope.name() == self.scope && measure.subject == self.subject && measure.name == self.measure
    }

    fn holds(&self, value: f64) -> bool {
        self.above.is_some_and(|bound| value > bound) || self.below.is_some_and(|bound| value < bound)
    }
}
