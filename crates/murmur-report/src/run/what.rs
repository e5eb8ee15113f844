//! What was run: the facts of the configuration, interventions, ancestry, and the configuration itself.

use murmur_engine::config::{InterventionConfig, PopulationConfig};
use serde_json::Value;

use super::{Source, facts};
use crate::page::{Column, Section};
use crate::text::{count, duration, shorten, tidy};
use crate::time::Span;

pub(super) fn section(source: &Source) -> Section {
    let config = source.run.config();
    let heading = format!("{} steps of {}", count(source.picture.steps.into()), minutes_a_step(source));
    let caption = "What the run was made of, as its folder has it. The same configuration, input files and seed give the same \
                   digest on any machine.";
    let whole = serde_json::to_value(config).unwrap_or_default();
    let mut section =
        Section::new("what", "What was run").part(&heading, caption).html(&facts(&the_facts(source, &whole)));
    if !source.interventions.is_empty() {
        section = interventions(section, source);
    }
    let ancestors = source.run.branchings();
    if !ancestors.is_empty() {
        let row = |ancestor: &murmur_engine::Branching| {
            vec![
                super::source::name_of(&ancestor.run),
                ancestor.at.to_string(),
                source.time.label(ancestor.at),
            ]
        };
        let rows: Vec<Vec<String>> = ancestors.iter().map(row).collect();
        let columns = [Column::Text("branched off from"), Column::Number("at step"), Column::Text("that is")];
        section = section
            .part(
                "A branch of another run",
                "It shares all steps before the branching with the run named, and goes its own way \
                  from there.",
            )
            .table("Ancestors", &columns, &rows);
    }
    let text = serde_json::to_string_pretty(&whole).unwrap_or_default();
    section.folded("The whole configuration, defaults included", &text)
}

fn minutes_a_step(source: &Source) -> String {
    duration(u64::from(source.time.clock.minutes_per_step))
}

fn the_facts(source: &Source, whole: &Value) -> Vec<(&'static str, String)> {
    let config = source.run.config();
    let population = match &config.population {
        PopulationConfig::Synthetic(_) => "synthetic".to_owned(),
        PopulationConfig::OasisX(file) | PopulationConfig::OasisReddit(file) => {
            format!("from {}", super::source::name_of(&file.path))
        }
        PopulationConfig::Script(_) => "those whom the script names".to_owned(),
    };
    let agents =
        source.agents.map_or(population.clone(), |agents| format!("{}, {population}", count(agents)));
    let end = source.time.label(source.picture.steps);
    let mut facts = vec![
        ("agents", agents),
        ("time", format!("{} to {end}", source.time.label(0))),
        ("seed", config.run.seed.to_string()),
        ("topics", shorten(&source.topics().collect::<Vec<_>>().join(", "), 400)),
        ("follows at first", kind_of(&whole["graph"]).to_owned()),
        ("feed", feed(&whole["feed"])),
        ("model of opinions", opinion_models(whole)),
    ];
    if let Some(kind) = whole["diffusion"]["model"]["kind"].as_str() {
        facts.push(("model of diffusion", kind.to_owned()));
    }
    let models: Vec<&str> = config.model.iter().map(|model| model.server.name.as_str()).collect();
    if !models.is_empty() {
        facts.push(("language models", models.join(", ")));
    }
    facts.push(("made by", format!("Murmur {}", source.run.version())));
    if !source.picture.digest.is_empty() {
        facts.push(("digest of the journal", source.picture.digest.clone()));
    }
    facts
}

fn kind_of(section: &Value) -> &str {
    section["kind"].as_str().unwrap_or("–")
}

/// The pipelines of the feed with their slots, or else its preset.
fn feed(feed: &Value) -> String {
    let preset = feed["preset"].as_str().unwrap_or("–");
    let Some(pipelines) = feed["pipeline"].as_array() else { return format!("preset {preset}") };
    let sources = |pipeline: &Value| {
        let sources = pipeline["source"].as_array().cloned().unwrap_or_default();
        let names: Vec<String> = sources.iter().map(|source| kind_of(source).to_owned()).collect();
        format!("{} {}", pipeline["slots"], names.join(" + "))
    };
    let parts: Vec<String> = pipelines.iter().map(sources).collect();
    format!("slots: {}", parts.join(", "))
}

fn opinion_models(whole: &Value) -> String {
    let common = kind_of(&whole["opinion"]["model"]).to_owned();
    let topics = whole["topic"].as_array().cloned().unwrap_or_default();
    let own: Vec<String> = topics
        .iter()
        .filter_map(|topic| {
            Some(format!("{} for {}", topic["opinion"]["kind"].as_str()?, topic["name"].as_str()?))
        })
        .collect();
    if own.is_empty() { common } else { format!("{common}; {}", shorten(&own.join(", "), 300)) }
}

fn interventions(section: Section, source: &Source) -> Section {
    let row = |(place, own): (usize, &InterventionConfig)| {
        let mark = &source.time.marks[place];
        let when = |of: fn(&Span) -> Option<u32>| {
            let steps = mark.spans.iter().filter_map(of);
            let steps: Vec<String> =
                steps.map(|step| format!("{step} ({})", source.time.label(step))).collect();
            if steps.is_empty() { "–".to_owned() } else { steps.join(", ") }
        };
        let decisions = source.total("intervention", Some(&own.name), "decisions");
        let action = serde_json::to_value(&own.action).unwrap_or_default();
        let target = serde_json::to_value(&own.target).unwrap_or_default();
        let condition = own.when.as_ref().map(|when| {
            let bound =
                when.above.map(|bound| format!("> {bound}")).or(when.below.map(|bound| format!("< {bound}")));
            let subject = when.subject.as_deref().map(|subject| format!(" of {subject}")).unwrap_or_default();
            format!("{}{subject} {}", when.measure, bound.unwrap_or_default())
        });
        let off = if own.enabled { None } else { Some("switched off".to_owned()) };
        vec![
            crate::time::circled(mark.number),
            shorten(&own.name, 120),
            in_words(&action),
            match in_words(&target) {
                all if all.is_empty() => "all".to_owned(),
                some => some,
            },
            off.or(condition).unwrap_or_else(|| "–".to_owned()),
            when(|span| Some(span.from)),
            when(|span| span.until),
            count(decisions as u64),
        ]
    };
    let rows: Vec<Vec<String>> = source.interventions.iter().enumerate().map(row).collect();
    let columns = [
        Column::Text(""),
        Column::Text("intervention"),
        Column::Words("what is done"),
        Column::Words("to"),
        Column::Text("on condition"),
        Column::Text("from step"),
        Column::Text("until step"),
        Column::Number("decisions"),
    ];
    section
        .part(
            &format!("{} interventions", rows.len()).replace("1 interventions", "One intervention"),
            "Dashed lines with these numbers mark in every figure over time when they came into force; bands, how long they were.",
        )
        .table("Interventions", &columns, &rows)
}

/// What a part of the configuration says, in one line.
fn in_words(value: &Value) -> String {
    let Some(entries) = value.as_object() else { return String::new() };
    let kind = entries.get("kind").and_then(Value::as_str).map(str::to_owned);
    let word = |(key, value): (&String, &Value)| match value {
        Value::String(text) => format!("{key} {}", shorten(text, 60)),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            let items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            format!("{key} {}", shorten(&items.join(", "), 60))
        }
        Value::Number(number) => {
            format!(
                "{key} {}",
                number.as_f64().map_or_else(|| number.to_string(), |value| crate::text::number(tidy(value)))
            )
        }
        other => format!("{key} {}", shorten(&other.to_string(), 60)),
    };
    let rest = entries.iter().filter(|(key, _)| *key != "kind").map(word);
    kind.into_iter().chain(rest).collect::<Vec<String>>().join("; ")
}
