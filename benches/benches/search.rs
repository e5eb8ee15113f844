//! What a search costs: making the index at the first one, keeping it up, asking it, and a scan of all texts beside it.
//!
//! `cargo bench --bench search`. The texts are those that behavioural agents write, with a word from a vocabulary of
//! 200,000 in each, so that there are rare words to look for.

use murmur_benches::{figure, median, peak_memory, readable, reset_peak_memory, timed};
use murmur_core::{
    Action, AgentId, Draft, Phrase, PostId, Purpose, Slant, Stance, Step, Stream, Text, TopicId,
};
use murmur_graph::{FollowGraph, SocialGraph};
use murmur_store::{Phrasebook, Public, Vocabulary};

const AGENTS: u32 = 100_000;
const POSTS: u32 = 1_000_000;
/// Posts between two searches.
const NEW: u32 = 1_000;
const RARE_WORDS: u32 = 200_000;

/// What is looked for: a topic, a part of a word, a phrase, a rare word, an id, a letter.
const QUERIES: [&str; 6] = ["vaccine", "accin", "thanks to dose", "rare12345", "99999", "z"];

fn main() {
    let mut public = platform();
    let mut draws = Stream::new(1, Purpose::Writing, Step(0), AgentId(0));
    publish(&mut public, POSTS, &mut draws);

    reset_peak_memory();
    let before = peak_memory();
    let first = timed(|| public.search_posts(QUERIES[0]).len());
    figure(&format!("first search among {POSTS} posts, which makes the index"), &readable(first.time));
    if let (Some(before), Some(after)) = (before, peak_memory()) {
        let bytes = after.saturating_sub(before) as f64 / f64::from(POSTS);
        figure("  memory", &format!("{bytes:.0} B/post"));
    }
    for query in QUERIES {
        let time = median(0..9, |_| public.search_posts(query).len());
        let hits = public.search_posts(query).len();
        figure(&format!("  {query:?}, {hits} hits"), &readable(time));
    }
    let kept_up: Vec<_> = (0..9)
        .map(|_| {
            publish(&mut public, NEW, &mut draws);
            timed(|| public.search_posts("rare12345").len()).time
        })
        .collect();
    figure(&format!("  a search after {NEW} more posts"), &readable(median_of(kept_up)));
    let scan = timed(|| scan(&public, "rare12345"));
    figure(&format!("a scan for the same, {} hits", scan.value), &readable(scan.time));
}

fn median_of(mut times: Vec<std::time::Duration>) -> std::time::Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn scan(public: &Public, query: &str) -> usize {
    let contains = |post: &PostId| public.content(*post).to_lowercase().contains(query);
    public.posts().ids().filter(contains).count()
}

fn platform() -> Public {
    let graph = SocialGraph::new(FollowGraph::from_edges(AGENTS, Vec::new()).graph);
    let words = ["dose", "trial", "nurse", "needle", "virus"].map(str::to_owned).to_vec();
    let topics = ["the vaccine", "the election"];
    let vocabulary = |name: &str| Vocabulary { name: name.to_owned(), words: words.clone() };
    Public::new(graph, Phrasebook::new(topics.map(vocabulary).to_vec()), 0)
}

fn publish(public: &mut Public, posts: u32, draws: &mut Stream) {
    let book = platform();
    for _ in 0..posts {
        let phrase = Phrase {
            topic: TopicId(draws.below(2) as u16),
            slant: Slant::ALL[draws.below(5) as usize],
            template: draws.below(6) as u8,
            picks: draws.next_u32().to_le_bytes(),
        };
        let text = format!("{} rare{}", book.render(&Text::Phrase(phrase)), draws.below(RARE_WORDS));
        let draft =
            Draft { text: Text::own(&text), topic: None, stance: Stance::default(), vector: Box::default() };
        public.apply(Step(0), AgentId(draws.below(AGENTS)), &Action::CreatePost(draft));
    }
}
