//! How far a simulated series lies from the real one.

/// The root of the mean squared difference of two series of one length, divided by the largest real value. 0 when both
/// are 0 throughout; `None` for empty series, and when the real one alone is 0 throughout.
pub fn normalized_rmse(simulated: &[f64], real: &[f64]) -> Option<f64> {
    if real.is_empty() || simulated.len() != real.len() {
        return None;
    }
    let squares: f64 = simulated.iter().zip(real).map(|(simulated, real)| (simulated - real).powi(2)).sum();
    let largest = real.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    match (squares, largest) {
        (0.0, _) => Some(0.0),
        (_, largest) if largest > 0.0 => Some((squares / real.len() as f64).sqrt() / largest),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::normalized_rmse;

    #[test]
    fn differences_count_in_units_of_the_largest_real_value() {
        assert_eq!(normalized_rmse(&[1.0, 5.0], &[1.0, 5.0]), Some(0.0));
        assert_eq!(normalized_rmse(&[0.0, 1.0, 5.0, 7.0], &[3.0, 4.0, 2.0, 10.0]), Some(0.3));
        assert_eq!(normalized_rmse(&[0.0], &[0.0]), Some(0.0));
        assert_eq!(normalized_rmse(&[1.0], &[0.0]), None);
        assert_eq!(normalized_rmse(&[], &[]), None);
    }
}
