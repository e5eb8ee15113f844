//! Posts and comments.
//!
//! A feed looks at posts here and there, and at many fields of each: so a post row is a record as large as a line of memory. A post row is an original, a repost or a quote. Reposts carry no text of their own; the content of the others
//! lies in [`Contents`], one entry per text, in the order of creation, so that the vectors of recent posts are one
//! contiguous slice. Rows are linked newest first by author and by reposted root.

use murmur_core::{AgentId, CommentId, Draft, PostId, PostKey, Stance, Step, Text, TopicId, heap};

/// What a post row is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum PostKind {
    /// Words of its author's own.
    Original,
    /// Somebody's row shared unchanged; part of its root's cascade.
    Repost,
    /// Somebody's row shared with words of one's own; the root of its own cascade.
    Quote,
}

impl PostKind {
    /// Every kind, in table order; `ALL[kind as usize] == kind`.
    pub const ALL: [Self; 3] = [Self::Original, Self::Repost, Self::Quote];

    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Repost => "repost",
            Self::Quote => "quote",
        }
    }
}

/// Texts, topics, stances and vectors of the rows that have words, in the order of creation.
#[derive(Debug)]
pub struct Contents {
    dimensions: usize,
    post: Vec<PostId>,
    text: Vec<Text>,
    topic: Vec<Option<TopicId>>,
    stance: Vec<Stance>,
    vectors: Vec<f32>,
}

impl Contents {
    fn new(dimensions: usize) -> Self {
        Self {
            dimensions,
            post: Vec::new(),
            text: Vec::new(),
            topic: Vec::new(),
            stance: Vec::new(),
            vectors: Vec::new(),
        }
    }

    fn push(&mut self, post: PostId, draft: &Draft) -> u32 {
        assert_eq!(draft.vector.len(), self.dimensions, "every vector has the platform's dimensions");
        let index = self.post.len() as u32;
        self.post.push(post);
        self.text.push(draft.text.clone());
        self.topic.push(draft.topic);
        self.stance.push(draft.stance);
        self.vectors.extend_from_slice(&draft.vector);
        index
    }

    /// The number of texts.
    pub fn len(&self) -> usize {
        self.post.len()
    }

    /// Whether nothing was ever written.
    pub fn is_empty(&self) -> bool {
        self.post.is_empty()
    }

    /// The row that the text at `index` was written for.
    pub fn post(&self, index: usize) -> PostId {
        self.post[index]
    }

    /// The rows that have words, ascending.
    pub fn posts(&self) -> &[PostId] {
        &self.post
    }

    /// Length of a vector.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// The unit vectors of all texts, `len × dimensions`, row after row.
    pub fn vectors(&self) -> &[f32] {
        &self.vectors
    }

    /// Bytes of the vectors.
    pub fn vector_bytes(&self) -> usize {
        heap::of_column(&self.vectors)
    }

    /// Bytes of all else.
    pub fn text_bytes(&self) -> usize {
        let Self { dimensions: _, post, text, topic, stance, vectors: _ } = self;
        let columns = heap::of_column(post) + heap::of_column(topic) + heap::of_column(stance);
        columns + bytes_of_texts(text)
    }
}

/// Bytes of a column of texts with their words.
fn bytes_of_texts(texts: &Vec<Text>) -> usize {
    let own = texts.iter().map(|text| match text {
        Text::Own(words) => heap::of_text(words),
        Text::Phrase(_) => 0,
    });
    heap::of_column(texts) + own.sum::<usize>()
}

/// Every post row.
#[derive(Debug)]
pub struct Posts {
    /// Indexed by [`PostId::index`].
    rows: Vec<Row>,
    contents: Contents,
    latest_by_author: Vec<Option<PostId>>,
    deleted_count: u32,
}

/// A post row, in one line of memory: as columns, the fields that a feed looks at missed the cache a dozen times.
#[derive(Debug)]
#[repr(align(64))]
struct Row {
    author: AgentId,
    created: Step,
    parent: Option<PostId>,
    original: Option<PostId>,
    content: u32,
    likes: u32,
    dislikes: u32,
    shares: u32,
    comments: u32,
    reports: u32,
    earlier_by_author: Option<PostId>,
    latest_repost: Option<PostId>,
    earlier_repost: Option<PostId>,
    repost_count: u32,
    latest_comment: Option<CommentId>,
    ordinal: u16,
    kind: PostKind,
    deleted: bool,
}

const _: () = assert!(size_of::<Row>() == 64);

impl Posts {
    /// No posts yet, by `agents` possible authors, with vectors of `dimensions`.
    pub fn new(agents: u32, dimensions: usize) -> Self {
        Self {
            rows: Vec::new(),
            contents: Contents::new(dimensions),
            latest_by_author: vec![None; agents as usize],
            deleted_count: 0,
        }
    }

    /// Bytes of the rows on the heap, without [`Self::contents`].
    pub fn row_bytes(&self) -> usize {
        heap::of_column(&self.rows) + heap::of_column(&self.latest_by_author)
    }

    fn row(&self, post: PostId) -> &Row {
        &self.rows[post.index()]
    }

    fn row_mut(&mut self, post: PostId) -> &mut Row {
        &mut self.rows[post.index()]
    }

    /// The number of rows ever made.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether no row was ever made.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Every row's id, in the order of creation, deleted ones included.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = PostId> + use<> {
        (0..self.len()).map(PostId::from_index)
    }

    /// Whether the row exists and was not deleted. The columns of a deleted row stay readable.
    pub fn contains(&self, post: PostId) -> bool {
        self.rows.get(post.index()).is_some_and(|row| !row.deleted)
    }

    /// Whether a row that was made is still there; costs nothing while no row was ever deleted.
    fn stays(&self, post: PostId) -> bool {
        self.deleted_count == 0 || !self.row(post).deleted
    }

    /// The first row created in `step` or later; `len()` rows down if there is none.
    pub fn first_index_since(&self, step: Step) -> usize {
        self.rows.partition_point(|row| row.created < step)
    }

    /// Who made the row (of a repost: who reposted).
    pub fn author(&self, post: PostId) -> AgentId {
        self.row(post).author
    }

    /// When the row was made.
    pub fn created(&self, post: PostId) -> Step {
        self.row(post).created
    }

    /// What the row is.
    pub fn kind(&self, post: PostId) -> PostKind {
        self.row(post).kind
    }

    /// The row's stable key.
    pub fn key(&self, post: PostId) -> PostKey {
        let &Row { author, created, ordinal, .. } = self.row(post);
        PostKey { author, created, ordinal }
    }

    /// The row that the author of a repost or quote was served.
    pub fn parent(&self, post: PostId) -> Option<PostId> {
        self.row(post).parent
    }

    /// What a repost or quote points at (OASIS's `original_post_id`): for a repost its root, for a quote of an
    /// original that original, for a quote of a repost or quote what that one points at.
    pub fn original(&self, post: PostId) -> Option<PostId> {
        self.row(post).original
    }

    /// The root of the cascade that the row belongs to: for a repost what it points at, else the row itself.
    pub fn root(&self, post: PostId) -> PostId {
        match self.kind(post) {
            PostKind::Repost => self.original(post).expect("a repost points at its root"),
            PostKind::Original | PostKind::Quote => post,
        }
    }

    /// Where the row's content lies in [`Self::contents`]; a repost has its root's.
    pub fn content(&self, post: PostId) -> usize {
        self.row(post).content as usize
    }

    /// The words of the row; a repost has its root's, a quote its own.
    pub fn text(&self, post: PostId) -> &Text {
        &self.contents.text[self.content(post)]
    }

    /// The topic of the row's content.
    pub fn topic(&self, post: PostId) -> Option<TopicId> {
        self.contents.topic[self.content(post)]
    }

    /// The stance of the row's content on its topic.
    pub fn stance(&self, post: PostId) -> Stance {
        self.contents.stance[self.content(post)]
    }

    /// The unit vector of the row's content.
    pub fn vector(&self, post: PostId) -> &[f32] {
        let start = self.content(post) * self.contents.dimensions;
        &self.contents.vectors[start..start + self.contents.dimensions]
    }

    /// Texts and vectors.
    pub fn contents(&self) -> &Contents {
        &self.contents
    }

    /// Likes of the row.
    pub fn likes(&self, post: PostId) -> u32 {
        self.row(post).likes
    }

    /// Dislikes of the row.
    pub fn dislikes(&self, post: PostId) -> u32 {
        self.row(post).dislikes
    }

    /// Reposts and quotes that point at the row.
    pub fn shares(&self, post: PostId) -> u32 {
        self.row(post).shares
    }

    /// Comments under the row.
    pub fn comments(&self, post: PostId) -> u32 {
        self.row(post).comments
    }

    /// Reports of the row.
    pub fn reports(&self, post: PostId) -> u32 {
        self.row(post).reports
    }

    /// Reposts of the row, which is a root.
    pub fn repost_count(&self, root: PostId) -> u32 {
        self.row(root).repost_count
    }

    /// An author's rows, newest first.
    pub fn by_author(&self, author: AgentId) -> impl Iterator<Item = PostId> + '_ {
        std::iter::successors(self.latest_by(author), |&post| self.earlier_by_author(post))
            .filter(|&post| self.stays(post))
    }

    /// An author's newest row, deleted ones included.
    pub fn latest_by(&self, author: AgentId) -> Option<PostId> {
        self.latest_by_author[author.index()]
    }

    /// The row that its author made before this one, deleted ones included.
    pub fn earlier_by_author(&self, post: PostId) -> Option<PostId> {
        self.row(post).earlier_by_author
    }

    /// The latest comment under the row, which is not a repost; [`Comments::thread`] goes on from it.
    pub fn latest_comment(&self, post: PostId) -> Option<CommentId> {
        self.row(post).latest_comment
    }

    /// The original whose words OASIS keeps as the row's `content`: the row itself, or, behind a quote, what it
    /// quotes in the end. `None` for a repost, whose `content` is empty.
    pub fn quoted_in_the_end(&self, post: PostId) -> Option<PostId> {
        match self.kind(post) {
            PostKind::Repost => None,
            PostKind::Original | PostKind::Quote => {
                std::iter::successors(Some(post), |&row| self.original(row)).last()
            }
        }
    }

    /// The reposts of a root, newest first.
    pub fn reposts_of(&self, root: PostId) -> impl Iterator<Item = PostId> + '_ {
        std::iter::successors(self.row(root).latest_repost, |&post| self.row(post).earlier_repost)
            .filter(|&post| self.stays(post))
    }

    /// Adds an original, or with `quoted` a quote of that row.
    pub(crate) fn publish(
        &mut self,
        author: AgentId,
        step: Step,
        draft: &Draft,
        quoted: Option<PostId>,
    ) -> PostId {
        let post = PostId::from_index(self.len());
        let content = self.contents.push(post, draft);
        let kind = if quoted.is_some() { PostKind::Quote } else { PostKind::Original };
        let original = quoted.map(|quoted| self.original(quoted).unwrap_or(quoted));
        self.push_row(author, step, kind, quoted, original, content);
        if let Some(original) = original {
            self.row_mut(original).shares += 1;
        }
        post
    }

    /// Adds a repost of the row `parent`.
    pub(crate) fn repost(&mut self, author: AgentId, step: Step, parent: PostId) -> PostId {
        let post = PostId::from_index(self.len());
        let root = self.root(parent);
        self.push_row(author, step, PostKind::Repost, Some(parent), Some(root), self.row(root).content);
        let shared = self.row_mut(root);
        shared.repost_count += 1;
        shared.shares += 1;
        self.row_mut(post).earlier_repost = self.row_mut(root).latest_repost.replace(post);
        post
    }

    fn push_row(
        &mut self,
        author: AgentId,
        step: Step,
        kind: PostKind,
        parent: Option<PostId>,
        original: Option<PostId>,
        content: u32,
    ) {
        let post = PostId::from_index(self.len());
        let earlier = self.latest_by_author[author.index()].replace(post);
        let ordinal = match earlier {
            Some(earlier) if self.created(earlier) == step => self.row(earlier).ordinal.saturating_add(1),
            _ => 0,
        };
        self.rows.push(Row {
            author,
            created: step,
            parent,
            original,
            content,
            likes: 0,
            dislikes: 0,
            shares: 0,
            comments: 0,
            reports: 0,
            earlier_by_author: earlier,
            latest_repost: None,
            earlier_repost: None,
            repost_count: 0,
            latest_comment: None,
            ordinal,
            kind,
            deleted: false,
        });
    }

    /// Deletes the row; a repost or quote no longer counts as a share of what it points at.
    pub(crate) fn delete(&mut self, post: PostId) {
        self.row_mut(post).deleted = true;
        self.deleted_count += 1;
        if let Some(original) = self.original(post) {
            self.row_mut(original).shares -= 1;
        }
        if self.kind(post) == PostKind::Repost {
            let root = self.root(post);
            self.row_mut(root).repost_count -= 1;
        }
    }

    pub(crate) fn likes_mut(&mut self, post: PostId) -> &mut u32 {
        &mut self.row_mut(post).likes
    }

    pub(crate) fn dislikes_mut(&mut self, post: PostId) -> &mut u32 {
        &mut self.row_mut(post).dislikes
    }

    pub(crate) fn count_comment(&mut self, post: PostId, comment: CommentId) -> Option<CommentId> {
        self.row_mut(post).comments += 1;
        self.row_mut(post).latest_comment.replace(comment)
    }

    pub(crate) fn count_report(&mut self, post: PostId) {
        self.row_mut(post).reports += 1;
    }
}

/// Every comment. Columns are indexed by [`CommentId::index`].
#[derive(Debug, Default)]
pub struct Comments {
    author: Vec<AgentId>,
    post: Vec<PostId>,
    created: Vec<Step>,
    topic: Vec<Option<TopicId>>,
    stance: Vec<Stance>,
    text: Vec<Text>,
    likes: Vec<u32>,
    dislikes: Vec<u32>,
    earlier: Vec<Option<CommentId>>,
}

impl Comments {
    /// Bytes on the heap.
    pub fn memory_bytes(&self) -> usize {
        let Self { author, post, created, topic, stance, text, likes, dislikes, earlier } = self;
        heap::of_column(author)
            + heap::of_column(post)
            + heap::of_column(created)
            + heap::of_column(topic)
            + heap::of_column(stance)
            + bytes_of_texts(text)
            + heap::of_column(likes)
            + heap::of_column(dislikes)
            + heap::of_column(earlier)
    }

    /// The number of comments.
    pub fn len(&self) -> usize {
        self.author.len()
    }

    /// Whether there is no comment.
    pub fn is_empty(&self) -> bool {
        self.author.is_empty()
    }

    /// Every comment's id, in the order of creation.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = CommentId> + use<> {
        (0..self.len()).map(CommentId::from_index)
    }

    /// Who wrote it.
    pub fn author(&self, comment: CommentId) -> AgentId {
        self.author[comment.index()]
    }

    /// The row it stands under, never a repost.
    pub fn post(&self, comment: CommentId) -> PostId {
        self.post[comment.index()]
    }

    /// When it was written.
    pub fn created(&self, comment: CommentId) -> Step {
        self.created[comment.index()]
    }

    /// What it is about.
    pub fn topic(&self, comment: CommentId) -> Option<TopicId> {
        self.topic[comment.index()]
    }

    /// Where it stands on its topic.
    pub fn stance(&self, comment: CommentId) -> Stance {
        self.stance[comment.index()]
    }

    /// Its words.
    pub fn text(&self, comment: CommentId) -> &Text {
        &self.text[comment.index()]
    }

    /// Likes of the comment.
    pub fn likes(&self, comment: CommentId) -> u32 {
        self.likes[comment.index()]
    }

    /// Dislikes of the comment.
    pub fn dislikes(&self, comment: CommentId) -> u32 {
        self.dislikes[comment.index()]
    }

    /// The comments under a row from its [latest](Posts::latest_comment) on, newest first.
    pub fn thread(&self, latest: Option<CommentId>) -> impl Iterator<Item = CommentId> + '_ {
        std::iter::successors(latest, |comment| self.earlier[comment.index()])
    }

    pub(crate) fn likes_mut(&mut self, comment: CommentId) -> &mut u32 {
        &mut self.likes[comment.index()]
    }

    pub(crate) fn dislikes_mut(&mut self, comment: CommentId) -> &mut u32 {
        &mut self.dislikes[comment.index()]
    }

    /// The id that the next comment gets.
    pub(crate) fn next_id(&self) -> CommentId {
        CommentId::from_index(self.len())
    }

    /// Adds a comment under `post`, whose latest so far is `earlier`.
    pub(crate) fn push(
        &mut self,
        author: AgentId,
        step: Step,
        post: PostId,
        draft: &Draft,
        earlier: Option<CommentId>,
    ) -> CommentId {
        let comment = self.next_id();
        self.author.push(author);
        self.post.push(post);
        self.created.push(step);
        self.topic.push(draft.topic);
        self.stance.push(draft.stance);
        self.text.push(draft.text.clone());
        self.likes.push(0);
        self.dislikes.push(0);
        self.earlier.push(earlier);
        comment
    }
}
