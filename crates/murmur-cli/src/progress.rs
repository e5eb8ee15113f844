//! Progress while a run goes on: a bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use murmur_core::Clock;
use murmur_engine::StepReport;

use crate::failure::tell;

/// Shows how far a run is, on standard error.
pub(crate) enum Progress {
    /// A bar that is drawn over and over.
    Bar(ProgressBar),
    /// A line at every tenth of the run.
    Lines {
        /// Steps of the run.
        steps: u32,
    },
}

impl Progress {
    /// Progress over `steps` steps, in the form that suits standard error.
    pub(crate) fn new(steps: u32) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self::Lines { steps };
        }
        let bar =
            ProgressBar::with_draw_target(Some(u64::from(steps)), ProgressDrawTarget::stderr_with_hz(10));
        let style = ProgressStyle::with_template("{bar:16} {pos}/{len} steps  {msg}  {eta} left")
            .expect("the template is fixed");
        bar.set_style(style);
        Self::Bar(bar)
    }

    /// Takes in a finished step.
    pub(crate) fn advance(&self, clock: &Clock, report: &StepReport) {
        let done = report.step.0 + 1;
        let message =
            format!("{}  {} active  {} posts", clock.label(report.step), report.active, report.posts);
        match self {
            Self::Bar(bar) => {
                bar.set_message(message);
                bar.set_position(u64::from(done));
            }
            Self::Lines { steps } => {
                let tenth = |step: u32| u64::from(step) * 10 / u64::from(*steps);
                if tenth(done) > tenth(report.step.0) {
                    tell(&format!("step {done}/{steps}  {message}"));
                }
            }
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}
