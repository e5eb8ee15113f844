//! What an agent is told of itself and of the moment.

use murmur_agents::Observation;
use murmur_core::{AgentId, Slant, Step};
use murmur_prompt::survey::Asked;
use murmur_prompt::{Feeling, Opinion, Scene, Sight, feeling_words};

use super::memories::recall;
use crate::World;

/// The texts of a scene, to be lent to it.
pub(crate) struct SceneText<'a> {
    user_name: String,
    name: String,
    persona: String,
    opinions: Vec<Opinion<'a>>,
    feelings: Vec<Feeling<'a>>,
    messages: Vec<String>,
    time: String,
    memory: String,
}

/// Messages of the platform that an agent is told: the last.
const MESSAGES_TOLD: usize = 2;

impl<'a> SceneText<'a> {
    /// What `agent` is told at `now`, before it is shown `observation`.
    pub(crate) fn new(world: &'a World, now: Step, agent: AgentId, observation: &Observation<'_>) -> Self {
        let about = gist(world, observation);
        Self::of_agent(world, now, agent, &about)
    }

    /// What `agent` is told at `now`, with memories that have to do with what `about` is the vector of.
    pub(crate) fn of_agent(world: &'a World, now: Step, agent: AgentId, about: &[f32]) -> Self {
        let population = &world.population;
        let profile = world.public.accounts().profile(agent).cloned().unwrap_or_default();
        let character = population.character(agent).unwrap_or_default();
        let persona = match (profile.bio.is_empty(), character.contains(&*profile.bio)) {
            (true, _) | (_, true) => character.to_owned(),
            (false, false) => format!("{} {character}", profile.bio).trim_end().to_owned(),
        };
        // A character that somebody has written says what it thinks; drawn opinions would only contradict it.
        let told = population.interests(agent).topics().filter(|_| character.is_empty());
        let opinion = |topic: murmur_core::TopicId| {
            let stance = world.beliefs.of(agent)[topic.index()];
            Opinion { topic: &world.config.topic[topic.index()].name, words: words_of(Slant::of(stance)) }
        };
        Self {
            user_name: profile.user_name.to_string(),
            name: profile.name.to_string(),
            persona,
            opinions: told.map(opinion).collect(),
            feelings: feelings(world, now, agent),
            messages: messages(world, agent),
            time: world.clock.label(now),
            memory: recall(world, now, agent, about),
        }
    }

    /// Who is asked a question beside the turns.
    pub(crate) fn asked(&self, world: &World) -> Asked<'_> {
        Asked {
            name: &self.name,
            persona: &self.persona,
            persona_tokens: world.config.prompt.persona_tokens,
            opinions: &self.opinions,
            memory: &self.memory,
        }
    }

    /// The scene, with what the agent sees.
    pub(crate) fn scene<'s>(&'s self, sight: &'s Sight) -> Scene<'s> {
        Scene {
            user_name: &self.user_name,
            name: &self.name,
            persona: &self.persona,
            opinions: &self.opinions,
            feelings: &self.feelings,
            messages: &self.messages,
            time: &self.time,
            memory: &self.memory,
            sight,
        }
    }
}

/// How `agent` feels about the topics that move it.
fn feelings(world: &World, now: Step, agent: AgentId) -> Vec<Feeling<'_>> {
    let moods = world.emotions.of(agent, now, &world.clock);
    let felt = world.config.topic.iter().zip(moods);
    let felt = felt.filter_map(|(topic, mood)| Some((topic, feeling_words(mood.arousal, mood.valence)?)));
    felt.map(|(topic, words)| Feeling { topic: &topic.name, words }).collect()
}

/// What the platform has told `agent` lately.
fn messages(world: &World, agent: AgentId) -> Vec<String> {
    let told = world.public.moderation().messages_to(agent);
    let last = &told[told.len().saturating_sub(MESSAGES_TOLD)..];
    last.iter().filter_map(|by| world.interventions.message(by)).map(str::to_owned).collect()
}

fn words_of(slant: Slant) -> &'static str {
    match slant {
        Slant::StronglyAgainst => "strongly against",
        Slant::Against => "against",
        Slant::Neutral => "undecided",
        Slant::For => "for",
        Slant::StronglyFor => "strongly for",
    }
}

/// The sum of the vectors of the rows at the top of a feed: what it is about.
fn gist(world: &World, observation: &Observation<'_>) -> Vec<f32> {
    let posts = world.public.posts();
    let mut sum = vec![0.0; world.embedding.dimensions()];
    for seen in observation.feed.iter().take(world.config.prompt.posts) {
        for (sum, value) in sum.iter_mut().zip(posts.vector(posts.root(seen.post))) {
            *sum += value;
        }
    }
    sum
}
