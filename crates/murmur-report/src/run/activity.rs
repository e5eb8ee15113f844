//! How many agents were active when, and what they did.

use murmur_core::ActionKind;
use plotly::Scatter;
use plotly::common::{Fill, Line, Mode};
use plotly::layout::{Axis, HoverMode, RangeMode};

use super::Source;
use crate::figure::{Figure, Swatch, color, columns, faint};
use crate::page::Section;
use crate::text::{count, in_chart, number, tidy};
use crate::time::{Thinning, every, thin};

/// Points of a curve.
pub(super) const MOST_POINTS: usize = 360;

/// Kinds of action with a colour of their own.
const MOST_KINDS: usize = 7;

pub(super) fn section(source: &Source) -> Section {
    let section = Section::new("activity", "Activity");
    let active = source.points("platform", None, "active_agents");
    if active.is_empty() {
        return section;
    }
    let section = active_agents(section, source, &active);
    kinds(section, source)
}

/// How a curve was thinned, for its caption; nothing if it was not.
pub(super) fn thinned(points: usize) -> String {
    match every(points, MOST_POINTS) {
        1 => String::new(),
        steps => format!(" Each point is the mean of {steps} steps."),
    }
}

fn active_agents(section: Section, source: &Source, active: &[(u32, f64)]) -> Section {
    let points = thin(active, MOST_POINTS, Thinning::Mean);
    let highest = active.iter().fold((0, 0.0), |best, &point| if point.1 > best.1 { point } else { best });
    let heading = format!(
        "Up to {} agents were active in a step, on {}",
        number(highest.1),
        source.time.label(highest.0)
    );
    let caption = format!(
        "Agents that looked at their feed in each step of {} min; nights, from 22:00 to 6:00, are shaded.{}",
        source.time.clock.minutes_per_step,
        thinned(active.len())
    );
    let (x, y) = columns(&source.time, &points);
    let y = y.into_iter().map(tidy).collect();
    let trace = Scatter::new(x, y)
        .name("active agents")
        .mode(Mode::Lines)
        .line(Line::new().color(color(0)).width(1.6))
        .fill(Fill::ToZeroY)
        .fill_color(faint(0));
    let figure = Figure::new("fig-active", &heading)
        .unit("active agents")
        .height(240)
        .trace(trace)
        .over_time(&source.time)
        .y_axis(Axis::new().range_mode(RangeMode::ToZero));
    section.part(&heading, &caption).figure(&figure)
}

/// The name of a kind of action, its points and their sum.
type Kind = (&'static str, Vec<(u32, f64)>, f64);

fn kinds(section: Section, source: &Source) -> Section {
    let mut kinds: Vec<Kind> = ActionKind::ALL
        .iter()
        .map(|kind| kind.name())
        .filter(|&name| name != "moderate")
        .map(|name| {
            let points = source.points("platform", None, name);
            let total = points.iter().map(|point| point.1).sum();
            (name, points, total)
        })
        .filter(|(.., total)| *total > 0.0)
        .collect();
    kinds.sort_by(|one, other| other.2.total_cmp(&one.2));
    let Some((first, _, most)) = kinds.first() else {
        return section.part("Nobody did anything", "No action took effect in any step.");
    };
    let all: f64 = kinds.iter().map(|kind| kind.2).sum();
    let heading =
        format!("Of {} actions {} were {}", count(all as u64), count(*most as u64), in_words(first));
    let caption = format!(
        "Actions that took effect in each step, by kind, on top of one another.{}",
        thinned(source.picture.steps as usize)
    );
    let mut figure = Figure::new("fig-actions", &heading).unit("actions per step");
    let steps = source.picture.steps;
    for (place, (name, points, total)) in kinds.iter().enumerate().take(MOST_KINDS) {
        // Before the first action of a kind its measure has no rows; stacked areas need a value everywhere.
        let mut whole = vec![0.0; steps as usize];
        if place + 1 == MOST_KINDS {
            for (_, points, _) in &kinds[place..] {
                add(&mut whole, points);
            }
        } else {
            add(&mut whole, points);
        }
        let whole: Vec<(u32, f64)> = (0..).zip(whole).collect();
        let (x, y) = columns(&source.time, &thin(&whole, MOST_POINTS, Thinning::Mean));
        let is_rest = place + 1 == MOST_KINDS && kinds.len() > MOST_KINDS;
        let name = if is_rest {
            "others".to_owned()
        } else {
            format!("{} ({})", in_words(name), count(*total as u64))
        };
        let trace = Scatter::new(x, y.into_iter().map(tidy).collect::<Vec<f64>>())
            .name(in_chart(&name))
            .mode(Mode::Lines)
            .stack_group("actions")
            .line(Line::new().color(color(place)).width(0.8))
            .fill_color(format!("{}/70", color(place)));
        figure = figure.trace(trace).named(&name, Swatch::Area, color(place), 1);
    }
    let figure = figure.over_time(&source.time).layout(|layout| layout.hover_mode(HoverMode::XUnified));
    section.part(&heading, &caption).figure(&figure)
}

fn add(whole: &mut [f64], points: &[(u32, f64)]) {
    for &(step, value) in points {
        if let Some(sum) = whole.get_mut(step as usize) {
            *sum += value;
        }
    }
}

/// The name of a kind of action as people say it, in the plural.
pub(super) fn in_words(name: &str) -> String {
    let words = match name {
        "like_post" => "likes",
        "dislike_post" => "dislikes",
        "create_post" => "posts",
        "create_comment" => "comments",
        "repost" => "reposts",
        "quote_post" => "quotes",
        "follow" => "follows",
        "unfollow" => "unfollows",
        "mute" => "mutes",
        "report_post" => "reports",
        "rate_note" => "ratings of notes",
        "moderate" => "decisions of interventions",
        other => return other.replace('_', " "),
    };
    words.to_owned()
}
