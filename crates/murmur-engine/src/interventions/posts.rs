//! What interventions decide about posts.

use murmur_core::{Effect, PostId, Step};

use super::{Deed, Intervention};
use crate::World;
use crate::config::ActionConfig;

/// What `intervention` decides at the end of `now`: about all posts when it starts, later about the step's new ones and
/// those newly labelled.
pub(super) fn deeds(world: &World, intervention: &Intervention, now: Step, starts: bool) -> Vec<Deed> {
    let posts = world.public.posts();
    let moderation = world.public.moderation();
    let is_root = |row: &PostId| posts.root(*row) == *row;
    let candidates: Vec<PostId> = match intervention.target.label() {
        // A label may come long after its post.
        Some(label) => moderation.labelled(label).to_vec(),
        None => {
            let first = if starts { 0 } else { posts.first_index_since(now) };
            (first..posts.len()).map(PostId::from_index).filter(is_root).collect()
        }
    };
    let is_meant = |&root: &PostId| {
        posts.contains(root)
            && !moderation.is_marked_by(&intervention.name, root)
            && intervention.target.is_about(world, root)
    };
    let deed = |root: PostId| {
        let effect = effect_on(world, &intervention.config.action, root)?;
        Some(Deed::of(posts.author(root), effect))
    };
    candidates.into_iter().filter(is_meant).filter_map(deed).collect()
}

/// What is decided about a root; `None` if nothing is left to decide.
fn effect_on(world: &World, action: &ActionConfig, root: PostId) -> Option<Effect> {
    Some(match action {
        ActionConfig::Demote(demote) => Effect::Weigh(root, demote.factor),
        ActionConfig::Amplify(amplify) => Effect::Weigh(root, amplify.factor),
        ActionConfig::Label(label) => Effect::Label(root, label.text.as_str().into()),
        ActionConfig::Friction(friction) => Effect::Slow(root, friction.cost),
        ActionConfig::Remove(_) => Effect::Remove(root),
        // A post has one note at most.
        ActionConfig::Notes(_) if world.public.moderation().note(root).is_some() => return None,
        ActionConfig::Notes(_) => Effect::ProposeNote(root),
        _ => return None,
    })
}
