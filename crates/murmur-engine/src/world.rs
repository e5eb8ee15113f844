//! The world: everything that a step reads, and that only `apply` changes.

use murmur_agents::{Behaviour, Beliefs, Population};
use murmur_core::Clock;
use murmur_recsys::HashedEmbedder;
use murmur_store::{Public, Rules};

use crate::Config;
use crate::script::Script;

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
    /// How agents decide.
    pub behaviour: Behaviour,
    /// How texts become vectors.
    pub embedder: HashedEmbedder,
    /// Actions written down beforehand.
    pub(crate) script: Script,
}

impl World {
    /// Goes on under other settings, which differ in nothing that the world was made from.
    pub(crate) fn change_settings(&mut self, config: Config) {
        self.behaviour = Behaviour::new(config.behaviour.clone(), config.run.seed);
        self.public.set_rules(Rules { platform: config.platform.clone(), clock: self.clock });
        self.config = config;
    }

    /// The seed of all draws.
    pub fn seed(&self) -> u64 {
        self.config.run.seed
    }
}
