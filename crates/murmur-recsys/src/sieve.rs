//! The filters: which posts a reader may be shown, and which row of each.

use murmur_core::{AgentId, PostId};
use murmur_store::Public;
use rustc_hash::FxHashSet;

use crate::plan::Filters;
use crate::seen::Seen;

/// Why a candidate was turned away.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Filter {
    /// The reader's own post.
    Own,
    /// By an account that the reader has muted.
    Muted,
    /// By an account that blocks the reader or that it blocks.
    Blocked,
    /// The reader has read it.
    Seen,
    /// Every row of it that the reader might be shown is too old.
    Age,
    /// It was deleted.
    Deleted,
    /// Another row of the same root is a candidate already.
    SameRoot,
    /// The feed has as many posts by its author as it may.
    AuthorCap,
    /// By an account that is suspended or shadow-banned, or of factor 0. What all feeds share of the sources hot, trending
    /// and random leaves such rows out beforehand, and counts nothing.
    Moderated,
}

impl Filter {
    /// Every filter; `ALL[filter as usize] == filter`.
    pub const ALL: [Self; 9] = [
        Self::Own,
        Self::Muted,
        Self::Blocked,
        Self::Seen,
        Self::Age,
        Self::Deleted,
        Self::SameRoot,
        Self::AuthorCap,
        Self::Moderated,
    ];

    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Muted => "muted",
            Self::Blocked => "blocked",
            Self::Seen => "seen",
            Self::Age => "age",
            Self::Deleted => "deleted",
            Self::SameRoot => "same-root",
            Self::AuthorCap => "author-cap",
            Self::Moderated => "moderated",
        }
    }
}

/// Candidates turned away, by filter.
pub(crate) type Dropped = [u64; Filter::ALL.len()];

/// What a sieve has asked for and another may use again.
#[derive(Default)]
pub(crate) struct SieveMemory {
    seen: Vec<PostId>,
    reposters: Vec<AgentId>,
}

/// The filters as one reader meets them.
pub(crate) struct Sieve<'a> {
    public: &'a Public,
    filters: &'a Filters,
    /// Rows before this one are too old.
    first_live: usize,
    viewer: AgentId,
    /// The roots that the reader has read, ascending.
    seen: Vec<PostId>,
    followees: &'a [AgentId],
    /// Those of them who have ever reposted: a minority, as a rule.
    reposters: Vec<AgentId>,
    muted: &'a [AgentId],
}

impl<'a> Sieve<'a> {
    /// The filters as `viewer`, who has read this, meets them, in the memory of another sieve.
    pub(crate) fn new(
        public: &'a Public,
        filters: &'a Filters,
        first_live: usize,
        viewer: AgentId,
        read: &'a Seen,
        memory: SieveMemory,
    ) -> Self {
        let SieveMemory { mut seen, mut reposters } = memory;
        let most = filters.seen.unwrap_or(0);
        let read = if most > 0 { read } else { &[] };
        // An agent that slept has not forgotten yet what is too old by now.
        let remembered = read.iter().filter(|read| read.row.index() >= first_live);
        seen.clear();
        seen.extend(remembered.map(|read| read.root));
        // Another feed of the run may remember more.
        seen.drain(..seen.len().saturating_sub(most));
        seen.sort_unstable();
        let muted = if filters.muted { public.graph.mutes.of(viewer) } else { &[] };
        let followees = public.graph.follows.followees(viewer);
        reposters.clear();
        reposters.extend(followees.iter().filter(|&&followee| public.has_reposted(followee)));
        Self { public, filters, first_live, viewer, seen, followees, reposters, muted }
    }

    /// Its memory, to be used again.
    pub(crate) fn into_memory(self) -> SieveMemory {
        SieveMemory { seen: self.seen, reposters: self.reposters }
    }

    /// The row of `root` that the reader gets to see, or why it sees none.
    ///
    /// The earliest live repost by an account that it follows comes before the root.
    pub(crate) fn row(&self, root: PostId) -> Result<PostId, Filter> {
        self.refuse(root)?;
        self.copy(root).ok_or(Filter::Age)
    }

    /// Why the reader sees no copy of `root`, if that does not depend on the copy.
    pub(crate) fn refuse(&self, root: PostId) -> Result<(), Filter> {
        let posts = self.public.posts();
        let author = posts.author(root);
        if self.filters.own && author == self.viewer {
            return Err(Filter::Own);
        }
        if self.seen.binary_search(&root).is_ok() {
            return Err(Filter::Seen);
        }
        self.hidden(author)?;
        if self.public.moderation().factor(root) == 0.0 {
            return Err(Filter::Moderated);
        }
        if posts.contains(root) { Ok(()) } else { Err(Filter::Deleted) }
    }

    /// The copy of `root`, which is not refused, that the reader sees; `None` if none is young enough.
    pub(crate) fn copy(&self, root: PostId) -> Option<PostId> {
        self.followed_repost(root).or_else(|| (root.index() >= self.first_live).then_some(root))
    }

    /// The earliest live repost of `root` by an account that the reader follows and may see.
    fn followed_repost(&self, root: PostId) -> Option<PostId> {
        let posts = self.public.posts();
        let reposts = posts.repost_count(root) as usize;
        if reposts == 0 || self.reposters.is_empty() {
            return None;
        }
        let shown = |row: &PostId| row.index() >= self.first_live && self.hidden(posts.author(*row)).is_ok();
        // Either list gives the same row; the shorter one is walked.
        if reposts <= self.reposters.len() {
            let followed = |row: &PostId| self.reposters.binary_search(&posts.author(*row)).is_ok();
            posts.reposts_of(root).filter(followed).filter(shown).min()
        } else {
            let by = |&agent: &AgentId| self.public.repost_by(agent, root);
            self.reposters.iter().filter_map(by).filter(shown).min()
        }
    }

    /// The accounts that the reader follows and may see.
    pub(crate) fn shown_followees(&self) -> impl Iterator<Item = AgentId> + '_ {
        self.followees.iter().copied().filter(|&followee| self.hidden(followee).is_ok())
    }

    /// Whether what `other` writes or shares is kept from the reader.
    fn hidden(&self, other: AgentId) -> Result<(), Filter> {
        if self.muted.binary_search(&other).is_ok() {
            return Err(Filter::Muted);
        }
        if self.filters.blocked && self.public.graph.blocked(self.viewer, other) {
            return Err(Filter::Blocked);
        }
        if self.public.moderation().keeps(self.viewer, other) {
            return Err(Filter::Moderated);
        }
        Ok(())
    }
}

/// A reader's sieve with what has gone through it or been turned away.
pub(crate) struct Sifting<'a> {
    pub(crate) sieve: &'a Sieve<'a>,
    /// Roots that are candidates or in the feed already.
    pub(crate) taken: &'a mut FxHashSet<PostId>,
    pub(crate) dropped: &'a mut Dropped,
}

impl Sifting<'_> {
    /// The row of `root` to show, which then counts as taken.
    pub(crate) fn take(&mut self, root: PostId) -> Option<PostId> {
        let row = if self.taken.contains(&root) { Err(Filter::SameRoot) } else { self.sieve.row(root) };
        match row {
            Ok(row) => {
                self.taken.insert(root);
                Some(row)
            }
            Err(filter) => {
                self.dropped[filter as usize] += 1;
                None
            }
        }
    }

    /// Whether a copy of `root`, which is live itself, may be shown.
    pub(crate) fn admits(&mut self, root: PostId) -> bool {
        let taken = self.taken.contains(&root);
        let refused = if taken { Err(Filter::SameRoot) } else { self.sieve.refuse(root) };
        refused.map_err(|filter| self.dropped[filter as usize] += 1).is_ok()
    }
}
