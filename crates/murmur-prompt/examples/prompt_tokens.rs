//! What requests cost for the 36 personas of OASIS's Reddit experiment (`../shared/oasis/data` beside the repository):
//! `cargo run -p murmur-prompt --example prompt_tokens`. With `-- show` also the first request.
#![allow(clippy::print_stdout)]

#[path = "../tests/it/oasis.rs"]
#[allow(dead_code)]
mod oasis;

use murmur_prompt::{Prompter, ReplyFormat};

fn main() {
    let o200k = tiktoken_rs::o200k_base().expect("the vocabulary is within the crate");
    let shows = std::env::args().nth(1).is_some_and(|argument| argument == "show");
    for format in [ReplyFormat::Tools, ReplyFormat::Schema, ReplyFormat::Lines] {
        let Some(costs) = oasis::costs(format, &o200k) else {
            println!("../shared/oasis/data is not there");
            return;
        };
        let figures = |get: fn(&oasis::Cost) -> usize| {
            let all: Vec<usize> = costs.iter().map(|(cost, _)| get(cost)).collect();
            let mean = all.iter().sum::<usize>() as f64 / all.len() as f64;
            format!("{} / {mean:.0} / {}", all.iter().min().unwrap_or(&0), all.iter().max().unwrap_or(&0))
        };
        println!(
            "{format:?}: {} tokens, {} of them not shared (min / mean / max of {} personas)",
            figures(|cost| cost.total),
            figures(|cost| cost.own),
            costs.len()
        );
        if shows {
            let prompter = Prompter::new(&oasis::config(), format).expect("the default templates are valid");
            println!("{}\n---\n{}\n---", prompter.system(), costs[0].1);
            for json in [prompter.tools(), prompter.response_format()].into_iter().flatten() {
                println!("{}\n", json.get());
            }
        }
    }
}
