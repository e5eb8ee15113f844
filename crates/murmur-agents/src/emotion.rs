//! Emotion and attitude: how stirred an agent is about a topic, and whether it is pleased.
//!
//! Each agent has a mood on each topic, in two numbers as in S³ (Gao et al. 2023, arXiv 2307.14984), where a language
//! model sets them: the arousal, whose thirds are S³'s calm, moderate and intense, and the valence, the sign of the
//! attitude. Reading moves both, and both fade between readings.
//!
//! Invariant: a mood is stored as of the step in which it was last set, and faded when it is asked for. So what fades
//! costs nothing, and nothing that only looks changes a bit of it.

use murmur_core::{AgentId, Clock, Probability, Stance, Step, TopicId, heap};
use serde::{Deserialize, Serialize};

/// How reading stirs agents.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EmotionConfig {
    /// Whether agents have moods. Without, nothing is stored and all moods are calm and neutral.
    pub enabled: bool,
    /// Share of what is missing to full arousal that a post of stance -1 or 1 adds, 0 to 1; a milder post adds less in
    /// proportion.
    pub arousal_gain: Probability,
    /// Share of the distance from the valence to the agreement with a post of stance -1 or 1 that reading it closes, 0
    /// to 1; a milder post closes less in proportion.
    pub valence_rate: Probability,
    /// Simulated minutes without reading in which arousal halves, above 0.
    pub arousal_half_life: f64,
    /// Simulated minutes without reading in which valence halves, above 0.
    pub valence_half_life: f64,
}

impl Default for EmotionConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            arousal_gain: Probability::of(0.2),
            valence_rate: Probability::of(0.1),
            arousal_half_life: 60.0,
            valence_half_life: 1440.0,
        }
    }
}

impl EmotionConfig {
    /// What is wrong with the configuration, if anything, naming the key.
    pub fn fault(&self) -> Option<String> {
        let half_life = |key: &str, minutes: f64| {
            let is_right = minutes.is_finite() && minutes > 0.0;
            (!is_right)
                .then(|| format!("emotion.{key}: expected a number of minutes above 0, found {minutes}"))
        };
        half_life("arousal_half_life", self.arousal_half_life)
            .or_else(|| half_life("valence_half_life", self.valence_half_life))
    }

    /// The mood of an agent of that `opinion` after reading a post of stance `read` on the topic.
    pub fn after(&self, mood: Mood, opinion: Stance, read: Stance) -> Mood {
        let intensity = read.get().abs();
        let agreement = 1.0 - read.distance(opinion);
        let arousal = mood.arousal + self.arousal_gain.get() as f32 * intensity * (1.0 - mood.arousal);
        let valence = mood.valence + self.valence_rate.get() as f32 * intensity * (agreement - mood.valence);
        // Rounding may lead out by a bit.
        Mood { arousal: arousal.clamp(0.0, 1.0), valence: valence.clamp(-1.0, 1.0) }
    }

    /// The mood after so many simulated minutes without reading.
    pub fn faded(&self, mood: Mood, minutes: u32) -> Mood {
        let left = |half_life: f64| libm::exp2(-f64::from(minutes) / half_life) as f32;
        Mood {
            arousal: mood.arousal * left(self.arousal_half_life),
            valence: mood.valence * left(self.valence_half_life),
        }
    }
}

/// How an agent feels about a topic.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Mood {
    /// How stirred it is, in [0, 1].
    pub arousal: f32,
    /// How pleased it is, in [-1, 1].
    pub valence: f32,
}

impl Mood {
    /// How stirred it is, in three levels.
    pub fn level(self) -> Level {
        match self.arousal * 3.0 {
            ..1.0 => Level::Calm,
            ..2.0 => Level::Moderate,
            _ => Level::Intense,
        }
    }
}

/// Arousal in S³'s three levels.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Level {
    /// Below 1/3.
    Calm,
    /// From 1/3 to below 2/3.
    Moderate,
    /// From 2/3.
    Intense,
}

impl Level {
    /// Every level, ascending.
    pub const ALL: [Self; 3] = [Self::Calm, Self::Moderate, Self::Intense];

    /// The level as tables call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Moderate => "moderate",
            Self::Intense => "intense",
        }
    }
}

/// The mean of moods.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct MeanMood {
    /// Mean arousal, in [0, 1].
    pub arousal: f64,
    /// Mean valence, in [-1, 1].
    pub valence: f64,
}

/// The moods of all agents on all topics: private state, which only reading changes. Holds nothing when emotions are off.
#[derive(Clone, PartialEq, Debug)]
pub struct Emotions {
    config: EmotionConfig,
    topics: usize,
    /// The step as of which an agent's moods are stored.
    set_at: Vec<Step>,
    /// Agent after agent, each one per topic.
    moods: Vec<Mood>,
}

impl Emotions {
    /// Bytes on the heap.
    pub fn memory_bytes(&self) -> usize {
        heap::of_column(&self.set_at) + heap::of_column(&self.moods)
    }

    /// All of `agents` calm and neutral on `topics`.
    pub fn new(config: EmotionConfig, agents: u32, topics: usize) -> Self {
        let agents = if config.enabled { agents as usize } else { 0 };
        Self { config, topics, set_at: vec![Step(0); agents], moods: vec![Mood::default(); agents * topics] }
    }

    /// How moods move.
    pub fn config(&self) -> &EmotionConfig {
        &self.config
    }

    /// How `agent` feels about `topic` at the beginning of step `now`.
    pub fn mood(&self, agent: AgentId, topic: TopicId, now: Step, clock: &Clock) -> Mood {
        match self.set_at.get(agent.index()) {
            Some(&set_at) => {
                let mood = self.moods[agent.index() * self.topics + topic.index()];
                self.config.faded(mood, clock.minutes_between(set_at, now))
            }
            None => Mood::default(),
        }
    }

    /// How `agent` feels about each topic at the beginning of step `now`; nothing when emotions are off.
    pub fn of(&self, agent: AgentId, now: Step, clock: &Clock) -> Vec<Mood> {
        let topics = if self.config.enabled { self.topics } else { 0 };
        (0..topics).map(|topic| self.mood(agent, TopicId(topic as u16), now, clock)).collect()
    }

    /// Replaces the moods of `agent`, one per topic, as of step `now`. Nothing happens when emotions are off.
    ///
    /// # Panics
    /// When emotions are on and there is not one mood per topic.
    pub fn set(&mut self, agent: AgentId, moods: &[Mood], now: Step) {
        if self.config.enabled {
            self.moods[agent.index() * self.topics..][..self.topics].copy_from_slice(moods);
            self.set_at[agent.index()] = now;
        }
    }

    /// The steps as of which moods are stored, in the order of agents, and the moods, agent after agent, each one per
    /// topic.
    pub fn all(&self) -> (&[Step], &[Mood]) {
        (&self.set_at, &self.moods)
    }

    /// Replaces what [`Self::all`] gives.
    ///
    /// # Panics
    /// When there are not as many as before.
    pub fn set_all(&mut self, set_at: Vec<Step>, moods: Vec<Mood>) {
        assert_eq!(set_at.len(), self.set_at.len(), "one step per agent");
        assert_eq!(moods.len(), self.moods.len(), "one mood per agent and topic");
        (self.set_at, self.moods) = (set_at, moods);
    }

    /// The mean mood of `agents` on `topic` at the beginning of step `now`, summed in their order; `None` of nobody and
    /// when emotions are off.
    pub fn mean(
        &self,
        agents: impl Iterator<Item = AgentId>,
        topic: TopicId,
        now: Step,
        clock: &Clock,
    ) -> Option<MeanMood> {
        let (mut count, mut arousal, mut valence) = (0u32, 0.0, 0.0);
        for agent in agents {
            let mood = self.mood(agent, topic, now, clock);
            count += 1;
            arousal += f64::from(mood.arousal);
            valence += f64::from(mood.valence);
        }
        let mean = |sum: f64| sum / f64::from(count);
        (self.config.enabled && count > 0)
            .then(|| MeanMood { arousal: mean(arousal), valence: mean(valence) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CLOCK: Clock = Clock { minutes_per_step: 3, starts_at: 0 };

    fn on() -> EmotionConfig {
        EmotionConfig { enabled: true, ..EmotionConfig::default() }
    }

    fn mood(arousal: f32, valence: f32) -> Mood {
        Mood { arousal, valence }
    }

    fn are_near(one: Mood, other: Mood, most: f32) -> bool {
        (one.arousal - other.arousal).abs() < most && (one.valence - other.valence).abs() < most
    }

    /// With a gain of 0.4 and a rate of 0.2.
    fn check_reading(before: Mood, opinion: f32, read: f32, expected: Mood) {
        let config =
            EmotionConfig { arousal_gain: Probability::of(0.4), valence_rate: Probability::of(0.2), ..on() };
        let after = config.after(before, Stance::clamped(opinion), Stance::clamped(read));
        assert!(are_near(after, expected, 1e-6), "{after:?} instead of {expected:?}");
    }

    #[test]
    fn a_strong_post_stirs_and_its_agreement_pleases() {
        check_reading(mood(0.0, 0.0), 1.0, 1.0, mood(0.4, 0.2));
        check_reading(mood(0.0, 0.0), -1.0, 1.0, mood(0.4, -0.2));
        check_reading(mood(0.5, 0.5), -1.0, 1.0, mood(0.7, 0.5 - 0.2 * 1.5));
        check_reading(mood(0.5, 0.1), 0.25, -0.5, mood(0.6, 0.1 + 0.1 * (0.25 - 0.1)));
        check_reading(mood(0.5, 0.1), 1.0, 0.0, mood(0.5, 0.1));
        check_reading(mood(1.0, 1.0), 1.0, 1.0, mood(1.0, 1.0));
    }

    #[test]
    fn two_half_lives_leave_a_quarter() {
        let config = EmotionConfig { arousal_half_life: 30.0, valence_half_life: 120.0, ..on() };
        let faded = |minutes| config.faded(mood(0.8, -0.4), minutes);
        assert_eq!(faded(0), mood(0.8, -0.4));
        assert_eq!((faded(60).arousal, faded(240).valence), (0.2, -0.1));
        assert!(are_near(faded(15), mood(0.8 * 0.5f32.sqrt(), -0.4 * 0.5f32.powf(0.125)), 1e-6));
        assert_eq!(faded(u32::MAX), mood(0.0, 0.0));
    }

    #[test]
    fn moods_fade_from_the_step_in_which_they_were_set_for_their_agent_alone() {
        let config = EmotionConfig { arousal_half_life: 30.0, valence_half_life: 60.0, ..on() };
        let mut emotions = Emotions::new(config, 3, 2);
        let (topic, agent) = (TopicId(1), AgentId(1));
        emotions.set(agent, &[mood(0.2, 0.2), mood(0.8, -0.8)], Step(100));
        assert_eq!(emotions.mood(agent, topic, Step(100), &CLOCK), mood(0.8, -0.8));
        assert_eq!(emotions.mood(agent, topic, Step(120), &CLOCK), mood(0.2, -0.4));
        assert_eq!(emotions.of(agent, Step(120), &CLOCK), [mood(0.05, 0.1), mood(0.2, -0.4)]);
        for other in [AgentId(0), AgentId(2)] {
            assert_eq!(emotions.of(other, Step(120), &CLOCK), [Mood::default(); 2]);
        }
        let mean = |agents: &[u32]| {
            emotions.mean(agents.iter().map(|&agent| AgentId(agent)), topic, Step(120), &CLOCK)
        };
        let expected = MeanMood { arousal: f64::from(0.2f32) / 2.0, valence: f64::from(-0.4f32) / 2.0 };
        assert_eq!(mean(&[0, 1]), Some(expected));
        assert_eq!(mean(&[]), None);
    }

    #[test]
    fn what_is_saved_is_all_there_is() {
        let mut emotions = Emotions::new(on(), 2, 1);
        emotions.set(AgentId(1), &[mood(0.3, 0.7)], Step(4));
        let (set_at, moods) = emotions.all();
        let mut again = Emotions::new(on(), 2, 1);
        again.set_all(set_at.to_vec(), moods.to_vec());
        assert_eq!(again, emotions);
    }

    #[test]
    fn without_emotions_nothing_is_held() {
        let mut emotions = Emotions::new(EmotionConfig::default(), 1000, 8);
        emotions.set(AgentId(5), &[mood(1.0, 1.0); 8], Step(3));
        assert_eq!(emotions.all(), (&[][..], &[][..]));
        assert_eq!(emotions.mood(AgentId(5), TopicId(2), Step(3), &CLOCK), Mood::default());
        assert_eq!(emotions.of(AgentId(5), Step(3), &CLOCK), []);
        assert_eq!(emotions.mean((0..9).map(AgentId), TopicId(2), Step(3), &CLOCK), None);
    }

    #[test]
    fn levels_are_thirds_of_arousal() {
        let levels = [0.0, 0.33, 0.34, 0.66, 0.67, 1.0].map(|arousal| mood(arousal, 0.0).level());
        use Level::{Calm, Intense, Moderate};
        assert_eq!(levels, [Calm, Calm, Moderate, Moderate, Intense, Intense]);
        assert_eq!(Level::ALL.map(Level::name), ["calm", "moderate", "intense"]);
    }

    #[test]
    fn faults_name_the_key() {
        assert_eq!(EmotionConfig::default().fault(), None);
        let check = |config: EmotionConfig, expected: &str| assert_eq!(config.fault().unwrap(), expected);
        check(
            EmotionConfig { arousal_half_life: 0.0, ..on() },
            "emotion.arousal_half_life: expected a number of minutes above 0, found 0",
        );
        check(
            EmotionConfig { valence_half_life: f64::NAN, ..on() },
            "emotion.valence_half_life: expected a number of minutes above 0, found NaN",
        );
        assert!(serde_json::from_str::<EmotionConfig>(r#"{"arousal_gain": 1.5}"#).is_err());
        assert_eq!(serde_json::from_str::<EmotionConfig>("{}").unwrap(), EmotionConfig::default());
    }

    proptest! {
        #[test]
        fn moods_stay_in_bounds_and_fading_late_is_fading_at_once(
            gain in 0.0..=1.0,
            rate in 0.0..=1.0,
            half_life in 1e-3..1e5,
            posts in prop::collection::vec((-1f32..=1.0, -1f32..=1.0, 0u32..50), 1..40),
        ) {
            let config = EmotionConfig {
                arousal_gain: Probability::of(gain),
                valence_rate: Probability::of(rate),
                arousal_half_life: half_life,
                valence_half_life: half_life,
                ..on()
            };
            let mut emotions = Emotions::new(config.clone(), 1, 1);
            let (mut now, mut eager) = (Step(0), Mood::default());
            for (opinion, read, steps) in posts {
                for _ in 0..steps {
                    eager = config.faded(eager, CLOCK.minutes_per_step);
                }
                now.0 += steps;
                let lazy = emotions.mood(AgentId(0), TopicId(0), now, &CLOCK);
                // What is rounded in each of up to 2000 steps adds up.
                prop_assert!(are_near(lazy, eager, 1e-4), "{:?} and {:?}", lazy, eager);
                let (opinion, read) = (Stance::clamped(opinion), Stance::clamped(read));
                let after = config.after(lazy, opinion, read);
                prop_assert!((0.0..=1.0).contains(&after.arousal) && (-1.0..=1.0).contains(&after.valence));
                prop_assert!(after.arousal >= lazy.arousal);
                emotions.set(AgentId(0), &[after], now);
                eager = config.after(eager, opinion, read);
            }
        }
    }
}
