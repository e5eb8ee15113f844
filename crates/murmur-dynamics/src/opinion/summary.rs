//! What is said of many opinions at once: mean, variance and clusters, summed in a fixed order.

/// The mean; 0 of none. Summed in the order of agents.
pub fn mean(opinions: &[f64]) -> f64 {
    opinions.iter().sum::<f64>() / opinions.len().max(1) as f64
}

/// The mean squared distance from the mean; 0 of none. Summed in the order of agents.
pub fn variance(opinions: &[f64]) -> f64 {
    let mean = mean(opinions);
    opinions.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / opinions.len().max(1) as f64
}

/// Agents who agree more or less.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Cluster {
    /// Their mean opinion.
    pub mean: f64,
    /// Their share of all agents.
    pub share: f64,
}

/// The clusters that opinions fall into when they are cut wherever neighbours are further apart than `gap`,
/// ascending; those of a smaller share than `least_share` are left out.
pub fn clusters(opinions: &[f64], gap: f64, least_share: f64) -> Vec<Cluster> {
    let mut sorted = opinions.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let groups = sorted.chunk_by(|low, high| high - low <= gap);
    let all =
        groups.map(|group| Cluster { mean: mean(group), share: group.len() as f64 / opinions.len() as f64 });
    all.filter(|cluster| cluster.share >= least_share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_variance_are_those_of_the_textbook() {
        assert_eq!((mean(&[]), variance(&[])), (0.0, 0.0));
        assert_eq!((mean(&[0.5]), variance(&[0.5])), (0.5, 0.0));
        assert_eq!((mean(&[-1.0, 0.0, 1.0, 1.0]), variance(&[-1.0, 0.0, 1.0, 1.0])), (0.25, 0.6875));
    }

    fn check(opinions: &[f64], gap: f64, least_share: f64, expected: &[(f64, f64)]) {
        let found = clusters(opinions, gap, least_share);
        let found: Vec<(f64, f64)> = found.iter().map(|cluster| (cluster.mean, cluster.share)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn clusters_are_cut_at_gaps_and_small_ones_left_out() {
        let opinions = [0.5, -1.0, 0.75, -0.75, 0.0, 0.625, 0.5, -0.875];
        check(&[], 0.1, 0.0, &[]);
        check(&opinions, 2.0, 0.0, &[(-0.03125, 1.0)]);
        check(&opinions, 0.125, 0.0, &[(-0.875, 0.375), (0.0, 0.125), (0.59375, 0.5)]);
        check(&opinions, 0.125, 0.2, &[(-0.875, 0.375), (0.59375, 0.5)]);
        check(&opinions, 0.1, 0.25, &[(0.5, 0.25)]);
    }
}
