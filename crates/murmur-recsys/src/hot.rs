//! Reddit's hot score.

/// The hot score, `sign(s)·log10(max(|s|, 1)) + (epoch_seconds − 1134028003) / 45000` with `s = likes − dislikes`,
/// rounded to 7 digits (Reddit's published ranking; OASIS uses the same).
pub fn hot_score(likes: u32, dislikes: u32, epoch_seconds: i64) -> f64 {
    let score = i64::from(likes) - i64::from(dislikes);
    let order = libm::log10(score.unsigned_abs().max(1) as f64);
    let seconds = (epoch_seconds - 1_134_028_003) as f64;
    let hot = score.signum() as f64 * order + seconds / 45_000.0;
    // Halves go to the even neighbour, as Python's `round` has it.
    libm::rint(hot * 1e7) / 1e7
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_the_reference_values() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/reference/metrics.json");
        let Ok(text) = std::fs::read_to_string(path) else {
            eprintln!("passed over: {path} is absent");
            return;
        };
        let reference: serde_json::Value = serde_json::from_str(&text).unwrap();
        for case in reference["hot_score"].as_array().unwrap() {
            let count = |key: &str| case[key].as_u64().unwrap() as u32;
            let score = hot_score(count("likes"), count("dislikes"), case["epoch_seconds"].as_i64().unwrap());
            assert!((score - case["score"].as_f64().unwrap()).abs() < 1e-9, "{case}: {score}");
        }
    }

    #[test]
    fn votes_and_time_pull_as_published() {
        let at = |likes, dislikes| hot_score(likes, dislikes, 1_134_028_003);
        assert_eq!([at(0, 0), at(1, 0), at(10, 0), at(0, 100), at(5, 5)], [0.0, 0.0, 1.0, -2.0, 0.0]);
        assert_eq!(hot_score(0, 0, 1_134_028_003 + 45_000), 1.0);
    }
}
