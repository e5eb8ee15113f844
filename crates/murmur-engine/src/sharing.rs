//! What a model of diffusion says of a post that an agent sees, and of its own copies.

use murmur_agents::Sharing;
use murmur_core::{Action, AgentId, PostId, Purpose, Step, Stream};
use murmur_dynamics::diffusion::{DiffusionModel, Encounter, Move, Standing};
use murmur_store::PostKind;

use crate::World;

/// Who decides whether `agent` shares the row, and what a model of diffusion decided.
pub(crate) fn sharing(world: &World, now: Step, agent: AgentId, row: PostId) -> Sharing {
    let Some(model) = model_for(world, world.public.posts().root(row)) else { return Sharing::ByUtility };
    let posts = world.public.posts();
    let root = posts.root(row);
    let own = world.public.repost_by(agent, root);
    let encounter = Encounter {
        by: posts.author(row),
        sharers: sharers(world, agent, root),
        followees: world.public.graph.follows.followees(agent).len() as u32,
        standing: standing(world, agent, root),
    };
    let Draws { once, now } = draws(world, now, agent, root);
    match model.on_platform(&encounter, &once, &now) {
        Move::Nothing => Sharing::Never,
        Move::Share => Sharing::Share,
        Move::TakeBack => own.map_or(Sharing::Never, Sharing::TakeBack),
    }
}

/// The copies that `agent` takes back of its own accord at `now`, whatever it is shown.
pub(crate) fn recoveries(world: &World, now: Step, agent: AgentId) -> Vec<Action> {
    let posts = world.public.posts();
    // No other model has anybody recover.
    if !matches!(world.config.diffusion.model, Some(DiffusionModel::Sir { .. })) {
        return Vec::new();
    }
    let copies = posts.by_author(agent).filter(|&row| posts.kind(row) == PostKind::Repost);
    let recovered = copies.filter(|&row| {
        let root = posts.root(row);
        model_for(world, root).is_some_and(|model| model.recovers(&draws(world, now, agent, root).now))
    });
    recovered.map(Action::DeletePost).collect()
}

/// The model that decides who shares a root.
fn model_for(world: &World, root: PostId) -> Option<&DiffusionModel> {
    let diffusion = &world.config.diffusion;
    let is_meant = |names: &Vec<String>| world.planted.is_one_of(root, names);
    diffusion.model.as_ref().filter(|_| diffusion.posts.as_ref().is_none_or(is_meant))
}

/// How an agent stands to a root. Its author never takes it back, since all copies would go with it: to its own post it
/// stands as one who did.
fn standing(world: &World, agent: AgentId, root: PostId) -> Standing {
    let posts = world.public.posts();
    if world.public.repost_by(agent, root).is_some() {
        return Standing::Active;
    }
    let mut rows = std::iter::successors(posts.latest_by(agent), |&row| posts.earlier_by_author(row));
    // It has no copy up, so that any there was is deleted.
    match posts.author(root) == agent || rows.any(|row| row != root && posts.root(row) == root) {
        true => Standing::Removed,
        false => Standing::Susceptible,
    }
}

/// How many of the accounts that `agent` follows wrote the root or have a copy up that can be seen.
fn sharers(world: &World, agent: AgentId, root: PostId) -> u32 {
    let public = &world.public;
    let (posts, follows) = (public.posts(), &public.graph.follows);
    let followees = follows.followees(agent);
    let is_hidden = |other: AgentId| public.moderation().is_hidden(other);
    let followed = |other: AgentId| followees.binary_search(&other).is_ok() && !is_hidden(other);
    let author = u32::from(followed(posts.author(root)));
    let reposts = posts.repost_count(root) as usize;
    // Either list gives the same number; the shorter one is walked.
    let sharing = if reposts <= followees.len() {
        posts.reposts_of(root).filter(|&row| followed(posts.author(row))).count()
    } else {
        let shares = |&&other: &&AgentId| public.repost_by(other, root).is_some() && !is_hidden(other);
        followees.iter().filter(shares).count()
    };
    author + sharing as u32
}

/// The draws of an agent about a root.
struct Draws {
    /// For the whole run.
    once: Stream,
    /// For this step.
    now: Stream,
}

fn draws(world: &World, now: Step, agent: AgentId, root: PostId) -> Draws {
    let key = world.public.posts().key(root);
    let stream = |step| Stream::new(world.seed(), Purpose::Diffusion, Step(step), agent).about(key);
    Draws { once: stream(0), now: stream(now.0 + 1) }
}
