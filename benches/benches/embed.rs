//! How well each embedder's nearest neighbours agree on the subject, and how fast it is.
//!
//! `cargo bench -p murmur-benches --bench embed`. The texts are the distinct source tweets of OASIS's topics with their categories, in the
//! folder `shared` next to the repository. For each tweet the nearest other one is asked for its category; always saying
//! the commonest category is right for that category's share.

#![allow(clippy::print_stderr)]

use std::collections::BTreeMap;
use std::error::Error;
use std::hint::black_box;
use std::path::{Path, PathBuf};

use murmur_benches::{figure, median, readable};
use murmur_recsys::{Embedder, HashedEmbedder, dot};
use rayon::ThreadPoolBuilder;
use rayon::prelude::*;

/// Texts embedded to measure the speed.
const TEXTS: usize = 200_000;
const LONGEST_TEXT: usize = 1_000_000;

struct Tweet {
    text: String,
    category: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = tweets_file();
    if !path.exists() {
        eprintln!("{} is absent: nothing is measured", path.display());
        return Ok(());
    }
    let tweets = read_tweets(&path)?;
    figure("tweets", &tweets.len().to_string());
    figure("always the commonest category", &percent(commonest_share(&tweets)));
    measure("static table, 64 dimensions", Embedder::default(), &tweets)?;
    for dimensions in [64, 256] {
        let embedder = HashedEmbedder::new(dimensions).ok_or("not a multiple of 64")?;
        measure(&format!("hashed, {dimensions} dimensions"), Embedder::Hashed(embedder), &tweets)?;
    }
    Ok(())
}

fn tweets_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/oasis/data/twitter_all_topics.csv")
}

/// The distinct texts in the order of the file, each with the category of its first line.
fn read_tweets(path: &Path) -> Result<Vec<Tweet>, Box<dyn Error>> {
    let mut reader = csv::Reader::from_path(path)?;
    let headers = reader.headers()?.clone();
    let column = |name: &str| {
        headers.iter().position(|header| header == name).ok_or_else(|| format!("missing column `{name}`"))
    };
    let (text, category) = (column("source_tweet")?, column("topic_category")?);
    let mut tweets: Vec<Tweet> = Vec::new();
    for record in reader.records() {
        let record = record?;
        if tweets.iter().all(|tweet| tweet.text != record[text]) {
            tweets.push(Tweet { text: record[text].to_owned(), category: record[category].to_owned() });
        }
    }
    Ok(tweets)
}

fn commonest_share(tweets: &[Tweet]) -> f64 {
    let mut counts = BTreeMap::new();
    for tweet in tweets {
        *counts.entry(&tweet.category).or_insert(0) += 1;
    }
    f64::from(counts.into_values().max().unwrap_or(0)) / tweets.len() as f64
}

fn measure(name: &str, embedder: Embedder, tweets: &[Tweet]) -> Result<(), Box<dyn Error>> {
    figure(name, "");
    figure("  the nearest other tweet is of the category", &percent(accuracy(embedder, tweets)));
    for threads in [1, 2] {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build()?;
        let embed_all = |_| {
            let texts = (0..TEXTS).into_par_iter().with_min_len(1000).map(|i| &tweets[i % tweets.len()].text);
            pool.install(|| texts.for_each(|text| drop(black_box(embedder.embed(text)))))
        };
        let speed = TEXTS as f64 / median(0..5, embed_all).as_secs_f64();
        figure(&format!("  tweets a second, threads: {threads}"), &format!("{:.0} k", speed / 1e3));
    }
    let long = "vaccine trial ".repeat(LONGEST_TEXT / 14);
    let time = median(0..9, |_| embedder.embed(&long));
    figure("  a text of 1 MB", &readable(time));
    Ok(())
}

/// The share of tweets whose nearest other one, the first of equals, has their category.
fn accuracy(embedder: Embedder, tweets: &[Tweet]) -> f64 {
    let vectors: Vec<_> = tweets.iter().map(|tweet| embedder.embed(&tweet.text)).collect();
    let right = |&i: &usize| {
        let others = (0..tweets.len()).filter(|&j| j != i);
        let nearest = others
            .rev()
            .max_by(|&a, &b| dot(&vectors[i], &vectors[a]).total_cmp(&dot(&vectors[i], &vectors[b])));
        nearest.is_some_and(|nearest| tweets[nearest].category == tweets[i].category)
    };
    (0..tweets.len()).filter(right).count() as f64 / tweets.len() as f64
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}
