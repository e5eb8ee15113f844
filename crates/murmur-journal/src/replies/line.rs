//! A line of the ledger:
//!
//! `{"step":3,"agent":17,"call":0,"hash":"32 hex digits","result":…,"sum":"16 hex digits"}`
//!
//! The sum is the XXH3 (64 bits) of the line's bytes before `,"sum"`. The keys have this order and no spaces between them,
//! so that a line is read without parsing the result.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::str::FromStr;

use murmur_core::{AgentId, Step};
use serde_json::value::RawValue;
use xxhash_rust::xxh3::xxh3_64;

use super::{LedgerEntry, ReplyKey};

/// The most bytes of a line.
pub(super) const MAX_BYTES: usize = 1 << 30;

const SUM_KEY: &str = ",\"sum\":\"";
const SUM_DIGITS: usize = 16;
const LINE_END: &str = "\"}";

/// Appends the line of `entry`, without an end of line.
pub(super) fn put(out: &mut Vec<u8>, entry: &LedgerEntry) {
    let LedgerEntry { key: ReplyKey { step, agent, call }, hash, payload } = entry;
    let start = out.len();
    let mut put = |arguments: std::fmt::Arguments<'_>| out.write_fmt(arguments).expect("memory takes all");
    put(format_args!(
        "{{\"step\":{step},\"agent\":{agent},\"call\":{call},\"hash\":\"{hash:032x}\",\"result\":"
    ));
    // Within JSON an end of line can only be white space.
    out.extend(payload.get().bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }));
    let sum = xxh3_64(&out[start..]);
    write!(out, "{SUM_KEY}{sum:016x}{LINE_END}").expect("memory takes all");
}

/// A line whose sum is right.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Line<'a> {
    pub(super) key: ReplyKey,
    pub(super) hash: u128,
    result: &'a str,
}

impl<'a> Line<'a> {
    /// Reads a line without its end. Else says what was expected.
    pub(super) fn parse(line: &'a [u8]) -> Result<Self, &'static str> {
        let body = checked(line).ok_or("a line that ends with its correct sum")?;
        let fields = || {
            let body = std::str::from_utf8(body).ok()?;
            let (step, rest) = field(body, "{\"step\":", ',')?;
            let (agent, rest) = field(rest, "\"agent\":", ',')?;
            let (call, rest) = field(rest, "\"call\":", ',')?;
            let (hash, rest) = rest.strip_prefix("\"hash\":\"")?.split_once('"')?;
            let hash = u128::from_str_radix(hash, 16).ok()?;
            let key = ReplyKey { step: Step(step), agent: AgentId(agent), call };
            Some(Self { key, hash, result: rest.strip_prefix(",\"result\":")? })
        };
        fields().ok_or("the keys step, agent, call, hash, result and sum")
    }

    /// The result as it was handed in.
    pub(super) fn payload(&self) -> Result<Box<RawValue>, &'static str> {
        RawValue::from_string(self.result.to_owned()).map_err(|_| "a result that is JSON")
    }

    pub(super) fn entry(&self) -> Result<LedgerEntry, &'static str> {
        Ok(LedgerEntry { key: self.key, hash: self.hash, payload: self.payload()? })
    }
}

/// The part of a line before its sum, where the sum is right.
fn checked(line: &[u8]) -> Option<&[u8]> {
    let (body, tail) =
        line.split_at_checked(line.len().checked_sub(SUM_KEY.len() + SUM_DIGITS + LINE_END.len())?)?;
    let sum = tail.strip_prefix(SUM_KEY.as_bytes())?.strip_suffix(LINE_END.as_bytes())?;
    let sum = u64::from_str_radix(std::str::from_utf8(sum).ok()?, 16).ok()?;
    (sum == xxh3_64(body)).then_some(body)
}

/// The number that follows `name`, and what follows the `end` of it.
fn field<'a, T: FromStr>(text: &'a str, name: &str, end: char) -> Option<(T, &'a str)> {
    let (number, rest) = text.strip_prefix(name)?.split_once(end)?;
    Some((number.parse().ok()?, rest))
}

/// Up to where the lines of `file` are whole, the last line being the only one that is looked at.
pub(super) fn whole_length(file: &mut File) -> io::Result<u64> {
    let length = file.seek(SeekFrom::End(0))?;
    let mut bytes = Vec::new();
    let mut window = 64 << 10;
    loop {
        let start = length.saturating_sub(window);
        file.seek(SeekFrom::Start(start))?;
        bytes.clear();
        Read::by_ref(file).take(length - start).read_to_end(&mut bytes)?;
        let line_start = match bytes.iter().rev().skip(1).position(|&byte| byte == b'\n') {
            Some(behind) => bytes.len() - 1 - behind,
            None if start == 0 => 0,
            None => {
                window *= 4;
                continue;
            }
        };
        let is_whole = bytes[line_start..].strip_suffix(b"\n").is_some_and(|line| Line::parse(line).is_ok());
        return Ok(if is_whole { length } else { start + line_start as u64 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(payload: &str) -> Vec<u8> {
        let key = ReplyKey { step: Step(3), agent: AgentId(17), call: 1 };
        let payload = RawValue::from_string(payload.to_owned()).unwrap();
        let mut line = Vec::new();
        put(&mut line, &LedgerEntry { key, hash: 0xab, payload });
        line
    }

    #[test]
    fn a_line_is_plain_json_and_comes_back() {
        let line = line("{\"text\":\"a \\n b\",\n\"n\": 1}");
        let text = std::str::from_utf8(&line).unwrap();
        let begin = "{\"step\":3,\"agent\":17,\"call\":1,\"hash\":\"000000000000000000000000000000ab\",\
                     \"result\":{\"text\":\"a \\n b\", \"n\": 1},\"sum\":\"";
        assert!(text.starts_with(begin), "{text}");
        let json: serde_json::Value = serde_json::from_slice(&line).unwrap();
        assert_eq!(json["result"]["text"], "a \n b");
        let entry = Line::parse(&line).unwrap().entry().unwrap();
        assert_eq!((entry.key.step, entry.key.agent, entry.key.call), (Step(3), AgentId(17), 1));
        assert_eq!((entry.hash, entry.payload.get()), (0xab, "{\"text\":\"a \\n b\", \"n\": 1}"));
    }

    #[test]
    fn no_changed_or_shortened_line_is_believed() {
        let line = line("[1,2,\"},\\\"sum\\\":\"]");
        assert!(Line::parse(&line).is_ok());
        for at in 0..line.len() {
            assert!(Line::parse(&line[..at]).is_err(), "cut at {at}");
            let mut flipped = line.clone();
            // Bit 5 changes the case of a letter, which is no damage to a sum.
            flipped[at] ^= 0x10;
            assert!(Line::parse(&flipped).is_err(), "flipped at {at}");
        }
    }
}
