//! The template files that prompts are made of.

use std::path::{Path, PathBuf};

use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};

use crate::{PromptConfig, PromptPlatform};

/// Why a prompt cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// The section is wrong.
    #[error("{0}")]
    Config(String),
    /// A template file cannot be read.
    #[error("prompt.template: cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A template file is not divided as it should be.
    #[error("prompt.template: {path}: {reason}")]
    Parts {
        /// The file.
        path: String,
        /// What was expected.
        reason: String,
    },
    /// A template is wrong, or uses a variable that there is not.
    #[error(
        "prompt.template: {path}, line {line}, part {part}: {reason} (the variables are in docs/prompts.md)"
    )]
    Template {
        /// The file.
        path: String,
        /// The part's name.
        part: &'static str,
        /// The line in the file, from 1; 0 where unknown.
        line: usize,
        /// What is wrong.
        reason: String,
    },
}

/// A part of a template file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    System,
    Turn,
    Feed,
    Looked,
    Repair,
}

impl Part {
    const ALL: [Self; 5] = [Self::System, Self::Turn, Self::Feed, Self::Looked, Self::Repair];

    fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Turn => "turn",
            Self::Feed => "feed",
            Self::Looked => "looked",
            Self::Repair => "repair",
        }
    }

    /// The part that begins with this line: `{# turn #}`.
    fn begun_by(line: &str) -> Option<Self> {
        let name = line.trim().strip_prefix("{#")?.strip_suffix("#}")?.trim();
        Self::ALL.into_iter().find(|part| part.name() == name)
    }
}

/// Compiled templates.
pub(crate) struct Templates {
    environment: Environment<'static>,
    /// Where each part comes from.
    origins: [String; Part::ALL.len()],
}

const X: &str = include_str!("../templates/x.jinja");
const REDDIT: &str = include_str!("../templates/reddit.jinja");

impl Templates {
    /// The platform's templates, with those of the user's file in the place of the same parts.
    pub(crate) fn new(config: &PromptConfig) -> Result<Self, PromptError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        let syntax = minijinja::syntax::SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.expect("the usual delimiters are valid"));
        let mut templates = Self { environment, origins: Default::default() };
        match config.platform {
            PromptPlatform::X => templates.add("x.jinja", X)?,
            PromptPlatform::Reddit => templates.add("reddit.jinja", REDDIT)?,
        }
        if let Some(path) = &config.template {
            let text = read(path)?;
            templates.add(&path.display().to_string(), &text)?;
        }
        Ok(templates)
    }

    fn add(&mut self, path: &str, text: &str) -> Result<(), PromptError> {
        let wrong = |reason: String| PromptError::Parts { path: path.to_owned(), reason };
        let mut parts: Vec<(Part, String)> = Vec::new();
        for (number, line) in text.lines().enumerate() {
            if let Some(part) = Part::begun_by(line) {
                if parts.iter().any(|(other, _)| *other == part) {
                    return Err(wrong(format!("line {}: a second part {}", number + 1, part.name())));
                }
                // As many lines as stand before it, so that errors name the line of the file.
                parts.push((part, "\n".repeat(number + 1)));
            } else if let Some((_, text)) = parts.last_mut() {
                text.push_str(line);
                text.push('\n');
            } else if !line.trim().is_empty() {
                let names = Part::ALL.map(|part| format!("{{# {} #}}", part.name())).join(", ");
                return Err(wrong(format!("line {}: expected one of {names} on a line first", number + 1)));
            }
        }
        for (part, text) in parts {
            self.origins[part as usize] = path.to_owned();
            self.environment
                .add_template_owned(part.name(), text)
                .map_err(|error| self.error(part, &error))?;
        }
        Ok(())
    }

    /// The part with these variables, without white space around it.
    pub(crate) fn render(&self, part: Part, variables: Value) -> Result<String, PromptError> {
        let rendered = self.environment.get_template(part.name()).and_then(|part| part.render(variables));
        let mut text = rendered.map_err(|error| self.error(part, &error))?;
        text.truncate(text.trim_end().len());
        let blank = text.len() - text.trim_start().len();
        text.drain(..blank);
        Ok(text)
    }

    fn error(&self, part: Part, error: &minijinja::Error) -> PromptError {
        let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        PromptError::Template {
            path: self.origins[part as usize].clone(),
            part: part.name(),
            line: error.line().unwrap_or(0),
            reason: detail,
        }
    }
}

fn read(path: &Path) -> Result<String, PromptError> {
    std::fs::read_to_string(path).map_err(|source| PromptError::Read { path: path.to_owned(), source })
}
