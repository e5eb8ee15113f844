//! Groups in which members write to each other.

use std::sync::Arc;

use murmur_core::{AgentId, GroupId, JoinedGroup, MessageId, Refusal, Sent, Step};
use rustc_hash::FxHashMap;

/// A group.
#[derive(Debug)]
pub struct Group {
    /// Its name; others may have the same.
    pub name: Arc<str>,
    /// When it was made.
    pub created: Step,
    /// Who is in it, ascending.
    pub members: Vec<Member>,
    /// What was written in it, the oldest first.
    pub messages: Vec<MessageId>,
}

/// A member of a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Member {
    /// Who.
    pub agent: AgentId,
    /// Since when.
    pub joined: Step,
}

/// A message to a group.
#[derive(Debug)]
pub struct Message {
    /// The group.
    pub group: GroupId,
    /// Who wrote it.
    pub sender: AgentId,
    /// The words.
    pub content: Arc<str>,
    /// When it was written.
    pub sent: Step,
}

/// All groups and their messages.
#[derive(Debug, Default)]
pub struct Groups {
    groups: Vec<Group>,
    messages: Vec<Message>,
    /// The groups that an agent is in, ascending.
    joined: FxHashMap<AgentId, Vec<GroupId>>,
}

impl Groups {
    /// The groups, in the order of their ids.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The messages, in the order of their ids.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// The groups that `agent` is a member of with their messages, ascending.
    pub fn heard_by(&self, agent: AgentId) -> Vec<JoinedGroup> {
        let joined = self.joined.get(&agent).map_or(&[][..], Vec::as_slice);
        joined
            .iter()
            .map(|&group| JoinedGroup { group, messages: self.groups[group.index()].messages.clone() })
            .collect()
    }

    pub(crate) fn create(&mut self, creator: AgentId, step: Step, name: &str) -> GroupId {
        let group = GroupId::from_index(self.groups.len());
        let members = vec![Member { agent: creator, joined: step }];
        self.groups.push(Group { name: name.into(), created: step, members, messages: Vec::new() });
        self.joined.entry(creator).or_default().push(group);
        group
    }

    pub(crate) fn join(&mut self, agent: AgentId, step: Step, group: GroupId) -> Result<(), Refusal> {
        let members = &mut self.groups.get_mut(group.index()).ok_or(Refusal::NoSuchGroup)?.members;
        match members.binary_search_by_key(&agent, |member| member.agent) {
            Ok(_) => Err(Refusal::AlreadyDone),
            Err(place) => {
                members.insert(place, Member { agent, joined: step });
                let joined = self.joined.entry(agent).or_default();
                joined.insert(joined.partition_point(|&other| other < group), group);
                Ok(())
            }
        }
    }

    pub(crate) fn leave(&mut self, agent: AgentId, group: GroupId) -> Result<(), Refusal> {
        let place = self.place_of(agent, group)?;
        self.groups[group.index()].members.remove(place);
        self.joined.entry(agent).or_default().retain(|&other| other != group);
        Ok(())
    }

    pub(crate) fn send(
        &mut self,
        sender: AgentId,
        step: Step,
        group: GroupId,
        content: &str,
    ) -> Result<Sent, Refusal> {
        self.place_of(sender, group)?;
        let message = MessageId::from_index(self.messages.len());
        self.messages.push(Message { group, sender, content: content.into(), sent: step });
        let group = &mut self.groups[group.index()];
        group.messages.push(message);
        let others = group.members.iter().map(|member| member.agent).filter(|&agent| agent != sender);
        Ok(Sent { message, to: others.collect() })
    }

    /// Where the agent stands among the group's members.
    fn place_of(&self, agent: AgentId, group: GroupId) -> Result<usize, Refusal> {
        let members = &self.groups.get(group.index()).ok_or(Refusal::NoSuchGroup)?.members;
        members.binary_search_by_key(&agent, |member| member.agent).map_err(|_| Refusal::NotAMember)
    }
}
