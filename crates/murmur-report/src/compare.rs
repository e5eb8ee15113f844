//! The same measures of several runs side by side: one chart a measure, one line a run, and their last values in a table.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use murmur_engine::{Picture, Run};
use plotly::layout::HoverMode;

use crate::ReportError;
use crate::figure::{Figure, columns};
use crate::page::{Column, Page, Section, Tile};
use crate::run::{defined, interventions, name_of};
use crate::text::{count, maybe, shorten, tidy};
use crate::time::{Mark, Thinning, TimeAxis, thin};

/// Points of a curve.
const MOST_POINTS: usize = 240;

/// Charts in a section.
const MOST_FIGURES: usize = 16;

/// A run that is compared.
struct Compared {
    name: String,
    run: Run,
    picture: Picture,
    time: TimeAxis,
}

/// What a section compares.
struct Part {
    id: &'static str,
    name: &'static str,
    scope: &'static str,
    metrics: &'static [&'static str],
    caption: &'static str,
}

/// Rates are thinned by means, totals and states to the last; every metric named here is the one or the other.
const RATES: [&str; 5] = ["active_agents", "exposures", "repost", "like_post", "create_comment"];

const PARTS: [Part; 6] = [
    Part {
        id: "activity",
        name: "Activity",
        scope: "platform",
        metrics: &[
            "active_agents",
            "exposures",
            "posts_total",
            "follows_total",
            "repost",
            "like_post",
            "create_comment",
            "attention_gini",
        ],
        caption: "What happened on the platforms: in each step, or, of totals, since the start.",
    },
    Part {
        id: "cascades",
        name: "Cascades",
        scope: "cascade",
        metrics: &["exposures_total", "scale", "depth", "structural_virality"],
        caption: "Watched seed posts that the runs have in common.",
    },
    Part {
        id: "opinions",
        name: "Opinions",
        scope: "opinion",
        metrics: &["mean", "variance_population", "esteban_ray_alpha1.6_10bins"],
        caption: "Opinions of all agents, by topic.",
    },
    Part {
        id: "network",
        name: "Network",
        scope: "network",
        metrics: &["opinion_assortativity", "neighbour_opinion_correlation", "e_i_index"],
        caption: "How opinions lie in the network of follows.",
    },
    Part {
        id: "claims",
        name: "Claims",
        scope: "claim",
        metrics: &["exposed_share", "believers_share", "credence_mean"],
        caption: "Who has met each claim and who believes it.",
    },
    Part {
        id: "moods",
        name: "Moods",
        scope: "emotion",
        metrics: &["arousal_mean", "valence_mean"],
        caption: "What agents feel about each topic, on average.",
    },
];

/// The page that compares the runs in these folders.
pub(crate) fn page(paths: &[PathBuf]) -> Result<Page, ReportError> {
    let names = names(paths);
    let runs: Vec<Compared> =
        paths.iter().zip(names).map(|(path, name)| open(path, name)).collect::<Result<_, _>>()?;
    let time = common_time(&runs);
    let sections = std::iter::once(what(&runs)).chain(PARTS.iter().map(|part| section(part, &runs, &time)));
    let titles: Vec<&str> = runs.iter().map(|own| own.name.as_str()).collect();
    Ok(Page {
        title: shorten(&titles.join(" · "), 120),
        kind: "Comparison",
        lead: "The same measures of each run. One run of a kind is an anecdote: differences here may be chance, which an \
               experiment with replicates tells apart."
            .to_owned(),
        tiles: runs.iter().map(tile).collect(),
        notices: Vec::new(),
        sections: sections.collect(),
        foot: format!("Made by Murmur {} from the runs' folders alone.", env!("CARGO_PKG_VERSION")),
    })
}

fn tile(own: &Compared) -> Tile {
    let reads: f64 = points(own, "platform", None, "exposures").iter().map(|point| point.1).sum();
    Tile { value: count(reads as u64), name: shorten(&format!("reads in {}", own.name), 60) }
}

/// The folders' own names; with their parents' where they are alike.
fn names(paths: &[PathBuf]) -> Vec<String> {
    let short: Vec<String> = paths.iter().map(|path| name_of(path)).collect();
    let different: BTreeSet<&String> = short.iter().collect();
    if different.len() == short.len() {
        return short;
    }
    paths.iter().map(|path| path.display().to_string()).collect()
}

fn open(path: &Path, name: String) -> Result<Compared, ReportError> {
    let run = Run::open(path)?;
    let picture = run.picture(None)?;
    let time = TimeAxis {
        clock: run.config().clock(),
        steps: picture.steps,
        marks: interventions(&run, &picture)?.marks,
    };
    Ok(Compared { name, run, picture, time })
}

/// The axis that all runs fit on, with the interventions of all.
fn common_time(runs: &[Compared]) -> TimeAxis {
    let longest =
        runs.iter().max_by_key(|own| u64::from(own.time.steps) * u64::from(own.time.clock.minutes_per_step));
    let Some(longest) = longest else {
        return TimeAxis {
            clock: murmur_core::Clock { minutes_per_step: 1, starts_at: 0 },
            steps: 1,
            marks: Vec::new(),
        };
    };
    let mut marks: Vec<Mark> = Vec::new();
    for own in runs {
        for mark in own.time.marks.iter().filter(|mark| !mark.spans.is_empty()) {
            let known = marks.iter().any(|other| (&other.name, &other.spans) == (&mark.name, &mark.spans));
            if !known {
                marks.push(Mark { number: marks.len() + 1, ..mark.clone() });
            }
        }
    }
    TimeAxis { marks, ..longest.time.clone() }
}

fn what(runs: &[Compared]) -> Section {
    let columns = [
        Column::Text("run"),
        Column::Number("steps"),
        Column::Number("minutes a step"),
        Column::Number("seed"),
        Column::Words("interventions"),
        Column::Text("digest of the journal"),
    ];
    let row = |own: &Compared| {
        let config = own.run.config();
        let enabled = config.intervention.iter().filter(|one| one.enabled).map(|one| one.name.as_str());
        let names: Vec<&str> = enabled.collect();
        vec![
            shorten(&own.name, 120),
            count(own.picture.steps.into()),
            config.run.minutes_per_step.to_string(),
            config.run.seed.to_string(),
            if names.is_empty() { "none".to_owned() } else { shorten(&names.join(", "), 200) },
            own.picture.digest.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = runs.iter().map(row).collect();
    Section::new("what", "What was run")
        .part(
            &format!("{} runs", runs.len()),
            "Runs of the same seed share their chance: until their settings differ they are the same run.",
        )
        .table("Runs", &columns, &rows)
}

fn points(own: &Compared, scope: &str, subject: Option<&str>, metric: &str) -> Vec<(u32, f64)> {
    let mut series = own.picture.series.iter();
    let found = series.find(|series| {
        series.scope == scope && series.subject.as_deref() == subject && series.metric == metric
    });
    found.map(defined).unwrap_or_default()
}

/// Subjects of a scope that at least two runs have, in the order of the first that has them.
fn subjects(runs: &[Compared], scope: &str) -> Vec<Option<String>> {
    let mut all: Vec<(Option<String>, BTreeSet<usize>)> = Vec::new();
    for (place, own) in runs.iter().enumerate() {
        for series in own.picture.series.iter().filter(|series| series.scope == scope) {
            match all.iter_mut().find(|(subject, _)| *subject == series.subject) {
                Some((_, having)) => {
                    having.insert(place);
                }
                None => all.push((series.subject.clone(), BTreeSet::from([place]))),
            }
        }
    }
    let shared = all.into_iter().filter(|(_, having)| having.len() > 1 || runs.len() == 1);
    shared.map(|(subject, _)| subject).collect()
}

fn section(part: &Part, runs: &[Compared], time: &TimeAxis) -> Section {
    let mut figures = Vec::new();
    let mut rows = Vec::new();
    for subject in subjects(runs, part.scope) {
        for metric in part.metrics {
            let series: Vec<Vec<(u32, f64)>> =
                runs.iter().map(|own| points(own, part.scope, subject.as_deref(), metric)).collect();
            if series.iter().all(Vec::is_empty) {
                continue;
            }
            let words = in_words(metric);
            let name = subject
                .as_deref()
                .map_or_else(|| words.clone(), |subject| format!("{}: {words}", shorten(subject, 60)));
            let last = |points: &Vec<(u32, f64)>| maybe(points.last().map(|point| tidy(point.1)));
            rows.push(std::iter::once(name.clone()).chain(series.iter().map(last)).collect());
            if figures.len() < MOST_FIGURES {
                let id = format!("fig-{}-{}", part.id, figures.len());
                figures.push((name.clone(), figure(id, &name, metric, runs, &series, time)));
            }
        }
    }
    let section = Section::new(part.id, part.name);
    if figures.is_empty() {
        return section;
    }
    let mut table = vec![Column::Text("at the end")];
    let names: Vec<String> = runs.iter().map(|own| shorten(&own.name, 60)).collect();
    table.extend(names.iter().map(|name| Column::Number(name)));
    section.part(&headline(part, &rows, &names), part.caption).grid(&figures).table(
        "Last values",
        &table,
        &rows,
    )
}

/// The first measure of the part, run by run.
fn headline(part: &Part, rows: &[Vec<String>], names: &[String]) -> String {
    let Some(([first, values @ ..], true)) = rows.first().map(|row| (row.as_slice(), names.len() <= 3))
    else {
        return part.name.to_owned();
    };
    let pairs: Vec<String> =
        values.iter().zip(names).map(|(value, name)| format!("{value} in {}", shorten(name, 30))).collect();
    format!("{first} at the end: {}", pairs.join(", "))
}

fn figure(
    id: String,
    name: &str,
    metric: &str,
    runs: &[Compared],
    series: &[Vec<(u32, f64)>],
    time: &TimeAxis,
) -> Figure {
    let thinning = if RATES.contains(&metric) { Thinning::Mean } else { Thinning::Last };
    let mut figure = Figure::new(id, format!("{name} over time, by run")).height(250);
    for (place, (own, points)) in runs.iter().zip(series).enumerate() {
        // A run's steps lie where its own clock has them.
        let (x, y) = columns(&own.time, &thin(points, MOST_POINTS, thinning));
        figure = figure.line(&own.name, place, x, y);
    }
    figure.over_time(time).layout(|layout| layout.hover_mode(HoverMode::XUnified))
}

fn in_words(metric: &str) -> String {
    let words = match metric {
        "active_agents" => "active agents in a step",
        "exposures" => "reads in a step",
        "posts_total" => "posts so far, reposts included",
        "follows_total" => "follows",
        "repost" => "reposts in a step",
        "like_post" => "likes in a step",
        "create_comment" => "comments in a step",
        "attention_gini" => "Gini coefficient of attention",
        "exposures_total" => "reads so far",
        "scale" => "rows of the cascade",
        "depth" => "depth of the cascade",
        "variance_population" => "variance",
        "esteban_ray_alpha1.6_10bins" => "polarization (Esteban–Ray)",
        "exposed_share" => "share that has met it",
        "believers_share" => "share that believes it",
        other => return other.replace('_', " "),
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_the_same_name_are_told_apart_by_their_paths() {
        let paths = |paths: [&str; 2]| names(&paths.map(PathBuf::from));
        assert_eq!(paths(["/no/such/a", "/no/such/b"]), ["a", "b"]);
        assert_eq!(paths(["/no/x/a", "/no/y/a"]), ["/no/x/a", "/no/y/a"]);
    }
}
