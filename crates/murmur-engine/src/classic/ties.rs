//! Who hears whom in a classical model: everybody everybody, a graph from a file, or one drawn for each run.

use murmur_core::{AgentId, Follow};
use murmur_data::edges::{NodeIds, Nodes, read_edges};
use murmur_data::{DataError, Warning};
use murmur_dynamics::Contacts;
use murmur_graph::{FollowGraph, GraphModel, generate};

use crate::EngineError;
use crate::config::{ClassicConfig, GivenTies, Ties, TiesFile};
use crate::setup::{MOST_AGENTS, named_by, nodes_named};

/// Agents without a configured number and without a graph file that says it.
const DEFAULT_COUNT: u32 = 1000;

/// The agents of all runs, and what their ties are.
pub(super) struct Crowd<'c> {
    pub(super) agents: u32,
    pub(super) warnings: Vec<Warning>,
    ties: TiesOfRuns<'c>,
    is_undirected: bool,
}

enum TiesOfRuns<'c> {
    WellMixed,
    Same(FollowGraph),
    Drawn(&'c GraphModel),
}

impl<'c> Crowd<'c> {
    pub(super) fn of(config: &'c ClassicConfig) -> Result<Self, EngineError> {
        let count = config.agents.count;
        let is_undirected = config.graph.undirected;
        let (agents, ties, warnings) = match &config.graph.ties {
            Ties::Given(GivenTies::WellMixed(_)) => {
                (count.unwrap_or(DEFAULT_COUNT), TiesOfRuns::WellMixed, Vec::new())
            }
            Ties::Generated(model) => (count.unwrap_or(DEFAULT_COUNT), TiesOfRuns::Drawn(model), Vec::new()),
            Ties::Given(GivenTies::File(file)) => {
                let (graph, warnings) = graph_of(file, count, is_undirected)?;
                (graph.agents(), TiesOfRuns::Same(graph), warnings)
            }
        };
        check_agents(config, agents)?;
        Ok(Self { agents, warnings, ties, is_undirected })
    }

    /// Carries out `run` among the contacts that the run of this seed has.
    pub(super) fn with_contacts<T>(
        &self,
        seed: u64,
        run: impl FnOnce(Contacts<'_>) -> T,
    ) -> Result<T, EngineError> {
        match &self.ties {
            TiesOfRuns::WellMixed => Ok(run(Contacts::WellMixed(self.agents))),
            TiesOfRuns::Same(graph) => Ok(run(Contacts::Graph(graph))),
            TiesOfRuns::Drawn(model) => {
                // Nobody has interests, so none are shared.
                let interests = vec![0; self.agents as usize];
                let graph = generate(model, self.agents, &interests, seed)?.graph;
                let graph = if self.is_undirected { undirected(&graph) } else { graph };
                Ok(run(Contacts::Graph(&graph)))
            }
        }
    }
}

fn check_agents(config: &ClassicConfig, agents: u32) -> Result<(), EngineError> {
    if !(2..=MOST_AGENTS).contains(&agents) {
        return Err(EngineError::Unfit(format!(
            "agents.count: expected 2 to {MOST_AGENTS} agents, found {agents}; if the ids of a graph file are not \
             agent numbers, set graph.ids = \"appearance\""
        )));
    }
    let named = config.agents.seed_agents.iter().flatten();
    if let Some(beyond) = named.copied().find(|&seed| seed >= agents) {
        let most = agents - 1;
        return Err(EngineError::Unfit(format!(
            "agents.seed_agents: expected agents from 0 to {most}, found {beyond}; agents.count says how many there are"
        )));
    }
    match config.agents.seeds.filter(|&seeds| seeds > agents) {
        Some(seeds) => Err(EngineError::Unfit(format!(
            "agents.seeds: expected at most all {agents} agents, found {seeds}"
        ))),
        None => Ok(()),
    }
}

/// The graph in a file, and what was mended in it.
fn graph_of(
    file: &TiesFile,
    count: Option<u32>,
    is_undirected: bool,
) -> Result<(FollowGraph, Vec<Warning>), EngineError> {
    let agents = count.unwrap_or(u32::MAX);
    let nodes = match file.ids {
        NodeIds::Appearance => Nodes::Appearance { agents },
        _ => Nodes::Index { agents },
    };
    let read = read_edges(&file.path, nodes).map_err(|error| match error {
        DataError::Malformed { path, line, message } => {
            let hint =
                "graph.ids says what the ids are (index, appearance), agents.count how many agents there are";
            DataError::Malformed { path, line, message: format!("{message} ({hint})") }
        }
        error => error,
    });
    let edges = named_by("graph.path", read)?;
    let agents = count.unwrap_or_else(|| nodes_named(&edges));
    if agents > MOST_AGENTS {
        return Err(EngineError::Unfit(format!(
            "graph.path: the file names agents up to {agents}, expected at most {MOST_AGENTS}; if its ids are not agent \
             numbers, set graph.ids = \"appearance\""
        )));
    }
    let mut warnings = edges.warnings;
    let built = FollowGraph::from_edges(agents, edges.follows);
    if built.duplicates > 0 {
        let what = "repeated follows dropped";
        warnings.push(Warning { what, count: built.duplicates as usize });
    }
    let graph = if is_undirected { undirected(&built.graph) } else { built.graph };
    Ok((graph, warnings))
}

/// The graph in which every follow is returned.
fn undirected(graph: &FollowGraph) -> FollowGraph {
    let both = |follower: AgentId| {
        let ways = move |&followee: &AgentId| {
            [Follow { follower, followee }, Follow { follower: followee, followee: follower }]
        };
        graph.followees(follower).iter().flat_map(ways)
    };
    let follows = (0..graph.agents()).map(AgentId).flat_map(both).collect();
    FollowGraph::from_edges(graph.agents(), follows).graph
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undirected_graphs_have_every_follow_both_ways_once() {
        let follow = |(one, other)| Follow { follower: AgentId(one), followee: AgentId(other) };
        let follows = [(0, 1), (1, 0), (2, 0), (3, 2)].map(follow).to_vec();
        let graph = undirected(&FollowGraph::from_edges(4, follows).graph);
        let heard: Vec<Vec<u32>> = (0..4)
            .map(|agent| graph.followees(AgentId(agent)).iter().map(|other| other.0).collect())
            .collect();
        assert_eq!(heard, [vec![1, 2], vec![0], vec![0, 3], vec![2]]);
    }
}
