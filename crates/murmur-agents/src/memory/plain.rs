//! A memory as plain data, for checkpoints: a deed is an array of six.

use murmur_core::{ActionKind, AgentId, PostId, Step};
use serde::{Deserialize, Serialize};

use super::tally::Tally;
use super::{Deed, DeedKind, Memory};

/// Step, kind (0: read, else 1 + its place in [`ActionKind::ALL`]), post (0: none), other, words, whether it succeeded.
#[derive(Serialize, Deserialize)]
pub(super) struct PlainDeed(u32, u8, u32, Option<u32>, Option<Box<str>>, bool);

impl From<Deed> for PlainDeed {
    fn from(deed: Deed) -> Self {
        let kind = match deed.kind {
            DeedKind::Read => 0,
            DeedKind::Did(kind) => kind as u8 + 1,
        };
        let (post, other) = (deed.post.map_or(0, PostId::get), deed.other.map(|other| other.0));
        Self(deed.step.0, kind, post, other, deed.words, deed.succeeded)
    }
}

impl TryFrom<PlainDeed> for Deed {
    type Error = String;

    fn try_from(PlainDeed(step, kind, post, other, words, succeeded): PlainDeed) -> Result<Self, String> {
        let kind = match kind.checked_sub(1) {
            None => DeedKind::Read,
            Some(kind) => DeedKind::Did(known(kind)?),
        };
        let (step, post, other) = (Step(step), PostId::new(post), other.map(AgentId));
        Ok(Self { step, kind, post, other, words, succeeded })
    }
}

fn known(kind: u8) -> Result<ActionKind, String> {
    let kinds = ActionKind::ALL;
    kinds
        .get(usize::from(kind))
        .copied()
        .ok_or_else(|| format!("{kind} is no kind of action: expected less than {}", kinds.len()))
}

/// Recent, older, tally, summary, how many deeds are not summarised yet.
#[derive(Serialize, Deserialize)]
pub(super) struct PlainMemory(Vec<Deed>, Vec<Deed>, Tally, Box<str>, u32);

impl From<Memory> for PlainMemory {
    fn from(memory: Memory) -> Self {
        let Memory { recent, older, tally, summary, unsummarised } = memory;
        Self(recent.into(), older, tally, summary, unsummarised)
    }
}

impl TryFrom<PlainMemory> for Memory {
    type Error = String;

    fn try_from(
        PlainMemory(recent, older, tally, summary, unsummarised): PlainMemory,
    ) -> Result<Self, String> {
        for &(kind, _) in &tally.did {
            known(kind)?;
        }
        Ok(Self { recent: recent.into(), older, tally, summary, unsummarised })
    }
}
