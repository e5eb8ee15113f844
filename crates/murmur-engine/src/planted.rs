//! Posts that the experimenter planted: what they are called, and which claims they are about.

use std::sync::Arc;

use murmur_agents::Side;
use murmur_core::PostId;
use rustc_hash::FxHashMap;

/// What a planted post is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct AboutClaim {
    /// The claim's place in the configuration.
    pub(crate) claim: usize,
    /// Whether the post asserts it.
    pub(crate) side: Side,
}

/// The posts that were planted so far: public, since it follows from the configuration and the events.
#[derive(Clone, Debug, Default)]
pub(crate) struct Planted {
    names: FxHashMap<PostId, Arc<str>>,
    claims: FxHashMap<PostId, AboutClaim>,
}

impl Planted {
    /// Takes in a post that was planted.
    pub(crate) fn add(&mut self, name: &str, root: PostId, about: Option<AboutClaim>) {
        self.names.insert(root, name.into());
        if let Some(about) = about {
            self.claims.insert(root, about);
        }
    }

    /// The claim that a root is about.
    pub(crate) fn claim_of(&self, root: PostId) -> Option<AboutClaim> {
        if self.claims.is_empty() { None } else { self.claims.get(&root).copied() }
    }

    /// Whether a root was planted under one of these names.
    pub(crate) fn is_one_of(&self, root: PostId, names: &[String]) -> bool {
        let name = if self.names.is_empty() { None } else { self.names.get(&root) };
        name.is_some_and(|name| names.iter().any(|wanted| **wanted == **name))
    }
}
