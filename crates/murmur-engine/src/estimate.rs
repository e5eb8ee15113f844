//! What a run will ask of language models, before any is asked: calls and tokens from the activation schedule and the
//! real prompts.

use murmur_agents::{MemorySummary, StanceMethod};
use murmur_core::{AgentId, Step};
use murmur_llm::PreparedRequest;
use serde_json::Value;

use crate::activate::probability_of;
use crate::config::Fallback;
use crate::language::survey::{self, call_of};
use crate::language::turn::{Stage, Turn};
use crate::observe::observe;
use crate::recommend::recommend;
use crate::{Config, EngineError, Simulation};

/// What an estimate has to assume, and how tokens are counted.
pub struct EstimateRequest<'a> {
    /// Steps that the behavioural policy carries out first, so that there is something to read and to remember.
    pub warm_up: u32,
    /// Prompts that are rendered and counted, at most, for each model.
    pub sample: usize,
    /// Mean number of times that an agent looks around in a turn.
    pub looks: f64,
    /// Mean number of repair requests a turn.
    pub repairs: f64,
    /// Mean number of texts written in a turn: with `stance.method = "model"` each is rated.
    pub texts: f64,
    /// Tokens of a reply.
    pub output_tokens: u32,
    /// Seconds that a call takes.
    pub seconds_per_call: f64,
    /// Calls in flight at once; `None`: as many as the configuration allows.
    pub in_flight: Option<usize>,
    /// Counts the tokens of a text.
    pub count: &'a (dyn Fn(&str) -> u32 + Sync),
}

impl EstimateRequest<'_> {
    /// Some of `agents`, evenly spaced, at most as many as are to be sampled.
    fn sample_of(&self, agents: &[AgentId]) -> Vec<AgentId> {
        let every = agents.len().div_ceil(self.sample.max(1)).max(1);
        agents.iter().copied().step_by(every).collect()
    }
}

/// What one model will be asked.
#[derive(Clone, PartialEq, Debug)]
pub struct ModelEstimate {
    /// Its name in the configuration.
    pub model: String,
    /// Agents that it decides for.
    pub agents: usize,
    /// Their expected turns.
    pub turns: f64,
    /// Expected calls in turns.
    pub calls: f64,
    /// Calls of scheduled surveys.
    pub survey_calls: usize,
    /// Expected calls to rate texts and to sum up memories.
    pub side_calls: f64,
    /// Prompts that were counted.
    pub sampled: usize,
    /// Input tokens of a turn's first call that all agents share: instructions, tools or schema.
    pub shared: u32,
    /// Input tokens of a turn's first call, all that is sent.
    pub input: Spread,
    /// Expected input tokens of all calls.
    pub input_tokens: f64,
    /// Expected output tokens.
    pub output_tokens: f64,
    /// What it costs at the configured prices, without prefix caches.
    pub money: f64,
    /// The same, if the shared tokens always come from the servers' prefix caches.
    pub money_cached: f64,
    /// Calls in flight at once.
    pub in_flight: usize,
    /// Hours of waiting for replies.
    pub hours: f64,
}

/// Least, mean and greatest.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Spread {
    /// The least.
    pub least: u32,
    /// The mean.
    pub mean: f64,
    /// The greatest.
    pub greatest: u32,
}

/// Tokens that a message takes besides its words, in the chat formats of most models.
const AROUND_MESSAGE: u32 = 4;

/// Estimates what a run of `config` (checked) will ask. No model is asked.
///
/// # Errors
/// When an input cannot be used, the configuration does not fit it, or a template fails.
pub fn estimate(
    mut config: Config,
    request: &EstimateRequest<'_>,
) -> Result<Vec<ModelEstimate>, EngineError> {
    config.calls.fallback = Fallback::Behaviour;
    let steps = config.run.steps;
    let mut simulation = Simulation::new(config)?;
    simulation.calls.ask_nobody();
    let turns = expected_turns(&simulation, steps);
    while simulation.next.0 < request.warm_up.min(steps) {
        simulation.step()?;
    }
    let models = 0..simulation.world.config.model.len();
    models.map(|model| of_model(&simulation, model, &turns[model], request)).collect()
}

/// The expected turns of each model's agents, step by step.
fn expected_turns(simulation: &Simulation, steps: u32) -> Vec<Vec<f64>> {
    let world = &simulation.world;
    let mut turns = vec![vec![0.0; steps as usize]; world.config.model.len()];
    for step in 0..steps {
        let chance = probability_of(world, Step(step));
        for agent in world.population.agents() {
            if let Some(model) = world.minds.of(agent) {
                turns[model][step as usize] += chance(agent);
            }
        }
    }
    turns
}

fn of_model(
    simulation: &Simulation,
    model: usize,
    turns_by_step: &[f64],
    request: &EstimateRequest<'_>,
) -> Result<ModelEstimate, EngineError> {
    let world = &simulation.world;
    let agents: Vec<AgentId> =
        world.population.agents().filter(|&agent| world.minds.of(agent) == Some(model)).collect();
    let sampled: Vec<AgentId> = request.sample_of(&agents);
    let now = simulation.next;
    let recommended = recommend(world, now, &sampled);
    let observations = observe(world, now, sampled.clone(), &recommended);
    let stage = Stage { world, now };
    let mut totals = Vec::new();
    let mut shared = 0;
    for (index, &agent) in sampled.iter().enumerate() {
        let turn = Turn::new(index, agent, model);
        let prepared = turn.request(stage, &observations.of(index), simulation.calls.seeds())?;
        let sent = Sent::count(&prepared, request.count);
        shared = shared.max(sent.shared);
        totals.push(sent.shared + sent.own);
    }
    let input = spread(&totals);
    let section = &world.config.model[model];
    let turns: f64 = turns_by_step.iter().sum();
    let looked = input.mean + f64::from(request.output_tokens + world.config.prompt.feed_tokens);
    let repaired = input.mean + f64::from(request.output_tokens + REPAIR_TOKENS);
    let rounds = 1.0 + request.looks + request.repairs;
    let input_tokens = turns * (input.mean + request.looks * looked + request.repairs * repaired);
    let calls = turns * rounds;
    let survey = survey_load(simulation, model, request);
    let side = side_load(simulation, turns, request);
    let input_tokens = input_tokens + survey.input + side.input;
    let output_tokens = (calls + survey.calls) * f64::from(request.output_tokens) + side.output;
    let servers = section.server.urls.len().max(1);
    let in_flight = request.in_flight.unwrap_or(servers * section.server.most_in_flight).max(1);
    let waits: f64 = turns_by_step.iter().map(|turns| (turns / in_flight as f64).ceil()).sum();
    let beside = ((survey.calls + side.calls) / in_flight as f64).ceil();
    let prices = section.server.prices;
    let price = |input: f64, cached: f64| {
        let of_cached = prices.cached_input.unwrap_or(prices.input);
        ((input - cached) * prices.input + cached * of_cached + output_tokens * prices.output) / 1e6
    };
    Ok(ModelEstimate {
        model: section.server.name.clone(),
        agents: agents.len(),
        turns,
        calls,
        survey_calls: survey.calls as usize,
        side_calls: side.calls,
        sampled: totals.len(),
        shared,
        input,
        input_tokens,
        output_tokens,
        money: price(input_tokens, 0.0),
        money_cached: price(input_tokens, calls * f64::from(shared)),
        in_flight,
        hours: (waits * rounds + beside) * request.seconds_per_call / 3600.0,
    })
}

/// Calls and their tokens.
#[derive(Default)]
struct Load {
    calls: f64,
    input: f64,
    output: f64,
}

/// The scheduled surveys of one model's agents, with the input tokens of a sample.
fn survey_load(simulation: &Simulation, model: usize, request: &EstimateRequest<'_>) -> Load {
    let (world, now) = (&simulation.world, simulation.next);
    let mut load = Load::default();
    for (number, (survey, asked)) in (0..).zip(world.config.survey.iter().zip(&world.surveyed)) {
        let has_model = |agent: &&AgentId| world.minds.of(**agent) == Some(model);
        let agents: Vec<AgentId> = asked.iter().filter(has_model).copied().collect();
        let question = survey.question();
        let tokens = |agent: AgentId| {
            let call = call_of(agent, model, number);
            let prepared = survey::request(world, simulation.calls.seeds(), now, &call, &question);
            let sent = Sent::count(&prepared, request.count);
            sent.shared + sent.own
        };
        let sampled: Vec<u32> = request.sample_of(&agents).into_iter().map(tokens).collect();
        let times = survey.steps.iter().filter(|&&step| step < world.config.run.steps).count();
        let calls = (agents.len() * times) as f64;
        load.calls += calls;
        load.input += calls * spread(&sampled).mean;
    }
    load
}

/// Input and output tokens of a rating, and of a summary of memories.
const RATING_TOKENS: [f64; 2] = [90.0, 3.0];
const SUMMARY_TOKENS: [f64; 2] = [450.0, 80.0];
/// Deeds that a turn adds to a memory: five rows read, and what was done.
const DEEDS_A_TURN: f64 = 6.0;

/// What is asked beside turns, if the configuration has the models asked.
fn side_load(simulation: &Simulation, turns: f64, request: &EstimateRequest<'_>) -> Load {
    let config = &simulation.world.config;
    let rates = config.stance.method == StanceMethod::Model;
    let sums_up = config.memory.summary == MemorySummary::Model && config.memory.tokens > 0;
    let ratings = if rates { turns * request.texts } else { 0.0 };
    let every = (f64::from(config.memory.older) / 2.0).max(1.0);
    let summaries = if sums_up { turns * DEEDS_A_TURN / every } else { 0.0 };
    Load {
        calls: ratings + summaries,
        input: ratings * RATING_TOKENS[0] + summaries * SUMMARY_TOKENS[0],
        output: ratings * RATING_TOKENS[1] + summaries * SUMMARY_TOKENS[1],
    }
}

/// Tokens of a repair request beyond what was sent before.
const REPAIR_TOKENS: u32 = 40;

/// The tokens of a request.
struct Sent {
    /// Of what is the same for all agents: the first message, tools, the schema.
    shared: u32,
    /// Of the rest.
    own: u32,
}

impl Sent {
    fn count(request: &PreparedRequest, count: &dyn Fn(&str) -> u32) -> Self {
        let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        let json = |key: &str| body.get(key).map_or(0, |value| count(&value.to_string()));
        let messages = body["messages"].as_array().map_or(&[][..], Vec::as_slice);
        let mut of_messages = messages
            .iter()
            .map(|message| AROUND_MESSAGE + count(message["content"].as_str().unwrap_or_default()));
        let first = of_messages.next().unwrap_or(0);
        Self { shared: first + json("tools") + json("response_format"), own: of_messages.sum() }
    }
}

fn spread(values: &[u32]) -> Spread {
    let sum: u64 = values.iter().map(|&value| u64::from(value)).sum();
    Spread {
        least: values.iter().copied().min().unwrap_or(0),
        mean: sum as f64 / values.len().max(1) as f64,
        greatest: values.iter().copied().max().unwrap_or(0),
    }
}
