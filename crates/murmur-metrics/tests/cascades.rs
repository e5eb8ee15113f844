//! Cascades against closed forms, and against a plain model that walks every pair of nodes.

use murmur_core::PostId;
use murmur_metrics::{CascadeSummary, CascadeTracker, Spread, spread_of, structural_virality};
use proptest::prelude::*;

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12 * a.abs().max(1.0)
}

#[test]
fn spread_of_trees_with_closed_forms() {
    let check = |name: &str, parents: Vec<Option<u32>>, depth: u32, max_breadth: u32, virality: f64| {
        let spread = spread_of(&parents);
        assert_eq!((spread.depth, spread.max_breadth), (depth, max_breadth), "{name}");
        assert_eq!(spread.scale as usize, parents.len(), "{name}");
        assert!(close(spread.structural_virality, virality), "{name}: {}", spread.structural_virality);
        assert_eq!(structural_virality(&parents), spread.structural_virality, "{name}");
    };
    let tree = |nodes: u32, parent: fn(u32) -> u32| {
        (0..nodes).map(|node| (node > 0).then(|| parent(node))).collect::<Vec<_>>()
    };
    check("nothing", vec![], 0, 0, 0.0);
    check("one", tree(1, |_| 0), 0, 1, 0.0);
    check("two", tree(2, |_| 0), 1, 1, 1.0);
    // A star of n nodes has 2 (n − 1) / n, a chain (n + 1) / 3.
    check("star", tree(1_000_000, |_| 0), 1, 999_999, 2.0 * 999_999.0 / 1_000_000.0);
    check("chain", tree(1_000_000, |node| node - 1), 999_999, 1, 1_000_001.0 / 3.0);
    // Seven nodes of a complete binary tree: 6 pairs at distance 1, 7 at 2, 4 at 3, 4 at 4.
    check("binary", tree(7, |node| (node - 1) / 2), 2, 4, (6.0 + 14.0 + 12.0 + 16.0) / 21.0);
}

#[test]
fn a_summary_is_one_flat_object() {
    let summary = CascadeSummary { root: "a7".into(), spread: spread_of(&[None, Some(0)]) };
    let expected = r#"{"root":"a7","scale":2,"depth":1,"max_breadth":1,"structural_virality":1.0}"#;
    assert_eq!(serde_json::to_string(&summary).unwrap(), expected);
}

/// The spread of a tree from the distances between all pairs of nodes.
fn plain_spread(parents: &[Option<u32>]) -> Spread {
    let path_up = |node: usize| {
        std::iter::successors(Some(node), |&at| parents[at].map(|parent| parent as usize)).collect::<Vec<_>>()
    };
    let paths: Vec<_> = (0..parents.len()).map(path_up).collect();
    let depth = |node: usize| paths[node].len() - 1;
    let deepest = (0..parents.len()).map(depth).max().unwrap();
    let breadth = |at: usize| (0..parents.len()).filter(|&node| depth(node) == at).count();
    let (mut distances, mut pairs) = (0, 0);
    for a in 0..parents.len() {
        for b in 0..a {
            let meeting = paths[a].iter().find(|node| paths[b].contains(node)).unwrap();
            distances += depth(a) + depth(b) - 2 * depth(*meeting);
            pairs += 1;
        }
    }
    Spread {
        scale: parents.len() as u32,
        depth: deepest as u32,
        max_breadth: (0..=deepest).map(breadth).max().unwrap() as u32,
        structural_virality: if pairs == 0 { 0.0 } else { distances as f64 / pairs as f64 },
    }
}

/// Each row of a post table: a root, or a repost of an earlier row (taken modulo their number).
fn tables() -> impl Strategy<Value = Vec<Option<usize>>> {
    prop::collection::vec(prop_oneof![1 => Just(None), 3 => any::<usize>().prop_map(Some)], 1..60)
}

proptest! {
    #[test]
    fn the_tracker_agrees_with_the_plain_model(table in tables()) {
        let mut tracker = CascadeTracker::new();
        let mut roots: Vec<usize> = Vec::new();
        // Of each root, the rows of its cascade and their parents in it.
        let mut cascades: Vec<(Vec<usize>, Vec<Option<u32>>)> = Vec::new();
        for (index, drawn) in table.iter().enumerate() {
            let row = PostId::from_index(index);
            match drawn.filter(|_| index > 0).map(|drawn| drawn % index) {
                None => {
                    tracker.add_root(row);
                    roots.push(index);
                    cascades.push((vec![index], vec![None]));
                }
                Some(parent) => {
                    let number = cascades.iter().position(|(rows, _)| rows.contains(&parent)).unwrap();
                    let (rows, parents) = &mut cascades[number];
                    let place = rows.iter().position(|&row| row == parent).unwrap();
                    rows.push(index);
                    parents.push(Some(place as u32));
                    tracker.add_repost(row, PostId::from_index(parent), PostId::from_index(roots[number]));
                }
            }
        }
        prop_assert_eq!(tracker.roots().map(PostId::index).collect::<Vec<_>>(), roots.clone());
        for (&root, (rows, parents)) in roots.iter().zip(&cascades) {
            let (tracked, whole, plain) =
                (tracker.spread(PostId::from_index(root)), spread_of(parents), plain_spread(parents));
            prop_assert_eq!(tracked, whole);
            prop_assert!(close(whole.structural_virality, plain.structural_virality));
            prop_assert_eq!(Spread { structural_virality: whole.structural_virality, ..plain }, whole);
            for (place, &row) in rows.iter().enumerate() {
                let ups = std::iter::successors(parents[place], |&at| parents[at as usize]).count();
                prop_assert_eq!(tracker.depth_of_row(PostId::from_index(row)), ups as u32);
            }
        }
    }
}
