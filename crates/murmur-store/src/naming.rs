//! How what leaves a run names its users: as they are called, or by pseudonyms.

use std::borrow::Cow;

use murmur_core::{AgentId, Purpose, Step, Stream};
use rustc_hash::FxHashMap;

use crate::PostView;

/// How users are named.
#[derive(Debug)]
pub enum Naming {
    /// As they are.
    Real,
    /// By pseudonyms.
    Pseudonyms(Pseudonyms),
}

/// A pseudonym for every agent, `agent-` and 16 hexadecimal digits: a draw keyed by the run's seed and the agent, so
/// that all exports of a run agree. Names that agents bore are known by it wherever a text mentions them.
#[derive(Debug)]
pub struct Pseudonyms {
    seed: u64,
    /// By user name in lower case, who bore it first.
    by_user_name: FxHashMap<Box<str>, AgentId>,
    /// The same by displayed name.
    by_name: FxHashMap<Box<str>, AgentId>,
}

impl Pseudonyms {
    /// Pseudonyms of a run with that seed, none of whose users is known yet.
    pub fn new(seed: u64) -> Self {
        Self { seed, by_user_name: FxHashMap::default(), by_name: FxHashMap::default() }
    }

    /// Takes note of the names that `agent` bears at some time in the run.
    pub fn learn(&mut self, agent: AgentId, user_name: &str, name: &str) {
        for (names, name) in [(&mut self.by_user_name, user_name), (&mut self.by_name, name)] {
            let key = key_of(name);
            if !key.is_empty() {
                names.entry(key).or_insert(agent);
            }
        }
    }

    /// The pseudonym of `agent`.
    fn of(&self, agent: AgentId) -> String {
        let bits = Stream::new(self.seed, Purpose::Pseudonym, Step(0), agent).next_u64();
        format!("agent-{bits:016x}")
    }

    /// Who bears exactly this name.
    fn bearer(&self, name: &str) -> Option<AgentId> {
        let key = key_of(name);
        self.by_user_name.get(&key).or_else(|| self.by_name.get(&key)).copied()
    }

    /// The text with known user names behind an `@` replaced.
    fn without_mentions(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(sign) = rest.find('@') {
            let (before, after) = rest.split_at(sign + 1);
            out.push_str(before);
            rest = after;
            if let Some(mention) = self.mention_at_start(after) {
                out.push_str(&self.of(mention.agent));
                rest = &after[mention.length..];
            }
        }
        out + rest
    }

    /// The longest known user name that `text` begins with and that no letter, digit or underscore goes on from.
    fn mention_at_start(&self, text: &str) -> Option<Mention> {
        let run = text.split(|c: char| c.is_whitespace() || c == '@').next().unwrap_or_default();
        let goes_on = |end: &usize| run[*end..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
        let mut ends =
            run.char_indices().map(|(start, c)| start + c.len_utf8()).rev().filter(|end| !goes_on(end));
        ends.find_map(|length| {
            let agent = *self.by_user_name.get(&key_of(&run[..length]))?;
            Some(Mention { agent, length })
        })
    }
}

/// A user name in a text.
struct Mention {
    agent: AgentId,
    /// Its bytes.
    length: usize,
}

/// The form in which names are compared: platforms pay no heed to letter case, nor files to a leading `@`.
fn key_of(name: &str) -> Box<str> {
    name.trim().trim_start_matches('@').to_lowercase().into()
}

impl Naming {
    /// What to call an agent whose user name or displayed name is `real`.
    pub fn name<'a>(&self, agent: AgentId, real: &'a str) -> Cow<'a, str> {
        match self {
            Self::Real => real.into(),
            Self::Pseudonyms(pseudonyms) => pseudonyms.of(agent).into(),
        }
    }

    /// A self-description; with pseudonyms nothing, since it says who somebody is.
    pub fn bio<'a>(&self, real: &'a str) -> &'a str {
        match self {
            Self::Real => real,
            Self::Pseudonyms(_) => "",
        }
    }

    /// A text that somebody wrote: mentions (`@user_name`) follow the naming, all else stays.
    pub fn words<'a>(&self, real: impl Into<Cow<'a, str>>) -> Cow<'a, str> {
        let real = real.into();
        match self {
            Self::Pseudonyms(pseudonyms) if real.contains('@') => pseudonyms.without_mentions(&real).into(),
            _ => real,
        }
    }

    /// What somebody looked for: like [`Self::words`], and a name alone follows the naming too.
    pub fn query<'a>(&self, real: &'a str) -> Cow<'a, str> {
        match self {
            Self::Pseudonyms(pseudonyms) => match pseudonyms.bearer(real) {
                Some(agent) => pseudonyms.of(agent).into(),
                None => self.words(real),
            },
            Self::Real => real.into(),
        }
    }

    /// A post as it is shown.
    pub(crate) fn view(&self, mut real: PostView) -> PostView {
        real.content = self.words(real.content).into_owned();
        for comment in &mut real.comments {
            comment.content = self.words(std::mem::take(&mut comment.content)).into_owned();
        }
        real
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naming() -> Naming {
        let mut pseudonyms = Pseudonyms::new(7);
        for (agent, user_name, name) in
            [(0, "alice", "Alice Liddell"), (1, "alice.b", "Al"), (2, "@Zoë_1", ""), (3, "Alice", "Mallory")]
        {
            pseudonyms.learn(AgentId(agent), user_name, name);
        }
        Naming::Pseudonyms(pseudonyms)
    }

    /// `{0}` stands for the pseudonym of agent 0, and so on.
    fn check(text: &str, expected: &str, of: impl Fn(&Naming, &str) -> String) {
        let naming = naming();
        let expected = (0..4).fold(expected.to_owned(), |expected, agent| {
            expected.replace(&format!("{{{agent}}}"), &naming.name(AgentId(agent), ""))
        });
        assert_eq!(of(&naming, text), expected, "{text}");
        assert_eq!(of(&Naming::Real, text), text);
    }

    #[test]
    fn mentions_are_replaced_whole() {
        let words = |naming: &Naming, text: &str| naming.words(text.to_owned()).into_owned();
        check("alice wrote to @alice, @ALICE: hi", "alice wrote to @{0}, @{0}: hi", words);
        check("@alice.b. @alice.c @alices @alice_", "@{1}. @{0}.c @alices @alice_", words);
        check("(@zoë_1)@@alice@nobody a@", "(@{2})@@{0}@nobody a@", words);
        check("no mention", "no mention", words);
    }

    #[test]
    fn a_query_may_be_a_name() {
        let query = |naming: &Naming, text: &str| naming.query(text).into_owned();
        check("alice liddell", "{0}", query);
        check("Alice", "{0}", query);
        check("mallory", "{3}", query);
        check("ask @alice", "ask @{0}", query);
        check("tea", "tea", query);
    }

    #[test]
    fn pseudonyms_depend_on_the_seed_and_the_agent_alone() {
        let name = |seed, agent| Pseudonyms::new(seed).of(AgentId(agent));
        assert_eq!(name(7, 0), name(7, 0));
        assert_ne!(name(7, 0), name(7, 1));
        assert_ne!(name(7, 0), name(8, 0));
        assert_eq!(name(7, 0).len(), "agent-".len() + 16);
    }
}
