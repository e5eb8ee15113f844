//! The mock server's HTTP: connections, paths, and a request's way through queue, slot and fault to its answer.

use std::net::TcpListener;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use http_body_util::{BodyExt, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, sleep_until};

use super::body::{Cut, Holds, MockBody};
use super::chat::ChatRequest;
use super::config::{MockConfig, Tokens};
use super::draws::{Part, draws, key};
use super::embeddings::EmbeddingRequest;
use super::faults::{Fates, FaultKind, ReplyTraits};
use super::refusal::Refusal;
use super::render;
use super::slots::{Place, Slots};
use super::stats::{Counters, Flight, MockStats};
use crate::key::ApiKey;

/// Longest body of a request, in bytes.
const MOST_BODY: usize = 64 << 20;

/// What all connections share.
pub(crate) struct Shared {
    config: MockConfig,
    key: Option<ApiKey>,
    slots: Arc<Slots>,
    fates: Fates,
    counters: Arc<Counters>,
}

impl Shared {
    pub(crate) fn new(config: MockConfig, key: Option<ApiKey>) -> Self {
        let slots = Arc::new(Slots::new(config.slots, config.queue));
        let fates = Fates::new(&config.faults);
        Self { config, key, slots, fates, counters: Arc::new(Counters::new()) }
    }

    pub(crate) fn stats(&self) -> MockStats {
        self.counters.stats(self.slots.count(), &self.slots.figures())
    }

    fn is_allowed(&self, headers: &HeaderMap) -> bool {
        self.key.as_ref().is_none_or(|key| headers.get(AUTHORIZATION) == Some(&key.header()))
    }
}

/// Serves connections until `stopped` comes or its sender is gone.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>, mut stopped: oneshot::Receiver<()>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    loop {
        let accepted = match select(pin!(listener.accept()), &mut stopped).await {
            Either::Left((accepted, _)) => accepted,
            Either::Right(_) => return,
        };
        let Ok((stream, _)) = accepted else {
            // Too many open files, most likely: some will be closed.
            sleep(Duration::from_millis(10)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let shared = shared.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| answer(&shared, request));
            // An error here is a client that left or a cut on purpose.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// What a model does.
#[derive(Clone, Copy)]
enum Job {
    Chat,
    Embeddings,
}

async fn answer(shared: &Arc<Shared>, request: Request<Incoming>) -> Result<Response<MockBody>, Cut> {
    let path = request.uri().path();
    if path.starts_with("/v1/") && !shared.is_allowed(request.headers()) {
        return Ok(refused(&Refusal::new(401, "authentication_error", "a key is needed, and not this one")));
    }
    let job = match (request.method(), path) {
        (&Method::GET, "/health") => return Ok(ok(br#"{"status":"ok"}"#.to_vec())),
        (&Method::GET, "/stats") => {
            return Ok(ok(serde_json::to_vec(&shared.stats()).expect("figures have a JSON form")));
        }
        (&Method::GET, "/v1/models") => return Ok(ok(models(&shared.config))),
        (&Method::POST, "/v1/chat/completions") => Job::Chat,
        (&Method::POST, "/v1/embeddings") => Job::Embeddings,
        (_, "/health" | "/stats" | "/v1/models" | "/v1/chat/completions" | "/v1/embeddings") => {
            return Ok(refused(&Refusal::new(405, "invalid_request_error", "this path has another method")));
        }
        _ => {
            let message = format!("there is nothing at {path}");
            return Ok(refused(&Refusal::new(404, "invalid_request_error", message)));
        }
    };
    let flight = shared.counters.arrive();
    let body = match Limited::new(request.into_body(), MOST_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            let refusal = Refusal::new(413, "invalid_request_error", "the request is too long");
            return Ok(settle_refused(flight, &refusal));
        }
        // The client left before its request was there.
        Err(_) => return Err(Cut),
    };
    match plan(shared, job, &body) {
        Ok(plan) => carry_out(shared, plan, flight).await,
        Err(refusal) => Ok(settle_refused(flight, &refusal)),
    }
}

/// What is going to be said to a request, and when it may be.
struct Plan {
    key: u64,
    place: Place,
    fault: Option<FaultKind>,
    answer: Answer,
    tokens: Tokens,
}

/// A successful answer.
enum Answer {
    Whole(Vec<u8>),
    /// Events of a stream.
    Events(Vec<Bytes>),
}

/// Reads a request, finds it a place, and writes its answer. A request that is refused has no fate: a retry of it is no
/// attempt more.
fn plan(shared: &Shared, job: Job, body: &[u8]) -> Result<Plan, Refusal> {
    let config = &shared.config;
    let key = key(config.seed, body);
    match job {
        Job::Chat => {
            let request = ChatRequest::read(body)?;
            let mut reply = request.reply(key, config, None)?;
            let (place, fault) = admit(shared, key, reply.traits())?;
            if fault.is_some_and(FaultKind::is_of_reply) {
                reply = request.reply(key, config, fault)?;
            }
            let answer = match request.stream {
                Some(true) => Answer::Events(render::events(&reply, &request.model, request.wants_usage())),
                _ => Answer::Whole(render::whole(&reply, &request.model)),
            };
            Ok(Plan { key, place, fault, answer, tokens: reply.tokens })
        }
        Job::Embeddings => {
            let request = EmbeddingRequest::read(body)?;
            let (answer, tokens) = request.answer(config.dimensions)?;
            let (place, fault) = admit(shared, key, ReplyTraits::default())?;
            Ok(Plan { key, place, fault, answer: Answer::Whole(answer), tokens })
        }
    }
}

fn admit(shared: &Shared, key: u64, reply: ReplyTraits) -> Result<(Place, Option<FaultKind>), Refusal> {
    let place = shared
        .slots
        .enter()
        .ok_or_else(|| Refusal::new(429, "rate_limit_error", "all slots are taken and the queue is full"))?;
    let fault = shared.fates.next(key, reply);
    if let Some(fault) = fault {
        shared.counters.fail(fault);
    }
    Ok((place, fault))
}

async fn carry_out(shared: &Arc<Shared>, plan: Plan, mut flight: Flight) -> Result<Response<MockBody>, Cut> {
    let Plan { key, place, fault, answer, tokens } = plan;
    if let Some(fault) = fault.filter(|&fault| fault.is_at_once()) {
        drop(place);
        return fail(&shared.config, fault, flight).await;
    }
    let mut slot = place.slot().await;
    let jitter = 2.0 * draws(key, Part::Jitter, 0).uniform() - 1.0;
    let (first, whole) = shared.config.latency.times(tokens, slot.busy, shared.config.slots, jitter);
    let (begin, end) = (slot.start + first, slot.start + whole);
    slot.ends(end);
    let is_stream = matches!(answer, Answer::Events(_));
    wait_until(if is_stream { begin } else { end }).await;
    flight.settle(200, tokens);
    let mut body = match answer {
        Answer::Whole(mut json) => {
            drop(slot);
            if fault == Some(FaultKind::BadJson) {
                json.truncate(json.len() / 2);
            }
            MockBody::whole(json).holding(Holds { _slot: None, _flight: flight })
        }
        Answer::Events(mut events) => {
            if fault == Some(FaultKind::BadJson) {
                break_event(&mut events);
            }
            MockBody::stream(timed(events, begin, end)).holding(Holds { _slot: Some(slot), _flight: flight })
        }
    };
    body = match fault {
        Some(FaultKind::CutBody) => body.cut(),
        Some(FaultKind::Slow) => body.slowed(Duration::from_millis(shared.config.faults.slow_ms.into())),
        _ => body,
    };
    let kind = if is_stream { "text/event-stream" } else { "application/json" };
    Ok(response(StatusCode::OK, kind, body))
}

/// The timer is coarse and not free: what is due is not waited for.
async fn wait_until(due: Instant) {
    if due > Instant::now() {
        sleep_until(due).await;
    }
}

/// Events, evenly from `begin` to `end`.
fn timed(events: Vec<Bytes>, begin: Instant, end: Instant) -> impl Iterator<Item = (Instant, Bytes)> {
    let last = events.len().saturating_sub(1).max(1) as u32;
    let time = end - begin;
    (0..).zip(events).map(move |(i, event)| (begin + time.mul_f64(f64::from(i) / f64::from(last)), event))
}

/// Cuts the JSON of the event in the middle.
fn break_event(events: &mut [Bytes]) {
    let place = events.len() / 2;
    if let Some(event) = events.get_mut(place) {
        *event = [&event[..event.len() / 2], b"\n\n"].concat().into();
    }
}

/// A fault for which no model is needed.
async fn fail(config: &MockConfig, fault: FaultKind, mut flight: Flight) -> Result<Response<MockBody>, Cut> {
    let refusal = match fault {
        FaultKind::Timeout => {
            flight.leave_open();
            std::future::pending::<()>().await;
            return Err(Cut);
        }
        FaultKind::Cut => {
            flight.leave_open();
            return Err(Cut);
        }
        FaultKind::Html => {
            flight.settle(200, Tokens::default());
            let page = b"<!DOCTYPE html><html><body><h1>Please sign in</h1></body></html>".to_vec();
            return Ok(response(StatusCode::OK, "text/html; charset=utf-8", MockBody::whole(page)));
        }
        FaultKind::TooMany | FaultKind::TooManyRetryAfter => {
            Refusal::new(429, "rate_limit_error", "too many requests, as configured")
        }
        FaultKind::Unavailable => Refusal::new(503, "service_unavailable", "overloaded, as configured"),
        _ => Refusal::new(500, "server_error", "failed, as configured"),
    };
    let mut response = settle_refused(flight, &refusal);
    if fault == FaultKind::TooManyRetryAfter {
        response.headers_mut().insert(RETRY_AFTER, config.faults.retry_after_seconds.into());
    }
    Ok(response)
}

fn settle_refused(mut flight: Flight, refusal: &Refusal) -> Response<MockBody> {
    flight.settle(refusal.status, Tokens::default());
    refused(refusal)
}

fn models(config: &MockConfig) -> Vec<u8> {
    let model = |id: &String| json!({ "id": id, "object": "model", "created": 0, "owned_by": "murmur" });
    let data: Vec<_> = config.models.iter().map(model).collect();
    json!({ "object": "list", "data": data }).to_string().into_bytes()
}

fn ok(json: Vec<u8>) -> Response<MockBody> {
    response(StatusCode::OK, "application/json", MockBody::whole(json))
}

fn refused(refusal: &Refusal) -> Response<MockBody> {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response(status, "application/json", MockBody::whole(refusal.json()))
}

fn response(status: StatusCode, kind: &'static str, body: MockBody) -> Response<MockBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
