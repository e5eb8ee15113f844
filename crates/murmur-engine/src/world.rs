//! The world: everything that a step reads, and that only `apply` changes.

use std::sync::Arc;

use murmur_agents::{
    Behaviour, Beliefs, Credences, Decision, Emotions, Memories, Observation, Population, Side, StanceReader,
    Writer,
};
use murmur_core::{Action, AgentId, Clock, Event, Outcome, PostId, Probability, Step};
use murmur_recsys::{Recommender, SeenLists};
use murmur_store::{Public, Rules};

use crate::Config;
use crate::EngineError;
use crate::config::ActionConfig;
use crate::embedding::{Embedding, ProfileVectors, Vector};
use crate::interventions::{Ground, Interventions};
use crate::language::minds::Minds;
use crate::planted::{AboutClaim, Planted};
use crate::script::Script;
use crate::setup;
use crate::sharing::recoveries;
use crate::topics::Topics;
use crate::votes::Votes;

/// The state of a simulation at the beginning of a step.
#[derive(Debug)]
pub struct World {
    /// From what the world was made.
    pub config: Config,
    /// Steps to simulated time.
    pub clock: Clock,
    /// The platform: public, the same for everybody.
    pub public: Public,
    /// Who the agents are; never changes.
    pub population: Population,
    /// What each agent believes: private.
    pub beliefs: Beliefs,
    /// What each agent has read lately: private.
    pub seen: SeenLists,
    /// What each agent believed before the first step.
    pub(crate) first_beliefs: Arc<Beliefs>,
    /// What each agent feels: private.
    pub emotions: Emotions,
    /// Which claims each agent believes: private.
    pub credences: Credences,
    /// How agents decide.
    pub behaviour: Behaviour,
    /// What agents with a language model remember: private.
    pub memories: Memories,
    /// Which agents have a language model, and how it is spoken to.
    pub(crate) minds: Minds,
    /// Whom each survey asks.
    pub(crate) surveyed: Vec<Vec<AgentId>>,
    /// What texts are about.
    pub(crate) topics: Topics,
    /// What tells where the texts of language models stand, for each topic; nothing without models.
    pub(crate) stances: Vec<StanceReader>,
    /// How texts become vectors.
    pub embedding: Embedding,
    /// What profiles say: public.
    pub profiles: ProfileVectors,
    /// Who makes the feeds, with what it keeps of posts and likes: public.
    pub recommender: Recommender,
    /// The vectors of the seed posts, in their order.
    pub(crate) seed_vectors: Vec<Vector>,
    /// Actions written down beforehand.
    pub(crate) script: Script,
    /// What the platform or the experimenter does while the run goes on.
    pub(crate) interventions: Interventions,
    /// The posts of a voting experiment: public.
    pub(crate) votes: Votes,
    /// What was planted so far, by seed posts and interventions: public.
    pub(crate) planted: Planted,
}

impl World {
    /// Goes on with step `next` under other settings, which differ in nothing that the world was made from.
    ///
    /// # Errors
    /// When a template of prompts cannot be used.
    pub(crate) fn change_settings(&mut self, config: Config, next: Step) -> Result<(), EngineError> {
        if self.config.model != config.model || self.config.prompt != config.prompt {
            self.minds = self.minds.under(&config)?;
        }
        let ground = Ground {
            config: &config,
            population: &self.population,
            follows: &self.public.graph.follows,
            embedding: &self.embedding,
        };
        let nothing = Interventions::default();
        let before = if next == Step(0) { &nothing } else { &self.interventions };
        // Settings that are put in force twice are in force once.
        let interventions = match before.are_those_of(&config, next) {
            true => before.clone(),
            false => Interventions::new(&ground, before, next)?,
        };
        if self.config.feed != config.feed || self.interventions.feeds() != interventions.feeds() {
            let alternatives = interventions.feeds();
            self.recommender.change(&config.feed, alternatives, &self.public, &self.clock, next);
        }
        self.interventions = interventions;
        self.behaviour = Behaviour::new(config.behaviour.clone(), config.run.seed);
        self.public.set_rules(Rules { platform: config.platform.clone(), clock: self.clock });
        self.config = config;
        Ok(())
    }

    /// The seed posts of a step, by their places in the configuration.
    pub(crate) fn seed_posts_due(&self, now: Step) -> Vec<usize> {
        let is_due = |&index: &usize| self.config.seed_post[index].step == now.0;
        (0..self.config.seed_post.len()).filter(is_due).collect()
    }

    /// Takes in that the seed post at that place of the configuration became the row `post`.
    pub(crate) fn take_in_seeded(&mut self, seed_post: usize, post: PostId) {
        let seed = &self.config.seed_post[seed_post];
        let about = self.about(seed.claim.as_deref(), seed.asserts);
        self.planted.add(&self.config.seed_name(seed_post), post, about);
    }

    /// Takes in what the intervention called `by` made an account do.
    pub(crate) fn take_in_injected(&mut self, by: &str, event: &Event) {
        let Outcome::Posted(post) = event.outcome else { return };
        let own = self.config.intervention.iter().find(|own| own.name == by);
        if let Some(ActionConfig::Inject(inject)) = own.map(|own| &own.action) {
            let about = self.about(inject.claim.as_deref(), inject.asserts);
            self.planted.add(by, post, about);
        }
    }

    fn about(&self, claim: Option<&str>, asserts: bool) -> Option<AboutClaim> {
        let claim = self.config.claim_named(claim?)?;
        Some(AboutClaim { claim, side: if asserts { Side::Asserts } else { Side::Denies } })
    }

    /// Begins with what agents believe under `config`, before the first step.
    pub(crate) fn begin_with_beliefs_of(&mut self, config: &Config) {
        self.beliefs = setup::beliefs(config, self.population.len());
        self.first_beliefs = Arc::new(self.beliefs.clone());
    }

    /// What the behavioural policy chooses for an agent.
    pub(crate) fn choose(&self, now: Step, observation: Observation<'_>) -> Decision {
        let writer = Writer { population: &self.population, beliefs: &self.beliefs };
        let mut decision = self.behaviour.decide(now, observation, &writer);
        for recovery in recoveries(self, now, observation.agent) {
            if !decision.actions.contains(&recovery) {
                decision.actions.push(recovery);
            }
        }
        decision
    }

    /// What an agent's profile says, as a vector.
    pub(crate) fn profile_vector(&self, agent: AgentId) -> &[f32] {
        self.profiles.of(agent, self.population.vector(agent))
    }

    /// Takes in what was done in the step before `next`: what depends on public state, and is none of the platform's own.
    ///
    /// # Errors
    /// When a changed profile cannot be embedded.
    pub(crate) fn take_in(&mut self, events: &[Event], next: Step) -> Result<(), EngineError> {
        self.recommender.take_in(&self.public, events, next);
        let changed = events.iter().filter_map(|event| match &event.action {
            Action::EditProfile(edit) if event.outcome.succeeded() => Some((event.agent, edit.bio.clone()?)),
            _ => None,
        });
        let (agents, bios): (Vec<AgentId>, Vec<_>) = changed.unzip();
        for (agent, vector) in agents.into_iter().zip(self.embedding.embed_all(&bios)?) {
            self.profiles.change(agent, vector);
        }
        Ok(())
    }

    /// The handle of an agent, as it stands now; of one that is not signed up, its number.
    pub(crate) fn handle(&self, agent: AgentId) -> Arc<str> {
        let profile = self.public.accounts().profile(agent);
        profile.map_or_else(|| format!("user{agent}").into(), |profile| profile.user_name.clone())
    }

    /// Share of agents whose exposures are recorded.
    pub(crate) fn exposures_kept(&self) -> Probability {
        self.config.tables.exposures_of(self.population.len())
    }

    /// The seed of all draws.
    pub fn seed(&self) -> u64 {
        self.config.run.seed
    }
}
