//! The scorers: what each candidate of a pipeline is worth to its reader.

use murmur_core::{AgentId, PostId};
use rustc_hash::FxHashMap;

use crate::config::{EngagementConfig, ScorerConfig};
use crate::dot::dot;
use crate::recommend::{Desk, Tray};

/// How many of a reader's last likes the like-history term compares with.
const LIKES_COMPARED: usize = 5;

/// The probabilities that a reader takes each action about a post.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Engagement {
    /// To like it.
    pub like: f32,
    /// To dislike it.
    pub dislike: f32,
    /// To repost it.
    pub repost: f32,
    /// To quote it.
    pub quote: f32,
    /// To comment on it.
    pub comment: f32,
    /// To follow its author.
    pub follow: f32,
    /// To unfollow its author.
    pub unfollow: f32,
    /// To mute its author.
    pub mute: f32,
    /// To report it.
    pub report: f32,
}

impl Engagement {
    /// What it is worth to a platform that weighs actions so.
    fn worth(&self, weights: &EngagementConfig) -> f32 {
        weights.weight
            * (weights.like * self.like
                + weights.dislike * self.dislike
                + weights.repost * self.repost
                + weights.quote * self.quote
                + weights.comment * self.comment
                + weights.follow * self.follow
                + weights.unfollow * self.unfollow
                + weights.mute * self.mute
                + weights.report * self.report)
    }
}

impl Desk<'_> {
    /// Adds a scorer's term to the score of every candidate on the tray, or applies its factor.
    pub(crate) fn score(&self, tray: &mut Tray<'_>, scorer: &ScorerConfig, scratch: &mut ScoreScratch) {
        let posts = self.public.posts();
        match *scorer {
            ScorerConfig::Hot { weight } => {
                add(tray, weight, |_, root| self.pool.hot_score_in_run(root));
            }
            ScorerConfig::XScore { weight } => add(tray, weight, |query, root| {
                self.pool.x_weight(root) * dot(query, posts.vector(root)).max(0.0)
            }),
            ScorerConfig::Similarity { weight } => {
                add(tray, weight, |query, root| dot(query, posts.vector(root)));
            }
            ScorerConfig::LikeHistory { weight } => {
                let history = self.like_history(tray);
                add(tray, weight, |_, root| dot(&history, posts.vector(root)));
            }
            ScorerConfig::Likes { weight } => add(tray, weight, |_, root| posts.likes(root) as f32),
            ScorerConfig::Recency { weight, half_life } => {
                for candidate in &mut tray.candidates {
                    let age = self.clock.minutes_between(posts.created(candidate.row), self.now);
                    candidate.score += weight * libm::exp2f(-(age as f32) / half_life);
                }
            }
            ScorerConfig::Engagement(ref weights) => {
                let ScoreScratch { rows, engagements, .. } = scratch;
                rows.clear();
                rows.extend(tray.candidates.iter().map(|candidate| candidate.row));
                engagements.clear();
                (self.engagement)(tray.index, rows, engagements);
                for (candidate, engagement) in tray.candidates.iter_mut().zip(&*engagements) {
                    candidate.score += engagement.worth(weights);
                }
            }
            ScorerConfig::Agreement { weight } => {
                for candidate in &mut tray.candidates {
                    candidate.score += weight * (self.agreement)(tray.index, candidate.root);
                }
            }
            ScorerConfig::Bridging { weight } => add(tray, weight, |_, root| self.tastes.bridging(root)),
            ScorerConfig::AuthorDiversity { decay, floor } => self.diversify(tray, decay, floor, scratch),
            ScorerConfig::OutOfNetwork { factor } => {
                let followees = self.public.graph.follows.followees(tray.reader.agent);
                for candidate in &mut tray.candidates {
                    if followees.binary_search(&posts.author(candidate.root)).is_err() {
                        candidate.score = weighed(candidate.score, factor);
                    }
                }
            }
        }
    }

    /// Applies the factors that interventions have put at the candidates' roots.
    pub(crate) fn moderate(&self, tray: &mut Tray<'_>) {
        for candidate in &mut tray.candidates {
            candidate.score = weighed(candidate.score, self.public.moderation().factor(candidate.root));
        }
    }

    /// The mean of the vectors of the reader's last likes; zero for who has liked nothing.
    fn like_history(&self, tray: &Tray<'_>) -> Vec<f32> {
        let posts = self.public.posts();
        let mut mean = vec![0.0; tray.query.len()];
        let likes: Vec<PostId> = self.tastes.recent_likes(tray.reader.agent).take(LIKES_COMPARED).collect();
        let share = 1.0 / likes.len().max(1) as f32;
        for like in likes {
            for (sum, value) in mean.iter_mut().zip(posts.vector(like)) {
                *sum += share * value;
            }
        }
        mean
    }

    /// Lowers the score of every candidate but the best of each author, the more the further down it is.
    fn diversify(&self, tray: &mut Tray<'_>, decay: f32, floor: f32, scratch: &mut ScoreScratch) {
        let posts = self.public.posts();
        let ScoreScratch { order, powers, .. } = scratch;
        order.clear();
        order
            .extend((0..).zip(&tray.candidates).map(|(place, candidate)| best_first(candidate.score, place)));
        order.sort_unstable();
        powers.clear();
        for &key in &*order {
            let candidate = &mut tray.candidates[key as u32 as usize];
            // decay^n for the n-th after the best.
            let power = powers.entry(posts.author(candidate.root)).or_insert(1.0);
            candidate.score = weighed(candidate.score, (1.0 - floor) * *power + floor);
            *power *= decay;
        }
    }
}

/// Memory used again from reader to reader.
#[derive(Default)]
pub(crate) struct ScoreScratch {
    rows: Vec<PostId>,
    engagements: Vec<Engagement>,
    /// Candidates by score, see [`best_first`].
    order: Vec<u64>,
    /// By author, a power of the decay.
    powers: FxHashMap<AgentId, f32>,
}

/// A number that is lower for higher scores, in the order of [`f32::total_cmp`], and for equal ones at earlier places,
/// which its lower half is.
pub(crate) fn best_first(score: f32, place: u32) -> u64 {
    let bits = score.to_bits();
    let ascending = if bits >> 31 == 0 { bits | 1 << 31 } else { !bits };
    u64::from(!ascending) << 32 | u64::from(place)
}

/// Adds `weight` times what `value` says of the reader's text and each candidate's root.
fn add(tray: &mut Tray<'_>, weight: f32, value: impl Fn(&[f32], PostId) -> f32) {
    for candidate in &mut tray.candidates {
        candidate.score += weight * value(&tray.query, candidate.root);
    }
}

/// `score` times a factor; of a score below 0 the other way round, so that a factor below 1 lowers it too and one above 1
/// raises it. A score of 0 stays.
fn weighed(score: f32, factor: f32) -> f32 {
    if score >= 0.0 { score * factor } else { score / factor.max(f32::MIN_POSITIVE) }
}
