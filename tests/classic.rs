//! `murmur classic` on the examples of `configs/classic`: what theory says of each, the same bytes every time, and faults.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::{Desk, REPOSITORY, files_in};

const EXAMPLES: [&str; 12] = [
    "assimilation-repulsion",
    "complex-contagion",
    "deffuant",
    "degroot",
    "friedkin-johnsen",
    "hegselmann-krause",
    "independent-cascade",
    "linear-threshold",
    "majority",
    "maki-thompson",
    "sir",
    "voter",
];

fn example(name: &str) -> String {
    format!("{REPOSITORY}/configs/classic/{name}.toml")
}

/// What an example came to with these settings.
struct Came {
    folder: PathBuf,
    summary: Value,
    _desk: Desk,
}

fn run(name: &str, settings: &[&str]) -> Came {
    let (desk, path) = (Desk::new(), example(name));
    let mut words = vec!["classic", &path, "--out", "out"];
    words.extend(settings.iter().flat_map(|setting| ["--set", setting]));
    let finished = desk.murmur_words(&words);
    assert_eq!(finished.code, Some(0), "{name}: {}", finished.stderr);
    assert!(finished.stdout.contains("written to out"), "{}", finished.stdout);
    let folder = desk.path("out");
    let summary = fs::read_to_string(folder.join("summary.json")).unwrap();
    Came { summary: serde_json::from_str(&summary).unwrap(), folder, _desk: desk }
}

impl Came {
    /// A number over runs.
    fn of(&self, measure: &str, what: &str) -> f64 {
        self.summary[measure][what].as_f64().unwrap_or_else(|| panic!("{measure}.{what} in {}", self.summary))
    }

    fn runs(&self) -> &[Value] {
        self.summary["runs"].as_array().unwrap()
    }

    fn check_all_ended(&self) {
        assert!(self.runs().iter().all(|run| run["is_at_rest"] == true || run["is_over"] == true));
    }

    /// The mean of `measure` over runs is `expected`, within four standard errors and `bias`.
    #[track_caller]
    fn check(&self, measure: &str, expected: f64, bias: f64) {
        let (mean, error) = (self.of(measure, "mean"), self.of(measure, "error"));
        assert!((mean - expected).abs() <= 4.0 * error + bias, "{measure}: {mean} ± {error}, not {expected}");
    }

    /// Whole numbers of clusters, run by run.
    fn clusters(&self) -> Vec<usize> {
        self.runs().iter().map(|run| run["last"]["clusters"].as_array().unwrap().len()).collect()
    }

    /// Opinions before the first and after the last round, of the agents of each run.
    fn opinions(&self) -> Vec<Vec<[f64; 2]>> {
        let mut runs = vec![Vec::new(); self.runs().len()];
        let mut table = csv::Reader::from_path(self.folder.join("agents.csv")).unwrap();
        assert_eq!(table.headers().unwrap(), &["run", "agent", "first", "last"][..]);
        for row in table.deserialize() {
            let (run, agent, first, last): (usize, usize, f64, f64) = row.unwrap();
            assert_eq!(agent, runs[run].len());
            runs[run].push([first, last]);
        }
        runs
    }
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

#[test]
fn every_example_comes_out_the_same_twice_and_is_listed() {
    let mut there: Vec<String> =
        files_in(format!("{REPOSITORY}/configs/classic").as_ref()).into_keys().collect();
    there.sort_unstable();
    assert_eq!(there, EXAMPLES.map(|name| format!("{name}.toml")));
    for name in EXAMPLES {
        let settings = ["run.runs=3"];
        let files = files_in(&run(name, &settings).folder);
        assert_eq!(files.keys().collect::<Vec<_>>(), ["agents.csv", "series.csv", "summary.json"]);
        assert!(files == files_in(&run(name, &settings).folder), "{name}");
        let comment = fs::read_to_string(example(name)).unwrap();
        assert!(comment.contains("# Theory") && comment.contains("Seen"), "{name}");
    }
}

#[test]
fn one_thread_and_four_write_the_same() {
    for name in ["deffuant", "sir"] {
        let on_threads = |threads: &str| {
            let desk = Desk::new();
            let mut command = std::process::Command::new(super::MURMUR);
            command.args(["classic", &example(name), "--out", "out"]).current_dir(&desk.0);
            let output = command.env("RAYON_NUM_THREADS", threads).output().unwrap();
            assert!(output.status.success());
            (output.stdout, files_in(&desk.path("out")))
        };
        assert!(on_threads("1") == on_threads("4"), "{name}");
    }
}

#[test]
fn degroot_agrees_and_where_all_hear_all_on_the_mean() {
    let graph = run("degroot", &[]);
    graph.check_all_ended();
    assert!(graph.of("variance", "mean") < 1e-12 && graph.clusters().iter().all(|&count| count == 1));
    let mixed = run("degroot", &["graph.kind=well-mixed"]);
    for agents in mixed.opinions() {
        let first = mean(agents.iter().map(|[first, _]| *first));
        assert!(agents.iter().all(|[_, last]| (last - first).abs() < 1e-7));
    }
}

#[test]
fn friedkin_and_johnsens_agents_come_to_rest_where_their_equation_says() {
    let came = run("friedkin-johnsen", &[]);
    came.check_all_ended();
    for agents in came.opinions() {
        let sum: f64 = agents.iter().map(|[_, last]| last).sum();
        for [first, last] in &agents {
            let heard = (sum - last) / (agents.len() - 1) as f64;
            assert!((0.8 * heard + 0.2 * first - last).abs() < 1e-8);
        }
    }
}

#[test]
fn bounded_confidence_leaves_as_many_clusters_as_theory_says() {
    let check = |confidence: &str, expected: f64| {
        let came = run("deffuant", &[&format!("model.confidence={confidence}"), "clusters.gap=0.15"]);
        assert!((came.of("clusters", "mean") - expected).abs() <= 0.1, "{confidence}: {:?}", came.clusters());
    };
    check("0.8", 1.0);
    check("0.45", 2.0);
    check("0.3", 3.0);

    let came = run("hegselmann-krause", &[]);
    came.check_all_ended();
    for run in came.runs() {
        let clusters = run["last"]["clusters"].as_array().unwrap();
        let means: Vec<f64> = clusters.iter().map(|cluster| cluster["mean"].as_f64().unwrap()).collect();
        assert!(means.len() > 1 && means.windows(2).all(|pair| pair[1] - pair[0] > 0.3), "{means:?}");
    }
    let one = run("hegselmann-krause", &["model.confidence=0.5"]);
    assert!(one.clusters().iter().all(|&count| count == 1), "{:?}", one.clusters());
}

#[test]
fn those_who_reject_soon_end_in_two_camps_at_the_ends_and_others_do_not() {
    let camps = run("assimilation-repulsion", &[]);
    camps.check_all_ended();
    assert!(camps.opinions().iter().flatten().all(|[_, last]| (last.abs() - 1.0).abs() < 1e-5));
    assert!(camps.clusters().iter().all(|&count| count == 2));
    let peace = run("assimilation-repulsion", &["model.rejection=2.0", "model.acceptance=1.2"]);
    assert!(peace.clusters().iter().all(|&count| count == 1));
}

#[test]
fn voters_agree_on_a_side_as_often_as_it_was_first_and_in_the_time_of_theory() {
    let came = run("voter", &[]);
    came.check_all_ended();
    let first = mean(came.runs().iter().map(|run| run["first"]["mean"].as_f64().unwrap()));
    came.check("mean", first, 0.0);
    // The last round counts as a whole, and the start is not quite even.
    came.check("rounds", 100.0 * std::f64::consts::LN_2, 1.0);
}

#[test]
fn majorities_freeze_on_a_ring_and_win_where_all_are_mixed() {
    let ring = run("majority", &[]);
    assert!(ring.clusters().iter().all(|&count| count == 2));
    let mixed = run("majority", &["graph.kind=well-mixed"]);
    mixed.check_all_ended();
    for agents in mixed.opinions() {
        let side = mean(agents.iter().map(|[first, _]| *first)).signum();
        assert!(agents.iter().all(|[_, last]| *last == side));
    }
}

/// The least root of z = `map`(z) above 0, from above.
fn root(map: impl Fn(f64) -> f64) -> f64 {
    (0..10_000).fold(1.0, |z, _| map(z))
}

#[test]
fn rumours_and_outbreaks_reach_the_shares_of_theory() {
    let rumour = run("maki-thompson", &[]);
    rumour.check_all_ended();
    rumour.check("susceptible_share", 0.2032, 0.001);
    let outbreak = run("sir", &[]);
    outbreak.check_all_ended();
    outbreak.check("reached_share", root(|z| 1.0 - 0.999 * (-1.5 * z).exp()), 0.001);
}

#[test]
fn cascades_and_thresholds_reach_the_numbers_of_theory() {
    let cascade = run("independent-cascade", &[]);
    cascade.check("reached", 2.0, 0.01);
    let sizes = cascade.runs().iter().map(|run| (&run["cascades"], &run["last"]["removed"]));
    assert!(sizes.into_iter().all(|(cascades, reached)| cascades[0] == *reached));

    // A walk on the complete graph of m + 1 that has not yet met the seed.
    let (mut expected, mut walk) = (1.0, 1.0);
    for met in 1..=100 {
        expected += walk;
        walk *= f64::from(100 - met) / 100.0;
    }
    let threshold = run("linear-threshold", &[]);
    threshold.check("reached", expected, 0.0);
    assert_eq!(threshold.summary["largest_cascade"], Value::Null);
}

#[test]
fn complex_contagion_takes_a_ring_from_two_neighbours_and_no_others() {
    let came = run("complex-contagion", &[]);
    let [run_of_one] = came.runs() else { panic!() };
    assert_eq!((&run_of_one["last"]["active"], &run_of_one["peak"]["round"]), (&1000.into(), &499.into()));
    let series = fs::read_to_string(came.folder.join("series.csv")).unwrap();
    assert!(
        series.starts_with("run,round,susceptible,active,removed,reached\n0,0,998,2,0,2\n0,1,996,4,0,4\n")
    );
    let agents = fs::read_to_string(came.folder.join("agents.csv")).unwrap();
    assert!(agents.starts_with("run,agent,state,parent\n0,0,active,\n"));
    let apart = run("complex-contagion", &["agents.seed_agents=[0, 500]"]);
    assert_eq!(apart.of("reached", "mean"), 2.0);
}

/// An undirected path of four from a file: a rumour runs to both ends from the middle, and not against follows alone.
#[test]
fn a_graph_file_is_read_from_beside_the_configuration() {
    let desk = Desk::new();
    fs::create_dir(desk.path("inputs")).unwrap();
    desk.write("inputs/path.csv", "source,target\na,b\nb,c\nc,d\nd,d\n");
    desk.write(
        "inputs/path.toml",
        "[model]\nkind = \"independent-cascade\"\nprobability = 1.0\n[agents]\nseed_agents = [1]\n[graph]\n\
         kind = \"file\"\npath = \"path.csv\"\nids = \"appearance\"\n",
    );
    let reached = |settings: &str| {
        let out = desk.path("out");
        let finished = desk.done(&format!("classic inputs/path.toml --out out{settings}"));
        assert!(finished.stderr.contains("warning: 1 self-follows dropped"), "{}", finished.stderr);
        let agents = fs::read_to_string(out.join("agents.csv")).unwrap();
        fs::remove_dir_all(out).unwrap();
        agents.lines().filter(|line| line.contains(",removed,")).count()
    };
    assert_eq!(reached(""), 2);
    assert_eq!(reached(" --set graph.undirected=true"), 4);
}

#[test]
fn faults_name_the_key_and_the_remedy_and_leave_nothing() {
    let desk = Desk::new();
    let check = |name: &str, settings: &[&str], expected: &[&str]| {
        let path = example(name);
        let mut words = vec!["classic", &path, "--out", "out"];
        words.extend(settings.iter().flat_map(|setting| ["--set", setting]));
        let finished = desk.murmur_words(&words);
        assert_eq!(finished.code, Some(2), "{}", finished.stderr);
        for part in expected {
            assert!(finished.stderr.contains(part), "expected {part:?} in {}", finished.stderr);
        }
        assert!(!desk.path("out").exists());
    };
    check("deffuant", &["model.confidense=1"], &["--set model.confidense=1", "`confidence`"]);
    check("deffuant", &["model.kind=defuant"], &["`defuant`", "`deffuant`", "`sir`", "`complex-contagion`"]);
    check("deffuant", &["graph.kind=file"], &["--set graph.kind=file", "missing field `path`"]);
    let missing = ["graph.kind=file", "graph.path=none.csv"];
    check("deffuant", &missing, &["none.csv: no such file", "--set graph.path=FILE"]);
    let beyond = ["agents.seed_agents=[3, 1000]"];
    check("complex-contagion", &beyond, &["agents.seed_agents", "0 to 999", "1000", "agents.count"]);
    check("sir", &["agents.seeds=10001"], &["agents.seeds", "10000 agents"]);
    check("majority", &["agents.count=5"], &["graph.neighbours", "6"]);
    desk.write("typo.toml", "[model]\nkind = \"sir\"\n\n[run]\nround = 5\n");
    let typo = desk.murmur("classic typo.toml");
    assert_eq!(typo.code, Some(2));
    let parts = ["typo.toml", "line 5", "`round`", "`rounds`"];
    assert!(parts.iter().all(|part| typo.stderr.contains(part)), "{}", typo.stderr);
    assert_eq!(desk.murmur("classic none.toml").code, Some(2));

    fs::create_dir(desk.path("taken")).unwrap();
    desk.write("taken/precious", "");
    let taken = desk.murmur_words(&["classic", &example("sir"), "--out", "taken"]);
    assert_eq!(taken.code, Some(2));
    assert!(taken.stderr.contains("taken exists"), "{}", taken.stderr);
    assert_eq!(files_in(&desk.path("taken")).len(), 1);
}
