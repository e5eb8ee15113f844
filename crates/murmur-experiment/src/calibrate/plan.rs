//! The file that says what is fitted to what.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::CalibrationError;

/// A calibration, as its file describes it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The configuration of the platform that each cascade is put on, relative to the plan's folder.
    pub base: PathBuf,
    /// The observed cascades, a JSON file, relative to the plan's folder.
    pub cascades: PathBuf,
    /// The seed of all draws: of the halves, the simulations, the search and the bootstrap.
    #[serde(default = "one")]
    pub seed: u64,
    /// The minute at which simulations start from the observed tree.
    #[serde(default = "hour")]
    pub from: u32,
    /// The last minute that is simulated and judged.
    #[serde(default = "two_hours_and_a_half")]
    pub until: u32,
    /// Share of the different texts whose cascades are fitted to; the others judge.
    #[serde(default = "half")]
    pub training: f64,
    /// Candidates that are tried, at most.
    #[serde(default = "many")]
    pub evaluations: u32,
    /// Simulations of each training cascade for each candidate.
    #[serde(default = "four")]
    pub replicates: u32,
    /// Simulations of each test cascade.
    #[serde(default = "twenty")]
    pub test_replicates: u32,
    /// How a simulation starts from what was observed.
    #[serde(default)]
    pub start: StartPlan,
    /// What is fitted: one to three.
    pub parameter: Vec<ParameterPlan>,
    /// The parameters that simulated cascades are made with, to be found again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recover: Option<RecoverPlan>,
    /// The plan's own file.
    #[serde(skip)]
    pub path: PathBuf,
}

/// How a simulation starts from what was observed.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StartPlan {
    /// Minutes before `from` whose reposts show how fast the cascade still grows.
    pub window: f64,
    /// Accounts that have not shared yet for each repost of the window; they follow whom its author got it from.
    pub audience: f64,
}

impl Default for StartPlan {
    fn default() -> Self {
        Self { window: 30.0, audience: 15.0 }
    }
}

/// A parameter that is fitted.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParameterPlan {
    /// A dotted key of the base configuration, or `start.window` or `start.audience` of the plan.
    pub key: String,
    /// The least value tried.
    pub low: f64,
    /// The greatest value tried.
    pub high: f64,
    /// How values between the bounds are spaced.
    #[serde(default)]
    pub scale: Scale,
    /// Where the search begins. Default: the middle of the bounds, in their scale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<f64>,
}

/// How values between two bounds are spaced.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// By differences.
    #[default]
    Linear,
    /// By ratios; both bounds are above 0.
    Log,
}

/// Known parameters.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecoverPlan {
    /// The value of each parameter, in their order.
    pub values: Vec<f64>,
    /// Cascades that are simulated from each observed start.
    #[serde(default = "one_cascade")]
    pub copies: u32,
}

const fn one() -> u64 {
    1
}

const fn one_cascade() -> u32 {
    1
}

const fn hour() -> u32 {
    60
}

const fn two_hours_and_a_half() -> u32 {
    150
}

const fn half() -> f64 {
    0.5
}

const fn many() -> u32 {
    200
}

const fn four() -> u32 {
    4
}

const fn twenty() -> u32 {
    20
}

/// More parameters are told apart by no series of a hundred cascades.
const MOST_PARAMETERS: usize = 3;

impl Plan {
    /// Reads the plan `path` and checks what it says by itself. Paths in it are relative to its folder.
    ///
    /// # Errors
    /// [`CalibrationError::Plan`] with the line or key, and what was expected.
    pub fn load(path: &Path) -> Result<Self, CalibrationError> {
        let fault = |message: String| CalibrationError::plan(path, message);
        let text = fs::read_to_string(path)
            .map_err(|source| fault(format!("{source}; a ready-made plan lies in configs/calibrate/")))?;
        let plan: Result<Self, _> = toml::from_str(text.trim_start_matches('\u{feff}'));
        let mut plan = plan.map_err(|error| fault(error.to_string().trim_end().to_owned()))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        plan.base = folder.join(&plan.base);
        plan.cascades = folder.join(&plan.cascades);
        plan.path = path.to_owned();
        plan.check()?;
        Ok(plan)
    }

    /// Checks what the plan says by itself.
    ///
    /// # Errors
    /// [`CalibrationError::Plan`] naming the key and what was expected.
    pub fn check(&self) -> Result<(), CalibrationError> {
        let parameters = self.parameter.len();
        let number = |key: &str, value: f64, low: f64, high: f64| {
            let fits = (low..=high).contains(&value);
            (!fits).then(|| format!("{key}: expected a number from {low} to {high}, found {value}"))
        };
        let fault = number("from", f64::from(self.from), 2.0, 10_000.0)
            .or_else(|| {
                number("until", f64::from(self.until), f64::from(self.from) + 1.0, 20_000.0)
            })
            .or_else(|| number("training", self.training, 0.05, 0.95))
            .or_else(|| number("evaluations", f64::from(self.evaluations), 1.0, 100_000.0))
            .or_else(|| number("replicates", f64::from(self.replicates), 1.0, 10_000.0))
            .or_else(|| number("test_replicates", f64::from(self.test_replicates), 1.0, 10_000.0))
            .or_else(|| StartPlan::fault("start.window", self.start.window))
            .or_else(|| StartPlan::fault("start.audience", self.start.audience))
            .or_else(|| {
                let few = (1..=MOST_PARAMETERS).contains(&parameters);
                (!few).then(|| {
                    format!(
                        "parameter: expected 1 to {MOST_PARAMETERS} parameters, found {parameters}; cascades this short \
                         do not tell more apart, so give the others a value in the base configuration"
                    )
                })
            })
            .or_else(|| self.parameter_fault())
            .or_else(|| self.recover_fault());
        fault.map_or(Ok(()), |message| Err(CalibrationError::plan(&self.path, message)))
    }

    fn parameter_fault(&self) -> Option<String> {
        self.parameter.iter().enumerate().find_map(|(place, parameter)| {
            let fault =
                |message: String| Some(format!("parameter {} ({}): {message}", place + 1, parameter.key));
            let ParameterPlan { key, low, high, scale, start } = parameter;
            if key.split('.').any(|part| part.trim().is_empty()) {
                return fault(
                    "key: expected a dotted key, for instance diffusion.model.probability".to_owned(),
                );
            }
            if key.starts_with("start.") && !StartPlan::KEYS.contains(&key.as_str()) {
                return fault(format!("key: expected one of {}, found {key}", StartPlan::KEYS.join(", ")));
            }
            if OWN_KEYS.contains(&key.as_str()) {
                return fault("key: the calibration sets this itself; choose another".to_owned());
            }
            if self.parameter[..place].iter().any(|other| other.key == *key) {
                return fault("key: expected a key that no other parameter has".to_owned());
            }
            if !(low.is_finite() && high.is_finite() && low < high) {
                return fault(format!("expected low below high, found low = {low} and high = {high}"));
            }
            if let Some(message) = [low, high].iter().find_map(|&&bound| StartPlan::fault(key, bound)) {
                return fault(message);
            }
            if *scale == Scale::Log && *low <= 0.0 {
                return fault(format!("low: expected a number above 0 with scale = \"log\", found {low}"));
            }
            match start {
                Some(start) if !(low..=high).contains(&start) => {
                    fault(format!("start: expected a number from {low} to {high}, found {start}"))
                }
                _ => None,
            }
        })
    }

    fn recover_fault(&self) -> Option<String> {
        let recover = self.recover.as_ref()?;
        if recover.values.len() != self.parameter.len() {
            return Some(format!(
                "recover.values: expected {} numbers, one for each parameter, found {}",
                self.parameter.len(),
                recover.values.len()
            ));
        }
        if !(1..=100).contains(&recover.copies) {
            return Some(format!("recover.copies: expected 1 to 100, found {}", recover.copies));
        }
        let mut pairs = self.parameter.iter().zip(&recover.values);
        let outside = pairs.find(|(parameter, value)| !(parameter.low..=parameter.high).contains(value));
        outside.map(|(parameter, value)| {
            format!(
                "recover.values: {}: expected a number from {} to {}, found {value}",
                parameter.key, parameter.low, parameter.high
            )
        })
    }
}

/// Keys of the configuration that every simulation has its own value of.
const OWN_KEYS: [&str; 6] =
    ["run.seed", "run.steps", "run.start", "run.minutes_per_step", "population.size", "population.kind"];

impl StartPlan {
    /// The keys of a plan's `[start]` that can be fitted.
    pub(super) const KEYS: [&'static str; 2] = ["start.window", "start.audience"];

    /// What is wrong with a value of one of [`Self::KEYS`], if anything; nothing is with other keys.
    fn fault(key: &str, value: f64) -> Option<String> {
        let (low, high) = match key {
            "start.window" => (1.0, 10_000.0),
            "start.audience" => (0.0, 10_000.0),
            _ => return None,
        };
        let fits = (low..=high).contains(&value);
        (!fits).then(|| format!("{key}: expected a number from {low} to {high}, found {value}"))
    }

    /// The same with another value of one of [`Self::KEYS`].
    pub(super) fn with(mut self, key: &str, value: f64) -> Self {
        match key {
            "start.window" => self.window = value,
            "start.audience" => self.audience = value,
            other => unreachable!("{other} is no key of a start"),
        }
        self
    }
}

impl ParameterPlan {
    /// The value at `place`: 0 is the low bound, 1 the high one, and between them the scale counts.
    pub fn value(&self, place: f64) -> f64 {
        let value = match self.scale {
            Scale::Linear => self.low + place * (self.high - self.low),
            Scale::Log => {
                let (low, high) = (libm::log(self.low), libm::log(self.high));
                libm::exp(low + place * (high - low))
            }
        };
        value.clamp(self.low, self.high)
    }

    /// The place of a value; the inverse of [`Self::value`].
    pub fn place(&self, value: f64) -> f64 {
        match self.scale {
            Scale::Linear => (value - self.low) / (self.high - self.low),
            Scale::Log => libm::log(value / self.low) / libm::log(self.high / self.low),
        }
    }

    /// Where the search begins, as a place.
    pub(super) fn first_place(&self) -> f64 {
        self.start.map_or(0.5, |start| self.place(start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = "base = \"b.toml\"\ncascades = \"c.json\"\n";
    const PARAMETER: &str = "[[parameter]]\nkey = \"feed.random\"\nlow = 1\nhigh = 9\n";

    fn load(text: &str) -> Result<Plan, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.toml");
        fs::write(&path, text).unwrap();
        Plan::load(&path).map_err(|error| error.to_string())
    }

    /// The plan with `addition` fails with a message that contains all of `expected`.
    fn check_fault(addition: &str, expected: &[&str]) {
        let message = load(&format!("{PLAN}{addition}")).unwrap_err();
        for part in expected {
            assert!(message.contains(part), "expected {part:?} in:\n{message}");
        }
    }

    #[test]
    fn faults_name_the_key_and_what_was_expected() {
        check_fault("", &["plan.toml", "missing field `parameter`"]);
        check_fault("parameter = []\n", &["parameter: expected 1 to 3 parameters, found 0"]);
        let four: String =
            (0..4).map(|number| PARAMETER.replace("feed.random", &format!("feed.k{number}"))).collect();
        check_fault(&four, &["expected 1 to 3 parameters, found 4", "base configuration"]);
        check_fault(&format!("{PARAMETER}{PARAMETER}"), &["parameter 2 (feed.random)", "no other parameter"]);
        let reversed = PARAMETER.replace("low = 1", "low = 10");
        check_fault(&reversed, &["parameter 1 (feed.random)", "low below high", "low = 10 and high = 9"]);
        let log = PARAMETER.replace("low = 1", "low = 0\nscale = \"log\"");
        check_fault(&log, &["low: expected a number above 0"]);
        check_fault(&format!("{PARAMETER}start = 12\n"), &["start: expected a number from 1 to 9, found 12"]);
        check_fault(&format!("{PARAMETER}hgih = 12\n"), &["line 7", "`hgih`"]);
        check_fault(
            &PARAMETER.replace("feed.random", "start.audience_size"),
            &["start.window, start.audience"],
        );
        check_fault(&PARAMETER.replace("feed.random", "run.seed"), &["sets this itself"]);
        check_fault(&format!("from = 90\nuntil = 60\n{PARAMETER}"), &["until: expected a number from 91"]);
        check_fault(
            &format!("{PARAMETER}[recover]\nvalues = [1, 2]\n"),
            &["recover.values: expected 1 numbers"],
        );
        check_fault(
            &format!("{PARAMETER}[recover]\nvalues = [0.5]\n"),
            &["feed.random: expected a number from 1 to 9"],
        );
        assert!(Plan::load(Path::new("none.toml")).unwrap_err().to_string().contains("none.toml: "));
    }

    #[test]
    fn places_and_values_are_each_others_inverse() {
        let check = |scale: Scale, middle: f64| {
            let parameter = ParameterPlan { key: "x".to_owned(), low: 0.01, high: 1.0, scale, start: None };
            assert!((parameter.value(0.5) - middle).abs() < 1e-12);
            for value in [0.01, 0.3, 1.0] {
                assert!((parameter.value(parameter.place(value)) - value).abs() < 1e-12);
            }
        };
        check(Scale::Linear, 0.505);
        check(Scale::Log, 0.1);
    }
}
