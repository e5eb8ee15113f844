//! A sample of who follows whom, drawn.

use plotly::Scatter;
use plotly::common::{HoverInfo, Line, Marker, Mode};
use plotly::layout::Axis;

use super::Source;
use super::cascades::OPINION_KEY;
use crate::ReportError;
use crate::figure::{Figure, opinion_colors};
use crate::force;
use crate::page::Section;
use crate::text::{count, number, shorten, tidy};

/// Links that are drawn, evenly chosen; more would be a blot.
const MOST_LINKS: usize = 4_000;

pub(super) fn section(source: &Source) -> Result<Section, ReportError> {
    let section = Section::new("network", "Network");
    let heading = "Who follows whom";
    let (Some(table), Some(people)) = (source.table("network")?, &source.people) else {
        let why = if source.summary.is_none() {
            "The network is drawn when the run has ended."
        } else {
            "The run's folder has no table of its network: an earlier version wrote it. murmur resume makes it."
        };
        return Ok(section.part(heading, "A sample of the follow graph.").sentence(why));
    };
    let (from, to) = (table.u32s("source")?, table.u32s("target")?);
    let mut agents: Vec<u32> = from.iter().chain(&to).copied().collect();
    agents.sort_unstable();
    agents.dedup();
    agents.retain(|&agent| (agent as usize) < people.followers.len());
    if agents.is_empty() {
        return Ok(section
            .part(heading, "A sample of the follow graph.")
            .sentence("Nobody in it follows anybody."));
    }
    let place_of = |agent: u32| agents.binary_search(&agent).ok();
    let mut links: Vec<(usize, usize)> = from
        .iter()
        .zip(&to)
        .filter_map(|(&from, &to)| Some((place_of(from)?, place_of(to)?)))
        .map(|(from, to)| (from.min(to), from.max(to)))
        .collect();
    links.sort_unstable();
    links.dedup();
    let places = force::layout(agents.len(), &links);

    let topic = most_divided(source);
    let name = topic.and_then(|topic| source.topics().nth(topic)).unwrap_or("the topic").to_owned();
    let heading = heading_of(source, &name);
    let every = links.len().div_ceil(MOST_LINKS).max(1);
    let cut = if every > 1 { format!(" One link of {every} is drawn.") } else { String::new() };
    let all = if people.followers.len() == agents.len() { "" } else { "a snowball sample of " };
    let caption = format!(
        "The follows among {all}{} agents, laid out by forces so that those who are linked lie near each other; larger dots have \
         more followers. Colours are opinions on {} at the end.{cut}",
        count(agents.len() as u64),
        shorten(&name, 80)
    );
    let (mut line_x, mut line_y) = (Vec::new(), Vec::new());
    for &(from, to) in links.iter().step_by(every) {
        line_x.extend([short(places[from].x), short(places[to].x), f64::NAN]);
        line_y.extend([short(places[from].y), short(places[to].y), f64::NAN]);
    }
    let lines = Scatter::new(line_x, line_y)
        .mode(Mode::Lines)
        .hover_info(HoverInfo::Skip)
        .line(Line::new().color("@ink2/13").width(0.6));
    let followers = |agent: u32| people.followers[agent as usize];
    let most = agents.iter().map(|&agent| followers(agent)).max().unwrap_or(1).max(1);
    let size = |agent: u32| 5 + (17.0 * (f64::from(followers(agent)) / f64::from(most)).sqrt()) as usize;
    let opinion =
        |agent: u32| topic.map_or(0.0, |topic| tidy(f64::from(people.opinion_last[topic][agent as usize])));
    // Small dots are drawn over large ones.
    let mut order: Vec<usize> = (0..agents.len()).collect();
    order.sort_by_key(|&place| (std::cmp::Reverse(followers(agents[place])), place));
    let text = |agent: u32| {
        format!(
            "agent {agent}, {} followers, opinion {}",
            count(followers(agent).into()),
            number(opinion(agent))
        )
    };
    let marker = Marker::new()
        .opacity(1.0)
        .color_array(order.iter().map(|&place| opinion(agents[place])).collect::<Vec<f64>>())
        .size_array(order.iter().map(|&place| size(agents[place])).collect())
        .cmin(-1.0)
        .cmax(1.0)
        .color_scale(opinion_colors())
        .line(Line::new().color("@card").width(0.7));
    let dots = Scatter::new(
        order.iter().map(|&place| short(places[place].x)).collect(),
        order.iter().map(|&place| short(places[place].y)).collect(),
    )
    .mode(Mode::Markers)
    .marker(marker)
    .text_array(order.iter().map(|&place| text(agents[place])).collect::<Vec<String>>())
    .hover_template("%{text}<extra></extra>");
    let hidden = || Axis::new().visible(false);
    let figure = Figure::new("fig-network", format!("The network of follows, drawn: {heading}"))
        .height(680)
        .trace(lines)
        .trace(dots)
        .layout(|layout| layout.x_axis(hidden()).y_axis(hidden().scale_anchor("x").scale_ratio(1.0)));
    Ok(section.part(&heading, &caption).html(OPINION_KEY).figure(&figure))
}

fn short(coordinate: f32) -> f64 {
    tidy(f64::from(coordinate))
}

/// The topic whose opinions vary most at the end.
fn most_divided(source: &Source) -> Option<usize> {
    let summary = source.summary.as_ref()?;
    let variance = |place: &usize| summary.opinions[*place].last.variance_population.unwrap_or(0.0);
    (0..summary.opinions.len()).rev().max_by(|one, other| variance(one).total_cmp(&variance(other)))
}

fn heading_of(source: &Source, topic: &str) -> String {
    let name = shorten(topic, 60);
    match source.last("network", Some(topic), "opinion_assortativity") {
        Some(r) if r > 0.1 => {
            format!("Those who follow each other think alike about {name}: assortativity {}", number(tidy(r)))
        }
        Some(r) if r < -0.1 => {
            format!("Those who follow each other disagree about {name}: assortativity {}", number(tidy(r)))
        }
        Some(r) => format!("Follows hardly sort by opinion on {name}: assortativity {}", number(tidy(r))),
        None => "Who follows whom".to_owned(),
    }
}
