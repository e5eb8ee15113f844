//! Progress while a run goes on: a bar on a terminal, plain lines elsewhere; with models, what their servers are doing.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use murmur_core::Clock;
use murmur_engine::StepReport;
use murmur_llm::{CallFailure, Figures, Snapshot};

use crate::failure::tell;

/// Shows how far a run is, on standard error.
pub(crate) struct Progress {
    form: Form,
    models: Option<ModelWatch>,
}

enum Form {
    /// A bar that is drawn over and over.
    Bar { bar: ProgressBar, message: Arc<Mutex<String>> },
    /// A line at every tenth of the run.
    Lines { steps: u32 },
}

/// A thread that shows the models' figures until it is told to end.
struct ModelWatch {
    end: Sender<()>,
    thread: JoinHandle<()>,
}

/// Seconds between two looks at the models, on a terminal and elsewhere.
const LOOK_EVERY: [u64; 2] = [1, 30];

impl Progress {
    /// Progress over `steps` steps, in the form that suits standard error.
    pub(crate) fn new(steps: u32, models: Vec<(String, Arc<Figures>)>) -> Self {
        let form = if std::io::stderr().is_terminal() { Form::bar(steps) } else { Form::Lines { steps } };
        let models = (!models.is_empty()).then(|| ModelWatch::begin(&form, models));
        Self { form, models }
    }

    /// Takes in a finished step.
    pub(crate) fn advance(&self, clock: &Clock, report: &StepReport) {
        let done = report.step.0 + 1;
        let text = format!("{}  {} active  {} posts", clock.label(report.step), report.active, report.posts);
        match &self.form {
            Form::Bar { bar, message } => {
                bar.set_message(text.clone());
                bar.set_position(u64::from(done));
                if let Ok(mut message) = message.lock() {
                    *message = text;
                }
            }
            Form::Lines { steps } => {
                let tenth = |step: u32| u64::from(step) * 10 / u64::from(*steps);
                if tenth(done) > tenth(report.step.0) {
                    tell(&format!("step {done}/{steps}  {text}"));
                }
            }
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(self) {
        if let Some(ModelWatch { end, thread }) = self.models {
            drop(end);
            // It has nothing to say any more.
            let _ = thread.join();
        }
        if let Form::Bar { bar, .. } = self.form {
            bar.finish_and_clear();
        }
    }
}

impl Form {
    fn bar(steps: u32) -> Self {
        let bar =
            ProgressBar::with_draw_target(Some(u64::from(steps)), ProgressDrawTarget::stderr_with_hz(10));
        let style = ProgressStyle::with_template("{bar:16} {pos}/{len} steps  {msg}  {eta} left")
            .expect("the template is fixed");
        bar.set_style(style);
        Self::Bar { bar, message: Arc::default() }
    }
}

impl ModelWatch {
    fn begin(form: &Form, models: Vec<(String, Arc<Figures>)>) -> Self {
        let (end, ended) = mpsc::channel();
        let (show, every): (Box<dyn Fn(String) + Send>, u64) = match form {
            Form::Bar { bar, message } => {
                let (bar, message) = (bar.clone(), message.clone());
                let show = move |figures: String| {
                    let step = message.lock().map(|message| message.clone()).unwrap_or_default();
                    bar.set_message(format!("{step}  {figures}"));
                };
                (Box::new(show), LOOK_EVERY[0])
            }
            Form::Lines { .. } => (Box::new(|figures| tell(&figures)), LOOK_EVERY[1]),
        };
        let thread = thread::spawn(move || {
            let mut before: Vec<Snapshot> = models.iter().map(|(_, figures)| figures.snapshot()).collect();
            while ended.recv_timeout(Duration::from_secs(every)) == Err(RecvTimeoutError::Timeout) {
                let now: Vec<Snapshot> = models.iter().map(|(_, figures)| figures.snapshot()).collect();
                let words = models
                    .iter()
                    .zip(&now)
                    .zip(&before)
                    .map(|(((name, _), now), before)| in_words(name, now, before));
                show(words.collect::<Vec<String>>().join("  "));
                before = now;
            }
        });
        Self { end, thread }
    }
}

/// The figures of a model in a line.
fn in_words(name: &str, now: &Snapshot, before: &Snapshot) -> String {
    let mut words = format!(
        "{name}: {} of {} in flight ({:.0} %), {:.0} tokens/s, {} replies",
        now.in_flight,
        now.capacity,
        100.0 * now.utilisation(),
        now.tokens_per_second(before),
        now.replies
    );
    if now.money_nanos > 0 {
        words += &format!(", cost {:.4}", now.money_nanos as f64 / 1e9);
    }
    if now.healthy < now.endpoints {
        words += &format!(", {} of {} servers out of order", now.endpoints - now.healthy, now.endpoints);
        if let Some(failure) = &now.last_failure {
            words += &format!(" ({failure})");
        }
    }
    for (kind, count) in CallFailure::NAMES.iter().zip(now.failed_attempts).filter(|(_, count)| *count > 0) {
        words += &format!(", {kind} {count}");
    }
    if let Some(fault) = &now.endpoints_fault {
        words += &format!(", {fault}");
    }
    words
}
