//! Simulated time: steps, minutes, and the hour of the day.

use std::fmt;

/// A step of the simulation, from 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Step(pub u32);

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A moment in simulated minutes since the start of the run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Minute(pub u32);

/// How steps map to simulated time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Clock {
    /// Length of a step in simulated minutes, at least 1.
    pub minutes_per_step: u32,
    /// Minute of the day (0 to 1439) at which step 0 begins.
    pub starts_at: u32,
}

impl Clock {
    /// The moment at which `step` begins.
    pub fn minute(&self, step: Step) -> Minute {
        Minute(step.0 * self.minutes_per_step)
    }

    /// The hour of the day, 0 to 23, in which `step` begins.
    pub fn hour_of_day(&self, step: Step) -> usize {
        ((self.starts_at + self.minute(step).0) / 60 % 24) as usize
    }

    /// Minutes from the beginning of step `from` to the beginning of step `to`; 0 when `from` is later.
    pub fn minutes_between(&self, from: Step, to: Step) -> u32 {
        to.0.saturating_sub(from.0) * self.minutes_per_step
    }

    /// The number of steps that cover `minutes`, rounded up.
    pub fn steps_in(&self, minutes: u32) -> u32 {
        minutes.div_ceil(self.minutes_per_step)
    }

    /// Simulated day (from 1) and time of day at the beginning of `step`, as `day 1 08:03`.
    pub fn label(&self, step: Step) -> String {
        let minute = self.starts_at + self.minute(step).0;
        format!("day {} {:02}:{:02}", minute / 1440 + 1, minute / 60 % 24, minute % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_follow_the_start_and_wrap_at_midnight() {
        let clock = Clock { minutes_per_step: 3, starts_at: 23 * 60 };
        assert_eq!(clock.hour_of_day(Step(0)), 23);
        assert_eq!(clock.hour_of_day(Step(19)), 23);
        assert_eq!(clock.hour_of_day(Step(20)), 0);
        assert_eq!(clock.label(Step(21)), "day 2 00:03");
        assert_eq!(clock.steps_in(7), 3);
    }
}
