//! What finding the 50 nearest of 200,000 posts costs, and how many of them are found: the exact scan, inverted lists
//! and, with the feature, HNSW graphs, side by side.
//!
//! `cargo bench -p murmur-benches --bench index [--features hnsw]`, on two threads. Vectors have 64 dimensions. Data:
//! a mixture of topics and stories, asked with vectors like its own; sentences of the phrasebook through the
//! default embedder and the hashed one, asked with other sentences and with descriptions of people (one to three topics with some of their words).
//! Weights are those of the X score: recency in steps of 3 minutes times the author's followers.
//!
//! With `MURMUR_BENCH_VECTORS=FOLDER` the vectors are written there for `scripts/faiss_reference.py`.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use murmur_benches::{Timed, figure, peak_memory, readable, reset_peak_memory, timed};
use murmur_core::{AgentId, Phrase, Purpose, Slant, Step, Stream, TopicId};
use murmur_recsys::{
    Embedder, ExactScan, HashedEmbedder, IndexConfig, InvertedLists, Near, PostIndex, Scratch, Searcher,
    Vectors,
};
use murmur_store::{Phrasebook, Vocabulary};
use rayon::prelude::*;

const DIMENSIONS: usize = 64;
const LIVE: usize = 200_000;
/// Posts that come, and leave, in a step.
const NEW: usize = 20_000;
/// One more than the steps from one training of the centroids to the next.
const STEPS: usize = 21;
const QUERIES: usize = 10_000;
/// Queries whose true nearest are looked for.
const CHECKED: usize = 1_000;
const MOST: usize = 50;
/// The lifetime of a post under the X score, in steps of 3 minutes.
const LIFETIME: usize = 57;

fn main() -> io::Result<()> {
    rayon::ThreadPoolBuilder::new().num_threads(2).build_global().expect("the only pool");
    let hashed = HashedEmbedder::new(DIMENSIONS).expect("a multiple of 64");
    let distilled = Embedder::default();
    let sentences_hashed = sentences("phrasebook hashed", |text| hashed.embed(text));
    for data in [mixture(), sentences("phrasebook", |text| distilled.embed(text)), sentences_hashed] {
        data.write()?;
        measure(&data);
    }
    Ok(())
}

/// Vectors of posts, and those that are looked for.
struct Data {
    name: &'static str,
    posts: Vec<f32>,
    queries: Vec<Queries>,
}

struct Queries {
    name: &'static str,
    vectors: Vec<f32>,
}

impl Data {
    fn vectors(&self) -> Vectors<'_> {
        Vectors::new(&self.posts, DIMENSIONS)
    }

    /// `NAME-posts.f32` and `NAME-QUERIES.f32`: little-endian, row after row; the posts that are live at first.
    fn write(&self) -> io::Result<()> {
        let Some(folder) = std::env::var_os("MURMUR_BENCH_VECTORS") else { return Ok(()) };
        let write = |name: &str, vectors: &[f32]| {
            let bytes: Vec<u8> = vectors.iter().flat_map(|value| value.to_le_bytes()).collect();
            fs::write(Path::new(&folder).join(format!("{}-{name}.f32", self.name)), bytes)
        };
        write("posts", &self.posts[..LIVE * DIMENSIONS])?;
        self.queries.iter().try_for_each(|queries| write(queries.name, &queries.vectors))
    }
}

fn measure(data: &Data) {
    let vectors = data.vectors();
    let exact = PostIndex::new(IndexConfig::Exact(ExactScan {}), 1);
    let lists = IndexConfig::InvertedLists(InvertedLists::default());
    let index = built(&format!("{}: inverted lists", data.name), lists.clone(), vectors);
    #[cfg(feature = "hnsw")]
    let graphs = {
        let config = IndexConfig::Hnsw(murmur_recsys::HnswGraphs::default());
        built(&format!("{}: hnsw_rs", data.name), config, vectors)
    };
    let weights = x_weights(0..LIVE);
    for queries in &data.queries {
        let name = format!("{}, {}", data.name, queries.name);
        let truth = checked(&format!("{name}: exact scan"), &exact.searcher(vectors, 0..LIVE), queries);
        let weighted = exact.weighted_searcher(vectors, 0..LIVE, &weights);
        let weighted_truth = checked(&format!("{name}: exact scan, weighted"), &weighted, queries);
        compare(&format!("{name}: inverted lists"), &index, vectors, None, queries, &truth);
        let weights = Some(&weights[..]);
        compare(
            &format!("{name}: inverted lists, weighted"),
            &index,
            vectors,
            weights,
            queries,
            &weighted_truth,
        );
        #[cfg(feature = "hnsw")]
        {
            compare(&format!("{name}: hnsw_rs"), &graphs, vectors, None, queries, &truth);
            compare(
                &format!("{name}: hnsw_rs, weighted"),
                &graphs,
                vectors,
                weights,
                queries,
                &weighted_truth,
            );
        }
    }
    step_by_step(data.name, index, vectors);
    cross(data);
}

fn built(name: &str, config: IndexConfig, vectors: Vectors<'_>) -> PostIndex {
    reset_peak_memory();
    let before = peak_memory();
    let mut index = PostIndex::new(config, 1);
    let built = timed(|| index.advance(vectors, 0..LIVE));
    figure(&format!("{name}, built"), &readable(built.time));
    let bytes = |bytes: usize| format!("{:.1} B/post", bytes as f64 / LIVE as f64);
    figure("  memory by its own count", &bytes(index.memory_bytes()));
    if let (Some(before), Some(after)) = (before, peak_memory()) {
        figure("  peak while it was built", &bytes(after.saturating_sub(before) as usize));
    }
    index
}

/// The true nearest to the first queries.
fn checked(name: &str, searcher: &Searcher<'_>, queries: &Queries) -> Vec<Vec<Near>> {
    let order: Vec<u32> = (0..CHECKED as u32).collect();
    let Timed { value, time } = timed(|| answers(searcher, &queries.vectors, &order));
    figure(name, &per_second(CHECKED, time));
    value
}

/// Speed, the step's preparation included, and recall.
fn compare(
    name: &str,
    index: &PostIndex,
    vectors: Vectors<'_>,
    weights: Option<&[f32]>,
    queries: &Queries,
    truth: &[Vec<Near>],
) {
    let step = || {
        let searcher = match weights {
            None => index.searcher(vectors, 0..LIVE),
            Some(weights) => index.weighted_searcher(vectors, 0..LIVE, weights),
        };
        let order = by_cell(index, &queries.vectors);
        answers(&searcher, &queries.vectors, &order)
    };
    let mut runs: Vec<Timed<Vec<Vec<Near>>>> = (0..5).map(|_| timed(step)).collect();
    runs.sort_by_key(|run| run.time);
    let run = &runs[runs.len() / 2];
    figure(name, &per_second(QUERIES, run.time));
    figure(
        &format!("  {QUERIES} queries, recall@{MOST} {:.4}", recall(&run.value, truth)),
        &readable(run.time),
    );
}

fn per_second(queries: usize, time: Duration) -> String {
    format!("{:.0} queries/s", queries as f64 / time.as_secs_f64())
}

/// The queries of a part of the index in a row.
fn by_cell(index: &PostIndex, queries: &[f32]) -> Vec<u32> {
    let cell = |scratch: &mut Scratch, query| index.neighbourhood_of(query, scratch);
    let cells: Vec<Option<u32>> =
        queries.par_chunks_exact(DIMENSIONS).map_init(Scratch::default, cell).collect();
    let mut order: Vec<u32> = (0..cells.len() as u32).collect();
    order.sort_by_key(|&query| cells[query as usize]);
    order
}

/// What is found for each query, in the order of the queries.
fn answers(searcher: &Searcher<'_>, queries: &[f32], order: &[u32]) -> Vec<Vec<Near>> {
    let answer = |scratch: &mut Scratch, &query: &u32| {
        let mut near = Vec::new();
        let vector = &queries[query as usize * DIMENSIONS..][..DIMENSIONS];
        searcher.search(vector, MOST, |_| true, scratch, &mut near);
        near
    };
    let chunks = order.par_chunks(64).map_init(Scratch::default, |scratch, chunk| {
        chunk.iter().map(|query| answer(scratch, query)).collect::<Vec<_>>()
    });
    let mut found = vec![Vec::new(); order.len()];
    for (near, &query) in chunks.collect::<Vec<_>>().into_iter().flatten().zip(order) {
        found[query as usize] = near;
    }
    found
}

fn recall(found: &[Vec<Near>], truth: &[Vec<Near>]) -> f64 {
    let hits = |(found, truth): (&Vec<Near>, &Vec<Near>)| {
        truth.iter().filter(|near| found.iter().any(|other| other.content == near.content)).count()
    };
    let all: usize = truth.iter().map(Vec::len).sum();
    found.iter().zip(truth).map(hits).sum::<usize>() as f64 / all as f64
}

/// Inserts and expiry, over a time in which the centroids are trained again.
fn step_by_step(name: &str, mut index: PostIndex, vectors: Vectors<'_>) {
    let mut times: Vec<Duration> = (1..=STEPS)
        .map(|step| timed(|| index.advance(vectors, step * NEW..LIVE + step * NEW)).time)
        .collect();
    times.sort_unstable();
    figure(&format!("{name}: {NEW} posts come, {NEW} leave, median"), &readable(times[STEPS / 2]));
    figure("  the longest: centroids are trained again", &readable(times[STEPS - 1]));
    figure("  the longest of the others", &readable(times[STEPS - 2]));
}

/// From how many live posts on lists are faster than comparing all.
fn cross(data: &Data) {
    let vectors = data.vectors();
    let queries = &data.queries[0].vectors[..2000 * DIMENSIONS];
    for live in [2_000, 4_000, 8_000, 16_000, 32_000, 64_000] {
        let run = |config| {
            let mut index = PostIndex::new(config, 1);
            index.advance(vectors, 0..live);
            let searcher = index.searcher(vectors, 0..live);
            let mut times: Vec<Duration> = (0..5)
                .map(|_| timed(|| answers(&searcher, queries, &by_cell(&index, queries))).time)
                .collect();
            times.sort_unstable();
            per_second(2000, times[2])
        };
        figure(&format!("{}: {live} live, exact scan", data.name), &run(IndexConfig::Exact(ExactScan {})));
        let lists = InvertedLists { exact_below: 0, ..InvertedLists::default() };
        figure("  inverted lists", &run(IndexConfig::InvertedLists(lists)));
    }
}

/// R · F of the X score: R = ln((271.8 − age) / 100) with the age in minutes, F = log₁₀₀₀ of the followers, at least 1.
/// One author in a hundred has more than 1,000 followers, by a Pareto law.
fn x_weights(live: Range<usize>) -> Vec<f32> {
    let Range { start, end } = live;
    let weight = |post: usize| {
        let age = 3 * ((end - 1 - post) * LIFETIME / (end - start));
        let recency = ((271.8 - age as f64) / 100.0).ln().clamp(0.0, 1.0);
        let followers = (20.0 * draws(9, post).uniform().powf(-1.0 / 1.16)).min(250_000.0);
        (recency * ((followers + 1.0).ln() / 1000f64.ln()).max(1.0)) as f32
    };
    live.map(weight).collect()
}

fn draws(kind: u32, which: usize) -> Stream {
    Stream::new(1, Purpose::Population, Step(kind), AgentId(which as u32))
}

/// Rows of a data set, each from draws of its own.
fn rows(kind: u32, count: usize, row: impl Fn(&mut Stream) -> Box<[f32]> + Sync) -> Vec<f32> {
    let rows: Vec<Box<[f32]>> =
        (0..count).into_par_iter().map(|which| row(&mut draws(kind, which))).collect();
    rows.concat()
}

/// 100 topics of 50 stories each, both by Zipf's law. The cosine of two posts is 0.8 within a story and 0.54 within a
/// topic, on average.
fn mixture() -> Data {
    let post = |draws: &mut Stream| {
        let (topic, story) = (zipf(100, draws), zipf(50, draws));
        let parts = [
            gauss(1.0, &mut self::draws(20, topic)),
            gauss(0.7, &mut self::draws(100 + topic as u32, story)),
            gauss(0.6, draws),
        ];
        let sum: Vec<f32> = (0..DIMENSIONS).map(|i| parts.iter().map(|part| part[i]).sum()).collect();
        let length = sum.iter().map(|value| value * value).sum::<f32>().sqrt();
        sum.iter().map(|value| value / length).collect()
    };
    let queries = vec![Queries { name: "posts-like", vectors: rows(11, QUERIES, post) }];
    Data { name: "mixture", posts: rows(10, LIVE + STEPS * NEW, post), queries }
}

/// Numbers whose chances fall as 1/(number + 1), about.
fn zipf(count: u32, draws: &mut Stream) -> usize {
    (f64::from(count + 1).powf(draws.uniform()) - 1.0) as usize
}

/// A vector whose length is about `length`.
fn gauss(length: f64, draws: &mut Stream) -> Vec<f32> {
    let scale = length / (DIMENSIONS as f64).sqrt();
    (0..DIMENSIONS).map(|_| (scale * draws.normal()) as f32).collect()
}

/// What the phrasebook writes, through an embedder.
fn sentences(name: &'static str, embed: impl Fn(&str) -> Box<[f32]> + Sync) -> Data {
    let book = phrasebook();
    let topics = book.topics().len() as u32;
    let post = |draws: &mut Stream| {
        let phrase = Phrase {
            topic: TopicId(draws.below(topics) as u16),
            slant: Slant::ALL[draws.below(5) as usize],
            template: draws.below(6) as u8,
            picks: draws.next_u32().to_le_bytes(),
        };
        embed(&book.render(&phrase))
    };
    let person = |draws: &mut Stream| {
        let mut words: Vec<&str> = Vec::new();
        for _ in 0..=draws.below(3) {
            let topic = &book.topics()[draws.below(topics) as usize];
            words.push(&topic.name);
            words.extend(topic.words.iter().map(String::as_str).filter(|_| draws.chance(0.5)));
        }
        embed(&words.join(" "))
    };
    let queries = vec![
        Queries { name: "sentences", vectors: rows(13, QUERIES, post) },
        Queries { name: "people", vectors: rows(14, QUERIES, person) },
    ];
    Data { name, posts: rows(12, LIVE + STEPS * NEW, post), queries }
}

fn phrasebook() -> Phrasebook {
    let topics = [
        ("the vaccine", "dose trial side-effects booster immunity needle"),
        ("the election", "ballot candidate turnout debate poll recount"),
        ("the new stadium", "tickets parking match neighbourhood budget fans"),
        ("economics", "inflation wages interest-rates trade taxes growth"),
        ("business", "startups marketing customers management sales brands"),
        ("culture and society", "art travel community education tradition diversity"),
        ("information technology", "software privacy data gadgets security code"),
        ("politics", "election parliament campaign policy debate vote"),
        ("companies", "company shares merger brand layoffs market"),
        ("the government", "election minister police law protest vote"),
        ("science", "study health university climate research technology"),
        ("entertainment", "music film actor award concert fans"),
    ];
    let vocabulary = |(name, words): (&str, &str)| Vocabulary {
        name: name.to_owned(),
        words: words.split(' ').map(|word| word.replace('-', " ")).collect(),
    };
    Phrasebook::new(topics.map(vocabulary).to_vec())
}
