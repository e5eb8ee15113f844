//! Which posts and accounts an intervention is about.

use murmur_agents::Side;
use murmur_core::{AgentId, PostId, Probability, Purpose, Stance, Step, Stream, TopicId};

use super::Ground;
use crate::config::{AgentsConfig, LabelOfAgents, TargetConfig};
use crate::language::minds::{Draw, chosen};
use crate::{EngineError, World};

/// What choices of accounts are made from.
pub(super) struct Chooser<'a> {
    pub(super) ground: &'a Ground<'a>,
    /// The intervention's name.
    pub(super) name: &'a str,
}

impl Chooser<'_> {
    /// The accounts that `choice`, under `key`, stands for, ascending. Each `part` of an intervention draws its own.
    pub(super) fn choose(
        &self,
        choice: &AgentsConfig,
        part: &str,
        key: &str,
    ) -> Result<Vec<AgentId>, EngineError> {
        let number = number_of(&format!("{}/{part}", self.name));
        let draw = Draw { purpose: Purpose::Intervention, number, from: 0.0 };
        let Ground { config, population, follows, .. } = self.ground;
        chosen(choice, draw, key, config, population, follows)
    }
}

/// What an intervention's draws are keyed by: its name, so that another one in the list changes none of them (FNV-1a).
fn number_of(name: &str) -> u32 {
    name.bytes().fold(0x811C_9DC5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Posts or accounts.
#[derive(Clone, Debug)]
pub(super) struct Target {
    config: TargetConfig,
    number: u32,
    topic: Option<TopicId>,
    /// The claim's place, and the side that posts take.
    claim: Option<(usize, Option<Side>)>,
    /// The accounts that fit, ascending; `None`: all.
    accounts: Option<Vec<AgentId>>,
}

impl Target {
    /// What `target` means, of the intervention that messages call `key`.
    ///
    /// # Errors
    /// When a choice of accounts does not fit the population.
    pub(super) fn new(chooser: &Chooser<'_>, target: &TargetConfig, key: &str) -> Result<Self, EngineError> {
        let key = |field: &str| format!("{key}: target.{field}");
        let listed = target
            .accounts
            .as_ref()
            .map(|choice| chooser.choose(choice, "accounts", &key("accounts")))
            .transpose()?;
        let group = target.group.as_ref().map(|value| {
            let label = AgentsConfig::Label(LabelOfAgents { value: value.clone() });
            chooser.choose(&label, "group", &key("group"))
        });
        let accounts = match (listed, group.transpose()?) {
            (Some(listed), Some(group)) => {
                Some(listed.into_iter().filter(|agent| group.binary_search(agent).is_ok()).collect())
            }
            (listed, group) => listed.or(group),
        };
        let side = target.asserts.map(|asserts| if asserts { Side::Asserts } else { Side::Denies });
        let claim = target.claim.as_ref().map(|name| {
            let place = chooser.ground.config.claim_named(name).expect("checked with the configuration");
            (place, side)
        });
        let topic = target.topic.as_ref().map(|name| {
            TopicId(chooser.ground.config.topic_named(name).expect("checked with the configuration") as u16)
        });
        Ok(Self { config: target.clone(), number: number_of(chooser.name), topic, claim, accounts })
    }

    /// The accounts that it is about, ascending.
    pub(super) fn accounts(&self, world: &World) -> Vec<AgentId> {
        match &self.accounts {
            Some(accounts) => accounts.iter().copied().filter(|&agent| self.draws(world, agent)).collect(),
            None => world.population.agents().filter(|&agent| self.draws(world, agent)).collect(),
        }
    }

    /// Whether it is about this account.
    pub(super) fn is_about_account(&self, world: &World, agent: AgentId) -> bool {
        let fits = self.accounts.as_ref().is_none_or(|accounts| accounts.binary_search(&agent).is_ok());
        fits && self.draws(world, agent)
    }

    /// Whether the share that is drawn holds the account.
    fn draws(&self, world: &World, agent: AgentId) -> bool {
        let number = Step(self.number);
        let draw = || Stream::first_uniform(world.seed(), Purpose::Intervention, number, agent);
        self.config.share.is_none_or(|share| is_drawn(share, draw()))
    }

    /// Whether it is about this root.
    pub(super) fn is_about(&self, world: &World, root: PostId) -> bool {
        let Self { config, topic, claim, accounts, .. } = self;
        let posts = world.public.posts();
        let stance = posts.topic(root).map(|_| posts.stance(root));
        let beyond = |bound: Option<Stance>, holds: fn(Stance, Stance) -> bool| {
            bound.is_none_or(|bound| stance.is_some_and(|stance| holds(stance, bound)))
        };
        let is_about_claim = |&(claim, side): &(usize, Option<Side>)| {
            let about = world.planted.claim_of(root);
            about.is_some_and(|about| about.claim == claim && side.is_none_or(|side| side == about.side))
        };
        let moderation = world.public.moderation();
        topic.is_none_or(|topic| posts.topic(root) == Some(topic))
            && beyond(config.stance_above, |stance, bound| stance > bound)
            && beyond(config.stance_below, |stance, bound| stance < bound)
            && accounts.as_ref().is_none_or(|accounts| accounts.binary_search(&posts.author(root)).is_ok())
            && config.label.as_ref().is_none_or(|label| moderation.labels(root).any(|own| own == label))
            && (config.posts.is_empty() || world.planted.is_one_of(root, &config.posts))
            && claim.as_ref().is_none_or(is_about_claim)
            && config.share.is_none_or(|share| is_drawn(share, self.draw_about(world, root)))
    }

    /// The label that posts have to bear.
    pub(super) fn label(&self) -> Option<&str> {
        self.config.label.as_deref()
    }

    /// What it asks for, in words; empty for all.
    pub(super) fn words(&self) -> String {
        let TargetConfig {
            posts,
            topic,
            stance_above,
            stance_below,
            claim,
            asserts,
            label,
            accounts,
            group,
            share,
        } = &self.config;
        let mut words = Vec::new();
        if !posts.is_empty() {
            words.push(format!("post {}", posts.join(" or ")));
        }
        words.extend(topic.iter().map(|topic| format!("topic {topic}")));
        words.extend(stance_above.iter().map(|bound| format!("stance above {}", bound.get())));
        words.extend(stance_below.iter().map(|bound| format!("stance below {}", bound.get())));
        words.extend(claim.iter().map(|claim| match asserts {
            None => format!("claim {claim}"),
            Some(true) => format!("asserts {claim}"),
            Some(false) => format!("denies {claim}"),
        }));
        words.extend(label.iter().map(|label| format!("label {label}")));
        words.extend(accounts.iter().map(|_| "listed account".to_owned()));
        words.extend(group.iter().map(|group| format!("group {group}")));
        words.extend(share.iter().map(|share| format!("drawn with probability {}", share.get())));
        words.join(", ")
    }

    fn draw_about(&self, world: &World, root: PostId) -> f64 {
        // No account has that number.
        let draws = Stream::new(world.seed(), Purpose::Intervention, Step(self.number), AgentId(u32::MAX));
        draws.about(world.public.posts().key(root)).uniform()
    }
}

fn is_drawn(share: Probability, draw: f64) -> bool {
    draw < share.get()
}
