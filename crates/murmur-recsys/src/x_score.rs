//! OASIS's score for X: recency times fame times similarity (arXiv 2411.11581, "Recommendation system").

/// Recency R = ln((271.8 − age) / 100) of a post `age` minutes old; 0 from 171.8 minutes on.
pub fn recency(age: u32) -> f32 {
    libm::log(((271.8 - f64::from(age)) / 100.0).max(1.0)) as f32
}

/// Fame F = max(1, log_1000(followers + 1)) of an author with so many followers.
pub fn fame(followers: u32) -> f32 {
    // Nearly everybody has fewer than 999.
    if followers < 999 { 1.0 } else { (libm::log10(f64::from(followers) + 1.0) / 3.0) as f32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recency_falls_from_nearly_one_to_nothing() {
        assert!((recency(0) - 0.999_896_3).abs() < 1e-6, "{}", recency(0));
        assert!((recency(100) - 1.718f32.ln()).abs() < 1e-6);
        assert!(recency(171) > 0.0);
        assert_eq!([recency(172), recency(271), recency(10_000)], [0.0; 3]);
    }

    #[test]
    fn fame_begins_to_count_at_a_thousand_followers() {
        assert_eq!([fame(0), fame(998), fame(999)], [1.0; 3]);
        assert!((fame(999_999) - 2.0).abs() < 1e-6);
    }
}
