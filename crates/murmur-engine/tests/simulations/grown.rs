//! A population from a file among made-up agents.

use std::path::Path;

use crate::tables::config;
use murmur_core::AgentId;
use murmur_engine::{Config, Simulation};

/// Three accounts that follow one another in a ring.
const FILE: &str = "user_id,name,username,description,user_char,following_agentid_list,previous_tweets,party\n\
    1,Ann,ann,Tea by the cup,,[1],[],left\n\
    2,Bob,bob,Tea by the leaf,,[2],[],right\n\
    3,Cem,cem,Rain in the street,,[0],[],left\n";

/// A world of them and made-up agents, with more `sections`.
fn grown(folder: &Path, population: &str, sections: &str) -> String {
    let path = folder.join("three.csv");
    std::fs::write(&path, FILE).unwrap();
    format!(
        "[run]\nsteps = 3\n[[topic]]\nname = \"tea\"\n[[topic]]\nname = \"rain\"\n{sections}\n[population]\n\
         kind = \"oasis-x\"\npath = {path:?}\n{population}\n"
    )
}

fn followees(simulation: &Simulation, agent: u32) -> Vec<u32> {
    let follows = &simulation.world().public.graph.follows;
    follows.followees(AgentId(agent)).iter().map(|followee| followee.0).collect()
}

#[test]
fn the_files_agents_keep_places_follows_and_labels_and_gain_a_following() {
    let folder = tempfile::tempdir().unwrap();
    let graph = "[graph]\nkind = \"grown\"\nmean_follows = 10.0\n[metrics]\nlabel = \"party\"";
    let toml = grown(folder.path(), "grow_to = 600\n[population.traits]\nactivity = 0.3", graph);
    let simulation = Simulation::new(config(&toml)).unwrap();
    let population = &simulation.world().population;
    assert_eq!(population.len(), 600);
    assert_eq!((population.user_name(AgentId(2)), population.user_name(AgentId(3))), ("cem", "user3"));
    assert_eq!((population.label(AgentId(1)), population.label(AgentId(3))), (Some("right"), None));
    assert_eq!([0, 1, 2].map(|agent| followees(&simulation, agent)), [vec![1], vec![2], vec![0]]);

    let follows = &simulation.world().public.graph.follows;
    let followers: Vec<usize> = population.agents().map(|agent| follows.followers(agent).len()).collect();
    let most_made_up = followers[3..].iter().copied().max().unwrap();
    assert!(followers[..3].iter().all(|&count| count > 4 * most_made_up), "{:?}", &followers[..3]);
    assert!(followers[0] > followers[2], "the first row is the most popular");
    let mean = (follows.follow_count() - 3) as f64 / 597.0;
    assert!((mean - 10.0).abs() < 1.5, "{mean}");
    // As made-up agents differ: the file has no hours, so its agents are always active.
    let active = |agents: std::ops::Range<usize>| {
        let activity = &population.activity(12)[agents.clone()];
        activity.iter().sum::<f32>() / agents.len() as f32
    };
    assert_eq!(active(0..3), 1.0);
    assert!((0.2..0.6).contains(&active(3..600)), "{}", active(3..600));
}

#[test]
fn more_agents_change_nothing_about_those_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let of = |size: u32| {
        let toml = grown(folder.path(), &format!("grow_to = {size}"), "[graph]\nkind = \"grown\"");
        Simulation::new(config(&toml)).unwrap()
    };
    let (few, many) = (of(50), of(80));
    for agent in (0..50).map(AgentId) {
        assert_eq!(few.world().population.profile(agent), many.world().population.profile(agent));
        assert_eq!(few.world().beliefs.of(agent), many.world().beliefs.of(agent));
    }
}

/// The world of a file that grows as `population` says, under `sections`, fails and says so.
fn check_fault(population: &str, sections: &str, expected: &str) {
    let folder = tempfile::tempdir().unwrap();
    let toml = grown(folder.path(), population, sections);
    let config: Config = toml::from_str(&toml).unwrap();
    let made = config.check().and_then(|()| Simulation::new(config).map_err(|error| error.to_string()));
    let error = made.err().unwrap();
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn growth_that_makes_no_sense_is_told_with_its_key() {
    let follows = "[graph]\nkind = \"grown\"";
    check_fault("grow_to = 2", follows, "population.grow_to: expected a number from 3");
    check_fault("grow_to = 200000000", follows, "population.grow_to: expected a number from 3");
    check_fault("grow_to = 30", "[graph]\nkind = \"population\"", "graph.kind: expected `grown`");
    check_fault("", follows, "graph.kind: expected another, found kind `grown`");
    let alone = "[population.traits]\nactivity = 0.3";
    check_fault(alone, "[graph]\nkind = \"population\"", "population.grow_to: expected a number of agents");
    let never = "grow_to = 30\n[population.traits]\nhours = [1.0]";
    check_fault(never, follows, "population.traits.hours: expected 24");
    let few = "[graph]\nkind = \"grown\"\nmean_follows = 31.0";
    check_fault("grow_to = 30", few, "graph.mean_follows");
}
