//! An inverted index over words that finds substrings.
//!
//! Documents are listed by the words in them, where a word is a run of letters and digits, and a Chinese or Japanese
//! character is a word of its own. All words lie in one string, each between two line ends, so that the words that
//! contain, begin or end with a fragment of a query are found by one search through it. Vocabularies grow far more
//! slowly than texts: a million posts have some ten thousand words. An index of trigrams would take six times the
//! memory and time to build, and could not answer the queries of one or two letters that OASIS allows.

use murmur_core::heap;
use rustc_hash::FxHashMap;

/// The words of many documents.
#[derive(Debug)]
pub(crate) struct WordIndex {
    /// The number of each word.
    numbers: FxHashMap<Box<str>, u32>,
    /// All words in the order of their numbers, each between two line ends.
    lexicon: String,
    /// Where each word begins in the lexicon.
    starts: Vec<usize>,
    /// The documents that hold each word.
    documents: Vec<Vec<u32>>,
}

impl Default for WordIndex {
    fn default() -> Self {
        Self {
            numbers: FxHashMap::default(),
            lexicon: "\n".to_owned(),
            starts: Vec::new(),
            documents: Vec::new(),
        }
    }
}

/// Documents that may contain a query.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Candidates {
    /// The index cannot tell: the query has no letter or digit.
    Any,
    /// These, ascending, all of them for certain.
    Certain(Vec<u32>),
    /// These, ascending, and no others.
    Possible(Vec<u32>),
}

/// `text` with letter case put aside.
pub(crate) fn folded(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

impl WordIndex {
    /// Bytes on the heap.
    pub(crate) fn memory_bytes(&self) -> usize {
        let Self { numbers, lexicon, starts, documents } = self;
        // Each word once more as a key.
        let words = heap::of_map(numbers) + 2 * lexicon.capacity() + heap::of_column(starts);
        words + heap::of_column(documents) + documents.iter().map(heap::of_column).sum::<usize>()
    }

    /// Adds a document of folded `text`, or more text to a document.
    pub(crate) fn add(&mut self, document: u32, text: &str) {
        for word in words(text) {
            let number = self.number(word.text);
            let documents = &mut self.documents[number as usize];
            if documents.last() != Some(&document) {
                documents.push(document);
            }
        }
    }

    fn number(&mut self, word: &str) -> u32 {
        if let Some(&number) = self.numbers.get(word) {
            return number;
        }
        let number = self.starts.len() as u32;
        self.numbers.insert(word.into(), number);
        self.starts.push(self.lexicon.len());
        self.lexicon.push_str(word);
        self.lexicon.push('\n');
        self.documents.push(Vec::new());
        number
    }

    /// The documents whose text may contain the folded `query`.
    pub(crate) fn candidates(&self, query: &str) -> Candidates {
        let fragments: Vec<Word<'_>> = words(query).collect();
        let Some((first, rest)) = fragments.split_first() else {
            return Candidates::Any;
        };
        let documents = self.documents_with(first, query);
        if rest.is_empty() && first.text.len() == query.len() {
            return Candidates::Certain(documents);
        }
        let remaining = rest.iter().fold(documents, |documents, fragment| {
            let others = self.documents_with(fragment, query);
            documents.into_iter().filter(|document| others.binary_search(document).is_ok()).collect()
        });
        Candidates::Possible(remaining)
    }

    /// The documents that hold a word of which `fragment`, as it stands in `query`, may be a part. Where the query goes
    /// on beside the fragment, so must the text beside the word.
    fn documents_with(&self, fragment: &Word<'_>, query: &str) -> Vec<u32> {
        let begins = if fragment.start > 0 { "\n" } else { "" };
        let ends = if fragment.start + fragment.text.len() < query.len() { "\n" } else { "" };
        let pattern = format!("{begins}{}{ends}", fragment.text);
        let numbers: Vec<u32> = if pattern.len() == fragment.text.len() + 2 {
            self.numbers.get(fragment.text).copied().into_iter().collect()
        } else {
            self.lexicon
                .match_indices(&pattern)
                .map(|(place, _)| self.word_at(place + begins.len()))
                .collect()
        };
        let lists = numbers.into_iter().map(|number| &self.documents[number as usize]);
        let mut documents: Vec<u32> = lists.flatten().copied().collect();
        documents.sort_unstable();
        documents.dedup();
        documents
    }

    /// The number of the word at a place in the lexicon.
    fn word_at(&self, place: usize) -> u32 {
        self.starts.partition_point(|&start| start <= place) as u32 - 1
    }
}

/// A word and where it begins.
struct Word<'a> {
    start: usize,
    text: &'a str,
}

/// The words of `text`.
fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
    let mut rest = 0;
    std::iter::from_fn(move || {
        let start = rest + text[rest..].find(|c: char| c.is_alphanumeric())?;
        let first = text[start..].chars().next().expect("a letter was found");
        let goes_on = |c: char| c.is_alphanumeric() && !is_word_of_its_own(c);
        let length = match is_word_of_its_own(first) {
            true => first.len_utf8(),
            false => text[start..].find(|c| !goes_on(c)).unwrap_or(text.len() - start),
        };
        rest = start + length;
        Some(Word { start, text: &text[start..rest] })
    })
}

/// Whether the character belongs to a script that does not part its words by spaces.
fn is_word_of_its_own(c: char) -> bool {
    // Kana and Chinese characters; Thai, Lao, Burmese and Khmer.
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
        || matches!(c, '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The documents that contain `query`, as the index and a look at its candidates give them.
    fn search(texts: &[String], query: &str) -> Vec<u32> {
        let mut index = WordIndex::default();
        for (document, text) in (0..).zip(texts) {
            index.add(document, &folded(text));
        }
        let query = folded(query);
        let contains = |document: &u32| folded(&texts[*document as usize]).contains(&query);
        match index.candidates(&query) {
            Candidates::Any => (0..texts.len() as u32).filter(contains).collect(),
            Candidates::Certain(documents) => documents,
            Candidates::Possible(documents) => documents.into_iter().filter(contains).collect(),
        }
    }

    proptest! {
        #[test]
        fn an_index_finds_what_a_scan_finds(
            texts in prop::collection::vec("[abA1 -世界\u{130}ß]{0,12}", 0..20),
            query in "[abA1 -世界\u{130}ß]{0,4}",
        ) {
            let scan = |document: &u32| folded(&texts[*document as usize]).contains(&folded(&query));
            let expected: Vec<u32> = (0..texts.len() as u32).filter(scan).collect();
            prop_assert_eq!(search(&texts, &query), expected);
        }
    }

    #[test]
    fn the_index_narrows_what_it_can() {
        let mut index = WordIndex::default();
        for (document, text) in (0..).zip(["the lamp post", "lamplight", "post the lamp", "世界"]) {
            index.add(document, text);
        }
        let check =
            |query: &str, expected: Candidates| assert_eq!(index.candidates(query), expected, "{query}");
        check("lamp", Candidates::Certain(vec![0, 1, 2]));
        check("amp", Candidates::Certain(vec![0, 1, 2]));
        check("p post", Candidates::Possible(vec![0, 2]));
        check("lamp ", Candidates::Possible(vec![0, 2]));
        check("界", Candidates::Certain(vec![3]));
        check("?!", Candidates::Any);
    }
}
