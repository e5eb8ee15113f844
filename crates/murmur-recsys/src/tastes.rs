//! What accounts showed that they like, kept up from events: their latest likes, where they lean on each topic, and from
//! which sides the likes of each root came.
//!
//! It is public state: whoever sees the events of a run from its beginning can keep it. Deleting a post changes nothing
//! here: its author and those who liked it have shown what they like.

use murmur_core::{Action, AgentId, Event, Outcome, PostId, RecordId, Stance, TopicId, heap};
use murmur_store::Public;

/// Likes that are remembered for each account.
const RECENT: usize = 8;

/// Stances are added up in steps of 1/4096, so that taking one back leaves no trace. Sums of up to 524,288 stances of
/// one side fit.
const STEPS: f32 = 4096.0;

/// What each account likes and where it leans; which sides like each root.
///
/// Per account 32 bytes and 4 for each topic, per row 8, per like 1.
#[derive(Debug)]
pub(crate) struct Tastes {
    topics: usize,
    /// The last roots that each account liked, the latest first, then nothing.
    recent: Vec<[Option<PostId>; RECENT]>,
    /// Account by account, for each topic the sum of stances in [`STEPS`].
    leans: Vec<i32>,
    /// Likes of each row, a root, by side.
    sides: Vec<Sides>,
    /// From which side each like came, by its row in the table of likes, to take it back from there.
    side_of_like: Vec<Option<Side>>,
}

/// Where an account leans on a topic.
#[derive(Clone, Copy, Debug)]
enum Side {
    Against,
    For,
}

impl Side {
    /// The side of an account whose stances add up to `lean`; `None` if it leans to neither.
    fn of(lean: i32) -> Option<Self> {
        match lean {
            ..0 => Some(Self::Against),
            0 => None,
            1.. => Some(Self::For),
        }
    }
}

/// Likes of one root from accounts that lean.
#[derive(Clone, Copy, Default, Debug)]
struct Sides {
    against: u32,
    for_it: u32,
}

impl Sides {
    fn of(&mut self, side: Side) -> &mut u32 {
        match side {
            Side::Against => &mut self.against,
            Side::For => &mut self.for_it,
        }
    }
}

impl Tastes {
    pub(crate) fn memory_bytes(&self) -> usize {
        let Self { topics: _, recent, leans, sides, side_of_like } = self;
        heap::of_column(recent)
            + heap::of_column(leans)
            + heap::of_column(sides)
            + heap::of_column(side_of_like)
    }

    /// Those of `agents` accounts on `topics`, of whom nobody has shown anything yet.
    pub(crate) fn new(agents: u32, topics: usize) -> Self {
        Self {
            topics,
            recent: vec![[None; RECENT]; agents as usize],
            leans: vec![0; agents as usize * topics],
            sides: Vec::new(),
            side_of_like: Vec::new(),
        }
    }

    /// Number of topics.
    pub(crate) fn topics(&self) -> usize {
        self.topics
    }

    /// Takes in the events of a step, which come in their order; `public` is the platform after them.
    pub(crate) fn take_in(&mut self, public: &Public, events: &[Event]) {
        self.sides.resize(public.posts().len(), Sides::default());
        for event in events {
            match (&event.action, &event.outcome) {
                (Action::CreatePost(draft) | Action::QuotePost(_, draft), Outcome::Posted(_)) => {
                    if let Some(topic) = draft.topic {
                        self.move_lean(event.agent, topic, steps(draft.stance));
                    }
                }
                (&Action::LikePost(post), &Outcome::Recorded(like)) => {
                    self.like(public, event.agent, post, like);
                }
                (&Action::UnlikePost(post), &Outcome::Recorded(like)) => {
                    self.unlike(public, event.agent, post, like);
                }
                _ => {}
            }
        }
    }

    fn like(&mut self, public: &Public, agent: AgentId, post: PostId, like: RecordId) {
        let posts = public.posts();
        let root = posts.root(post);
        let recent = &mut self.recent[agent.index()];
        recent.rotate_right(1);
        recent[0] = Some(root);

        let mut side = None;
        if let Some(topic) = posts.topic(root) {
            // What it showed before decides its side, not this like. What a hidden account shows is to move nobody's feed.
            side = Side::of(self.leans[self.place(agent, topic)]);
            side = side.filter(|_| !public.moderation().is_hidden(agent));
            self.move_lean(agent, topic, steps(posts.stance(root)));
        }
        if let Some(side) = side {
            *self.sides[root.index()].of(side) += 1;
        }
        if self.side_of_like.len() <= like.index() {
            self.side_of_like.resize(like.index() + 1, None);
        }
        self.side_of_like[like.index()] = side;
    }

    fn unlike(&mut self, public: &Public, agent: AgentId, post: PostId, like: RecordId) {
        let posts = public.posts();
        let root = posts.root(post);
        let recent = &mut self.recent[agent.index()];
        if let Some(place) = recent.iter().position(|&liked| liked == Some(root)) {
            recent[place..].rotate_left(1);
            recent[RECENT - 1] = None;
        }
        if let Some(topic) = posts.topic(root) {
            self.move_lean(agent, topic, -steps(posts.stance(root)));
        }
        if let Some(side) = self.side_of_like[like.index()].take() {
            *self.sides[root.index()].of(side) -= 1;
        }
    }

    /// The last roots that the account liked and likes still, the latest first, at most eight. A like that eight later
    /// ones pushed out does not come back when one of them is taken back.
    pub(crate) fn recent_likes(&self, agent: AgentId) -> impl Iterator<Item = PostId> + '_ {
        self.recent[agent.index()].iter().map_while(|&root| root)
    }

    /// The sum of the stances of the account's own posts and quotes on the topic and of the posts on it that it likes;
    /// above 0 it leans for, below 0 against.
    #[cfg(test)]
    fn lean(&self, agent: AgentId, topic: TopicId) -> f32 {
        self.leans[self.place(agent, topic)] as f32 / STEPS
    }

    /// √(l·r), l and r being the likes of `root` by accounts that leaned against and for, on its topic, before they
    /// liked it. Accounts that leaned to neither side do not count, nor such as were hidden when they liked it.
    pub(crate) fn bridging(&self, root: PostId) -> f32 {
        let sides = self.sides.get(root.index()).copied().unwrap_or_default();
        (f64::from(sides.against) * f64::from(sides.for_it)).sqrt() as f32
    }

    fn move_lean(&mut self, agent: AgentId, topic: TopicId, steps: i32) {
        let place = self.place(agent, topic);
        let lean = &mut self.leans[place];
        // Even beyond the limit what is taken back leaves no trace.
        *lean = lean.wrapping_add(steps);
    }

    fn place(&self, agent: AgentId, topic: TopicId) -> usize {
        debug_assert!(topic.index() < self.topics, "{topic:?} of {}", self.topics);
        agent.index() * self.topics + topic.index()
    }
}

fn steps(stance: Stance) -> i32 {
    (stance.get() * STEPS).round() as i32
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use murmur_core::{CommentId, Draft, Step, Text};
    use murmur_graph::{FollowGraph, SocialGraph};
    use murmur_store::Phrasebook;
    use proptest::prelude::*;

    use super::*;

    const AGENTS: u32 = 5;
    const TOPICS: usize = 2;

    /// A platform with its tastes, kept step by step.
    struct World {
        public: Public,
        tastes: Tastes,
        events: Vec<Event>,
        taken_in: usize,
    }

    impl World {
        fn new() -> Self {
            let graph = SocialGraph::new(FollowGraph::from_edges(AGENTS, Vec::new()).graph);
            let public = Public::new(graph, Phrasebook::new(Vec::new()), 0);
            Self { public, tastes: Tastes::new(AGENTS, TOPICS), events: Vec::new(), taken_in: 0 }
        }

        /// Carries out the action; whether it succeeded.
        fn act(&mut self, agent: u32, action: Action) -> bool {
            let agent = AgentId(agent);
            let outcome = self.public.apply(Step(0), agent, &action);
            let succeeded = outcome.succeeded();
            self.events.push(Event { step: Step(0), agent, action, outcome });
            succeeded
        }

        fn end_step(&mut self) {
            self.tastes.take_in(&self.public, &self.events[self.taken_in..]);
            self.taken_in = self.events.len();
        }

        fn lean(&self, agent: u32, topic: u16) -> f32 {
            self.tastes.lean(AgentId(agent), TopicId(topic))
        }
    }

    fn draft(topic: Option<u16>, stance: f32) -> Draft {
        let (topic, stance) = (topic.map(TopicId), Stance::clamped(stance));
        Draft { text: Text::own("words"), topic, stance, vector: Box::default() }
    }

    fn post(id: u32) -> PostId {
        PostId::new(id).expect("ids count from 1")
    }

    /// What the whole history says of everybody, worked out again for each event from all before.
    #[derive(Default)]
    struct Model {
        own: Vec<(AgentId, Option<TopicId>, f32)>,
        /// Standing likes in their order, with the lean of who liked, then.
        likes: Vec<(AgentId, PostId, f32)>,
        recent: BTreeMap<AgentId, Vec<PostId>>,
    }

    impl Model {
        fn of(world: &World) -> Self {
            let mut model = Self::default();
            let posts = world.public.posts();
            for Event { agent, action, outcome, .. } in &world.events {
                let agent = *agent;
                let recent = model.recent.entry(agent).or_default();
                if !outcome.succeeded() {
                    continue;
                }
                match action {
                    Action::CreatePost(draft) | Action::QuotePost(_, draft) => {
                        model.own.push((agent, draft.topic, draft.stance.get()));
                    }
                    Action::LikePost(post) => {
                        let root = posts.root(*post);
                        recent.insert(0, root);
                        recent.truncate(8);
                        let lean = posts.topic(root).map_or(0.0, |topic| model.lean(world, agent, topic));
                        model.likes.push((agent, root, lean));
                    }
                    Action::UnlikePost(post) => {
                        let root = posts.root(*post);
                        recent.retain(|&liked| liked != root);
                        model.likes.retain(|&(who, liked, _)| (who, liked) != (agent, root));
                    }
                    _ => {}
                }
            }
            model
        }

        fn lean(&self, world: &World, agent: AgentId, topic: TopicId) -> f32 {
            let posts = world.public.posts();
            let own = self.own.iter().filter(|own| (own.0, own.1) == (agent, Some(topic)));
            let on_topic =
                |like: &&(AgentId, PostId, f32)| like.0 == agent && posts.topic(like.1) == Some(topic);
            let liked = self.likes.iter().filter(on_topic);
            own.map(|own| own.2).sum::<f32>() + liked.map(|like| posts.stance(like.1).get()).sum::<f32>()
        }

        fn bridging(&self, root: PostId) -> f32 {
            let likes =
                |side: f32| self.likes.iter().filter(|like| like.1 == root && like.2 * side > 0.0).count();
            ((likes(1.0) * likes(-1.0)) as f32).sqrt()
        }
    }

    /// The tastes are those of the model.
    fn check(world: &World) -> Result<(), TestCaseError> {
        let model = Model::of(world);
        for agent in (0..AGENTS).map(AgentId) {
            let recent: Vec<PostId> = world.tastes.recent_likes(agent).collect();
            prop_assert_eq!(recent, model.recent.get(&agent).cloned().unwrap_or_default());
            for topic in (0..TOPICS as u16).map(TopicId) {
                prop_assert_eq!(world.tastes.lean(agent, topic), model.lean(world, agent, topic));
            }
        }
        for post in world.public.posts().ids() {
            prop_assert_eq!(world.tastes.bridging(post), model.bridging(post), "{}", post);
        }
        Ok(())
    }

    /// Whatever somebody may do that concerns tastes, and the rest; stances are quarters, which add up exactly.
    fn any_action() -> impl Strategy<Value = Action> {
        let any_draft = (prop::option::weighted(0.8, 0..TOPICS as u16), -4..=4i8)
            .prop_map(|(topic, quarters)| draft(topic, f32::from(quarters) / 4.0));
        let any_post = || (1..30u32).prop_map(post);
        let any_comment = || (1..5u32).prop_map(|id| CommentId::new(id).expect("ids count from 1"));
        prop_oneof![
            6 => any_draft.clone().prop_map(Action::CreatePost),
            1 => (any_post(), any_draft.clone()).prop_map(|(post, draft)| Action::QuotePost(post, draft)),
            3 => any_post().prop_map(Action::Repost),
            20 => any_post().prop_map(Action::LikePost),
            4 => any_post().prop_map(Action::UnlikePost),
            1 => any_post().prop_map(Action::DislikePost),
            1 => any_post().prop_map(Action::DeletePost),
            1 => (any_post(), any_draft).prop_map(|(post, draft)| Action::CreateComment(post, draft)),
            1 => any_comment().prop_map(Action::LikeComment),
            1 => any_comment().prop_map(Action::UnlikeComment),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn tastes_are_those_of_the_whole_history(
            steps in prop::collection::vec(prop::collection::vec((0..AGENTS, any_action()), 10..80), 1..6),
        ) {
            let mut world = World::new();
            for actions in steps {
                for (agent, action) in actions {
                    world.act(agent, action);
                }
                world.end_step();
                check(&world)?;
            }
        }

        /// Stances that no number of steps is: the sum is nearly theirs, and what is taken back leaves no trace.
        #[test]
        fn likes_taken_back_leave_no_trace(
            stances in prop::collection::vec(-1f32..=1.0, 1..30),
            order in any::<prop::sample::Index>(),
        ) {
            let mut world = World::new();
            world.act(1, Action::CreatePost(draft(Some(0), 0.3)));
            world.end_step();
            let before = world.lean(1, 0);
            for &stance in &stances {
                prop_assert!(world.act(0, Action::CreatePost(draft(Some(0), stance))));
            }
            let liked: Vec<PostId> = world.public.posts().ids().skip(1).collect();
            for &post in &liked {
                prop_assert!(world.act(1, Action::LikePost(post)));
            }
            world.end_step();
            let sum = 0.3 + stances.iter().sum::<f32>();
            prop_assert!((world.lean(1, 0) - sum).abs() < 31.0 / 8192.0 + 1e-5);
            let middle = order.index(liked.len());
            for &post in liked[middle..].iter().chain(&liked[..middle]) {
                prop_assert!(world.act(1, Action::UnlikePost(post)));
            }
            world.end_step();
            prop_assert_eq!(world.lean(1, 0), before);
            prop_assert_eq!(world.tastes.recent_likes(AgentId(1)).count(), 0);
            prop_assert!(world.tastes.sides.iter().all(|sides| (sides.against, sides.for_it) == (0, 0)));
        }
    }

    #[test]
    fn a_root_bridges_as_far_as_both_sides_like_it() {
        let mut world = World::new();
        for (agent, stance) in [(0, 0.0), (1, 0.5), (2, -0.5), (3, -0.2), (4, 0.0)] {
            world.act(agent, Action::CreatePost(draft(Some(1), stance)));
        }
        // Agent 4 does not lean, and likes through a repost.
        world.act(1, Action::Repost(post(1)));
        for (agent, row) in [(1, 1), (2, 1), (3, 1), (4, 6)] {
            assert!(world.act(agent, Action::LikePost(post(row))));
        }
        world.end_step();
        assert_eq!(world.tastes.bridging(post(1)), 2f32.sqrt());
        assert_eq!(world.tastes.bridging(post(2)), 0.0);
        assert_eq!(world.tastes.bridging(post(99)), 0.0);
        // Agent 2 changes sides, and its like is taken back from the side that it was of.
        world.act(2, Action::CreatePost(draft(Some(1), 1.0)));
        world.act(2, Action::UnlikePost(post(1)));
        world.end_step();
        assert!(world.lean(2, 1) > 0.0);
        assert_eq!(world.tastes.bridging(post(1)), 1.0);
    }
}
