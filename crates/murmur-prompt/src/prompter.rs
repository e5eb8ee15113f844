//! The texts of a request, made of a scene, and the actions that a reply asks for.

use minijinja::context;
use minijinja::value::{Serde, Value};
use murmur_core::{Action, ActionKind};
use murmur_llm::ChatReply;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::fault::ReplyFault;
use crate::feeling::Feeling;
use crate::flat::{flat, without_borders};
use crate::menu;
use crate::reading::{Reader, read};
use crate::sight::{Numbers, Sight};
use crate::template::{Part, PromptError, Templates};
use crate::tokens::{clip, tokens};
use crate::view::FeedView;
use crate::{PromptConfig, ReplyFormat};

/// An agent as it comes to the platform.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// Handle on the platform.
    pub user_name: &'a str,
    /// Displayed name.
    pub name: &'a str,
    /// Who it is: what it says of itself, and what else is known.
    pub persona: &'a str,
    /// What it thinks of the topics; may be empty.
    pub opinions: &'a [Opinion<'a>],
    /// How it feels about the topics; may be empty.
    pub feelings: &'a [Feeling<'a>],
    /// What the platform tells it beside its feed, such as corrections; may be empty.
    pub messages: &'a [String],
    /// Simulated day and time, as it is to be read.
    pub time: &'a str,
    /// What it remembers, within its budget; may be empty.
    pub memory: &'a str,
    /// What it is shown.
    pub sight: &'a Sight,
}

/// What an agent thinks of a topic.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Opinion<'a> {
    /// The topic's name.
    pub topic: &'a str,
    /// What it thinks, in words: `strongly against`.
    pub words: &'a str,
}

/// Makes prompts and reads replies, for one configuration and one format.
pub struct Prompter {
    config: PromptConfig,
    format: ReplyFormat,
    menu: Vec<ActionKind>,
    templates: Templates,
    system: String,
    tools: Option<Box<RawValue>>,
    tool_choice: Option<Box<RawValue>>,
    response_format: Option<Box<RawValue>>,
}

impl Prompter {
    /// Compiles the templates.
    ///
    /// # Errors
    /// When the section is wrong, or a template cannot be read or compiled or uses a variable that there is not.
    pub fn new(config: &PromptConfig, format: ReplyFormat) -> Result<Self, PromptError> {
        if let Some(fault) = config.fault() {
            return Err(PromptError::Config(fault));
        }
        let menu = config.kinds();
        let templates = Templates::new(config)?;
        let variables = context! {
            format => match format {
                ReplyFormat::Tools => "tools",
                ReplyFormat::Schema => "schema",
                ReplyFormat::Lines => "lines",
            },
            menu => menu::help(&menu, format),
            example => menu::example(&menu, format),
            most_actions => config.most_actions,
        };
        let system = templates.render(Part::System, variables)?;
        let (tools, tool_choice, response_format) = match format {
            ReplyFormat::Tools => (Some(raw(menu::tools(&menu))), Some(raw("\"required\"".to_owned())), None),
            ReplyFormat::Schema => (None, None, Some(raw(menu::schema(&menu, config)))),
            ReplyFormat::Lines => (None, None, None),
        };
        let config = config.clone();
        let prompter = Self { config, format, menu, templates, system, tools, tool_choice, response_format };
        prompter.try_out()?;
        Ok(prompter)
    }

    /// Renders each part once with all that may occur, so that a wrong template is known at once.
    fn try_out(&self) -> Result<(), PromptError> {
        let opinions = [Opinion { topic: "t", words: "w" }];
        let feelings = [Feeling { topic: "t", words: "w" }];
        let messages = ["m".to_owned()];
        let mut sight = Sight::sample();
        let scene = Scene {
            user_name: "u",
            name: "n",
            persona: "p",
            opinions: &opinions,
            feelings: &feelings,
            messages: &messages,
            time: "day 1 00:00",
            memory: "m",
            sight: &sight,
        };
        self.turn(&scene)?;
        self.looked(&Action::SearchPosts("q".into()), &mut sight, Sight::sample())?;
        self.repair(&ReplyFault::NoAction)?;
        Ok(())
    }

    /// The instructions: the same for all agents, so they come first.
    pub fn system(&self) -> &str {
        &self.system
    }

    /// What agents may do.
    pub fn actions(&self) -> &[ActionKind] {
        &self.menu
    }

    /// The tools, in the Tools format.
    pub fn tools(&self) -> Option<&RawValue> {
        self.tools.as_deref()
    }

    /// That tools must be called, in the Tools format.
    pub fn tool_choice(&self) -> Option<&RawValue> {
        self.tool_choice.as_deref()
    }

    /// The form of the reply, in the Schema format.
    pub fn response_format(&self) -> Option<&RawValue> {
        self.response_format.as_deref()
    }

    /// The form of the reply of an agent that is shown `sight`, in the Schema format with `exact_schema`.
    pub fn exact_format(&self, sight: &Sight) -> Option<Box<RawValue>> {
        let is_exact = self.config.exact_schema && self.format == ReplyFormat::Schema;
        is_exact.then(|| raw(menu::exact_schema(&self.menu, &self.config, sight)))
    }

    /// What the agent is told this time: the only part that differs between agents.
    ///
    /// # Errors
    /// When the template fails on it.
    pub fn turn(&self, scene: &Scene<'_>) -> Result<String, PromptError> {
        let persona = flat(scene.persona);
        let rest = context! {
            user_name => flat(scene.user_name),
            name => flat(scene.name),
            persona => clip(&persona, self.config.persona_tokens),
            opinions => Value::from(Serde(scene.opinions)),
            feelings => Value::from(Serde(scene.feelings)),
            messages => scene.messages.iter().map(|message| flat(message)).collect::<Vec<_>>(),
            time => scene.time,
            memory => without_borders(scene.memory),
        };
        let without_feed = self.templates.render(Part::Turn, context! { feed => "", ..rest.clone() })?;
        let left = self.config.turn_tokens.saturating_sub(tokens(&without_feed));
        let feed = self.feed(scene.sight, Numbers::FIRST, left.max(self.config.feed_tokens))?;
        self.templates.render(Part::Turn, context! { feed, ..rest })
    }

    /// The answer to a look around: what was found, numbered on from what was shown before. It is added to `sight`, by
    /// which the next reply is read.
    ///
    /// # Errors
    /// When the template fails on it.
    pub fn looked(
        &self,
        looked_for: &Action,
        sight: &mut Sight,
        found: Sight,
    ) -> Result<String, PromptError> {
        let feed = self.feed(&found, sight.next_numbers(), self.config.feed_tokens)?;
        sight.found.push(found);
        let words = looked_for.words().map(flat);
        let looked_for = looked_for.kind().name();
        let last = sight.found.len() >= self.config.look_rounds;
        self.templates.render(Part::Looked, context! { looked_for, words, feed, last })
    }

    /// What is said to the model when its reply could not be read.
    ///
    /// # Errors
    /// When the template fails on it.
    pub fn repair(&self, fault: &ReplyFault) -> Result<String, PromptError> {
        self.templates.render(Part::Repair, context! { fault => fault.to_string(), name => fault.name() })
    }

    /// The actions that a reply asks for, in its order: at least one and at most `most_actions`. Each refers only to what
    /// is in `sight`. `do_nothing` stands alone. Drafts have no topic, stance or vector yet.
    ///
    /// # Errors
    /// What is wrong with it: nothing is guessed.
    pub fn parse(&self, reply: &ChatReply, sight: &Sight) -> Result<Vec<Action>, ReplyFault> {
        read(reply, &Reader { format: self.format, menu: &self.menu, config: &self.config, sight })
    }

    /// What is shown, in at most so many tokens.
    fn feed(&self, sight: &Sight, first: Numbers, most: u32) -> Result<String, PromptError> {
        FeedView::new(sight, first, self.config.post_chars)
            .within(most, |view| self.templates.render(Part::Feed, Value::from(Serde(view))))
    }
}

fn raw(json: String) -> Box<RawValue> {
    RawValue::from_string(json).expect("the forms are valid JSON")
}
