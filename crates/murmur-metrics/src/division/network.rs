//! The measures of a network of ties, each beside its values on rewired networks.

use murmur_graph::{Undirected, UndirectedView};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::DivisionSettings;
use super::communities::communities;
use super::echo::{JointDensity, correlation, joint_density, neighbour_leanings};
use super::measured::Measured;
use super::partition::{NOBODY, Partition};
use super::swaps::{draws, rewire};
use super::ties::{Sample, Ties};
use super::walks::{controversy, hubs};
use crate::label_mixing;

/// How far a network is divided.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct NetworkDivision {
    /// All there is.
    pub size: Sample,
    /// What was rewired, if it was not all.
    pub sample: Option<Sample>,
    /// Modularity of the communities that the Leiden algorithm finds.
    pub community_modularity: Measured,
    /// How many communities it finds.
    pub communities: Measured,
    /// Whether communities were looked for in the sample alone.
    pub communities_in_sample: bool,
    /// By partition, in their order.
    pub partitions: Vec<PartitionDivision>,
}

/// How far a network is divided along a partition.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PartitionDivision {
    /// Modularity of the groups, those in none being a group too.
    pub modularity: Measured,
    /// Random-walk controversy of the two largest groups.
    pub controversy: Measured,
    /// Correlation of the own leaning and the mean leaning of whom one is tied to. Not defined without leanings.
    pub echo_correlation: Measured,
    /// How many lean this way while those they are tied to lean that way.
    pub joint: Option<JointDensity>,
}

/// Measures a network along `partitions` of all agents.
///
/// Ties count once however often they occur. Communities, modularity and walks are of the graph with directions
/// forgotten; echo chambers follow the ties' direction. Hubs are ranked by ties out and in, which rewiring keeps. Runs on
/// all threads.
pub fn divide_network(ties: &Ties, partitions: &[Partition], settings: &DivisionSettings) -> NetworkDivision {
    let whole = Ground::new(ties, partitions, settings);
    let graph = ties.undirected();
    let is_sampled = ties.ties().len() > settings.sample as usize;
    let with_communities = ties.ties().len() <= settings.communities as usize;
    let of_whole = whole.look(ties.ties(), &graph, with_communities.then_some(settings.seed));
    let joint: Vec<Option<JointDensity>> = whole
        .partitions
        .iter()
        .map(|own| Some(joint_density(&neighbour_leanings(ties.ties(), own.leanings.as_deref()?))))
        .collect();
    let sample = is_sampled.then(|| ties.sample(&graph, settings.sample.into(), settings.seed));
    drop(graph);

    let rewired_ties = sample.as_ref().unwrap_or(ties);
    let ground = sample.as_ref().map_or(whole, |sample| Ground::new(sample, partitions, settings));
    let of_sample =
        sample.as_ref().map(|sample| ground.look(sample.ties(), &sample.undirected(), Some(settings.seed)));
    let rewirings: Vec<Look> = (0..settings.rewirings)
        .into_par_iter()
        .map(|number| {
            let mut ties = rewired_ties.ties().to_vec();
            rewire(&mut ties, &mut draws(settings.seed, number, 0));
            let graph = Undirected::from_edges(rewired_ties.agents().len() as u32, &ties);
            ground.look(&ties, &graph, Some(settings.seed))
        })
        .collect();

    let beside = |of: &dyn Fn(&Look) -> Option<f64>| {
        let sampled = of_sample.as_ref().map(of);
        Measured::beside(of(&of_whole).or(sampled.flatten()), sampled, rewirings.iter().map(of))
    };
    let partitions = joint.into_iter().enumerate().map(|(place, joint)| PartitionDivision {
        modularity: beside(&|look| look.partitions[place].modularity),
        controversy: beside(&|look| look.partitions[place].controversy),
        echo_correlation: beside(&|look| look.partitions[place].echo_correlation),
        joint,
    });
    NetworkDivision {
        size: ties.size(),
        sample: sample.as_ref().map(Ties::size),
        community_modularity: beside(&|look| look.community_modularity),
        communities: beside(&|look| look.communities),
        communities_in_sample: !with_communities,
        partitions: partitions.collect(),
    }
}

/// What does not change when ties are dealt again.
struct Ground {
    /// Of the network's nodes.
    partitions: Vec<Partition>,
    /// The two largest groups of each partition with their hubs, if there are two.
    poles: Vec<Option<Poles>>,
}

/// Two groups, and where walks end.
struct Poles {
    groups: [u32; 2],
    hubs: [Vec<u32>; 2],
}

/// The measures of one network.
struct Look {
    community_modularity: Option<f64>,
    communities: Option<f64>,
    partitions: Vec<PartitionLook>,
}

/// Those of one partition.
struct PartitionLook {
    modularity: Option<f64>,
    controversy: Option<f64>,
    echo_correlation: Option<f64>,
}

impl Ground {
    fn new(ties: &Ties, partitions: &[Partition], settings: &DivisionSettings) -> Self {
        let of_nodes: Vec<Partition> = partitions.iter().map(|all| all.of(ties.agents())).collect();
        let mut degrees = vec![0; ties.agents().len()];
        for &end in ties.ties().iter().flatten() {
            degrees[end as usize] += 1;
        }
        // Groups are chosen by all agents, so that they are the same in every network and sample.
        let poles_of = |(all, own): (&Partition, &Partition)| {
            let groups = all.poles()?;
            let hubs = groups.map(|group| hubs(&own.groups, group, &degrees, settings.hubs));
            Some(Poles { groups, hubs })
        };
        Self { poles: partitions.iter().zip(&of_nodes).map(poles_of).collect(), partitions: of_nodes }
    }

    /// Measures `ties` and the `graph` they are with directions forgotten; looks for communities if there is a seed to.
    fn look(&self, ties: &[[u32; 2]], graph: &Undirected, communities_by: Option<u64>) -> Look {
        let found = communities_by.map(|seed| communities(graph, seed));
        let of_one = |(own, poles): (&Partition, &Option<Poles>)| PartitionLook {
            modularity: label_mixing(graph, &with_a_group_for_all(&own.groups)).modularity,
            controversy: poles.as_ref().and_then(|poles| {
                controversy(graph, &own.groups, poles.groups, [&poles.hubs[0], &poles.hubs[1]])
            }),
            echo_correlation: own
                .leanings
                .as_deref()
                .and_then(|leanings| correlation(&neighbour_leanings(ties, leanings))),
        };
        Look {
            community_modularity: found.as_ref().and_then(|found| found.modularity),
            communities: found.as_ref().filter(|_| graph.nodes() > 0).map(|found| f64::from(found.count)),
            partitions: self.partitions.iter().zip(&self.poles).map(of_one).collect(),
        }
    }
}

/// The same groups, and those in none as one more.
fn with_a_group_for_all(groups: &[u32]) -> Vec<u32> {
    let next = super::partition::count(groups);
    groups.iter().map(|&group| if group == NOBODY { next } else { group }).collect()
}
