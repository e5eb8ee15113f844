//! Is the journal the right home for a run, beside sled and fjall? The same job for each: write 2,000 steps of 2,000
//! actions and about 10,000 exposures, be killed in the middle of it, recover, and read everything back.
//!
//! `cargo bench -p murmur-benches --bench journal`
//!
//! Each part runs in a process of its own, so that it can be killed and its memory measured: the bench starts itself
//! again with the part's name in the environment.

#![allow(clippy::print_stdout, reason = "a bench prints its answer")]

use std::collections::BTreeSet;
use std::env;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use murmur_benches::{figure, peak_memory, readable, timed};
use murmur_core::{AgentId, Purpose, Step, Stream};
use murmur_journal::columns::ColumnWriter;
use murmur_journal::{
    Durability, JournalReader, JournalWriter, Settings, Shard, TableId, Tables, latest_checkpoint,
    write_checkpoint,
};

const STEPS: u32 = 2_000;
const ACTIONS: u32 = 2_000;
const SHARDS: u8 = 64;
const AGENTS: u32 = 1_000_000;
/// Posts that are young enough to be shown.
const POSTS: u32 = 100_000;
/// Posts shown to an agent that is active.
const FEED: u32 = 10;
/// The writer is killed soon after this step.
const KILLED_AT: u32 = STEPS / 2;

const ACTION_TABLE: TableId = TableId(1);
const EXPOSURE_TABLE: TableId = TableId(2);

fn main() {
    if let Some(part) = Part::given() {
        return part.run();
    }
    let root = tempfile::tempdir().expect("a temporary folder");
    disk(root.path());
    for store in Store::ALL {
        println!("\n{}", store.title());
        let dir = root.path().join(store.name());
        succeed(Part { store, work: Work::Write, dir: dir.clone() }.start(Stdio::inherit()));
        figure("  on disk", &megabytes(size_of(&dir)));
        succeed(Part { store, work: Work::Read, dir: dir.clone() }.start(Stdio::inherit()));
        if store == Store::Journal {
            bytes_a_row(&dir);
        }
        remove(&dir);
        kill_one(store, &dir);
        succeed(Part { store, work: Work::Recover, dir: dir.clone() }.start(Stdio::inherit()));
        remove(&dir);
    }
    println!();
    small_batches(&root.path().join("small"));
    checkpoint(root.path());
}

/// What is compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Store {
    Journal,
    Durable,
    Sled,
    Fjall,
}

impl Store {
    const ALL: [Self; 4] = [Self::Journal, Self::Durable, Self::Sled, Self::Fjall];

    fn name(self) -> &'static str {
        match self {
            Self::Journal => "journal",
            Self::Durable => "durable",
            Self::Sled => "sled",
            Self::Fjall => "fjall",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Journal => "journal: a commit is with the system",
            Self::Durable => "journal: a commit is on the disk",
            Self::Sled => "sled 1.0.0-alpha.124: one batch a step, a commit is on the disk (it has no other)",
            Self::Fjall => "fjall: one batch a step, a commit is with the system",
        }
    }
}

/// What a process does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Work {
    /// Writes it all and tells how fast.
    Write,
    /// Writes and says how far it got, until it is killed.
    WriteUntilKilled,
    /// Opens what was written in full, and reads it.
    Read,
    /// Opens what a killed process left, and reads it.
    Recover,
}

impl Work {
    const ALL: [Self; 4] = [Self::Write, Self::WriteUntilKilled, Self::Read, Self::Recover];
}

/// A part of the bench in a process of its own.
struct Part {
    store: Store,
    work: Work,
    dir: PathBuf,
}

const STORE: &str = "MURMUR_BENCH_STORE";
const WORK: &str = "MURMUR_BENCH_WORK";
const DIR: &str = "MURMUR_BENCH_DIR";

impl Part {
    /// The part that this process is, if any.
    fn given() -> Option<Self> {
        let (store, work) = (env::var(STORE).ok()?, env::var(WORK).ok()?);
        Some(Self {
            store: Store::ALL.into_iter().find(|known| known.name() == store)?,
            work: Work::ALL.into_iter().find(|known| format!("{known:?}") == work)?,
            dir: PathBuf::from(env::var_os(DIR)?),
        })
    }

    fn start(&self, stdout: Stdio) -> Child {
        Command::new(env::current_exe().expect("this program has a path"))
            .env(STORE, self.store.name())
            .env(WORK, format!("{:?}", self.work))
            .env(DIR, &self.dir)
            .stdout(stdout)
            .spawn()
            .expect("this program can be started again")
    }

    fn run(&self) {
        match self.store {
            Store::Journal => self.with::<Journal<false>>(),
            Store::Durable => self.with::<Journal<true>>(),
            Store::Sled => self.with::<Sled>(),
            Store::Fjall => self.with::<Fjall>(),
        }
    }

    fn with<E: Engine>(&self) {
        match self.work {
            Work::Write => write_all::<E>(&self.dir),
            Work::WriteUntilKilled => write_until_killed::<E>(&self.dir),
            Work::Read => read_all::<E>(&self.dir, STEPS),
            Work::Recover => read_all::<E>(&self.dir, KILLED_AT),
        }
        if self.work != Work::WriteUntilKilled
            && let Some(peak) = peak_memory()
        {
            figure("  peak memory of the process", &megabytes(peak));
        }
    }
}

fn succeed(mut child: Child) {
    assert!(child.wait().expect("the part was started").success(), "a part failed");
}

/// A table's rows of a step.
#[derive(PartialEq, Eq)]
struct Rows {
    table: TableId,
    shard: Shard,
    rows: u32,
    payload: Vec<u8>,
}

/// The batches of a step, in canonical order.
fn content(step: u32) -> Vec<Rows> {
    let mut stream = Stream::new(1, Purpose::Graph, Step(step), AgentId(0));
    let mut batches = vec![actions(step, &mut stream)];
    batches.extend((0..SHARDS).map(|shard| {
        let rows = 20 + stream.below(281);
        exposures(step, shard, rows, &mut stream)
    }));
    batches
}

/// Who did what to which post and agent, and with which stance.
fn actions(step: u32, stream: &mut Stream) -> Rows {
    let mut column = |below: u32| -> Vec<u32> { (0..ACTIONS).map(|_| stream.below(below)).collect() };
    let mut columns = ColumnWriter::new();
    columns.u32s(&column(AGENTS));
    columns.u32s(&column(10));
    columns.u32s(&column(POSTS).into_iter().map(|post| post + step * ACTIONS).collect::<Vec<_>>());
    columns.u32s(&column(AGENTS));
    columns.f32s(&column(1 << 24).into_iter().map(|value| value as f32 / 16_777_216.0).collect::<Vec<_>>());
    let payload = columns.bytes().to_vec();
    Rows { table: ACTION_TABLE, shard: Shard::Public, rows: ACTIONS, payload }
}

/// Who was shown which post, from which source, with which score: ten posts an agent.
fn exposures(step: u32, shard: u8, rows: u32, stream: &mut Stream) -> Rows {
    let mut column =
        |count: u32, below: u32| -> Vec<u32> { (0..count).map(|_| stream.below(below)).collect() };
    let mut agents = column(rows.div_ceil(FEED), AGENTS);
    agents.sort_unstable();
    let mut columns = ColumnWriter::new();
    columns.u32s(&agents);
    columns.u32s(&column(rows, POSTS).into_iter().map(|post| post + step * ACTIONS).collect::<Vec<_>>());
    columns.u32s(&column(rows, 5));
    columns.u32s(&column(rows, 256));
    let payload = columns.bytes().to_vec();
    Rows { table: EXPOSURE_TABLE, shard: Shard::Private(shard), rows, payload }
}

/// A store that can do the job.
trait Engine {
    /// Opens what is in `dir`, or begins.
    fn open(dir: &Path) -> Self;
    /// Writes a step and commits it.
    fn write(&mut self, step: u32, batches: &[Rows]);
    /// Brings everything to the disk and ends.
    fn close(self);
    /// Hands over every step with its batches, in order.
    fn read(&mut self, each: impl FnMut(u32, Vec<Rows>));
}

fn write_all<E: Engine>(dir: &Path) {
    let mut engine = E::open(dir);
    let mut times = Vec::with_capacity(STEPS as usize);
    let (mut bytes, mut batches) = (0, 0);
    for step in 0..STEPS {
        let content = content(step);
        bytes += content.iter().map(|batch| batch.payload.len() as u64).sum::<u64>();
        batches += content.len();
        times.push(timed(|| engine.write(step, &content)).time);
    }
    let closing = timed(|| engine.close()).time;
    let total: Duration = times.iter().sum();
    times.sort_unstable();
    figure("  content", &megabytes(bytes));
    figure("  appends", &format!("{:.0} k/s", batches as f64 / total.as_secs_f64() / 1e3));
    figure("  a step: median", &readable(times[times.len() / 2]));
    figure("  a step: longest", &readable(times[times.len() - 1]));
    figure("  to the disk at the end", &readable(closing));
}

fn write_until_killed<E: Engine>(dir: &Path) {
    let mut engine = E::open(dir);
    for step in 0..STEPS {
        engine.write(step, &content(step));
        println!("{step}");
    }
}

/// Starts a writer and kills it in the middle.
fn kill_one(store: Store, dir: &Path) {
    let part = Part { store, work: Work::WriteUntilKilled, dir: dir.to_owned() };
    let mut child = part.start(Stdio::piped());
    // Held until the end: a writer that nobody listens to would stop by itself.
    let mut lines = BufReader::new(child.stdout.take().expect("it was asked for")).lines();
    let mut said = lines.by_ref().map_while(Result::ok).filter_map(|line| line.parse().ok());
    let said = said.find(|&step: &u32| step >= KILLED_AT);
    // Within a step, not at its end.
    std::thread::sleep(Duration::from_micros(700));
    child.kill().expect("a child can be killed");
    child.wait().expect("a child can be waited for");
    assert!(said.is_some(), "the writer ended early");
}

/// Opens and reads, and checks that it is a prefix of the run, with all steps up to `expected` at least.
fn read_all<E: Engine>(dir: &Path, expected: u32) {
    let opened = timed(|| E::open(dir));
    let mut engine = opened.value;
    figure(if expected < STEPS { "  recovery" } else { "  opening" }, &readable(opened.time));
    let mut bytes = 0;
    let mut steps = BTreeSet::new();
    let read = timed(|| {
        engine.read(|step, batches| {
            steps.insert(step);
            bytes += batches.iter().map(|batch| batch.payload.len() as u64).sum::<u64>();
        });
    });
    if expected == STEPS {
        figure("  reading it back", &readable(read.time));
        figure(
            "  reading it back, content",
            &format!("{:.0} MB/s", bytes as f64 / 1e6 / read.time.as_secs_f64()),
        );
    }
    let mut whole = true;
    let mut next = 0;
    engine.read(|step, batches| {
        whole &= step == next && batches == content(step);
        next += 1;
    });
    let lost = expected.saturating_sub(next);
    let verdict = match (whole, lost) {
        (true, 0) => "yes".to_owned(),
        (true, lost) => format!("yes, but {lost} lost"),
        (false, _) => "NO".to_owned(),
    };
    figure(&format!("  a prefix of the run ({next} steps) with all that was committed"), &verdict);
}

/// Our journal, with `DURABLE` each commit to the disk.
struct Journal<const DURABLE: bool> {
    dir: PathBuf,
    writer: JournalWriter,
}

impl<const DURABLE: bool> Engine for Journal<DURABLE> {
    fn open(dir: &Path) -> Self {
        let durability = if DURABLE { Durability::EachStep } else { Durability::AtSync };
        let settings = Settings { durability, ..Settings::default() };
        let writer = match JournalWriter::open(dir, settings) {
            Ok((writer, _)) => writer,
            Err(_) => JournalWriter::create(dir, settings).expect("the folder is new"),
        };
        Self { dir: dir.to_owned(), writer }
    }

    fn write(&mut self, step: u32, batches: &[Rows]) {
        for batch in batches {
            self.writer.append(batch.table, batch.shard, batch.rows, &batch.payload).expect("there is room");
        }
        self.writer.commit(Step(step)).expect("there is room");
    }

    fn close(mut self) {
        self.writer.sync().expect("there is room");
    }

    fn read(&mut self, mut each: impl FnMut(u32, Vec<Rows>)) {
        let mut reader = JournalReader::open(&self.dir).expect("it was written");
        for step in reader.steps() {
            let batches = reader.step(step, Tables::All).expect("it was written");
            let rows = batches.iter().map(|batch| Rows {
                table: batch.table,
                shard: batch.shard,
                rows: batch.rows,
                payload: batch.payload.to_vec(),
            });
            each(step.0, rows.collect());
        }
    }
}

/// The key of a batch, in canonical order; and its rows before its payload as the value.
fn pair(step: u32, batch: &Rows) -> ([u8; 6], Vec<u8>) {
    let [a, b, c, d] = step.to_be_bytes();
    let shard = match batch.shard {
        Shard::Public => 0,
        Shard::Private(shard) => shard + 1,
    };
    ([a, b, c, d, batch.table.0, shard], [&batch.rows.to_le_bytes(), &batch.payload[..]].concat())
}

/// Puts batches that come one by one, by key, together to steps.
fn by_step<K: AsRef<[u8]>, V: AsRef<[u8]>>(
    pairs: impl Iterator<Item = (K, V)>,
    mut each: impl FnMut(u32, Vec<Rows>),
) {
    let mut current: Option<(u32, Vec<Rows>)> = None;
    for (key, value) in pairs {
        let &[a, b, c, d, table, shard] = key.as_ref() else { panic!("a key of six bytes") };
        let step = u32::from_be_bytes([a, b, c, d]);
        let (rows, payload) = value.as_ref().split_first_chunk().expect("rows before the payload");
        let shard = shard.checked_sub(1).map_or(Shard::Public, Shard::Private);
        let rows =
            Rows { table: TableId(table), shard, rows: u32::from_le_bytes(*rows), payload: payload.to_vec() };
        match &mut current {
            Some((same, batches)) if *same == step => batches.push(rows),
            _ => {
                if let Some((step, batches)) = current.replace((step, vec![rows])) {
                    each(step, batches);
                }
            }
        }
    }
    if let Some((step, batches)) = current {
        each(step, batches);
    }
}

struct Sled {
    db: sled::Db<1024>,
}

impl Engine for Sled {
    fn open(dir: &Path) -> Self {
        Self {
            db: sled::Config::new().path(dir).flush_every_ms(None).open().expect("the folder can be used"),
        }
    }

    fn write(&mut self, step: u32, batches: &[Rows]) {
        let mut together = sled::Batch::default();
        for batch in batches {
            let (key, value) = pair(step, batch);
            together.insert(&key[..], value);
        }
        self.db.apply_batch(together).expect("there is room");
        self.db.flush().expect("there is room");
    }

    fn close(self) {
        self.db.flush().expect("there is room");
    }

    fn read(&mut self, each: impl FnMut(u32, Vec<Rows>)) {
        by_step(self.db.iter().map(|pair| pair.expect("it was written")), each);
    }
}

struct Fjall {
    db: fjall::Database,
    batches: fjall::Keyspace,
}

impl Engine for Fjall {
    fn open(dir: &Path) -> Self {
        let db = fjall::Database::builder(dir).open().expect("the folder can be used");
        let batches =
            db.keyspace("batches", fjall::KeyspaceCreateOptions::default).expect("the folder can be used");
        Self { db, batches }
    }

    fn write(&mut self, step: u32, batches: &[Rows]) {
        let mut together = self.db.batch().durability(Some(fjall::PersistMode::Buffer));
        for batch in batches {
            let (key, value) = pair(step, batch);
            together.insert(&self.batches, key, value);
        }
        together.commit().expect("there is room");
    }

    fn close(self) {
        self.db.persist(fjall::PersistMode::SyncAll).expect("there is room");
    }

    fn read(&mut self, each: impl FnMut(u32, Vec<Rows>)) {
        by_step(self.batches.iter().map(|guard| guard.into_inner().expect("it was written")), each);
    }
}

/// How fast the disk is by itself.
fn disk(root: &Path) {
    let path = root.join("disk");
    let bytes = vec![7; 1 << 20];
    let mut file = File::create(&path).expect("the folder is writable");
    let start = Instant::now();
    for _ in 0..256 {
        file.write_all(&bytes).expect("there is room");
    }
    figure("the disk: 256 MiB to the system", &readable(start.elapsed()));
    file.sync_all().expect("there is room");
    figure("the disk: and to the disk", &readable(start.elapsed()));
    let synced = timed(|| {
        for _ in 0..20 {
            file.write_all(b"a commit").and_then(|()| file.sync_data()).expect("there is room");
        }
    });
    figure("the disk: 8 bytes to the disk", &readable(synced.time / 20));
    fs::remove_file(&path).expect("it was made here");
}

/// What an action and an exposure take in the journal.
fn bytes_a_row(dir: &Path) {
    let mut reader = JournalReader::open(dir).expect("it was written");
    let (mut actions, mut exposures) = (0, 0);
    for step in reader.steps() {
        for batch in reader.step(step, Tables::All).expect("it was written").iter() {
            match batch.shard {
                Shard::Public => actions += u64::from(batch.rows),
                Shard::Private(_) => exposures += u64::from(batch.rows),
            }
        }
    }
    for (name, lane, rows) in [("an action", "0000-", actions), ("an exposure", "0001-", exposures)] {
        let bytes: u64 =
            files(dir).filter(|file| file.starts_with(lane)).map(|file| length(&dir.join(file))).sum();
        figure(&format!("  {name} on disk"), &format!("{:.2} B", bytes as f64 / rows as f64));
    }
    let commits = length(&dir.join("commits.log"));
    figure("  a commit on disk", &format!("{:.0} B", commits as f64 / f64::from(STEPS)));
}

/// What an exposure takes when there are few a shard.
fn small_batches(dir: &Path) {
    let rows = 20;
    let mut writer = JournalWriter::create(dir, Settings::default()).expect("the folder is new");
    let mut time = Duration::ZERO;
    let (steps, mut content) = (500, 0);
    for step in 0..steps {
        let mut stream = Stream::new(1, Purpose::Graph, Step(step), AgentId(0));
        let batches: Vec<Rows> = (0..SHARDS).map(|shard| exposures(step, shard, rows, &mut stream)).collect();
        content += batches.iter().map(|batch| batch.payload.len()).sum::<usize>();
        time += timed(|| {
            for batch in &batches {
                writer.append(batch.table, batch.shard, batch.rows, &batch.payload).expect("there is room");
            }
            writer.commit(Step(step)).expect("there is room");
        })
        .time;
    }
    let count = f64::from(steps * u32::from(SHARDS));
    println!("journal, 20 exposures a shard and step");
    figure("  an exposure on disk", &format!("{:.2} B", size_of(dir) as f64 / count / f64::from(rows)));
    figure(
        "  around the content of a batch",
        &format!("{:.1} B", (size_of(dir) as f64 - content as f64) / count),
    );
    figure("  a step", &readable(time / steps));
}

/// What a checkpoint of 100 MB costs: half of it opinions, half counters.
fn checkpoint(root: &Path) {
    let mut stream = Stream::new(1, Purpose::Graph, Step(0), AgentId(0));
    let payload: Vec<u8> = (0..25_000_000_u32)
        .flat_map(|i| {
            if i < 12_500_000 { stream.uniform() as f32 } else { stream.below(100) as f32 }.to_le_bytes()
        })
        .collect();
    let written = timed(|| write_checkpoint(root, Step(7), &payload).expect("there is room"));
    let size = length(&root.join("checkpoints/7.ckpt"));
    let read = timed(|| latest_checkpoint(root, Step(7)).expect("it was written"));
    assert!(read.value.checkpoint.is_some_and(|checkpoint| checkpoint.payload == payload), "it comes back");
    println!("a checkpoint of 100 MB");
    figure("  writing, with the disk", &readable(written.time));
    figure("  reading", &readable(read.time));
    figure("  on disk", &megabytes(size));
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).expect("it was written").len()
}

/// The names in a folder.
fn files(dir: &Path) -> impl Iterator<Item = String> {
    let entries = fs::read_dir(dir).expect("it was written");
    entries.map(|entry| entry.expect("it was written").file_name().to_string_lossy().into_owned())
}

/// The bytes in a folder and those in it.
fn size_of(dir: &Path) -> u64 {
    files(dir)
        .map(|name| dir.join(name))
        .map(|path| if path.is_dir() { size_of(&path) } else { length(&path) })
        .sum()
}

fn remove(dir: &Path) {
    fs::remove_dir_all(dir).expect("it was made here");
}
