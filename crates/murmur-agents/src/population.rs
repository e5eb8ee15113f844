//! Personas in columns: what is known of each agent and never changes in a run.

use std::sync::Arc;

use murmur_core::{AgentId, Probability, Profile, TopicId, heap};

/// Activation probabilities of one agent per base interval, by hour of the day.
pub type Hours = [Probability; 24];

/// A set of topics, one bit each; there are at most 64.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Interests(pub u64);

impl Interests {
    /// The most topics that a run can have.
    pub const MOST_TOPICS: usize = 64;

    /// The set with `topic` added.
    #[must_use]
    pub fn with(self, topic: TopicId) -> Self {
        Self(self.0 | 1 << topic.0)
    }

    /// Whether `topic` is in the set.
    pub fn contains(self, topic: TopicId) -> bool {
        self.0 >> topic.0 & 1 == 1
    }

    /// The number of topics in the set.
    pub fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether the set is empty.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The topics, ascending.
    pub fn topics(self) -> impl Iterator<Item = TopicId> {
        (0..Self::MOST_TOPICS as u16).map(TopicId).filter(move |&topic| self.contains(topic))
    }
}

/// A text that an agent brings along from before the run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PreviousPost {
    /// The words.
    pub text: Arc<str>,
    /// What it is about, if it is about one of the configured topics.
    pub topic: Option<TopicId>,
}

/// One agent as a reader or a generator describes it.
#[derive(Clone, Debug)]
pub struct Persona {
    /// Handle on the platform.
    pub user_name: Arc<str>,
    /// Displayed name.
    pub name: Arc<str>,
    /// Public self-description.
    pub bio: Arc<str>,
    /// The private description that a language model plays, where there is more than the bio.
    pub character: Option<Arc<str>>,
    /// The topics it cares about; at least one where there are topics.
    pub interests: Interests,
    /// When it is active; `None`: always.
    pub hours: Option<Hours>,
    /// How much it writes, relative to the average of 1.
    pub productivity: f32,
    /// The value of the column that groups agents, if one was asked for.
    pub label: Option<Arc<str>>,
    /// What it wrote before the run, to be posted again.
    pub previous_posts: Vec<PreviousPost>,
    /// Unit vector of what it is interested in.
    pub vector: Box<[f32]>,
}

/// All agents. Columns are indexed by [`AgentId::index`].
#[derive(Debug)]
pub struct Population {
    user_names: Vec<Arc<str>>,
    names: Vec<Arc<str>>,
    bios: Vec<Arc<str>>,
    characters: Vec<Option<Arc<str>>>,
    interests: Vec<Interests>,
    activity: [Vec<f32>; 24],
    productivity: Vec<f32>,
    labels: Vec<Option<Arc<str>>>,
    previous_posts: Vec<Vec<PreviousPost>>,
    dimensions: usize,
    vectors: Vec<f32>,
}

impl Population {
    /// Lays personas out in columns. All vectors have `dimensions`.
    pub fn from_personas(personas: impl Iterator<Item = Persona>, dimensions: usize) -> Self {
        let mut all = Self::with_room(personas.size_hint().0, dimensions);
        all.extend(personas);
        all
    }

    /// Nobody yet, with room for so many: a column that grows by doubling would take half as much again. All vectors have
    /// `dimensions`.
    pub fn with_room(agents: usize, dimensions: usize) -> Self {
        Self {
            user_names: Vec::with_capacity(agents),
            names: Vec::with_capacity(agents),
            bios: Vec::with_capacity(agents),
            characters: Vec::with_capacity(agents),
            interests: Vec::with_capacity(agents),
            activity: std::array::from_fn(|_| Vec::with_capacity(agents)),
            productivity: Vec::with_capacity(agents),
            labels: Vec::with_capacity(agents),
            previous_posts: Vec::with_capacity(agents),
            dimensions,
            vectors: Vec::with_capacity(agents * dimensions),
        }
    }

    fn push(&mut self, persona: Persona) {
        assert_eq!(persona.vector.len(), self.dimensions, "every vector has the platform's dimensions");
        self.user_names.push(persona.user_name);
        self.names.push(persona.name);
        self.bios.push(persona.bio);
        self.characters.push(persona.character);
        self.interests.push(persona.interests);
        for (hour, column) in self.activity.iter_mut().enumerate() {
            column.push(persona.hours.map_or(1.0, |hours| hours[hour].get() as f32));
        }
        self.productivity.push(persona.productivity);
        self.labels.push(persona.label);
        self.previous_posts.push(persona.previous_posts);
        self.vectors.extend_from_slice(&persona.vector);
    }

    /// Bytes of names, bios, characters and earlier posts. Words that agents share count for each of them.
    pub fn text_bytes(&self) -> usize {
        let columns = [&self.user_names, &self.names, &self.bios]
            .map(|texts| heap::of_column(texts) + texts.iter().map(heap::of_text).sum::<usize>());
        let optional = [&self.characters, &self.labels]
            .map(|texts| heap::of_column(texts) + texts.iter().flatten().map(heap::of_text).sum::<usize>());
        let posts = self.previous_posts.iter();
        let posts = posts.map(|posts| {
            heap::of_column(posts) + posts.iter().map(|post| heap::of_text(&post.text)).sum::<usize>()
        });
        let posts = heap::of_column(&self.previous_posts) + posts.sum::<usize>();
        columns.iter().chain(&optional).sum::<usize>() + posts
    }

    /// Bytes of the vectors.
    pub fn vector_bytes(&self) -> usize {
        heap::of_column(&self.vectors)
    }

    /// Bytes of what is neither text nor vector: interests, hours and productivity.
    pub fn trait_bytes(&self) -> usize {
        let hours: usize = self.activity.iter().map(heap::of_column).sum();
        hours + heap::of_column(&self.interests) + heap::of_column(&self.productivity)
    }

    /// The number of agents.
    pub fn len(&self) -> u32 {
        self.user_names.len() as u32
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.user_names.is_empty()
    }

    /// Every agent, in order.
    pub fn agents(&self) -> impl ExactSizeIterator<Item = AgentId> + use<> {
        (0..self.len()).map(AgentId)
    }

    /// What an agent shows of itself when the run begins.
    pub fn profile(&self, agent: AgentId) -> Profile {
        let row = agent.index();
        Profile {
            user_name: self.user_names[row].clone(),
            name: self.names[row].clone(),
            bio: self.bios[row].clone(),
        }
    }

    /// Handle on the platform.
    pub fn user_name(&self, agent: AgentId) -> &str {
        &self.user_names[agent.index()]
    }

    /// Displayed name.
    pub fn name(&self, agent: AgentId) -> &str {
        &self.names[agent.index()]
    }

    /// Public self-description.
    pub fn bio(&self, agent: AgentId) -> &str {
        &self.bios[agent.index()]
    }

    /// The private description that a language model plays, where there is more than the bio.
    pub fn character(&self, agent: AgentId) -> Option<&str> {
        self.characters[agent.index()].as_deref()
    }

    /// The topics an agent cares about.
    pub fn interests(&self, agent: AgentId) -> Interests {
        self.interests[agent.index()]
    }

    /// Activation probabilities per base interval in an hour of the day (0 to 23), in the order of agents.
    pub fn activity(&self, hour: usize) -> &[f32] {
        &self.activity[hour]
    }

    /// How much an agent writes, relative to the average of 1.
    pub fn productivity(&self, agent: AgentId) -> f32 {
        self.productivity[agent.index()]
    }

    /// The value of the column that groups agents.
    pub fn label(&self, agent: AgentId) -> Option<&str> {
        self.labels[agent.index()].as_deref()
    }

    /// What an agent wrote before the run.
    pub fn previous_posts(&self, agent: AgentId) -> &[PreviousPost] {
        &self.previous_posts[agent.index()]
    }

    /// The unit vector of an agent's interests.
    pub fn vector(&self, agent: AgentId) -> &[f32] {
        &self.vectors[agent.index() * self.dimensions..][..self.dimensions]
    }
}

impl Extend<Persona> for Population {
    fn extend<T: IntoIterator<Item = Persona>>(&mut self, personas: T) {
        for persona in personas {
            self.push(persona);
        }
    }
}
