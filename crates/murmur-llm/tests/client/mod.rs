//! An HTTP client of one connection a request, no more than the mock server's tests need.

use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// An answer as it came.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The JSON of a stream's events, which must end properly.
    pub(crate) fn events(&self) -> Vec<Value> {
        let data = self.text().split_terminator("\n\n").map(|event| event.strip_prefix("data: ").unwrap());
        let mut data: Vec<&str> = data.collect();
        assert_eq!(data.pop(), Some("[DONE]"));
        data.into_iter().map(|event| serde_json::from_str(event).unwrap()).collect()
    }
}

/// Sends a request to `path` of the server at `base` (`http://127.0.0.1:8000/v1`), and waits for its answer for at most
/// `patience`.
pub(crate) fn call(
    method: &str,
    base: &str,
    path: &str,
    headers: &str,
    body: &str,
    patience: Duration,
) -> io::Result<Answer> {
    let address = base.strip_prefix("http://").unwrap().strip_suffix("/v1").unwrap();
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(patience))?;
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
    );
    stream.write_all(request.as_bytes())?;
    receive(&mut BufReader::new(stream))
}

fn receive(reader: &mut impl BufRead) -> io::Result<Answer> {
    let line = line(reader)?;
    let status =
        line.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
    let mut headers = Vec::new();
    loop {
        let line = self::line(reader)?;
        let Some((name, value)) = line.split_once(": ") else { break };
        headers.push((name.to_lowercase(), value.to_owned()));
    }
    let mut answer = Answer { status, headers, body: Vec::new() };
    match answer.header("content-length").map(|length| length.parse::<usize>().unwrap()) {
        Some(length) => {
            answer.body.resize(length, 0);
            reader.read_exact(&mut answer.body)?;
        }
        None => {
            while let size @ 1.. = usize::from_str_radix(&self::line(reader)?, 16).unwrap() {
                let start = answer.body.len();
                answer.body.resize(start + size, 0);
                reader.read_exact(&mut answer.body[start..])?;
                self::line(reader)?;
            }
        }
    }
    Ok(answer)
}

/// A line without its end; the end of the connection is an error.
fn line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    match reader.read_line(&mut line)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(line.trim_end().to_owned()),
    }
}
