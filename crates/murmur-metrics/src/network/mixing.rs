//! Whom edges connect: the like-minded, the alike in label, the alike in degree.

use murmur_graph::UndirectedView;

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

/// Measures how finite opinions, one per node, and edges go together, in one pass over the edges and two over the
/// nodes. 16 bytes a node of working memory.
///
/// # Panics
/// When there is not one opinion per node.
pub fn opinion_network<T: Copy + Into<f64>>(graph: &impl UndirectedView, opinions: &[T]) -> OpinionNetwork {
    assert_eq!(opinions.len(), graph.nodes() as usize, "one opinion per node");
    // Opinions are counted from one that takes part, so that equal ones have exactly no variance.
    let origin = (0..graph.nodes()).find(|&node| has_neighbour(graph, node));
    let origin: f64 = origin.map_or(0.0, |node| opinions[node as usize].into());
    let own = |node: u32| opinions[node as usize].into() - origin;

    let mut around = Vec::with_capacity(opinions.len());
    let mut external_ends = 0;
    for node in 0..graph.nodes() {
        let group = Group::of(opinions[node as usize].into());
        let mut neighbours = Neighbours { count: 0, opinions: 0.0 };
        graph.for_each_neighbour(node, &mut |neighbour| {
            let opinion = opinions[neighbour as usize].into();
            neighbours.count += 1;
            neighbours.opinions += opinion - origin;
            external_ends += u64::from(Group::of(opinion) != group);
        });
        around.push(neighbours);
    }
    let ends = around.iter().map(|neighbours| u64::from(neighbours.count)).sum();

    let linked = || (0..).zip(&around).filter(|(_, neighbours)| neighbours.count > 0);
    // An end of an edge has the node's opinion, and its other end on average the neighbours' mean: weighting nodes by
    // their degree turns a sum over edges into one over nodes.
    let over_ends = linked().map(|(node, neighbours)| Pair {
        weight: f64::from(neighbours.count),
        x: own(node),
        y: neighbours.mean(),
    });
    let over_nodes =
        linked().map(|(node, neighbours)| Pair { weight: 1.0, x: own(node), y: neighbours.mean() });
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

/// How many neighbours a node has, and the sum of their opinions.
struct Neighbours {
    count: u32,
    opinions: f64,
}

impl Neighbours {
    fn mean(&self) -> f64 {
        self.opinions / f64::from(self.count)
    }
}

fn has_neighbour(graph: &impl UndirectedView, node: u32) -> bool {
    let mut any = false;
    graph.for_each_neighbour(node, &mut |_| any = true);
    any
}

/// A weighted observation of two quantities.
#[derive(Clone, Copy)]
pub(crate) struct Pair {
    pub(crate) weight: f64,
    pub(crate) x: f64,
    pub(crate) y: f64,
}

/// Sums of squares and of products of deviations from the weighted means.
pub(crate) struct Moments {
    xx: f64,
    yy: f64,
    xy: f64,
}

impl Moments {
    pub(crate) fn of(pairs: impl Iterator<Item = Pair> + Clone) -> Self {
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
    pub(super) fn regression(&self) -> Option<f64> {
        (self.xx > 0.0).then(|| self.xy / self.xx)
    }

    /// Pearson's correlation. `None` when x or y does not vary: y is a mean, so a spread of y of no more than 10⁻¹² of
    /// that of x is its rounding.
    pub(crate) fn correlation(&self) -> Option<f64> {
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

pub(super) fn e_i_index(external_ends: u64, ends: u64) -> Option<f64> {
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
