//! Phase 3: what each active agent sees in the rows it is served.

use murmur_agents::{Observation, Seen, Ties};
use murmur_core::{AgentId, PostId, Step};
use murmur_recsys::{Feeds, Served, dot};
use rayon::prelude::*;

use crate::World;

/// How many of a root's last engagements an agent looks through for accounts that it follows.
const SOCIAL_PROOF_WINDOW: usize = 32;

/// What all active agents see, in their order.
pub(crate) struct Observations {
    agents: Vec<AgentId>,
    starts: Vec<u32>,
    seen: Vec<Seen>,
}

impl Observations {
    /// Number of active agents.
    pub(crate) fn len(&self) -> usize {
        self.agents.len()
    }

    /// What the agent at `index` sees.
    pub(crate) fn of(&self, index: usize) -> Observation<'_> {
        let rows = self.starts[index] as usize..self.starts[index + 1] as usize;
        Observation { agent: self.agents[index], feed: &self.seen[rows] }
    }
}

/// Looks at the feeds of the active agents.
pub(crate) fn observe(world: &World, now: Step, active: Vec<AgentId>, feeds: &Feeds) -> Observations {
    let _span = tracing::info_span!("observe").entered();
    const CHUNK: usize = 256;
    let parts: Vec<Vec<Seen>> = active
        .par_chunks(CHUNK)
        .enumerate()
        .map(|(chunk, agents)| {
            let feeds = (chunk * CHUNK..).map(|index| feeds.of(index));
            let rows = agents
                .iter()
                .zip(feeds)
                .flat_map(|(&agent, feed)| feed.iter().map(move |&served| look(world, now, agent, served)));
            rows.collect()
        })
        .collect();
    let mut starts = vec![0];
    starts.extend((0..active.len()).scan(0, |end, index| {
        *end += feeds.of(index).len() as u32;
        Some(*end)
    }));
    Observations { agents: active, starts, seen: parts.concat() }
}

/// What `agent` sees in a row served to it.
fn look(world: &World, now: Step, agent: AgentId, served: Served) -> Seen {
    let public = &world.public;
    let posts = public.posts();
    let root = posts.root(served.post);
    let author = posts.author(root);
    let topic = posts.topic(root);
    let stance = posts.stance(root);
    let agreement = topic.map_or(0.0, |topic| 1.0 - stance.distance(world.beliefs.of(agent)[topic.index()]));
    Seen {
        post: served.post,
        author,
        key: posts.key(root),
        topic,
        stance,
        agreement,
        interest: dot(posts.vector(root), world.population.vector(agent)),
        social_proof: social_proof(world, agent, root),
        popularity: posts.likes(root) + posts.shares(root),
        age: world.clock.minutes_between(posts.created(root), now),
        ties: Ties {
            follows_author: public.graph.follows.follows(agent, author),
            likes: posts.likes(root) > 0 && public.likes(agent, root),
            dislikes: posts.dislikes(root) > 0 && public.dislikes(agent, root),
            reposted: posts.repost_count(root) > 0 && public.repost_by(agent, root).is_some(),
            reported: posts.reports(served.post) > 0 && public.has_reported(agent, served.post),
        },
    }
}

/// How many of the last engagements with `root` are by accounts that `agent` follows.
fn social_proof(world: &World, agent: AgentId, root: PostId) -> u32 {
    let follows = &world.public.graph.follows;
    let engagers = world.public.engagers(root).take(SOCIAL_PROOF_WINDOW);
    engagers.filter(|&engager| follows.follows(agent, engager)).count() as u32
}
