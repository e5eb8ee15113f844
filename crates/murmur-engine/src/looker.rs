//! What an agent sees in a row: of the post, of what others did about it, and of what is between the two.

use murmur_agents::{Seen, SeenNote, Ties};
use murmur_core::{AgentId, PostId, Purpose, Step, Stream};
use murmur_recsys::dot;

use crate::World;
use crate::inner::is_flagged;
use crate::planted::AboutClaim;
use crate::sharing::sharing;

/// How many of a root's last engagements an agent looks through for accounts that it follows.
const SOCIAL_PROOF_WINDOW: usize = 32;

/// An agent that looks at rows, with what every look needs.
pub(crate) struct Looker<'a> {
    world: &'a World,
    now: Step,
    agent: AgentId,
    followees: &'a [AgentId],
    /// A bit for each of them, several to a bit: most accounts that are not among them show it here.
    marks: [u64; 4],
}

impl<'a> Looker<'a> {
    pub(crate) fn new(world: &'a World, now: Step, agent: AgentId) -> Self {
        let followees = world.public.graph.follows.followees(agent);
        let mut marks = [0; 4];
        for &followee in followees {
            let (word, bit) = mark(followee);
            marks[word] |= bit;
        }
        Self { world, now, agent, followees, marks }
    }

    /// Adds what the agent sees in each of these rows.
    ///
    /// A pass for each kind of look-up: they all miss the cache, and a short loop has several under way at once, which
    /// takes a tenth less time than row after row.
    pub(crate) fn look(&self, rows: impl Iterator<Item = PostId>, seen: &mut Vec<Seen>) {
        let &Self { world, agent, .. } = self;
        let public = &world.public;
        let posts = public.posts();
        let first = seen.len();
        seen.extend(rows.map(|row| self.glance(row)));
        let seen = &mut seen[first..];
        let interests = world.population.vector(agent);
        for seen in seen.iter_mut() {
            seen.interest = dot(posts.vector(seen.root), interests);
        }
        for seen in seen.iter_mut() {
            seen.ties.likes = posts.likes(seen.root) > 0 && public.likes(agent, seen.root);
        }
        for seen in seen.iter_mut() {
            seen.ties.dislikes = posts.dislikes(seen.root) > 0 && public.dislikes(agent, seen.root);
        }
        for seen in seen.iter_mut() {
            seen.ties.reposted =
                posts.repost_count(seen.root) > 0 && public.repost_by(agent, seen.root).is_some();
        }
        for seen in seen.iter_mut() {
            seen.social_proof = self.social_proof(seen.root);
        }
    }

    /// What a row shows at first sight.
    fn glance(&self, row: PostId) -> Seen {
        let &Self { world, agent, .. } = self;
        let posts = world.public.posts();
        let root = posts.root(row);
        let author = posts.author(root);
        let topic = posts.topic(root);
        let moderation = world.public.moderation();
        let mood = |topic| world.emotions.mood(agent, topic, self.now, &world.clock);
        let believe = |about: AboutClaim| about.side.belief(world.credences.of(agent)[about.claim]);
        Seen {
            post: row,
            root,
            author,
            key: posts.key(root),
            topic,
            stance: posts.stance(root),
            agreement: agreement(world, agent, root),
            interest: 0.0,
            social_proof: 0,
            popularity: posts.likes(root) + posts.shares(root),
            score: posts.likes(root) as i32 - posts.dislikes(root) as i32,
            age: world.clock.minutes_between(posts.created(root), self.now),
            ties: Ties {
                follows_author: self.follows(author),
                reported: posts.reports(row) > 0 && world.public.has_reported(agent, row),
                ..Ties::default()
            },
            mood: topic.map(mood).unwrap_or_default(),
            belief: world.planted.claim_of(root).map_or(0.0, believe),
            is_flagged: is_flagged(world, root),
            friction: moderation.friction(root),
            sharing: sharing(world, self.now, agent, row),
            note: note_to_rate(world, agent, root),
        }
    }

    /// How many of the last engagements with `root` are by accounts that the agent follows.
    fn social_proof(&self, root: PostId) -> u32 {
        let moderation = self.world.public.moderation();
        let engagers = self.world.public.engagers(root).take(SOCIAL_PROOF_WINDOW);
        let counts = |&engager: &AgentId| self.follows(engager) && !moderation.is_hidden(engager);
        engagers.filter(counts).count() as u32
    }

    fn follows(&self, other: AgentId) -> bool {
        let (word, bit) = mark(other);
        self.marks[word] & bit != 0 && self.followees.binary_search(&other).is_ok()
    }
}

/// The note under a root, if there is one that the agent has not rated.
fn note_to_rate(world: &World, agent: AgentId, root: PostId) -> Option<SeenNote> {
    let moderation = world.public.moderation();
    let note = moderation.note(root).filter(|_| !moderation.has_rated(agent, root))?;
    let config = world.interventions.notes(&note.by)?;
    // No agent has that number.
    let draws = Stream::new(world.seed(), Purpose::Rating, Step(0), AgentId(u32::MAX));
    let deviation = draws.about(world.public.posts().key(root)).normal() as f32;
    let quality = config.quality + config.quality_spread * deviation;
    Some(SeenNote { quality, rate: config.raters.get() as f32 })
}

/// The word and the bit of an account in the marks of whoever follows it.
fn mark(agent: AgentId) -> (usize, u64) {
    let hash = agent.0.wrapping_mul(0x9E37_79B9);
    ((hash >> 30) as usize, 1 << (hash >> 24 & 63))
}

/// 1 − |stance − opinion| of a root and a reader; 0 for a post without a topic.
pub(crate) fn agreement(world: &World, agent: AgentId, root: PostId) -> f32 {
    let posts = world.public.posts();
    let stance = posts.stance(root);
    posts.topic(root).map_or(0.0, |topic| 1.0 - stance.distance(world.beliefs.of(agent)[topic.index()]))
}
