//! The models of diffusion by their parameters alone.

use murmur_core::Probability;
use murmur_dynamics::diffusion::{DiffusionModel, Threshold};

pub(crate) fn sir(infection: f64, recovery: f64) -> DiffusionModel {
    DiffusionModel::Sir { infection: Probability::of(infection), recovery: Probability::of(recovery) }
}

pub(crate) fn rumour(spreading: f64, stifling: f64) -> DiffusionModel {
    DiffusionModel::MakiThompson {
        spreading: Probability::of(spreading),
        stifling: Probability::of(stifling),
    }
}

pub(crate) fn cascade(probability: f64) -> DiffusionModel {
    DiffusionModel::IndependentCascade { probability: Probability::of(probability) }
}

pub(crate) fn fixed_threshold(share: f64) -> DiffusionModel {
    DiffusionModel::LinearThreshold { threshold: Threshold::Fixed(Probability::of(share)) }
}
