//! What the types of a configuration alone cannot know: whether its parts fit together.

use std::fmt::Display;

use murmur_agents::{Interests, SyntheticConfig};
use murmur_dynamics::diffusion::DiffusionModel;
use murmur_recsys::{Filter, HashedEmbedder, Source};

use super::{
    ActionConfig, AgentsConfig, CallMode, ConditionConfig, Config, EmbedderConfig, GivenGraph, GraphConfig,
    HashedConfig, InterventionConfig, MOST_INTERVENTIONS, MOST_MODELS, MOST_SURVEYS, ModelSection,
    NoMoreKeys, PopulationConfig, TopicConfig, VotesConfig, minute_of_day,
};
use crate::measure::Scope;

impl Config {
    /// Checks what the types alone cannot know.
    ///
    /// # Errors
    /// The first fault found, naming its key and what was expected.
    pub fn check(&self) -> Result<(), String> {
        self.check_run()?;
        self.check_topics()?;
        self.check_population()?;
        self.check_feed()?;
        self.check_behaviour()?;
        self.check_minds()?;
        self.check_seed_posts()?;
        self.check_votes()?;
        self.check_interventions()?;
        self.check_models()?;
        self.check_surveys()?;
        self.check_metrics()
    }

    fn check_models(&self) -> Result<(), String> {
        expect(self.model.len() <= MOST_MODELS, "model", "at most 255 models", self.model.len())?;
        let mut shares = 0.0;
        for (index, model) in self.model.iter().enumerate() {
            let name = &model.server.name;
            let key = format!("model {} ({name})", index + 1);
            if let Some(fault) = model.server.fault() {
                return Err(format!("{key}: {}", fault.trim_start_matches("model.")));
            }
            if self.model[..index].iter().any(|other| other.server.name == *name) {
                return Err(format!("{key}: name: expected a name that no other model has"));
            }
            if let AgentsConfig::Share(part) = &model.agents {
                shares += part.share.get();
                expect(
                    shares <= 1.0 + 1e-9,
                    &format!("{key}: agents.share"),
                    "shares up to 1 in all",
                    shares,
                )?;
            }
        }
        let has_price =
            |model: &ModelSection| model.server.prices.input > 0.0 || model.server.prices.output > 0.0;
        let free = self.model.iter().find(|model| !has_price(model));
        let limits_money = self.calls.run_budget.money.or(self.calls.step_budget.money).is_some();
        if let Some(free) = free.filter(|_| limits_money) {
            return Err(format!(
                "calls: a budget of money expects prices of every model; model {} has none, so that it would never end",
                free.server.name
            ));
        }
        let faults = [self.prompt.fault(), self.memory.fault(), self.stance.fault()];
        if let Some(fault) = faults.into_iter().flatten().next() {
            return Err(fault);
        }
        let seconds = self.calls.step_deadline_seconds.unwrap_or(1.0);
        let fits = seconds > 0.0 && seconds <= 1e6;
        expect(fits, "calls.step_deadline_seconds", "a number above 0 and up to 1000000", seconds)?;
        let replays = self.calls.mode == CallMode::Replay && !self.model.is_empty();
        let sources = !replays || !self.calls.from.is_empty();
        expect(sources, "calls.from", "folders of runs whose replies are replayed", "none")
    }

    fn check_surveys(&self) -> Result<(), String> {
        expect(self.survey.len() <= MOST_SURVEYS, "survey", "at most 1000 surveys", self.survey.len())?;
        for (index, survey) in self.survey.iter().enumerate() {
            let key = |field: &str| format!("survey {} ({}): {field}", index + 1, survey.name);
            if self.survey[..index].iter().any(|other| other.name == survey.name) {
                return Err(key("expected a name that no other survey has"));
            }
            if let Some(topic) = &survey.topic {
                self.expect_topic(&key("topic"), topic)?;
            }
            if let Some(fault) = survey.question().fault() {
                return Err(key(&fault));
            }
        }
        Ok(())
    }

    fn check_run(&self) -> Result<(), String> {
        let run = &self.run;
        expect(run.steps >= 1, "run.steps", "at least 1", run.steps)?;
        expect(
            (1..=1440).contains(&run.minutes_per_step),
            "run.minutes_per_step",
            "1 to 1440 minutes",
            run.minutes_per_step,
        )?;
        let fits = run.steps.checked_mul(run.minutes_per_step).is_some();
        expect(fits, "run.steps", "a run of fewer than 4,294,967,296 simulated minutes", run.steps)?;
        expect(minute_of_day(&run.start).is_some(), "run.start", "a time of day as HH:MM", &run.start)
    }

    fn check_topics(&self) -> Result<(), String> {
        if self.topic.is_empty() && !self.is_script_alone() {
            return Err(
                "topic: expected at least one, for instance\n\n  [[topic]]\n  name = \"the election\"\n  \
                        words = [\"ballot\", \"candidate\"]\n"
                    .to_owned(),
            );
        }
        let count = self.topic.len();
        expect(count <= Interests::MOST_TOPICS, "topic", "at most 64 topics", count)?;
        for (index, topic) in self.topic.iter().enumerate() {
            let key = format!("topic {}", index + 1);
            expect(!topic.name.trim().is_empty(), &key, "a name", format!("{:?}", topic.name))?;
            let short_words = topic.words.iter().filter(|word| word.trim().is_empty()).count();
            expect(
                short_words == 0,
                &format!("{key}: words"),
                "no empty words",
                format!("{:?}", topic.words),
            )?;
            expect(
                topic.words.len() <= 256,
                &format!("{key}: words"),
                "at most 256 words",
                topic.words.len(),
            )?;
            if self.topic_named(&topic.name) != Some(index) {
                return Err(format!(
                    "{key}: expected a name that no other topic has, found {:?}",
                    topic.name
                ));
            }
        }
        Ok(())
    }

    fn check_population(&self) -> Result<(), String> {
        if self.is_script_alone() {
            let signed_up_by = self.script.path.is_some();
            expect(signed_up_by, "script.path", "the script that signs the agents up", "nothing")?;
            let none = GraphConfig::Given(GivenGraph::Population(NoMoreKeys {}));
            expect(self.graph == none, "graph.kind", "`population`, with a script as population", "another")?;
        }
        let has_writers = self.backlog.posts == 0 || !self.is_script_alone();
        expect(has_writers, "backlog.posts", "0, with a script as population", self.backlog.posts)?;
        self.check_growth()?;
        if let PopulationConfig::Synthetic(population) = &self.population {
            expect(population.size != Some(0), "population.size", "at least 1 agent", 0)?;
            if let Some(fault) = population.traits.fault() {
                return Err(fault);
            }
            let has_core = population.traits.core_activity.is_none() || self.graph.core_accounts() > 0;
            let wanted =
                "`homophilous` with core accounts, since population.traits.core_activity is about them";
            expect(has_core, "graph.kind", wanted, "no core accounts")?;
            if self.graph == GraphConfig::Given(GivenGraph::Population(NoMoreKeys {})) {
                return Err(
                    "graph.kind: a synthetic population brings no follows; expected a generator or `file`"
                        .to_owned(),
                );
            }
        }
        Ok(())
    }

    /// That made-up agents among those of a file have follows, and that keys about them are about somebody.
    fn check_growth(&self) -> Result<(), String> {
        let grows = self.population_file().is_some_and(|file| file.grow_to.is_some());
        if let Some(file) = self.population_file() {
            if let Some(fault) = file.traits.fault() {
                return Err(fault);
            }
            let has_traits = file.traits != SyntheticConfig::default();
            let wanted = "a number of agents, since population.traits says how made-up ones differ";
            expect(grows || !has_traits, "population.grow_to", wanted, "none")?;
            let of_core = file.traits.core_activity;
            let wanted = "no such key, since the core accounts are the file's agents";
            expect(of_core.is_none(), "population.traits.core_activity", wanted, "one")?;
        }
        let graph = match &self.graph {
            GraphConfig::Given(given) => Some(given),
            GraphConfig::Generated(_) => None,
        };
        if grows && matches!(graph, Some(GivenGraph::Population(_))) {
            return Err(
                "graph.kind: expected `grown` with population.grow_to, a generator or `file`, found \
                        `population`, which leaves made-up agents without follows"
                    .to_owned(),
            );
        }
        let found = "kind `grown`, which is for a population from a file with population.grow_to";
        expect(grows || !matches!(graph, Some(GivenGraph::Grown(_))), "graph.kind", "another", found)
    }

    fn check_feed(&self) -> Result<(), String> {
        if let Some(fault) = self.feed.fault() {
            return Err(fault);
        }
        if let Some(fault) = self.suggestions.fault() {
            return Err(fault);
        }
        if let Some(fault) = self.index.fault() {
            return Err(format!("index: {fault}"));
        }
        match &self.embedder {
            EmbedderConfig::Static(_) => Ok(()),
            EmbedderConfig::Hashed(HashedConfig { dimensions }) => expect(
                HashedEmbedder::new(*dimensions).is_some() && *dimensions <= 4096,
                "embedder.dimensions",
                "a multiple of 64 up to 4096",
                dimensions,
            ),
            EmbedderConfig::Endpoint(endpoint) => endpoint.fault().map_or(Ok(()), Err),
        }
    }

    fn check_behaviour(&self) -> Result<(), String> {
        let behaviour = &self.behaviour;
        let positive = |key: &str, value: f64| {
            let key = format!("behaviour.{key}");
            expect(value > 0.0 && value.is_finite(), &key, "a number above 0", value)
        };
        positive("session_seconds", behaviour.session_seconds)?;
        positive("reading_seconds", behaviour.reading_seconds)?;
        let not_negative = |key: &str, value: f64, most: f64| {
            let key = format!("behaviour.{key}");
            expect((0.0..=most).contains(&value), &key, &format!("a number from 0 to {most}"), value)
        };
        not_negative("writing_seconds", behaviour.writing_seconds, 86_400.0)?;
        not_negative("posts_per_session", behaviour.posts_per_session, 20.0)?;
        if let Some(key) = behaviour.not_finite() {
            return Err(format!("behaviour.{key}: expected a finite number"));
        }
        Ok(())
    }

    /// What agents think, feel and believe.
    fn check_minds(&self) -> Result<(), String> {
        let own = |(index, topic): (usize, &TopicConfig)| {
            let fault = topic.opinion.as_ref()?.fault()?;
            Some(format!("topic {} ({}): opinion.{fault}", index + 1, topic.name))
        };
        let fault = self.opinion.model.fault().map(|fault| format!("opinion.model.{fault}"));
        let fault = fault.or_else(|| self.topic.iter().enumerate().find_map(own));
        let fault = fault.or_else(|| self.emotion.fault());
        let spread = self.diffusion.model.as_ref().and_then(DiffusionModel::fault);
        if let Some(fault) = fault.or_else(|| spread.map(|fault| format!("diffusion.model.{fault}"))) {
            return Err(fault);
        }
        expect(self.claim.len() <= 64, "claim", "at most 64 claims", self.claim.len())?;
        for (index, claim) in self.claim.iter().enumerate() {
            let key = |field: &str| format!("claim {} ({}): {field}", index + 1, claim.name);
            if let Some(fault) = claim.fault() {
                return Err(key(&fault));
            }
            if self.claim_named(&claim.name) != Some(index) {
                return Err(key("name: expected a name that no other claim has"));
            }
            if let Some(topic) = &claim.topic {
                self.expect_topic(&key("topic"), topic)?;
            }
        }
        if let Some(posts) = &self.diffusion.posts {
            self.expect_planted("diffusion.posts", posts)?;
            let has_model = self.diffusion.model.is_some();
            expect(
                has_model,
                "diffusion.model",
                "a model, since diffusion.posts says what it is about",
                "none",
            )?;
        }
        Ok(())
    }

    fn expect_topic(&self, key: &str, topic: &str) -> Result<(), String> {
        let names: Vec<&str> = self.topic.iter().map(|topic| topic.name.as_str()).collect();
        let wanted = format!("one of the topics {names:?}");
        expect(names.contains(&topic), key, &wanted, format!("{topic:?}"))
    }

    fn expect_claim(&self, key: &str, claim: &str) -> Result<(), String> {
        let names: Vec<&str> = self.claim.iter().map(|claim| claim.name.as_str()).collect();
        let wanted = format!("one of the claims {names:?}");
        expect(names.contains(&claim), key, &wanted, format!("{claim:?}"))
    }

    /// Names are of seed posts or of interventions that inject.
    fn expect_planted(&self, key: &str, posts: &[String]) -> Result<(), String> {
        let seeds = (0..self.seed_post.len()).map(|index| self.seed_name(index));
        let injects = |own: &&InterventionConfig| matches!(own.action, ActionConfig::Inject(_));
        let injected = self.intervention.iter().filter(injects).map(|own| own.name.clone());
        let names: Vec<String> = seeds.chain(injected).collect();
        let wanted = format!("names of seed posts or of interventions that inject, which are {names:?}");
        let unknown = posts.iter().find(|name| !names.contains(name));
        unknown.map_or(Ok(()), |name| expect(false, key, &wanted, format!("{name:?}")))
    }

    /// That there may be such a measure.
    fn check_condition(&self, when: &ConditionConfig) -> Result<(), String> {
        let scope = scope_named(&when.scope)?;
        let is_open = matches!(scope, Scope::Cascade | Scope::Network | Scope::Feed);
        let subjects = self.subjects(scope, &when.measure).map(|known| match is_open || known.is_empty() {
            // Whatever it is about; it may never come to hold.
            true => when.subject.iter().cloned().collect(),
            false => known,
        });
        self.check_subject(scope, subjects.as_deref(), when.subject.as_deref())?;
        check_measure_of(scope, &when.measure)
    }

    /// Checks that a run of this configuration may record a measure: that there are such a scope, subject and name in the
    /// table `metrics`.
    ///
    /// # Errors
    /// The first of `scope`, `subject` and `metric` that there is not, and those that there are.
    pub fn check_measure(&self, scope: &str, subject: Option<&str>, metric: &str) -> Result<(), String> {
        let scope = scope_named(scope)?;
        check_measure_of(scope, metric).map_err(|fault| fault.replacen("measure:", "metric:", 1))?;
        self.check_subject(scope, self.subjects(scope, metric).as_deref(), subject)
    }

    /// What `measure` of `scope` can be about; none where it is about the platform as a whole.
    fn subjects(&self, scope: Scope, measure: &str) -> Option<Vec<String>> {
        let topics = || self.topic.iter().map(|topic| topic.name.clone()).collect();
        let subjects: Vec<String> = match scope {
            Scope::Platform | Scope::Votes => return None,
            Scope::Opinion | Scope::Emotion | Scope::Topic => topics(),
            Scope::Network => match &self.metrics.label {
                Some(column) if measure == "e_i_index" => vec![column.clone()],
                _ => topics(),
            },
            Scope::Claim => self.claim.iter().map(|claim| claim.name.clone()).collect(),
            Scope::Intervention => self.intervention.iter().map(|own| own.name.clone()).collect(),
            Scope::Model => self.model.iter().map(|model| model.server.name.clone()).collect(),
            Scope::Feed if measure == "candidates_dropped" => {
                Filter::ALL.map(|filter| filter.name().to_owned()).into()
            }
            Scope::Feed => Source::ALL.map(|source| source.name().to_owned()).into(),
            Scope::Cascade => {
                let names = (0..self.seed_post.len()).map(|index| self.seed_name(index));
                let watched =
                    |name: &String| self.metrics.watch.as_ref().is_none_or(|watch| watch.contains(name));
                names.filter(watched).collect()
            }
        };
        Some(subjects)
    }

    fn check_subject(
        &self,
        scope: Scope,
        subjects: Option<&[String]>,
        subject: Option<&str>,
    ) -> Result<(), String> {
        match (subjects, subject) {
            (None, None) => {}
            (None, Some(subject)) => {
                expect(false, "subject", "none, since the measure is of the run as a whole", subject)?;
            }
            (Some(subjects), None) => {
                let wanted = format!("what the measure is about, such as {subjects:?}");
                expect(false, "subject", &wanted, "none")?;
            }
            (Some(subjects), Some(subject)) => {
                // A claim is measured by group, too.
                let name = subject.split_once('/').map_or(subject, |(name, _)| name);
                let known =
                    subjects.iter().any(|known| known == subject || (scope == Scope::Claim && known == name));
                expect(known, "subject", &format!("one of {subjects:?}"), format!("{subject:?}"))?;
            }
        }
        let votes = scope != Scope::Votes || self.votes.path.is_some();
        expect(votes, "scope", "votes.path besides", "no voting experiment")?;
        let emotions = scope != Scope::Emotion || self.emotion.enabled;
        expect(emotions, "scope", "emotion.enabled = true besides", "emotions that are not simulated")
    }

    fn check_interventions(&self) -> Result<(), String> {
        let count = self.intervention.len();
        expect(count <= MOST_INTERVENTIONS, "intervention", "at most 1000 interventions", count)?;
        for (index, own) in self.intervention.iter().enumerate() {
            let key = |field: &str| format!("intervention {} ({}): {field}", index + 1, own.name);
            if let Some(fault) = own.fault() {
                return Err(key(&fault));
            }
            let seeds = (0..self.seed_post.len()).any(|seed| self.seed_name(seed) == own.name);
            if seeds || self.intervention[..index].iter().any(|other| other.name == own.name) {
                return Err(key("name: expected a name that no other intervention and no seed post has"));
            }
            if let Some(when) = &own.when {
                self.check_condition(when).map_err(|fault| key(&format!("when.{fault}")))?;
            }
            let target = &own.target;
            self.expect_planted(&key("target.posts"), &target.posts)?;
            if let Some(topic) = &target.topic {
                self.expect_topic(&key("target.topic"), topic)?;
            }
            if let Some(claim) = &target.claim {
                self.expect_claim(&key("target.claim"), claim)?;
            }
            if let Some(label) = &target.label {
                let labels: Vec<&str> =
                    self.intervention.iter().filter_map(|own| own.action.label()).collect();
                let wanted = format!("one of the labels that interventions put, which are {labels:?}");
                let is_put = labels.contains(&label.as_str());
                expect(is_put, &key("target.label"), &wanted, format!("{label:?}"))?;
            }
            if let ActionConfig::Inject(inject) = &own.action {
                self.expect_topic(&key("action.topic"), &inject.topic)?;
            }
            if let Some(claim) = own.action.claim() {
                self.expect_claim(&key("action.claim"), claim)?;
            }
        }
        Ok(())
    }

    fn check_seed_posts(&self) -> Result<(), String> {
        for (index, post) in self.seed_post.iter().enumerate() {
            let name = self.seed_name(index);
            let key = |field: &str| format!("seed_post {} ({name}): {field}", index + 1);
            self.expect_topic(&key("topic"), &post.topic)?;
            if let Some(claim) = &post.claim {
                self.expect_claim(&key("claim"), claim)?;
            }
            let denies = !post.asserts && post.claim.is_none();
            expect(!denies, &key("claim"), "the claim that it denies", "none")?;
            if (0..index).any(|earlier| self.seed_name(earlier) == name) {
                return Err(key("expected a name that no other seed post has"));
            }
        }
        Ok(())
    }

    fn check_votes(&self) -> Result<(), String> {
        let votes = &self.votes;
        if votes.path.is_none() {
            let alone = VotesConfig::default();
            let wanted = "the file of the posts, since other keys of votes are given";
            return expect(*votes == alone, "votes.path", wanted, "none");
        }
        expect(votes.over >= 1, "votes.over", "at least 1 step", 0)?;
        let end = u64::from(votes.step) + u64::from(votes.over);
        let wanted = format!("steps up to run.steps ({}) in votes.step + votes.over", self.run.steps);
        expect(end <= u64::from(self.run.steps), "votes.over", &wanted, end)
    }

    fn check_metrics(&self) -> Result<(), String> {
        expect(self.metrics.every != Some(0), "metrics.every", "at least 1 step", 0)?;
        expect(self.journal.checkpoint_every >= 1, "journal.checkpoint_every", "at least 1 step", 0)?;
        let names: Vec<String> = (0..self.seed_post.len()).map(|index| self.seed_name(index)).collect();
        for watched in self.metrics.watch.iter().flatten() {
            let wanted = format!("names of seed posts, which are {names:?}");
            expect(names.contains(watched), "metrics.watch", &wanted, format!("{watched:?}"))?;
        }
        Ok(())
    }
}

/// The scope of that name.
fn scope_named(name: &str) -> Result<Scope, String> {
    let scopes = Scope::NAMES;
    Scope::from_name(name).ok_or_else(|| format!("scope: expected one of {scopes:?}, found {name:?}"))
}

/// That measures of `scope` are called so.
fn check_measure_of(scope: Scope, name: &str) -> Result<(), String> {
    let measures = scope.measures();
    let known = measures.is_empty() || measures.contains(&name);
    expect(known, "measure", &format!("one of {measures:?}"), format!("{name:?}"))
}

/// `Ok` if `holds`, else what was expected of `key` and what was found.
pub(super) fn expect(holds: bool, key: &str, wanted: &str, found: impl Display) -> Result<(), String> {
    if holds { Ok(()) } else { Err(format!("{key}: expected {wanted}, found {found}")) }
}
