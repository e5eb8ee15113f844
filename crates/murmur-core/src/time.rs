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

/// The part of a step that lies in one hour.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HourOfStep {
    /// 0 to 23.
    pub hour_of_day: usize,
    /// How many minutes of the step lie in it, at least 1.
    pub minutes: u32,
}

impl Clock {
    /// The moment at which `step` begins.
    pub fn minute(&self, step: Step) -> Minute {
        Minute(step.0 * self.minutes_per_step)
    }

    /// The hours of the day that `step` runs over, each with the minutes of the step that lie in it.
    pub fn hours_of(&self, step: Step) -> impl Iterator<Item = HourOfStep> + use<> {
        let mut at = self.minute_of_time(step);
        let end = at + u64::from(self.minutes_per_step);
        std::iter::from_fn(move || {
            let start = at;
            at = end.min((start / 60 + 1) * 60);
            (start < end)
                .then(|| HourOfStep { hour_of_day: (start / 60 % 24) as usize, minutes: (at - start) as u32 })
        })
    }

    /// Minutes from midnight before the run to the beginning of `step`.
    fn minute_of_time(&self, step: Step) -> u64 {
        u64::from(self.starts_at) + u64::from(step.0) * u64::from(self.minutes_per_step)
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
        let minute = self.minute_of_time(step);
        format!("day {} {:02}:{:02}", minute / 1440 + 1, minute / 60 % 24, minute % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_hours(clock: Clock, step: u32, expected: &[(usize, u32)]) {
        let hours: Vec<_> = clock.hours_of(Step(step)).map(|hour| (hour.hour_of_day, hour.minutes)).collect();
        assert_eq!(hours, expected);
    }

    #[test]
    fn steps_fall_into_hours_and_wrap_at_midnight() {
        let clock = Clock { minutes_per_step: 3, starts_at: 23 * 60 };
        check_hours(clock, 0, &[(23, 3)]);
        check_hours(clock, 19, &[(23, 3)]);
        check_hours(clock, 20, &[(0, 3)]);
        check_hours(Clock { minutes_per_step: 90, starts_at: 23 * 60 + 30 }, 0, &[(23, 30), (0, 60)]);
        check_hours(Clock { minutes_per_step: 7, starts_at: 58 }, 0, &[(0, 2), (1, 5)]);
        assert_eq!(clock.label(Step(21)), "day 2 00:03");
        assert_eq!(clock.steps_in(7), 3);
    }
}
