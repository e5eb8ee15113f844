//! What agents with a model remember: private state, changed by what they read and did.

use murmur_agents::{Deed, DeedKind, Recall};
use murmur_core::{Action, ActionKind, AgentId, Event, Outcome, PostId, Step};
use murmur_prompt::{clip, flat, tokens};
use murmur_recsys::dot;

use crate::World;
use crate::facts::{Exposure, NewSummary};

/// Words of a post that a memory of it shows, in tokens.
const EXCERPT_TOKENS: u32 = 16;

/// What `agent` remembers at `now`, in words, as it looks at what `about` is the vector of.
pub(crate) fn recall(world: &World, now: Step, agent: AgentId, about: &[f32]) -> String {
    let Some(memory) = world.memories.of(agent) else { return String::new() };
    with_recall(world, now, about, |recall| memory.render(&world.config.memory, recall))
}

/// What `tell_all` makes of the way in which deeds are told at `now`, with `about` in view.
pub(super) fn with_recall<T>(
    world: &World,
    now: Step,
    about: &[f32],
    tell_all: impl FnOnce(&Recall<'_>) -> T,
) -> T {
    let posts = world.public.posts();
    let length = libm::sqrtf(dot(about, about)).max(f32::MIN_POSITIVE);
    let relevance = |deed: &Deed| {
        let vector = deed.post.map(|row| posts.vector(posts.root(row))).filter(|vector| !vector.is_empty());
        vector.map_or(0.0, |vector| dot(vector, about) / length)
    };
    tell_all(&Recall {
        now,
        tell: &|deed| tell(world, deed),
        relevance: &relevance,
        name: &|agent| {
            world.public.accounts().profile(agent).map(|profile| format!("@{}", profile.user_name))
        },
        tokens: &tokens,
    })
}

/// A deed in words.
fn tell(world: &World, deed: &Deed) -> Option<String> {
    let posts = world.public.posts();
    let post = deed.post.map(|row| posts.root(row));
    let excerpt = |root: PostId| {
        let words = world.public.render(posts.text(root));
        clip(&flat(&words), EXCERPT_TOKENS).into_owned()
    };
    let about_post = |did: &str| {
        post.map(|root| format!("{did} @{}: \"{}\"", world.handle(posts.author(root)), excerpt(root)))
    };
    let about_other = |did: &str| deed.other.map(|other| format!("{did} @{}", world.handle(other)));
    let own = |did: &str| {
        let words = deed.words.as_deref();
        words.map(|words| format!("{did} \"{}\"", clip(&flat(words), EXCERPT_TOKENS)))
    };
    match deed.kind {
        DeedKind::Read => about_post("read"),
        DeedKind::Did(kind) => match kind {
            ActionKind::CreatePost => post.map(|root| format!("posted \"{}\"", excerpt(root))),
            ActionKind::QuotePost => post.map(|root| format!("quoted a post, saying \"{}\"", excerpt(root))),
            ActionKind::Repost => about_post("reposted"),
            ActionKind::CreateComment => own("commented"),
            ActionKind::LikePost | ActionKind::LikeComment => about_post("liked"),
            ActionKind::DislikePost | ActionKind::DislikeComment => about_post("disliked"),
            ActionKind::ReportPost => about_post("reported"),
            ActionKind::Follow => about_other("followed"),
            ActionKind::Unfollow => about_other("unfollowed"),
            ActionKind::Mute => about_other("muted"),
            ActionKind::Unmute => about_other("unmuted"),
            ActionKind::Block => about_other("blocked"),
            ActionKind::Unblock => about_other("unblocked"),
            ActionKind::SearchPosts | ActionKind::SearchUser => own("searched for"),
            ActionKind::SendToGroup => own("wrote to a group"),
            ActionKind::CreateGroup => own("opened a group called"),
            ActionKind::PurchaseProduct => own("bought"),
            ActionKind::DoNothing | ActionKind::Refresh | ActionKind::Trend | ActionKind::ListenFromGroup => {
                None
            }
            other => Some(other.name().replace('_', " ")),
        },
    }
}

/// The agents with a model remember what they read and did in a step.
pub(crate) fn remember(
    world: &mut World,
    now: Step,
    exposures: &[Exposure],
    events: &[Event],
    summaries: &[NewSummary],
) {
    if world.minds.is_empty() {
        return;
    }
    let World { memories, minds, config, public, .. } = world;
    for NewSummary { agent, text } in summaries {
        memories.of_mut(*agent).set_summary(&config.memory, text, &tokens);
    }
    let posts = public.posts();
    for exposure in exposures.iter().filter(|exposure| minds.of(exposure.agent).is_some()) {
        let deed = Deed {
            step: now,
            kind: DeedKind::Read,
            post: Some(posts.root(exposure.post)),
            other: None,
            words: None,
            succeeded: true,
        };
        memories.of_mut(exposure.agent).record(&config.memory, deed);
    }
    for event in events.iter().filter(|event| minds.of(event.agent).is_some()) {
        let kind = event.action.kind();
        // What the platform tells an agent stands in its prompt.
        if matches!(kind, ActionKind::DoNothing | ActionKind::Moderate) {
            continue;
        }
        memories.of_mut(event.agent).record(&config.memory, deed_of(now, event, public));
    }
}

fn deed_of(now: Step, event: &Event, public: &murmur_store::Public) -> Deed {
    let made = match &event.outcome {
        Outcome::Posted(row) => Some(*row),
        _ => None,
    };
    let of_comment = event.action.comment().filter(|comment| comment.index() < public.comments().len());
    let commented = of_comment.map(|comment| public.comments().post(comment));
    let words = match &event.action {
        Action::CreateComment(_, draft) => Some(public.render(&draft.text).into_owned().into()),
        other => other.words().filter(|words| !words.is_empty()).map(Into::into),
    };
    Deed {
        step: now,
        kind: DeedKind::Did(event.action.kind()),
        post: made.or(event.action.post()).or(commented),
        other: event.action.target(),
        words,
        succeeded: event.outcome.succeeded(),
    }
}
