//! What a report draws of a run, read from the journal in one pass; no state is made again.

use murmur_core::{Stance, Step};
use murmur_journal::Tables;

use crate::history::{RecordedOpinions, RecordedStep};
use crate::inspect::Branching;
use crate::series::{Gathered, Series};
use crate::{EngineError, Run};

/// What the journal of a run holds for a picture of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Picture {
    /// The digest of all steps, in hexadecimal.
    pub digest: String,
    /// Steps done.
    pub steps: u32,
    /// All measures.
    pub series: Vec<Series>,
    /// How opinions were spread at some moments, if it is known where they began.
    pub opinions: Option<OpinionFrames>,
}

/// The opinions before the first step, as the journal holds their changes alone.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct FirstOpinions {
    /// By topic, one for each agent.
    pub by_topic: Vec<Vec<f32>>,
    /// The group of each agent.
    pub group_of: Vec<u16>,
    /// Groups there are, at least 1.
    pub groups: usize,
    /// Equal bins from -1 to 1 to count opinions in, at least 1.
    pub bins: usize,
    /// The most moments to count them at.
    pub most_frames: u32,
}

/// Agents by opinion at some moments.
#[derive(Clone, PartialEq, Debug)]
pub struct OpinionFrames {
    /// The steps before which they were counted; the last is that after the run.
    pub before: Vec<Step>,
    /// Bins from -1 to 1.
    pub bins: usize,
    /// By moment, topic, group and bin.
    counts: Vec<u32>,
    topics: usize,
    groups: usize,
}

impl OpinionFrames {
    /// Agents of a group in each bin of opinions on a topic.
    ///
    /// # Panics
    /// When there is no such frame, topic or group.
    pub fn counts(&self, frame: usize, topic: usize, group: usize) -> &[u32] {
        assert!(topic < self.topics && group < self.groups, "topic {topic}, group {group}");
        let start = ((frame * self.topics + topic) * self.groups + group) * self.bins;
        &self.counts[start..start + self.bins]
    }

    /// Agents of all groups in each bin of opinions on a topic.
    ///
    /// # Panics
    /// As [`Self::counts`].
    pub fn of_all(&self, frame: usize, topic: usize) -> Vec<u32> {
        let mut sums = vec![0; self.bins];
        for group in 0..self.groups {
            for (sum, count) in sums.iter_mut().zip(self.counts(frame, topic, group)) {
                *sum += count;
            }
        }
        sums
    }
}

impl Run {
    /// The run as its journal shows it, with opinions over time from where they began.
    ///
    /// # Errors
    /// When the journal cannot be read, or `first` is of another population.
    pub fn picture(&self, first: Option<FirstOpinions>) -> Result<Picture, EngineError> {
        let mut gathered = Gathered::default();
        let (mut digest, mut steps) = (String::new(), 0);
        let mut counter = first.map(|first| self.counter(first)).transpose()?;
        if let Some(mut journal) = self.journal()? {
            digest = journal.digest().to_string();
            steps = journal.steps().len() as u32;
            let every =
                counter.as_ref().map_or(1, |counter| steps.div_ceil(counter.most_frames.max(1)).max(1));
            for step in journal.steps() {
                let tables = [RecordedStep::MEASURES, RecordedStep::OPINIONS];
                let wanted = if counter.is_some() { &tables[..] } else { &tables[..1] };
                let recorded = RecordedStep { step, batches: journal.step(step, Tables::Only(wanted))? };
                gathered.add(&recorded)?;
                let Some(counter) = &mut counter else { continue };
                if step.0.is_multiple_of(every) {
                    counter.look(step);
                }
                for changed in recorded.opinions()? {
                    counter.take_in(&changed).ok_or_else(|| self.of_another_population())?;
                }
            }
        }
        let opinions = counter.map(|mut counter| {
            counter.look(Step(steps));
            counter.frames
        });
        Ok(Picture { digest, steps, series: gathered.series(), opinions })
    }

    /// The version of the program that began it.
    pub fn version(&self) -> &str {
        &self.manifest().murmur
    }

    /// The runs that it branched off from, the first ancestor first.
    pub fn branchings(&self) -> Vec<Branching> {
        let ancestors = self.ancestors().iter();
        ancestors.map(|ancestor| Branching { run: ancestor.run.clone(), at: ancestor.until }).collect()
    }

    fn counter(&self, first: FirstOpinions) -> Result<Counter, EngineError> {
        let agents = first.group_of.len();
        let fits = first.by_topic.len() == self.config().topic.len()
            && first.by_topic.iter().all(|opinions| opinions.len() == agents)
            && first.group_of.iter().all(|&group| usize::from(group) < first.groups);
        if fits { Ok(Counter::new(first)) } else { Err(self.of_another_population()) }
    }

    fn of_another_population(&self) -> EngineError {
        EngineError::Unfit(format!(
            "{}: its tables and its journal are of different populations; remove its folder tables and go on with murmur \
             resume, which makes them anew",
            self.path().display()
        ))
    }
}

/// Counts opinions while they change.
struct Counter {
    opinions: Vec<Vec<f32>>,
    group_of: Vec<u16>,
    most_frames: u32,
    /// By topic, group and bin.
    now: Vec<u32>,
    frames: OpinionFrames,
}

impl Counter {
    fn new(first: FirstOpinions) -> Self {
        let FirstOpinions { by_topic, group_of, groups, bins, most_frames } = first;
        let topics = by_topic.len();
        let now = vec![0; topics * groups * bins];
        let frames = OpinionFrames { before: Vec::new(), bins, counts: Vec::new(), topics, groups };
        let mut counter = Self { opinions: by_topic, group_of, most_frames, now, frames };
        for topic in 0..topics {
            for agent in 0..counter.group_of.len() {
                let place = counter.place(topic, agent);
                counter.now[place] += 1;
            }
        }
        counter
    }

    /// The place in `now` where an agent counts; 1 belongs to the last bin.
    fn place(&self, topic: usize, agent: usize) -> usize {
        let OpinionFrames { bins, groups, .. } = self.frames;
        let bin = (f64::midpoint(f64::from(self.opinions[topic][agent]), 1.0) * bins as f64) as usize;
        (topic * groups + usize::from(self.group_of[agent])) * bins + bin.min(bins - 1)
    }

    fn look(&mut self, before: Step) {
        self.frames.before.push(before);
        self.frames.counts.extend(&self.now);
    }

    /// None if there is no such agent or topic.
    fn take_in(&mut self, changed: &RecordedOpinions) -> Option<()> {
        let agent = changed.agent.index();
        for &(topic, to) in &changed.changed {
            self.opinions.get(topic)?.get(agent)?;
            let from = self.place(topic, agent);
            self.opinions[topic][agent] = Stance::get(to);
            let to = self.place(topic, agent);
            self.now[from] -= 1;
            self.now[to] += 1;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use murmur_core::AgentId;

    use super::*;

    #[test]
    fn opinions_are_counted_where_they_are_and_go_where_they_move() {
        let first = FirstOpinions {
            by_topic: vec![vec![-1.0, 0.0, 1.0]],
            group_of: vec![0, 1, 1],
            groups: 2,
            bins: 4,
            most_frames: 10,
        };
        let mut counter = Counter::new(first);
        counter.look(Step(0));
        let moved = |agent, topic, to| RecordedOpinions {
            agent: AgentId(agent),
            changed: vec![(topic, Stance::clamped(to))],
        };
        counter.take_in(&moved(2, 0, 0.2)).unwrap();
        counter.look(Step(1));
        let frames = &counter.frames;
        assert_eq!((frames.counts(0, 0, 0), frames.counts(0, 0, 1)), (&[1, 0, 0, 0][..], &[0, 0, 1, 1][..]));
        assert_eq!((frames.counts(1, 0, 1), frames.of_all(1, 0)), (&[0, 0, 2, 0][..], vec![1, 0, 2, 0]));
        assert!(counter.take_in(&moved(3, 0, 0.0)).is_none(), "there is no such agent");
        assert!(counter.take_in(&moved(0, 1, 0.0)).is_none(), "there is no such topic");
    }
}
