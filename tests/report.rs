//! `murmur report`, through the binary and in a real browser: every figure is drawn, in both themes, on wide and narrow
//! screens, without an error in the console and without a network. Needs `chromium`; without it what needs a browser is
//! passed over, and says so.

#![allow(clippy::print_stderr, reason = "a test says that it was passed over")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

/// Everything that a report can show of a run without language models.
const RICH: &str = r#"[run]
steps = 60
minutes_per_step = 10
start = "18:00"
[[topic]]
name = TOPIC
words = ["cup", "leaf"]
[[topic]]
name = "coffee"
words = ["bean", "roast"]
[population]
kind = "synthetic"
size = 300
[population.traits]
activity = 0.1
[graph]
kind = "homophilous"
mean_follows = 8.0
core_accounts = 10
[metrics]
label = "interest"
[emotion]
enabled = true
[[claim]]
name = CLAIM
truth = false
[[seed_post]]
name = RUMOUR
author = 0
step = 3
topic = TOPIC
stance = -0.9
text = TEXT
claim = CLAIM
[[intervention]]
name = DEMOTE
from = 20
until = 40
target = { posts = [RUMOUR] }
action = { kind = "demote", factor = 0.5 }
"#;

/// The figures of a run of [`RICH`].
const FIGURES: [&str; 23] = [
    "fig-active",
    "fig-actions",
    "fig-reads",
    "fig-scales",
    "fig-sizes",
    "fig-tree",
    "fig-density-0",
    "fig-density-1",
    "fig-histogram-0",
    "fig-histogram-1",
    "fig-groups-0",
    "fig-groups-1",
    "fig-network",
    "fig-sources",
    "fig-filters",
    "fig-arousal",
    "fig-valence",
    "fig-exposed",
    "fig-believers",
    "fig-credence",
    "what",
    "tables",
    "inner",
];

/// Names for the places of [`RICH`] that people fill in.
fn rich(name: impl Fn(&str) -> String) -> String {
    let places = ["TOPIC", "CLAIM", "RUMOUR", "TEXT", "DEMOTE"];
    // A TOML text may be written as JSON writes it.
    places.iter().fold(RICH.to_owned(), |text, place| text.replace(place, &json!(name(place)).to_string()))
}

fn plain(place: &str) -> String {
    place.to_lowercase()
}

/// What would do harm if it were taken for markup, and would not fit if it were not cut.
fn hostile(place: &str) -> String {
    let attack =
        "</script><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">";
    format!("{place} {attack} \"'&%{{x}} $x$ <b>😀</b> {}", "x".repeat(500))
}

/// A folder that commands run in.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A folder with a run of [`RICH`] in `run`, under names made by `name`.
    fn with_run(name: impl Fn(&str) -> String) -> Self {
        let desk = Self::new();
        fs::write(desk.path("rich.toml"), rich(name)).unwrap();
        desk.done(&["run", "rich.toml", "--out", "run"]);
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn murmur(&self, words: &[&str]) -> Output {
        let output =
            Command::new(env!("CARGO_BIN_EXE_murmur")).args(words).current_dir(&self.0).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(!errors.contains("panicked at"), "{words:?}: {errors}");
        output
    }

    /// The same, with success; what was printed.
    fn done(&self, words: &[&str]) -> String {
        let output = self.murmur(words);
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The report of `folder`, made anew.
    fn report(&self, folder: &str) -> PathBuf {
        self.done(&["report", folder]);
        self.path(folder).join("report.html")
    }
}

/// The two themes, as chromium's setting has them.
const THEMES: [(&str, &str); 2] = [("dark", "0"), ("light", "1")];

/// Widths of screens in pixels. A browser without a screen makes no window as narrow as a telephone, so that pages are
/// shown in frames.
const WIDTHS: [u32; 2] = [1280, 390];

/// Looks at a page in frames of both widths, and writes what it sees into its own document.
const LOOK: &str = r#"
const seen = [];
function look(frame) {
  const page = frame.contentDocument, root = page.documentElement, view = frame.contentWindow;
  const figures = [...page.querySelectorAll("figure[data-chart]")].map((figure) => {
    const drawing = figure.querySelector("svg.main-svg");
    const box = drawing ? drawing.getBoundingClientRect() : { width: 0, height: 0, right: 0 };
    const sizes = [...figure.querySelectorAll("svg text")].map((text) => parseFloat(view.getComputedStyle(text).fontSize));
    return { id: figure.id, drawn: figure.dataset.drawn === "1" && !figure.dataset.failed, width: box.width, height: box.height,
      right: box.right, smallest: Math.min(99, ...sizes) };
  });
  const addresses = [...page.querySelectorAll("[src],[href]")].map((item) => item.getAttribute("src") || item.getAttribute("href"));
  return { width: view.innerWidth, overflow: root.scrollWidth - view.innerWidth, figures, title: page.title,
    ids: [...page.querySelectorAll("[id]")].map((item) => item.id).filter((id) => /^[a-z0-9-]+$/.test(id)),
    marks: page.querySelectorAll("ul.marks").length, background: view.getComputedStyle(page.body).backgroundColor,
    remote: addresses.filter((address) => /^(https?:)?\/\//.test(address)).length,
    loaded: view.performance.getEntriesByType("resource").filter((entry) => /^https?:/.test(entry.name)).length };
}
const timer = setInterval(() => {
  const frames = [...document.querySelectorAll("iframe")];
  if (!frames.every((frame) => frame.contentDocument?.documentElement?.dataset.ready === "1")) return;
  clearInterval(timer);
  const text = JSON.stringify(frames.map(look)).replace(/[<>&]/g, " ");
  document.body.innerHTML = "<pre>BEGIN" + text + "END</pre>";
}, 100);
"#;

/// What the browser saw of a page in one theme, by width; none without a browser.
fn seen(page: &Path, theme: &str) -> Option<Vec<Value>> {
    let browser = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| {
        Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success())
    });
    let Some(browser) = browser else {
        eprintln!("passed over: there is no chromium to look at the page with");
        return None;
    };
    let profile = tempfile::tempdir().unwrap();
    let frame = |width: &u32| {
        format!(
            "<iframe src=\"file://{}\" style=\"border:0;width:{width}px;height:2000px\"></iframe>",
            page.display()
        )
    };
    let frames: String = WIDTHS.iter().map(frame).collect();
    let wrapper = profile.path().join("look.html");
    fs::write(&wrapper, format!("<!doctype html><body>{frames}<script>{LOOK}</script></body>")).unwrap();
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files", "--dump-dom"])
        .args(["--enable-logging=stderr", "--virtual-time-budget=120000", "--window-size=1800,2000"])
        .args(["--host-resolver-rules=MAP * ~NOTFOUND", "--disable-dev-shm-usage"])
        .arg(format!("--blink-settings=preferredColorScheme={theme}"))
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("file://{}", wrapper.display()))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let console: Vec<&str> = said.lines().filter(|line| line.contains("CONSOLE")).collect();
    assert!(console.is_empty(), "{console:#?}");
    let page = String::from_utf8_lossy(&output.stdout);
    let found = page.split_once("BEGIN[").and_then(|(_, rest)| rest.split_once("]END"));
    let (text, _) = found.unwrap_or_else(|| panic!("the page was not ready in time: {said}"));
    Some(serde_json::from_str(&format!("[{text}]")).unwrap())
}

/// Whether the page is whole, drawn and in place in these themes and at both widths; `figures` have to be there.
fn check(page: &Path, themes: &[(&str, &str)], figures: &[&str]) {
    let mut backgrounds = Vec::new();
    for (name, theme) in themes {
        let Some(views) = seen(page, theme) else { return };
        for view in views {
            let width = view["width"].as_f64().unwrap();
            let place = format!("{name}, {width} pixels");
            assert!(view["overflow"].as_f64().unwrap() <= 0.0, "{place}: the page is wider than the screen");
            assert_eq!((&view["remote"], &view["loaded"]), (&json!(0), &json!(0)), "{place}: the network");
            assert!(
                !view["title"].as_str().unwrap().starts_with("taken"),
                "{place}: text was run as a script"
            );
            let ids: Vec<&str> = view["ids"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            for figure in figures {
                assert!(ids.contains(figure), "{place}: no {figure} among {ids:?}");
            }
            for figure in view["figures"].as_array().unwrap() {
                let number = |key: &str| figure[key].as_f64().unwrap_or(0.0);
                assert_eq!(figure["drawn"], true, "{place}: {figure}");
                assert!(number("width") > 250.0 && number("height") > 80.0, "{place}: {figure}");
                assert!(number("right") <= width, "{place}: {figure}");
                assert!(number("smallest") >= 10.0, "{place}: text too small to read: {figure}");
            }
            backgrounds.push(view["background"].to_string());
        }
    }
    backgrounds.dedup();
    assert_eq!(backgrounds.len(), themes.len(), "each theme has a background: {backgrounds:?}");
}

#[test]
fn a_run_is_shown_with_every_figure_in_both_themes_wide_and_narrow() {
    let desk = Desk::with_run(plain);
    let page = desk.report("run");
    let text = fs::read_to_string(&page).unwrap();
    assert!(text.len() < 10_000_000, "{}", text.len());
    assert_eq!(text.matches("plotly.js v").count(), 1);
    // Every figure over time says which intervention its lines are.
    assert_eq!(text.matches("<ul class=\"marks\">").count(), 13);
    check(&page, &THEMES, &FIGURES);
}

/// The data of a figure.
fn data_of(page: &str, figure: &str) -> Value {
    let (_, rest) = page.split_once(&format!("<figure id=\"{figure}\"")).unwrap();
    let (_, rest) = rest.split_once("<script type=\"application/json\">").unwrap();
    let (json, _) = rest.split_once("</script>").unwrap();
    serde_json::from_str::<Value>(json).unwrap()["data"].clone()
}

#[test]
fn opinions_followed_through_the_journal_end_where_the_summary_has_them() {
    let desk = Desk::with_run(plain);
    let page = fs::read_to_string(desk.report("run")).unwrap();
    let summary: Value =
        serde_json::from_str(&fs::read_to_string(desk.path("run/summary.json")).unwrap()).unwrap();
    for topic in 0..2 {
        let data = data_of(&page, &format!("fig-histogram-{topic}"));
        for (trace, histogram) in ["histogram_first", "histogram_last"].iter().enumerate() {
            let counts = summary["opinions"][topic][histogram].as_array().unwrap();
            for (bin, count) in counts.iter().enumerate() {
                let shown = data[trace]["y"][bin].as_f64().unwrap();
                let expected = 100.0 * count.as_f64().unwrap() / 300.0;
                assert!((shown - expected).abs() < 0.01, "{histogram}, bin {bin}: {shown} for {expected}");
            }
        }
        assert_ne!(data[0]["y"], data[1]["y"], "opinions moved");
    }
}

#[test]
fn names_that_are_markup_or_too_long_are_shown_as_they_are() {
    let desk = Desk::with_run(hostile);
    let page = desk.report("run");
    let text = fs::read_to_string(&page).unwrap();
    assert!(!text.contains("<img src=x") && !text.contains("</script><script>document"));
    check(&page, &THEMES[..1], &FIGURES);
}

#[test]
fn the_same_run_has_the_same_page_and_nothing_is_left_beside_it() {
    let desk = Desk::with_run(plain);
    let first = fs::read(desk.report("run")).unwrap();
    desk.done(&["report", "run", "--out", "second.html"]);
    assert!(first == fs::read(desk.path("second.html")).unwrap());
    let names = fs::read_dir(&desk.0).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    assert_eq!(names, ["rich.toml", "run", "second.html"]);
}

#[test]
fn an_unfinished_run_is_told_as_far_as_its_journal_goes() {
    let desk = Desk::with_run(plain);
    fs::remove_file(desk.path("run/summary.json")).unwrap();
    fs::remove_dir_all(desk.path("run/tables")).unwrap();
    let page = desk.report("run");
    let text = fs::read_to_string(&page).unwrap();
    assert!(text.contains("This run is not finished"));
    check(
        &page,
        &THEMES[1..],
        &[
            "fig-active",
            "fig-actions",
            "fig-reads",
            "fig-opinion-means",
            "fig-sources",
            "fig-believers",
            "network",
        ],
    );
}

#[test]
fn a_run_whose_folder_lacks_a_table_is_shown_without_what_needs_it() {
    let desk = Desk::with_run(plain);
    for table in ["network", "exposures", "posts"] {
        fs::remove_file(desk.path(&format!("run/tables/{table}.parquet"))).unwrap();
    }
    check(
        &desk.report("run"),
        &THEMES[..1],
        &["fig-active", "fig-sizes", "fig-density-0", "network", "tables"],
    );
}

#[test]
fn a_branch_names_the_run_that_it_came_from() {
    let desk = Desk::with_run(plain);
    desk.done(&["fork", "run", "--at", "30", "--set", "intervention.demote.enabled=false", "--out", "fork"]);
    let text = fs::read_to_string(desk.report("fork")).unwrap();
    assert!(text.contains("A branch of another run") && text.contains("switched off"));
}

#[test]
fn division_is_shown_where_it_has_been_measured() {
    let desk = Desk::with_run(plain);
    desk.done(&["division", "run", "--rewirings", "3", "--at", "30,60"]);
    let page = desk.report("run");
    check(
        &page,
        &THEMES[..1],
        &["division", "fig-division", "fig-echo-0", "fig-echo-1", "fig-division-time"],
    );
}

#[test]
fn runs_are_compared_on_a_page() {
    let desk = Desk::with_run(hostile);
    desk.done(&["run", "rich.toml", "--set", "run.steps=30", "--out", "shorter"]);
    desk.done(&["compare", "run", "shorter", "--html", "both.html"]);
    let figures = [
        "fig-activity-0",
        "fig-cascades-0",
        "fig-opinions-0",
        "fig-network-0",
        "fig-claims-0",
        "fig-moods-0",
    ];
    check(&desk.path("both.html"), &THEMES[1..], &figures);
}

#[test]
fn a_folder_that_is_neither_a_run_nor_an_experiment_is_the_users_fault() {
    let desk = Desk::new();
    let fails = |folder: &str, words: &str| {
        let output = desk.murmur(&["report", folder]);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(errors.contains(words), "{errors}");
    };
    fs::create_dir(desk.path("empty")).unwrap();
    fails("empty", "expected the folder of a run");
    fails("nowhere", "nowhere");
    fs::write(desk.path("empty/results.json"), "{}").unwrap();
    fails("empty", "results.json");
}

/// What an experiment of three arms came to, with gaps where something is not defined.
fn results(name: &str) -> Value {
    let (arms, outcomes) = (["control", "demote", name], ["reads", name]);
    let contrast = |half: f64| {
        let interval = json!({"low": -3.0 - half, "high": -3.0 + half});
        json!({"t": interval, "bootstrap": interval, "p": 0.01, "p_corrected": 0.04, "effect": -1.1})
    };
    let none = json!({"t": null, "bootstrap": null, "p": null, "p_corrected": null, "effect": null});
    let (mut rows, mut means, mut comparisons, mut series, mut correlations) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (place, outcome) in outcomes.iter().enumerate() {
        for (number, arm) in arms.iter().enumerate() {
            let value = |replicate: u32| f64::from(replicate) + 10.0 - 3.0 * number as f64;
            for replicate in 0..4 {
                let value = (replicate + number as u32 != 4).then(|| value(replicate));
                rows.push(json!({"replicate": replicate, "seed": replicate, "arm": arm, "outcome": outcome, "value": value}));
            }
            means.push(json!({"arm": arm, "outcome": outcome, "runs": 4, "mean": value(2), "sd": 1.3,
                "interval": {"low": 1.0, "high": 3.0}}));
            let points: Vec<Option<f64>> =
                (0..30).map(|step| (step > 2).then_some(f64::from(step))).collect();
            series.push(
                json!({"outcome": outcome, "arm": arm, "steps": (0..30).collect::<Vec<u32>>(), "mean": points,
                "low": points, "high": points}),
            );
            if number == 0 {
                continue;
            }
            let defined = place == 0 || number == 1;
            comparisons.push(json!({"outcome": outcome, "factor": "moderation", "arm": arm, "against": "control", "pairs": 4,
                "difference": if defined { json!(-3.0) } else { json!(null) },
                "paired": if defined { contrast(1.0) } else { none.clone() },
                "unpaired": if defined { contrast(4.0) } else { none.clone() },
                "narrowing": if defined { json!(4.0) } else { json!(null) }, "correlation": 0.9}));
            for steps in 0..20 {
                correlations.push(json!({"outcome": outcome, "arm": arm, "against": "control", "steps": steps, "correlation":
                    if steps == 3 { json!(null) } else { json!(1.0 / f64::from(steps + 1)) }}));
            }
        }
    }
    json!({"name": name, "seed": 1, "replicates": 4, "treatment": 10, "steps": 30, "minutes_per_step": 10,
        "factors": [{"name": "moderation", "levels": arms}], "arms": arms, "outcomes": outcomes, "rows": rows,
        "means": means, "comparisons": comparisons, "correlations": correlations, "series": series,
        "replies": [{"replicate": 0, "arm": "demote", "against": "control", "requests": 10, "shared": 7}]})
}

#[test]
fn an_experiment_is_shown_with_its_effects_and_links_to_its_runs() {
    for name in ["removal".to_owned(), hostile("removal")] {
        let desk = Desk::new();
        fs::create_dir_all(desk.path("experiment/runs/r0001/demote")).unwrap();
        fs::write(desk.path("experiment/runs/r0001/demote/manifest.json"), "{}").unwrap();
        fs::write(desk.path("experiment/results.json"), results(&name).to_string()).unwrap();
        let page = desk.report("experiment");
        let text = fs::read_to_string(&page).unwrap();
        assert!(text.contains("href=\"runs/r0001/demote/\""));
        assert!(text.contains("70.0 % of the requests"));
        let figures = ["outcome", "forest", "values", "correlation"]
            .iter()
            .flat_map(|kind| [format!("fig-{kind}-0"), format!("fig-{kind}-1")]);
        let figures: Vec<String> = figures.collect();
        let mut ids: Vec<&str> = figures.iter().map(String::as_str).collect();
        ids.extend(["design", "replies", "runs"]);
        check(&page, &THEMES[..1], &ids);
    }
}

/// An experiment on [`RICH`] whose arms' names are none of folders.
const EXPERIMENT: &str = r#"name = "small"
base = "rich.toml"
seed = 1
replicates = 2
burn_in = 10
keep = "all"
[set]
"run.steps" = 30
"intervention.demote.from" = 0
[[factor]]
name = "demotion"
[[factor.level]]
name = "none, at all"
set = { "intervention.demote.enabled" = false }
[[factor.level]]
name = "by 0.3"
set = { "intervention.demote.action.factor" = 0.3 }
[[outcome]]
name = "reads"
scope = "platform"
metric = "exposures"
summary = { kind = "mean" }
"#;

#[test]
fn an_experiment_that_is_not_finished_says_so_and_links_every_run_that_was_kept() {
    let desk = Desk::new();
    fs::write(desk.path("rich.toml"), rich(plain)).unwrap();
    fs::write(desk.path("experiment.toml"), EXPERIMENT).unwrap();
    desk.done(&["experiment", "experiment.toml", "--out", "small"]);
    let text = fs::read_to_string(desk.report("small")).unwrap();
    assert!(!text.contains("This experiment is not finished"));
    fs::remove_file(desk.path("small/outcomes/r0000-by-0-3.json")).unwrap();
    assert!(!desk.murmur(&["experiment", "experiment.toml", "--out", "small", "--collect"]).status.success());
    let page = desk.report("small");
    let text = fs::read_to_string(&page).unwrap();
    assert!(text.contains("1 of 2 replicates are complete, and 1 of 4 runs are not done (r0000 by 0.3)"));
    for place in ["r0000/none-at-all", "r0000/by-0-3", "r0001/none-at-all", "r0001/by-0-3"] {
        assert!(text.contains(&format!("href=\"runs/{place}/\"")), "{place}");
    }
    // The only complete replicate is the second.
    let joined = data_of(&text, "fig-values-0")[0]["y"].clone();
    assert!(joined[0].is_number() && joined[1].is_number(), "{joined}");
    check(&page, &THEMES[..1], &["design", "fig-outcome-0", "fig-values-0", "runs"]);
    // It held before the arms differ as well, though less.
    let arm = fs::read_to_string(desk.report("small/runs/r0001/by-0-3")).unwrap();
    assert!(
        arm.contains("<td>0 (") && arm.contains(", 10 ("),
        "the arm's intervention is another from step 10"
    );
}
