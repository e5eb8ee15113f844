//! The servers of one model: which there are, which has room, and which call goes to which.
//!
//! Each call has a home, found by rendezvous hashing of its affinity, so that an agent's requests meet the same prefix
//! cache step after step, and a server that comes or goes moves nobody else's. Calls wait in their home's queue; an
//! endpoint with room and an empty queue takes from the end of the longest one.

use std::collections::VecDeque;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::breaker::Breaker;
use crate::config::target;
use crate::pace::Pace;
use crate::server::{Calls, Server};
use crate::{ModelConfig, ModelError};

/// How often the file of endpoints is read again.
const REREAD: Duration = Duration::from_secs(1);
/// Longest answer that is read, in bytes.
const MOST_ANSWER: usize = 4 << 20;

/// One server, and how it does.
pub(crate) struct Endpoint {
    pub(crate) url: Arc<str>,
    key: u64,
    pub(crate) server: Arc<Server>,
    pub(crate) pace: Pace,
    pub(crate) breaker: Breaker,
    pub(crate) in_flight: usize,
    queue: VecDeque<u32>,
    /// It stands in the list no longer.
    gone: bool,
}

impl Endpoint {
    fn has_room(&self, now: Instant) -> bool {
        !self.gone && self.in_flight < self.pace.limit() && self.breaker.admits(now)
    }
}

/// The servers of one model.
pub(crate) struct Endpoints {
    config: Arc<ModelConfig>,
    /// A place in it is an endpoint's name while a batch runs.
    pub(crate) list: Vec<Endpoint>,
    file: Option<WatchedFile>,
}

/// The file with the list.
struct WatchedFile {
    path: PathBuf,
    text: String,
    read_at: Instant,
}

/// What `server` is asked.
#[derive(Clone, Copy)]
pub(crate) enum Resource {
    Chat,
    Models,
}

/// The server at a base URL.
pub(crate) fn server(config: &ModelConfig, base: &str, resource: Resource) -> Result<Server, ModelError> {
    let path = match resource {
        Resource::Chat => "chat/completions",
        Resource::Models => "models",
    };
    let url = target(base)
        .and_then(|base| {
            format!("{}/{path}", base.to_string().trim_end_matches('/'))
                .parse()
                .map_err(|_| "too long".to_owned())
        })
        .map_err(|fault| ModelError::Config(format!("model.urls: {fault}")))?;
    let calls = Calls {
        key_variable: config.api_key_env.clone(),
        timeout: Duration::from_secs_f64(config.timeout_seconds),
        retries: 0,
        most_answer: MOST_ANSWER,
    };
    Ok(Server::new(url, calls)?)
}

impl Endpoints {
    pub(crate) fn new(config: Arc<ModelConfig>) -> Result<Self, ModelError> {
        let mut urls = config.urls.clone();
        let mut file = None;
        if let Some(path) = config.endpoints_file.clone() {
            let watched = WatchedFile { text: read(&path)?, path, read_at: Instant::now() };
            urls = watched.urls()?;
            file = Some(watched);
        }
        let mut endpoints = Self { config, list: Vec::new(), file };
        endpoints.set(&urls)?;
        Ok(endpoints)
    }

    /// Takes over `urls`. On an error the list is as before.
    fn set(&mut self, urls: &[String]) -> Result<(), ModelError> {
        let mut new: Vec<Endpoint> = Vec::new();
        for url in urls {
            if !self.list.iter().chain(&new).any(|endpoint| *endpoint.url == **url) {
                new.push(Endpoint {
                    url: url.as_str().into(),
                    key: xxh3_64(url.as_bytes()),
                    server: server(&self.config, url, Resource::Chat)?.into(),
                    pace: Pace::new(self.config.least_in_flight, self.config.most_in_flight),
                    breaker: Breaker::new(),
                    in_flight: 0,
                    queue: VecDeque::new(),
                    gone: false,
                });
            }
        }
        self.list.extend(new);
        for endpoint in &mut self.list {
            endpoint.gone = !urls.iter().any(|url| **url == *endpoint.url);
        }
        Ok(())
    }

    /// Reads the file again if it is time to; says whether it did.
    pub(crate) fn refresh(&mut self, now: Instant) -> Result<bool, ModelError> {
        let Some(file) = self.file.as_mut().filter(|file| now >= file.read_at + REREAD) else {
            return Ok(false);
        };
        file.read_at = now;
        let text = read(&file.path)?;
        if text != file.text {
            let urls = WatchedFile { path: file.path.clone(), text: text.clone(), read_at: now }.urls()?;
            self.set(&urls)?;
            if let Some(file) = &mut self.file {
                file.text = text;
            }
        }
        Ok(true)
    }

    /// Makes ready for a batch of calls with these affinities.
    pub(crate) fn begin(&mut self, affinities: impl Iterator<Item = u64>) {
        self.list.retain(|endpoint| !endpoint.gone);
        for endpoint in &mut self.list {
            endpoint.in_flight = 0;
            endpoint.breaker.abandon_probe(Instant::now());
            endpoint.queue.clear();
        }
        for (call, affinity) in (0..).zip(affinities) {
            let home = self.home(affinity, None);
            self.list[home].queue.push_back(call);
        }
    }

    /// The endpoint that a call is sent to if it has room. Those in order come first, then those that are not to be
    /// avoided. There is always one in the list.
    fn home(&self, affinity: u64, avoid: Option<usize>) -> usize {
        let rank = |&place: &usize| {
            let endpoint = &self.list[place];
            let weight = xxh3_64_with_seed(&affinity.to_le_bytes(), endpoint.key);
            (!endpoint.gone, endpoint.breaker.is_closed(), avoid != Some(place), weight)
        };
        (0..self.list.len()).max_by_key(rank).unwrap_or(0)
    }

    /// Queues a call again, before others, that has failed at an endpoint.
    pub(crate) fn again(&mut self, call: u32, affinity: u64, failed_at: usize) {
        let home = self.home(affinity, Some(failed_at));
        self.list[home].queue.push_front(call);
    }

    /// Takes a call back that has been queued again.
    pub(crate) fn withdraw(&mut self, call: u32) {
        for endpoint in &mut self.list {
            endpoint.queue.retain(|&queued| queued != call);
        }
    }

    /// Whether there is an endpoint in order besides this one.
    pub(crate) fn has_another(&self, than: usize) -> bool {
        let in_order = |endpoint: &Endpoint| !endpoint.gone && endpoint.breaker.is_closed();
        self.list.iter().enumerate().any(|(place, endpoint)| place != than && in_order(endpoint))
    }

    /// Whether there is an endpoint that has not been left alone since it last answered well.
    pub(crate) fn any_answers(&self) -> bool {
        self.list.iter().any(|endpoint| !endpoint.gone && !endpoint.breaker.is_out())
    }

    /// The next call to send and where to, if there is one and room for it.
    pub(crate) fn next(&mut self, now: Instant) -> Option<(u32, usize)> {
        for (place, endpoint) in self.list.iter_mut().enumerate() {
            if !endpoint.queue.is_empty() && endpoint.has_room(now) {
                return endpoint.queue.pop_front().map(|call| (call, place));
            }
        }
        let taker = self.list.iter().position(|endpoint| endpoint.has_room(now))?;
        let giver = self.list.iter_mut().max_by_key(|endpoint| endpoint.queue.len())?;
        if let Some(call) = giver.queue.pop_back() {
            return Some((call, taker));
        }
        self.starve(now);
        None
    }

    /// There is nothing to send now, even to endpoints with room.
    pub(crate) fn starve(&mut self, now: Instant) {
        for endpoint in self.list.iter_mut().filter(|endpoint| endpoint.has_room(now)) {
            endpoint.pace.starve();
        }
    }

    /// Empties the queues.
    pub(crate) fn drain(&mut self) -> Vec<u32> {
        self.list.iter_mut().flat_map(|endpoint| endpoint.queue.drain(..)).collect()
    }

    /// When the next endpoint that is left alone gets a request.
    pub(crate) fn next_probe(&self, now: Instant) -> Option<Instant> {
        self.list.iter().filter_map(|endpoint| endpoint.breaker.opens_until()).filter(|&at| at > now).min()
    }

    /// How many there are, how many are in order, and how many requests these may have in flight.
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        let here = self.list.iter().filter(|endpoint| !endpoint.gone);
        let healthy = here.clone().filter(|endpoint| !endpoint.breaker.is_open());
        (here.count(), healthy.clone().count(), healthy.map(|endpoint| endpoint.pace.limit()).sum())
    }
}

impl WatchedFile {
    fn urls(&self) -> Result<Vec<String>, ModelError> {
        let fault = |reason| ModelError::EndpointsFile { path: self.path.clone(), reason };
        let mut urls = Vec::new();
        for (number, line) in self.text.lines().enumerate() {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                target(line).map_err(|reason| fault(format!("line {}: {reason}", number + 1)))?;
                urls.push(line.to_owned());
            }
        }
        match urls.is_empty() {
            true => Err(fault("expected a base URL a line, found none".to_owned())),
            false => Ok(urls),
        }
    }
}

fn read(path: &std::path::Path) -> Result<String, ModelError> {
    fs::read_to_string(path)
        .map_err(|error| ModelError::EndpointsFile { path: path.to_owned(), reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoints(urls: &[&str]) -> Endpoints {
        let config = serde_json::json!({ "name": "n", "model": "m", "urls": urls });
        Endpoints::new(Arc::new(serde_json::from_value(config).unwrap())).unwrap()
    }

    fn homes(endpoints: &Endpoints) -> Vec<Arc<str>> {
        (0..3000).map(|affinity| endpoints.list[endpoints.home(affinity, None)].url.clone()).collect()
    }

    #[test]
    fn a_server_that_goes_moves_only_its_own_calls() {
        let all = ["http://a/v1", "http://b/v1", "http://c/v1"];
        let before = homes(&endpoints(&all));
        let after = homes(&endpoints(&[all[2], all[0]]));
        for url in all {
            let share = before.iter().filter(|home| ***home == *url).count();
            assert!((900..1100).contains(&share), "{url}: {share}");
        }
        for (before, after) in before.iter().zip(&after) {
            assert!(before == after || **before == *all[1], "{before} became {after}");
        }
    }

    #[test]
    fn calls_go_home_and_spill_over_when_there_is_no_room() {
        let mut endpoints = endpoints(&["http://a/v1", "http://b/v1"]);
        let now = Instant::now();
        endpoints.begin(std::iter::repeat_n(7, 40));
        let home = endpoints.home(7, None);
        let places: Vec<usize> = std::iter::from_fn(|| {
            let (_, place) = endpoints.next(now)?;
            endpoints.list[place].in_flight += 1;
            Some(place)
        })
        .collect();
        assert_eq!(places, [vec![home; 16], vec![1 - home; 16]].concat());

        for endpoint in &mut endpoints.list {
            endpoint.in_flight = 0;
        }
        endpoints.drain();
        endpoints.again(3, 7, home);
        assert_eq!(endpoints.next(now), Some((3, 1 - home)), "elsewhere after a failure");
        for _ in 0..5 {
            endpoints.list[1 - home].breaker.failure(now, None, 0);
        }
        endpoints.again(3, 7, home);
        assert_eq!(endpoints.next(now), Some((3, home)), "unless elsewhere is worse");
    }
}
