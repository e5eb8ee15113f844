//! What interventions put in force: against a plain list of marks, and by example what the rules make of it.

use std::sync::Arc;

use murmur_core::{
    Action, AgentId, CommentId, Draft, Effect, Event, Found, Outcome, PostId, Refusal, Ruling, Stance, Step,
    Text,
};
use murmur_graph::{FollowGraph, SocialGraph};
use murmur_store::{
    AgentMark, Naming, OasisTable, OasisTables, OutcomeDiffers, Phrasebook, PlatformConfig, PostMark, Public,
    Rated, Rules, Value,
};
use proptest::prelude::*;

const AGENTS: u32 = 5;
const NAMES: [&str; 3] = ["labels", "bans", "notes"];

fn platform() -> Public {
    let graph = SocialGraph::new(FollowGraph::from_edges(AGENTS, Vec::new()).graph);
    let platform = PlatformConfig { trend_top_k: 10, ..PlatformConfig::default() };
    Public::new(graph, Phrasebook::new(Vec::new()), 0).with_rules(Rules { platform, ..Rules::default() })
}

fn draft(words: &str) -> Draft {
    Draft { text: Text::own(words), topic: None, stance: Stance::default(), vector: Box::default() }
}

fn post(id: u32) -> PostId {
    PostId::new(id).unwrap()
}

fn posts(ids: &[u32]) -> Vec<PostId> {
    ids.iter().copied().map(post).collect()
}

/// A platform on which every agent has posted "tea" once: agent 0 wrote post 1, agent 1 post 2, and so on.
fn tea_party() -> Public {
    let mut public = platform();
    for agent in 0..AGENTS {
        public.apply(Step(0), AgentId(agent), &Action::CreatePost(draft("tea")));
    }
    public
}

#[derive(Clone, Debug)]
enum Change {
    MarkPost(usize, u32, PostMark),
    UnmarkPost(usize, u32),
    MarkAgent(usize, u32, AgentMark),
    UnmarkAgent(usize, u32),
    Lift(usize),
    Remove(u32),
    Propose(usize, u32),
    Show(u32, bool),
    Rate(u32, u32, bool),
}

fn any_change() -> impl Strategy<Value = Change> {
    let (by, agent, id) = (0..NAMES.len(), 0..AGENTS + 1, 1..8u32);
    let label = (0..2usize).prop_map(|label| PostMark::Label(["false", "satire"][label].into()));
    // Powers of two, whose products and sums are exact; 2048 is out of bounds.
    let factor = prop_oneof![Just(0.0), Just(0.5), Just(1.0), Just(2.0), Just(-1.0), Just(2048.0)];
    let friction = prop_oneof![Just(0.25), Just(-1.0), Just(f32::NAN)].prop_map(PostMark::Friction);
    let mark = prop_oneof![2 => label, 2 => factor.prop_map(PostMark::Factor), 1 => friction];
    let agent_mark = prop_oneof![
        Just(AgentMark::Suspended),
        Just(AgentMark::ShadowBanned),
        (0..3u16).prop_map(AgentMark::Feed)
    ];
    prop_oneof![
        6 => (by.clone(), id.clone(), mark).prop_map(|(by, id, mark)| Change::MarkPost(by, id, mark)),
        3 => (by.clone(), id.clone()).prop_map(|(by, id)| Change::UnmarkPost(by, id)),
        4 => (by.clone(), agent.clone(), agent_mark).prop_map(|(by, id, mark)| Change::MarkAgent(by, id, mark)),
        2 => (by.clone(), agent.clone()).prop_map(|(by, id)| Change::UnmarkAgent(by, id)),
        1 => by.clone().prop_map(Change::Lift),
        1 => id.clone().prop_map(Change::Remove),
        2 => (by, id.clone()).prop_map(|(by, id)| Change::Propose(by, id)),
        1 => (id.clone(), any::<bool>()).prop_map(|(id, shown)| Change::Show(id, shown)),
        4 => (agent, id, any::<bool>()).prop_map(|(agent, id, helpful)| Change::Rate(agent, id, helpful)),
    ]
}

/// Marks in the order of marking, looked through from end to end.
#[derive(Default)]
struct Model {
    posts: Vec<(usize, u32, PostMark)>,
    agents: Vec<(usize, u32, AgentMark)>,
    /// Label and root, in the order of labelling.
    labelled: Vec<(Arc<str>, u32)>,
    notes: Vec<Noted>,
    removed: Vec<u32>,
}

#[derive(PartialEq, Debug)]
struct Noted {
    by: usize,
    root: u32,
    ratings: Vec<(u32, bool)>,
    shown: bool,
}

impl Model {
    /// Whether a post of that id is there and a root: all are but the repost 6 of post 1, and there is no 7.
    fn is_live_root(&self, id: u32) -> bool {
        (1..=5).contains(&id) && !self.removed.contains(&id)
    }

    fn unmark(&mut self, is_lifted: impl Fn(usize, u32) -> bool) -> Vec<u32> {
        let (lifted, kept): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.posts).into_iter().partition(|mark| is_lifted(mark.0, mark.1));
        self.posts = kept;
        let posts = &self.posts;
        self.labelled.retain(|(label, root)| {
            posts.iter().any(|mark| mark.1 == *root && mark.2 == PostMark::Label(label.clone()))
        });
        lifted.into_iter().map(|mark| mark.1).collect()
    }

    /// Makes the change on both; whether it changed anything.
    fn carry_out(&mut self, public: &mut Public, change: &Change) {
        let name = |by: usize| -> Arc<str> { NAMES[by].into() };
        match change.clone() {
            Change::MarkPost(by, id, mark) => {
                let sound = match mark {
                    PostMark::Factor(factor) => (0.0..=1000.0).contains(&factor),
                    PostMark::Friction(friction) => friction.is_finite(),
                    PostMark::Label(_) => true,
                };
                let has_it = self.posts.iter().any(|other| (other.0, other.1) == (by, id));
                let marks = sound && self.is_live_root(id) && !has_it;
                assert_eq!(public.mark_post(&name(by), post(id), mark.clone()), marks, "{change:?}");
                if !marks {
                    return;
                }
                if let PostMark::Label(label) = &mark
                    && !self.labelled.contains(&(label.clone(), id))
                {
                    self.labelled.push((label.clone(), id));
                }
                self.posts.push((by, id, mark));
            }
            Change::UnmarkPost(by, id) => {
                let lifted = self.unmark(|other, root| (other, root) == (by, id));
                assert_eq!(public.unmark_post(NAMES[by], post(id)), !lifted.is_empty());
            }
            Change::MarkAgent(by, agent, mark) => {
                let has_it = self.agents.iter().any(|other| (other.0, other.1) == (by, agent));
                let marks = agent < AGENTS && !has_it;
                assert_eq!(public.mark_agent(&name(by), AgentId(agent), mark), marks, "{change:?}");
                if marks {
                    self.agents.push((by, agent, mark));
                }
            }
            Change::UnmarkAgent(by, agent) => {
                let place = self.agents.iter().position(|other| (other.0, other.1) == (by, agent));
                assert_eq!(public.unmark_agent(NAMES[by], AgentId(agent)), place.is_some());
                place.map(|place| self.agents.remove(place));
            }
            Change::Lift(by) => {
                let mut roots = self.unmark(|other, _| other == by);
                roots.extend(self.notes.iter().filter(|note| note.by == by).map(|note| note.root));
                self.notes.retain(|note| note.by != by);
                roots.sort_unstable();
                roots.dedup();
                let mut agents: Vec<u32> =
                    self.agents.iter().filter(|mark| mark.0 == by).map(|mark| mark.1).collect();
                self.agents.retain(|mark| mark.0 != by);
                agents.sort_unstable();
                let agents: Vec<AgentId> = agents.into_iter().map(AgentId).collect();
                assert_eq!(public.lift_all(NAMES[by]), (posts(&roots), agents));
            }
            Change::Remove(id) => {
                assert_eq!(public.remove_post(post(id)), self.is_live_root(id), "{change:?}");
                self.removed.push(id);
            }
            Change::Propose(by, id) => {
                let is_new = self.is_live_root(id) && !self.notes.iter().any(|note| note.root == id);
                assert_eq!(public.propose_note(&name(by), post(id)), is_new, "{change:?}");
                if is_new {
                    self.notes.push(Noted { by, root: id, ratings: Vec::new(), shown: false });
                }
            }
            Change::Show(id, shown) => {
                let note = self.notes.iter_mut().find(|note| note.root == id && note.shown != shown);
                assert_eq!(public.show_note(post(id), shown), note.is_some(), "{change:?}");
                note.into_iter().for_each(|note| note.shown = shown);
            }
            Change::Rate(agent, id, is_helpful) => {
                let expected =
                    self.rate(agent, id, is_helpful).map_or_else(Outcome::Refused, |()| Outcome::Done);
                let action = Action::RateNote(post(id), is_helpful);
                assert_eq!(public.apply(Step(1), AgentId(agent), &action), expected, "{change:?}");
            }
        }
    }

    fn rate(&mut self, agent: u32, id: u32, is_helpful: bool) -> Result<(), Refusal> {
        if agent >= AGENTS {
            return Err(Refusal::NoSuchAgent);
        }
        if self.agents.iter().any(|mark| (mark.1, mark.2) == (agent, AgentMark::Suspended)) {
            return Err(Refusal::Suspended);
        }
        // Row 6 is a repost of post 1.
        let root = if id == 6 { 1 } else { id };
        let note = self.notes.iter_mut().find(|note| note.root == root);
        let note = note.filter(|_| id < 7 && !self.removed.contains(&root)).ok_or(Refusal::NoSuchPost)?;
        if note.ratings.iter().any(|rating| rating.0 == agent) {
            return Err(Refusal::AlreadyDone);
        }
        note.ratings.push((agent, is_helpful));
        Ok(())
    }

    fn check(&self, public: &Public) -> Result<(), TestCaseError> {
        let moderation = public.moderation();
        let nothing = self.posts.is_empty() && self.agents.is_empty() && self.notes.is_empty();
        prop_assert_eq!(moderation.is_empty(), nothing);
        let mut factors = false;
        for id in 1..8 {
            let marks = || self.posts.iter().filter(|mark| mark.1 == id).map(|mark| &mark.2);
            let factor: f32 = marks()
                .filter_map(|mark| if let PostMark::Factor(factor) = mark { Some(factor) } else { None })
                .product();
            let friction: f32 = marks()
                .filter_map(|mark| if let PostMark::Friction(cost) = mark { Some(cost) } else { None })
                .sum();
            let labels: Vec<&str> = marks()
                .filter_map(|mark| if let PostMark::Label(label) = mark { Some(&**label) } else { None })
                .collect();
            factors |= factor != 1.0;
            prop_assert_eq!(moderation.factor(post(id)), factor);
            prop_assert_eq!(moderation.friction(post(id)), friction);
            prop_assert_eq!(moderation.labels(post(id)).collect::<Vec<_>>(), labels);
            prop_assert_eq!(moderation.has_marks(post(id)), marks().next().is_some());
            for (by, name) in NAMES.into_iter().enumerate() {
                let marked = self.posts.iter().any(|mark| (mark.0, mark.1) == (by, id));
                prop_assert_eq!(moderation.is_marked_by(name, post(id)), marked);
            }
            prop_assert_eq!(
                moderation.note(post(id)),
                moderation.notes().iter().find(|note| note.root == post(id))
            );
        }
        prop_assert_eq!(moderation.has_factors(), factors);
        for label in ["false", "satire", "none"] {
            let labelled: Vec<u32> = self
                .labelled
                .iter()
                .filter(|labelled| *labelled.0 == *label)
                .map(|labelled| labelled.1)
                .collect();
            prop_assert_eq!(moderation.labelled(label), posts(&labelled));
        }
        let mut hidden = false;
        for agent in 0..AGENTS + 1 {
            let marks = || self.agents.iter().filter(|mark| mark.1 == agent).map(|mark| mark.2);
            let suspended = marks().any(|mark| mark == AgentMark::Suspended);
            let is_hidden = suspended || marks().any(|mark| mark == AgentMark::ShadowBanned);
            let feed = marks()
                .filter_map(|mark| if let AgentMark::Feed(feed) = mark { Some(feed) } else { None })
                .next_back();
            let agent = AgentId(agent);
            hidden |= is_hidden;
            prop_assert_eq!(moderation.is_suspended(agent), suspended);
            prop_assert_eq!(moderation.is_hidden(agent), is_hidden);
            prop_assert_eq!(moderation.feed_of(agent), feed);
        }
        prop_assert_eq!(moderation.hides_anybody(), hidden);
        let notes: Vec<_> = moderation
            .notes()
            .iter()
            .map(|note| {
                let by = NAMES.iter().position(|name| **name == *note.by).unwrap();
                let rating = |rated: &Rated| (rated.agent.0, rated.is_helpful);
                let ratings = note.ratings.iter().map(rating).collect();
                Noted { by, root: note.root.get(), ratings, shown: note.shown }
            })
            .collect();
        prop_assert_eq!(&notes, &self.notes);
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_stands_is_what_a_list_of_marks_says(changes in prop::collection::vec(any_change(), 0..60)) {
        let mut public = tea_party();
        public.apply(Step(0), AgentId(2), &Action::Repost(post(1)));
        let mut model = Model::default();
        for change in &changes {
            model.carry_out(&mut public, change);
            model.check(&public)?;
        }
    }
}

#[test]
fn a_suspended_agent_may_do_nothing_until_that_is_lifted() {
    let mut public = tea_party();
    let by: Arc<str> = "bans".into();
    assert!(public.mark_agent(&by, AgentId(1), AgentMark::Suspended));
    for action in [
        Action::CreatePost(draft("more")),
        Action::LikePost(post(1)),
        Action::Follow(AgentId(2)),
        Action::Trend,
        Action::DoNothing,
        Action::DeletePost(post(2)),
    ] {
        assert_eq!(
            public.apply(Step(1), AgentId(1), &action),
            Outcome::Refused(Refusal::Suspended),
            "{action:?}"
        );
    }
    assert_eq!(public.posts().len(), 5);
    assert_eq!(public.lift_all("bans"), (vec![], vec![AgentId(1)]));
    assert_eq!(public.apply(Step(1), AgentId(1), &Action::DoNothing), Outcome::Done);
}

#[test]
fn a_root_is_removed_with_everybodys_reposts() {
    let mut public = tea_party();
    public.apply(Step(1), AgentId(2), &Action::Repost(post(1)));
    public.apply(Step(1), AgentId(3), &Action::QuotePost(post(1), draft("look")));
    assert!(!public.remove_post(post(6)), "a repost is no root");
    assert!(public.remove_post(post(1)));
    assert!(!public.remove_post(post(1)), "it is gone");
    let left: Vec<PostId> = public.posts().ids().filter(|&row| public.posts().contains(row)).collect();
    assert_eq!(left, posts(&[2, 3, 4, 5, 7]));
    assert_eq!(public.repost_by(AgentId(2), post(1)), None);
}

/// Searches and the trend of `seeker` find these rows and users.
fn check_found(public: &mut Public, seeker: u32, rows: &[u32], users: &[u32]) {
    let found = |found| Outcome::Found(Box::new(found));
    for action in [Action::SearchPosts("TEA".into()), Action::SearchPosts("".into()), Action::Trend] {
        let outcome = public.apply(Step(2), AgentId(seeker), &action);
        assert_eq!(outcome, found(Found::Posts(posts(rows))), "{action:?} by {seeker}");
    }
    let users = users.iter().copied().map(AgentId).collect();
    let outcome = public.apply(Step(2), AgentId(seeker), &Action::SearchUser("".into()));
    assert_eq!(outcome, found(Found::Users(users)), "by {seeker}");
}

#[test]
fn hidden_accounts_are_found_by_themselves_alone() {
    let mut public = tea_party();
    check_found(&mut public, 0, &[1, 2, 3, 4, 5], &[0, 1, 2, 3, 4]);
    public.mark_agent(&"bans".into(), AgentId(1), AgentMark::ShadowBanned);
    check_found(&mut public, 0, &[1, 3, 4, 5], &[0, 2, 3, 4]);
    check_found(&mut public, 1, &[1, 2, 3, 4, 5], &[0, 1, 2, 3, 4]);
    public.mark_agent(&"bans".into(), AgentId(4), AgentMark::Suspended);
    check_found(&mut public, 0, &[1, 3, 4], &[0, 2, 3]);
    check_found(&mut public, 1, &[1, 2, 3, 4], &[0, 1, 2, 3]);
    public.lift_all("bans");
    check_found(&mut public, 0, &[1, 2, 3, 4, 5], &[0, 1, 2, 3, 4]);
}

#[test]
fn a_hidden_accounts_posts_take_no_place_in_the_trend_and_nobodys_share_of_them_is_found() {
    let mut public = tea_party();
    let platform = PlatformConfig { trend_top_k: 1, ..PlatformConfig::default() };
    public.set_rules(Rules { platform, ..Rules::default() });
    public.apply(Step(1), AgentId(0), &Action::LikePost(post(2)));
    public.apply(Step(1), AgentId(3), &Action::Repost(post(2)));
    public.mark_agent(&"bans".into(), AgentId(1), AgentMark::ShadowBanned);
    assert_eq!(public.trend_for(AgentId(0), Step(2)), posts(&[1]));
    assert_eq!(public.trend_for(AgentId(1), Step(2)), posts(&[2]));
    assert_eq!(public.search_posts_for(AgentId(0), "6"), []);
    assert_eq!(public.search_posts_for(AgentId(1), "6"), posts(&[6]));
}

#[test]
fn comments_of_hidden_accounts_are_shown_to_themselves_alone() {
    let mut public = tea_party();
    for agent in [1, 2] {
        public.apply(Step(1), AgentId(agent), &Action::CreateComment(post(1), draft("yes")));
    }
    public.mark_agent(&"bans".into(), AgentId(1), AgentMark::ShadowBanned);
    let shown = |viewer: u32| -> Vec<u32> {
        public.view_for(AgentId(viewer), post(1)).comments.iter().map(|comment| comment.comment_id).collect()
    };
    assert_eq!([shown(0), shown(1)], [vec![2], vec![1, 2]]);
    assert_eq!(public.view(post(1)).comments.len(), 2);
    let newest_first = public.comments_for(AgentId(0), post(1)).map(CommentId::get);
    assert_eq!(newest_first.collect::<Vec<_>>(), [2]);
}

#[test]
fn a_history_with_interventions_gives_tables_that_follow_them() {
    let mut public = tea_party();
    let ruling = |by: &str, effect: Effect| {
        Action::Moderate(Box::new(Ruling { by: by.into(), effect, reason: "from step 1".into() }))
    };
    let actions = [
        (1, ruling("notes", Effect::ProposeNote(post(1)))),
        (1, ruling("bans", Effect::Suspend)),
        (1, ruling("bans", Effect::Suspend)),
        (2, Action::RateNote(post(1), true)),
        (1, Action::DoNothing),
        (0, Action::SearchPosts("tea".into())),
    ];
    let events = actions.map(|(agent, action)| {
        let (step, agent) = (Step(1), AgentId(agent));
        let outcome = public.apply(step, agent, &action);
        Event { step, agent, action, outcome }
    });
    assert_eq!(events[2].outcome, Outcome::Refused(Refusal::AlreadyDone));
    let mut trace = Vec::new();
    let mut sink = |table: OasisTable, row: &[Value<'_>]| {
        if let (OasisTable::Trace, [Value::Integer(agent), _, Value::Text(action), Value::Text(info)]) =
            (table, row)
        {
            trace.push(format!("{agent} {action} {info}"));
        }
        Ok::<(), OutcomeDiffers>(())
    };
    let mut tables = OasisTables::begin(tea_party(), &Naming::Real, &mut sink).unwrap();
    for event in &events {
        tables.add(event, &mut sink).unwrap();
    }
    tables.finish(&mut sink).unwrap();
    let expected =
        [r#"2 rate_note {"post_id": 1, "is_helpful": true}"#, r#"0 search_posts {"query": "tea"}"#];
    assert_eq!(trace[AGENTS as usize..], expected);
}
