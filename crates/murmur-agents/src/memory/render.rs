//! A memory in words: what fits of it into a budget of tokens, the most important first.
//!
//! In order of importance: the summary; then in turn the last deed and the older one nearest to what the agent sees;
//! then the other recent ones, the newest first; then older ones that are near to nothing. In the text they stand in
//! the order of time.

use murmur_core::{AgentId, Step};

use super::{Deed, Memory, MemoryConfig, MemorySummary};

/// How deeds are told, and which of them matter now.
#[derive(Clone, Copy)]
pub struct Recall<'a> {
    /// The present step.
    pub now: Step,
    /// A deed in words that go on after "You", in the past tense, such as `liked @ann's post "Cats"`. `None`: not told.
    pub tell: &'a dyn Fn(&Deed) -> Option<String>,
    /// How near what a deed is about is to what the agent sees now: the cosine of their vectors; 0 where there is none.
    pub relevance: &'a dyn Fn(&Deed) -> f32,
    /// What another agent is called.
    pub name: &'a dyn Fn(AgentId) -> Option<String>,
    /// How many tokens a text has.
    pub tokens: &'a dyn Fn(&str) -> u32,
}

/// The fewest tokens that are worth telling a deed with.
const LEAST: u32 = 6;

/// Tokens around a deed in the text: what separates it, and its share of the words that begin its sentence.
const AROUND: u32 = 3;

/// Something to be told: the summary, or a deed by its place among the recent or the older ones.
#[derive(Clone, Copy)]
enum Candidate {
    Summary,
    Recent(usize),
    Older(usize),
}

/// Something told.
struct Part {
    place: Place,
    /// The place among the deeds of the same place, in the order of time.
    nth: usize,
    text: String,
}

/// Where in the text a part stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Place {
    Summary,
    Earlier,
    Before,
    LastTime,
    JustNow,
}

impl Place {
    fn begin(self) -> &'static str {
        match self {
            Self::Summary => "",
            Self::Earlier => "Earlier you ",
            Self::Before => "Before that you ",
            Self::LastTime => "Last time you ",
            Self::JustNow => "Just now you ",
        }
    }
}

impl Memory {
    /// The memory in words, with at most `config.tokens` tokens as `recall` counts them. Empty when there is nothing to
    /// tell.
    pub fn render(&self, config: &MemoryConfig, recall: &Recall<'_>) -> String {
        let mut left = config.tokens;
        let mut parts = Vec::new();
        for candidate in self.candidates(config, recall) {
            if left < LEAST + AROUND {
                break;
            }
            let most = left - AROUND;
            let share = most.min(config.deed_share());
            let told = |deed| (recall.tell)(deed).map(|text| clip(&text, share, recall.tokens));
            let clipped = match candidate {
                Candidate::Summary => self.summary_text(config, recall, most.min(config.summary_share())),
                Candidate::Recent(nth) => told(&self.recent[nth]),
                Candidate::Older(nth) => told(&self.older[nth]),
            };
            let Some(Clipped { text, tokens }) = clipped.filter(|clipped| !clipped.text.is_empty()) else {
                continue;
            };
            left = left.saturating_sub(tokens + AROUND);
            let (place, nth) = self.place(candidate, recall.now);
            parts.push(Part { place, nth, text });
        }
        // The counts of the parts need not add up: what is least important goes until the whole is within the budget.
        loop {
            let text = compose(&parts);
            if text.is_empty() || (recall.tokens)(&text) <= config.tokens {
                return text;
            }
            parts.pop();
        }
    }

    /// What the model is asked to sum up: its last summary, and what was done since, the latest first; in at most four
    /// times `config.tokens`.
    pub fn summary_request(&self, config: &MemoryConfig, recall: &Recall<'_>) -> String {
        let budget = config.tokens.saturating_mul(4);
        let mut text = String::new();
        if let Some(summary) = self.summary_text(config, recall, config.summary_share()) {
            text.push_str("So far: ");
            text.push_str(&summary.text);
        }
        if (recall.tokens)(&text) > budget {
            return String::new();
        }
        for deed in self.older.iter().rev().take(self.unsummarised as usize) {
            let Some(told) = (recall.tell)(deed) else { continue };
            let told = clip(&told, config.deed_share(), recall.tokens).text;
            let begin = if text.is_empty() { "- You " } else { "\n- You " };
            let longer = format!("{text}{begin}{told}");
            if (recall.tokens)(&longer) > budget {
                break;
            }
            text = longer;
        }
        text
    }

    /// What may be told, the most important first.
    fn candidates(&self, config: &MemoryConfig, recall: &Recall<'_>) -> Vec<Candidate> {
        let mut recent = (0..self.recent.len()).rev().map(Candidate::Recent);
        let relevant = self.relevant(config, recall);
        let mut candidates = vec![Candidate::Summary];
        for &(_, nth) in relevant.iter().filter(|&&(relevance, _)| relevance > 0.0) {
            candidates.extend(recent.next());
            candidates.push(Candidate::Older(nth));
        }
        candidates.extend(recent);
        let near_to_nothing = relevant.iter().filter(|&&(relevance, _)| relevance <= 0.0);
        candidates.extend(near_to_nothing.map(|&(_, nth)| Candidate::Older(nth)));
        candidates
    }

    /// The most relevant of the older deeds; of equally relevant ones the newest come first.
    fn relevant(&self, config: &MemoryConfig, recall: &Recall<'_>) -> Vec<(f32, usize)> {
        if config.relevant == 0 {
            return Vec::new();
        }
        let number_or_0 = |relevance: f32| if relevance.is_nan() { 0.0 } else { relevance };
        let relevance = |nth: usize| number_or_0((recall.relevance)(&self.older[nth]));
        let mut older: Vec<_> = (0..self.older.len()).rev().map(|nth| (relevance(nth), nth)).collect();
        older.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        older.truncate(usize::from(config.relevant));
        older
    }

    fn summary_text(&self, config: &MemoryConfig, recall: &Recall<'_>, most: u32) -> Option<Clipped> {
        match config.summary {
            MemorySummary::None => None,
            MemorySummary::Model if !self.summary.is_empty() => {
                Some(clip(&self.summary, most, recall.tokens))
            }
            MemorySummary::Model | MemorySummary::Extractive => self.counts_and_writing(recall, most),
        }
    }

    /// What was done how often, and the last own text that is no longer kept, if there is room for some of it.
    fn counts_and_writing(&self, recall: &Recall<'_>, most: u32) -> Option<Clipped> {
        let counts = clip(&format!("You have {}.", self.tally.words(recall.name)?), most, recall.tokens);
        let room = most.saturating_sub(counts.tokens + AROUND);
        let writing = self.tally.writing.as_ref().filter(|_| room >= 2 * LEAST).and_then(recall.tell);
        let writing =
            writing.map(|text| clip(&text, room, recall.tokens)).filter(|told| !told.text.is_empty());
        let Some(writing) = writing else { return Some(counts) };
        Some(clip(
            &format!("{} You {}.", counts.text, writing.text.trim_end_matches('.')),
            most,
            recall.tokens,
        ))
    }

    /// Where a candidate stands in the text.
    fn place(&self, candidate: Candidate, now: Step) -> (Place, usize) {
        match candidate {
            Candidate::Summary => (Place::Summary, 0),
            Candidate::Older(nth) => (Place::Earlier, nth),
            Candidate::Recent(nth) => {
                let last = self.recent.iter().map(|deed| deed.step).filter(|&step| step < now).max();
                let place = match self.recent[nth].step {
                    step if step >= now => Place::JustNow,
                    step if Some(step) == last => Place::LastTime,
                    _ => Place::Before,
                };
                (place, nth)
            }
        }
    }
}

/// The parts in the order of time, one sentence for each place.
fn compose(parts: &[Part]) -> String {
    let mut parts: Vec<&Part> = parts.iter().collect();
    parts.sort_by_key(|part| (part.place, part.nth));
    let mut text = String::new();
    for same in parts.chunk_by(|a, b| a.place == b.place) {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(same[0].place.begin());
        for (nth, part) in same.iter().enumerate() {
            text.push_str(if nth == 0 { "" } else { "; " });
            text.push_str(part.text.trim_end_matches('.'));
        }
        text.push('.');
    }
    text
}

/// A text and how many tokens it has.
pub(super) struct Clipped {
    pub(super) text: String,
    tokens: u32,
}

/// The beginning of a text that has at most so many tokens, with an ellipsis where something is left out. White space and
/// control characters become single spaces, so that it is one line.
pub(super) fn clip(text: &str, most: u32, tokens: &dyn Fn(&str) -> u32) -> Clipped {
    // Hardly any token has more characters than this, and no text is counted that is much too long.
    let mut room = most as usize * 8;
    let mut line = String::new();
    let mut is_whole = true;
    let mut is_space = false;
    for char in text.chars() {
        if char.is_whitespace() || char.is_control() {
            is_space = !line.is_empty();
            continue;
        }
        if room < 2 {
            is_whole = false;
            break;
        }
        if std::mem::take(&mut is_space) {
            line.push(' ');
            room -= 1;
        }
        line.push(char);
        room -= 1;
    }
    loop {
        if !is_whole {
            line.truncate(line.trim_end().len());
            line.push('…');
        }
        let count = tokens(&line);
        if count <= most {
            return Clipped { text: line, tokens: count };
        }
        // In proportion, and at least one character besides the ellipsis.
        let chars = line.chars().count() - usize::from(!is_whole);
        let keep = (chars * most as usize / count as usize).min(chars.saturating_sub(1));
        if keep == 0 {
            return Clipped { text: String::new(), tokens: 0 };
        }
        is_whole = false;
        let end = line.char_indices().nth(keep).map_or(line.len(), |(at, _)| at);
        line.truncate(end);
        // No word is cut in two, unless that would cost half of what is left.
        if let Some((words, _)) = line.rsplit_once(' ')
            && words.len() * 2 > line.len()
        {
            line.truncate(words.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use murmur_core::{ActionKind, PostId, Purpose, Stream};

    use super::*;
    use crate::DeedKind;

    /// A word, or anything else that is no white space, is a token; a long word has more.
    fn tokens(text: &str) -> u32 {
        let mut count = 0;
        for word in text.split_whitespace() {
            let letters = word.chars().filter(|char| char.is_ascii_alphanumeric()).count();
            count += letters.div_ceil(6) + word.chars().count() - letters;
        }
        count as u32
    }

    fn deed(step: u32, kind: ActionKind, post: u32) -> Deed {
        let (post, other) = (PostId::new(post), Some(AgentId(post % 5)));
        Deed { step: Step(step), kind: DeedKind::Did(kind), post, other, words: None, succeeded: true }
    }

    fn tell(deed: &Deed) -> Option<String> {
        Some(match deed.kind {
            DeedKind::Read => format!("read post {}", deed.post?),
            DeedKind::Did(ActionKind::DoNothing) => return None,
            DeedKind::Did(kind) => format!("{} {}", kind.name().replace('_', " "), deed.post?),
        })
    }

    fn recall<'a>(now: u32) -> Recall<'a> {
        Recall {
            now: Step(now),
            tell: &tell,
            relevance: &|_| 0.0,
            name: &|agent| Some(format!("@user{agent}")),
            tokens: &tokens,
        }
    }

    fn remember(config: &MemoryConfig, deeds: impl IntoIterator<Item = Deed>) -> Memory {
        let mut memory = Memory::default();
        deeds.into_iter().for_each(|deed| memory.record(config, deed));
        memory
    }

    #[test]
    fn deeds_are_told_in_the_order_of_time() {
        let config = MemoryConfig { recent: 4, older: 2, relevant: 1, ..MemoryConfig::default() };
        assert_eq!(Memory::default().render(&config, &recall(0)), "");
        let memory = remember(
            &config,
            [(0, 1), (1, 2), (2, 3), (3, 4), (5, 5), (5, 6), (7, 7)]
                .map(|(step, post)| deed(step, ActionKind::LikePost, post)),
        );
        assert_eq!(
            memory.render(&config, &recall(7)),
            "You have liked 1 post. Earlier you like post 3. Before that you like post 4. \
             Last time you like post 5; like post 6. Just now you like post 7."
        );
        let none = MemoryConfig { summary: MemorySummary::None, relevant: 0, ..config };
        assert_eq!(
            memory.render(&none, &recall(8)),
            "Before that you like post 4; like post 5; like post 6. Last time you like post 7."
        );
    }

    #[test]
    fn with_little_room_the_newest_are_told() {
        let config = MemoryConfig { tokens: 16, summary: MemorySummary::None, ..MemoryConfig::default() };
        let memory = remember(&config, (0..5).map(|i| deed(i, ActionKind::LikePost, i + 1)));
        assert_eq!(
            memory.render(&config, &recall(9)),
            "Before that you like post 4. Last time you like post 5."
        );
        let nothing = MemoryConfig { tokens: 0, ..config };
        assert_eq!(memory.render(&nothing, &recall(9)), "");
    }

    #[test]
    fn what_matters_again_is_told() {
        let config = MemoryConfig { recent: 5, ..MemoryConfig::default() };
        let memory = remember(&config, (0..40).map(|i| deed(i, ActionKind::LikePost, i + 1)));
        let check = |relevance: &dyn Fn(u32) -> f32, expected: &str| {
            let relevance = |deed: &Deed| deed.post.map_or(0.0, |post| relevance(post.get()));
            let text = memory.render(&config, &Recall { relevance: &relevance, ..recall(40) });
            assert!(text.contains(expected), "{text}");
            assert!(text.contains("Last time you like post 40."), "{text}");
        };
        check(&|post| if post == 12 { 0.9 } else { 0.1 }, "Earlier you like post 12; like post 35. ");
        check(
            &|post| [0.0, 0.5][usize::from([7, 9, 10].contains(&post))],
            "Earlier you like post 9; like post 10. ",
        );
        // Near to nothing: the newest of the older.
        check(&|_| f32::NAN, "Earlier you like post 34; like post 35. ");
        check(&|post| if post > 3 { -0.1 } else { 0.0 }, "Earlier you like post 2; like post 3. ");
    }

    #[test]
    fn own_words_and_the_models_are_told() {
        let config = MemoryConfig { recent: 1, older: 1, relevant: 0, ..MemoryConfig::default() };
        let kinds = [ActionKind::CreatePost, ActionKind::LikePost, ActionKind::LikePost, ActionKind::Follow];
        let mut memory = remember(&config, kinds.iter().zip(0..).map(|(&kind, i)| deed(i, kind, i + 1)));
        let text = memory.render(&config, &recall(4));
        assert_eq!(text, "You have written 1 post, liked 1 post. You create post 1. Last time you follow 4.");
        let config = MemoryConfig { summary: MemorySummary::Model, ..config };
        assert_eq!(memory.render(&config, &recall(4)), text);
        let request = memory.summary_request(&config, &recall(4));
        assert_eq!(
            request,
            "So far: You have written 1 post, liked 1 post. You create post 1.\n- You like post 3"
        );
        memory.set_summary(&config, " I like\nposts. ", &tokens);
        assert_eq!(memory.render(&config, &recall(4)), "I like posts. Last time you follow 4.");
        memory.set_summary(&config, &"blah ".repeat(1000), &tokens);
        let text = memory.render(&config, &recall(4));
        assert!(text.ends_with("blah…. Last time you follow 4."), "{text}");
        assert!(tokens(&text) <= 40, "{text}");
    }

    /// Texts that nobody should write.
    fn hostile(draws: &mut Stream) -> String {
        let pieces =
            ["a", "word ", "\n\n", "🦀", "\u{0}", "é\u{301}", "……", "漢字", "; You ", ". ", "\u{200b}", "\""];
        let length = [0, 1, 5, 40, 3000][draws.below(5) as usize];
        let favourite = draws.below(pieces.len() as u32);
        (0..length)
            .map(|_| {
                let any = draws.below(pieces.len() as u32);
                pieces[if draws.chance(0.5) { favourite } else { any } as usize]
            })
            .collect()
    }

    /// Runs a thousand steps of random deeds with random texts, and hands each memory and text to `check`.
    fn run(seed: u64, config: &MemoryConfig, mut check: impl FnMut(&Memory, &str, &str)) {
        let mut draws = Stream::new(seed, Purpose::Choice, Step(0), AgentId(0));
        let texts: Vec<String> = (0..200).map(|_| hostile(&mut draws)).collect();
        let text = |deed: &Deed| Some(texts[deed.post?.get() as usize % texts.len()].clone());
        let mut memory = Memory::default();
        for step in 0..1000 {
            for _ in 0..draws.below(8) {
                let kinds = ActionKind::ALL;
                let kind = match draws.below(kinds.len() as u32 * 2) as usize {
                    action if action < kinds.len() => DeedKind::Did(kinds[action]),
                    _ => DeedKind::Read,
                };
                let post = PostId::new(draws.below(5000));
                let words = draws.chance(0.1).then(|| hostile(&mut draws).into());
                let other = Some(AgentId(draws.below(300)));
                let succeeded = draws.chance(0.8);
                memory.record(config, Deed { step: Step(step), kind, post, other, words, succeeded });
            }
            let name = |agent: AgentId| Some(texts[agent.index() % texts.len()].clone());
            let near = draws.normal() as f32;
            let relevance = |deed: &Deed| libm::sinf(near * deed.step.0 as f32);
            let recall =
                Recall { now: Step(step), tell: &text, relevance: &relevance, name: &name, tokens: &tokens };
            let request = if memory.due_for_summary(config) {
                let request = memory.summary_request(config, &recall);
                memory.set_summary(config, &hostile(&mut draws), &tokens);
                request
            } else {
                String::new()
            };
            check(&memory, &memory.render(config, &recall), &request);
        }
    }

    #[test]
    fn a_thousand_steps_of_anything_stay_within_the_bounds() {
        for (seed, budget) in [0, 16, 80, 80, 80, 400].into_iter().enumerate() {
            let summary = [MemorySummary::Extractive, MemorySummary::Model, MemorySummary::None][seed % 3];
            let config = MemoryConfig { tokens: budget, summary, ..MemoryConfig::default() };
            let (mut most, mut told) = (0, Vec::new());
            run(seed as u64, &config, |memory, text, request| {
                assert!(tokens(text) <= budget, "{} tokens of {budget}: {text}", tokens(text));
                assert!(tokens(request) <= 4 * budget, "{request}");
                assert!(!text.contains(|char: char| char.is_control()), "{text:?}");
                assert!(
                    memory.recent.len() <= 8 && memory.older.len() <= 48 && memory.tally.others.len() <= 8
                );
                most = most.max(tokens(text));
                told.push((memory.clone(), text.to_owned()));
            });
            assert!(most * 10 >= budget * 7, "{most} of {budget} tokens are used at most");
            let bytes: usize =
                told.iter().map(|(memory, _)| serde_json::to_string(memory).unwrap().len()).max().unwrap();
            assert!(bytes < 40_000, "{bytes}");
            let mut again = told.iter();
            run(seed as u64, &config, |memory, text, _| {
                let (then, told) = again.next().unwrap();
                assert!((memory, text) == (then, told));
            });
        }
    }

    #[test]
    fn a_text_with_more_tokens_than_its_parts_stays_within_the_budget() {
        let more_than_its_parts = |text: &str| tokens(text) * (1 + text.matches("you").count() as u32);
        let config = MemoryConfig { tokens: 40, ..MemoryConfig::default() };
        let memory = remember(&config, (0..30).map(|i| deed(i, ActionKind::LikePost, i + 1)));
        let text = memory.render(&config, &Recall { tokens: &more_than_its_parts, ..recall(30) });
        assert_eq!(text, "Last time you like post 30.");
        let plainly = memory.render(&config, &recall(30));
        assert!(tokens(&plainly) <= 40 && more_than_its_parts(&plainly) > 40, "{plainly}");
    }

    #[test]
    fn plain_data_comes_back() {
        run(9, &MemoryConfig { summary: MemorySummary::Model, ..MemoryConfig::default() }, |memory, _, _| {
            let json = serde_json::to_string(memory).unwrap();
            assert_eq!(*memory, serde_json::from_str::<Memory>(&json).unwrap());
        });
        let bad = serde_json::from_str::<Deed>("[0,200,0,null,null,true]").unwrap_err();
        assert!(bad.to_string().contains("199 is no kind of action: expected less than"), "{bad}");
    }

    #[test]
    fn clipped_texts_are_one_line_within_their_share() {
        let check = |text: &str, most, expected: &str| {
            let clipped = clip(text, most, &tokens);
            assert_eq!((clipped.text.as_str(), clipped.tokens), (expected, tokens(expected)));
        };
        check("  two\n\u{7} words ", 2, "two words");
        check("two words more", 2, "two…");
        check("two words more", 0, "");
        check("🦀🦀🦀🦀", 3, "🦀🦀…");
        check(&"x".repeat(100_000), 3, "xxxxxxxxx…");
        check("some words are cut between them", 5, "some words are cut…");
    }
}
