//! Measures of division against networkx and NumPy (`division_reference.json`), against theory, and where rewiring finds
//! nothing because there is nothing.

use murmur_core::{AgentId, Purpose, Step, Stream};
use murmur_graph::Undirected;
use murmur_metrics::division::{
    Copies, DivisionSettings, Measured, NetworkDivision, Partition, Ties, communities, divide_network,
    passing, reading, rewire,
};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    hubs: u32,
    networks: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    ties: Vec<[u32; 2]>,
    leanings: Vec<f32>,
    copies: Vec<[u32; 2]>,
    louvain: f64,
    modularity: Option<f64>,
    controversy: Option<f64>,
    echo_correlation: Option<f64>,
    segregation: Option<f64>,
    within_share: Option<f64>,
}

fn close(name: &str, what: &str, found: Option<f64>, expected: Option<f64>) {
    let same = match (found, expected) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-9,
        (a, b) => a == b,
    };
    assert!(same, "{name}, {what}: {found:?} instead of {expected:?}");
}

/// Items are their makers, so that a copy is a pair of agents.
fn themselves(agents: usize) -> Vec<u32> {
    (0..agents as u32).collect()
}

#[test]
fn measures_are_those_of_networkx_and_numpy() {
    let reference: Reference = serde_json::from_str(include_str!("division_reference.json")).unwrap();
    assert!(reference.networks.len() >= 6);
    for case in reference.networks {
        let settings = DivisionSettings { rewirings: 0, hubs: reference.hubs, ..Default::default() };
        let partition = Partition::by_sign(case.leanings.clone());
        let found =
            divide_network(&Ties::new(case.ties.clone()), std::slice::from_ref(&partition), &settings);
        let sides = &found.partitions[0];
        close(&case.name, "modularity", sides.modularity.value, case.modularity);
        close(&case.name, "controversy", sides.controversy.value, case.controversy);
        close(&case.name, "echo chambers", sides.echo_correlation.value, case.echo_correlation);
        // One run is about as good as one of Louvain; the best of thirty as the best of a hundred.
        let graph = Undirected::from_edges(case.leanings.len() as u32, &case.ties);
        let runs: Vec<f64> = (0..30).filter_map(|seed| communities(&graph, seed).modularity).collect();
        let best = runs.iter().copied().fold(0.0, f64::max);
        assert!((best - case.louvain).abs() < 0.004, "{}: {best}, {}", case.name, case.louvain);
        assert!(runs.iter().all(|&run| run > case.louvain - 0.03), "{}: {runs:?}", case.name);
        let makers = themselves(case.leanings.len());
        let copies =
            Copies { copies: &case.copies, makers: &makers, stances: None, groups: &partition.groups };
        let passed = passing(&copies, &settings);
        close(&case.name, "segregation", passed.segregation.value, case.segregation);
        close(&case.name, "share within", passed.within_share.value, case.within_share);
    }
}

/// The best partition of Zachary's club is known: modularity 0.41979 (Brandes et al., IEEE TKDE 20, 2008).
#[test]
fn the_best_communities_of_the_karate_club_are_found() {
    let reference: Reference = serde_json::from_str(include_str!("division_reference.json")).unwrap();
    let graph = Undirected::from_edges(34, &reference.networks[0].ties);
    let best = (0..10).filter_map(|seed| communities(&graph, seed).modularity).fold(0.0, f64::max);
    assert!((best - 0.419_789_6).abs() < 1e-6, "{best}");
    assert_eq!(communities(&graph, 3), communities(&graph, 3));
}

fn draws(seed: u64) -> Stream {
    Stream::new(seed, Purpose::Graph, Step(0), AgentId(0))
}

/// Random ties among `agents`, `within` of them to one's own side (the halves) for certain, the others to anybody.
fn random_ties(agents: u32, each: u32, within: f64, seed: u64) -> Ties {
    let mut draws = draws(seed);
    let half = agents / 2;
    let mut ties = Vec::new();
    for from in 0..agents {
        for _ in 0..each {
            let own = from / half * half;
            ties.push([
                from,
                if draws.chance(within) { own + draws.below(half) } else { draws.below(agents) },
            ]);
        }
    }
    Ties::new(ties)
}

/// Opinions by halves, against and for.
fn halves(agents: u32) -> Partition {
    let mut draws = draws(99);
    let leaning =
        |agent| (if agent < agents / 2 { -1.0 } else { 1.0 }) * (0.1 + 0.9 * draws.uniform() as f32);
    Partition::by_sign((0..agents).map(leaning).collect())
}

fn divide(ties: &Ties, partition: &Partition, rewirings: u32) -> NetworkDivision {
    divide_network(
        ties,
        std::slice::from_ref(partition),
        &DivisionSettings { rewirings, seed: 5, ..Default::default() },
    )
}

#[test]
fn two_cliques_are_wholly_divided() {
    let clique = |first: u32| (first..first + 30).flat_map(move |a| (first..first + 30).map(move |b| [a, b]));
    let ties = Ties::new(clique(0).chain(clique(30)).collect());
    let found = divide(&ties, &halves(60), 0);
    let sides = &found.partitions[0];
    close("cliques", "communities", found.communities.value, Some(2.0));
    close("cliques", "modularity of communities", found.community_modularity.value, Some(0.5));
    close("cliques", "modularity", sides.modularity.value, Some(0.5));
    close("cliques", "controversy", sides.controversy.value, Some(1.0));
    assert!(sides.echo_correlation.value.unwrap() > 0.8);
    let joint = sides.joint.as_ref().unwrap();
    assert_eq!(joint.counts.iter().flatten().sum::<u32>(), 60);
    assert_eq!(joint.counts[0][10..].iter().sum::<u32>(), 0, "none against is among those for");
}

#[test]
fn a_planted_partition_is_found_and_stands_out() {
    let found = divide(&random_ties(1000, 10, 0.8, 1), &halves(1000), 20);
    let sides = &found.partitions[0];
    // Nine in ten ties stay within: 0.8 for certain, half of the others by chance.
    assert!((sides.modularity.value.unwrap() - 0.4).abs() < 0.02, "{:?}", sides.modularity);
    assert!(sides.controversy.value.unwrap() > 0.08, "{:?}", sides.controversy);
    assert!(found.community_modularity.value >= sides.modularity.value);
    close("planted", "communities", found.communities.value, Some(2.0));
    let all = [found.community_modularity, sides.modularity, sides.controversy, sides.echo_correlation];
    assert!(all.iter().all(|measured| measured.z.unwrap() > 5.0), "{all:?}");
}

#[test]
fn what_is_random_does_not_stand_out() {
    let check = |name: &str, measured: Measured, value: f64, most: f64| {
        assert!((measured.value.unwrap() - value).abs() < most, "{name}: {measured:?}");
        assert!(measured.z.unwrap().abs() < 3.5, "{name}: {measured:?}");
    };
    let agents = 2000;
    let found = divide(&random_ties(agents, 10, 0.0, 3), &halves(agents), 40);
    let sides = &found.partitions[0];
    check("modularity", sides.modularity, 0.0, 0.02);
    check("controversy", sides.controversy, 0.0, 0.1);
    check("echo chambers", sides.echo_correlation, 0.0, 0.1);
    // Random networks have communities too, which is why z is told.
    check("communities", found.community_modularity, 0.23, 0.05);

    let ties = random_ties(agents, 10, 0.0, 4);
    let copies: Vec<[u32; 2]> = ties.ties().to_vec();
    let makers = themselves(agents as usize);
    let partition = halves(agents);
    let stances = partition.leanings.as_deref();
    let copies = Copies { copies: &copies, makers: &makers, stances, groups: &partition.groups };
    let settings = DivisionSettings { rewirings: 40, ..Default::default() };
    let passed = passing(&copies, &settings);
    check("segregation", passed.segregation, 0.0, 0.03);
    check("share within", passed.within_share, 0.5, 0.02);
    let read = reading(&copies, &settings);
    check("authors across", read.cross_cutting_authors, 0.5, 0.02);
    check("posts across", read.cross_cutting_posts, 0.5, 0.02);
    check("diversity", read.diversity, 0.75, 0.1);
}

/// Dealt at random, the number of copies within groups has a known distribution: cells of a table with given margins.
#[test]
fn dealing_again_has_the_mean_and_spread_of_theory() {
    let mut draws = draws(8);
    let agents = 400;
    let groups: Vec<u32> = (0..agents).map(|agent| u32::from(agent % 3 == 0)).collect();
    // Holders and makers do not overlap, so that nobody could come to hold an own item.
    let copies: Vec<[u32; 2]> = (0..3000).map(|_| [draws.below(200), 200 + draws.below(200)]).collect();
    let makers = themselves(agents as usize);
    let copies = Copies { copies: &copies, makers: &makers, stances: None, groups: &groups };
    let within = passing(&copies, &DivisionSettings { rewirings: 1000, ..Default::default() }).within_share;

    let all = copies.copies.len() as f64;
    let share =
        |end: usize| copies.copies.iter().filter(|copy| groups[copy[end] as usize] == 1).count() as f64 / all;
    let [held, made] = [share(0), share(1)];
    let mean = held * made + (1.0 - held) * (1.0 - made);
    // Of two groups the counts in the diagonal move together.
    let sd = 2.0 * (held * made * (1.0 - held) * (1.0 - made) / (all - 1.0)).sqrt();
    assert!((within.rewired_mean.unwrap() - mean).abs() < 4.0 * sd / 1000f64.sqrt(), "{within:?}, {mean}");
    assert!((within.rewired_sd.unwrap() / sd - 1.0).abs() < 0.1, "{within:?}, {sd}");
}

#[test]
fn readers_of_one_side_read_across_as_told() {
    // Two readers against, one for; two authors of each side.
    let groups = [0, 0, 1, 0, 1];
    let stances = [-0.9, -0.1, 0.0, 0.3, 0.9];
    let makers = [3, 3, 4, 4, 4];
    let copies = [[0, 0], [0, 1], [0, 2], [1, 0], [2, 3], [2, 4]];
    let copies = Copies { copies: &copies, makers: &makers, stances: Some(&stances), groups: &groups };
    let read = reading(&copies, &DivisionSettings { rewirings: 0, ..Default::default() });
    close("reads", "authors", read.cross_cutting_authors.value, Some(1.0 / 6.0));
    close("reads", "posts", read.cross_cutting_posts.value, Some(0.0));
    // Bins 0, 2 and 2 with reader 0; 3 and 4 with reader 2; reader 1 has read too little.
    let entropies = [(3f64.ln() * 2.0 - 4f64.ln()) / 3.0 + 3f64.ln() / 3.0, 2f64.ln()];
    close("reads", "diversity", read.diversity.value, Some((entropies[0] + entropies[1]) / 2.0 / 5f64.ln()));
    assert_eq!([read.diversity.z, read.diversity.rewired_mean], [None; 2]);
}

#[test]
fn samples_are_said_to_be_samples() {
    let ties = random_ties(3000, 10, 0.8, 1);
    let partition = halves(3000);
    let settings =
        DivisionSettings { rewirings: 10, sample: 5000, communities: 20_000, ..Default::default() };
    let found = divide_network(&ties, std::slice::from_ref(&partition), &settings);
    let sample = found.sample.unwrap();
    // Ties both ways are one in the fire, and the last node that burns brings several.
    assert!((5000..6000).contains(&sample.ties) && sample.agents < 3000, "{sample:?}");
    assert!(found.communities_in_sample);
    assert_eq!(found.communities.value, found.communities.sample_value);
    let sides = found.partitions[0].modularity;
    assert!(
        sides.sample_value.is_some() && sides.sample_value != sides.value && sides.z.unwrap() > 5.0,
        "{sides:?}"
    );
    let whole = divide_network(&ties, &[partition], &DivisionSettings { rewirings: 0, ..Default::default() });
    assert_eq!(whole.sample, None);
    assert_eq!(whole.partitions[0].modularity.value, sides.value);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| divide(&random_ties(500, 8, 0.5, 2), &halves(500), 8))
    };
    assert_eq!(on(1), on(3));
}

#[test]
fn nothing_is_measured_of_nothing() {
    let partition = Partition::by_sign(vec![0.0; 3]);
    let found = divide(&Ties::new(Vec::new()), &partition, 3);
    let sides = &found.partitions[0];
    let all = [
        found.community_modularity,
        found.communities,
        sides.modularity,
        sides.controversy,
        sides.echo_correlation,
    ];
    assert_eq!(all, [Measured::default(); 5]);
    let found = divide(&Ties::new(vec![[0, 1], [1, 2]]), &partition, 3);
    close("nobody on a side", "controversy", found.partitions[0].controversy.value, None);
    close("nobody on a side", "echo chambers", found.partitions[0].echo_correlation.value, None);
    let copies = Copies { copies: &[], makers: &[], stances: None, groups: &partition.groups };
    assert_eq!(passing(&copies, &DivisionSettings::default()).within_share, Measured::default());
}

/// Rewires, and checks that everybody keeps as many ties and none is a loop or repeated. How many stayed?
fn check_rewiring(ties: &Ties, seed: u64) -> usize {
    let mut rewired = ties.ties().to_vec();
    rewire(&mut rewired, &mut draws(seed));
    for end in 0..2 {
        let ends = |ties: &[[u32; 2]]| {
            let mut ends: Vec<u32> = ties.iter().map(|tie| tie[end]).collect();
            ends.sort_unstable();
            ends
        };
        assert_eq!(ends(ties.ties()), ends(&rewired));
    }
    let rewired = Ties::new(rewired);
    assert_eq!(rewired.ties().len(), ties.ties().len());
    ties.ties().iter().filter(|tie| rewired.ties().binary_search(tie).is_ok()).count()
}

#[test]
fn rewiring_mixes_whatever_the_degrees() {
    // Among 1,000 nodes with 300 ties each, three in ten ties are there again by chance.
    let stayed = check_rewiring(&random_ties(1000, 350, 0.0, 6), 1);
    assert!((75_000..105_000).contains(&stayed), "{stayed}");
    let stayed = check_rewiring(&random_ties(1000, 10, 0.0, 6), 1);
    assert!((50..160).contains(&stayed), "{stayed}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn rewiring_keeps_everybodys_ties(pairs in prop::collection::vec([0u32..20, 0u32..20], 0..120), seed in 0u64..1000) {
        check_rewiring(&Ties::new(pairs), seed);
    }
}
