//! Generators of follow graphs: one file per model, all drawing from streams keyed by the agent.

mod barabasi_albert;
mod configuration_model;
mod draws;
mod erdos_renyi;
mod error;
mod homophilous;
mod stochastic_blocks;
mod watts_strogatz;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use barabasi_albert::BarabasiAlbert;
pub use configuration_model::ConfigurationModel;
pub use erdos_renyi::ErdosRenyi;
pub use error::GraphError;
pub use homophilous::Homophilous;
pub use stochastic_blocks::StochasticBlocks;
pub use watts_strogatz::WattsStrogatz;

use crate::{Built, FollowGraph};

/// How the follows among agents are generated. `kind` names the model.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[expect(
    missing_docs,
    reason = "the schema takes each model's description from its type, unless it is hidden by one here"
)]
pub enum GraphModel {
    ErdosRenyi(ErdosRenyi),
    WattsStrogatz(WattsStrogatz),
    BarabasiAlbert(BarabasiAlbert),
    StochasticBlocks(StochasticBlocks),
    ConfigurationModel(ConfigurationModel),
    Homophilous(Homophilous),
}

impl Default for GraphModel {
    fn default() -> Self {
        Self::Homophilous(Homophilous::default())
    }
}

/// The graph that `model` and `seed` give for `agents` agents. It does not depend on the number of threads.
///
/// `interests` holds a bit set of topics for each agent; only [`Homophilous`] reads it. The counts of what was dropped
/// are part of the result: the configuration model draws with replacement, and a follow that is returned may exist.
///
/// # Errors
/// When the parameters cannot be met by so many agents; the error names the key.
pub fn generate(model: &GraphModel, agents: u32, interests: &[u64], seed: u64) -> Result<Built, GraphError> {
    let follows = match model {
        GraphModel::ErdosRenyi(model) => model.draw(agents, seed),
        GraphModel::WattsStrogatz(model) => model.draw(agents, seed),
        GraphModel::BarabasiAlbert(model) => model.draw(agents, seed),
        GraphModel::StochasticBlocks(model) => model.draw(agents, seed),
        GraphModel::ConfigurationModel(model) => model.draw(agents, seed),
        GraphModel::Homophilous(model) => model.draw(agents, interests, seed),
    }?;
    Ok(FollowGraph::from_edges(agents, follows))
}
