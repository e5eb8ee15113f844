//! Lays a cascade out: each row below what it was reposted from, the branches in order of time.

/// A row of a cascade. Parents come before their children.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Node {
    /// The place of the row that it was made from; none for the root.
    pub(crate) parent: Option<usize>,
}

/// The height of each row: leaves lie on lines of their own, every other row in the middle of its children.
pub(crate) fn heights(nodes: &[Node]) -> Vec<f64> {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    for (place, node) in nodes.iter().enumerate() {
        if let Some(parent) = node.parent {
            children[parent].push(place);
        }
    }
    let mut heights = vec![0.0; nodes.len()];
    let mut next_line = 0.0;
    let roots = nodes.iter().enumerate().filter(|(_, node)| node.parent.is_none());
    for (root, _) in roots {
        // Children are seen before their parents: each row is put on the stack twice.
        let mut open = vec![(root, false)];
        while let Some((place, seen)) = open.pop() {
            let below = &children[place];
            match (below.as_slice(), seen) {
                ([], _) => {
                    heights[place] = next_line;
                    next_line += 1.0;
                }
                ([first, .., last], true) => heights[place] = f64::midpoint(heights[*first], heights[*last]),
                ([only], true) => heights[place] = heights[*only],
                (below, false) => {
                    open.push((place, true));
                    open.extend(below.iter().rev().map(|&child| (child, false)));
                }
            }
        }
    }
    heights
}

/// Reposts from the root to each row.
pub(crate) fn depths(nodes: &[Node]) -> Vec<u32> {
    let mut depths: Vec<u32> = Vec::with_capacity(nodes.len());
    for node in nodes {
        let above = node.parent.and_then(|parent| depths.get(parent));
        depths.push(above.map_or(0, |above| above + 1));
    }
    depths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(parents: &[Option<usize>]) -> Vec<Node> {
        parents.iter().map(|&parent| Node { parent }).collect()
    }

    #[test]
    fn leaves_have_lines_of_their_own_and_parents_the_middle() {
        // 0 has 1 and 2; 1 has 3 and 4.
        let tree = nodes(&[None, Some(0), Some(0), Some(1), Some(1)]);
        assert_eq!(heights(&tree), [1.25, 0.5, 2.0, 0.0, 1.0]);
        assert_eq!(depths(&tree), [0, 1, 1, 2, 2]);
    }

    #[test]
    fn a_long_chain_is_a_straight_line() {
        let parents: Vec<Option<usize>> = (0..100_000).map(|node: usize| node.checked_sub(1)).collect();
        let tree = nodes(&parents);
        assert!(heights(&tree).iter().all(|&height| height == 0.0));
        assert_eq!(depths(&tree).last(), Some(&99_999));
    }
}
