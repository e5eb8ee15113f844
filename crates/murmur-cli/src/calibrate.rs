//! `murmur calibrate`: parameters fitted to observed cascades, and how they do on cascades of other texts.

use std::path::{Path, PathBuf};

use clap::Args;
use murmur_experiment::Interval;
use murmur_experiment::calibrate::{
    self, Calibration, CalibrationError, Evaluation, Identified, MEASURES, ParameterPlan, Profile, Recovery,
};

use crate::failure::{Failure, print, tell};

#[derive(Args)]
pub(crate) struct CalibrateArgs {
    /// What is fitted to what, a TOML file; configs/calibrate/ has one.
    plan: PathBuf,
    /// Simulate cascades under the plan's known parameters instead, and see whether they are found again.
    #[arg(long)]
    recover: bool,
    /// Folder for the results; must not be there yet [default: the first free of runs/NAME, runs/NAME-2, …].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Seed of all draws, instead of the plan's.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    seed: Option<u64>,
    /// Threads to use [default: all cores]. Results do not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    threads: Option<u16>,
}

pub(crate) fn calibrate(args: &CalibrateArgs) -> Result<(), Failure> {
    let threads = args.threads.map_or(0, usize::from);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
    pool.map_err(|error| Failure::input(format!("--threads: {error}")))?;
    let mut plan = calibrate::load_plan(&args.plan)?;
    plan.seed = args.seed.unwrap_or(plan.seed);
    let out = args.out.clone().unwrap_or_else(|| free_folder(&args.plan, args.recover));
    murmur_data::Output::at(&out)?;
    let mut best = f64::INFINITY;
    let spent = plan.evaluations;
    let mut watch = |evaluation: &Evaluation| {
        best = best.min(evaluation.loss);
        if evaluation.number.is_multiple_of(10) {
            tell(&format!("evaluation {} of at most {spent}, least loss {best:.4}", evaluation.number));
        }
    };
    let page = if args.recover {
        let recovery = calibrate::recover(&plan, &mut watch)?;
        calibrate::write_recovery(&out, &recovery)?;
        recovery_page(&recovery)
    } else {
        let calibration = calibrate::calibrate(&plan, &mut watch)?;
        calibrate::write_calibration(&out, &calibration)?;
        calibration_page(&calibration)
    };
    print(&format!("{page}\nwritten to {}\n", out.display()))
}

impl From<CalibrationError> for Failure {
    fn from(error: CalibrationError) -> Self {
        match error {
            CalibrationError::Plan { .. } => Self::input(error.to_string()),
            CalibrationError::Engine(error) => error.into(),
            CalibrationError::Data(error) => error.into(),
        }
    }
}

/// The first of runs/NAME, runs/NAME-2, … that is not there.
fn free_folder(plan: &Path, recovers: bool) -> PathBuf {
    let stem = plan.file_stem().unwrap_or_default().to_string_lossy();
    let name = if recovers { format!("{stem}-recovery") } else { stem.into_owned() };
    let numbered = (2..).map(|number| PathBuf::from(format!("runs/{name}-{number}")));
    let mut folders = std::iter::once(PathBuf::from(format!("runs/{name}"))).chain(numbered);
    folders.find(|folder| !folder.exists()).expect("some number is free")
}

fn calibration_page(calibration: &Calibration) -> String {
    let Calibration { plan, split, fit, profiles, judgement } = calibration;
    let mut page = format!(
        "\n{} cascades of {} texts fitted to, {} of {} texts judged on; seed {}\n",
        split.training.len(),
        split.training_texts,
        split.test.len(),
        split.test_texts,
        plan.seed
    );
    if !split.too_short.is_empty() {
        page += &format!(
            "{} cascades passed over, not observed until minute {}\n",
            split.too_short.len(),
            plan.until
        );
    }
    page += &format!(
        "\nfitted: loss {:.4} after {} evaluations ({})\n",
        fit.loss,
        fit.evaluations.len(),
        fit.ended
    );
    for (parameter, best) in plan.parameter.iter().zip(&fit.best) {
        page += &format!("  {:<36} {}\n", parameter.key, number(*best));
    }
    page += &profile_pages(&plan.parameter, profiles);
    page += &format!(
        "\ntest: RMSE / max(real) over minutes {} to {}, mean over cascades (median)\n  {:<24}",
        plan.from + 1,
        plan.until,
        ""
    );
    for measure in MEASURES {
        page += &format!(" {measure:>16}");
    }
    page += "  overall, 95 % interval\n";
    for contestant in &judgement.contestants {
        page += &format!("  {:<24}", contestant.name);
        for (mean, median) in contestant.mean.iter().zip(&contestant.median) {
            page += &format!(" {:>16}", format!("{mean:.4} ({median:.4})"));
        }
        page += &format!("  {:.4} {}\n", contestant.overall, interval(contestant.interval, 4));
    }
    page += "\nskill: 1 − mean NRMSE / the best baseline's; the median curve is none of the three\n";
    for skill in &judgement.skills {
        let value = skill.skill.map_or("none".to_owned(), |skill| format!("{skill:+.3}"));
        let range = skill.interval.map_or(String::new(), |range| interval(range, 3));
        page += &format!(
            "  {:<24} {:<12} {value:<7} {range:<18} against {}\n",
            skill.contestant, skill.measure, skill.against
        );
    }
    page
}

fn recovery_page(recovery: &Recovery) -> String {
    let Recovery { plan, fit, .. } = recovery;
    let mut page = format!(
        "\n{} cascades simulated with {} reposts after minute {}; seed {}\n",
        recovery.cascades, recovery.reposts, plan.from, plan.seed
    );
    page += &format!(
        "loss {:.4} after {} evaluations ({}); {:.4} at the known values\n\n",
        fit.loss,
        fit.evaluations.len(),
        fit.ended,
        recovery.loss_at_truth
    );
    page += &format!("  {:<36} {:>10} {:>10}  off, of the range\n", "", "known", "found");
    for parameter in &recovery.parameters {
        let within = if parameter.within { "" } else { "; the known value is told apart from it" };
        page += &format!(
            "  {:<36} {:>10} {:>10}  {:+.1} %{within}\n",
            parameter.key,
            number(parameter.truth),
            number(parameter.found),
            100.0 * parameter.off
        );
    }
    page + &profile_pages(&plan.parameter, &recovery.profiles)
}

fn profile_pages(parameters: &[ParameterPlan], profiles: &[Profile]) -> String {
    let mut page = "\nloss along each parameter, the others held (* told apart from the best)\n".to_owned();
    for (parameter, profile) in parameters.iter().zip(profiles) {
        let identified = match profile.identified {
            Identified::Yes => "identified",
            Identified::FromBelow => "identified from below alone",
            Identified::FromAbove => "identified from above alone",
            Identified::No => "not identified",
        };
        page += &format!(
            "  {}: {identified}, {} to {} within bounds {} to {}\n   ",
            profile.key,
            number(profile.low),
            number(profile.high),
            number(parameter.low),
            number(parameter.high)
        );
        for point in &profile.points {
            let mark = if point.told_apart { "*" } else { "" };
            page += &format!(" {}:{:.4}{mark}", number(point.value), point.loss);
        }
        page += "\n";
    }
    page
}

/// Three significant digits.
fn number(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let magnitude = value.abs().log10().floor();
    let digits = (2.0 - magnitude).clamp(0.0, 9.0) as usize;
    format!("{value:.digits$}")
}

fn interval(interval: Interval, digits: usize) -> String {
    format!("[{:.digits$}, {:.digits$}]", interval.low, interval.high)
}
