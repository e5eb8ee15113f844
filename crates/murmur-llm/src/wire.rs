//! HTTP/1.1 on one connection: a request out, an answer in, and next to no memory while the answer is waited for.
//!
//! A step may have thousands of requests in flight, most of which wait. hyper's client holds 16 KiB of buffers for each;
//! here a connection has none until its answer comes. Opening it, TLS and proxies are hyper's and rustls's affair.

use std::future::poll_fn;
use std::io;

use futures_util::future::FutureExt;
use hyper::header::{HeaderValue, LOCATION, RETRY_AFTER};
use hyper::{HeaderMap, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tower_service::Service;

use crate::route::Route;

/// Longest head of an answer, and longest line between chunks, in bytes.
const MOST_HEAD: usize = 64 << 10;
const MOST_HEADERS: usize = 128;
/// What is read at once into no buffer: most answers of models, whole.
const FIRST_READ: usize = 1024;

/// A connection to a server.
pub(crate) struct Connection {
    stream: Box<TokioIo<MaybeHttpsStream<TokioIo<TcpStream>>>>,
}

/// What a server answered.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// `Retry-After` and `Location`, if they are there.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// Whether the body ends here: it is not read beyond what is wanted.
    pub(crate) is_whole: bool,
    /// Whether the connection can take another request.
    pub(crate) keeps: bool,
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(mut connector: HttpsConnector<Route>, url: Uri) -> io::Result<Self> {
        poll_fn(|context| connector.poll_ready(context)).await.map_err(io::Error::other)?;
        let stream = connector.call(url).await.map_err(io::Error::other)?;
        Ok(Self { stream: Box::new(TokioIo::new(stream)) })
    }

    /// Whether nothing has come since the last answer, such as the connection's end.
    pub(crate) fn is_quiet(&mut self) -> bool {
        self.stream.read_u8().now_or_never().is_none()
    }

    /// Sends a request and returns its answer, of whose body no more is read than `most` says for its status.
    pub(crate) async fn exchange(
        &mut self,
        request: Vec<u8>,
        most: impl Fn(StatusCode) -> usize,
    ) -> io::Result<Answer> {
        let sent = self.send(request).await;
        // A server may refuse a request before it has read it to the end.
        let received = Input { stream: &mut self.stream, bytes: Vec::new() }.answer(most).await;
        match (sent, received) {
            (Err(error), Err(_)) => Err(error),
            (sent, received) => {
                received.map(|answer| Answer { keeps: answer.keeps && sent.is_ok(), ..answer })
            }
        }
    }

    async fn send(&mut self, request: Vec<u8>) -> io::Result<()> {
        self.stream.write_all(&request).await?;
        self.stream.flush().await
    }
}

/// What has come and has not been used.
struct Input<'a> {
    stream: &'a mut TokioIo<MaybeHttpsStream<TokioIo<TcpStream>>>,
    bytes: Vec<u8>,
}

impl Input<'_> {
    async fn answer(mut self, most: impl Fn(StatusCode) -> usize) -> io::Result<Answer> {
        let head = loop {
            let head = self.head().await?;
            // Interim answers announce another.
            if !head.status.is_informational() {
                break head;
            }
        };
        let most = most(head.status);
        let Head { status, headers, length, keeps } = head;
        let (body, is_whole) = match length {
            Length::Bytes(length) => self.take(length.min(most)).await.map(|body| (body, length <= most))?,
            Length::Chunked => self.chunks(most).await?,
            Length::UntilEnd => self.rest(most).await?,
        };
        let keeps = keeps && is_whole && length != Length::UntilEnd && self.bytes.is_empty();
        Ok(Answer { status, headers, body, is_whole, keeps })
    }

    /// Waits for more; 0 bytes are the end.
    async fn fill(&mut self) -> io::Result<usize> {
        if self.bytes.capacity() > 0 {
            self.bytes.reserve(2 * FIRST_READ);
            return self.stream.read_buf(&mut self.bytes).await;
        }
        let mut first = [0; FIRST_READ];
        let read = self.stream.read(&mut first).await?;
        self.bytes.extend_from_slice(&first[..read]);
        Ok(read)
    }

    async fn fill_on(&mut self) -> io::Result<()> {
        match self.fill().await? {
            0 => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "connection closed before the answer was whole",
            )),
            _ => Ok(()),
        }
    }

    async fn head(&mut self) -> io::Result<Head> {
        loop {
            if let Some((length, head)) = Head::parse(&self.bytes)? {
                self.bytes.drain(..length);
                return Ok(head);
            }
            if self.bytes.len() > MOST_HEAD {
                return Err(broken("a head of more than 64 KiB"));
            }
            self.fill_on().await?;
        }
    }

    /// The next `length` bytes.
    async fn take(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.bytes.len() < length {
            self.fill_on().await?;
        }
        let rest = self.bytes.split_off(length);
        Ok(std::mem::replace(&mut self.bytes, rest))
    }

    /// All there is, up to `most` bytes, and whether that is all.
    async fn rest(&mut self, most: usize) -> io::Result<(Vec<u8>, bool)> {
        while self.bytes.len() <= most {
            if self.fill().await? == 0 {
                return Ok((std::mem::take(&mut self.bytes), true));
            }
        }
        self.take(most).await.map(|body| (body, false))
    }

    /// A body in chunks, up to `most` bytes, and whether that is all.
    async fn chunks(&mut self, most: usize) -> io::Result<(Vec<u8>, bool)> {
        let mut body = Vec::new();
        loop {
            let line = self.line().await?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(size, 16).map_err(|_| broken("a chunk without a length"))?;
            if size == 0 {
                while !self.line().await?.is_empty() {}
                return Ok((body, true));
            }
            let wanted = size.min(most - body.len());
            body.append(&mut self.take(wanted).await?);
            if wanted < size {
                return Ok((body, false));
            }
            if !self.line().await?.is_empty() {
                return Err(broken("a chunk that is longer than its length"));
            }
        }
    }

    /// The next line, without its end.
    async fn line(&mut self) -> io::Result<String> {
        let mut searched = 0;
        loop {
            if let Some(end) = self.bytes[searched..].iter().position(|&byte| byte == b'\n') {
                let line = String::from_utf8_lossy(&self.bytes[..searched + end]).trim_end().to_owned();
                self.bytes.drain(..=searched + end);
                return Ok(line);
            }
            searched = self.bytes.len();
            if searched > MOST_HEAD {
                return Err(broken("a line of more than 64 KiB"));
            }
            self.fill_on().await?;
        }
    }
}

/// What stands before a body.
#[derive(Debug)]
struct Head {
    status: StatusCode,
    headers: HeaderMap,
    length: Length,
    /// Whether the server keeps the connection open.
    keeps: bool,
}

/// How long a body is.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Length {
    Bytes(usize),
    Chunked,
    UntilEnd,
}

impl Head {
    /// The head that `bytes` begin with, and its length, if it is whole.
    fn parse(bytes: &[u8]) -> io::Result<Option<(usize, Self)>> {
        let mut found = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut response = httparse::Response::new(&mut found);
        let parsed = response.parse(bytes).map_err(|error| broken(&error.to_string()))?;
        let httparse::Status::Complete(end) = parsed else { return Ok(None) };
        let status = StatusCode::from_u16(response.code.unwrap_or_default())
            .map_err(|_| broken("a status that is none"))?;
        let mut head = Self {
            status,
            headers: HeaderMap::new(),
            length: Length::UntilEnd,
            keeps: response.version == Some(1),
        };
        for header in response.headers.iter() {
            head.take_note(header.name, header.value)?;
        }
        if status.is_informational() || matches!(status.as_u16(), 204 | 304) {
            head.length = Length::Bytes(0);
        }
        Ok(Some((end, head)))
    }

    fn take_note(&mut self, name: &str, value: &[u8]) -> io::Result<()> {
        let text = std::str::from_utf8(value).unwrap_or_default().trim();
        let says = |word: &str| text.split(',').any(|part| part.trim().eq_ignore_ascii_case(word));
        if name.eq_ignore_ascii_case("content-length") {
            let length = text.parse().map_err(|_| broken("a Content-Length that is no number"))?;
            match self.length {
                Length::Bytes(other) if other != length => return Err(broken("two Content-Lengths")),
                Length::Chunked => {}
                _ => self.length = Length::Bytes(length),
            }
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            match says("chunked") {
                true => self.length = Length::Chunked,
                false => return Err(broken("a Transfer-Encoding that was not asked for")),
            }
        } else if name.eq_ignore_ascii_case("connection") {
            self.keeps = (self.keeps || says("keep-alive")) && !says("close");
        } else if let Some(kept) =
            [RETRY_AFTER, LOCATION].into_iter().find(|kept| name.eq_ignore_ascii_case(kept.as_str()))
            && let Ok(value) = HeaderValue::from_bytes(value)
        {
            self.headers.insert(kept, value);
        }
        Ok(())
    }
}

/// The server does not speak HTTP as it should.
fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the answer is no HTTP: {what}"))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::TcpListener;

    use super::*;

    /// What is made of an answer that comes in pieces of `step` bytes, of whose body 20 bytes are wanted.
    fn receive(answer: &str, step: usize) -> io::Result<Answer> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let answer = answer.to_owned();
        let server = std::thread::spawn(move || {
            let mut stream = listener.accept().unwrap().0;
            for piece in answer.as_bytes().chunks(step) {
                // The client may have heard enough.
                let _ = stream.write_all(piece);
                if step < answer.len() {
                    std::thread::sleep(std::time::Duration::from_micros(200));
                }
            }
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let received = runtime.block_on(async {
            let stream = MaybeHttpsStream::Http(TokioIo::new(TcpStream::connect(address).await?));
            let mut connection = Connection { stream: Box::new(TokioIo::new(stream)) };
            connection.exchange(Vec::new(), |_| 20).await
        });
        server.join().unwrap();
        received
    }

    fn check(answer: &str, body: &str, is_whole: bool, keeps: bool) {
        for step in [answer.len(), 1, 7] {
            let found = receive(answer, step).unwrap();
            assert_eq!(String::from_utf8_lossy(&found.body), body, "{answer:?} by {step}");
            assert_eq!((found.is_whole, found.keeps), (is_whole, keeps), "{answer:?} by {step}");
        }
    }

    #[test]
    fn bodies_end_where_the_server_says() {
        check("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", true, true);
        check("HTTP/1.1 200\r\ncontent-length:0\r\n\r\n", "", true, true);
        check("HTTP/1.1 204 No Content\r\n\r\n", "", true, true);
        check("HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 5\r\n\r\nhello", "hello", true, false);
        check("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", true, false);
        check(
            "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello",
            "hello",
            true,
            true,
        );
        check("HTTP/1.1 200 OK\r\n\r\nhello", "hello", true, false);
        check(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            "ok",
            true,
            true,
        );
        // What comes too much, if it comes at once; if later, the connection is not quiet when it is wanted again.
        let more = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more";
        assert!(!receive(more, more.len()).unwrap().keeps);
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        check(&format!("{chunked}5\r\nhello\r\n1;x=y\r\n!\r\n0\r\nTrailer: 1\r\n\r\n"), "hello!", true, true);
        check(&format!("{chunked}0\r\n\r\n"), "", true, true);
        let both = "HTTP/1.1 200 OK\r\nContent-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n";
        check(&format!("{both}A\r\n0123456789\r\n0\r\n\r\n"), "0123456789", true, true);
    }

    #[test]
    fn no_more_is_read_than_is_wanted() {
        let long = "0123456789".repeat(3);
        let wanted = "01234567890123456789";
        check(&format!("HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n{long}"), wanted, false, false);
        check(&format!("HTTP/1.1 200 OK\r\n\r\n{long}"), wanted, false, false);
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        check(&format!("{chunked}1e\r\n{long}\r\n0\r\n\r\n"), wanted, false, false);
        check(
            &format!("{chunked}a\r\n0123456789\r\nf\r\n012345678901234\r\n0\r\n\r\n"),
            wanted,
            false,
            false,
        );
        check(&format!("{chunked}ffffffffffffffff\r\n{long}"), wanted, false, false);
    }

    #[test]
    fn what_is_no_whole_answer_is_an_error() {
        for answer in [
            "",
            "HTTP/1.1 200",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
            "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
            "HTTP/1.1 099 OK\r\n\r\n",
            "SSH-2.0-server\r\n",
            &format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(MOST_HEAD)),
        ] {
            assert!(receive(answer, answer.len().max(1)).is_err(), "{answer:?}");
        }
    }
}
