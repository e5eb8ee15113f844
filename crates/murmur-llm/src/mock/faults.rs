//! What goes wrong at a mock server, how often, and for which request.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Mutex;

use super::draws::{Part, draws};

/// A way in which a request goes wrong. The order is that of [`FaultKind::ALL`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum FaultKind {
    /// 429 without `Retry-After`.
    TooMany,
    /// 429 with `Retry-After`.
    TooManyRetryAfter,
    /// 500.
    ServerError,
    /// 503.
    Unavailable,
    /// No answer, ever; the connection stays open.
    Timeout,
    /// The connection is closed before the answer.
    Cut,
    /// The connection is closed in the middle of the body.
    CutBody,
    /// The body comes slowly, piece by piece.
    Slow,
    /// The body ends in the middle of its JSON, though its length is right.
    BadJson,
    /// A page of HTML with status 200, as from a proxy.
    Html,
    /// Arguments of a tool, or content under a schema, that are no JSON.
    BadArguments,
    /// A call of a tool that was not offered.
    UnknownTool,
    /// Integers above the maximum that the schema gives them.
    OutOfRange,
    /// No text and no tool call.
    Empty,
    /// Text without an end, until the limit of tokens.
    Endless,
}

impl FaultKind {
    /// Every kind.
    pub const ALL: [Self; 15] = [
        Self::TooMany,
        Self::TooManyRetryAfter,
        Self::ServerError,
        Self::Unavailable,
        Self::Timeout,
        Self::Cut,
        Self::CutBody,
        Self::Slow,
        Self::BadJson,
        Self::Html,
        Self::BadArguments,
        Self::UnknownTool,
        Self::OutOfRange,
        Self::Empty,
        Self::Endless,
    ];

    /// Its name on the command line and in the statistics.
    pub fn name(self) -> &'static str {
        match self {
            Self::TooMany => "429",
            Self::TooManyRetryAfter => "429-retry-after",
            Self::ServerError => "500",
            Self::Unavailable => "503",
            Self::Timeout => "timeout",
            Self::Cut => "cut",
            Self::CutBody => "cut-body",
            Self::Slow => "slow",
            Self::BadJson => "bad-json",
            Self::Html => "html",
            Self::BadArguments => "bad-arguments",
            Self::UnknownTool => "unknown-tool",
            Self::OutOfRange => "out-of-range",
            Self::Empty => "empty",
            Self::Endless => "endless",
        }
    }

    /// Whether it comes before any model is asked.
    pub(crate) fn is_at_once(self) -> bool {
        self <= Self::Cut || self == Self::Html
    }

    /// Whether it is in what the model says.
    pub(crate) fn is_of_reply(self) -> bool {
        self >= Self::BadArguments
    }

    /// Whether it can befall a request whose proper reply is like `reply`.
    fn can_befall(self, reply: ReplyTraits) -> bool {
        match self {
            Self::Empty | Self::Endless => reply.is_chat,
            Self::BadArguments => reply.is_structured,
            Self::UnknownTool => reply.calls_tools,
            Self::OutOfRange => reply.has_bounded_integers,
            _ => true,
        }
    }
}

impl FromStr for FaultKind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("expected a fault ({names}), found {name:?}")
        })
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The probability of one kind, written as in `429=0.05`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct FaultRate {
    /// What goes wrong.
    pub kind: FaultKind,
    /// How likely that is at an attempt, 0 to 1.
    pub probability: f64,
}

impl FromStr for FaultRate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, probability) =
            text.split_once('=').ok_or_else(|| format!("expected KIND=PROBABILITY, found {text:?}"))?;
        let probability =
            probability.parse().map_err(|_| format!("expected a probability, found {probability:?}"))?;
        Ok(Self { kind: kind.parse()?, probability })
    }
}

/// How often what goes wrong. The default: nothing.
#[derive(Clone, PartialEq, Debug)]
pub struct Faults {
    /// By kind, as in [`FaultKind::ALL`].
    rates: [f64; FaultKind::ALL.len()],
    /// What `Retry-After` asks for, in seconds.
    pub retry_after_seconds: u32,
    /// How long a slow body takes, in milliseconds.
    pub slow_ms: u32,
    /// Tokens of an endless text; fewer if the request's own limit is lower.
    pub endless_tokens: usize,
}

impl Default for Faults {
    fn default() -> Self {
        let rates = [0.0; FaultKind::ALL.len()];
        Self { rates, retry_after_seconds: 1, slow_ms: 2000, endless_tokens: 4096 }
    }
}

impl Faults {
    /// Every kind alike, `probability` for all together.
    pub fn all(probability: f64) -> Self {
        let rates = [probability / FaultKind::ALL.len() as f64; FaultKind::ALL.len()];
        Self { rates, ..Self::default() }
    }

    /// With another probability for one kind.
    pub fn with(mut self, kind: FaultKind, probability: f64) -> Self {
        self.rates[kind as usize] = probability;
        self
    }

    pub(crate) fn fault(&self) -> Option<String> {
        for kind in FaultKind::ALL {
            let rate = self.rates[kind as usize];
            if !(0.0..=1.0).contains(&rate) {
                return Some(format!("fault {kind}: expected a probability from 0 to 1, found {rate}"));
            }
        }
        let sum: f64 = self.rates.iter().sum();
        (sum > 1.0 + 1e-9).then(|| format!("faults: expected probabilities up to 1 in all, found {sum}"))
    }
}

/// What the proper reply to a request is like, as far as faults depend on it.
#[derive(Clone, Copy, Default)]
pub(crate) struct ReplyTraits {
    pub(crate) is_chat: bool,
    /// It is JSON under a schema, or calls tools.
    pub(crate) is_structured: bool,
    pub(crate) calls_tools: bool,
    pub(crate) has_bounded_integers: bool,
}

/// Which fault each attempt meets.
pub(crate) struct Fates {
    rates: [f64; FaultKind::ALL.len()],
    /// How often requests, by key, have failed since they last succeeded; those that have not are not listed.
    failures: Mutex<HashMap<u64, u32>>,
}

impl Fates {
    pub(crate) fn new(faults: &Faults) -> Self {
        Self { rates: faults.rates, failures: Mutex::default() }
    }

    /// The fault, if any, of the next attempt at the request with `key`.
    pub(crate) fn next(&self, key: u64, reply: ReplyTraits) -> Option<FaultKind> {
        if self.rates.iter().all(|&rate| rate == 0.0) {
            return None;
        }
        let mut failures = self.failures.lock().expect("nothing panics with the lock");
        let attempt = failures.get(&key).copied().unwrap_or(0);
        let fault = self.draw(key, attempt, reply);
        match fault {
            Some(_) => failures.insert(key, attempt + 1),
            None => failures.remove(&key),
        };
        fault
    }

    fn draw(&self, key: u64, attempt: u32, reply: ReplyTraits) -> Option<FaultKind> {
        let u = draws(key, Part::Fate, attempt).uniform();
        let mut below = 0.0;
        FaultKind::ALL.into_iter().filter(|kind| kind.can_befall(reply)).find(|&kind| {
            below += self.rates[kind as usize];
            u < below
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL_TRAITS: ReplyTraits =
        ReplyTraits { is_chat: true, is_structured: true, calls_tools: true, has_bounded_integers: true };

    #[test]
    fn each_kind_comes_as_often_as_asked() {
        let faults = Faults::all(0.3).with(FaultKind::Cut, 0.1);
        let fates = Fates::new(&faults);
        let mut counts = [0_u32; FaultKind::ALL.len()];
        let tries = 100_000;
        for key in 0..tries {
            if let Some(kind) = fates.next(key, ALL_TRAITS) {
                counts[kind as usize] += 1;
            }
        }
        for kind in FaultKind::ALL {
            let expected = if kind == FaultKind::Cut { 0.1 } else { 0.02 };
            let share = f64::from(counts[kind as usize]) / tries as f64;
            let deviation = (expected * (1.0 - expected) / tries as f64).sqrt();
            assert!((share - expected).abs() < 5.0 * deviation, "{kind}: {share}");
        }
    }

    #[test]
    fn a_retry_has_a_fate_of_its_own_and_success_is_forgotten() {
        let fates = Fates::new(&Faults::default().with(FaultKind::ServerError, 0.5));
        let life = |key| {
            let fates = std::iter::repeat_with(|| fates.next(key, ALL_TRAITS));
            fates.take_while(Option::is_some).count()
        };
        let lives: Vec<usize> = (0..1000).map(life).collect();
        let again: Vec<usize> = (0..1000).map(life).collect();
        assert_eq!(lives, again);
        let mean = lives.iter().sum::<usize>() as f64 / 1000.0;
        assert!((mean - 1.0).abs() < 5.0 * (2.0_f64 / 1000.0).sqrt(), "geometric, mean 1: {mean}");
        assert!(fates.failures.lock().unwrap().is_empty());
    }

    #[test]
    fn faults_of_replies_befall_only_replies_that_can_have_them() {
        let every = |kind| Fates::new(&Faults::default().with(kind, 1.0));
        let text = ReplyTraits { is_chat: true, ..ReplyTraits::default() };
        for kind in [FaultKind::BadArguments, FaultKind::UnknownTool, FaultKind::OutOfRange] {
            assert_eq!(every(kind).next(1, text), None);
            assert_eq!(every(kind).next(1, ALL_TRAITS), Some(kind));
        }
        assert_eq!(every(FaultKind::Empty).next(1, ReplyTraits::default()), None);
        assert_eq!(every(FaultKind::Cut).next(1, ReplyTraits::default()), Some(FaultKind::Cut));
    }

    #[test]
    fn rates_are_read_and_checked() {
        for kind in FaultKind::ALL {
            let rate: FaultRate = format!("{kind}=0.25").parse().unwrap();
            assert_eq!(rate, FaultRate { kind, probability: 0.25 });
        }
        for (text, expected) in
            [("429", "KIND=PROBABILITY"), ("smoke=1", "expected a fault"), ("cut=x", "\"x\"")]
        {
            let fault = text.parse::<FaultRate>().unwrap_err();
            assert!(fault.contains(expected), "{fault}");
        }
        assert_eq!(Faults::all(1.0).fault(), None);
        assert!(Faults::all(1.0).with(FaultKind::Cut, 0.5).fault().unwrap().starts_with("faults"));
        assert!(Faults::default().with(FaultKind::Cut, f64::NAN).fault().unwrap().starts_with("fault cut"));
    }
}
