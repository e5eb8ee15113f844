//! Which cells are measured, and the settings of each.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How many agents are active in a step.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Active {
    /// This share of them, 0 to 1.
    Share(f64),
    /// About so many, however many agents there are.
    Number(u32),
}

impl Active {
    /// The probability with which one of `agents` is active; none where there are fewer.
    fn probability(self, agents: u32) -> Option<f64> {
        match self {
            Self::Share(share) => Some(share),
            Self::Number(number) => {
                Some(f64::from(number) / f64::from(agents)).filter(|&probability| probability <= 1.0)
            }
        }
    }
}

impl fmt::Display for Active {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Share(share) => write!(f, "{share}"),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

impl FromStr for Active {
    type Err = String;

    /// A number with a point or of at most 1 is a share.
    fn from_str(text: &str) -> Result<Self, String> {
        let expected =
            || format!("expected a share such as 0.01 or a number of agents such as 10000, found {text:?}");
        match text.parse::<u32>() {
            Ok(number) if number > 1 => Ok(Self::Number(number)),
            _ => {
                let share: f64 = text.parse().map_err(|_| expected())?;
                if 0.0 < share && share <= 1.0 { Ok(Self::Share(share)) } else { Err(expected()) }
            }
        }
    }
}

/// A grid of runs.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ScalingPlan {
    /// Numbers of agents.
    pub agents: Vec<u32>,
    /// How many of them are active.
    pub active: Vec<Active>,
    /// Numbers of threads.
    pub threads: Vec<u16>,
    /// Steps of a run that count.
    pub steps: u32,
    /// Steps before them that do not: caches are cold and the backlog is planted.
    pub warm_up: u32,
    /// Runs of each cell.
    pub repeats: u32,
    /// Live posts before the first step; none: one for five agents.
    pub posts: Option<u32>,
    /// The configuration that is measured, as it was named; none: the one for measuring.
    pub config: Option<String>,
    /// Further settings, each `key=value`.
    pub settings: Vec<String>,
    /// Whether a mock of a language model decides for the active agents.
    pub model: bool,
}

/// A run of the grid.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Cell {
    /// Number of agents.
    pub agents: u32,
    /// How many of them are active.
    pub active: Active,
    /// Number of threads.
    pub threads: u16,
    /// Which of the repeats it is, from 0.
    pub repeat: u32,
}

impl Cell {
    /// What its files are called.
    pub fn name(&self) -> String {
        let Self { agents, active, threads, repeat } = self;
        format!("agents-{agents}-active-{active}-threads-{threads}-repeat-{repeat}")
    }

    /// Bytes that its run may need: three kilobytes an agent and half a gigabyte, a generous estimate.
    pub fn bytes(&self) -> u64 {
        u64::from(self.agents) * 3_000 + (1 << 29)
    }
}

impl ScalingPlan {
    /// A minute's worth.
    pub fn quick(threads: u16) -> Self {
        Self {
            agents: vec![1_000, 10_000, 100_000],
            active: vec![Active::Share(0.01), Active::Share(0.1)],
            threads: if threads > 1 { vec![1, threads] } else { vec![1] },
            steps: 5,
            warm_up: 1,
            repeats: 1,
            posts: None,
            config: None,
            settings: Vec::new(),
            model: false,
        }
    }

    /// What is measured unless something else is asked for.
    pub fn full(threads: u16) -> Self {
        Self {
            agents: vec![1_000, 10_000, 100_000, 1_000_000],
            steps: 10,
            warm_up: 2,
            repeats: 3,
            ..Self::quick(threads)
        }
    }

    /// What keeps the plan from being carried out, if anything does.
    ///
    /// # Errors
    /// Names the number and what was expected.
    pub fn check(&self) -> Result<(), String> {
        let empty = self.agents.is_empty() || self.active.is_empty() || self.threads.is_empty();
        if empty || self.steps == 0 || self.repeats == 0 {
            return Err(
                "expected at least one number of agents, active agents, threads, steps and repeats".into()
            );
        }
        if let Some(agents) = self.agents.iter().find(|&&agents| agents < 2) {
            return Err(format!("--agents: expected at least 2, found {agents}"));
        }
        if let Some(threads) = self.threads.iter().find(|&&threads| threads == 0) {
            return Err(format!("--threads: expected at least 1, found {threads}"));
        }
        Ok(())
    }

    /// The runs, every repeat of the whole grid after the other, so that what slows a machine for a while meets all cells.
    /// Cells with more active agents than agents are left out.
    pub fn cells(&self) -> Vec<Cell> {
        let mut cells = Vec::new();
        for repeat in 0..self.repeats {
            for &agents in &self.agents {
                for &active in &self.active {
                    for &threads in &self.threads {
                        let cell = Cell { agents, active, threads, repeat };
                        cells.extend(active.probability(agents).map(|_| cell));
                    }
                }
            }
        }
        cells
    }

    /// Whether figures of cells that `other` measured are figures of this plan too.
    pub fn measures_the_same(&self, other: &Self) -> bool {
        let kept = |plan: &Self| {
            let Self { steps, warm_up, posts, config, settings, model, .. } = plan.clone();
            (steps, warm_up, posts, config, settings, model)
        };
        kept(self) == kept(other)
    }

    /// The settings of a cell above those of the configuration, each `key=value`; with a model, it is at `model_url`.
    pub fn settings_of(&self, cell: &Cell, model_url: Option<&str>) -> Vec<String> {
        let Cell { agents, active, .. } = *cell;
        let probability = active.probability(agents).unwrap_or(1.0);
        let own = [
            format!("run.steps={}", self.warm_up + self.steps),
            format!("population.size={agents}"),
            format!("population.traits.activity={probability:?}"),
            "population.traits.activity_spread=0.0".to_owned(),
            format!("population.traits.hours={:?}", [1; 24]),
            format!("backlog.posts={}", self.posts.unwrap_or(agents / 5)),
        ];
        let model = model_url
            .map(|url| format!("model=[{{ name = \"mock\", urls = [\"{url}\"], model = \"mock\" }}]"));
        own.into_iter().chain(model).chain(self.settings.iter().cloned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_repeat_goes_through_the_grid_and_leaves_out_what_cannot_be() {
        let plan = ScalingPlan {
            agents: vec![100, 1_000],
            active: vec![Active::Share(0.5), Active::Number(200)],
            threads: vec![1, 2],
            repeats: 2,
            ..ScalingPlan::quick(2)
        };
        let cells = plan.cells();
        assert_eq!(cells.len(), 2 * (2 + 4));
        assert!(cells[..6].iter().all(|cell| cell.repeat == 0));
        assert!(cells.iter().all(|cell| cell.agents == 1_000 || cell.active == Active::Share(0.5)));
        let settings = plan.settings_of(&cells[4], None);
        assert_eq!(cells[4].name(), "agents-1000-active-200-threads-1-repeat-0");
        assert!(settings.contains(&"population.traits.activity=0.2".to_owned()), "{settings:?}");
        assert!(settings.contains(&"backlog.posts=200".to_owned()), "{settings:?}");
    }

    #[test]
    fn what_is_active_is_a_share_or_a_number() {
        let check = |text: &str, expected: Option<Active>| assert_eq!(text.parse().ok(), expected, "{text}");
        check("0.01", Some(Active::Share(0.01)));
        check("1", Some(Active::Share(1.0)));
        check("1.0", Some(Active::Share(1.0)));
        check("10000", Some(Active::Number(10_000)));
        for wrong in ["0", "-1", "1.5", "many", "NaN", ""] {
            check(wrong, None);
        }
    }
}
