//! The table of a voting experiment, post by post.

use murmur_data::DataError;
use murmur_data::counterfactual::VoteGroup;
use murmur_data::table::{Column, ColumnData, Kind, TableWriter};

use super::TableSources;
use crate::measure::{Count, FirstReading, Poll, vote_code};
use crate::votes::Ballot;

/// `votes`: one post of the file a row, in its order. A run without any has no such table.
pub(super) fn write(sources: &TableSources<'_>) -> Result<(), DataError> {
    let ballots = sources.world.votes.all();
    if ballots.is_empty() {
        return Ok(());
    }
    let polls = &sources.meter.polls;
    let public = &sources.world.public;
    let of_each = |of: &dyn Fn(&Ballot) -> u32| -> Vec<u32> { ballots.iter().map(of).collect() };
    let of_first = |of: &dyn Fn(FirstReading) -> u32| -> Vec<Option<u32>> {
        polls.iter().map(|poll| poll.first.map(of)).collect()
    };
    let numbers: Vec<u32> = (0..ballots.len() as u32).collect();
    let groups: Vec<u8> = ballots.iter().map(|ballot| ballot.group as u8).collect();
    let cast: Vec<u8> = ballots.iter().map(|ballot| vote_code(ballot.cast)).collect();
    let roots: Vec<Option<u32>> = ballots.iter().map(|ballot| ballot.root.map(|root| root.get())).collect();
    let reads: Vec<u32> = polls.iter().map(|poll: &Poll| poll.reads as u32).collect();
    let name_of = |first: FirstReading| FirstReading::NAMES[usize::from(first.code())];
    let first_votes: Vec<Option<&str>> = polls.iter().map(|poll| poll.first.map(name_of)).collect();
    let counts: Vec<Option<Count>> =
        ballots.iter().map(|ballot| Some(Count::of(ballot, ballot.root?, public))).collect();
    let of_count = |of: &dyn Fn(Count) -> u32| -> Vec<Option<u32>> {
        counts.iter().map(|count| count.map(of)).collect()
    };
    let scores: Vec<Option<f64>> = counts.iter().map(|count| Some(count.as_ref()?.score() as f64)).collect();
    let columns = vec![
        Column::new("post", Kind::U32),
        Column::new("group", Kind::Category),
        Column::new("author_id", Kind::U32),
        Column::new("confederate_id", Kind::U32),
        Column::new("step", Kind::U32),
        Column::new("post_id", Kind::OptU32),
        Column::new("first_vote", Kind::Category),
        Column::new("reads", Kind::U32),
        Column::new("first_reader_id", Kind::OptU32),
        Column::new("first_read_step", Kind::OptU32),
        Column::new("first_reader_vote", Kind::OptText),
        Column::new("up", Kind::OptU32),
        Column::new("down", Kind::OptU32),
        Column::new("score", Kind::OptF64),
    ];
    let mut table = TableWriter::create(sources.folder, "votes", columns)?;
    table.write(&[
        ColumnData::U32(&numbers),
        ColumnData::Category { codes: &groups, names: &VoteGroup::NAMES },
        ColumnData::U32(&of_each(&|ballot| ballot.author.0)),
        ColumnData::U32(&of_each(&|ballot| ballot.confederate.0)),
        ColumnData::U32(&of_each(&|ballot| ballot.step.0)),
        ColumnData::OptU32(&roots),
        ColumnData::Category { codes: &cast, names: &FirstReading::NAMES },
        ColumnData::U32(&reads),
        ColumnData::OptU32(&of_first(&|first| first.agent.0)),
        ColumnData::OptU32(&of_first(&|first| first.step.0)),
        ColumnData::OptText(&first_votes),
        ColumnData::OptU32(&of_count(&|count| count.up)),
        ColumnData::OptU32(&of_count(&|count| count.down)),
        ColumnData::OptF64(&scores),
    ])?;
    table.finish()
}
