//! The report of a run.

mod activity;
mod cascades;
mod division;
mod feed;
mod inner;
mod network;
mod numbers;
mod opinions;
mod source;
mod what;

use std::path::Path;

use crate::ReportError;
use crate::page::{Page, Tile};
use crate::text::{count, duration, escape, number, percent};

pub(crate) use source::{Source, defined, interventions, name_of, read_json};

/// The page of the run in the folder `path`.
pub(crate) fn page(path: &Path) -> Result<Page, ReportError> {
    let source = Source::open(path)?;
    let sections = vec![
        what::section(&source),
        activity::section(&source),
        cascades::section(&source)?,
        opinions::section(&source),
        network::section(&source)?,
        feed::section(&source),
        division::section(&source)?,
        inner::section(&source),
        numbers::section(&source)?,
    ];
    Ok(Page {
        title: source.name.clone(),
        kind: "Run",
        lead: lead(&source),
        tiles: tiles(&source),
        notices: notices(&source),
        sections,
        foot: format!("Made by Murmur {} from the run's folder alone.", env!("CARGO_PKG_VERSION")),
    })
}

fn lead(source: &Source) -> String {
    let names: Vec<&str> = source.topics().collect();
    let about = match names.as_slice() {
        [] => String::new(),
        [one] => format!(" talk about {one}"),
        [most @ .., last] if names.len() <= 5 => format!(" talk about {} and {last}", most.join(", ")),
        _ => format!(" talk about {} topics", names.len()),
    };
    let agents = source.agents.map_or("Agents".to_owned(), |agents| format!("{} agents", count(agents)));
    format!("{agents}{about} for {}.", duration(source.minutes()))
}

fn tiles(source: &Source) -> Vec<Tile> {
    let mut tiles = vec![
        Tile { value: source.agents.map_or("–".to_owned(), count), name: "agents".to_owned() },
        Tile { value: duration(source.minutes()), name: "simulated".to_owned() },
        Tile { value: count(source.total("platform", None, "exposures") as u64), name: "reads".to_owned() },
        Tile {
            value: count(source.last("platform", None, "posts_total").unwrap_or(0.0) as u64),
            name: "posts, reposts included".to_owned(),
        },
        Tile { value: count(source.actions_total()), name: "actions".to_owned() },
    ];
    if let Some(summary) = &source.summary {
        tiles.push(Tile {
            value: count(summary.cascades.max_scale),
            name: "rows in the largest cascade".to_owned(),
        });
        if let Some(share) = summary.cascades.reposted_share {
            tiles.push(Tile { value: percent(share), name: "of posts are reposted".to_owned() });
        }
    }
    if let Some(gini) = source.last("platform", None, "attention_gini") {
        tiles.push(Tile { value: number(gini), name: "Gini coefficient of attention".to_owned() });
    }
    tiles
}

fn notices(source: &Source) -> Vec<String> {
    let mut notices = Vec::new();
    let (done, planned) = (source.picture.steps, source.run.config().run.steps);
    if source.summary.is_none() {
        notices.push(format!(
            "This run is not finished: {} of {} steps are done. What is told here is what its journal holds so far; figures that \
             need its tables come when it ends.",
            count(done.into()),
            count(planned.into())
        ));
    }
    notices
}

/// A description list of facts, the values plain text.
pub(crate) fn facts(facts: &[(&str, String)]) -> String {
    let row = |(name, value): &(&str, String)| format!("<dt>{}</dt><dd>{}</dd>", escape(name), escape(value));
    format!("<dl class=\"facts\">{}</dl>\n", facts.iter().map(row).collect::<String>())
}
