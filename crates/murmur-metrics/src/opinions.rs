//! How opinions are distributed: mean, variance, bimodality, polarization and distance.

use serde::Serialize;

use crate::dip::dip;

/// The measures of a set of opinions. Their names in JSON are those of the reference values.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct OpinionSummary {
    /// Number of opinions.
    pub count: usize,
    /// See [`SortedOpinions::mean`].
    pub mean: Option<f64>,
    /// See [`SortedOpinions::variance`].
    #[serde(rename = "variance_population")]
    pub variance: Option<f64>,
    /// See [`SortedOpinions::sarle`].
    #[serde(rename = "sarle_bimodality_coefficient")]
    pub sarle: Option<f64>,
    /// See [`SortedOpinions::dip`].
    #[serde(rename = "hartigan_dip")]
    pub dip: Option<f64>,
    /// See [`SortedOpinions::esteban_ray`].
    #[serde(rename = "esteban_ray_alpha1.6_10bins")]
    pub esteban_ray: Option<f64>,
    /// See [`SortedOpinions::mean_pairwise_distance`].
    pub mean_pairwise_distance: Option<f64>,
}

impl OpinionSummary {
    /// Measures finite opinions in [-1, 1], in any order, with one sort.
    pub fn of<T: Into<f64>>(opinions: impl IntoIterator<Item = T>) -> Self {
        SortedOpinions::new(opinions).summary()
    }
}

/// Opinions in rising order, which all measures are taken from. None depends on the order they came in.
#[derive(Clone, Debug)]
pub struct SortedOpinions(Vec<f64>);

impl SortedOpinions {
    /// Sorts finite opinions in [-1, 1] of single precision, by radix: several times as fast as comparing them.
    pub fn of_singles(mut opinions: Vec<f32>) -> Self {
        radsort::sort(&mut opinions);
        Self(opinions.into_iter().map(f64::from).collect())
    }

    /// Sorts finite opinions in [-1, 1].
    pub fn new<T: Into<f64>>(opinions: impl IntoIterator<Item = T>) -> Self {
        let mut sorted: Vec<f64> = opinions.into_iter().map(Into::into).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        Self(sorted)
    }

    /// All measures.
    pub fn summary(&self) -> OpinionSummary {
        OpinionSummary {
            count: self.0.len(),
            mean: self.mean(),
            variance: self.variance(),
            sarle: self.sarle(),
            dip: self.dip(),
            esteban_ray: self.esteban_ray(),
            mean_pairwise_distance: self.mean_pairwise_distance(),
        }
    }

    /// The arithmetic mean; `None` without opinions.
    pub fn mean(&self) -> Option<f64> {
        let moments = self.moments()?;
        Some(moments.least + moments.range * moments.mean)
    }

    /// The population variance, Σ (x − mean)² / n; `None` without opinions.
    pub fn variance(&self) -> Option<f64> {
        let moments = self.moments()?;
        Some(moments.range * moments.range * moments.second)
    }

    /// Sarle's bimodality coefficient (g² + 1) / (k + 3 (n − 1)² / ((n − 2)(n − 3))), with the bias-corrected skewness
    /// g and excess kurtosis k (SAS Institute 1990; Pfister et al., Frontiers in Psychology 4, 2013). A uniform
    /// distribution tends to 5/9, two equal points to 1. `None` for fewer than four opinions and for equal ones.
    pub fn sarle(&self) -> Option<f64> {
        let moments = self.moments().filter(|moments| moments.range > 0.0)?;
        if self.0.len() < 4 {
            return None;
        }
        let n = self.0.len() as f64;
        let skewness = moments.third / (moments.second * moments.second.sqrt());
        let kurtosis = moments.fourth / (moments.second * moments.second) - 3.0;
        let pairs_left = (n - 2.0) * (n - 3.0);
        let corrected_skewness = skewness * (n * (n - 1.0)).sqrt() / (n - 2.0);
        let corrected_kurtosis = (n - 1.0) / pairs_left * ((n + 1.0) * kurtosis + 6.0);
        let numerator = corrected_skewness * corrected_skewness + 1.0;
        Some(numerator / (corrected_kurtosis + 3.0 * (n - 1.0) * (n - 1.0) / pairs_left))
    }

    /// Hartigan's dip, the largest distance between the distribution of the opinions and the unimodal distribution
    /// nearest to it, 0 to 1/4; see `docs/metrics.md`. `None` without opinions.
    pub fn dip(&self) -> Option<f64> {
        dip(&self.0)
    }

    /// Esteban–Ray polarization Σᵢ Σⱼ pᵢ^(1+α) pⱼ |cᵢ − cⱼ| with α = 1.6, where pᵢ is the share of opinions in the i-th
    /// of ten equal bins of [-1, 1] and cᵢ the bin's centre (Esteban and Ray, Econometrica 62, 1994). `None` without
    /// opinions.
    pub fn esteban_ray(&self) -> Option<f64> {
        if self.0.is_empty() {
            return None;
        }
        let shares = self.bin_shares();
        let mut polarization = 0.0;
        for (own, share) in shares.iter().enumerate() {
            let alienation: f64 =
                shares.iter().enumerate().map(|(other, p)| p * own.abs_diff(other) as f64).sum();
            polarization += libm::pow(*share, 1.0 + ESTEBAN_RAY_ALPHA) * alienation;
        }
        Some(polarization * BIN_WIDTH)
    }

    /// The mean distance between the opinions of two different holders, over all pairs; `None` for fewer than two
    /// opinions. One pass: the gap between the i-th opinion and the next lies between i(n − i) pairs.
    pub fn mean_pairwise_distance(&self) -> Option<f64> {
        if self.0.len() < 2 {
            return None;
        }
        let n = self.0.len() as f64;
        let pairs_across = |below: usize| below as f64 * (n - below as f64);
        let distances: f64 =
            (1..).zip(self.0.windows(2)).map(|(i, pair)| pairs_across(i) * (pair[1] - pair[0])).sum();
        Some(distances / (n * (n - 1.0) / 2.0))
    }

    /// The share of opinions in each bin.
    fn bin_shares(&self) -> [f64; BINS] {
        let mut shares = [0.0; BINS];
        let mut below = 0;
        for (bin, share) in shares.iter_mut().enumerate() {
            let up_to = match bin + 1 {
                BINS => self.0.len(),
                next => self.0.partition_point(|&opinion| opinion < bin_edge(next)),
            };
            *share = (up_to - below) as f64 / self.0.len() as f64;
            below = up_to;
        }
        shares
    }

    /// `None` without opinions.
    fn moments(&self) -> Option<Moments> {
        let (least, most) = (*self.0.first()?, *self.0.last()?);
        let n = self.0.len() as f64;
        let range = most - least;
        let mapped = |opinion: f64| if range > 0.0 { (opinion - least) / range } else { 0.0 };
        let mean = self.0.iter().map(|&opinion| mapped(opinion)).sum::<f64>() / n;
        let [mut second, mut third, mut fourth] = [0.0; 3];
        for &opinion in &self.0 {
            let deviation = mapped(opinion) - mean;
            let square = deviation * deviation;
            second += square;
            third += square * deviation;
            fourth += square * square;
        }
        Some(Moments { least, range, mean, second: second / n, third: third / n, fourth: fourth / n })
    }
}

const ESTEBAN_RAY_ALPHA: f64 = 1.6;
const BINS: usize = 10;
const BIN_WIDTH: f64 = 2.0 / BINS as f64;

/// The lower edge of a bin, which belongs to it. Computed as NumPy's `histogram` does, so that an opinion on an edge
/// (0.2, say, just below the computed one) falls in the same bin here and there.
fn bin_edge(bin: usize) -> f64 {
    bin as f64 * BIN_WIDTH - 1.0
}

/// Central moments of the opinions mapped to [0, 1] by their least and greatest, so that equal opinions have exactly no
/// variance and no power of a small deviation underflows.
struct Moments {
    least: f64,
    range: f64,
    mean: f64,
    second: f64,
    third: f64,
    fourth: f64,
}
