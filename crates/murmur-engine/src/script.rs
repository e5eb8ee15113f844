//! Actions written down beforehand: which are due when, whom they sign up, and what their lines came to.

use std::collections::BTreeMap;
use std::path::PathBuf;

use murmur_agents::{Interests, Persona};
use murmur_core::{Action, AgentId, Event, Found, Outcome, PostId, Probability, Profile, Step};
use murmur_data::DataError;
use murmur_data::script::{ScriptLine, read_script};
use murmur_store::{PostView, Public};
use serde::Serialize;

use crate::{Config, EngineError};

/// A script, in the order of its steps.
#[derive(Debug, Default)]
pub(crate) struct Script {
    path: PathBuf,
    lines: Vec<ScriptLine>,
}

impl Script {
    /// The script that the configuration names; one without lines if it names none. What it publishes has no vectors yet.
    pub(crate) fn read(config: &Config) -> Result<Self, DataError> {
        let Some(path) = &config.script.path else { return Ok(Self::default()) };
        let topics: Vec<&str> = config.topic.iter().map(|topic| topic.name.as_str()).collect();
        let lines = read_script(path, &topics)?;
        Ok(Self { path: path.clone(), lines })
    }

    /// A script that is in no file.
    pub(crate) fn of_lines(lines: Vec<ScriptLine>) -> Self {
        Self { path: PathBuf::from("script"), lines }
    }

    /// What its lines do, to be changed.
    pub(crate) fn actions_mut(&mut self) -> impl Iterator<Item = &mut Action> {
        self.lines.iter_mut().map(|line| &mut line.action)
    }

    /// The lines of a step.
    pub(crate) fn due(&self, step: Step) -> Vec<ScriptLine> {
        let start = self.lines.partition_point(|line| line.step < step);
        self.lines[start..].iter().take_while(|line| line.step == step).cloned().collect()
    }

    /// Checks that the lines fit the other parts of the run, whose population has `agents`.
    pub(crate) fn check(&self, config: &Config, agents: u32) -> Result<(), EngineError> {
        let steps = config.run.steps;
        for line in &self.lines {
            let fault =
                |message: String| EngineError::from(DataError::at_line(&self.path, line.line, message));
            if line.step.0 >= steps {
                return Err(fault(format!(
                    "step: expected one below run.steps ({steps}), found {}",
                    line.step
                )));
            }
            if !config.is_script_alone() && line.agent.0 >= agents {
                let last = agents - 1;
                return Err(fault(format!("agent: expected one from 0 to {last}, found {}", line.agent)));
            }
        }
        Ok(())
    }

    /// The agents that the script signs up, from 0 to the last. Places between them that it leaves out are filled with
    /// agents that never sign up. Who is here does nothing but what the script says, and has no vector yet.
    ///
    /// # Errors
    /// When it signs nobody up, or lets somebody act whom it does not sign up.
    pub(crate) fn personas(&self) -> Result<Vec<Persona>, DataError> {
        let mut profiles: BTreeMap<AgentId, &Profile> = BTreeMap::new();
        for line in &self.lines {
            if let Action::SignUp(profile) = &line.action {
                profiles.entry(line.agent).or_insert(profile);
            }
        }
        let Some((&last, _)) = profiles.last_key_value() else {
            return Err(DataError::whole(
                &self.path,
                "expected a line that signs up an agent (sign_up), found none",
            ));
        };
        if last.0 > MOST_AGENTS {
            let message = format!("agent: expected one from 0 to {MOST_AGENTS}, found {last}");
            let line = self.lines.iter().find(|line| line.agent == last).map_or(1, |line| line.line);
            return Err(DataError::at_line(&self.path, line, message));
        }
        let stranger = |line: &&ScriptLine| {
            let for_platform = matches!(line.action, Action::SignUpProduct(..));
            !for_platform && !profiles.contains_key(&line.agent)
        };
        if let Some(line) = self.lines.iter().find(stranger) {
            let message =
                format!("agent: expected one that a line of the script signs up, found {}", line.agent);
            return Err(DataError::at_line(&self.path, line.line, message));
        }
        let nobody = Profile::default();
        let agents = (0..=last.0).map(AgentId);
        Ok(agents.map(|agent| persona(profiles.get(&agent).unwrap_or(&&nobody))).collect())
    }
}

/// Agents are rows of columns, so that a script cannot number them as it likes.
const MOST_AGENTS: u32 = 10_000_000;

/// Somebody of this profile who is never active.
fn persona(profile: &Profile) -> Persona {
    Persona {
        user_name: profile.user_name.clone(),
        name: profile.name.clone(),
        bio: profile.bio.clone(),
        character: None,
        interests: Interests::default(),
        hours: Some([Probability::of(0.0); 24]),
        productivity: 0.0,
        label: None,
        previous_posts: Vec::new(),
        vector: Box::default(),
    }
}

/// What a line of a script came to, in the names of OASIS.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct LineResult {
    /// Whether the platform carried the action out.
    pub success: bool,
    /// Ids of rows made or taken away, and what was found, by the name that OASIS gives it.
    #[serde(flatten)]
    pub named: BTreeMap<&'static str, Named>,
    /// The posts that a trend or a feed shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub render: Option<Vec<PostView>>,
}

/// What a result names.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(untagged)]
pub enum Named {
    /// One id.
    Id(u32),
    /// Several ids.
    Ids(Vec<u32>),
    /// Messages by group.
    Messages(BTreeMap<u32, Vec<u32>>),
}

impl LineResult {
    /// What `event` came to, right after it happened on `public`.
    pub(crate) fn of(event: &Event, public: &Public) -> Self {
        let id = |name: &'static str, id: u32| BTreeMap::from([(name, Named::Id(id))]);
        let named = match &event.outcome {
            Outcome::Refused(_) => BTreeMap::new(),
            Outcome::Done => match event.action {
                Action::SignUp(_) => id("user_id", event.agent.0),
                Action::SignUpProduct(product, _) => id("product_id", product.0),
                _ => BTreeMap::new(),
            },
            Outcome::Posted(post) => id("post_id", post.get()),
            Outcome::Commented(comment) => id("comment_id", comment.get()),
            Outcome::Recorded(row) => id(row_name(&event.action), row.get()),
            Outcome::Grouped(group) => id("group_id", group.get()),
            Outcome::Sent(sent) => BTreeMap::from([
                ("message_id", Named::Id(sent.message.get())),
                ("to", Named::Ids(sent.to.iter().map(|agent| agent.0).collect())),
            ]),
            Outcome::Found(found) => found_named(found),
        };
        Self { success: event.outcome.succeeded(), named, render: rendered(event, public) }
    }
}

/// The name of the id of the row that an action makes or takes away.
fn row_name(action: &Action) -> &'static str {
    match action {
        Action::LikePost(_) | Action::UnlikePost(_) => "like_id",
        Action::DislikePost(_) | Action::UndoDislikePost(_) => "dislike_id",
        Action::LikeComment(_) | Action::UnlikeComment(_) => "comment_like_id",
        Action::DislikeComment(_) | Action::UndoDislikeComment(_) => "comment_dislike_id",
        Action::Follow(_) | Action::Unfollow(_) => "follow_id",
        Action::Mute(_) | Action::Unmute(_) => "mute_id",
        Action::ReportPost(..) => "report_id",
        other => unreachable!("{} makes no such row", other.kind().name()),
    }
}

fn found_named(found: &Found) -> BTreeMap<&'static str, Named> {
    match found {
        Found::Posts(posts) => {
            BTreeMap::from([("posts", Named::Ids(posts.iter().map(|post| post.get()).collect()))])
        }
        Found::Users(users) => {
            BTreeMap::from([("users", Named::Ids(users.iter().map(|user| user.0).collect()))])
        }
        Found::Groups(groups) => {
            let messages = groups.iter().map(|joined| {
                let ids = joined.messages.iter().map(|message| message.get()).collect();
                (joined.group.get(), ids)
            });
            BTreeMap::from([
                ("joined_groups", Named::Ids(groups.iter().map(|joined| joined.group.get()).collect())),
                ("messages", Named::Messages(messages.collect())),
            ])
        }
    }
}

/// What the agent is shown, of the actions that show posts whole.
fn rendered(event: &Event, public: &Public) -> Option<Vec<PostView>> {
    let Outcome::Found(found) = &event.outcome else { return None };
    match (&event.action, &**found) {
        (Action::Trend | Action::Refresh, Found::Posts(posts)) => {
            Some(posts.iter().map(|&post: &PostId| public.view_for(event.agent, post)).collect())
        }
        _ => None,
    }
}
