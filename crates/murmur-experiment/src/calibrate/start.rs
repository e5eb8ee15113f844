//! How a simulation starts from an observed tree.
//!
//! The platform's first step stands for minute `from`. In it a script carries out the first post and all reposts until
//! then, each by an agent of its own, which follows whom it got the post from. Beside them there is an audience that has
//! not shared: for each repost of the last minutes before `from`, some accounts that follow the same account as its
//! author does. A cascade that still grows fast so has a large audience left, one that is over has none, and the audience
//! stands where the tree grew last.

use murmur_core::{Action, AgentId, Draft, Follow, PostId, Stance, Step, Text, TopicId};
use murmur_data::cascades::{ObservedCascade, ObservedRepost};
use murmur_data::script::ScriptLine;
use murmur_engine::Addition;

use super::{MEASURES, PerMeasure, Plan, StartPlan};

/// An observed cascade as a calibration uses it.
#[derive(Clone, Debug)]
pub(super) struct Observed {
    /// Its place in the file, from 0.
    pub(super) place: usize,
    /// What was observed, to the end.
    pub(super) cascade: ObservedCascade,
    /// Each measure at minutes 0 to `until`.
    pub(super) real: PerMeasure<Vec<f64>>,
    /// Reposts until minute `from`.
    known: usize,
    from: u32,
}

/// What a simulation begins with.
pub(super) struct World {
    /// Follows and the script.
    pub(super) addition: Addition,
    /// How many agents there are.
    pub(super) agents: u32,
}

impl Observed {
    /// The cascade at `place` of the file.
    pub(super) fn new(place: usize, cascade: ObservedCascade, plan: &Plan) -> Self {
        let known = cascade.reposts.partition_point(|repost| repost.minute <= f64::from(plan.from));
        Self { place, real: series_of(&cascade, plan.until), cascade, known, from: plan.from }
    }

    /// The same start with another end: what came of a simulation from it.
    pub(super) fn with_end(&self, reposts: Vec<ObservedRepost>, plan: &Plan) -> Self {
        let cascade = ObservedCascade { reposts, observed_until: plan.until, ..self.cascade.clone() };
        Self::new(self.place, cascade, plan)
    }

    /// The reposts until minute `from`.
    pub(super) fn known(&self) -> &[ObservedRepost] {
        &self.cascade.reposts[..self.known]
    }

    /// The time of day at minute `from`, as HH:MM; midnight where the cascade's own is not known.
    pub(super) fn time_of_day(&self) -> String {
        let minute = self.cascade.starts_at.map_or(0, |start| start + self.from) % (24 * 60);
        format!("{:02}:{:02}", minute / 60, minute % 60)
    }

    /// The world that the platform begins with.
    pub(super) fn world(&self, start: StartPlan) -> World {
        let participants = self.known as u32 + 1;
        let window = f64::from(self.from) - start.window;
        let known = self.known();
        let template = known.iter().filter(|repost| repost.minute > window).map(|repost| repost.parent);
        // So that a fraction of an account adds up over the reposts.
        let sum_until = |reposts: usize| (reposts as f64 * start.audience).floor() as u32;
        let audience = template.enumerate().flat_map(|(place, followee)| {
            (sum_until(place)..sum_until(place + 1)).map(move |number| Follow {
                follower: AgentId(participants + number),
                followee: AgentId(followee),
            })
        });
        let audience: Vec<Follow> = audience.collect();
        let agents = participants + audience.len() as u32;
        let own = (1..)
            .zip(known)
            .map(|(agent, repost)| Follow { follower: AgentId(agent), followee: AgentId(repost.parent) });
        World { addition: Addition { follows: own.chain(audience).collect(), script: self.script() }, agents }
    }

    fn script(&self) -> Vec<ScriptLine> {
        let draft = Draft {
            text: Text::own(&self.cascade.text),
            topic: Some(TopicId(0)),
            stance: Stance::default(),
            vector: Box::default(),
        };
        let first = std::iter::once(Action::CreatePost(draft));
        let reposts =
            self.known().iter().map(|repost| Action::Repost(PostId::from_index(repost.parent as usize)));
        let lines = (0..).zip(first.chain(reposts));
        lines
            .map(|(number, action)| ScriptLine {
                line: u64::from(number) + 1,
                step: Step(0),
                agent: AgentId(number),
                action,
            })
            .collect()
    }
}

/// Each measure of a cascade at minutes 0 to `until`.
pub(super) fn series_of(cascade: &ObservedCascade, until: u32) -> PerMeasure<Vec<f64>> {
    let series = cascade.series(until);
    let lists: [Vec<u32>; MEASURES.len()] = [series.scale, series.depth, series.max_breadth];
    lists.map(|list| list.into_iter().map(f64::from).collect())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::calibrate::{ParameterPlan, Scale};

    /// A plan with no files.
    pub(in crate::calibrate) fn plan() -> Plan {
        let parameter = ParameterPlan {
            key: "diffusion.model.probability".to_owned(),
            low: 0.01,
            high: 0.5,
            scale: Scale::Log,
            start: None,
        };
        let text = "base = \"\"\ncascades = \"\"\nparameter = []\n";
        Plan { parameter: vec![parameter], ..toml::from_str(text).unwrap() }
    }

    /// A cascade that was observed until a minute: a star of 40 reposts, one every 2 minutes, but for a second hop at
    /// minute 50.
    pub(in crate::calibrate) fn cascade(observed_until: u32) -> ObservedCascade {
        let mut reposts: Vec<ObservedRepost> =
            (1..=40).map(|number| ObservedRepost { parent: 0, minute: f64::from(2 * number) }).collect();
        reposts[24].parent = 3;
        ObservedCascade {
            name: "star".to_owned(),
            text: "star".to_owned(),
            starts_at: Some(23 * 60 + 30),
            reposts,
            observed_until,
        }
    }

    #[test]
    fn the_audience_stands_where_the_tree_grew_last() {
        let observed = Observed::new(0, cascade(600), &plan());
        assert_eq!(observed.known().len(), 30);
        assert_eq!(observed.time_of_day(), "00:30");
        let world = observed.world(StartPlan { window: 20.0, audience: 2.5 });
        // Ten reposts came after minute 40, one of them from agent 3.
        assert_eq!(world.agents, 31 + 25);
        let follows = |followee: u32| {
            let audience = world.addition.follows.iter().filter(|follow| follow.follower.0 > 30);
            audience.filter(|follow| follow.followee.0 == followee).count()
        };
        assert_eq!((follows(0), follows(3)), (23, 2));
        assert_eq!(world.addition.follows.iter().filter(|follow| follow.follower.0 <= 30).count(), 30);
        assert_eq!(world.addition.script.len(), 31);
        let over = observed.world(StartPlan { window: 1e-9, audience: 2.5 });
        assert_eq!(over.agents, 31 + 2);
    }
}
