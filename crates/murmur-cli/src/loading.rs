//! Progress while a world is made: what its files and generators say of how far they are.

use std::fmt::{self, Debug, Write};
use std::io::IsTerminal;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use murmur_data::LOADING;
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use crate::failure::tell;

/// Time between two lines where standard error is no terminal; what takes less is not spoken of.
const SAY_EVERY: Duration = Duration::from_secs(5);

/// Shows how far the making of a world is, on standard error.
#[derive(Clone)]
pub(crate) struct Loading(Arc<Form>);

enum Form {
    /// A line that is drawn over and over.
    Spinner(ProgressBar),
    /// Lines, the last of them then.
    Lines(Mutex<Instant>),
}

impl Loading {
    /// In the form that suits standard error.
    pub(crate) fn new() -> Self {
        Self(Arc::new(match std::io::stderr().is_terminal() {
            true => Form::Spinner(ProgressBar::new_spinner()),
            false => Form::Lines(Mutex::new(Instant::now())),
        }))
    }

    /// Whether it tells how far the making of a world is.
    pub(crate) fn concerns(metadata: &Metadata<'_>) -> bool {
        metadata.target() == LOADING
    }

    fn show(&self, message: String) {
        match &*self.0 {
            Form::Spinner(bar) => {
                bar.set_message(message);
                bar.tick();
            }
            Form::Lines(last) => {
                let mut last = last.lock().expect("no thread panicked while it held the lock");
                if last.elapsed() >= SAY_EVERY {
                    *last = Instant::now();
                    tell(&message);
                }
            }
        }
    }

    /// Takes the line away.
    pub(crate) fn finish(&self) {
        if let Form::Spinner(bar) = &*self.0 {
            bar.finish_and_clear();
        }
    }
}

impl<S: Subscriber> Layer<S> for Loading {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut message = Message::default();
        event.record(&mut message);
        self.show(message.0);
    }
}

/// The message of an event.
#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            write!(self.0, "{value:?}")
                .unwrap_or_else(|fmt::Error| unreachable!("a string takes what it is given"));
        }
    }
}
