//! Columns as bytes: how a table's rows become a batch's payload, and come back.
//!
//! A column of integers takes the smallest of four forms, told by its first byte:
//!
//! | byte | form |
//! |---|---|
//! | 0 to 64 | the least value (varint), then each value's distance from it in so many bits, the lowest first |
//! | 65 | varints |
//! | 66 | differences from the value before (from 0 at first), zigzag, as varints |
//! | 67 | runs: value and length less one, both as varints |
//!
//! The number of values is not stored: the reader says how many it expects. A column without values has no bytes.

use crate::varint;

/// Why bytes are no column of the kind asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ColumnError {
    /// The bytes end within a value.
    #[error("the column ends too early, at byte {at}")]
    Short {
        /// Where the value begins.
        at: usize,
    },
    /// An unknown form.
    #[error("byte {at}: expected a form of 0 to 67, found {found}")]
    Form {
        /// Where.
        at: usize,
        /// The byte that is there.
        found: u8,
    },
    /// A value beyond its type.
    #[error("byte {at}: expected a value up to {limit}")]
    Range {
        /// Where the column begins.
        at: usize,
        /// The largest value possible.
        limit: u64,
    },
    /// A run goes on behind the last row.
    #[error("byte {at}: expected a run that ends with the column")]
    Run {
        /// Where the run begins.
        at: usize,
    },
    /// A text that is not UTF-8.
    #[error("byte {at}: expected UTF-8")]
    Text {
        /// Where the text begins.
        at: usize,
    },
    /// Bytes behind the last column.
    #[error("expected the columns to end at byte {at}, found {bytes} more")]
    Rest {
        /// Where the last column ends.
        at: usize,
        /// How many bytes follow.
        bytes: usize,
    },
}

const VARINTS: u8 = 65;
const DELTAS: u8 = 66;
const RUNS: u8 = 67;

/// Writes columns one after the other. Used again after [`Self::clear`], it allocates nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ColumnWriter {
    bytes: Vec<u8>,
}

impl ColumnWriter {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// The columns written so far.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Forgets them.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// A column of small codes.
    pub fn u8s(&mut self, values: &[u8]) {
        self.integers(values.iter().copied().map(u64::from));
    }

    /// A column of numbers or ids.
    pub fn u32s(&mut self, values: &[u32]) {
        self.integers(values.iter().copied().map(u64::from));
    }

    /// A column of large numbers or keys.
    pub fn u64s(&mut self, values: &[u64]) {
        self.integers(values.iter().copied());
    }

    /// A column in which some rows have no value.
    pub fn optional_u32s(&mut self, values: &[Option<u32>]) {
        self.integers(values.iter().map(|value| u64::from(value.is_some())));
        self.integers(values.iter().flatten().copied().map(u64::from));
    }

    /// A column of floating-point numbers, bit by bit.
    pub fn f32s(&mut self, values: &[f32]) {
        for value in values {
            self.bytes.extend(value.to_le_bytes());
        }
    }

    /// A column of texts.
    ///
    /// # Panics
    /// On a text of 4 GiB.
    pub fn texts<'a>(&mut self, texts: impl Iterator<Item = &'a str> + Clone) {
        self.integers(
            texts
                .clone()
                .map(|text| u64::from(u32::try_from(text.len()).expect("a text is shorter than 4 GiB"))),
        );
        for text in texts {
            self.bytes.extend(text.as_bytes());
        }
    }

    fn integers(&mut self, values: impl Iterator<Item = u64> + Clone) {
        let Some(sizes) = Sizes::of(values.clone()) else { return };
        match sizes.smallest() {
            Form::Packed { bits } => self.packed(values, sizes.least, bits),
            Form::Varints => {
                self.bytes.push(VARINTS);
                values.for_each(|value| varint::put(&mut self.bytes, value));
            }
            Form::Deltas => {
                self.bytes.push(DELTAS);
                deltas(values).for_each(|delta| varint::put(&mut self.bytes, delta));
            }
            Form::Runs => self.runs(values),
        }
    }

    fn packed(&mut self, values: impl Iterator<Item = u64>, least: u64, bits: u8) {
        self.bytes.push(bits);
        varint::put(&mut self.bytes, least);
        let (mut pending, mut held) = (0_u128, 0);
        for value in values {
            pending |= u128::from(value - least) << held;
            held += bits;
            while held >= 8 {
                self.bytes.push(pending as u8);
                pending >>= 8;
                held -= 8;
            }
        }
        if held > 0 {
            self.bytes.push(pending as u8);
        }
    }

    fn runs(&mut self, values: impl Iterator<Item = u64>) {
        self.bytes.push(RUNS);
        runs(values, |value, length| {
            varint::put(&mut self.bytes, value);
            varint::put(&mut self.bytes, length - 1);
        });
    }
}

/// The differences from the value before in zigzag form: 0, -1, 1, -2, … are 0, 1, 2, 3, ….
fn deltas(values: impl Iterator<Item = u64>) -> impl Iterator<Item = u64> {
    values.scan(0_u64, |before, value| {
        let delta = value.wrapping_sub(*before) as i64;
        *before = value;
        Some((delta << 1 ^ delta >> 63) as u64)
    })
}

fn undo_zigzag(delta: u64) -> u64 {
    delta >> 1 ^ (delta & 1).wrapping_neg()
}

/// Calls `run` with the value and length of each run of equal values.
fn runs(values: impl Iterator<Item = u64>, mut run: impl FnMut(u64, u64)) {
    let mut current: Option<(u64, u64)> = None;
    for value in values {
        match &mut current {
            Some((same, length)) if *same == value => *length += 1,
            _ => {
                if let Some((value, length)) = current.replace((value, 1)) {
                    run(value, length);
                }
            }
        }
    }
    if let Some((value, length)) = current {
        run(value, length);
    }
}

/// How a column of integers is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    Packed { bits: u8 },
    Varints,
    Deltas,
    Runs,
}

/// What a column of integers takes in each form.
struct Sizes {
    count: u64,
    least: u64,
    greatest: u64,
    varints: u64,
    deltas: u64,
    runs: u64,
}

impl Sizes {
    /// `None` without values.
    fn of(values: impl Iterator<Item = u64> + Clone) -> Option<Self> {
        let mut sizes = Self { count: 0, least: u64::MAX, greatest: 0, varints: 0, deltas: 0, runs: 0 };
        for value in values.clone() {
            sizes.count += 1;
            sizes.least = sizes.least.min(value);
            sizes.greatest = sizes.greatest.max(value);
            sizes.varints += varint::size(value);
        }
        sizes.deltas = deltas(values.clone()).map(varint::size).sum();
        runs(values, |value, length| sizes.runs += varint::size(value) + varint::size(length - 1));
        (sizes.count > 0).then_some(sizes)
    }

    /// The form with the fewest bytes; of equal ones the first.
    fn smallest(&self) -> Form {
        let bits = 64 - (self.greatest - self.least).leading_zeros();
        let packed = varint::size(self.least) + (self.count * u64::from(bits)).div_ceil(8);
        let forms = [
            (packed, Form::Packed { bits: bits as u8 }),
            (self.varints, Form::Varints),
            (self.deltas, Form::Deltas),
            (self.runs, Form::Runs),
        ];
        forms.into_iter().min_by_key(|&(bytes, _)| bytes).expect("there are four forms").1
    }
}

/// Reads columns in the order in which they were written. No bytes make it panic; a column takes no more memory than
/// the rows asked for.
#[derive(Clone, Debug)]
pub struct ColumnReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> ColumnReader<'a> {
    /// Reads the columns in `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// A column of `rows` small codes up to `greatest`.
    ///
    /// # Errors
    /// When the bytes are no such column.
    pub fn u8s(&mut self, rows: usize, greatest: u8) -> Result<Vec<u8>, ColumnError> {
        self.integers(rows, u64::from(greatest), |value| value as u8)
    }

    /// A column of `rows` numbers or ids.
    ///
    /// # Errors
    /// When the bytes are no such column.
    pub fn u32s(&mut self, rows: usize) -> Result<Vec<u32>, ColumnError> {
        self.integers(rows, u64::from(u32::MAX), |value| value as u32)
    }

    /// A column of `rows` large numbers or keys.
    ///
    /// # Errors
    /// When the bytes are no such column.
    pub fn u64s(&mut self, rows: usize) -> Result<Vec<u64>, ColumnError> {
        self.integers(rows, u64::MAX, |value| value)
    }

    /// A column of `rows` in which some have no value.
    ///
    /// # Errors
    /// When the bytes are no such column.
    pub fn optional_u32s(&mut self, rows: usize) -> Result<Vec<Option<u32>>, ColumnError> {
        let present = self.u8s(rows, 1)?;
        let count = present.iter().filter(|&&present| present == 1).count();
        let mut values = self.u32s(count)?.into_iter();
        Ok(present.into_iter().map(|present| if present == 1 { values.next() } else { None }).collect())
    }

    /// A column of `rows` floating-point numbers.
    ///
    /// # Errors
    /// When the bytes end too early.
    pub fn f32s(&mut self, rows: usize) -> Result<Vec<f32>, ColumnError> {
        let bytes = self.take(rows.saturating_mul(4))?;
        Ok(bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect())
    }

    /// A column of `rows` texts.
    ///
    /// # Errors
    /// When the bytes are no such column.
    pub fn texts(&mut self, rows: usize) -> Result<Vec<&'a str>, ColumnError> {
        let lengths = self.u32s(rows)?;
        lengths
            .into_iter()
            .map(|length| {
                let at = self.at;
                let bytes = self.take(length as usize)?;
                std::str::from_utf8(bytes).map_err(|_| ColumnError::Text { at })
            })
            .collect()
    }

    /// Checks that all bytes were read.
    ///
    /// # Errors
    /// When some are left.
    pub fn finish(self) -> Result<(), ColumnError> {
        match self.bytes.len() - self.at {
            0 => Ok(()),
            bytes => Err(ColumnError::Rest { at: self.at, bytes }),
        }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], ColumnError> {
        let taken = self.bytes[self.at..].get(..count).ok_or(ColumnError::Short { at: self.at })?;
        self.at += count;
        Ok(taken)
    }

    fn varint(&mut self) -> Result<u64, ColumnError> {
        let taken = varint::take(&self.bytes[self.at..]).ok_or(ColumnError::Short { at: self.at })?;
        self.at += taken.bytes;
        Ok(taken.value)
    }

    /// A column of `rows` integers up to `limit`, each converted by `convert`.
    fn integers<T>(
        &mut self,
        rows: usize,
        limit: u64,
        convert: impl Fn(u64) -> T,
    ) -> Result<Vec<T>, ColumnError> {
        let at = self.at;
        let mut values = Vec::new();
        if rows == 0 {
            return Ok(values);
        }
        let mut push = |value, times: usize| {
            if value > limit {
                return Err(ColumnError::Range { at, limit });
            }
            values.extend(std::iter::repeat_n(value, times).map(&convert));
            Ok(())
        };
        match self.take(1)?[0] {
            bits @ 0..=64 => self.packed(rows, bits, |value| push(value, 1))?,
            VARINTS => {
                for _ in 0..rows {
                    push(self.varint()?, 1)?;
                }
            }
            DELTAS => {
                let mut value = 0_u64;
                for _ in 0..rows {
                    value = value.wrapping_add(undo_zigzag(self.varint()?));
                    push(value, 1)?;
                }
            }
            RUNS => self.runs(rows, push)?,
            found => return Err(ColumnError::Form { at, found }),
        }
        Ok(values)
    }

    fn packed(
        &mut self,
        rows: usize,
        bits: u8,
        mut push: impl FnMut(u64) -> Result<(), ColumnError>,
    ) -> Result<(), ColumnError> {
        let at = self.at;
        let least = self.varint()?;
        let size = (rows as u128 * u128::from(bits)).div_ceil(8);
        let mut bytes = self.take(usize::try_from(size).unwrap_or(usize::MAX))?.iter();
        let (mut pending, mut held) = (0_u128, 0);
        let mask = (1_u128 << bits) - 1;
        for _ in 0..rows {
            while held < bits {
                pending |= u128::from(*bytes.next().expect("the bytes were counted")) << held;
                held += 8;
            }
            let distance = (pending & mask) as u64;
            pending >>= bits;
            held -= bits;
            push(least.checked_add(distance).ok_or(ColumnError::Range { at, limit: u64::MAX })?)?;
        }
        Ok(())
    }

    fn runs(
        &mut self,
        rows: usize,
        mut push: impl FnMut(u64, usize) -> Result<(), ColumnError>,
    ) -> Result<(), ColumnError> {
        let mut left = rows;
        while left > 0 {
            let at = self.at;
            let value = self.varint()?;
            let more = usize::try_from(self.varint()?).ok().filter(|&more| more < left);
            let length = more.ok_or(ColumnError::Run { at })? + 1;
            push(value, length)?;
            left -= length;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(write: impl FnOnce(&mut ColumnWriter)) -> Vec<u8> {
        let mut writer = ColumnWriter::new();
        write(&mut writer);
        writer.bytes
    }

    #[test]
    fn a_column_takes_the_smallest_form() {
        for (values, expected) in [
            (vec![], vec![]),
            // All the same: no bits.
            (vec![5, 5, 5], vec![0, 5]),
            // Two bits from 1000 on: 0, 3, 1.
            (vec![1000, 1003, 1001], vec![2, 0xe8, 7, 0b01_11_00]),
            // One large value among small ones.
            (vec![1, 2, 1 << 20, 3], vec![VARINTS, 1, 2, 0x80, 0x80, 0x40, 3]),
            // Far apart but even: from 0 by 70, and on by 30 each.
            ((0..12).map(|i| 70 + 30 * i).collect(), [&[DELTAS, 0x8c, 1][..], &[60; 11]].concat()),
            // Long runs.
            ([[9; 100], [200; 100]].concat(), vec![RUNS, 9, 99, 0xc8, 1, 99]),
        ] {
            let bytes = written(|writer| writer.u32s(&values));
            assert_eq!(bytes, expected, "{values:?}");
            assert_eq!(ColumnReader::new(&bytes).u32s(values.len()), Ok(values));
        }
    }

    #[test]
    fn bytes_that_are_no_column_say_where() {
        fn check(bytes: &[u8], rows: usize, expected: ColumnError) {
            assert_eq!(ColumnReader::new(bytes).u32s(rows), Err(expected));
        }
        check(&[], 1, ColumnError::Short { at: 0 });
        check(&[68], 1, ColumnError::Form { at: 0, found: 68 });
        check(&[8, 0, 1], 2, ColumnError::Short { at: 2 });
        check(&[VARINTS, 1, 0x80], 2, ColumnError::Short { at: 2 });
        check(&[RUNS, 1, 1], 1, ColumnError::Run { at: 1 });
        let limit = u64::from(u32::MAX);
        check(&[VARINTS, 0x80, 0x80, 0x80, 0x80, 0x10], 1, ColumnError::Range { at: 0, limit });
        check(&[8, 0xff, 0xff, 0xff, 0xff, 0x0f, 1], 1, ColumnError::Range { at: 0, limit });
        assert_eq!(ColumnReader::new(&[0, 4]).u8s(3, 3), Err(ColumnError::Range { at: 0, limit: 3 }));
        assert_eq!(ColumnReader::new(&[0, 2, 0xff, 0xfe]).texts(1), Err(ColumnError::Text { at: 2 }));
        assert_eq!(ColumnReader::new(&[1, 2]).finish(), Err(ColumnError::Rest { at: 0, bytes: 2 }));
    }

    /// Values of all sizes, some near each other, some in runs.
    fn integers() -> impl Strategy<Value = Vec<u64>> {
        let one = (any::<u64>(), 0_u32..64, 1_usize..20);
        prop::collection::vec(one, 0..30).prop_map(|runs| {
            runs.into_iter().flat_map(|(value, shift, times)| vec![value >> shift; times]).collect()
        })
    }

    proptest! {
        #[test]
        fn integers_come_back(values in integers(), base: u64, bits in 0_u32..64) {
            let near: Vec<u64> = values.iter().map(|&value| base.saturating_add(value & ((1 << bits) - 1))).collect();
            let mut sorted = values.clone();
            sorted.sort_unstable();
            for column in [values, near, sorted] {
                let bytes = written(|writer| writer.u64s(&column));
                let mut reader = ColumnReader::new(&bytes);
                prop_assert_eq!(reader.u64s(column.len()), Ok(column));
                prop_assert_eq!(reader.finish(), Ok(()));
            }
        }

        #[test]
        fn tables_come_back(
            rows in prop::collection::vec((0_u8..9, any::<u32>(), any::<Option<u32>>(), any::<u32>(), ".{0,9}"), 0..60)
        ) {
            let codes: Vec<u8> = rows.iter().map(|row| row.0).collect();
            let ids: Vec<u32> = rows.iter().map(|row| row.1).collect();
            let parents: Vec<Option<u32>> = rows.iter().map(|row| row.2).collect();
            let floats: Vec<f32> = rows.iter().map(|row| f32::from_bits(row.3)).collect();
            let texts: Vec<&str> = rows.iter().map(|row| row.4.as_str()).collect();
            let bytes = written(|writer| {
                writer.u8s(&codes);
                writer.u32s(&ids);
                writer.optional_u32s(&parents);
                writer.f32s(&floats);
                writer.texts(texts.iter().copied());
            });
            let mut reader = ColumnReader::new(&bytes);
            let count = rows.len();
            prop_assert_eq!(reader.u8s(count, 8), Ok(codes));
            prop_assert_eq!(reader.u32s(count), Ok(ids));
            prop_assert_eq!(reader.optional_u32s(count), Ok(parents));
            let bits = |values: Vec<f32>| values.into_iter().map(f32::to_bits).collect::<Vec<_>>();
            prop_assert_eq!(reader.f32s(count).map(bits), Ok(bits(floats)));
            prop_assert_eq!(reader.texts(count), Ok(texts));
            prop_assert_eq!(reader.finish(), Ok(()));
        }

        #[test]
        fn any_bytes_are_read_or_refused(form in 0_u8..70, bytes: Vec<u8>, rows in 0_usize..1000) {
            let bytes = [vec![form], bytes].concat();
            let all = |count: Option<usize>| count.is_none_or(|count| count == rows);
            let reader = || ColumnReader::new(&bytes);
            prop_assert!(all(reader().u8s(rows, 9).ok().map(|values| values.len())));
            prop_assert!(all(reader().u64s(rows).ok().map(|values| values.len())));
            prop_assert!(all(reader().optional_u32s(rows).ok().map(|values| values.len())));
            prop_assert!(all(reader().f32s(rows).ok().map(|values| values.len())));
            prop_assert!(all(reader().texts(rows).ok().map(|values| values.len())));
        }
    }
}
