//! What interventions do to accounts.

use murmur_core::{Action, AgentId, Draft, Effect, Text, TopicId};

use super::{Deed, Intervention};
use crate::World;
use crate::config::ActionConfig;

/// What `intervention` does as a step begins: most of it once, when it starts.
pub(super) fn deeds(world: &World, intervention: &Intervention, starts: bool) -> Vec<Deed> {
    let all = |effect: &dyn Fn(AgentId) -> Vec<Deed>| {
        intervention.target.accounts(world).into_iter().flat_map(effect).collect::<Vec<Deed>>()
    };
    let moderation = world.public.moderation();
    let mark = |effect: Effect| {
        all(&|agent| match moderation.is_agent_marked_by(&intervention.name, agent) {
            true => Vec::new(),
            false => vec![Deed::of(agent, effect.clone())],
        })
    };
    match &intervention.config.action {
        // Those who are exposed later are told later.
        ActionConfig::Correct(correct) => {
            let claim = world.config.claim_named(&correct.claim).expect("checked with the configuration");
            let untold = world.credences.exposed(claim).without(world.credences.corrected(claim));
            let meant = untold.filter(|&agent| intervention.target.is_about_account(world, agent));
            meant.map(|agent| Deed::of(agent, Effect::Correct)).collect()
        }
        _ if !starts => Vec::new(),
        ActionConfig::Inject(_) => vec![inject(world, intervention)].into_iter().flatten().collect(),
        ActionConfig::Suspend(_) => mark(Effect::Suspend),
        ActionConfig::ShadowBan(_) => mark(Effect::ShadowBan),
        ActionConfig::Feed(_) => mark(Effect::Feed(intervention.feed)),
        ActionConfig::Prebunk(prebunk) => {
            let claim = world.config.claim_named(&prebunk.claim).expect("checked with the configuration");
            all(&|agent| match world.credences.prebunked(claim).contains(agent) {
                true => Vec::new(),
                false => vec![Deed::of(agent, Effect::Prebunk)],
            })
        }
        ActionConfig::Follow(_) => all(&|agent| ties(world, intervention, agent, true)),
        ActionConfig::Unfollow(_) => all(&|agent| ties(world, intervention, agent, false)),
        _ => Vec::new(),
    }
}

/// The ties of `agent` that are made, or cut.
fn ties(world: &World, intervention: &Intervention, agent: AgentId, make: bool) -> Vec<Deed> {
    let follows = &world.public.graph.follows;
    let others = intervention.whom.iter().copied().filter(|&other| other != agent);
    let changed = others.filter(|&other| follows.follows(agent, other) != make);
    let deed = |other| {
        let act = if make { Action::Follow(other) } else { Action::Unfollow(other) };
        Deed { agent, effect: Effect::Act, act: Some(act) }
    };
    changed.map(deed).collect()
}

/// The post that is planted.
fn inject(world: &World, intervention: &Intervention) -> Option<Deed> {
    let ActionConfig::Inject(inject) = &intervention.config.action else { return None };
    let topic = world.config.topic_named(&inject.topic).expect("checked with the configuration");
    let draft = Draft {
        text: Text::own(&inject.text),
        topic: Some(TopicId(topic as u16)),
        stance: inject.stance,
        vector: intervention.vector.clone(),
    };
    let author = AgentId(inject.author);
    Some(Deed { agent: author, effect: Effect::Act, act: Some(Action::CreatePost(draft)) })
}
