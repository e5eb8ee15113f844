//! Beliefs in claims: how sure an agent is that what a rumour asserts is true.
//!
//! A credence is kept as its log-odds, to which each exposure adds a weight: the naive Bayesian's update, in which the
//! weight is the logarithm of the likelihood ratio that the reader grants the message. The weight is discounted by how
//! little the reader trusts who shows it, by labels and notes, and by prebunking (inoculation: Roozenbeek et al. 2022).
//!
//! Invariant: log-odds stay within ±[`MOST_LOG_ODDS`], so credences are never quite 0 or 1.

use murmur_core::{AgentId, Probability, Purpose, Step, Stream, heap};
use serde::{Deserialize, Serialize};

/// A claim that posts assert or deny, and how agents come to believe it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimConfig {
    /// What the claim is called, in tables and elsewhere in the configuration.
    pub name: String,
    /// Whether it is true.
    pub truth: bool,
    /// The agent that the claim goes back to, by its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<u32>,
    /// Name of the topic that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// Mean credence of the agents before the run, above 0 and below 1.
    #[serde(default = "ClaimConfig::default_prior")]
    pub prior: f64,
    /// Standard deviation of the log-odds of the agents before the run: 0 (all alike) to 10.
    #[serde(default = "ClaimConfig::default_prior_spread")]
    pub prior_spread: f64,
    /// Log-odds that an exposure adds (of a post that denies the claim: takes away) where trust is full, 0 to 20.
    #[serde(default = "ClaimConfig::default_strength")]
    pub strength: f64,
    /// Trust in a row shown by an account that the reader does not follow, 0 to 1. A followed one is trusted fully.
    #[serde(default = "ClaimConfig::default_stranger_trust")]
    pub stranger_trust: Probability,
    /// Trust in the claim's source, 0 to 1, in place of both where the row is the source's own.
    #[serde(default = "ClaimConfig::default_source_trust")]
    pub source_trust: Probability,
    /// Factor on the weight of an exposure to a post with a label or a note, 0 (no weight left) to 1 (labels do nothing).
    #[serde(default = "ClaimConfig::default_label_discount")]
    pub label_discount: Probability,
    /// Share of the weight of posts that assert the claim that a prebunked agent resists, 0 to 1.
    #[serde(default = "ClaimConfig::default_resistance")]
    pub resistance: Probability,
    /// Log-odds that a correction message moves its reader towards the side it states, 0 to 20.
    #[serde(default = "ClaimConfig::default_correction")]
    pub correction: f64,
}

impl ClaimConfig {
    fn default_prior() -> f64 {
        0.2
    }

    fn default_prior_spread() -> f64 {
        1.0
    }

    fn default_strength() -> f64 {
        0.5
    }

    fn default_stranger_trust() -> Probability {
        Probability::of(0.5)
    }

    fn default_source_trust() -> Probability {
        Probability::of(1.0)
    }

    fn default_label_discount() -> Probability {
        Probability::of(0.5)
    }

    fn default_resistance() -> Probability {
        Probability::of(0.5)
    }

    fn default_correction() -> f64 {
        1.5
    }

    /// What is wrong with the claim, if anything, naming the key. Whether there is such a source and such
    /// a topic, the claim does not know.
    pub fn fault(&self) -> Option<String> {
        let says = |key: &str, expected: &str, found: f64| {
            Some(format!("{key}: expected a number {expected}, found {found}"))
        };
        let within = |key: &str, most: f64, value: f64| {
            if (0.0..=most).contains(&value) { None } else { says(key, &format!("from 0 to {most}"), value) }
        };
        if self.name.is_empty() {
            return Some("name: expected at least one character".to_owned());
        }
        if !(self.prior > 0.0 && self.prior < 1.0) {
            return says("prior", "above 0 and below 1", self.prior);
        }
        within("prior_spread", MOST_SPREAD, self.prior_spread)
            .or_else(|| within("strength", MOST_LOG_ODDS, self.strength))
            .or_else(|| within("correction", MOST_LOG_ODDS, self.correction))
    }

    /// The log-odds after an exposure.
    pub fn after(&self, log_odds: f32, hearing: &Hearing) -> f32 {
        let trust = match hearing {
            Hearing { is_source: true, .. } => self.source_trust.get(),
            Hearing { is_followed: true, .. } => 1.0,
            _ => self.stranger_trust.get(),
        };
        let mut weight = self.strength * trust;
        if hearing.is_flagged {
            weight *= self.label_discount.get();
        }
        if hearing.is_prebunked && hearing.side == Side::Asserts {
            weight *= 1.0 - self.resistance.get();
        }
        moved(log_odds, hearing.side, weight)
    }

    /// The log-odds after a correction message that states this side.
    pub fn corrected(&self, log_odds: f32, stated: Side) -> f32 {
        moved(log_odds, stated, self.correction)
    }

    /// The side that is right.
    pub fn true_side(&self) -> Side {
        if self.truth { Side::Asserts } else { Side::Denies }
    }
}

/// The greatest log-odds for or against a claim: a doubt of 2 in 10⁹ always stays.
pub const MOST_LOG_ODDS: f64 = 20.0;

/// The greatest standard deviation of log-odds before the run.
const MOST_SPREAD: f64 = 10.0;

/// Where a message stands on a claim.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// It says that the claim is true.
    Asserts,
    /// It says that the claim is false.
    Denies,
}

impl Side {
    /// How far one whose log-odds of the claim these are believes what this side says, in [-1, 1]: 2c − 1 of a credence c
    /// if it asserts the claim, 1 − 2c if it denies it.
    pub fn belief(self, log_odds: f32) -> f32 {
        let belief = (2.0 * credence(log_odds) - 1.0) as f32;
        match self {
            Self::Asserts => belief,
            Self::Denies => -belief,
        }
    }
}

/// A post on a claim, as somebody reads it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hearing {
    /// What it says.
    pub side: Side,
    /// Whether the reader follows the account that shows it.
    pub is_followed: bool,
    /// Whether the row is the claim's source's own.
    pub is_source: bool,
    /// Whether it has a label or a note.
    pub is_flagged: bool,
    /// Whether the reader was prebunked about the claim.
    pub is_prebunked: bool,
}

/// The credence, in (0, 1), of these log-odds: 1 / (1 + e^−x).
pub fn credence(log_odds: f32) -> f64 {
    1.0 / (1.0 + libm::exp(-f64::from(log_odds)))
}

fn moved(log_odds: f32, side: Side, weight: f64) -> f32 {
    let weight = match side {
        Side::Asserts => weight,
        Side::Denies => -weight,
    };
    clamped(f64::from(log_odds) + weight)
}

fn clamped(log_odds: f64) -> f32 {
    log_odds.clamp(-MOST_LOG_ODDS, MOST_LOG_ODDS) as f32
}

/// What all agents believe of all claims, and who was prebunked, corrected and exposed: private state. Claims are counted from
/// 0, in the order of the configuration.
#[derive(Clone, PartialEq, Debug)]
pub struct Credences {
    claims: usize,
    /// Agent after agent, each one per claim.
    log_odds: Vec<f32>,
    /// One per claim.
    prebunked: Vec<Marks>,
    /// One per claim.
    corrected: Vec<Marks>,
    /// One per claim.
    exposed: Vec<Marks>,
}

impl Credences {
    /// Bytes on the heap.
    pub fn memory_bytes(&self) -> usize {
        let Self { claims: _, log_odds, prebunked, corrected, exposed } = self;
        let marks = [prebunked, corrected, exposed].map(heap::of_column);
        heap::of_column(log_odds) + marks.iter().sum::<usize>()
    }

    /// Draws what `agents` believe of `claims`. The log-odds are normal around the value at which the mean credence is the
    /// claim's prior; each draw is its claim's and agent's own.
    pub fn draw(agents: u32, claims: &[ClaimConfig], seed: u64) -> Self {
        let centres: Vec<f64> = claims.iter().map(|claim| centre(claim.prior, claim.prior_spread)).collect();
        let draw = |agent, number: usize| {
            let mut draws = Stream::new(seed, Purpose::Claim, Step(number as u32), AgentId(agent));
            clamped(centres[number] + claims[number].prior_spread * draws.normal())
        };
        let draw = &draw;
        let log_odds = (0..agents).flat_map(|agent| (0..claims.len()).map(move |number| draw(agent, number)));
        Self {
            claims: claims.len(),
            log_odds: log_odds.collect(),
            prebunked: vec![Marks::none(agents); claims.len()],
            corrected: vec![Marks::none(agents); claims.len()],
            exposed: vec![Marks::none(agents); claims.len()],
        }
    }

    /// The log-odds of `agent`, one per claim.
    pub fn of(&self, agent: AgentId) -> &[f32] {
        &self.log_odds[agent.index() * self.claims..][..self.claims]
    }

    /// Replaces the log-odds of `agent`, one per claim.
    ///
    /// # Panics
    /// When there is not one per claim.
    pub fn set(&mut self, agent: AgentId, log_odds: &[f32]) {
        self.log_odds[agent.index() * self.claims..][..self.claims].copy_from_slice(log_odds);
    }

    /// The log-odds of all agents, agent after agent, each one per claim.
    pub fn all(&self) -> &[f32] {
        &self.log_odds
    }

    /// Replaces the log-odds of all agents.
    ///
    /// # Panics
    /// When there are not as many as before.
    pub fn set_all(&mut self, log_odds: Vec<f32>) {
        assert_eq!(log_odds.len(), self.log_odds.len(), "one per agent and claim");
        self.log_odds = log_odds;
    }

    /// Who was prebunked about `claim`.
    pub fn prebunked(&self, claim: usize) -> &Marks {
        &self.prebunked[claim]
    }

    /// Who was prebunked about `claim`, to be added to.
    pub fn prebunked_mut(&mut self, claim: usize) -> &mut Marks {
        &mut self.prebunked[claim]
    }

    /// Who got a correction of `claim`.
    pub fn corrected(&self, claim: usize) -> &Marks {
        &self.corrected[claim]
    }

    /// Who got a correction of `claim`, to be added to.
    pub fn corrected_mut(&mut self, claim: usize) -> &mut Marks {
        &mut self.corrected[claim]
    }

    /// Who has read a post that asserts `claim`.
    pub fn exposed(&self, claim: usize) -> &Marks {
        &self.exposed[claim]
    }

    /// Who has read a post that asserts `claim`, to be added to.
    pub fn exposed_mut(&mut self, claim: usize) -> &mut Marks {
        &mut self.exposed[claim]
    }

    /// Who was prebunked, corrected and exposed: all that is kept of `claim` besides credences.
    pub fn marks(&self, claim: usize) -> [&Marks; 3] {
        [&self.prebunked[claim], &self.corrected[claim], &self.exposed[claim]]
    }

    /// What [`Self::marks`] gives, to be replaced.
    pub fn marks_mut(&mut self, claim: usize) -> [&mut Marks; 3] {
        [&mut self.prebunked[claim], &mut self.corrected[claim], &mut self.exposed[claim]]
    }

    /// The mean credence of `agents` in `claim`, summed in their order; `None` of nobody.
    pub fn mean(&self, agents: impl Iterator<Item = AgentId>, claim: usize) -> Option<f64> {
        let (mut count, mut sum) = (0u32, 0.0);
        for agent in agents {
            count += 1;
            sum += credence(self.of(agent)[claim]);
        }
        (count > 0).then(|| sum / f64::from(count))
    }
}

/// A set of agents, one bit each.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Marks {
    words: Vec<u64>,
}

impl Marks {
    fn none(agents: u32) -> Self {
        Self { words: vec![0; (agents as usize).div_ceil(64)] }
    }

    /// Whether `agent` is in the set.
    pub fn contains(&self, agent: AgentId) -> bool {
        self.words[agent.index() / 64] >> (agent.index() % 64) & 1 == 1
    }

    /// Adds `agent`; whether it was not in the set before.
    pub fn add(&mut self, agent: AgentId) -> bool {
        let is_new = !self.contains(agent);
        self.words[agent.index() / 64] |= 1 << (agent.index() % 64);
        is_new
    }

    /// Those in the set that are not in `other`, ascending.
    pub fn without<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = AgentId> + 'a {
        let words = self.words.iter().zip(&other.words).map(|(own, other)| own & !other);
        words.enumerate().filter(|(_, word)| *word != 0).flat_map(|(place, word)| {
            let bits = (0..64).filter(move |bit| word >> bit & 1 == 1);
            bits.map(move |bit| AgentId(64 * place as u32 + bit))
        })
    }

    /// The number of agents in the set.
    pub fn len(&self) -> u32 {
        self.words.iter().map(|word| word.count_ones()).sum()
    }

    /// Whether nobody is in the set.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The set as words of 64 agents, the first agent in the lowest bit of the first.
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// Replaces what [`Self::words`] gives.
    ///
    /// # Panics
    /// When there are not as many as before.
    pub fn set_words(&mut self, words: Vec<u64>) {
        assert_eq!(words.len(), self.words.len(), "one bit per agent");
        self.words = words;
    }
}

/// The centre of the normal distribution of log-odds with that standard deviation whose mean credence is `mean`, by
/// bisection.
fn centre(mean: f64, spread: f64) -> f64 {
    // Beyond these no mean is representable.
    let (mut low, mut high) = (-100.0, 100.0);
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if mean_credence(middle, spread) < mean { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// The mean credence of normal log-odds, by the trapezoidal rule over ±9 standard deviations, which for such smooth
/// functions that vanish at both ends is as exact as the numbers.
fn mean_credence(centre: f64, spread: f64) -> f64 {
    const STEP: f64 = 1.0 / 16.0;
    let (mut sum, mut weights) = (0.0, 0.0);
    for node in -144..=144 {
        let z = f64::from(node) * STEP;
        let weight = libm::exp(-0.5 * z * z);
        sum += weight / (1.0 + libm::exp(-(centre + spread * z)));
        weights += weight;
    }
    sum / weights
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn claim() -> ClaimConfig {
        serde_json::from_str(r#"{"name": "flood", "truth": false}"#).unwrap()
    }

    const HEARD: Hearing = Hearing {
        side: Side::Asserts,
        is_followed: true,
        is_source: false,
        is_flagged: false,
        is_prebunked: false,
    };

    fn check_hearing(hearing: Hearing, expected: f32) {
        let claim = ClaimConfig {
            strength: 2.0,
            stranger_trust: Probability::of(0.25),
            source_trust: Probability::of(0.75),
            label_discount: Probability::of(0.4),
            resistance: Probability::of(0.9),
            ..claim()
        };
        let after = claim.after(0.5, &hearing);
        assert!((after - 0.5 - expected).abs() < 1e-6, "{hearing:?}: {after}, not {expected} more");
    }

    #[test]
    fn an_exposure_adds_its_discounted_weight() {
        check_hearing(HEARD, 2.0);
        check_hearing(Hearing { side: Side::Denies, ..HEARD }, -2.0);
        check_hearing(Hearing { is_followed: false, ..HEARD }, 0.5);
        check_hearing(Hearing { is_source: true, ..HEARD }, 1.5);
        check_hearing(Hearing { is_source: true, is_followed: false, ..HEARD }, 1.5);
        check_hearing(Hearing { is_flagged: true, ..HEARD }, 0.8);
        check_hearing(Hearing { is_prebunked: true, ..HEARD }, 0.2);
        check_hearing(Hearing { is_prebunked: true, side: Side::Denies, ..HEARD }, -2.0);
        check_hearing(Hearing { is_flagged: true, is_prebunked: true, is_followed: false, ..HEARD }, 0.02);
    }

    #[test]
    fn a_correction_moves_towards_what_it_states() {
        let claim = ClaimConfig { correction: 1.5, ..claim() };
        assert_eq!((claim.corrected(0.5, Side::Denies), claim.corrected(0.5, Side::Asserts)), (-1.0, 2.0));
        assert_eq!(claim.true_side(), Side::Denies);
        assert_eq!(ClaimConfig { truth: true, ..claim }.true_side(), Side::Asserts);
    }

    #[test]
    fn belief_is_in_what_the_post_says() {
        assert_eq!((credence(0.0), Side::Asserts.belief(0.0)), (0.5, 0.0));
        let log_odds = 3f32.ln();
        assert!((credence(log_odds) - 0.75).abs() < 1e-6);
        assert!((Side::Asserts.belief(log_odds) - 0.5).abs() < 1e-6);
        assert!((Side::Denies.belief(log_odds) + 0.5).abs() < 1e-6);
    }

    /// Drawn credences have the prior as their mean, and their log-odds the spread: each within five standard errors.
    fn check_prior(prior: f64, prior_spread: f64) {
        const AGENTS: u32 = 20_000;
        let claims = [claim(), ClaimConfig { prior, prior_spread, ..claim() }];
        let credences = Credences::draw(AGENTS, &claims, 7);
        let agents = || (0..AGENTS).map(AgentId);
        let mean = credences.mean(agents(), 1).unwrap();
        let all = agents().map(|agent| credences.of(agent)[1]);
        let squares: f64 = all.clone().map(|log_odds| (credence(log_odds) - mean).powi(2)).sum();
        let error = (squares / f64::from(AGENTS).powi(2)).sqrt();
        assert!((mean - prior).abs() < 5.0 * error + 1e-6, "{mean} instead of {prior} (± {error})");
        let centre = all.clone().map(f64::from).sum::<f64>() / f64::from(AGENTS);
        let variance = all.map(|log_odds| (f64::from(log_odds) - centre).powi(2)).sum::<f64>();
        let spread = (variance / f64::from(AGENTS)).sqrt();
        assert!((spread - prior_spread).abs() <= 0.025 * prior_spread + 1e-5, "{spread} of {prior_spread}");
    }

    #[test]
    fn the_prior_is_the_mean_credence_however_far_agents_differ() {
        check_prior(0.2, 0.0);
        check_prior(0.2, 1.0);
        check_prior(0.02, 1.5);
        check_prior(0.5, 3.0);
        check_prior(0.9, 2.0);
    }

    #[test]
    fn a_centre_has_its_mean() {
        for (mean, spread) in [(1e-6, 0.0), (0.3, 0.0), (0.3, 4.0), (0.999, 10.0), (0.5, 10.0)] {
            let found = mean_credence(centre(mean, spread), spread);
            assert!((found - mean).abs() < 1e-9 * mean, "{found} instead of {mean}");
        }
        assert!((centre(0.75, 0.0) - 3f64.ln()).abs() < 1e-12);
        assert!(centre(0.5, 3.0).abs() < 1e-12);
    }

    #[test]
    fn a_draw_depends_on_seed_claim_and_agent_alone() {
        let few = Credences::draw(3, &[claim()], 5);
        let many = Credences::draw(100, &[claim(), claim()], 5);
        assert_eq!(few.of(AgentId(2))[0], many.of(AgentId(2))[0]);
        assert_ne!(many.of(AgentId(2))[0], many.of(AgentId(2))[1]);
        assert_ne!(many.of(AgentId(2))[0], many.of(AgentId(3))[0]);
        assert_ne!(few.all(), Credences::draw(3, &[claim()], 6).all());
    }

    #[test]
    fn what_is_saved_is_all_there_is() {
        let claims = [claim(), claim()];
        let mut credences = Credences::draw(130, &claims, 5);
        credences.set(AgentId(7), &[1.0, -2.0]);
        assert!(credences.prebunked_mut(0).add(AgentId(129)));
        assert!(!credences.prebunked_mut(0).add(AgentId(129)));
        assert!(credences.corrected_mut(1).add(AgentId(64)));
        assert!(
            credences.prebunked(0).contains(AgentId(129)) && !credences.prebunked(0).contains(AgentId(65))
        );
        assert!(credences.prebunked(1).is_empty() && !credences.corrected(0).contains(AgentId(64)));
        assert_eq!(credences.corrected(1).len(), 1);
        let mut again = Credences::draw(130, &claims, 6);
        again.set_all(credences.all().to_vec());
        for claim in 0..2 {
            again.prebunked_mut(claim).set_words(credences.prebunked(claim).words().to_vec());
            again.corrected_mut(claim).set_words(credences.corrected(claim).words().to_vec());
        }
        assert_eq!(again, credences);
        assert_eq!(again.of(AgentId(7)), [1.0, -2.0]);
        let two = credences.mean([AgentId(7), AgentId(7)].into_iter(), 1).unwrap();
        assert_eq!(two, credence(-2.0));
        assert_eq!(credences.mean([].into_iter(), 1), None);
    }

    fn check_fault(change: impl FnOnce(&mut ClaimConfig), expected: Option<&str>) {
        let mut claim = claim();
        change(&mut claim);
        assert_eq!(claim.fault().as_deref(), expected);
    }

    #[test]
    fn faults_name_the_key() {
        check_fault(|_| (), None);
        check_fault(|claim| claim.name.clear(), Some("name: expected at least one character"));
        let prior = "prior: expected a number above 0 and below 1, found ";
        check_fault(|claim| claim.prior = 1.0, Some(&format!("{prior}1")));
        check_fault(|claim| claim.prior = f64::NAN, Some(&format!("{prior}NaN")));
        let from = |key: &str, most: u32, found: &str| {
            format!("{key}: expected a number from 0 to {most}, found {found}")
        };
        check_fault(|claim| claim.prior_spread = -1.0, Some(&from("prior_spread", 10, "-1")));
        check_fault(|claim| claim.strength = f64::INFINITY, Some(&from("strength", 20, "inf")));
        check_fault(|claim| claim.correction = 21.0, Some(&from("correction", 20, "21")));
        let read = |text: &str| serde_json::from_str::<ClaimConfig>(text);
        assert!(read(r#"{"name": "flood"}"#).is_err(), "whether it is true must be said");
        assert!(read(r#"{"name": "flood", "truth": true, "resistance": 2}"#).is_err());
        assert!(read(r#"{"name": "flood", "truth": true, "strenght": 2}"#).is_err());
    }

    fn hearings() -> impl Strategy<Value = Hearing> {
        (any::<bool>(), any::<[bool; 4]>()).prop_map(
            |(asserts, [is_followed, is_source, is_flagged, is_prebunked])| Hearing {
                side: if asserts { Side::Asserts } else { Side::Denies },
                is_followed,
                is_source,
                is_flagged,
                is_prebunked,
            },
        )
    }

    proptest! {
        #[test]
        fn log_odds_stay_in_bounds_and_discounts_only_weaken(
            strength in 0.0..=20.0,
            shares in prop::array::uniform4(0.0..=1.0),
            before in -20f32..=20.0,
            hearings in prop::collection::vec(hearings(), 1..40),
        ) {
            let [stranger_trust, source_trust, label_discount, resistance] = shares.map(Probability::of);
            let claim =
                ClaimConfig { strength, stranger_trust, source_trust, label_discount, resistance, ..claim() };
            let mut log_odds = before;
            for hearing in hearings {
                let after = claim.after(log_odds, &hearing);
                prop_assert!((-20.0..=20.0).contains(&after) && (0.0..=1.0).contains(&credence(after)));
                let full = claim.after(log_odds, &Hearing { side: hearing.side, ..HEARD });
                let (moved, most) = (after - log_odds, full - log_odds);
                prop_assert!(moved.abs() <= most.abs() && moved * most >= 0.0, "{} of {}", moved, most);
                log_odds = after;
            }
        }
    }
}
