//! Numbers by the digits in them.

/// The numbers up to `most` whose decimal form contains `digits`, ascending. Takes time in proportion to how many they
/// are, times the length of `most`.
///
/// # Panics
/// When `digits` holds anything but the digits 0 to 9.
pub(crate) fn numbers_containing(digits: &str, most: u32) -> Vec<u32> {
    let most = u64::from(most);
    let longest = most.to_string().len();
    let mut found = Vec::new();
    for length in digits.len()..=longest {
        let others = length - digits.len();
        for before in 0..=others {
            extend_around(&mut found, digits, before, others - before, most);
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Adds the numbers up to `most` made of `before` digits, then `digits`, then `after` digits.
fn extend_around(found: &mut Vec<u32>, digits: &str, before: usize, after: usize, most: u64) {
    // No number but 0 itself begins with 0.
    if before == 0 && digits.starts_with('0') && digits.len() + after > 1 {
        return;
    }
    let power = |exponent: usize| 10u64.pow(exponent as u32);
    let middle: u64 = digits.parse().expect("digits, at most as many as a u32 has");
    let fronts = if before == 0 { 0..1 } else { power(before - 1)..power(before) };
    for front in fronts {
        let first = (front * power(digits.len()) + middle) * power(after);
        if first > most {
            break;
        }
        let last = (first + power(after) - 1).min(most);
        found.extend((first..=last).map(|number| number as u32));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_whose_text_contains_the_digits() {
        for digits in ["0", "1", "7", "00", "01", "10", "12", "99", "100", "210", "1234", "12345678901"] {
            for most in [0, 1, 9, 10, 99, 101, 2105, 12340] {
                let expected: Vec<u32> =
                    (0..=most).filter(|number| number.to_string().contains(digits)).collect();
                assert_eq!(numbers_containing(digits, most), expected, "{digits} up to {most}");
            }
        }
    }
}
