//! Who is signed up, and what each user shows of itself.

use murmur_core::{AgentId, Profile, ProfileEdit, Refusal, heap};

/// The users. Agents that could sign up and have not are none yet.
#[derive(Debug)]
pub struct Accounts {
    profiles: Vec<Option<Profile>>,
    signed_up: usize,
    /// Agents whose profile changed or came into being since the run began, in that order.
    changes: Vec<AgentId>,
}

impl Accounts {
    /// All of these, signed up from the start.
    pub(crate) fn of(profiles: Vec<Profile>) -> Self {
        let signed_up = profiles.len();
        Self { profiles: profiles.into_iter().map(Some).collect(), signed_up, changes: Vec::new() }
    }

    /// Nobody yet of `agents` agents.
    pub(crate) fn vacant(agents: u32) -> Self {
        Self { profiles: vec![None; agents as usize], signed_up: 0, changes: Vec::new() }
    }

    /// Bytes on the heap; the words are often shared with the population, and not counted.
    pub fn memory_bytes(&self) -> usize {
        heap::of_column(&self.profiles) + heap::of_column(&self.changes)
    }

    /// Whether the agent is a user.
    pub fn contains(&self, agent: AgentId) -> bool {
        // Where everybody is signed up, which is the rule, no profile needs to be fetched.
        let everybody = self.signed_up == self.profiles.len();
        agent.index() < self.profiles.len() && (everybody || self.profiles[agent.index()].is_some())
    }

    /// What the agent shows of itself, if it is a user.
    pub fn profile(&self, agent: AgentId) -> Option<&Profile> {
        self.profiles.get(agent.index())?.as_ref()
    }

    /// The users, ascending.
    pub fn users(&self) -> impl Iterator<Item = AgentId> + '_ {
        let agents = (0..self.profiles.len() as u32).map(AgentId);
        agents.filter(|agent| self.profiles[agent.index()].is_some())
    }

    /// Agents whose profile changed or came into being since the run began, in that order.
    pub(crate) fn changes(&self) -> &[AgentId] {
        &self.changes
    }

    pub(crate) fn sign_up(&mut self, agent: AgentId, profile: &Profile) -> Result<(), Refusal> {
        match self.profiles.get_mut(agent.index()) {
            None => Err(Refusal::NoSuchAgent),
            Some(Some(_)) => Err(Refusal::AlreadyDone),
            Some(vacant) => {
                *vacant = Some(profile.clone());
                self.signed_up += 1;
                self.changes.push(agent);
                Ok(())
            }
        }
    }

    pub(crate) fn edit(&mut self, agent: AgentId, edit: &ProfileEdit) -> Result<(), Refusal> {
        let profile = self.profiles.get_mut(agent.index()).and_then(Option::as_mut);
        let profile = profile.ok_or(Refusal::NoSuchAgent)?;
        let fields = [
            (&mut profile.user_name, &edit.user_name),
            (&mut profile.name, &edit.name),
            (&mut profile.bio, &edit.bio),
        ];
        for (field, new) in fields {
            if let Some(new) = new {
                *field = new.clone();
            }
        }
        self.changes.push(agent);
        Ok(())
    }
}
