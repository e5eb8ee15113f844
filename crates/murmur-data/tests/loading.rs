//! How far the reading of a large file is, as a listener hears it.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::{Arc, Mutex};

use murmur_data::LOADING;
use murmur_data::edges::{Nodes, read_edges};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

/// The messages heard, a line each.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<String>>);

impl<S: Subscriber> Layer<S> for Heard {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        assert_eq!(event.metadata().target(), LOADING);
        event.record(&mut Line(&mut self.0.lock().unwrap()));
    }
}

struct Line<'a>(&'a mut String);

impl Visit for Line<'_> {
    fn record_debug(&mut self, _: &Field, value: &dyn std::fmt::Debug) {
        writeln!(self.0, "{value:?}").unwrap();
    }
}

#[test]
fn reading_says_how_far_it_is_every_hundred_thousand_rows() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let mut rows = String::from("source,target\n");
    for row in 0..250_000 {
        writeln!(rows, "{row},{}", row + 1).unwrap();
    }
    file.write_all(rows.as_bytes()).unwrap();
    let heard = Heard::default();
    let listener = tracing_subscriber::registry().with(heard.clone());
    let edges = tracing::subscriber::with_default(listener, || {
        read_edges(file.path(), Nodes::Index { agents: 300_000 }).unwrap()
    });
    assert_eq!(edges.follows.len(), 250_000);
    let name = file.path().display();
    let expected = format!("{name}: 100000 edges read\n{name}: 200000 edges read\n");
    assert_eq!(*heard.0.lock().unwrap(), expected);
}
