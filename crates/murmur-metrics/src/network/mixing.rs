//! Whom edges connect: the like-minded, the alike in label, the alike in degree.

use std::ops::Range;

use murmur_graph::UndirectedView;
use rayon::prelude::*;

use super::degrees;

/// How opinions and edges go together.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct OpinionNetwork {
    /// Pearson's correlation of the opinions at the two ends of an edge, over all edges both ways round (numeric
    /// assortativity; Newman, "Mixing patterns in networks", Physical Review E 67, 2003). `None` without edges and
    /// when all ends have the same opinion.
    pub assortativity: Option<f64>,
    /// Pearson's correlation of a node's opinion and the mean opinion of its neighbours, over the nodes that have
    /// any. `None` when either does not vary.
    pub neighbour_correlation: Option<f64>,
    /// The E-I index, as [`LabelMixing::e_i_index`], of three groups: opinions below 0, of 0 and above 0.
    pub e_i_index: Option<f64>,
}

/// Measures how finite opinions, one per node, and edges go together. See [`opinion_networks`].
///
/// # Panics
/// When there is not one opinion per node.
pub fn opinion_network(graph: &(impl UndirectedView + Sync), opinions: &[f64]) -> OpinionNetwork {
    opinion_networks(graph, &[opinions]).pop().expect("one column in, one measure out")
}

/// Measures how finite opinions on several topics, a column each with one per node, and edges go together, in one pass
/// over the edges for all columns and two over the nodes for each.
///
/// The pass over the edges runs on all threads; what it gathers belongs to one node each, and sums over nodes run in
/// their order, so the result does not depend on the threads. 24 bytes a node and column, and 4 a node, of working
/// memory.
///
/// # Panics
/// When a column has not one opinion per node.
pub fn opinion_networks(graph: &(impl UndirectedView + Sync), columns: &[&[f64]]) -> Vec<OpinionNetwork> {
    let nodes = graph.nodes();
    assert!(columns.iter().all(|column| column.len() == nodes as usize), "one opinion per node");
    // Opinions are counted from one that takes part, so that equal ones have exactly no variance.
    let linked_node = (0..nodes).find(|&node| has_neighbour(graph, node)).unwrap_or(0) as usize;
    let origins: Vec<f64> =
        columns.iter().map(|column| column.get(linked_node).copied().unwrap_or(0.0)).collect();
    let cells = Cells::new(columns, &origins);
    let parts: Vec<Surroundings> = (0..nodes.div_ceil(NODES_AT_A_TIME))
        .into_par_iter()
        .map(|part| {
            let start = part * NODES_AT_A_TIME;
            Surroundings::of(graph, start..nodes.min(start.saturating_add(NODES_AT_A_TIME)), &cells)
        })
        .collect();
    let summarize = |(column, (opinions, origin)): (usize, (&&[f64], &f64))| {
        measure_column(opinions, *origin, column, &parts)
    };
    columns.iter().zip(&origins).enumerate().map(summarize).collect()
}

/// Nodes that one thread looks at in one go.
const NODES_AT_A_TIME: u32 = 1024;

/// All opinions node after node, so that a neighbour's lie together: its reading is what the pass over the edges waits
/// for.
struct Cells {
    columns: usize,
    cells: Vec<Cell>,
}

/// One opinion of one node.
#[derive(Clone, Copy)]
struct Cell {
    /// Counted from the column's origin.
    opinion: f64,
    /// 1 for an opinion below 0 and 2³² for one above, so that a sum counts both.
    signs: u64,
}

const BELOW: u64 = 1;
const ABOVE: u64 = 1 << 32;

impl Cells {
    fn new(columns: &[&[f64]], origins: &[f64]) -> Self {
        let nodes = columns.first().map_or(0, |column| column.len());
        let cell = |node: usize, (column, origin): (&&[f64], &f64)| {
            let signs = match Group::of(column[node]) {
                Group::Against => BELOW,
                Group::Neutral => 0,
                Group::For => ABOVE,
            };
            Cell { opinion: column[node] - origin, signs }
        };
        let row = |node| columns.iter().zip(origins).map(move |opinions| cell(node, opinions));
        Self { columns: columns.len(), cells: (0..nodes).flat_map(row).collect() }
    }

    fn of(&self, node: u32) -> &[Cell] {
        &self.cells[node as usize * self.columns..][..self.columns]
    }
}

/// What is around some consecutive nodes.
struct Surroundings {
    /// Neighbours of each node.
    counts: Vec<u32>,
    /// By column, the sum of the neighbours' opinions for each node, counted from the column's origin.
    sums: Vec<Vec<f64>>,
    /// By column, ends of edges whose other end is in another group.
    external_ends: Vec<u64>,
}

impl Surroundings {
    fn of(graph: &impl UndirectedView, nodes: Range<u32>, cells: &Cells) -> Self {
        let mut around = Self {
            counts: Vec::with_capacity(nodes.len()),
            sums: vec![Vec::with_capacity(nodes.len()); cells.columns],
            external_ends: vec![0; cells.columns],
        };
        let mut totals = vec![Cell { opinion: 0.0, signs: 0 }; cells.columns];
        for node in nodes {
            totals.fill(Cell { opinion: 0.0, signs: 0 });
            let mut count = 0;
            graph.for_each_neighbour(node, &mut |neighbour| {
                count += 1;
                for (total, cell) in totals.iter_mut().zip(cells.of(neighbour)) {
                    total.opinion += cell.opinion;
                    total.signs += cell.signs;
                }
            });
            around.counts.push(count);
            for (column, (total, own)) in totals.iter().zip(cells.of(node)).enumerate() {
                around.sums[column].push(total.opinion);
                around.external_ends[column] += u64::from(count) - total.alike(own.signs, count);
            }
        }
        around
    }
}

impl Cell {
    /// Of `count` neighbours whose cells add up to this one, those in the group that `signs` tells.
    fn alike(&self, signs: u64, count: u32) -> u64 {
        let (below, above) = (self.signs % ABOVE, self.signs / ABOVE);
        match signs {
            BELOW => below,
            ABOVE => above,
            _ => u64::from(count) - below - above,
        }
    }
}

fn measure_column(opinions: &[f64], origin: f64, column: usize, parts: &[Surroundings]) -> OpinionNetwork {
    let counts = || parts.iter().flat_map(|part| &part.counts);
    let sums = || parts.iter().flat_map(move |part| &part.sums[column]);
    let ends = counts().map(|&count| u64::from(count)).sum();
    let linked = || {
        let nodes = opinions.iter().zip(counts().zip(sums())).filter(|(_, (count, _))| **count > 0);
        nodes.map(move |(opinion, (&count, sum))| Pair {
            weight: f64::from(count),
            x: opinion - origin,
            y: sum / f64::from(count),
        })
    };
    // An end of an edge has the node's opinion, and its other end on average the neighbours' mean: weighting nodes by
    // their degree turns a sum over edges into one over nodes.
    let over_ends = linked();
    let over_nodes = linked().map(|pair| Pair { weight: 1.0, ..pair });
    let external_ends = parts.iter().map(|part| part.external_ends[column]).sum();
    OpinionNetwork {
        assortativity: Moments::of(over_ends).regression(),
        neighbour_correlation: Moments::of(over_nodes).correlation(),
        e_i_index: e_i_index(external_ends, ends),
    }
}

/// The group of an opinion in the E-I index.
#[derive(Clone, Copy, PartialEq)]
enum Group {
    Against,
    Neutral,
    For,
}

impl Group {
    fn of(opinion: f64) -> Self {
        if opinion < 0.0 {
            Self::Against
        } else if opinion > 0.0 {
            Self::For
        } else {
            Self::Neutral
        }
    }
}

fn has_neighbour(graph: &impl UndirectedView, node: u32) -> bool {
    let mut any = false;
    graph.for_each_neighbour(node, &mut |_| any = true);
    any
}

/// A weighted observation of two quantities.
struct Pair {
    weight: f64,
    x: f64,
    y: f64,
}

/// Sums of squares and of products of deviations from the weighted means.
struct Moments {
    xx: f64,
    yy: f64,
    xy: f64,
}

impl Moments {
    fn of(pairs: impl Iterator<Item = Pair> + Clone) -> Self {
        let (mut weights, mut x_sum, mut y_sum) = (0.0, 0.0, 0.0);
        for Pair { weight, x, y } in pairs.clone() {
            weights += weight;
            x_sum += weight * x;
            y_sum += weight * y;
        }
        let (x_mean, y_mean) = (x_sum / weights, y_sum / weights);
        let mut moments = Self { xx: 0.0, yy: 0.0, xy: 0.0 };
        for Pair { weight, x, y } in pairs {
            let (x, y) = (x - x_mean, y - y_mean);
            moments.xx += weight * x * x;
            moments.yy += weight * y * y;
            moments.xy += weight * x * y;
        }
        moments
    }

    /// The slope of y on x. With y the mean at the far ends of edges it is the correlation of near and far ends, since
    /// each end is both and the two vary alike. `None` when x does not vary.
    fn regression(&self) -> Option<f64> {
        (self.xx > 0.0).then(|| self.xy / self.xx)
    }

    /// Pearson's correlation. `None` when x or y does not vary: y is a mean, so a spread of y of no more than 10⁻¹² of
    /// that of x is its rounding.
    fn correlation(&self) -> Option<f64> {
        let varies = self.xx > 0.0 && self.yy > 1e-24 * self.xx;
        varies.then(|| self.xy / (self.xx.sqrt() * self.yy.sqrt()))
    }
}

/// How labels and edges go together.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct LabelMixing {
    /// Modularity of the partition by label: the share of edges within groups, less the share expected from the
    /// degrees (Newman and Girvan, Physical Review E 69, 2004). `None` without edges.
    pub modularity: Option<f64>,
    /// Modularity over its largest possible value given the degrees of the groups (Newman 2003). `None` without edges
    /// and when all edges end in one group.
    pub assortativity: Option<f64>,
    /// (E − I) / (E + I) with E edges between groups and I within (Krackhardt and Stern, Social Psychology Quarterly
    /// 51, 1988): −1 when all are within. `None` without edges.
    pub e_i_index: Option<f64>,
}

/// Measures how labels and edges go together, given a group number per node. The numbers should be dense from 0: working
/// memory is linear in the largest.
///
/// # Panics
/// When there is not one label per node.
pub fn label_mixing(graph: &impl UndirectedView, labels: &[u32]) -> LabelMixing {
    assert_eq!(labels.len(), graph.nodes() as usize, "one label per node");
    let groups = labels.iter().max().map_or(0, |&label| label as usize + 1);
    let mut ends_in = vec![0u64; groups];
    let mut internal_ends = 0u64;
    for node in 0..graph.nodes() {
        let label = labels[node as usize];
        graph.for_each_neighbour(node, &mut |neighbour| {
            ends_in[label as usize] += 1;
            internal_ends += u64::from(labels[neighbour as usize] == label);
        });
    }
    let ends: u64 = ends_in.iter().sum();
    if ends == 0 {
        return LabelMixing { modularity: None, assortativity: None, e_i_index: None };
    }
    // Both shares over the same denominator, the squared number of ends, and the difference in integers.
    let whole = i128::from(ends) * i128::from(ends);
    let expected: i128 = ends_in.iter().map(|&ends| i128::from(ends) * i128::from(ends)).sum();
    let excess = i128::from(internal_ends) * i128::from(ends) - expected;
    LabelMixing {
        modularity: Some(excess as f64 / whole as f64),
        assortativity: (expected < whole).then(|| excess as f64 / (whole - expected) as f64),
        e_i_index: e_i_index(ends - internal_ends, ends),
    }
}

fn e_i_index(external_ends: u64, ends: u64) -> Option<f64> {
    let internal_ends = ends - external_ends;
    (ends > 0).then(|| (external_ends as f64 - internal_ends as f64) / ends as f64)
}

/// Pearson's correlation of the degrees at the two ends of an edge, over all edges both ways round (Newman 2003).
/// `None` without edges and when all ends have the same degree.
pub fn degree_assortativity(graph: &impl UndirectedView) -> Option<f64> {
    let degrees = degrees(graph);
    let [mut ends, mut sum, mut squares, mut products] = [0i128; 4];
    for (node, &degree) in (0..).zip(&degrees) {
        let mut around = 0u64;
        graph.for_each_neighbour(node, &mut |neighbour| around += u64::from(degrees[neighbour as usize]));
        let degree = i128::from(degree);
        ends += degree;
        sum += degree * degree;
        squares += degree * degree * degree;
        products += degree * i128::from(around);
    }
    let variance = ends * squares - sum * sum;
    (variance > 0).then(|| (ends * products - sum * sum) as f64 / variance as f64)
}
