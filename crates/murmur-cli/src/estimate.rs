//! `murmur estimate`: what a run will cost, before it is begun.

use std::path::PathBuf;

use clap::Args;
use murmur_engine::{
    EngineError, EstimateRequest, ModelEstimate, Override, config, estimate as estimate_run,
};

use crate::failure::{Failure, print};
use crate::summary::count_of;

#[derive(Args)]
pub(crate) struct EstimateArgs {
    /// The configuration, a TOML file.
    config: PathBuf,
    /// Change one key, for instance prompt.posts=3. May be given often.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<Override>,
    /// Prompts to render and count, at most, for each model.
    #[arg(long, value_name = "N", default_value_t = 200)]
    sample: usize,
    /// Steps that the behavioural policy carries out first, so that there is something to read and to remember.
    #[arg(long, value_name = "N", default_value_t = 5)]
    warm_up: u32,
    /// How often an agent looks around in a turn, on average.
    #[arg(long, value_name = "N", default_value_t = 0.1)]
    looks: f64,
    /// Repair requests a turn, on average.
    #[arg(long, value_name = "N", default_value_t = 0.05)]
    repairs: f64,
    /// Texts written in a turn, on average; counts with stance.method = "model".
    #[arg(long, value_name = "N", default_value_t = 0.3)]
    texts: f64,
    /// Tokens of a reply.
    #[arg(long, value_name = "N", default_value_t = 40)]
    output_tokens: u32,
    /// Seconds that a call takes.
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0)]
    seconds: f64,
    /// Calls in flight at once [default: as many as the configuration allows].
    #[arg(long, value_name = "N")]
    in_flight: Option<usize>,
}

pub(crate) fn estimate(args: &EstimateArgs) -> Result<(), Failure> {
    let config = config::load(&args.config, &args.overrides).map_err(EngineError::from)?;
    if config.model.is_empty() {
        return Err(Failure::input(format!(
            "{}: the configuration has no [[model]], so that there is nothing to pay for",
            args.config.display()
        )));
    }
    let format = format!("{:?}", config.model[0].format).to_lowercase();
    // The tokenizer of OpenAI's recent models; those of others differ by some percent.
    let tokenizer = tiktoken_rs::o200k_base_singleton();
    let request = EstimateRequest {
        warm_up: args.warm_up,
        sample: args.sample,
        looks: args.looks,
        repairs: args.repairs,
        texts: args.texts,
        output_tokens: args.output_tokens,
        seconds_per_call: args.seconds,
        in_flight: args.in_flight,
        count: &|text| tokenizer.encode_ordinary(text).len() as u32,
    };
    let models = estimate_run(config, &request)?;
    let pages: Vec<String> = models.iter().map(page).collect();
    print(&format!(
        "{}\nassumed: {} looks and {} repairs a turn, {} tokens a reply, {} s a call; tokens counted by o200k_base, first \
         model's format {format}\n",
        pages.join("\n"),
        args.looks,
        args.repairs,
        args.output_tokens,
        args.seconds
    ))
}

fn page(model: &ModelEstimate) -> String {
    let number = |value: f64| count_of(value.round() as u64);
    let input = model.input;
    let own = input.mean - f64::from(model.shared);
    let mut rows = vec![
        ("agents", number(model.agents as f64)),
        ("turns", number(model.turns)),
        ("calls", number(model.calls)),
        ("of surveys", number(model.survey_calls as f64)),
        ("beside turns", format!("{} to rate texts and sum up memories", number(model.side_calls))),
        (
            "input a call",
            format!(
                "{} to {} tokens, mean {:.0}, in {} prompts: {} shared by all agents, {own:.0} of the agent's own (at \
                 most {})",
                input.least,
                input.greatest,
                input.mean,
                model.sampled,
                model.shared,
                input.greatest.saturating_sub(model.shared)
            ),
        ),
        ("input", format!("{} tokens", number(model.input_tokens))),
        ("output", format!("{} tokens", number(model.output_tokens))),
        ("hours", format!("{:.2}, with {} calls in flight", model.hours, model.in_flight)),
    ];
    if model.money > 0.0 {
        let cached = match model.money_cached < model.money {
            true => format!(", {:.2} if shared tokens come from prefix caches", model.money_cached),
            false => String::new(),
        };
        rows.push(("cost", format!("{:.2}{cached}", model.money)));
    }
    let rows = rows.into_iter().map(|(name, value)| format!("  {name:<12} {value}\n"));
    format!("model {}\n{}", model.model, rows.collect::<String>())
}
