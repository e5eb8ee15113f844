//! What the report of a run is made from: its manifest, its journal in one pass, its summary and its tables.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use murmur_core::ActionKind;
use murmur_engine::config::InterventionConfig;
use murmur_engine::{FirstOpinions, Picture, Run, Series};
use serde::Deserialize;

use crate::ReportError;
use crate::table_file::TableFile;
use crate::time::{Mark, Span, TimeAxis};

/// Bins of opinions in heat maps.
const BINS: usize = 40;

/// Moments in heat maps.
const MOST_FRAMES: u32 = 160;

/// Groups that are told apart; the rest are one group.
const MOST_GROUPS: usize = 6;

/// A run, read.
pub(crate) struct Source {
    /// The folder's name.
    pub(crate) name: String,
    pub(crate) run: Run,
    pub(crate) picture: Picture,
    /// None of an unfinished run.
    pub(crate) summary: Option<SummaryFile>,
    pub(crate) time: TimeAxis,
    /// Interventions, in the order of the marks of `time`.
    pub(crate) interventions: Vec<InterventionConfig>,
    /// Number of agents, as far as it is known.
    pub(crate) agents: Option<u64>,
    /// Groups by `metrics.label`, the largest first.
    pub(crate) groups: Vec<Group>,
    /// What is in the table `agents`.
    pub(crate) people: Option<People>,
}

/// Agents with the same label.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) agents: u32,
}

/// Columns of the table `agents`.
pub(crate) struct People {
    pub(crate) followers: Vec<u32>,
    /// By topic.
    pub(crate) opinion_last: Vec<Vec<f32>>,
}

/// The part of `summary.json` that is told.
#[derive(Deserialize)]
pub(crate) struct SummaryFile {
    pub(crate) agents: u64,
    pub(crate) activations: u64,
    pub(crate) exposures: u64,
    pub(crate) posts: BTreeMap<String, u64>,
    pub(crate) actions: BTreeMap<String, u64>,
    pub(crate) refused: u64,
    pub(crate) follows_first: u64,
    pub(crate) follows_last: u64,
    pub(crate) attention_gini: Option<f64>,
    pub(crate) cascades: CascadesFile,
    pub(crate) opinions: Vec<OpinionFile>,
    #[serde(default)]
    pub(crate) models: Vec<ModelFile>,
}

/// Cascades in `summary.json`.
#[derive(Deserialize)]
pub(crate) struct CascadesFile {
    pub(crate) roots: u64,
    pub(crate) reposted_share: Option<f64>,
    pub(crate) mean_scale: Option<f64>,
    pub(crate) max_scale: u64,
    pub(crate) max_depth: u64,
}

/// Opinions on a topic in `summary.json`.
#[derive(Deserialize)]
pub(crate) struct OpinionFile {
    pub(crate) topic: String,
    pub(crate) first: SpreadFile,
    pub(crate) last: SpreadFile,
}

/// Measures of opinions in `summary.json`.
#[derive(Deserialize)]
pub(crate) struct SpreadFile {
    pub(crate) mean: Option<f64>,
    pub(crate) variance_population: Option<f64>,
}

/// A model in `summary.json`.
#[derive(Deserialize)]
pub(crate) struct ModelFile {
    pub(crate) model: String,
    pub(crate) turns: u64,
    pub(crate) valid: u64,
    pub(crate) repaired: u64,
    pub(crate) fallen_back: u64,
    pub(crate) calls: u64,
    pub(crate) faulty: u64,
    pub(crate) failed: u64,
    pub(crate) input_tokens: u64,
    pub(crate) output_tokens: u64,
}

impl Source {
    /// Reads the run in the folder `path`.
    pub(crate) fn open(path: &Path) -> Result<Self, ReportError> {
        let run = Run::open(path)?;
        let summary: Option<SummaryFile> = read_json(&path.join("summary.json"))?;
        let tables = path.join("tables");
        // Tables of a run that goes on may be those of an earlier end.
        let agents_table = if summary.is_some() { TableFile::open(&tables, "agents")? } else { None };
        let (mut groups, mut people, mut first) = (Vec::new(), None, None);
        if let Some(table) = &agents_table {
            let (group_of, found) = groups_of(table, run.config().metrics.label.is_some())?;
            groups = found;
            let topics = || run.config().topic.iter().map(|topic| topic.name.as_str());
            let columns = |what: &str| -> Result<Vec<Vec<f32>>, ReportError> {
                topics().map(|topic| table.f32s(&format!("{what}:{topic}"))).collect()
            };
            first = Some(FirstOpinions {
                by_topic: columns("opinion_first")?,
                group_of,
                groups: groups.len(),
                bins: BINS,
                most_frames: MOST_FRAMES,
            });
            let (followers, opinion_last) = (table.u32s("followers")?, columns("opinion_last")?);
            people = Some(People { followers, opinion_last });
        }
        let picture = run.picture(first)?;
        let config = run.config();
        let size = match &config.population {
            murmur_engine::config::PopulationConfig::Synthetic(synthetic) => synthetic.size.map(u64::from),
            _ => None,
        };
        let agents = summary.as_ref().map(|summary| summary.agents).or(size);
        let Interventions { all: interventions, marks } = interventions(&run, &picture)?;
        let time = TimeAxis { clock: config.clock(), steps: picture.steps, marks };
        Ok(Self { name: name_of(path), run, picture, summary, time, interventions, agents, groups, people })
    }

    /// The table `name`; none of an unfinished run.
    pub(crate) fn table(&self, name: &str) -> Result<Option<TableFile>, ReportError> {
        match self.summary {
            Some(_) => TableFile::open(&self.run.path().join("tables"), name),
            None => Ok(None),
        }
    }

    /// Simulated minutes done.
    pub(crate) fn minutes(&self) -> u64 {
        u64::from(self.picture.steps) * u64::from(self.time.clock.minutes_per_step)
    }

    /// Names of the topics.
    pub(crate) fn topics(&self) -> impl Iterator<Item = &str> {
        self.run.config().topic.iter().map(|topic| topic.name.as_str())
    }

    /// A measure's series, without steps at which it is not defined.
    pub(crate) fn points(&self, scope: &str, subject: Option<&str>, metric: &str) -> Vec<(u32, f64)> {
        let found = self.picture.series.iter().find(|series| {
            series.scope == scope && series.subject.as_deref() == subject && series.metric == metric
        });
        found.map(defined).unwrap_or_default()
    }

    /// All series of a scope.
    pub(crate) fn of_scope<'a>(&'a self, scope: &'a str) -> impl Iterator<Item = &'a Series> {
        self.picture.series.iter().filter(move |series| series.scope == scope)
    }

    /// What a measure adds up to over all steps.
    pub(crate) fn total(&self, scope: &str, subject: Option<&str>, metric: &str) -> f64 {
        self.points(scope, subject, metric).iter().map(|point| point.1).sum()
    }

    /// The last value of a measure.
    pub(crate) fn last(&self, scope: &str, subject: Option<&str>, metric: &str) -> Option<f64> {
        self.points(scope, subject, metric).last().map(|point| point.1)
    }

    /// Actions of any kind that took effect, but for what interventions decide.
    pub(crate) fn actions_total(&self) -> u64 {
        let kinds = ActionKind::ALL.into_iter().filter(|kind| kind.name() != "moderate");
        kinds.map(|kind| self.total("platform", None, kind.name()) as u64).sum()
    }
}

/// Points of a series that are defined.
pub(crate) fn defined(series: &Series) -> Vec<(u32, f64)> {
    series.points.iter().filter_map(|&(step, value)| Some((step.0, value?))).collect()
}

/// The folder's own name, whatever way leads to it.
pub(crate) fn name_of(path: &Path) -> String {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    whole.file_name().map_or_else(|| "run".to_owned(), |name| name.to_string_lossy().into_owned())
}

pub(crate) fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>, ReportError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(ReportError::io(path)(error)),
    };
    serde_json::from_str(&text).map(Some).map_err(|error| ReportError::malformed(path, error))
}

/// The group of each agent, and the groups by size, then name; one group without a name if there are no labels.
fn groups_of(agents: &TableFile, has_labels: bool) -> Result<(Vec<u16>, Vec<Group>), ReportError> {
    let unnamed = |agents: usize| vec![Group { name: String::new(), agents: agents as u32 }];
    if !has_labels {
        return Ok((vec![0; agents.rows()], unnamed(agents.rows())));
    }
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    let mut label_of: Vec<usize> = Vec::with_capacity(agents.rows());
    let mut sizes: Vec<u32> = Vec::new();
    agents.each_text("label", |_, label| {
        let label = label.unwrap_or_default();
        let number = match numbers.get(label) {
            Some(&number) => number,
            None => {
                numbers.insert(label.to_owned(), sizes.len());
                sizes.push(0);
                sizes.len() - 1
            }
        };
        sizes[number] += 1;
        label_of.push(number);
    })?;
    let mut by_size: Vec<(String, usize)> = numbers.into_iter().collect();
    by_size.sort_by_key(|(_, number)| std::cmp::Reverse(sizes[*number]));
    let mut place_of = vec![0; sizes.len()];
    let mut groups: Vec<Group> = Vec::new();
    for (place, (name, number)) in by_size.into_iter().enumerate() {
        place_of[number] = place.min(MOST_GROUPS - 1) as u16;
        let name = if name.is_empty() { "without a label".to_owned() } else { name };
        match groups.get_mut(MOST_GROUPS - 1) {
            Some(rest) => {
                *rest = Group { name: "all others".to_owned(), agents: rest.agents + sizes[number] }
            }
            None => groups.push(Group { name, agents: sizes[number] }),
        }
    }
    if groups.is_empty() {
        groups = unnamed(0);
    }
    Ok((label_of.into_iter().map(|number| place_of[number]).collect(), groups))
}

/// The part of `manifest.json` that says what held before the run branched off.
#[derive(Deserialize)]
struct ManifestFile {
    #[serde(default)]
    lineage: Vec<AncestorFile>,
}

/// A run from which this one branched off.
#[derive(Deserialize)]
struct AncestorFile {
    /// The first step that is not its own.
    until: u32,
    config: AncestorConfig,
}

/// What it was made from.
#[derive(Deserialize)]
struct AncestorConfig {
    #[serde(default)]
    intervention: Vec<InterventionConfig>,
}

/// Interventions of the run, and of the runs that it branched off from.
pub(crate) struct Interventions {
    /// Those of the run; then, switched off, those of its ancestors that it has not.
    pub(crate) all: Vec<InterventionConfig>,
    /// When they were in force, in the same order.
    pub(crate) marks: Vec<Mark>,
}

/// What interventions there are, and when they were in force: as configured at that time, or, if something had to be
/// measured first, from when they first decided something.
pub(crate) fn interventions(run: &Run, picture: &Picture) -> Result<Interventions, ReportError> {
    let manifest: Option<ManifestFile> = read_json(&run.path().join("manifest.json"))?;
    let mut phases: Vec<(u32, Vec<InterventionConfig>)> = Vec::new();
    let mut start = 0;
    for ancestor in manifest.map(|file| file.lineage).unwrap_or_default() {
        phases.push((start, ancestor.config.intervention));
        start = ancestor.until;
    }
    phases.push((start, run.config().intervention.clone()));
    let mut all = run.config().intervention.clone();
    for own in phases.iter().rev().flat_map(|(_, interventions)| interventions) {
        if all.iter().all(|known| known.name != own.name) {
            all.push(InterventionConfig { enabled: false, ..own.clone() });
        }
    }
    let mark = |(place, own): (usize, &InterventionConfig)| {
        let mut decisions = picture.series.iter().filter(|series| series.scope == "intervention");
        let decisions = decisions.find(|series| series.subject.as_deref() == Some(&own.name));
        let decided: Vec<u32> =
            decisions.iter().flat_map(|series| &series.points).map(|(step, _)| step.0).collect();
        let phases: Vec<Phase<'_>> = phases
            .iter()
            .map(|(start, interventions)| Phase {
                start: *start,
                own: interventions.iter().find(|other| other.name == own.name && other.enabled),
            })
            .collect();
        Mark { number: place + 1, name: own.name.clone(), spans: spans(&phases, &decided) }
    };
    let marks = all.iter().enumerate().map(mark).collect();
    Ok(Interventions { all, marks })
}

/// What an intervention was in steps under the same configuration.
struct Phase<'a> {
    /// The first of the steps; they end where the next phase begins.
    start: u32,
    /// None if it was switched off.
    own: Option<&'a InterventionConfig>,
}

/// When an intervention was in force; steps through which it did the same are one span.
fn spans(phases: &[Phase<'_>], decided: &[u32]) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut before: Option<&InterventionConfig> = None;
    for (place, phase) in phases.iter().enumerate() {
        let end = phases.get(place + 1).map(|next| next.start);
        let Some(own) = phase.own else {
            before = None;
            continue;
        };
        let same = before.is_some_and(|other| {
            (&other.action, &other.target, &other.when) == (&own.action, &own.target, &own.when)
        });
        let lasts = same && spans.last().is_some_and(|span| span.until == Some(phase.start));
        before = Some(own);
        let from = match &own.when {
            Some(_) if !lasts => decided.iter().copied().find(|&step| step >= phase.start),
            Some(_) => Some(phase.start),
            None => Some(own.from.max(phase.start)),
        };
        let until = [own.until, end].into_iter().flatten().min();
        let Some(from) = from.filter(|&from| until.is_none_or(|until| from < until)) else { continue };
        match spans.last_mut() {
            Some(span) if lasts && from == phase.start => span.until = until,
            _ => spans.push(Span { from, until }),
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn demote(changes: serde_json::Value) -> InterventionConfig {
        let mut own = json!({"name": "demote", "action": {"kind": "demote", "factor": 0.5}});
        for (key, value) in changes.as_object().unwrap() {
            own[key] = value.clone();
        }
        serde_json::from_value(own).unwrap()
    }

    #[test]
    fn an_intervention_is_marked_from_when_it_held_in_the_run_and_before_it_branched_off() {
        let check = |trunk: Option<serde_json::Value>,
                     own: Option<serde_json::Value>,
                     expected: &[(u32, Option<u32>)]| {
            let (trunk, own) = (trunk.map(demote), own.map(demote));
            let phases = [Phase { start: 0, own: trunk.as_ref() }, Phase { start: 160, own: own.as_ref() }];
            let found: Vec<(u32, Option<u32>)> =
                spans(&phases, &[150, 170]).iter().map(|span| (span.from, span.until)).collect();
            assert_eq!(found, expected, "{trunk:?}, then {own:?}");
        };
        let plain = || Some(json!({}));
        let weaker = || Some(json!({"action": {"kind": "demote", "factor": 0.1}}));
        let condition = || Some(json!({"when": {"scope": "platform", "measure": "exposures", "above": 1.0}}));
        check(None, plain(), &[(160, None)]);
        check(plain(), plain(), &[(0, None)]);
        check(plain(), None, &[(0, Some(160))]);
        check(plain(), weaker(), &[(0, Some(160)), (160, None)]);
        check(None, Some(json!({"from": 200, "until": 300})), &[(200, Some(300))]);
        check(None, Some(json!({"until": 100})), &[]);
        check(Some(json!({"from": 200})), Some(json!({"from": 200})), &[(200, None)]);
        check(plain(), Some(json!({"until": 170})), &[(0, Some(170))]);
        check(Some(json!({"until": 50})), plain(), &[(0, Some(50)), (160, None)]);
        check(None, condition(), &[(170, None)]);
        check(condition(), condition(), &[(150, None)]);
    }
}
