//! How far and in what shape a cascade spread: scale, depth, maximum breadth and structural virality, of a whole tree
//! at once or kept up as reposts arrive.

use murmur_core::{PostId, heap};
use serde::Serialize;

/// The size and shape of one cascade, a rooted tree.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Spread {
    /// Number of nodes, the root included.
    pub scale: u32,
    /// Depth of the deepest node; the root has depth 0.
    pub depth: u32,
    /// Number of nodes at the depth that has the most.
    pub max_breadth: u32,
    /// Mean number of edges between two different nodes, over all pairs; 0 for a single node.
    pub structural_virality: f64,
}

/// What `murmur measure cascade` reports of one cascade.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CascadeSummary {
    /// The id of the root, as the user's file writes it.
    pub root: String,
    /// Its size and shape.
    #[serde(flatten)]
    pub spread: Spread,
}

/// Measures one tree, given the parent of each node. Time and memory are linear in the number of nodes.
///
/// Node 0 is the root and has no parent; every other node has a parent of smaller number. No nodes at all measure 0.
///
/// # Panics
/// When a node other than 0 has no parent or one that does not come before it.
pub fn spread_of(parents: &[Option<u32>]) -> Spread {
    if parents.is_empty() {
        return Spread { scale: 0, depth: 0, max_breadth: 0, structural_virality: 0.0 };
    }
    let mut depths = vec![0u32; parents.len()];
    let mut breadths = Breadths::of_root();
    for (node, parent) in (1..).zip(parents_after_root(parents)) {
        depths[node] = depths[parent as usize] + 1;
        breadths.add(depths[node]);
    }
    Spread {
        scale: parents.len() as u32,
        depth: breadths.depth(),
        max_breadth: breadths.max,
        structural_virality: mean_distance(parents_after_root(parents)),
    }
}

/// The mean distance in edges over all pairs of different nodes of a tree given as for [`spread_of`]; 0 for fewer than
/// two nodes (Goel, Anderson, Hofman and Watts, "The structural virality of online diffusion", Management Science 62,
/// 2016). Linear time.
///
/// # Panics
/// As [`spread_of`].
pub fn structural_virality(parents: &[Option<u32>]) -> f64 {
    mean_distance(parents_after_root(parents))
}

/// The parents of nodes 1, 2, …, checked.
fn parents_after_root(
    parents: &[Option<u32>],
) -> impl DoubleEndedIterator<Item = u32> + ExactSizeIterator + '_ {
    parents.iter().enumerate().skip(1).map(|(node, parent)| {
        let parent = parent.expect("only node 0 is a root");
        assert!((parent as usize) < node, "node {node} comes before its parent {parent}");
        parent
    })
}

/// The mean distance over all pairs of nodes, given the parents of nodes 1, 2, ….
///
/// The edge above a subtree of s of the n nodes lies on the s(n − s) paths that leave it, so one sum over edges gives
/// the Wiener index, in integers.
fn mean_distance(parents: impl DoubleEndedIterator<Item = u32> + ExactSizeIterator) -> f64 {
    let nodes = parents.len() as u64 + 1;
    if nodes == 1 {
        return 0.0;
    }
    let mut sizes = vec![1u32; nodes as usize];
    let mut distances = 0u128;
    for (child, parent) in (1..nodes as usize).zip(parents).rev() {
        let size = u64::from(sizes[child]);
        sizes[parent as usize] += sizes[child];
        distances += u128::from(size * (nodes - size));
    }
    distances as f64 / (nodes * (nodes - 1) / 2) as f64
}

/// How many nodes a tree has at each depth.
#[derive(Debug)]
struct Breadths {
    at_depth: Vec<u32>,
    max: u32,
}

impl Breadths {
    fn of_root() -> Self {
        Self { at_depth: vec![1], max: 1 }
    }

    /// Counts one more node at `depth`, at most one below the deepest so far.
    fn add(&mut self, depth: u32) {
        let depth = depth as usize;
        if depth == self.at_depth.len() {
            self.at_depth.push(0);
        }
        self.at_depth[depth] += 1;
        self.max = self.max.max(self.at_depth[depth]);
    }

    fn depth(&self) -> u32 {
        self.at_depth.len() as u32 - 1
    }
}

/// Keeps the spread of every cascade of a run while rows are added to the post table.
///
/// A cascade is a root (an original or a quote) and its reposts. A row costs 8 bytes; a root gets a record of its own
/// only when it is first reposted, and each repost adds 4 bytes to it.
#[derive(Debug, Default)]
pub struct CascadeTracker {
    rows: Vec<Row>,
    cascades: Vec<Cascade>,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    /// Edges between the row and its root; 0 for a root.
    depth: u32,
    /// Of a repost, its number among the nodes of its cascade, where the root is 0. Of a root, the cascade's number,
    /// or `NEVER_REPOSTED`.
    place: u32,
}

const NEVER_REPOSTED: u32 = u32::MAX;

/// A root that was reposted at least once.
#[derive(Debug)]
struct Cascade {
    /// The parents of nodes 1, 2, …, as numbers of nodes in this cascade.
    parents: Vec<u32>,
    breadths: Breadths,
}

impl CascadeTracker {
    /// Bytes on the heap.
    pub fn memory_bytes(&self) -> usize {
        let each = |cascade: &Cascade| {
            heap::of_column(&cascade.parents) + heap::of_column(&cascade.breadths.at_depth)
        };
        let cascades: usize = self.cascades.iter().map(each).sum();
        heap::of_column(&self.rows) + heap::of_column(&self.cascades) + cascades
    }

    /// A tracker of an empty post table.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next row, an original or a quote.
    ///
    /// # Panics
    /// When `row` is not the next row of the table.
    pub fn add_root(&mut self, row: PostId) {
        self.push(row, Row { depth: 0, place: NEVER_REPOSTED });
    }

    /// Adds the next row, a repost of `parent`, itself `root` or a row of its cascade.
    ///
    /// # Panics
    /// When `row` is not the next row of the table, `root` is not a root, or `parent` is no earlier row of its cascade
    /// (as far as depths and numbers can tell).
    pub fn add_repost(&mut self, row: PostId, parent: PostId, root: PostId) {
        let above = self.rows[parent.index()];
        let parent_node = if parent == root { 0 } else { above.place };
        let slot = self.slot_of(root);
        let cascade = &mut self.cascades[slot];
        assert!(
            parent_node as usize <= cascade.parents.len(),
            "row {parent} is not in the cascade of {root}"
        );
        cascade.parents.push(parent_node);
        cascade.breadths.add(above.depth + 1);
        let place = cascade.parents.len() as u32;
        self.push(row, Row { depth: above.depth + 1, place });
    }

    /// Edges between a row and its root; 0 for a root.
    pub fn depth_of_row(&self, row: PostId) -> u32 {
        self.rows[row.index()].depth
    }

    /// Number of rows in the cascade of `root`, itself included.
    pub fn scale(&self, root: PostId) -> u32 {
        self.cascade(root).map_or(1, |cascade| cascade.parents.len() as u32 + 1)
    }

    /// Depth of the deepest row in the cascade of `root`.
    pub fn depth(&self, root: PostId) -> u32 {
        self.cascade(root).map_or(0, |cascade| cascade.breadths.depth())
    }

    /// Number of rows at the widest depth of the cascade of `root`.
    pub fn max_breadth(&self, root: PostId) -> u32 {
        self.cascade(root).map_or(1, |cascade| cascade.breadths.max)
    }

    /// As [`structural_virality`], of the cascade of `root`. Linear in its scale.
    pub fn structural_virality(&self, root: PostId) -> f64 {
        self.cascade(root).map_or(0.0, |cascade| mean_distance(cascade.parents.iter().copied()))
    }

    /// All four measures of the cascade of `root`. Linear in its scale.
    pub fn spread(&self, root: PostId) -> Spread {
        Spread {
            scale: self.scale(root),
            depth: self.depth(root),
            max_breadth: self.max_breadth(root),
            structural_virality: self.structural_virality(root),
        }
    }

    /// Every root, in the order of rows.
    pub fn roots(&self) -> impl Iterator<Item = PostId> + '_ {
        let roots = self.rows.iter().enumerate().filter(|(_, row)| row.depth == 0);
        roots.map(|(index, _)| PostId::from_index(index))
    }

    fn push(&mut self, row: PostId, record: Row) {
        assert_eq!(row.index(), self.rows.len(), "rows are added in the order of the table");
        self.rows.push(record);
    }

    fn cascade(&self, root: PostId) -> Option<&Cascade> {
        let row = self.rows[root.index()];
        assert_eq!(row.depth, 0, "row {root} is a repost, not a root");
        (row.place != NEVER_REPOSTED).then(|| &self.cascades[row.place as usize])
    }

    /// The number of the cascade of `root`, made if this is its first repost.
    fn slot_of(&mut self, root: PostId) -> usize {
        let row = &mut self.rows[root.index()];
        assert_eq!(row.depth, 0, "row {root} is a repost, not a root");
        if row.place == NEVER_REPOSTED {
            row.place = self.cascades.len() as u32;
            self.cascades.push(Cascade { parents: Vec::new(), breadths: Breadths::of_root() });
        }
        row.place as usize
    }
}
