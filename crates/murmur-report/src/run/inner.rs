//! What agents feel and which claims they believe, and what came of the calls to language models; each as far as the run
//! has it.

use murmur_engine::Series;
use plotly::layout::{Axis, HoverMode, RangeMode};

use super::Source;
use super::activity::{MOST_POINTS, thinned};
use super::source::{ModelFile, defined};
use crate::figure::{Figure, columns};
use crate::page::{Column, Section};
use crate::text::{count, percent, shorten};
use crate::time::{Thinning, thin};

/// Curves in a figure.
const MOST_CURVES: usize = 8;

pub(super) fn section(source: &Source) -> Section {
    let section = Section::new("inner", "Moods, claims, models");
    let section = moods(section, source);
    let section = claims(section, source);
    models(section, source)
}

/// The curves of one measure, one for each subject.
fn curves<'a>(
    source: &'a Source,
    id: &str,
    unit: &str,
    series: impl Iterator<Item = &'a Series>,
    thinning: Thinning,
) -> Figure {
    let mut figure = Figure::new(id, format!("{unit} over time")).unit(unit).height(260);
    for (place, series) in series.take(MOST_CURVES).enumerate() {
        let (x, y) = columns(&source.time, &thin(&defined(series), MOST_POINTS, thinning));
        figure = figure.line(series.subject.as_deref().unwrap_or_default(), place, x, y);
    }
    figure.over_time(&source.time).layout(|layout| layout.hover_mode(HoverMode::XUnified))
}

fn moods(section: Section, source: &Source) -> Section {
    let of = |metric: &'static str| source.of_scope("emotion").filter(move |series| series.metric == metric);
    if of("arousal_mean").next().is_none() {
        return section;
    }
    section
        .part(
            "Moods",
            "Mean arousal (0 calm to 1 intense) and mean valence (−1 bad to 1 good) of all agents, by topic.",
        )
        .grid(&[
            (
                "Arousal".to_owned(),
                curves(source, "fig-arousal", "mean arousal", of("arousal_mean"), Thinning::Last),
            ),
            (
                "Valence".to_owned(),
                curves(source, "fig-valence", "mean valence", of("valence_mean"), Thinning::Last),
            ),
        ])
}

fn claims(section: Section, source: &Source) -> Section {
    // Of whole claims: those of groups have a slash after the claim's name.
    let names: Vec<&str> = source.run.config().claim.iter().map(|claim| claim.name.as_str()).collect();
    let of = |metric: &'static str| {
        let names = names.clone();
        source.of_scope("claim").filter(move |series| {
            series.metric == metric
                && series.subject.as_deref().is_some_and(|subject| names.contains(&subject))
        })
    };
    let Some(first) = of("believers_share").next() else { return section };
    let subject = first.subject.as_deref().unwrap_or_default();
    let last = |metric: &str| source.last("claim", Some(subject), metric).unwrap_or(0.0);
    let heading = format!(
        "At last {} of the agents had met the claim “{}”, and {} believed it",
        percent(last("exposed_share")),
        shorten(subject, 60),
        percent(last("believers_share"))
    );
    section
        .part(&heading, "Shares of all agents that have read a post which asserts the claim, and that believe it (a credence above \
               one half); their mean credence.")
        .grid(&[
            ("Met it".to_owned(), curves(source, "fig-exposed", "share of agents", of("exposed_share"), Thinning::Last)),
            ("Believe it".to_owned(), curves(source, "fig-believers", "share of agents", of("believers_share"), Thinning::Last)),
            ("Credence".to_owned(), curves(source, "fig-credence", "mean credence", of("credence_mean"), Thinning::Last)),
        ])
}

fn models(section: Section, source: &Source) -> Section {
    let of = |metric: &'static str| source.of_scope("model").filter(move |series| series.metric == metric);
    if of("calls").next().is_none() {
        return section;
    }
    let caption = format!(
        "Calls to each model in each step, and tokens read and written.{}",
        thinned(source.picture.steps as usize)
    );
    let from_zero = |figure: Figure| figure.y_axis(Axis::new().range_mode(RangeMode::ToZero));
    let section = section.part("Calls to language models", &caption).grid(&[
        (
            "Calls".to_owned(),
            from_zero(curves(source, "fig-calls", "calls per step", of("calls"), Thinning::Mean)),
        ),
        (
            "Tokens read".to_owned(),
            from_zero(curves(
                source,
                "fig-tokens",
                "input tokens per step",
                of("input_tokens"),
                Thinning::Mean,
            )),
        ),
    ]);
    let Some(summary) = source.summary.as_ref().filter(|summary| !summary.models.is_empty()) else {
        return section;
    };
    let row = |model: &ModelFile| {
        let share = |part: u64| percent(part as f64 / model.turns.max(1) as f64);
        vec![
            shorten(&model.model, 80),
            count(model.turns),
            share(model.valid),
            share(model.repaired),
            share(model.fallen_back),
            count(model.calls),
            count(model.faulty),
            count(model.failed),
            count(model.input_tokens),
            count(model.output_tokens),
        ]
    };
    let columns = [
        Column::Text("model"),
        Column::Number("turns"),
        Column::Number("valid at once"),
        Column::Number("repaired"),
        Column::Number("fallen back"),
        Column::Number("calls"),
        Column::Number("faulty replies"),
        Column::Number("without a reply"),
        Column::Number("tokens in"),
        Column::Number("tokens out"),
    ];
    section.table("Language models", &columns, &summary.models.iter().map(row).collect::<Vec<_>>())
}
