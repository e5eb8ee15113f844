//! A batch: the rows of one table in one step, of one shard where the table is private; and its form on disk.
//!
//! On disk a batch is: table (1 byte), shard (1), rows (varint), twice the length of the stored bytes plus one where
//! they are compressed (varint), the stored bytes, and a checksum of all that (4). That is 8 to 12 bytes around the
//! content of a batch below a megabyte.

use std::fmt;
use std::ops::Range;

use murmur_core::Step;
use xxhash_rust::xxh3::{xxh3_128, xxh3_128_with_seed};

use crate::layout::short_checksum;
use crate::varint;

/// The number of a table. Which table it is, is for the caller to know.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TableId(pub u8);

/// Which part of a table a batch holds. Public parts come before private ones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Shard {
    /// All of a public table.
    Public,
    /// A shard of a private table, 0 to 254.
    Private(u8),
}

impl Shard {
    /// The form on disk.
    fn code(self) -> u8 {
        match self {
            Self::Public => 0,
            Self::Private(shard) => shard.checked_add(1).expect("shards are numbered 0 to 254"),
        }
    }

    fn from_code(code: u8) -> Self {
        match code.checked_sub(1) {
            None => Self::Public,
            Some(shard) => Self::Private(shard),
        }
    }
}

/// A batch as it was handed to the journal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Batch<'a> {
    /// Its table.
    pub table: TableId,
    /// Its part of the table.
    pub shard: Shard,
    /// Its rows, at least 1.
    pub rows: u32,
    /// Its content.
    pub payload: &'a [u8],
}

/// A fingerprint of content: equal for equal content, wherever it lies and however it was compressed. It says nothing
/// against somebody who wants two contents to look the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Digest(pub u128);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// The most bytes a payload can have. What claims to be larger is damaged.
pub(crate) const MAX_PAYLOAD: usize = 1 << 30;

/// What the digest of a step is made of: one batch's place in the canonical order and its content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Entry {
    pub(crate) table: TableId,
    pub(crate) shard: Shard,
    digest: u128,
}

impl Entry {
    pub(crate) fn of(batch: Batch<'_>) -> Self {
        // The place is the seed, so that the same content elsewhere is something else.
        let place =
            u64::from(batch.table.0) << 40 | u64::from(batch.shard.code()) << 32 | u64::from(batch.rows);
        Self { table: batch.table, shard: batch.shard, digest: xxh3_128_with_seed(batch.payload, place) }
    }
}

/// The digest of everything up to a step: the digest before it, the step, and its batches in canonical order.
/// `scratch` is overwritten.
pub(crate) fn chain(before: Digest, step: Step, sorted: &[Entry], scratch: &mut Vec<u8>) -> Digest {
    scratch.clear();
    scratch.extend(before.0.to_le_bytes());
    scratch.extend(step.0.to_le_bytes());
    for entry in sorted {
        scratch.extend(entry.digest.to_le_bytes());
    }
    Digest(xxh3_128(scratch))
}

/// The bytes of a payload as they are stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stored<'a> {
    Plain(&'a [u8]),
    Zstd(&'a [u8]),
}

/// Appends a batch in its form on disk.
pub(crate) fn put_frame(out: &mut Vec<u8>, table: TableId, shard: Shard, rows: u32, stored: Stored<'_>) {
    let start = out.len();
    let (bytes, compressed) = match stored {
        Stored::Plain(bytes) => (bytes, 0),
        Stored::Zstd(bytes) => (bytes, 1),
    };
    out.extend([table.0, shard.code()]);
    varint::put(out, u64::from(rows));
    varint::put(out, bytes.len() as u64 * 2 + compressed);
    out.extend(bytes);
    let sum = short_checksum(&out[start..]);
    out.extend(sum);
}

/// How a payload is stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Packing {
    Plain,
    Zstd,
}

/// A batch found in the bytes of a lane.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Frame {
    pub(crate) table: TableId,
    pub(crate) shard: Shard,
    pub(crate) rows: u32,
    pub(crate) packing: Packing,
    /// Where it begins.
    pub(crate) start: usize,
    /// Where its stored bytes lie.
    pub(crate) stored: Range<usize>,
    /// Where the next batch begins.
    pub(crate) end: usize,
}

impl Frame {
    /// The batch that begins at `start`; `None` when it is not whole or its checksum does not hold.
    pub(crate) fn parse(bytes: &[u8], start: usize) -> Option<Self> {
        let frame = bytes.get(start..)?;
        let (&[table, shard], rest) = frame.split_first_chunk::<2>()?;
        let rows = varint::take(rest)?;
        let length = varint::take(&rest[rows.bytes..])?;
        let head = 2 + rows.bytes + length.bytes;
        let stored = usize::try_from(length.value / 2).ok().filter(|&length| length <= MAX_PAYLOAD)?;
        let body = frame.get(..head + stored)?;
        let sum = frame[head + stored..].first_chunk::<4>()?;
        if short_checksum(body) != *sum {
            return None;
        }
        Some(Self {
            table: TableId(table),
            shard: Shard::from_code(shard),
            rows: u32::try_from(rows.value).ok()?,
            packing: if length.value % 2 == 1 { Packing::Zstd } else { Packing::Plain },
            start,
            stored: start + head..start + head + stored,
            end: start + head + stored + sum.len(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shard() -> impl Strategy<Value = Shard> {
        prop_oneof![Just(Shard::Public), (0..=254_u8).prop_map(Shard::Private)]
    }

    proptest! {
        #[test]
        fn frames_come_back(table: u8, shard in shard(), rows: u32, payload: Vec<u8>, before: Vec<u8>) {
            let mut bytes = before.clone();
            put_frame(&mut bytes, TableId(table), shard, rows, Stored::Zstd(&payload));
            let frame = Frame::parse(&bytes, before.len()).unwrap();
            prop_assert_eq!(&bytes[frame.stored.clone()], &payload[..]);
            let expected = Frame {
                table: TableId(table), shard, rows, packing: Packing::Zstd, start: before.len(),
                stored: frame.stored.clone(), end: bytes.len(),
            };
            prop_assert_eq!(frame, expected);
            prop_assert_eq!(Frame::parse(&bytes[..bytes.len() - 1], before.len()), None);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>, start in 0_usize..100) {
            prop_assert!(Frame::parse(&bytes, start).is_none_or(|frame| frame.end <= bytes.len()));
        }
    }

    #[test]
    fn a_small_batch_has_at_most_twelve_bytes_around_its_content() {
        for (rows, length) in [(1, 1), (20, 80), (127, 63), (300, 1_200), (16_383, 500_000)] {
            let mut out = Vec::new();
            put_frame(&mut out, TableId(7), Shard::Private(63), rows, Stored::Plain(&vec![0; length]));
            assert!(out.len() - length <= 12, "{rows} rows of {length} bytes: {}", out.len() - length);
        }
    }

    #[test]
    fn the_digest_knows_order_place_and_content() {
        let batch = Batch { table: TableId(1), shard: Shard::Private(2), rows: 3, payload: b"rows" };
        let entry = Entry::of(batch);
        let others = [
            Batch { table: TableId(2), ..batch },
            Batch { shard: Shard::Public, ..batch },
            Batch { rows: 4, ..batch },
            Batch { payload: b"rowS", ..batch },
        ];
        let digest = |entries: &[Entry], step| chain(Digest(1), Step(step), entries, &mut Vec::new());
        let base = digest(&[entry], 1);
        assert_eq!(base, digest(&[entry], 1));
        assert_ne!(base, digest(&[entry], 2));
        assert_ne!(base, digest(&[], 1));
        for other in others {
            assert_ne!(base, digest(&[Entry::of(other)], 1), "{other:?}");
        }
    }
}
