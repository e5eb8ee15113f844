//! Readers of data that users bring to be measured: cascades, opinions and networks in CSV files.
//!
//! Columns may come in any order and beside others. Ids are any text; spaces around cells are dropped.

use std::collections::HashMap;
use std::path::Path;

use crate::csv_file::CsvFile;
use crate::{DataError, Warning};

/// One tree of a cascade file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MeasuredCascade {
    /// The id of the root.
    pub root: String,
    /// The parent of each node, every node after its parent: node 0 is the root and has none.
    pub parents: Vec<Option<u32>>,
}

/// Reads the trees of a file with columns `child`, `parent` and `time`, one row per node in any order; a root has an
/// empty parent. The trees come in the order of their roots' rows.
///
/// # Errors
/// With its line: a child without id or with two rows, a parent without a row (an orphan), a cycle, a time that is no
/// number, a child earlier than its parent. Without: a missing column, a file without rows.
pub fn read_cascades(path: &Path) -> Result<Vec<MeasuredCascade>, DataError> {
    let rows = read_cascade_rows(path)?;
    let parents = resolve_parents(path, &rows)?;
    let cascades = trees(&rows, &parents);
    let reached: usize = cascades.iter().map(|cascade| cascade.parents.len()).sum();
    if reached < rows.len() {
        return Err(cycle_error(path, &rows, &parents));
    }
    for (child, parent) in rows.iter().zip(&parents) {
        if let Some(parent) =
            parent.map(|parent| &rows[parent as usize]).filter(|parent| child.time < parent.time)
        {
            let message = format!(
                "`{}` at time {} is earlier than its parent `{}` at time {} (line {})",
                child.id, child.time, parent.id, parent.time, parent.line
            );
            return Err(DataError::at_line(path, child.line, message));
        }
    }
    Ok(cascades)
}

/// A row of a cascade file.
struct CascadeRow {
    line: u64,
    id: String,
    /// Empty for a root.
    parent: String,
    time: f64,
}

fn read_cascade_rows(path: &Path) -> Result<Vec<CascadeRow>, DataError> {
    let mut file = CsvFile::open(path)?;
    let [child, parent, time] = file.require(["child", "parent", "time"])?;
    let mut rows = Vec::new();
    while let Some(row) = file.read_row()? {
        let cell = |column: usize| row.cells[column].trim();
        let id = required(path, row.line, "child", cell(child))?.to_owned();
        let time = number(path, row.line, "time", cell(time))?;
        rows.push(CascadeRow { line: row.line, id, parent: cell(parent).to_owned(), time });
    }
    if rows.is_empty() {
        return Err(DataError::whole(path, "no rows after the header; expected at least a root"));
    }
    Ok(rows)
}

/// The row of every row's parent.
fn resolve_parents(path: &Path, rows: &[CascadeRow]) -> Result<Vec<Option<u32>>, DataError> {
    let mut row_of = HashMap::with_capacity(rows.len());
    for (index, row) in (0u32..).zip(rows) {
        if let Some(first) = row_of.insert(row.id.as_str(), index) {
            let message =
                format!("child `{}` has a row already, on line {}", row.id, rows[first as usize].line);
            return Err(DataError::at_line(path, row.line, message));
        }
    }
    let parent_of = |row: &CascadeRow| {
        if row.parent.is_empty() {
            return Ok(None);
        }
        let found = row_of.get(row.parent.as_str()).or_else(|| row_of.get(without_fraction(&row.parent)));
        found.copied().map(Some).ok_or_else(|| {
            let message = format!(
                "parent `{}` of `{}` has no row; expected one, or an empty parent",
                row.parent, row.id
            );
            DataError::at_line(path, row.line, message)
        })
    };
    rows.iter().map(parent_of).collect()
}

/// `17` for `17.0`: what pandas makes of whole numbers in a column with gaps, as the parents of roots are.
fn without_fraction(id: &str) -> &str {
    id.strip_suffix(".0").unwrap_or(id)
}

/// The trees below all roots, each in breadth-first order. Rows on a cycle, or below one, are in none.
fn trees(rows: &[CascadeRow], parents: &[Option<u32>]) -> Vec<MeasuredCascade> {
    let mut children = vec![Vec::new(); rows.len()];
    for (row, parent) in (0u32..).zip(parents) {
        if let Some(parent) = parent {
            children[*parent as usize].push(row);
        }
    }
    let tree_below = |root: usize| {
        let (mut order, mut tree) = (vec![root as u32], vec![None]);
        let mut node = 0;
        while node < order.len() {
            for &child in &children[order[node] as usize] {
                order.push(child);
                tree.push(Some(node as u32));
            }
            node += 1;
        }
        MeasuredCascade { root: rows[root].id.clone(), parents: tree }
    };
    (0..rows.len()).filter(|&row| parents[row].is_none()).map(tree_below).collect()
}

/// Names the cycle that the first row without a root runs into, at the first of its lines.
fn cycle_error(path: &Path, rows: &[CascadeRow], parents: &[Option<u32>]) -> DataError {
    const UNSEEN: usize = usize::MAX;
    // The walk upwards in which a row was first met.
    let mut walk = vec![UNSEEN; rows.len()];
    for start in 0..rows.len() {
        let mut at = Some(start);
        while let Some(row) = at.filter(|&row| walk[row] == UNSEEN) {
            walk[row] = start;
            at = parents[row].map(|parent| parent as usize);
        }
        if let Some(entry) = at.filter(|&row| walk[row] == start) {
            let above = |row: &usize| parents[*row].map(|parent| parent as usize);
            let rest = std::iter::successors(above(&entry), above).take_while(|&row| row != entry);
            let first = rest.fold(entry, usize::min);
            let message = format!("`{}` is its own ancestor: the parents form a cycle", rows[first].id);
            return DataError::at_line(path, rows[first].line, message);
        }
    }
    unreachable!("rows without a root lead into a cycle")
}

/// Reads column `opinion` of a file, in the order of rows; there may be none.
///
/// # Errors
/// A missing column; with its line, a cell that is no number in [-1, 1].
pub fn read_opinions(path: &Path) -> Result<Vec<f64>, DataError> {
    let mut file = CsvFile::open(path)?;
    let [column] = file.require(["opinion"])?;
    let mut opinions = Vec::new();
    while let Some(row) = file.read_row()? {
        let opinion = number(path, row.line, "opinion", row.cells[column].trim())?;
        if !(-1.0..=1.0).contains(&opinion) {
            let message = format!("opinion {opinion} lies outside [-1, 1]");
            return Err(DataError::at_line(path, row.line, message));
        }
        opinions.push(opinion);
    }
    Ok(opinions)
}

/// A network as read from its two files. Nodes are numbered in the order of their rows.
#[derive(Clone, PartialEq, Debug)]
pub struct MeasuredNetwork {
    /// Number of nodes.
    pub nodes: u32,
    /// Undirected edges without self-loops and duplicates, as ascending pairs in ascending order.
    pub edges: Vec<[u32; 2]>,
    /// The group of each node, numbered in the order in which labels first appear, if there is a column `label`.
    pub labels: Option<Vec<u32>>,
    /// The opinion of each node, if there is a column `opinion`.
    pub opinions: Option<Vec<f64>>,
    /// Edges that were dropped.
    pub warnings: Vec<Warning>,
}

/// Reads a network from `edges` (columns `source` and `target`) and `nodes` (column `node`; `label` and `opinion` where
/// there are). Directions are forgotten, and self-loops and repeated edges dropped with a warning.
///
/// # Errors
/// A missing column; with its line, an empty or repeated node, an empty label, an opinion that is no finite number, an
/// edge of a node that is not among `nodes`.
pub fn read_network(edges: &Path, nodes: &Path) -> Result<MeasuredNetwork, DataError> {
    let table = read_nodes(nodes)?;
    let mut links = read_links(edges, nodes, &table.numbers)?;
    let read = links.len();
    links.retain(|[a, b]| a != b);
    let proper = links.len();
    links.sort_unstable();
    links.dedup();
    let dropped = [
        Warning { what: "self-loops dropped", count: read - proper },
        Warning { what: "repeated edges dropped (directions are forgotten)", count: proper - links.len() },
    ];
    Ok(MeasuredNetwork {
        nodes: table.numbers.len() as u32,
        edges: links,
        labels: table.labels,
        opinions: table.opinions,
        warnings: dropped.into_iter().filter(|warning| warning.count > 0).collect(),
    })
}

struct NodeTable {
    numbers: HashMap<String, u32>,
    labels: Option<Vec<u32>>,
    opinions: Option<Vec<f64>>,
}

fn read_nodes(path: &Path) -> Result<NodeTable, DataError> {
    let mut file = CsvFile::open(path)?;
    let [node_column] = file.require(["node"])?;
    let (label_column, opinion_column) = (file.column("label"), file.column("opinion"));
    let mut table = NodeTable {
        numbers: HashMap::new(),
        labels: label_column.map(|_| Vec::new()),
        opinions: opinion_column.map(|_| Vec::new()),
    };
    let mut groups = HashMap::new();
    while let Some(row) = file.read_row()? {
        let cell = |column: usize| row.cells[column].trim();
        let node = required(path, row.line, "node", cell(node_column))?;
        let number = table.numbers.len() as u32;
        if table.numbers.insert(node.to_owned(), number).is_some() {
            return Err(DataError::at_line(path, row.line, format!("node `{node}` is listed twice")));
        }
        if let (Some(labels), Some(column)) = (&mut table.labels, label_column) {
            let label = required(path, row.line, "label", cell(column))?;
            let next = groups.len() as u32;
            labels.push(*groups.entry(label.to_owned()).or_insert(next));
        }
        if let (Some(opinions), Some(column)) = (&mut table.opinions, opinion_column) {
            opinions.push(self::number(path, row.line, "opinion", cell(column))?);
        }
    }
    Ok(table)
}

/// The edges in `path` as ascending pairs of node numbers, in the order of rows.
fn read_links(path: &Path, nodes: &Path, numbers: &HashMap<String, u32>) -> Result<Vec<[u32; 2]>, DataError> {
    let mut file = CsvFile::open(path)?;
    let [source, target] = file.require(["source", "target"])?;
    let mut links = Vec::new();
    while let Some(row) = file.read_row()? {
        let end = |name: &str, column: usize| {
            let node = required(path, row.line, name, row.cells[column].trim())?;
            numbers.get(node).copied().ok_or_else(|| {
                let message = format!("{name} `{node}` is not a node of {}", nodes.display());
                DataError::at_line(path, row.line, message)
            })
        };
        let (source, target) = (end("source", source)?, end("target", target)?);
        links.push([source.min(target), source.max(target)]);
    }
    Ok(links)
}

/// The cell, which may not be empty.
fn required<'c>(path: &Path, line: u64, column: &str, cell: &'c str) -> Result<&'c str, DataError> {
    if cell.is_empty() {
        return Err(DataError::at_line(path, line, format!("column `{column}` is empty; expected a value")));
    }
    Ok(cell)
}

/// The cell as a finite number.
fn number(path: &Path, line: u64, column: &str, cell: &str) -> Result<f64, DataError> {
    cell.parse().ok().filter(|number: &f64| number.is_finite()).ok_or_else(|| {
        DataError::at_line(path, line, format!("column `{column}` is `{cell}`; expected a number"))
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use tempfile::NamedTempFile;

    use super::*;

    /// A temporary file, gone with the value.
    fn sample(content: impl AsRef<[u8]>) -> NamedTempFile {
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(content.as_ref()).unwrap();
        file
    }

    /// The message, without the name of the file before it.
    fn message(error: DataError, files: &[&NamedTempFile]) -> String {
        let places = files.iter().map(|file| format!("{}: ", file.path().display()));
        places.fold(error.to_string(), |message, place| {
            message.strip_prefix(&place).unwrap_or(&message).to_owned()
        })
    }

    fn cascades(rows: &str) -> Result<Vec<String>, String> {
        let file = sample(format!("child,parent,time\n{rows}"));
        let cascades = read_cascades(file.path()).map_err(|error| message(error, &[&file]))?;
        let show = |cascade: &MeasuredCascade| {
            let parents = cascade.parents.iter().map(|parent| parent.map_or("-".into(), |p| p.to_string()));
            format!("{}: {}", cascade.root, parents.collect::<Vec<_>>().join(" "))
        };
        Ok(cascades.iter().map(show).collect())
    }

    #[test]
    fn cascades_are_read_in_any_order_of_rows() {
        let check = |rows: &str, expected: &[&str]| assert_eq!(cascades(rows).unwrap(), expected, "{rows}");
        check("a,,0\n", &["a: -"]);
        check("a,,0\nb,a,1\nc,b,1.5\nd,a,2\n", &["a: - 0 0 1"]);
        check("c,b,2\nb,a,1\na,,0\n", &["a: - 0 1"]);
        check("b,a,3\na,,3\n", &["a: - 0"]);
        check("x,,9\nb,a,-1\na,,-2e3\ny,x,9\nz,,0\n", &["x: - 0", "a: - 0", "z: -"]);
        check("0, ,0\n 1 , 0.0 ,5\n2,1.0,6\n", &["0: - 0 1"]);
        check("1,,0\n1.0,1,0\n2,1.0,0\n", &["1: - 0 1"]);
    }

    #[test]
    fn faults_of_cascades_name_their_line() {
        let check = |rows: &str, expected: &str| assert_eq!(cascades(rows).unwrap_err(), expected, "{rows}");
        check("", "no rows after the header; expected at least a root");
        check("a,,0\n,a,1\n", "line 3: column `child` is empty; expected a value");
        check("a,,0\n\nb,a,1\nb,a,2\n", "line 5: child `b` has a row already, on line 4");
        check("a,,0\nb,x,1\n", "line 3: parent `x` of `b` has no row; expected one, or an empty parent");
        check("a,,0\nb,a,soon\n", "line 3: column `time` is `soon`; expected a number");
        check("a,,0\nb,a,\n", "line 3: column `time` is ``; expected a number");
        check("a,,0\nb,a,inf\n", "line 3: column `time` is `inf`; expected a number");
        check("a,,1\nb,a,0.5\n", "line 3: `b` at time 0.5 is earlier than its parent `a` at time 1 (line 2)");
        check("b,a,0\na,,1\n", "line 2: `b` at time 0 is earlier than its parent `a` at time 1 (line 3)");
        check("a,a,0\n", "line 2: `a` is its own ancestor: the parents form a cycle");
        // d hangs below the cycle of b and c; a's tree is sound.
        check("a,,0\nd,c,0\nb,c,0\nc,b,0\n", "line 4: `b` is its own ancestor: the parents form a cycle");
        check("a,,0\nd,c,0\nc,b,0\nb,c,0\n", "line 4: `c` is its own ancestor: the parents form a cycle");
        check("a,,0\nb\n", "line 3: 1 fields where the header has 3");
    }

    #[test]
    fn a_long_chain_is_read_whole() {
        let rows: String = (1..100_000).rev().map(|node| format!("{node},{},0\n", node - 1)).collect();
        let file = sample(format!("child,parent,time\n{rows}0,,0\n"));
        let cascades = read_cascades(file.path()).unwrap();
        let expected = (0..100_000u32).map(|node| node.checked_sub(1)).collect();
        assert_eq!(cascades, [MeasuredCascade { root: "0".into(), parents: expected }]);
    }

    #[test]
    fn missing_columns_are_named() {
        let file = sample("child,when\na,0\n");
        let error = read_cascades(file.path()).unwrap_err();
        assert_eq!(
            message(error, &[&file]),
            "missing columns `parent`, `time`; the file has `child`, `when`"
        );
        let file = sample("stance\n0\n");
        let error = read_opinions(file.path()).unwrap_err();
        assert_eq!(message(error, &[&file]), "missing column `opinion`; the file has `stance`");
    }

    fn opinions(content: &str) -> Result<Vec<f64>, String> {
        let file = sample(content);
        read_opinions(file.path()).map_err(|error| message(error, &[&file]))
    }

    #[test]
    fn opinions_are_numbers_from_minus_one_to_one() {
        assert_eq!(opinions("opinion\n").unwrap(), [0.0; 0]);
        assert_eq!(opinions("\u{feff}id,opinion\r\n7,-1\r\n8, 1e0\r\n9,0.25").unwrap(), [-1.0, 1.0, 0.25]);
        let check = |content: &str, expected: &str| assert_eq!(opinions(content).unwrap_err(), expected);
        check("opinion\n0\n1.01\n", "line 3: opinion 1.01 lies outside [-1, 1]");
        check("opinion\nNaN\n", "line 2: column `opinion` is `NaN`; expected a number");
        check("opinion,x\n0,1\n,2\n", "line 3: column `opinion` is ``; expected a number");
    }

    fn network(edges: &str, nodes: &str) -> Result<MeasuredNetwork, String> {
        let (edges, nodes) = (sample(edges), sample(nodes));
        read_network(edges.path(), nodes.path()).map_err(|error| message(error, &[&edges, &nodes]))
    }

    #[test]
    fn a_network_is_read_from_two_files() {
        let nodes = "opinion,node,label,name\n0.5,a,x,Ann\n-2,b,y,Bob\n0,c,x,Cat\n";
        let network = network("weight,target,source\n1,a,b\n1,b,a\n1,c,c\n1,c,a\n1,a,b\n", nodes).unwrap();
        let expected = MeasuredNetwork {
            nodes: 3,
            edges: vec![[0, 1], [0, 2]],
            labels: Some(vec![0, 1, 0]),
            opinions: Some(vec![0.5, -2.0, 0.0]),
            warnings: vec![
                Warning { what: "self-loops dropped", count: 1 },
                Warning { what: "repeated edges dropped (directions are forgotten)", count: 2 },
            ],
        };
        assert_eq!(network, expected);
    }

    #[test]
    fn labels_and_opinions_may_be_absent() {
        let network = network("source,target\n", "node\n1\n").unwrap();
        let expected =
            MeasuredNetwork { nodes: 1, edges: vec![], labels: None, opinions: None, warnings: vec![] };
        assert_eq!(network, expected);
    }

    #[test]
    fn faults_of_networks_name_their_line() {
        let check = |edges: &str, nodes: &str, expected: &str| {
            let message = network(&format!("source,target\n{edges}"), nodes).unwrap_err();
            assert!(message.starts_with(expected), "{message} instead of {expected}");
        };
        check("a,b\n", "node\na\n", "line 2: target `b` is not a node of ");
        check("a,b\nc,a\n", "node\na\nb\n", "line 3: source `c` is not a node of ");
        check("a,\n", "node\na\n", "line 2: column `target` is empty; expected a value");
        check("", "node\na\nb\na\n", "line 4: node `a` is listed twice");
        check("", "node,label\na,x\nb,\n", "line 3: column `label` is empty; expected a value");
        check("", "node,opinion\na,strong\n", "line 2: column `opinion` is `strong`; expected a number");
        check("", "name\na\n", "missing column `node`; the file has `name`");
    }
}
