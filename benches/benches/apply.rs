//! How many actions a second the platform carries out on one thread, beside what OASIS takes for a post.
//!
//! `cargo bench --bench apply`. The actions and their mix are those of behavioural agents; the posts that they act on
//! are recent ones, some of them far more popular than others.

use std::time::Duration;

use murmur_benches::{figure, readable, timed};
use murmur_core::{
    Action, AgentId, Draft, Phrase, PostId, Purpose, Slant, Stance, Step, Stream, Text, TopicId,
};
use murmur_graph::{FollowGraph, SocialGraph};
use murmur_store::{Phrasebook, Public, Vocabulary};

const ACTIONS: usize = 2_000_000;
/// Actions in one step.
const STEP: usize = 20_000;
const DIMENSIONS: usize = 64;
/// Rows from which the agents' feeds are made.
const RECENT: u32 = 20_000;
/// What OASIS 0.2.5 takes for a scripted post among 1,000 agents, measured on two cores.
const OASIS_POST: Duration = Duration::from_millis(28);

/// How many of a thousand actions are of each kind, as in `configs/quickstart.toml`.
const MIX: [(Kind, u32); 10] = [
    (Kind::Like, 571),
    (Kind::Dislike, 32),
    (Kind::Repost, 186),
    (Kind::Post, 115),
    (Kind::Quote, 14),
    (Kind::Comment, 40),
    (Kind::Follow, 38),
    (Kind::Unfollow, 1),
    (Kind::Mute, 2),
    (Kind::Report, 1),
];

#[derive(Clone, Copy)]
enum Kind {
    Like,
    Dislike,
    Repost,
    Post,
    Quote,
    Comment,
    Follow,
    Unfollow,
    Mute,
    Report,
}

/// An agent's action in a step.
struct Deed {
    step: Step,
    agent: AgentId,
    action: Action,
}

fn main() {
    for agents in [10_000, 100_000, 1_000_000] {
        let deeds = deeds(agents);
        let mut public = platform(agents);
        let run = timed(|| deeds.iter().filter(|deed| carry_out(&mut public, deed)).count());
        let per_action = run.time / ACTIONS as u32;
        let rate = ACTIONS as f64 / run.time.as_secs_f64() / 1e6;
        figure(&format!("{ACTIONS} actions of {agents} agents"), &format!("{rate:.2} M/s"));
        figure("  an action", &readable(per_action));
        figure("  of them carried out", &run.value.to_string());
        let times = OASIS_POST.as_secs_f64() / per_action.as_secs_f64();
        figure("  OASIS: 28 ms a post at 1,000 agents, times as long", &format!("{times:.0}"));
    }
}

fn carry_out(public: &mut Public, deed: &Deed) -> bool {
    public.apply(deed.step, deed.agent, &deed.action).succeeded()
}

fn platform(agents: u32) -> Public {
    let mut draws = Stream::new(2, Purpose::Graph, Step(0), AgentId(0));
    let mut any = || AgentId(draws.below(agents));
    let follows = (0..u64::from(agents) * 20)
        .map(|_| murmur_core::Follow { follower: any(), followee: any() })
        .collect();
    let graph = SocialGraph::new(FollowGraph::from_edges(agents, follows).graph);
    let topic = Vocabulary { name: "tea".to_owned(), words: vec!["leaf".to_owned()] };
    Public::new(graph, Phrasebook::new(vec![topic]), DIMENSIONS)
}

/// The actions, decided on a platform that carries them out as they come, so that what they act on exists.
fn deeds(agents: u32) -> Vec<Deed> {
    let mut public = platform(agents);
    let mut draws = Stream::new(1, Purpose::Choice, Step(0), AgentId(0));
    let mut deed = |number: usize| {
        let agent = AgentId(draws.below(agents));
        let action = action(&public, agent, &mut draws);
        let deed = Deed { step: Step((number / STEP) as u32), agent, action };
        carry_out(&mut public, &deed);
        deed
    };
    (0..ACTIONS).map(&mut deed).collect()
}

fn action(public: &Public, agent: AgentId, draws: &mut Stream) -> Action {
    let rows = public.posts().len() as u32;
    // The square of a uniform draw: one row in a hundred gets a tenth of the attention.
    let skewed = (draws.uniform() * draws.uniform() * f64::from(rows.min(RECENT))) as u32;
    let Some(post) = PostId::new(rows.saturating_sub(skewed)) else {
        return Action::CreatePost(draft());
    };
    match kind(draws.below(1000)) {
        Kind::Like => Action::LikePost(post),
        Kind::Dislike => Action::DislikePost(post),
        Kind::Repost => Action::Repost(post),
        Kind::Post => Action::CreatePost(draft()),
        Kind::Quote => Action::QuotePost(post, draft()),
        Kind::Comment => Action::CreateComment(post, draft()),
        Kind::Follow => Action::Follow(public.posts().author(post)),
        Kind::Unfollow => {
            let followees = public.graph.follows.followees(agent);
            followees.first().map_or(Action::LikePost(post), |&other| Action::Unfollow(other))
        }
        Kind::Mute => Action::Mute(public.posts().author(post)),
        Kind::Report => Action::ReportPost(post, Box::default()),
    }
}

fn kind(mut place: u32) -> Kind {
    for (kind, share) in MIX {
        if place < share {
            return kind;
        }
        place -= share;
    }
    Kind::Like
}

fn draft() -> Draft {
    let phrase = Phrase { topic: TopicId(0), slant: Slant::For, template: 1, picks: [1, 2, 3, 4] };
    Draft {
        text: Text::Phrase(phrase),
        topic: Some(TopicId(0)),
        stance: Stance::default(),
        vector: vec![0.125; DIMENSIONS].into(),
    }
}
