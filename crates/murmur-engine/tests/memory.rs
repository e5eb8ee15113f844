//! The account of memory against what the process has grown by: no large structure is forgotten. Alone in its file, since
//! other tests beside it would grow the process too.

use murmur_engine::{Config, Simulation};

const WORLD: &str = r#"
[run]
steps = 3
[population]
kind = "synthetic"
size = 200000
[population.traits]
activity = 0.05
[graph]
kind = "homophilous"
mean_follows = 20.0
[backlog]
posts = 100000
[[topic]]
name = "trees"
words = ["oak", "elm"]
"#;

/// Bytes of the process in memory; `None` where the system does not tell in `/proc`.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}

#[test]
fn the_structures_add_up_to_what_the_process_has_grown_by() {
    let Some(before) = resident() else {
        eprintln!("passed over: there is no /proc/self/status here");
        return;
    };
    let config: Config = toml::from_str(WORLD).unwrap();
    config.check().unwrap();
    let mut simulation = Simulation::new(config).unwrap();
    while !simulation.is_finished() {
        simulation.step().unwrap();
    }
    let grown = resident().unwrap() - before;
    let memory = simulation.memory();
    let counted: u64 = memory.iter().map(|part| part.bytes).sum();
    // What set-up and steps needed for a while is not always given back to the system.
    let share = counted as f64 / grown as f64;
    assert!((0.6..1.1).contains(&share), "{counted} of {grown} bytes are accounted for: {memory:?}");
}
