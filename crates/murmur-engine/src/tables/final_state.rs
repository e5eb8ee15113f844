//! Tables of the state at the end: agents, posts, comments and cascades.

use std::borrow::Cow;

use murmur_agents::{Mood, credence};
use murmur_core::{AgentId, PostId, Text, TopicId};
use murmur_data::DataError;
use murmur_data::table::{Column, ColumnData, Kind, TableWriter};
use murmur_metrics::Spread;
use murmur_store::PostKind;

use super::TableSources;
use crate::World;

/// Rows that are gathered before they are written.
const ROWS_PER_GROUP: usize = 100_000;

/// The tables of the final state.
pub(super) struct FinalTables<'a>(pub(super) &'a TableSources<'a>);

/// Texts of some rows, as a writer wants them.
fn borrowed<'a>(texts: &'a [Cow<'_, str>]) -> Vec<&'a str> {
    texts.iter().map(|text| &**text).collect()
}

impl FinalTables<'_> {
    /// The words of `text`, under the naming in force.
    fn words<'t>(&'t self, text: &'t Text) -> Cow<'t, str> {
        self.0.naming.words(self.0.world.public.render(text))
    }

    fn topic_name(&self, topic: Option<TopicId>) -> Option<&str> {
        topic.map(|topic| self.0.world.config.topic[topic.index()].name.as_str())
    }

    /// `agents`: who they are, their follows and opinions at the end, and their opinions at the start.
    pub(super) fn agents(&self) -> Result<(), DataError> {
        let mut columns = vec![
            Column::new("agent_id", Kind::U32),
            Column::new("user_name", Kind::Text),
            Column::new("name", Kind::Text),
            Column::new("bio", Kind::Text),
            Column::new("label", Kind::OptText),
            Column::new("followings", Kind::U32),
            Column::new("followers", Kind::U32),
        ];
        for topic in &self.0.world.config.topic {
            columns.push(Column::new(format!("opinion_first:{}", topic.name), Kind::F32));
            columns.push(Column::new(format!("opinion_last:{}", topic.name), Kind::F32));
        }
        if self.0.world.emotions.config().enabled {
            for topic in &self.0.world.config.topic {
                columns.push(Column::new(format!("arousal_last:{}", topic.name), Kind::F32));
                columns.push(Column::new(format!("valence_last:{}", topic.name), Kind::F32));
            }
        }
        for claim in &self.0.world.config.claim {
            columns.push(Column::new(format!("credence_last:{}", claim.name), Kind::F32));
        }
        let mut table = TableWriter::create(self.0.folder, "agents", columns)?;
        let agents: Vec<AgentId> = self.0.world.population.agents().collect();
        for agents in agents.chunks(ROWS_PER_GROUP) {
            self.write_agents(&mut table, agents)?;
        }
        table.finish()
    }

    fn write_agents(&self, table: &mut TableWriter, agents: &[AgentId]) -> Result<(), DataError> {
        let World { population, public, beliefs, .. } = self.0.world;
        let follows = &public.graph.follows;
        let ids: Vec<u32> = agents.iter().map(|agent| agent.0).collect();
        let naming = self.0.naming;
        let user_names: Vec<Cow<'_, str>> =
            agents.iter().map(|&agent| naming.name(agent, population.user_name(agent))).collect();
        let names: Vec<Cow<'_, str>> =
            agents.iter().map(|&agent| naming.name(agent, population.name(agent))).collect();
        let (user_names, names) = (borrowed(&user_names), borrowed(&names));
        let bios: Vec<&str> = agents.iter().map(|&agent| naming.bio(population.bio(agent))).collect();
        let labels: Vec<Option<&str>> = agents.iter().map(|&agent| population.label(agent)).collect();
        let followings: Vec<u32> =
            agents.iter().map(|&agent| follows.followees(agent).len() as u32).collect();
        let followers: Vec<u32> = agents.iter().map(|&agent| follows.follower_count(agent)).collect();
        let opinions: Vec<Vec<f32>> = (0..self.0.world.config.topic.len())
            .flat_map(|topic| [&self.0.start.beliefs, beliefs].map(|beliefs| (topic, beliefs)))
            .map(|(topic, beliefs)| agents.iter().map(|&agent| beliefs.of(agent)[topic].get()).collect())
            .collect();
        let inner = self.inner_states(agents);
        let mut data = vec![
            ColumnData::U32(&ids),
            ColumnData::Text(&user_names),
            ColumnData::Text(&names),
            ColumnData::Text(&bios),
            ColumnData::OptText(&labels),
            ColumnData::U32(&followings),
            ColumnData::U32(&followers),
        ];
        data.extend(opinions.iter().chain(&inner).map(|column| ColumnData::F32(column)));
        table.write(&data)
    }

    /// Columns of what agents feel at the end, topic by topic, and how far they believe each claim.
    fn inner_states(&self, agents: &[AgentId]) -> Vec<Vec<f32>> {
        let World { emotions, credences, clock, config, .. } = self.0.world;
        let topics = if emotions.config().enabled { config.topic.len() } else { 0 };
        let mut columns = Vec::new();
        for topic in (0..topics).map(|topic| TopicId(topic as u16)) {
            let mood = |&agent: &AgentId| emotions.mood(agent, topic, self.0.end, clock);
            let moods: Vec<Mood> = agents.iter().map(mood).collect();
            columns.push(moods.iter().map(|mood| mood.arousal).collect());
            columns.push(moods.iter().map(|mood| mood.valence).collect());
        }
        for claim in 0..config.claim.len() {
            let believed = |&agent: &AgentId| credence(credences.of(agent)[claim]) as f32;
            columns.push(agents.iter().map(believed).collect());
        }
        columns
    }

    /// `posts`: every row of the post table with its words and counters.
    pub(super) fn posts(&self) -> Result<(), DataError> {
        let columns = vec![
            Column::new("post_id", Kind::U32),
            Column::new("author_id", Kind::U32),
            Column::new("step", Kind::U32),
            Column::new("minute", Kind::U32),
            Column::new("kind", Kind::Category),
            Column::new("parent_id", Kind::OptU32),
            Column::new("root_id", Kind::U32),
            Column::new("original_id", Kind::OptU32),
            Column::new("topic", Kind::OptText),
            Column::new("stance", Kind::F32),
            Column::new("content", Kind::OptText),
            Column::new("likes", Kind::U32),
            Column::new("dislikes", Kind::U32),
            Column::new("shares", Kind::U32),
            Column::new("comments", Kind::U32),
            Column::new("reports", Kind::U32),
        ];
        let mut table = TableWriter::create(self.0.folder, "posts", columns)?;
        let posts: Vec<PostId> = self.0.world.public.posts().ids().collect();
        for rows in posts.chunks(ROWS_PER_GROUP) {
            self.write_posts(&mut table, rows)?;
        }
        table.finish()
    }

    fn write_posts(&self, table: &mut TableWriter, rows: &[PostId]) -> Result<(), DataError> {
        let public = &self.0.world.public;
        let posts = public.posts();
        let column = |of: &dyn Fn(PostId) -> u32| -> Vec<u32> { rows.iter().map(|&row| of(row)).collect() };
        let optional = |of: &dyn Fn(PostId) -> Option<PostId>| -> Vec<Option<u32>> {
            rows.iter().map(|&row| of(row).map(|post| post.get())).collect()
        };
        let topics: Vec<Option<&str>> = rows.iter().map(|&row| self.topic_name(posts.topic(row))).collect();
        let stances: Vec<f32> = rows.iter().map(|&row| posts.stance(row).get()).collect();
        let kinds: Vec<u8> = rows.iter().map(|&row| posts.kind(row) as u8).collect();
        // A repost has no words of its own.
        let words: Vec<Option<Cow<'_, str>>> = rows
            .iter()
            .map(|&row| (posts.kind(row) != PostKind::Repost).then(|| self.words(posts.text(row))))
            .collect();
        let words: Vec<Option<&str>> = words.iter().map(|text| text.as_deref()).collect();
        table.write(&[
            ColumnData::U32(&column(&|row| row.get())),
            ColumnData::U32(&column(&|row| posts.author(row).0)),
            ColumnData::U32(&column(&|row| posts.created(row).0)),
            ColumnData::U32(&column(&|row| self.0.world.clock.minute(posts.created(row)).0)),
            ColumnData::Category { codes: &kinds, names: &PostKind::ALL.map(PostKind::name) },
            ColumnData::OptU32(&optional(&|row| posts.parent(row))),
            ColumnData::U32(&column(&|row| posts.root(row).get())),
            ColumnData::OptU32(&optional(&|row| posts.original(row))),
            ColumnData::OptText(&topics),
            ColumnData::F32(&stances),
            ColumnData::OptText(&words),
            ColumnData::U32(&column(&|row| posts.likes(row))),
            ColumnData::U32(&column(&|row| posts.dislikes(row))),
            ColumnData::U32(&column(&|row| posts.shares(row))),
            ColumnData::U32(&column(&|row| posts.comments(row))),
            ColumnData::U32(&column(&|row| posts.reports(row))),
        ])
    }

    /// `comments`: every comment with its words.
    pub(super) fn comments(&self) -> Result<(), DataError> {
        let columns = vec![
            Column::new("comment_id", Kind::U32),
            Column::new("post_id", Kind::U32),
            Column::new("author_id", Kind::U32),
            Column::new("step", Kind::U32),
            Column::new("topic", Kind::OptText),
            Column::new("stance", Kind::F32),
            Column::new("content", Kind::Text),
        ];
        let mut table = TableWriter::create(self.0.folder, "comments", columns)?;
        let comments = self.0.world.public.comments();
        let ids: Vec<_> = comments.ids().collect();
        for rows in ids.chunks(ROWS_PER_GROUP) {
            let column = |of: &dyn Fn(usize) -> u32| -> Vec<u32> { (0..rows.len()).map(of).collect() };
            let topics: Vec<Option<&str>> =
                rows.iter().map(|&row| self.topic_name(comments.topic(row))).collect();
            let stances: Vec<f32> = rows.iter().map(|&row| comments.stance(row).get()).collect();
            let words: Vec<Cow<'_, str>> = rows.iter().map(|&row| self.words(comments.text(row))).collect();
            table.write(&[
                ColumnData::U32(&column(&|i| rows[i].get())),
                ColumnData::U32(&column(&|i| comments.post(rows[i]).get())),
                ColumnData::U32(&column(&|i| comments.author(rows[i]).0)),
                ColumnData::U32(&column(&|i| comments.created(rows[i]).0)),
                ColumnData::OptText(&topics),
                ColumnData::F32(&stances),
                ColumnData::Text(&borrowed(&words)),
            ])?;
        }
        table.finish()
    }

    /// `cascades`: the spread of every root; its quotes and comments are counted apart.
    pub(super) fn cascades(&self) -> Result<(), DataError> {
        let columns = vec![
            Column::new("root_id", Kind::U32),
            Column::new("author_id", Kind::U32),
            Column::new("step", Kind::U32),
            Column::new("topic", Kind::OptText),
            Column::new("name", Kind::OptText),
            Column::new("scale", Kind::U32),
            Column::new("depth", Kind::U32),
            Column::new("max_breadth", Kind::U32),
            Column::new("structural_virality", Kind::F64),
            Column::new("quotes", Kind::U32),
            Column::new("comments", Kind::U32),
        ];
        let mut table = TableWriter::create(self.0.folder, "cascades", columns)?;
        let roots: Vec<PostId> = self.0.meter.cascades.roots().collect();
        for rows in roots.chunks(ROWS_PER_GROUP) {
            self.write_cascades(&mut table, rows)?;
        }
        table.finish()
    }

    fn write_cascades(&self, table: &mut TableWriter, rows: &[PostId]) -> Result<(), DataError> {
        let posts = self.0.world.public.posts();
        let spreads: Vec<Spread> = rows.iter().map(|&row| self.0.meter.cascades.spread(row)).collect();
        let column = |of: &dyn Fn(PostId) -> u32| -> Vec<u32> { rows.iter().map(|&row| of(row)).collect() };
        let spread = |of: &dyn Fn(&Spread) -> u32| -> Vec<u32> { spreads.iter().map(of).collect() };
        let topics: Vec<Option<&str>> = rows.iter().map(|&row| self.topic_name(posts.topic(row))).collect();
        let names: Vec<Option<&str>> = rows.iter().map(|&row| self.0.meter.watched_name(row)).collect();
        let virality: Vec<f64> = spreads.iter().map(|spread| spread.structural_virality).collect();
        table.write(&[
            ColumnData::U32(&column(&|row| row.get())),
            ColumnData::U32(&column(&|row| posts.author(row).0)),
            ColumnData::U32(&column(&|row| posts.created(row).0)),
            ColumnData::OptText(&topics),
            ColumnData::OptText(&names),
            ColumnData::U32(&spread(&|spread| spread.scale)),
            ColumnData::U32(&spread(&|spread| spread.depth)),
            ColumnData::U32(&spread(&|spread| spread.max_breadth)),
            ColumnData::F64(&virality),
            ColumnData::U32(&column(&|row| posts.shares(row) - posts.repost_count(row))),
            ColumnData::U32(&column(&|row| posts.comments(row))),
        ])
    }
}
