//! The platform against a plain model of its rules: lists that are looked through from end to end.

mod model;

use std::collections::{BTreeMap, BTreeSet};

use model::{Model, WORDS};
use murmur_core::{
    Action, ActionKind, AgentId, CommentId, Draft, Event, Follow, GroupId, Outcome, PostId, ProductId,
    Profile, ProfileEdit, Stance, Step, Text,
};
use murmur_graph::{FollowGraph, SocialGraph};
use murmur_store::{
    Naming, OasisTable, OasisTables, OutcomeDiffers, Phrasebook, PlatformConfig, Public, Rules, Value,
};
use proptest::prelude::*;

const AGENTS: u32 = 4;
/// Who follows whom at the start.
const FOLLOWS: [[u32; 2]; 4] = [[0, 1], [1, 0], [2, 0], [3, 1]];
/// Who has muted whom at the start.
const MUTES: [[u32; 2]; 1] = [[0, 3]];

fn platform() -> PlatformConfig {
    PlatformConfig { allow_self_rating: false, trend_days: 1, trend_top_k: 3, ..PlatformConfig::default() }
}

fn public() -> Public {
    let follow =
        |[follower, followee]: [u32; 2]| Follow { follower: AgentId(follower), followee: AgentId(followee) };
    let follows = FollowGraph::from_edges(AGENTS, FOLLOWS.map(follow).to_vec()).graph;
    let mut graph = SocialGraph::new(follows);
    for [muter, mutee] in MUTES {
        graph.mutes.add(AgentId(muter), AgentId(mutee));
    }
    let rules = Rules { platform: platform(), ..Rules::default() };
    Public::new(graph, Phrasebook::new(Vec::new()), 0).with_rules(rules)
}

/// What an action is made of, so that every kind is drawn alike.
#[derive(Clone, Debug)]
struct Draw {
    kind: ActionKind,
    agent: u32,
    other: u32,
    id: u32,
    words: [usize; 2],
    hours: u32,
}

fn draws() -> impl Strategy<Value = Vec<Draw>> {
    let words = [0..WORDS.len(), 0..WORDS.len()];
    // One agent more than exists, and few of everything, so that things meet.
    let agent = 0..AGENTS + 1;
    // All but rulings, which are the platform's own and the model does not know.
    let kinds = ActionKind::ALL.len() - 1;
    let draw = (0..kinds, agent.clone(), agent, 1..6u32, words, 0..9u32);
    let draw = draw.prop_map(|(kind, agent, other, id, words, hours)| Draw {
        kind: ActionKind::ALL[kind],
        agent,
        other,
        id,
        words,
        hours,
    });
    prop::collection::vec(draw, 0..300)
}

impl Draw {
    fn action(&self) -> Action {
        let text = self.words.map(|word| WORDS[word]).join(" ");
        let word: Box<str> = WORDS[self.words[0]].into();
        let draft = || Draft {
            text: Text::own(&text),
            topic: None,
            stance: Stance::default(),
            vector: Box::default(),
        };
        let post = PostId::new(self.id).unwrap();
        let comment = CommentId::new(self.id).unwrap();
        let group = GroupId::new(self.id).unwrap();
        let other = AgentId(self.other);
        match self.kind {
            ActionKind::CreatePost => Action::CreatePost(draft()),
            ActionKind::Repost => Action::Repost(post),
            ActionKind::QuotePost => Action::QuotePost(post, draft()),
            ActionKind::DeletePost => Action::DeletePost(post),
            ActionKind::CreateComment => Action::CreateComment(post, draft()),
            ActionKind::LikePost => Action::LikePost(post),
            ActionKind::UnlikePost => Action::UnlikePost(post),
            ActionKind::DislikePost => Action::DislikePost(post),
            ActionKind::UndoDislikePost => Action::UndoDislikePost(post),
            ActionKind::LikeComment => Action::LikeComment(comment),
            ActionKind::UnlikeComment => Action::UnlikeComment(comment),
            ActionKind::DislikeComment => Action::DislikeComment(comment),
            ActionKind::UndoDislikeComment => Action::UndoDislikeComment(comment),
            ActionKind::ReportPost => Action::ReportPost(post, word),
            ActionKind::Follow => Action::Follow(other),
            ActionKind::Unfollow => Action::Unfollow(other),
            ActionKind::Mute => Action::Mute(other),
            ActionKind::Unmute => Action::Unmute(other),
            ActionKind::Block => Action::Block(other),
            ActionKind::Unblock => Action::Unblock(other),
            ActionKind::SearchPosts => Action::SearchPosts(word),
            ActionKind::SearchUser => Action::SearchUser(word),
            ActionKind::Trend => Action::Trend,
            ActionKind::Refresh => Action::Refresh,
            ActionKind::DoNothing => Action::DoNothing,
            ActionKind::PurchaseProduct => Action::PurchaseProduct(word, self.id),
            ActionKind::CreateGroup => Action::CreateGroup(word),
            ActionKind::JoinGroup => Action::JoinGroup(group),
            ActionKind::LeaveGroup => Action::LeaveGroup(group),
            ActionKind::SendToGroup => Action::SendToGroup(group, word),
            ActionKind::ListenFromGroup => Action::ListenFromGroup,
            ActionKind::EditProfile => {
                Action::EditProfile(ProfileEdit { bio: Some(text.into()), ..ProfileEdit::default() })
            }
            ActionKind::Interview => Action::Interview(word),
            ActionKind::SignUp => Action::SignUp(Profile::default()),
            ActionKind::SignUpProduct => Action::SignUpProduct(ProductId(self.id), word),
            ActionKind::RateNote => Action::RateNote(post, self.hours > 4),
            ActionKind::Moderate => unreachable!("the last of all kinds is not drawn"),
        }
    }
}

/// The rows of a history's tables, by table.
fn tables(events: &[Event]) -> Result<BTreeMap<&'static str, Vec<Vec<String>>>, OutcomeDiffers> {
    let mut rows: BTreeMap<&'static str, Vec<Vec<String>>> = BTreeMap::new();
    let mut sink = |table: OasisTable, row: &[Value<'_>]| {
        let cells = row.iter().map(|cell| match cell {
            Value::Null => "-".to_owned(),
            Value::Integer(number) => number.to_string(),
            Value::Text(text) => text.to_string(),
        });
        rows.entry(table.name()).or_default().push(cells.collect());
        Ok(())
    };
    let mut history = OasisTables::begin(public(), &Naming::Real, &mut sink)?;
    for event in events {
        history.add(event, &mut sink)?;
    }
    history.finish(&mut sink)?;
    Ok(rows)
}

/// The table and the id that an action made.
fn made(kind: ActionKind, outcome: &Outcome) -> Option<(ActionKind, u32)> {
    use ActionKind::*;
    let table = match kind {
        UnlikePost | UndoDislikePost | UnlikeComment | UndoDislikeComment | Unfollow | Unmute => return None,
        Repost | QuotePost => CreatePost,
        other => other,
    };
    let id = match outcome {
        Outcome::Posted(post) => post.get(),
        Outcome::Commented(comment) => comment.get(),
        Outcome::Recorded(row) => row.get(),
        Outcome::Grouped(group) => group.get(),
        Outcome::Sent(sent) => sent.message.get(),
        _ => return None,
    };
    Some((table, id))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_platform_does_what_the_model_does(draws in draws()) {
        let mut public = public();
        let mut model = Model::new(AGENTS, &FOLLOWS, &MUTES, platform());
        let mut ids = BTreeSet::new();
        let mut events = Vec::new();
        let mut minute = 0;
        for draw in &draws {
            minute += 60 * draw.hours;
            let (step, agent, action) = (Step(minute), AgentId(draw.agent), draw.action());
            let before = format!("{public:?}");
            let outcome = public.apply(step, agent, &action);
            prop_assert_eq!(&outcome, &model.apply(step, agent, &action), "{:?} by {}", &action, agent);
            // What a search indexes is no change of the platform.
            let searches = matches!(action, Action::SearchPosts(_) | Action::SearchUser(_));
            if !outcome.succeeded() && !searches {
                prop_assert_eq!(before, format!("{public:?}"), "{:?} was refused", &action);
            }
            if let Some(made) = made(draw.kind, &outcome) {
                prop_assert!(ids.insert(made), "{:?} was used before", made);
            }
            events.push(Event { step, agent, action, outcome });
        }
        model.check(&public);
        let tables = tables(&events).unwrap();
        for (name, rows) in model.tables() {
            prop_assert_eq!(tables.get(name).cloned().unwrap_or_default(), rows, "{}", name);
        }
    }
}

#[test]
fn a_history_that_does_not_follow_is_refused() {
    let event = Event {
        step: Step(3),
        agent: AgentId(2),
        action: Action::LikePost(PostId::new(1).unwrap()),
        outcome: Outcome::Done,
    };
    let fault = tables(&[event]).unwrap_err().to_string();
    assert!(fault.starts_with("step 3, agent 2, like_post: recorded Done"), "{fault}");
}
