//! How fast, and into how many bytes, are exposures written as Parquet, and how fast are edges read?
//!
//! `cargo bench -p murmur-benches --bench tables`
#![allow(clippy::print_stdout, reason = "a bench prints its answer")]

use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use murmur_data::edges::{Nodes, read_edges};
use murmur_data::table::{Column, ColumnData, Form, Kind, TableFolder, TableWriter};

/// Rows handed to the writer at a time, as the engine does.
const GROUP: u32 = 500_000;
const EXPOSURES: u32 = 5_000_000;
const EDGES: u32 = 5_000_000;
const AGENTS: u32 = 1_000_000;
/// Posts shown to an agent that is active.
const FEED: u32 = 10;

fn main() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let written = timed(|| write_exposures(dir.path()));
    let bytes = std::fs::metadata(dir.path().join("exposures.parquet")).expect("the table was written").len();
    println!(
        "exposures written: {:.2} M rows/s, {:.2} bytes/row",
        per_second(EXPOSURES, written) / 1e6,
        bytes as f64 / f64::from(EXPOSURES)
    );
    for (name, separator) in [("CSV", ','), ("SNAP", '\t')] {
        let path = dir.path().join(name);
        write_edges(&path, separator);
        for (ids, nodes) in
            [("index", Nodes::Index { agents: AGENTS }), ("appearance", Nodes::Appearance { agents: AGENTS })]
        {
            let read = timed(|| read_edges(&path, nodes).expect("the file was written a moment ago"));
            println!("edges read, {name}, ids by {ids}: {:.2} M/s", per_second(EDGES, read) / 1e6);
        }
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    std::hint::black_box(work());
    start.elapsed()
}

fn per_second(count: u32, time: Duration) -> f64 {
    f64::from(count) / time.as_secs_f64()
}

/// A number that looks random, below `bound`.
fn scattered(i: u32, bound: u32) -> u32 {
    let mixed = u64::from(i).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (((mixed >> 32) * u64::from(bound)) >> 32) as u32
}

fn write_exposures(dir: &Path) {
    let columns = [("step", Kind::U32), ("agent_id", Kind::U32), ("post_id", Kind::U32), ("rank", Kind::U32)]
        .map(|(name, kind)| Column::new(name, kind));
    let columns = columns.into_iter().chain([Column::new("source", Kind::Category)]).collect();
    let folder = TableFolder { path: dir, form: Form::Parquet };
    let mut table = TableWriter::create(folder, "exposures", columns).expect("the folder is writable");
    for start in (0..EXPOSURES).step_by(GROUP as usize) {
        let rows = start..start + GROUP;
        // 10,000 agents are active in a step, in order, each shown ten of some recent posts.
        let step: Vec<u32> = rows.clone().map(|i| i / (10_000 * FEED)).collect();
        let agent: Vec<u32> =
            rows.clone().map(|i| i / FEED % 10_000 * (AGENTS / 10_000) + i / FEED % 97).collect();
        let post: Vec<u32> = rows.clone().map(|i| 1 + i / 200 + scattered(i, 50_000)).collect();
        let rank: Vec<u32> = rows.clone().map(|i| i % FEED).collect();
        let source: Vec<u8> = rows.map(|i| scattered(i, 3) as u8).collect();
        table
            .write(&[
                ColumnData::U32(&step),
                ColumnData::U32(&agent),
                ColumnData::U32(&post),
                ColumnData::U32(&rank),
                ColumnData::Category { codes: &source, names: &["in-network", "interest", "popular"] },
            ])
            .expect("the disk has room");
    }
    table.finish().expect("the disk has room");
}

fn write_edges(path: &Path, separator: char) {
    let mut file = BufWriter::new(std::fs::File::create(path).expect("the folder is writable"));
    if separator == ',' {
        writeln!(file, "source,target").expect("the disk has room");
    }
    for i in 0..EDGES {
        let (source, target) = (scattered(i, AGENTS), scattered(i ^ 0x5555_5555, AGENTS));
        writeln!(file, "{source}{separator}{target}").expect("the disk has room");
    }
    file.flush().expect("the disk has room");
}
