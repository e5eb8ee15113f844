//! The private tables: turns, exposures and opinions, a batch for each shard that has rows, by ascending agent.

use murmur_core::{AgentId, PostId, Probability, Stance};
use murmur_journal::columns::{ColumnReader, ColumnWriter};
use murmur_journal::{Shard, TableId};

use super::{EXPOSURES, Encoded, Malformed, OPINIONS, TURNS};
use crate::World;
use crate::facts::{ChangedOpinions, Exposure, ReadFrom, Turn};
use crate::measure::keeps_exposures;
use crate::shards::{SHARDS, shard_of};

/// The opinions of an agent that changed.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct RecordedOpinions {
    pub(crate) agent: AgentId,
    /// Place of the topic and the new opinion.
    pub(crate) changed: Vec<(usize, Stance)>,
}

/// Rows of agents by shard.
pub(super) fn by_shard<T: Copy>(rows: impl Iterator<Item = T>, agent: impl Fn(&T) -> AgentId) -> Vec<Vec<T>> {
    let mut shards = vec![Vec::new(); SHARDS as usize];
    for row in rows {
        shards[usize::from(shard_of(agent(&row)))].push(row);
    }
    shards
}

pub(super) fn batches<T>(
    table: TableId,
    shards: Vec<Vec<T>>,
    encode: impl Fn(&[T], &mut ColumnWriter),
) -> impl Iterator<Item = Encoded> {
    (0..).zip(shards).map(move |(shard, rows)| {
        let mut columns = ColumnWriter::new();
        encode(&rows, &mut columns);
        let payload = columns.bytes().to_vec();
        Encoded { table, shard: Shard::Private(shard), rows: rows.len() as u32, payload }
    })
}

/// `turns` ascend by agent.
pub(super) fn encode_turns(turns: &[Turn]) -> impl Iterator<Item = Encoded> {
    batches(TURNS, by_shard(turns.iter().copied(), |turn| turn.agent), |rows, columns| {
        columns.u32s(&rows.iter().map(|turn| turn.agent.0).collect::<Vec<_>>());
        columns.u32s(&rows.iter().map(|turn| turn.read).collect::<Vec<_>>());
    })
}

pub(super) fn decode_turns(rows: usize, payload: &[u8]) -> Result<Vec<Turn>, Malformed> {
    let mut columns = ColumnReader::new(payload);
    let agents = columns.u32s(rows)?;
    let read = columns.u32s(rows)?;
    columns.finish()?;
    let turn = |(agent, read)| Turn { agent: AgentId(agent), read };
    Ok(agents.into_iter().zip(read).map(turn).collect())
}

/// Agents and ranks are those of the turns, so posts and sources are all that is kept.
pub(super) fn encode_exposures(
    world: &World,
    exposures: &[Exposure],
    share: Probability,
) -> impl Iterator<Item = Encoded> {
    let is_kept = |exposure: &&Exposure| keeps_exposures(world.seed(), exposure.agent, share.get());
    let mut kept: Vec<Exposure> = exposures.iter().filter(is_kept).copied().collect();
    kept.sort_by_key(|exposure| (exposure.agent, exposure.rank));
    batches(EXPOSURES, by_shard(kept.into_iter(), |exposure| exposure.agent), |rows, columns| {
        columns.u32s(&rows.iter().map(|exposure| exposure.post.get()).collect::<Vec<_>>());
        columns.u8s(&rows.iter().map(|exposure| exposure.source.code()).collect::<Vec<_>>());
    })
}

pub(super) fn decode_exposures(
    world: &World,
    turns: &[Turn],
    shard: u8,
    payload: &[u8],
) -> Result<Vec<Exposure>, Malformed> {
    let share = world.exposures_kept().get();
    let kept =
        |turn: &&Turn| shard_of(turn.agent) == shard && keeps_exposures(world.seed(), turn.agent, share);
    let places: Vec<(AgentId, u32)> =
        turns.iter().filter(kept).flat_map(|turn| (0..turn.read).map(|rank| (turn.agent, rank))).collect();
    let reads = decode_reads(places.len(), payload)?;
    let exposure = |((agent, rank), Read { post, source })| Exposure { agent, post, rank, source };
    Ok(places.into_iter().zip(reads).map(exposure).collect())
}

/// A row that somebody read, without who read it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Read {
    post: PostId,
    source: ReadFrom,
}

pub(super) fn decode_reads(rows: usize, payload: &[u8]) -> Result<Vec<Read>, Malformed> {
    let mut columns = ColumnReader::new(payload);
    let posts = columns.u32s(rows)?;
    let sources = columns.u8s(rows, ReadFrom::LAST_CODE)?;
    columns.finish()?;
    let read = |(post, source): (u32, u8)| {
        let post = PostId::new(post).ok_or("a post of id 0")?;
        Ok(Read { post, source: ReadFrom::from_code(source) })
    };
    posts.into_iter().zip(sources).map(read).collect()
}

/// `opinions` ascend by agent.
pub(super) fn encode_opinions(opinions: &[ChangedOpinions]) -> impl Iterator<Item = Encoded> {
    batches(OPINIONS, by_shard(opinions.iter(), |changed| changed.agent), |rows, columns| {
        columns.u32s(&rows.iter().map(|changed| changed.agent.0).collect::<Vec<_>>());
        columns.u64s(&rows.iter().map(|changed| changed.mask()).collect::<Vec<_>>());
        let values = rows.iter().flat_map(|changed| changed.moved());
        columns.f32s(&values.map(|(_, opinion)| opinion.get()).collect::<Vec<_>>());
    })
}

pub(super) fn decode_opinions(rows: usize, payload: &[u8]) -> Result<Vec<RecordedOpinions>, Malformed> {
    let mut columns = ColumnReader::new(payload);
    let agents = columns.u32s(rows)?;
    let masks = columns.u64s(rows)?;
    let mut values = columns.f32s(masks.iter().map(|mask| mask.count_ones() as usize).sum())?.into_iter();
    columns.finish()?;
    Ok(agents
        .into_iter()
        .zip(masks)
        .map(|(agent, mask)| {
            let topics = (0..64).filter(|topic| mask >> topic & 1 == 1);
            let changed = topics.map(|topic| (topic, Stance::clamped(values.next().unwrap_or_default())));
            RecordedOpinions { agent: AgentId(agent), changed: changed.collect() }
        })
        .collect())
}
