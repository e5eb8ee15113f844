//! Many chat requests to the servers of one model: all of them kept full, none asked for more than it bears, no request
//! lost or counted twice.
//!
//! One loop, on the thread that calls [`Scheduler::run`], does everything but the bytes on the wire: it sends while an
//! endpoint has room, then waits for whichever comes first of an answer and a moment at which something is due. A
//! request is rendered when it is sent, and again for each retry, so that what waits takes four bytes.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::{FutureExt, LocalBoxFuture};
use futures_util::stream::{FuturesUnordered, StreamExt};
use rustc_hash::FxHashMap;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{sleep_until, timeout_at};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::account::Account;
use crate::answer::{self, ChatReply};
use crate::bucket::Bucket;
use crate::chat::{PreparedRequest, RequestHash};
use crate::endpoints::{self, Endpoint, Endpoints, Resource};
use crate::figures::Figures;
use crate::pace::Epoch;
use crate::server::{Failure, Server};
use crate::{CallFailure, ModelConfig, ModelError, ServerError, retry};

/// The loop looks around at least so often.
const TICK: Duration = Duration::from_secs(1);
/// Requests that are rendered one after the other before the loop looks around.
const BURST: usize = 32;
/// How often an endpoint that is not ready is asked again.
const READY_AGAIN: Duration = Duration::from_millis(500);

/// A reply, or why there is none.
pub type CallOutcome = Result<ChatReply, CallFailure>;

/// What became of a call.
#[derive(Clone, PartialEq, Debug)]
pub struct CallResult {
    /// What the request is known by. `None` if it was never rendered.
    pub hash: Option<RequestHash>,
    /// What came of it: this and the hash are what a ledger keeps.
    pub outcome: CallOutcome,
    /// How often it was sent. Like what follows, telemetry: it differs from run to run.
    pub attempts: u32,
    /// Time from its first attempt.
    pub elapsed: Duration,
    /// Base URL of the endpoint that gave the outcome.
    pub endpoint: Option<Arc<str>>,
}

/// What is to be done for a call.
#[derive(Debug)]
pub enum Job {
    /// Ask the model.
    Ask(PreparedRequest),
    /// Nothing: the outcome is known, from a cache.
    Known(RequestHash, Box<CallOutcome>),
}

/// The calls of a step to one model.
pub struct Batch<'a> {
    /// How many.
    pub count: u32,
    /// What ties the i-th call to an endpoint: its agent.
    pub affinity: &'a dyn Fn(u32) -> u64,
    /// Renders the i-th call when there is room for it. It may be asked again for the same call, to retry it.
    pub render: &'a dyn Fn(u32) -> Job,
    /// Told each call's result at once, in the order in which they come, to write it down. If it breaks, nothing more is
    /// sent, what is in flight is dropped, and all the rest is [`CallFailure::Cancelled`] without its being told.
    pub finished: &'a mut dyn FnMut(u32, &CallResult) -> ControlFlow<()>,
    /// After this all that is left has failed.
    pub deadline: Option<Duration>,
    /// What replies are charged to, of the step and of the run. When one is spent nothing more is sent; what is in flight
    /// comes to its end.
    pub accounts: &'a [&'a Account],
}

/// The client of a chat model. What it has learnt about its servers it keeps from batch to batch.
pub struct Scheduler {
    config: Arc<ModelConfig>,
    endpoints: Endpoints,
    requests: Option<Bucket>,
    tokens: Option<Bucket>,
    figures: Arc<Figures>,
    runtime: Runtime,
}

impl Scheduler {
    /// Makes ready to ask; nothing is sent yet.
    ///
    /// # Errors
    /// [`ModelError::Config`], [`ModelError::EndpointsFile`], and [`ModelError::Server`] if there is no key or a server
    /// cannot be set up.
    pub fn new(config: ModelConfig) -> Result<Self, ModelError> {
        if let Some(fault) = config.fault() {
            return Err(ModelError::Config(fault));
        }
        let config = Arc::new(config);
        let now = Instant::now();
        let bucket = |rate: Option<f64>| rate.map(|rate| Bucket::per_minute(rate, now));
        let setup = |error: std::io::Error| {
            let (url, reason) = (config.name.clone(), error.to_string());
            ServerError::Setup { url, reason }
        };
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(setup)?;
        Ok(Self {
            endpoints: Endpoints::new(config.clone())?,
            requests: bucket(config.requests_per_minute),
            tokens: bucket(config.tokens_per_minute),
            figures: Arc::new(Figures::new()),
            config,
            runtime,
        })
    }

    /// The model's configuration, which prepares requests.
    pub fn config(&self) -> &Arc<ModelConfig> {
        &self.config
    }

    /// Figures that are kept up to date while a batch runs.
    pub fn figures(&self) -> Arc<Figures> {
        self.figures.clone()
    }

    /// Waits until every endpoint answers under `/models`. An endpoint that has no such page, but answers, is ready. Not
    /// for use within asynchronous code.
    ///
    /// # Errors
    /// [`ModelError::NotReady`], and [`ModelError::Server`] at once if waiting will not help: a refused key, a redirect,
    /// a certificate that is not trusted.
    pub fn wait_until_ready(&mut self, timeout: Duration) -> Result<(), ModelError> {
        let until = Instant::now() + timeout;
        let mut servers = Vec::new();
        for endpoint in &self.endpoints.list {
            servers.push(endpoints::server(&self.config, &endpoint.url, Resource::Models)?);
        }
        let asked = servers.iter().map(|server| ready(server, until));
        let answers = self.runtime.block_on(futures_util::future::join_all(asked));
        let mut waiting = Vec::new();
        for answer in answers {
            waiting.extend(answer?);
        }
        match waiting.is_empty() {
            true => Ok(()),
            false => Err(ModelError::NotReady { seconds: timeout.as_secs_f64(), waiting }),
        }
    }

    /// Makes the calls of `batch` and returns their results by number. Every call has one; a call that fails is no error
    /// of the batch. Not for use within asynchronous code: it waits.
    pub fn run(&mut self, batch: Batch<'_>) -> Vec<CallResult> {
        let start = Instant::now();
        self.endpoints.begin((0..batch.count).map(batch.affinity));
        let drive = Drive {
            until: batch.deadline.and_then(|deadline| start.checked_add(deadline)),
            batch,
            config: &self.config,
            endpoints: &mut self.endpoints,
            requests: &mut self.requests,
            tokens: &mut self.tokens,
            figures: &self.figures,
            begun: FxHashMap::default(),
            retries: BinaryHeap::new(),
            results: Vec::new(),
            overdue: BTreeSet::new(),
            answered_at: start,
            given_up: false,
        };
        self.runtime.block_on(drive.drive())
    }
}

impl fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scheduler").field("config", &self.config).finish_non_exhaustive()
    }
}

/// Asks until the server answers; if it does not, says what was last heard.
async fn ready(server: &Server, until: Instant) -> Result<Option<String>, ModelError> {
    loop {
        let left = until.saturating_duration_since(Instant::now()).min(Duration::from_secs(10));
        let heard = match server.attempt(None, left.max(Duration::from_millis(10))).await {
            Ok(_) => return Ok(None),
            Err(Failure::Lasting(ServerError::NotFound { .. } | ServerError::Refused { .. })) => {
                return Ok(None);
            }
            Err(Failure::Lasting(error)) => return Err(error.into()),
            Err(Failure::Passing { what, .. }) => what,
        };
        if Instant::now() + READY_AGAIN >= until {
            return Ok(Some(format!("{}: {heard}", server.url())));
        }
        tokio::time::sleep(READY_AGAIN).await;
    }
}

/// A batch on its way.
struct Drive<'a, 'b> {
    batch: Batch<'b>,
    config: &'a ModelConfig,
    endpoints: &'a mut Endpoints,
    requests: &'a mut Option<Bucket>,
    tokens: &'a mut Option<Bucket>,
    figures: &'a Figures,
    /// Calls that are in flight or wait for a retry.
    begun: FxHashMap<u32, Begun>,
    /// Calls that wait for a retry, the first one due on top.
    retries: BinaryHeap<Reverse<Retry>>,
    results: Vec<(u32, CallResult)>,
    until: Option<Instant>,
    /// Calls that have begun and wait for room, by when their time is over.
    overdue: BTreeSet<(Instant, u32)>,
    /// When there was last an endpoint that answers.
    answered_at: Instant,
    given_up: bool,
}

struct Begun {
    hash: RequestHash,
    since: Instant,
    attempts: u32,
    /// Attempts that count towards `retries`.
    failures: u32,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Retry {
    due: Instant,
    call: u32,
    failed_at: usize,
}

/// An attempt under way.
struct Attempt {
    call: u32,
    endpoint: usize,
    epoch: Epoch,
    /// It shows whether an endpoint is in order again.
    is_probe: bool,
    since: Instant,
    tokens_expected: f64,
}

/// An attempt on the wire.
type Exchange = LocalBoxFuture<'static, Ended>;

/// How an attempt ended.
struct Ended {
    attempt: Attempt,
    latency: Duration,
    outcome: CallOutcome,
    /// How long the server asked to be left alone.
    asked: Option<Duration>,
}

impl Drive<'_, '_> {
    async fn drive(mut self) -> Vec<CallResult> {
        let mut in_flight = FuturesUnordered::new();
        while self.results.len() < self.batch.count as usize {
            let now = Instant::now();
            self.look_around(now);
            if let Some(failure) = self.end(now) {
                in_flight.clear();
                self.fail_all(&failure);
                break;
            }
            if self.is_spent() {
                self.fail_waiting(&CallFailure::BudgetSpent);
            }
            let mut sent = 0;
            while sent < BURST && self.send(now, &mut in_flight) {
                sent += 1;
                self.take_in(&mut in_flight);
            }
            self.show(in_flight.len());
            if sent == BURST {
                tokio::task::yield_now().await;
                self.take_in(&mut in_flight);
                continue;
            }
            let wake = self.wake(now).into();
            if in_flight.is_empty() {
                if self.results.len() < self.batch.count as usize && !self.given_up {
                    sleep_until(wake).await;
                }
            } else if let Ok(Some(ended)) = timeout_at(wake, in_flight.next()).await {
                self.ended(ended);
                self.take_in(&mut in_flight);
            }
        }
        self.show(0);
        self.results.sort_unstable_by_key(|&(call, _)| call);
        self.results.into_iter().map(|(_, result)| result).collect()
    }

    /// Takes note of what time brings: a new list of endpoints, retries that are due.
    fn look_around(&mut self, now: Instant) {
        match self.endpoints.refresh(now) {
            Ok(false) => {}
            Ok(true) => self.figures.endpoints_fault(None),
            Err(error) => self.figures.endpoints_fault(Some(error.to_string())),
        }
        while self.retries.peek().is_some_and(|Reverse(retry)| retry.due <= now) {
            if let Some(Reverse(Retry { call, failed_at, .. })) = self.retries.pop() {
                self.endpoints.again(call, (self.batch.affinity)(call), failed_at);
                let due = self.begun.get(&call).and_then(|begun| self.due(begun));
                self.overdue.extend(due.map(|due| (due, call)));
            }
        }
        while self.overdue.first().is_some_and(|&(due, _)| due <= now) {
            if let Some((_, call)) = self.overdue.pop_first() {
                self.endpoints.withdraw(call);
                self.fail([call], &CallFailure::Deadline);
            }
        }
        if self.endpoints.any_answers() {
            self.answered_at = now;
        }
    }

    /// When a call's time is over.
    fn due(&self, begun: &Begun) -> Option<Instant> {
        self.config.deadline_seconds.map(|seconds| begun.since + Duration::from_secs_f64(seconds))
    }

    fn is_spent(&self) -> bool {
        self.batch.accounts.iter().any(|account| account.is_spent())
    }

    /// Why the batch is over before its time, if it is.
    fn end(&self, now: Instant) -> Option<CallFailure> {
        if self.given_up {
            Some(CallFailure::Cancelled)
        } else if self.until.is_some_and(|until| now >= until) {
            Some(CallFailure::Deadline)
        } else if now.saturating_duration_since(self.answered_at) >= self.patience() {
            Some(CallFailure::NoEndpoint)
        } else {
            None
        }
    }

    fn patience(&self) -> Duration {
        Duration::from_secs_f64(self.config.patience_seconds)
    }

    /// Takes in what has ended, and lets what has been rendered be sent.
    fn take_in(&mut self, in_flight: &mut FuturesUnordered<Exchange>) {
        while let Some(Some(ended)) = in_flight.next().now_or_never() {
            self.ended(ended);
        }
    }

    /// Begins the next attempt, or takes a result that is known. Says whether there was something to do: a call, an
    /// endpoint with room, nothing against it in rates and budgets.
    fn send(&mut self, now: Instant, in_flight: &mut FuturesUnordered<Exchange>) -> bool {
        if self.given_up || self.is_spent() {
            return false;
        }
        if self.rates_wait(now) > Duration::ZERO {
            self.endpoints.starve(now);
            return false;
        }
        let Some((call, place)) = self.endpoints.next(now) else { return false };
        if let Some(due) = self.begun.get(&call).and_then(|begun| self.due(begun)) {
            self.overdue.remove(&(due, call));
        }
        match (self.batch.render)(call) {
            Job::Ask(request) => in_flight.push(self.attempt(call, place, request)),
            Job::Known(hash, outcome) => {
                self.begun.remove(&call);
                let (attempts, elapsed, endpoint) = (0, Duration::ZERO, None);
                self.finish(
                    call,
                    CallResult { hash: Some(hash), outcome: *outcome, attempts, elapsed, endpoint },
                );
            }
        }
        true
    }

    fn attempt(&mut self, call: u32, place: usize, request: PreparedRequest) -> Exchange {
        let now = Instant::now();
        let first = Begun { hash: request.hash, since: now, attempts: 0, failures: 0 };
        let begun = self.begun.entry(call).or_insert(first);
        begun.hash = request.hash;
        begun.attempts += 1;
        let due = self.config.deadline_seconds.map(|seconds| begun.since + Duration::from_secs_f64(seconds));
        let left = due.into_iter().chain(self.until).map(|until| until.saturating_duration_since(now)).min();
        let timeout = Duration::from_secs_f64(self.config.timeout_seconds).min(left.unwrap_or(Duration::MAX));

        let tokens_expected = request.tokens_expected();
        take(self.requests, 1.0);
        take(self.tokens, tokens_expected);
        self.figures.attempt();
        let endpoint = &mut self.endpoints.list[place];
        endpoint.in_flight += 1;
        let is_probe = endpoint.breaker.begin();
        let epoch = endpoint.pace.send();
        let attempt = Attempt { call, endpoint: place, epoch, is_probe, since: now, tokens_expected };
        exchange(endpoint.server.clone(), attempt, request, timeout).boxed_local()
    }

    fn ended(&mut self, ended: Ended) {
        let now = Instant::now();
        self.endpoints.list[ended.attempt.endpoint].in_flight -= 1;
        match &ended.outcome {
            Ok(reply) => {
                take(self.tokens, reply.usage.tokens() as f64 - ended.attempt.tokens_expected);
                let cost = self.config.prices.of(reply.usage);
                self.figures.reply(reply.usage, cost);
                self.batch.accounts.iter().for_each(|account| account.charge(cost));
            }
            Err(failure) => {
                take(self.tokens, -ended.attempt.tokens_expected);
                self.figures.failed_attempt(failure);
            }
        }
        let may_go_elsewhere = self.endpoints.has_another(ended.attempt.endpoint);
        self.learn(&ended, may_go_elsewhere, now);
        self.retry_or_finish(ended, may_go_elsewhere, now);
    }

    /// What the end of an attempt says about its endpoint.
    fn learn(&mut self, ended: &Ended, may_go_elsewhere: bool, now: Instant) {
        let Ended { attempt, latency, outcome, asked } = ended;
        let Endpoint { pace, breaker, in_flight, .. } = &mut self.endpoints.list[attempt.endpoint];
        match outcome {
            Ok(_) => {
                pace.reply(attempt.epoch, *latency);
                breaker.success();
            }
            Err(CallFailure::Timeout) if latency.as_secs_f64() < self.config.timeout_seconds => {
                // It was given less time than usual, for the sake of a deadline.
                breaker.abandon_probe(now);
            }
            Err(CallFailure::Overloaded { .. } | CallFailure::Cut { .. } | CallFailure::Timeout) => {
                pace.overload(attempt.epoch);
                breaker.failure(now, *asked, *in_flight);
            }
            // Something answers in its place: a proxy, another service.
            Err(CallFailure::Malformed { .. }) => breaker.failure(now, None, *in_flight),
            Err(failure) if failure.is_of_endpoint() && may_go_elsewhere => {
                breaker.failure(now, None, *in_flight)
            }
            Err(_) => breaker.success(),
        }
    }

    fn retry_or_finish(&mut self, ended: Ended, may_go_elsewhere: bool, now: Instant) {
        let Ended { attempt, mut outcome, asked, .. } = ended;
        let call = attempt.call;
        let patience = self.patience();
        let Some(mut begun) = self.begun.remove(&call) else { return };
        if let Err(failure) = &outcome
            && (failure.is_passing() || failure.is_of_endpoint() && may_go_elsewhere)
        {
            // A probe is not the call's own risk, and a server that says when to come again is taken at its word.
            let is_young = now.saturating_duration_since(begun.since) < patience;
            let is_free = attempt.is_probe || asked.is_some() && is_young;
            begun.failures += u32::from(!is_free);
            // Another endpoint has not asked for anything.
            let due = now + self.backoff(&begun, asked.filter(|_| !may_go_elsewhere));
            if self.due(&begun).is_some_and(|over| due >= over) {
                outcome = Err(CallFailure::Deadline);
            } else if begun.failures <= self.config.retries {
                self.begun.insert(call, begun);
                return self.retries.push(Reverse(Retry { due, call, failed_at: attempt.endpoint }));
            }
        }
        let Begun { hash, since, attempts, .. } = begun;
        let endpoint = Some(self.endpoints.list[attempt.endpoint].url.clone());
        let elapsed = now.saturating_duration_since(since);
        self.finish(call, CallResult { hash: Some(hash), outcome, attempts, elapsed, endpoint });
    }

    /// How long a call waits for its next attempt; the jitter is drawn from its hash.
    fn backoff(&self, begun: &Begun, asked: Option<Duration>) -> Duration {
        let first = Duration::from_secs_f64(self.config.backoff_seconds);
        let draw = xxh3_64_with_seed(&begun.hash.get().to_le_bytes(), begun.attempts.into());
        retry::jittered(first, begun.attempts, draw).max(asked.unwrap_or_default())
    }

    fn finish(&mut self, call: u32, mut result: CallResult) {
        if self.given_up {
            // What is not told must not seem done.
            result.outcome = Err(CallFailure::Cancelled);
        } else {
            self.given_up = (self.batch.finished)(call, &result).is_break();
        }
        if let Err(failure) = &result.outcome {
            self.figures.failure(failure);
        }
        self.results.push((call, result));
    }

    fn fail(&mut self, calls: impl IntoIterator<Item = u32>, failure: &CallFailure) {
        for call in calls {
            let begun = self.begun.remove(&call);
            let now = Instant::now();
            self.finish(
                call,
                CallResult {
                    hash: begun.as_ref().map(|begun| begun.hash),
                    outcome: Err(failure.clone()),
                    attempts: begun.as_ref().map_or(0, |begun| begun.attempts),
                    elapsed: begun.map_or(Duration::ZERO, |begun| now.saturating_duration_since(begun.since)),
                    endpoint: None,
                },
            );
        }
    }

    /// All calls that are not in flight have failed.
    fn fail_waiting(&mut self, failure: &CallFailure) {
        self.overdue.clear();
        let mut waiting = self.endpoints.drain();
        waiting.extend(self.retries.drain().map(|Reverse(retry)| retry.call));
        waiting.sort_unstable();
        self.fail(waiting, failure);
    }

    /// All calls without a result have failed.
    fn fail_all(&mut self, failure: &CallFailure) {
        let mut open = vec![true; self.batch.count as usize];
        self.results.iter().for_each(|&(call, _)| open[call as usize] = false);
        self.fail((0..self.batch.count).filter(|&call| open[call as usize]), failure);
    }

    /// How long the rates forbid to send anything.
    fn rates_wait(&mut self, now: Instant) -> Duration {
        let wait =
            |bucket: &mut Option<Bucket>| bucket.as_mut().map_or(Duration::ZERO, |bucket| bucket.wait(now));
        wait(self.requests).max(wait(self.tokens))
    }

    /// When something is due, at the latest a tick from now.
    fn wake(&mut self, now: Instant) -> Instant {
        let rates = Some(self.rates_wait(now)).filter(|wait| !wait.is_zero()).map(|wait| now + wait);
        let retry = self.retries.peek().map(|Reverse(retry)| retry.due);
        let overdue = self.overdue.first().map(|&(due, _)| due);
        let due = [self.until, rates, retry, overdue, self.endpoints.next_probe(now)];
        due.into_iter().flatten().fold(now + TICK, Instant::min)
    }

    fn show(&self, in_flight: usize) {
        let (endpoints, healthy, capacity) = self.endpoints.counts();
        self.figures.servers(endpoints, healthy, capacity);
        self.figures.in_flight(in_flight);
    }
}

/// Takes `amount` out of a bucket, if there is one.
fn take(bucket: &mut Option<Bucket>, amount: f64) {
    if let Some(bucket) = bucket {
        bucket.take(amount);
    }
}

/// The reply in an answer to a request of `sent` bytes.
fn read(server: &Server, answer: &[u8], sent: usize) -> CallOutcome {
    answer::reply(answer, sent).map_err(|failure| match failure {
        // What was expected may name what was found.
        CallFailure::Malformed { reason } => {
            let reason = server.quote(format!("{reason}: {}", String::from_utf8_lossy(answer)).as_bytes());
            CallFailure::Malformed { reason }
        }
        other => other,
    })
}

/// Sends a request once.
async fn exchange(
    server: Arc<Server>,
    attempt: Attempt,
    request: PreparedRequest,
    timeout: Duration,
) -> Ended {
    let sent = request.body.len();
    let answer = server.attempt(Some(request.body), timeout).await;
    let latency = attempt.since.elapsed();
    let (outcome, asked) = match answer {
        Ok(bytes) => (read(&server, &bytes, sent), None),
        Err(failure) => {
            let asked = match &failure {
                Failure::Passing { asked, .. } => *asked,
                Failure::Lasting(_) => None,
            };
            (Err(CallFailure::from(failure)), asked)
        }
    };
    Ended { attempt, latency, outcome, asked }
}
