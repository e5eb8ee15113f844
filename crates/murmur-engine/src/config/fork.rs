//! In what the settings of a fork may differ from those of the run that it branches off.

use murmur_core::Step;

use super::{Config, MetricsConfig, ModelSection, OpinionConfig, RunConfig};
use crate::EngineError;
use crate::difference::first_difference;

impl Config {
    /// Checks that a run of this configuration can have a fork of `config` from step `at` on: branches may differ in what
    /// does not change what lies before them.
    ///
    /// # Errors
    /// Naming the first key that may not differ.
    pub fn check_fork(&self, config: &Self, at: Step) -> Result<(), EngineError> {
        let alike = self.where_forks_are_alike(config);
        if alike != *config {
            let value =
                |config: &Self| serde_json::to_value(config).expect("a configuration has a JSON form");
            let difference = first_difference("", &value(&alike), &value(config)).unwrap_or_default();
            return Err(EngineError::Unfit(format!(
                "--set: a fork may change run.steps, feed, behaviour, diffusion, intervention, opinion.model, metrics.every, \
                 platform, journal, model (but for its agents), prompt, memory and calls; everything else is part of the steps \
                 it shares: {difference}"
            )));
        }
        if config.run.steps < at.0 {
            return Err(EngineError::Unfit(format!(
                "run.steps: expected {at} or more, found {}",
                config.run.steps
            )));
        }
        Ok(())
    }

    /// This configuration with all in which `config` may differ from it as it is there.
    fn where_forks_are_alike(&self, config: &Self) -> Self {
        Self {
            run: RunConfig { steps: config.run.steps, ..self.run.clone() },
            feed: config.feed.clone(),
            behaviour: config.behaviour.clone(),
            diffusion: config.diffusion.clone(),
            intervention: config.intervention.clone(),
            opinion: OpinionConfig { model: config.opinion.model.clone(), ..self.opinion.clone() },
            metrics: MetricsConfig { every: config.metrics.every, ..self.metrics.clone() },
            platform: config.platform.clone(),
            journal: config.journal.clone(),
            model: self.models_as(config),
            prompt: config.prompt.clone(),
            memory: config.memory.clone(),
            calls: config.calls.clone(),
            ..self.clone()
        }
    }

    /// The models of `config`, with the agents that they have here; those here if there are not as many.
    fn models_as(&self, config: &Self) -> Vec<ModelSection> {
        let with_agents = |(other, own): (&ModelSection, &ModelSection)| ModelSection {
            agents: own.agents.clone(),
            ..other.clone()
        };
        if config.model.len() != self.model.len() {
            return self.model.clone();
        }
        config.model.iter().zip(&self.model).map(with_agents).collect()
    }
}
