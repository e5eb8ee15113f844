//! The private state in which a step begins, as bytes.
//!
//! Public state is not in it: carrying out the journal's actions again, millions a second, gives it, and takes no second
//! set of rules. What reading has changed (opinions, emotions, beliefs, what was seen, attention, the watched cascades' reads and series)
//! would take feeds to make again, so it is kept here; and so is what agents with language models remember.

use murmur_agents::{Memory, Mood};
use murmur_core::{AgentId, PostId, Stance, Step};
use murmur_journal::Digest;
use murmur_journal::columns::{ColumnError, ColumnReader, ColumnWriter};
use murmur_llm::Spent;
use murmur_recsys::SeenPost;

use crate::World;
use crate::measure::Meter;
use crate::model_totals::ModelTotals;
use crate::summary::{SeriesKeeper, WatchedPoint};
use crate::trips::{Trip, Trips};

/// The private state as bytes, after the steps that have this digest.
pub(crate) fn encode(
    world: &World,
    meter: &Meter,
    series: &SeriesKeeper,
    spent: Spent,
    steps: Digest,
) -> Vec<u8> {
    let mut columns = ColumnWriter::new();
    columns.u64s(&halves(steps));
    columns.f32s(&world.beliefs.all().iter().map(|opinion| opinion.get()).collect::<Vec<_>>());
    columns.u64s(&meter.attention);
    columns.u64s(&meter.topic_exposures);
    columns.u64s(&[meter.exposures, meter.activations]);
    columns.u64s(&meter.watched.iter().map(|watched| watched.exposures).collect::<Vec<_>>());
    let points: Vec<&WatchedPoint> = series.series.iter().flat_map(|series| &series.points).collect();
    columns.u32s(&series.series.iter().map(|series| series.points.len() as u32).collect::<Vec<_>>());
    columns.u32s(&points.iter().map(|point| point.step).collect::<Vec<_>>());
    columns.u32s(&points.iter().map(|point| point.scale).collect::<Vec<_>>());
    columns.u64s(&points.iter().map(|point| point.exposures).collect::<Vec<_>>());
    let seen = world.seen.all();
    columns.u32s(&seen.iter().map(|list| list.len() as u32).collect::<Vec<_>>());
    columns.u32s(&seen.iter().flatten().map(|seen| seen.root.get()).collect::<Vec<_>>());
    // Mostly the root itself.
    columns.u32s(&seen.iter().flatten().map(|seen| seen.row.get() - seen.root.get()).collect::<Vec<_>>());
    write_inner(&mut columns, world);
    write_trips(&mut columns, &meter.trips);
    columns.u64s(&[spent.tokens, spent.money_nanos]);
    let totals: Vec<u64> = meter.models.iter().flat_map(ModelTotals::counts).collect();
    columns.u64s(&totals);
    let (agents, memories): (Vec<u32>, Vec<String>) =
        world.memories.all().map(|(agent, memory)| (agent.0, as_text(memory))).unzip();
    columns.u64s(&[agents.len() as u64]);
    columns.u32s(&agents);
    columns.texts(memories.iter().map(String::as_str));
    columns.bytes().to_vec()
}

fn as_text(memory: &Memory) -> String {
    serde_json::to_string(memory).expect("a memory has a JSON form")
}

fn halves(Digest(digest): Digest) -> [u64; 2] {
    [(digest >> 64) as u64, digest as u64]
}

/// The bytes are not the state that was wanted.
pub(crate) struct NotThisState;

impl From<ColumnError> for NotThisState {
    fn from(_: ColumnError) -> Self {
        Self
    }
}

/// Puts the private state back into a world of the same configuration, after the steps that have this digest; returns
/// what calls to language models have cost.
///
/// # Errors
/// When the bytes are not those of such a world; then nothing is changed.
pub(crate) fn restore(
    bytes: &[u8],
    steps: Digest,
    world: &mut World,
    meter: &mut Meter,
    series: &mut SeriesKeeper,
) -> Result<Spent, NotThisState> {
    let mut columns = ColumnReader::new(bytes);
    if columns.u64s(2)? != halves(steps) {
        return Err(NotThisState);
    }
    let opinions = columns.f32s(world.beliefs.all().len())?;
    let attention = columns.u64s(meter.attention.len())?;
    let topic_exposures = columns.u64s(meter.topic_exposures.len())?;
    let totals = columns.u64s(2)?;
    let watched = columns.u64s(meter.watched.len())?;
    let lengths = columns.u32s(series.series.len())?;
    let points: usize = lengths.iter().map(|&length| length as usize).sum();
    let steps = columns.u32s(points)?;
    let scales = columns.u32s(points)?;
    let exposures = columns.u64s(points)?;
    let seen = read_seen(&mut columns, world.seen.all().len())?;
    let inner = read_inner(&mut columns, world)?;
    let trips = read_trips(&mut columns, meter.trips.all().len())?;
    let spent = columns.u64s(2)?;
    let counts = columns.u64s(meter.models.len() * ModelTotals::COUNTS)?;
    let memories = read_memories(&mut columns)?;
    columns.finish()?;

    inner.put_into(world);
    meter.trips.set_all(trips.into_iter());
    world.memories.set_all(memories);
    for (model, counts) in meter.models.iter_mut().zip(counts.chunks_exact(ModelTotals::COUNTS)) {
        model.set_counts(counts);
    }
    world.beliefs.set_all(opinions.into_iter().map(Stance::clamped).collect());
    world.seen.set_all(seen);
    meter.attention = attention;
    meter.topic_exposures = topic_exposures;
    (meter.exposures, meter.activations) = (totals[0], totals[1]);
    for (watched, exposures) in meter.watched.iter_mut().zip(watched) {
        watched.exposures = exposures;
    }
    let points = steps.into_iter().zip(scales).zip(exposures);
    let mut points = points.map(|((step, scale), exposures)| WatchedPoint { step, scale, exposures });
    for (series, length) in series.series.iter_mut().zip(lengths) {
        series.points = points.by_ref().take(length as usize).collect();
    }
    Ok(Spent { tokens: spent[0], money_nanos: spent[1] })
}

/// What agents feel, and which claims they believe.
fn write_inner(columns: &mut ColumnWriter, world: &World) {
    let (steps, moods) = world.emotions.all();
    columns.u32s(&steps.iter().map(|step| step.0).collect::<Vec<_>>());
    columns.f32s(&moods.iter().map(|mood| mood.arousal).collect::<Vec<_>>());
    columns.f32s(&moods.iter().map(|mood| mood.valence).collect::<Vec<_>>());
    columns.f32s(world.credences.all());
    for marks in (0..world.config.claim.len()).flat_map(|claim| world.credences.marks(claim)) {
        columns.u64s(marks.words());
    }
}

/// What agents feel, and which claims they believe.
struct Inner {
    steps: Vec<Step>,
    moods: Vec<Mood>,
    log_odds: Vec<f32>,
    /// Claim after claim, as [`murmur_agents::Credences::marks`] has them.
    marks: Vec<Vec<u64>>,
}

fn read_inner(columns: &mut ColumnReader<'_>, world: &World) -> Result<Inner, NotThisState> {
    let (steps, moods) = world.emotions.all();
    let (agents, moods) = (steps.len(), moods.len());
    let steps = columns.u32s(agents)?.into_iter().map(Step).collect();
    let (arousal, valence) = (columns.f32s(moods)?, columns.f32s(moods)?);
    let mood = |(arousal, valence)| Mood { arousal, valence };
    let moods = arousal.into_iter().zip(valence).map(mood).collect();
    let log_odds = columns.f32s(world.credences.all().len())?;
    let marks = (0..world.config.claim.len()).flat_map(|claim| world.credences.marks(claim));
    let marks = marks.map(|marks| columns.u64s(marks.words().len())).collect::<Result<_, _>>()?;
    Ok(Inner { steps, moods, log_odds, marks })
}

impl Inner {
    fn put_into(self, world: &mut World) {
        world.emotions.set_all(self.steps, self.moods);
        world.credences.set_all(self.log_odds);
        let mut words = self.marks.into_iter();
        for claim in 0..world.config.claim.len() {
            for (marks, words) in world.credences.marks_mut(claim).into_iter().zip(&mut words) {
                marks.set_words(words);
            }
        }
    }
}

fn write_trips(columns: &mut ColumnWriter, trips: &Trips) {
    let tripped: Vec<Trip> = trips.all().flatten().collect();
    columns.u8s(&trips.all().map(|trip| trip.is_some().into()).collect::<Vec<_>>());
    columns.u32s(&tripped.iter().map(|trip| trip.step.0).collect::<Vec<_>>());
    columns.u64s(&tripped.iter().map(|trip| trip.value.to_bits()).collect::<Vec<_>>());
}

/// Of as many conditions.
fn read_trips(columns: &mut ColumnReader<'_>, count: usize) -> Result<Vec<Option<Trip>>, NotThisState> {
    let tripped = columns.u8s(count, 1)?;
    let some = tripped.iter().filter(|&&tripped| tripped == 1).count();
    let (steps, values) = (columns.u32s(some)?, columns.u64s(some)?);
    let mut trips = steps
        .into_iter()
        .zip(values)
        .map(|(step, value)| Trip { step: Step(step), value: f64::from_bits(value) });
    Ok(tripped.into_iter().map(|tripped| if tripped == 1 { trips.next() } else { None }).collect())
}

fn read_memories(columns: &mut ColumnReader<'_>) -> Result<Vec<(AgentId, Memory)>, NotThisState> {
    let count = columns.u64s(1)?[0] as usize;
    let agents = columns.u32s(count)?;
    let texts = columns.texts(count)?;
    let memory = |(agent, text)| Ok((AgentId(agent), serde_json::from_str(text).map_err(|_| NotThisState)?));
    agents.into_iter().zip(texts).map(memory).collect()
}

/// What each of `agents` agents has read.
fn read_seen(columns: &mut ColumnReader<'_>, agents: usize) -> Result<Vec<Vec<SeenPost>>, NotThisState> {
    let lengths = columns.u32s(agents)?;
    let posts: usize = lengths.iter().map(|&length| length as usize).sum();
    let roots = columns.u32s(posts)?;
    let distances = columns.u32s(posts)?;
    let seen = |(root, distance): (u32, u32)| {
        let row = root.checked_add(distance).and_then(PostId::new).ok_or(NotThisState)?;
        Ok(SeenPost { root: PostId::new(root).ok_or(NotThisState)?, row })
    };
    let mut posts = roots.into_iter().zip(distances).map(seen);
    lengths.into_iter().map(|length| posts.by_ref().take(length as usize).collect()).collect()
}
