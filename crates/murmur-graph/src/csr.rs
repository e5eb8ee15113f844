//! Compressed sparse rows: all lists of a graph in one array, four bytes an entry, and four bytes a row for where each
//! list starts.

use murmur_core::AgentId;

/// What rows are counted by and hold: the number of a node.
pub(crate) trait Node: Copy + Ord {
    fn of(index: u32) -> Self;
    fn index(self) -> usize;
}

impl Node for u32 {
    fn of(index: u32) -> Self {
        index
    }

    fn index(self) -> usize {
        self as usize
    }
}

impl Node for AgentId {
    fn of(index: u32) -> Self {
        Self(index)
    }

    fn index(self) -> usize {
        self.index()
    }
}

/// A list of nodes for each node.
#[derive(Clone, Debug)]
pub(crate) struct Csr<N> {
    /// Where each row starts in `values`, and the end of the last one. 32 bits suffice for four billion entries.
    starts: Vec<u32>,
    values: Vec<N>,
}

impl<N: Node> Csr<N> {
    /// The rows of `pairs` of row and value, each in the order of `pairs` (a counting sort, so `pairs` is read twice).
    ///
    /// # Panics
    /// When there are more than `u32::MAX` pairs, or one names a node not below `rows`.
    pub(crate) fn from_pairs(rows: u32, pairs: impl Iterator<Item = [N; 2]> + Clone) -> Self {
        let mut starts = vec![0u32; rows as usize + 1];
        for [row, value] in pairs.clone() {
            assert!(value.index() < rows as usize, "node {} of a graph of {rows}", value.index());
            starts[row.index() + 1] += 1;
        }
        let mut total = 0u32;
        for start in &mut starts {
            total = total.checked_add(*start).expect("a graph has at most 4,294,967,295 edges");
            *start = total;
        }
        let mut places = starts.clone();
        let mut values = vec![N::of(0); total as usize];
        for [row, value] in pairs {
            let place = &mut places[row.index()];
            values[*place as usize] = value;
            *place += 1;
        }
        Self { starts, values }
    }

    /// The rows that `fill` appends, one after the other, for each of `rows`; `entries` of them in all.
    ///
    /// # Panics
    /// When there are more than `u32::MAX` entries.
    pub(crate) fn from_rows(rows: u32, entries: usize, mut fill: impl FnMut(N, &mut Vec<N>)) -> Self {
        let mut starts = Vec::with_capacity(rows as usize + 1);
        let mut values = Vec::with_capacity(entries);
        starts.push(0);
        for row in 0..rows {
            fill(N::of(row), &mut values);
            starts.push(u32::try_from(values.len()).expect("a graph has at most 4,294,967,295 edges"));
        }
        Self { starts, values }
    }

    /// The same pairs with row and value exchanged. Its rows are ascending, whatever the order of these.
    pub(crate) fn transposed(&self) -> Self {
        Self::from_pairs(self.rows(), self.pairs().map(|[row, value]| [value, row]))
    }

    /// Drops repeated values of ascending rows, and says how many there were.
    pub(crate) fn dedup(&mut self) -> u64 {
        let before = self.values.len();
        let mut kept = 0;
        let mut start = 0;
        for row in 0..self.starts.len() - 1 {
            let end = self.starts[row + 1] as usize;
            let first = kept;
            for place in start..end {
                let value = self.values[place];
                if kept == first || self.values[kept - 1] != value {
                    self.values[kept] = value;
                    kept += 1;
                }
            }
            start = end;
            self.starts[row + 1] = kept as u32;
        }
        self.values.truncate(kept);
        self.values.shrink_to_fit();
        (before - kept) as u64
    }

    pub(crate) fn rows(&self) -> u32 {
        (self.starts.len() - 1) as u32
    }

    /// Number of entries of all rows.
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    pub(crate) fn row(&self, node: N) -> &[N] {
        let index = node.index();
        &self.values[self.starts[index] as usize..self.starts[index + 1] as usize]
    }

    pub(crate) fn pairs(&self) -> impl Iterator<Item = [N; 2]> + Clone {
        (0..self.rows()).flat_map(|row| {
            let row = N::of(row);
            self.row(row).iter().map(move |&value| [row, value])
        })
    }

    /// Bytes on the heap.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.starts.capacity() * size_of::<u32>() + self.values.capacity() * size_of::<N>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pairs: &[[u32; 2]], rows: &[&[u32]]) {
        let mut csr = Csr::from_pairs(rows.len() as u32, pairs.iter().copied()).transposed().transposed();
        let duplicates = csr.dedup();
        let found: Vec<&[u32]> = (0..csr.rows()).map(|row| csr.row(row)).collect();
        assert_eq!(found, rows);
        assert_eq!(duplicates as usize, pairs.len() - csr.len());
    }

    #[test]
    fn rows_hold_the_pairs_ascending_and_once() {
        check(&[], &[]);
        check(&[], &[&[], &[]]);
        check(&[[2, 1], [0, 2], [2, 0], [2, 1], [0, 2], [0, 2]], &[&[2], &[], &[0, 1]]);
    }
}
