//! How fast the classical models of opinions are: interactions a second on two threads, among a million agents on a
//! graph of ten million follows, and well mixed.
//!
//! `cargo bench --bench dynamics`. An interaction is one agent's look at another's opinion: a follow read in a sweep,
//! or a meeting of two. A well-mixed sweep is not made of looks; the time it takes is given instead. The bar is 10
//! million a second.

use murmur_benches::{figure, readable, timed};
use murmur_core::{AgentId, Probability, Purpose, Step, Stream};
use murmur_dynamics::Contacts;
use murmur_dynamics::opinion::{Classic, ClassicModel};
use murmur_graph::generate::ErdosRenyi;
use murmur_graph::{FollowGraph, GraphModel, generate};

const AGENTS: u32 = 1_000_000;
const THREADS: usize = 2;
/// The first rounds are warmer or colder than the rest, so the median is of several.
const ROUNDS: usize = 9;

fn main() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(THREADS).build().expect("two threads");
    pool.install(|| {
        let graph = random_graph();
        let follows = graph.follow_count();
        figure(&format!("On a graph, {AGENTS} agents, {follows} follows"), "");
        models().iter().for_each(|model| measure(model, Contacts::Graph(&graph)));
        figure(&format!("Well mixed, {AGENTS} agents"), "");
        models().iter().for_each(|model| measure(model, Contacts::WellMixed(AGENTS)));
    });
}

fn random_graph() -> FollowGraph {
    let model = GraphModel::ErdosRenyi(ErdosRenyi { mean_degree: 10.0 });
    generate(&model, AGENTS, &[], 1).expect("the parameters can be met").graph
}

fn models() -> [ClassicModel; 7] {
    let self_weight = Probability::of(0.5);
    [
        ClassicModel::Degroot { self_weight },
        ClassicModel::FriedkinJohnsen { self_weight, susceptibility: Probability::of(0.9) },
        ClassicModel::HegselmannKrause { confidence: 0.5 },
        ClassicModel::Majority {},
        ClassicModel::Deffuant { confidence: 0.5, rate: 0.5 },
        ClassicModel::AssimilationRepulsion { acceptance: 0.4, rejection: 1.2, rate: 0.1, repulsion: 0.1 },
        ClassicModel::Voter {},
    ]
}

fn measure(model: &ClassicModel, contacts: Contacts<'_>) {
    let mut draws = Stream::new(1, Purpose::Opinion, Step(0), AgentId(0));
    let opinions = (0..AGENTS).map(|_| 2.0 * draws.uniform() - 1.0).collect();
    let mut classic = Classic::new(model, contacts, opinions, 1).expect("the parameters are in range");
    let mut times: Vec<_> = (0..ROUNDS).map(|_| timed(|| classic.round()).time).collect();
    times.sort_unstable();
    let median = times[ROUNDS / 2];
    let each = classic.interactions() as f64 / ROUNDS as f64;
    let debug = format!("{model:?}");
    let name = debug.split(' ').next().unwrap_or_default();
    figure(&format!("  {name}: a round, median of {ROUNDS}"), &readable(median));
    if each <= 2.0 * f64::from(AGENTS) || matches!(contacts, Contacts::Graph(_)) {
        figure(&format!("  {name}: interactions"), &format!("{:.1} M/s", each / median.as_secs_f64() / 1e6));
    }
}
