//! Interventions: what the platform or the experimenter does while the run goes on.
//!
//! `apply` carries them out in the order of the configuration, in two places. [`begin`], before anything else in a step:
//! what ended is taken back, and what is about accounts is done. [`sweep`], after all actions: what is about posts is
//! decided about the step's new ones, so that nobody is shown them without. Every decision is an event of its own
//! ([`Ruling`]), with its reason; carrying out the events again gives the same public state. What matches nothing leaves
//! no trace.

mod accounts;
mod notes;
mod posts;
mod target;

use std::sync::Arc;

use murmur_agents::Population;
use murmur_core::{Action, AgentId, Effect, Event, Ruling, Step};
use murmur_graph::FollowGraph;
use murmur_recsys::FeedConfig;
use rustc_hash::FxHashMap;

use crate::apply::{Applied, carry_out};
use crate::config::{ActionConfig, Config, InterventionConfig, NotesConfig};
use crate::embedding::{Embedding, Vector};
use crate::trips::Trips;
use crate::{EngineError, World};
use target::{Chooser, Target};

/// The interventions of a run, ready to be carried out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interventions {
    all: Vec<Intervention>,
    /// The place of each by its name.
    places: FxHashMap<Arc<str>, usize>,
    /// The alternative feeds, by number; those of earlier settings keep theirs.
    feeds: Vec<FeedConfig>,
    /// The step since which these settings are in force.
    since: Step,
    /// Those of the settings before that are no longer there, or not as they were.
    dropped: Vec<Arc<str>>,
}

/// An intervention with what its keys stand for.
#[derive(Clone, Debug)]
pub(crate) struct Intervention {
    name: Arc<str>,
    config: InterventionConfig,
    target: Target,
    /// The accounts that ties are made to or cut.
    whom: Vec<AgentId>,
    /// The number of its alternative feed.
    feed: u16,
    /// The vector of the post that it plants.
    vector: Vector,
    /// Whether the settings before had none like it.
    is_new: bool,
    /// The first step in which it may be in force: its own, or that in which it came with new settings.
    first: Step,
}

/// What interventions are made ready from.
pub(crate) struct Ground<'a> {
    pub(crate) config: &'a Config,
    pub(crate) population: &'a Population,
    pub(crate) follows: &'a FollowGraph,
    pub(crate) embedding: &'a Embedding,
}

/// What an intervention does to an account or a post, whose author is the account.
struct Deed {
    agent: AgentId,
    effect: Effect,
    /// What the account is made to do.
    act: Option<Action>,
}

impl Deed {
    fn of(agent: AgentId, effect: Effect) -> Self {
        Self { agent, effect, act: None }
    }
}

impl Interventions {
    /// The interventions that the configuration describes, in force since the step `since`, in place of `before`. One that
    /// was there before as it is goes on as it was.
    ///
    /// # Errors
    /// When a choice of accounts does not fit the population, or a text cannot be embedded.
    pub(crate) fn new(ground: &Ground<'_>, before: &Self, since: Step) -> Result<Self, EngineError> {
        let mut all: Vec<Intervention> = Vec::new();
        let mut feeds = before.feeds.clone();
        for (place, own) in ground.config.intervention.iter().enumerate() {
            let old = before.named(&own.name).filter(|old| old.config == *own);
            all.push(match old {
                Some(old) => Intervention { is_new: false, ..old.clone() },
                None => Intervention::new(ground, place, own, since, &mut feeds)?,
            });
        }
        let places = all.iter().enumerate().map(|(place, own)| (own.name.clone(), place)).collect();
        let mut new = Self { all, places, feeds, since, dropped: Vec::new() };
        let is_dropped = |old: &&Intervention| new.named(&old.name).is_none_or(|own| own.is_new);
        new.dropped = before.all.iter().filter(is_dropped).map(|old| old.name.clone()).collect();
        Ok(new)
    }

    /// Whether they are those of `config`, in force since `since`.
    pub(crate) fn are_those_of(&self, config: &Config, since: Step) -> bool {
        self.since == since && self.all.iter().map(|own| &own.config).eq(&config.intervention)
    }

    /// The alternative feeds, by number.
    pub(crate) fn feeds(&self) -> &[FeedConfig] {
        &self.feeds
    }

    /// The intervention of that name.
    fn named(&self, name: &str) -> Option<&Intervention> {
        self.places.get(name).map(|&place| &self.all[place])
    }

    /// The place of the claim that the intervention called `name` is about.
    pub(crate) fn claim_of(&self, config: &Config, name: &str) -> Option<usize> {
        config.claim_named(self.named(name)?.config.action.claim()?)
    }

    /// Whether there are none, and were none before.
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty() && self.dropped.is_empty()
    }

    /// How the notes of the intervention called `name` are rated.
    pub(crate) fn notes(&self, name: &str) -> Option<&NotesConfig> {
        match &self.named(name)?.config.action {
            ActionConfig::Notes(notes) => Some(notes),
            _ => None,
        }
    }

    /// What language models are told by the intervention called `name`.
    pub(crate) fn message(&self, name: &str) -> Option<&str> {
        let text = match &self.named(name)?.config.action {
            ActionConfig::Prebunk(prebunk) => &prebunk.text,
            ActionConfig::Correct(correct) => &correct.text,
            _ => return None,
        };
        Some(text).filter(|text| !text.is_empty()).map(String::as_str)
    }
}

impl Intervention {
    /// The one that `own` describes, at `place` in the configuration; its feed, if it serves one, goes to the end of
    /// `feeds`.
    fn new(
        ground: &Ground<'_>,
        place: usize,
        own: &InterventionConfig,
        since: Step,
        feeds: &mut Vec<FeedConfig>,
    ) -> Result<Self, EngineError> {
        let key = format!("intervention {} ({})", place + 1, own.name);
        let chooser = Chooser { ground, name: &own.name };
        let (mut whom, mut vector, mut feed) = (Vec::new(), Vector::default(), 0);
        match &own.action {
            ActionConfig::Follow(ties) | ActionConfig::Unfollow(ties) => {
                whom = chooser.choose(&ties.whom, "whom", &format!("{key}: action.whom"))?;
            }
            ActionConfig::Inject(inject) => {
                check_author(&key, inject.author, ground.population)?;
                vector = ground.embedding.embed_all(&[&inject.text])?.pop().unwrap_or_default();
            }
            ActionConfig::Feed(other) => {
                feed = feeds.len() as u16;
                feeds.push(other.feed.clone());
            }
            _ => {}
        }
        let target = Target::new(&chooser, &own.target, &key)?;
        Ok(Self {
            name: own.name.as_str().into(),
            config: own.clone(),
            target,
            whom,
            feed,
            vector,
            is_new: true,
            first: since.max(Step(own.from)),
        })
    }

    /// Whether it is in force at `now`; `trips` says when conditions came to hold.
    fn is_in_force(&self, place: usize, now: Step, trips: &Trips) -> bool {
        let is_due = self.config.from <= now.0 && self.config.until.is_none_or(|until| now.0 < until);
        self.config.enabled
            && is_due
            && (self.config.when.is_none() || trips.of(place).is_some_and(|trip| trip.step < now))
    }

    /// Whether it was in force in the step before `now`.
    fn was_in_force(&self, place: usize, now: Step, trips: &Trips) -> bool {
        let before = now.0.checked_sub(1).map(Step);
        before.is_some_and(|before| self.is_in_force(place, before, trips))
    }

    /// Why it does what it does.
    fn reason(&self, place: usize, trips: &Trips) -> Arc<str> {
        let target = self.target.words();
        let since = match (&self.config.when, trips.of(place)) {
            (Some(when), Some(trip)) => {
                let subject = when.subject.as_ref().map_or(String::new(), |subject| format!(" of {subject}"));
                format!("{}{subject} was {} at the end of step {}", when.measure, trip.value, trip.step)
            }
            _ => format!("from step {}", self.first),
        };
        match target.is_empty() {
            true => since.into(),
            false => format!("{since}; {target}").into(),
        }
    }
}

fn check_author(key: &str, author: u32, population: &Population) -> Result<(), EngineError> {
    if author < population.len() {
        return Ok(());
    }
    let last = population.len() - 1;
    let expected = format!("{key}: action.author: expected an agent from 0 to {last}, found {author}");
    Err(EngineError::Unfit(expected))
}

/// Takes back what ended, and does what is about accounts.
pub(crate) fn begin(world: &mut World, now: Step, trips: &Trips, applied: &mut Applied) {
    if world.interventions.is_empty() {
        return;
    }
    take_back(world, now, trips, applied);
    for place in 0..world.interventions.all.len() {
        let intervention = &world.interventions.all[place];
        if intervention.is_in_force(place, now, trips) {
            let starts = starts(world, place, now, trips);
            let deeds = accounts::deeds(world, intervention, starts);
            let scored = notes::deeds(world, intervention, now);
            carry_out_all(world, now, place, trips, deeds.into_iter().chain(scored).collect(), applied);
        }
    }
}

/// Decides about the posts that the step has made, and at an intervention's beginning about all.
pub(crate) fn sweep(world: &mut World, now: Step, trips: &Trips, applied: &mut Applied) {
    for place in 0..world.interventions.all.len() {
        let intervention = &world.interventions.all[place];
        if intervention.config.action.is_about_posts() && intervention.is_in_force(place, now, trips) {
            let deeds = posts::deeds(world, intervention, now, starts(world, place, now, trips));
            carry_out_all(world, now, place, trips, deeds, applied);
        }
    }
}

/// Whether an intervention that is in force at `now` was not before.
fn starts(world: &World, place: usize, now: Step, trips: &Trips) -> bool {
    let own = &world.interventions.all[place];
    !own.was_in_force(place, now, trips) || (own.is_new && now == world.interventions.since)
}

/// Takes back what was decided by interventions that are in force no longer, or not as they were.
fn take_back(world: &mut World, now: Step, trips: &Trips, applied: &mut Applied) {
    let interventions = &world.interventions;
    let has_ended = |(place, own): (usize, &Intervention)| {
        let ends = own.was_in_force(place, now, trips) && !own.is_in_force(place, now, trips);
        ends.then(|| (own.name.clone(), "it has ended"))
    };
    let mut ended: Vec<(Arc<str>, &str)> =
        interventions.all.iter().enumerate().filter_map(has_ended).collect();
    if now == interventions.since {
        ended.extend(interventions.dropped.iter().map(|name| (name.clone(), "the settings have changed")));
    }
    for (by, reason) in ended {
        // What left nothing standing leaves no trace either.
        if let Some(agent) = world.public.first_hit_by(&by) {
            rule(world, now, &by, &reason.into(), Deed::of(agent, Effect::End), applied);
        }
    }
}

fn carry_out_all(
    world: &mut World,
    now: Step,
    place: usize,
    trips: &Trips,
    deeds: Vec<Deed>,
    applied: &mut Applied,
) {
    if deeds.is_empty() {
        return;
    }
    let intervention = &world.interventions.all[place];
    let reason = intervention.reason(place, trips);
    let by = intervention.name.clone();
    for deed in deeds {
        rule(world, now, &by, &reason, deed, applied);
    }
}

/// Carries a decision out, and what it makes its account do.
fn rule(world: &mut World, now: Step, by: &Arc<str>, reason: &Arc<str>, deed: Deed, applied: &mut Applied) {
    let Deed { agent, effect, act } = deed;
    mark_as_told(world, by, agent, &effect);
    let ruling = Ruling { by: by.clone(), effect, reason: reason.clone() };
    carry_out(world, now, agent, Action::Moderate(Box::new(ruling)), &mut applied.events);
    if let Some(act) = act {
        carry_out(world, now, agent, act, &mut applied.events);
        let event = applied.events.last().expect("one was just added");
        world.take_in_injected(by, event);
    }
}

/// Notes that an account is warned or told; what it makes of it comes when the step has been carried out.
fn mark_as_told(world: &mut World, by: &str, agent: AgentId, effect: &Effect) {
    if !matches!(effect, Effect::Prebunk | Effect::Correct) {
        return;
    }
    if let Some(claim) = world.interventions.claim_of(&world.config, by) {
        let told = match effect {
            Effect::Prebunk => world.credences.prebunked_mut(claim),
            _ => world.credences.corrected_mut(claim),
        };
        told.add(agent);
    }
}

/// The events of a step that are none of interventions, in their order. What an intervention makes an account do follows
/// upon its decision.
pub(crate) fn without_interventions<E>(events: Vec<E>, action: impl Fn(&E) -> &Action) -> Vec<E> {
    let mut is_forced = false;
    let mut keep = |event: &E| match action(event) {
        Action::Moderate(ruling) => {
            is_forced = ruling.effect == Effect::Act;
            false
        }
        _ => !std::mem::take(&mut is_forced),
    };
    events.into_iter().filter(|event| keep(event)).collect()
}

/// The name of the intervention that planted a post, if the event `before` it says so.
pub(crate) fn injected_by(before: Option<&Event>) -> Option<Arc<str>> {
    match &before?.action {
        Action::Moderate(ruling) if ruling.effect == Effect::Act => Some(ruling.by.clone()),
        _ => None,
    }
}
