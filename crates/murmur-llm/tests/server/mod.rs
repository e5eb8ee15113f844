//! An HTTP server on a loopback port that answers as a function tells it to: a thread for each connection, HTTP/1.1
//! with `Content-Length`, no more than the client needs.

#![allow(dead_code, reason = "each file of tests uses a part of it")]

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// A request that has come.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// How many came before it.
    pub(crate) number: usize,
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Value,
}

impl Call {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn texts(&self) -> Vec<String> {
        serde_json::from_value(self.body["input"].clone()).unwrap()
    }
}

/// What is sent back.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Whole {
        status: u16,
        headers: String,
        body: Vec<u8>,
        after: Duration,
        then_close: bool,
    },
    /// The connection is closed at once.
    Cut,
    /// It is closed within the body.
    CutBody,
    /// A body without an end.
    Endless,
}

impl Answer {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        let (headers, after) = (String::new(), Duration::ZERO);
        Self::Whole { status, headers, body: body.into(), after, then_close: false }
    }

    pub(crate) fn ok(body: Value) -> Self {
        Self::new(200, body.to_string())
    }

    /// With another header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        if let Self::Whole { headers, .. } = &mut self {
            *headers += &format!("{name}: {value}\r\n");
        }
        self
    }

    /// Sent after `wait`.
    pub(crate) fn after(mut self, wait: Duration) -> Self {
        if let Self::Whole { after, .. } = &mut self {
            *after = wait;
        }
        self
    }

    /// The connection is closed after the answer, unannounced.
    pub(crate) fn then_close(mut self) -> Self {
        if let Self::Whole { then_close, .. } = &mut self {
            *then_close = true;
        }
        self
    }
}

/// What the connections share.
struct Shared {
    answer: Box<dyn Fn(&Call) -> Answer + Send + Sync>,
    calls: Mutex<Vec<Call>>,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
    stopped: AtomicBool,
}

pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: Option<thread::JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(answer: impl Fn(&Call) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            answer: Box::new(answer),
            calls: Mutex::default(),
            in_flight: AtomicUsize::new(0),
            most_in_flight: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
        });
        let of_listener = shared.clone();
        let listening = thread::spawn(move || {
            for stream in listener.incoming() {
                if of_listener.stopped.load(Ordering::SeqCst) {
                    return;
                }
                let of_connection = of_listener.clone();
                thread::spawn(move || of_connection.serve(stream.unwrap()));
            }
        });
        Self { address, shared, listening: Some(listening) }
    }

    /// The base URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The requests so far, in order of arrival.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.shared.calls.lock().unwrap().clone()
    }

    /// How many requests were waiting for their answer at once, at most.
    pub(crate) fn most_in_flight(&self) -> usize {
        self.shared.most_in_flight.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        let _ = self.listening.take().unwrap().join();
    }
}

impl Shared {
    fn serve(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        while let Some(call) = self.receive(&mut reader) {
            let now = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
            self.most_in_flight.fetch_max(now, Ordering::SeqCst);
            let answer = (self.answer)(&call);
            if let Answer::Whole { after, .. } = &answer {
                thread::sleep(*after);
            }
            self.in_flight.fetch_sub(1, Ordering::SeqCst);
            if !send(&answer, &stream) {
                return;
            }
        }
    }

    /// The next request on a connection, or `None` at its end.
    fn receive(&self, reader: &mut impl BufRead) -> Option<Call> {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|&bytes| bytes > 0)?;
        let path = line.split(' ').nth(1)?.to_owned();
        let mut headers = Vec::new();
        loop {
            line.clear();
            reader.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim().split_once(": ") else { break };
            headers.push((name.to_lowercase(), value.to_owned()));
        }
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let mut body = vec![0; length.map_or(0, |(_, length)| length.parse().unwrap())];
        reader.read_exact(&mut body).ok()?;
        // What is asked for with GET has no body.
        let body = serde_json::from_slice(&body).unwrap_or_default();
        let mut calls = self.calls.lock().unwrap();
        let call = Call { number: calls.len(), path, headers, body };
        calls.push(call.clone());
        Some(call)
    }
}

/// Sends an answer and says whether the connection stays open.
fn send(answer: &Answer, mut stream: &TcpStream) -> bool {
    match answer {
        Answer::Whole { status, headers, body, then_close, .. } => {
            let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
            stream.write_all(&[head.as_bytes(), body].concat()).is_ok() && !then_close
        }
        Answer::Cut => false,
        Answer::CutBody => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{\"data\": [");
            false
        }
        Answer::Endless => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
            let piece = vec![b' '; 1 << 20];
            while stream.write_all(&piece).is_ok() {}
            false
        }
    }
}
