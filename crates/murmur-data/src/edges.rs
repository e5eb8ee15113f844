//! Edge lists from users' files: CSV and the whitespace-separated form of SNAP.
//!
//! An edge is a follow: the source follows the target. Blank lines and lines that begin with `#` are passed over. The
//! first other line tells the form: with a comma it is CSV, else the fields are separated by spaces or tabs.
//!
//! A CSV's first line is its header, unless its first two fields are whole numbers. The columns are `source` and
//! `target`, or `follower` and `followee` (letter case aside), or else the first two; further ones are ignored. A
//! whitespace-separated file has no header, unless its first line holds one of those two pairs of names.

use std::borrow::Cow;
use std::io::BufRead;
use std::path::Path;

use murmur_core::{AgentId, Follow};
use rustc_hash::FxHashMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::loading::Counted;
use crate::{DataError, Warning, input};

/// What the ids in an edge file are, as a configuration says it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NodeIds {
    /// Agent ids: whole numbers from 0.
    #[default]
    Index,
    /// Any text; the agents are numbered in the order in which the file first names them.
    Appearance,
    /// The user names of the population.
    UserName,
}

/// What the ids in an edge file are, with what it takes to turn them into agents.
#[derive(Clone, Copy, Debug)]
pub enum Nodes<'n> {
    /// [`NodeIds::Index`].
    Index {
        /// Ids are below this.
        agents: u32,
    },
    /// [`NodeIds::Appearance`].
    Appearance {
        /// There may be no more different ids than this.
        agents: u32,
    },
    /// [`NodeIds::UserName`].
    UserName {
        /// Every agent's user name, by agent id.
        names: &'n [&'n str],
    },
}

/// What an edge file holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EdgeFile {
    /// The follows in the order of the file, repetitions included, without self-follows.
    pub follows: Vec<Follow>,
    /// With [`Nodes::Appearance`] the file's id of every agent, by agent id; empty otherwise.
    pub names: Vec<String>,
    /// What was mended; only what occurred.
    pub warnings: Vec<Warning>,
}

/// Reads an edge list, `.gz` or plain.
///
/// # Errors
/// When the file cannot be read, a line has fewer fields than it needs or an open quote, or an id names no agent: out
/// of range, an unknown user name, one that several agents have, or one more than there may be.
pub fn read_edges(path: &Path, nodes: Nodes<'_>) -> Result<EdgeFile, DataError> {
    let mut text = input::open(path)?;
    let mut resolver = Resolver::new(nodes);
    let mut layout = None;
    let mut follows = Vec::new();
    let mut self_follows = 0;
    let mut line = Vec::new();
    let mut number = 0;
    let mut counted = Counted::new(path, "edges");
    loop {
        line.clear();
        if text.read_until(b'\n', &mut line).map_err(|source| DataError::io(path, source))? == 0 {
            break;
        }
        number += 1;
        let content = line.trim_ascii();
        if content.is_empty() || content.starts_with(b"#") {
            continue;
        }
        let at = |message| DataError::at_line(path, number, message);
        let layout = match &layout {
            Some(layout) => layout,
            None => {
                let first = FirstLine::read(content).map_err(at)?;
                let known = layout.insert(first.layout);
                if first.is == LineIs::Header {
                    continue;
                }
                known
            }
        };
        counted.add();
        let edge = layout.edge(content).map_err(at)?;
        let follower = resolver.agent(&edge.source).map_err(at)?;
        let followee = resolver.agent(&edge.target).map_err(at)?;
        if follower == followee {
            self_follows += 1;
        } else {
            follows.push(Follow { follower, followee });
        }
    }
    let self_follows = Warning { what: "self-follows dropped", count: self_follows };
    let warnings = Some(self_follows).filter(|warning| warning.count > 0).into_iter().collect();
    Ok(EdgeFile { follows, names: resolver.into_names(), warnings })
}

#[derive(Clone, Copy)]
enum Separator {
    Comma,
    Whitespace,
}

/// Where on a line the source and the target stand.
struct Layout {
    separator: Separator,
    source: usize,
    target: usize,
}

/// The ids of one edge, as written.
struct Edge<'l> {
    source: Cow<'l, [u8]>,
    target: Cow<'l, [u8]>,
}

impl Layout {
    fn edge<'l>(&self, line: &'l [u8]) -> Result<Edge<'l>, String> {
        let (mut source, mut target) = (None, None);
        let mut fields = Fields { rest: Some(line), separator: self.separator };
        for index in 0..=self.source.max(self.target) {
            let Some(field) = fields.next_field()? else {
                return Err(format!(
                    "expected a source and a target, found {index} {}",
                    plural(index, "field")
                ));
            };
            if index == self.source {
                source = Some(field);
            } else if index == self.target {
                target = Some(field);
            }
        }
        let ids = source.zip(target).map(|(source, target)| Edge { source, target });
        Ok(ids.expect("the source and the target are two of the fields read"))
    }
}

fn plural(count: usize, noun: &str) -> String {
    if count == 1 { noun.to_owned() } else { format!("{noun}s") }
}

/// What the first line says about the file.
struct FirstLine {
    layout: Layout,
    is: LineIs,
}

#[derive(PartialEq, Eq)]
enum LineIs {
    Header,
    Edge,
}

impl FirstLine {
    fn read(line: &[u8]) -> Result<Self, String> {
        let separator = if line.contains(&b',') { Separator::Comma } else { Separator::Whitespace };
        let mut fields = Fields { rest: Some(line), separator };
        let mut names = Vec::new();
        while let Some(field) = fields.next_field()? {
            names.push(field.to_ascii_lowercase());
        }
        if names.len() < 2 {
            return Err("expected a source and a target, found one column only".to_owned());
        }
        for (source, target) in [("source", "target"), ("follower", "followee")] {
            let find = |wanted: &str| names.iter().position(|name| name == wanted.as_bytes());
            match (find(source), find(target)) {
                (Some(source), Some(target)) => {
                    return Ok(Self { layout: Layout { separator, source, target }, is: LineIs::Header });
                }
                (None, None) => {}
                _ => {
                    return Err(format!(
                        "expected a column `{source}` and a column `{target}`, found one of them"
                    ));
                }
            }
        }
        let numbers = names[..2].iter().all(|name| name.iter().all(u8::is_ascii_digit));
        let is = match separator {
            Separator::Comma if !numbers => LineIs::Header,
            _ => LineIs::Edge,
        };
        Ok(Self { layout: Layout { separator, source: 0, target: 1 }, is })
    }
}

/// The fields of a line that have not been read yet.
struct Fields<'l> {
    /// `None` after the last field.
    rest: Option<&'l [u8]>,
    separator: Separator,
}

impl<'l> Fields<'l> {
    fn next_field(&mut self) -> Result<Option<Cow<'l, [u8]>>, String> {
        let Some(rest) = self.rest.map(<[u8]>::trim_ascii_start) else { return Ok(None) };
        match self.separator {
            Separator::Comma if rest.starts_with(b"\"") => self.quoted_field(&rest[1..]).map(Some),
            Separator::Comma => {
                let end = rest.iter().position(|&byte| byte == b',');
                self.rest = end.map(|end| &rest[end + 1..]);
                Ok(Some(Cow::Borrowed(rest[..end.unwrap_or(rest.len())].trim_ascii_end())))
            }
            Separator::Whitespace => {
                let end = rest.iter().position(u8::is_ascii_whitespace);
                self.rest = end.map(|end| &rest[end + 1..]);
                Ok(Some(Cow::Borrowed(&rest[..end.unwrap_or(rest.len())])))
            }
        }
    }

    /// Reads a field after its opening quote; two quotes in it stand for one.
    fn quoted_field(&mut self, rest: &'l [u8]) -> Result<Cow<'l, [u8]>, String> {
        let mut field = Cow::Borrowed(&rest[..0]);
        let mut from = 0;
        loop {
            let quote = rest[from..].iter().position(|&byte| byte == b'"');
            let end = from + quote.ok_or("a quoted id is not closed on its line")?;
            let part = &rest[from..end];
            if rest.get(end + 1) == Some(&b'"') {
                field.to_mut().extend(&rest[from..=end]);
                from = end + 2;
                continue;
            }
            if field.is_empty() {
                field = Cow::Borrowed(part);
            } else {
                field.to_mut().extend(part);
            }
            let after = rest[end + 1..].trim_ascii_start();
            self.rest = match after.split_first() {
                None => None,
                Some((b',', after)) => Some(after),
                Some(_) => return Err("expected a comma after a closing quote".to_owned()),
            };
            return Ok(field);
        }
    }
}

/// Turns ids, as written, into agents.
enum Resolver<'n> {
    Index { agents: u32 },
    Appearance { agents: u32, known: FxHashMap<Box<[u8]>, AgentId>, names: Vec<String> },
    UserName { owners: FxHashMap<&'n [u8], Owner> },
}

/// Who has a user name.
enum Owner {
    One(AgentId),
    Several { first: AgentId, second: AgentId },
}

impl<'n> Resolver<'n> {
    fn new(nodes: Nodes<'n>) -> Self {
        match nodes {
            Nodes::Index { agents } => Self::Index { agents },
            Nodes::Appearance { agents } => {
                Self::Appearance { agents, known: FxHashMap::default(), names: Vec::new() }
            }
            Nodes::UserName { names } => {
                let mut owners = FxHashMap::default();
                for (agent, name) in (0..).map(AgentId).zip(names) {
                    owners
                        .entry(name.as_bytes())
                        .and_modify(|owner: &mut Owner| *owner = owner.joined_by(agent))
                        .or_insert(Owner::One(agent));
                }
                Self::UserName { owners }
            }
        }
    }

    fn agent(&mut self, id: &[u8]) -> Result<AgentId, String> {
        match self {
            Self::Index { agents } => index(id, *agents),
            Self::Appearance { agents, known, names } => match known.get(id) {
                Some(&agent) => Ok(agent),
                None => {
                    let name = std::str::from_utf8(id).map_err(|_| "the id is not valid UTF-8")?;
                    let agent = u32::try_from(names.len()).ok().filter(|next| next < agents).map(AgentId);
                    let agent = agent
                        .ok_or_else(|| format!("`{name}` is one id too many; expected at most {agents}"))?;
                    known.insert(id.into(), agent);
                    names.push(name.to_owned());
                    Ok(agent)
                }
            },
            Self::UserName { owners } => match owners.get(id) {
                Some(&Owner::One(agent)) => Ok(agent),
                Some(Owner::Several { first, second }) => {
                    let name = String::from_utf8_lossy(id);
                    Err(format!(
                        "the user name `{name}` is that of several agents, {first} and {second} among them"
                    ))
                }
                None => Err(format!("no agent has the user name `{}`", String::from_utf8_lossy(id))),
            },
        }
    }

    fn into_names(self) -> Vec<String> {
        match self {
            Self::Appearance { names, .. } => names,
            Self::Index { .. } | Self::UserName { .. } => Vec::new(),
        }
    }
}

impl Owner {
    fn joined_by(&self, second: AgentId) -> Self {
        match *self {
            Self::One(first) | Self::Several { first, .. } => Self::Several { first, second },
        }
    }
}

fn index(id: &[u8], agents: u32) -> Result<AgentId, String> {
    let digit = |&byte: &u8| byte.is_ascii_digit().then(|| u64::from(byte - b'0'));
    let number = id
        .iter()
        .try_fold(0, |number: u64, byte| Some(number.saturating_mul(10).saturating_add(digit(byte)?)));
    let written = || String::from_utf8_lossy(id).into_owned();
    match number.filter(|_| !id.is_empty()) {
        Some(number) if number < u64::from(agents) => Ok(AgentId(number as u32)),
        Some(_) => Err(format!(
            "agent {} does not exist; expected ids from 0 to {}",
            written(),
            agents.saturating_sub(1)
        )),
        None => Err(format!("`{}` is no agent id; expected a whole number below {agents}", written())),
    }
}
