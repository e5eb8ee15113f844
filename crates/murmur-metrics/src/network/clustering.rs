//! How often the neighbours of a node are neighbours of each other.

use murmur_graph::UndirectedView;

use super::degrees;

/// How closely neighbours are knit.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Clustering {
    /// The mean over all nodes of the share of pairs of neighbours that are linked, which counts as 0 for a node with
    /// fewer than two neighbours (Watts and Strogatz, Nature 393, 1998). `None` without nodes.
    pub average: Option<f64>,
    /// Three times the number of triangles over the number of pairs of edges that share a node (Newman, Strogatz and
    /// Watts, Physical Review E 64, 2001); 0 when there is no such pair, as networkx has it.
    pub transitivity: f64,
}

/// Counts all triangles, in time of at most the number of edges to the power 3/2.
pub fn clustering(graph: &impl UndirectedView) -> Clustering {
    let degrees = degrees(graph);
    let triangles = triangles(graph, &degrees);
    let [mut closed, mut pairs] = [0u64; 2];
    let mut local = 0.0;
    for (&triangles, &degree) in triangles.iter().zip(&degrees) {
        let around = u64::from(degree) * u64::from(degree).saturating_sub(1) / 2;
        if around > 0 {
            local += triangles as f64 / around as f64;
        }
        closed += triangles;
        pairs += around;
    }
    Clustering {
        average: (!degrees.is_empty()).then(|| local / degrees.len() as f64),
        transitivity: if pairs > 0 { closed as f64 / pairs as f64 } else { 0.0 },
    }
}

/// The number of triangles each node is a corner of.
///
/// Every edge is directed to its end of higher degree (of equal degrees, of higher number), so that no node has more
/// than √2m successors and each triangle is found once, from its lowest corner (Chiba and Nishizeki 1985).
fn triangles(graph: &impl UndirectedView, degrees: &[u32]) -> Vec<u64> {
    let rank = |node: u32| (degrees[node as usize], node);
    let mut successors = Vec::with_capacity(degrees.len());
    for node in 0..graph.nodes() {
        let mut higher = Vec::new();
        graph.for_each_neighbour(node, &mut |neighbour| {
            if rank(neighbour) > rank(node) {
                higher.push(neighbour);
            }
        });
        successors.push(higher);
    }
    let mut triangles = vec![0u64; degrees.len()];
    // Which node last had this one as a successor.
    let mut predecessor = vec![u32::MAX; degrees.len()];
    for (low, higher) in (0u32..).zip(&successors) {
        for &node in higher {
            predecessor[node as usize] = low;
        }
        for &middle in higher {
            for &high in &successors[middle as usize] {
                if predecessor[high as usize] == low {
                    triangles[low as usize] += 1;
                    triangles[middle as usize] += 1;
                    triangles[high as usize] += 1;
                }
            }
        }
    }
    triangles
}
