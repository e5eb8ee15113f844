//! Variable-length integers: seven bits a byte, the lowest first (LEB128).

/// Appends `value`.
pub(crate) fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Bytes that [`put`] needs for `value`.
pub(crate) fn size(value: u64) -> u64 {
    u64::from((64 - (value | 1).leading_zeros()).div_ceil(7))
}

/// A value and the number of bytes it took.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Taken {
    pub(crate) value: u64,
    pub(crate) bytes: usize,
}

/// Reads the value at the beginning of `bytes`; `None` when they end too early or hold more than 64 bits.
pub(crate) fn take(bytes: &[u8]) -> Option<Taken> {
    let mut value = 0;
    for (i, &byte) in bytes.iter().enumerate().take(10) {
        // The tenth byte has room for one bit.
        if i == 9 && byte > 1 {
            return None;
        }
        value |= u64::from(byte & 0x7f) << (7 * i);
        if byte < 0x80 {
            return Some(Taken { value, bytes: i + 1 });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_examples_of_the_dwarf_standard_come_out() {
        for (value, expected) in
            [(2, vec![2]), (127, vec![0x7f]), (128, vec![0x80, 1]), (12_857, vec![57 + 0x80, 100])]
        {
            let mut out = Vec::new();
            put(&mut out, value);
            assert_eq!(out, expected);
        }
    }

    proptest! {
        #[test]
        fn values_come_back(value: u64, shift in 0_u32..64, rest: Vec<u8>) {
            let value = value >> shift;
            let mut out = Vec::new();
            put(&mut out, value);
            prop_assert_eq!(out.len() as u64, size(value));
            let bytes = out.len();
            out.extend(rest);
            prop_assert_eq!(take(&out), Some(Taken { value, bytes }));
            prop_assert_eq!(take(&out[..bytes - 1]), None);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let all = take(&bytes).map_or(0, |taken| taken.bytes);
            prop_assert!(all <= bytes.len().min(10));
        }
    }
}
