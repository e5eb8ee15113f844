//! Python list literals, as pandas leaves them in CSV cells: `[1, 2.0, nan, "it's", 'tab\t']`.
//!
//! Items are integers, floats and strings; a list within a list, a name other than `nan` and `inf`, and juxtaposed
//! strings are refused.

use std::iter::Peekable;
use std::str::CharIndices;

/// One item of a list.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Item {
    /// An integer.
    Int(i64),
    /// A float, `nan` and `inf` included.
    Float(f64),
    /// A string, its escapes resolved.
    Text(String),
}

/// Why a cell is no list.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{expected} at character {character}")]
pub(crate) struct ListError {
    /// The place in the cell, counted in characters from 1.
    character: usize,
    /// What should have stood there.
    expected: &'static str,
}

/// Reads a whole cell as one list.
///
/// # Errors
/// Says where the cell stops being a list and what was expected there.
pub(crate) fn parse_list(cell: &str) -> Result<Vec<Item>, ListError> {
    let mut parser = Parser { cell, rest: cell.char_indices().peekable() };
    parser.list().map_err(|expected| ListError { character: parser.characters_read() + 1, expected })
}

/// What was expected at the parser's place.
type Expected = &'static str;

struct Parser<'c> {
    cell: &'c str,
    rest: Peekable<CharIndices<'c>>,
}

impl<'c> Parser<'c> {
    fn list(&mut self) -> Result<Vec<Item>, Expected> {
        let mut items = Vec::new();
        self.skip_spaces();
        self.take('[').ok_or("expected a list that begins with `[`")?;
        self.skip_spaces();
        while self.take(']').is_none() {
            items.push(self.item()?);
            self.skip_spaces();
            let more = self.take(',').is_some();
            self.skip_spaces();
            if !more && self.peek() != Some(']') {
                return Err("expected `,` or `]`");
            }
        }
        self.skip_spaces();
        self.peek().map_or(Ok(items), |_| Err("expected the end of the list"))
    }

    fn item(&mut self) -> Result<Item, Expected> {
        match self.peek() {
            Some(quote @ ('\'' | '"')) => self.text(quote).map(Item::Text),
            _ => self.number(),
        }
    }

    fn number(&mut self) -> Result<Item, Expected> {
        const EXPECTED: Expected = "expected a number or a quoted string";
        let start = self.offset();
        let mut ahead = self.rest.clone();
        while ahead.next_if(|(_, c)| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-')).is_some() {}
        let end = ahead.peek().map_or(self.cell.len(), |&(offset, _)| offset);
        let word = &self.cell[start..end];
        let item = match word.parse() {
            Ok(int) => Item::Int(int),
            Err(_) => Item::Float(word.parse().map_err(|_| EXPECTED)?),
        };
        self.rest = ahead;
        Ok(item)
    }

    fn text(&mut self, quote: char) -> Result<String, Expected> {
        self.rest.next();
        let mut text = String::new();
        loop {
            match self.peek().ok_or("expected the closing quote of a string")? {
                c if c == quote => break,
                '\\' => self.escape(&mut text)?,
                c => {
                    text.push(c);
                    self.rest.next();
                }
            }
        }
        self.rest.next();
        Ok(text)
    }

    /// Resolves the escape at the parser's place by the rules of Python's string literals.
    fn escape(&mut self, text: &mut String) -> Result<(), Expected> {
        self.rest.next();
        let Some(kind) = self.peek() else { return Err("expected an escaped character") };
        if kind.is_digit(8) {
            text.push(self.code(8, 1..=3)?);
            return Ok(());
        }
        self.rest.next();
        match kind {
            '\n' => {}
            '\\' | '\'' | '"' => text.push(kind),
            'a' => text.push('\x07'),
            'b' => text.push('\x08'),
            'f' => text.push('\x0c'),
            'n' => text.push('\n'),
            'r' => text.push('\r'),
            't' => text.push('\t'),
            'v' => text.push('\x0b'),
            'x' => text.push(self.code(16, 2..=2)?),
            'u' => text.push(self.code(16, 4..=4)?),
            'U' => text.push(self.code(16, 8..=8)?),
            'N' => return Err("a character escaped by its name is not supported"),
            // Python keeps the backslash of an escape it does not know.
            other => text.extend(['\\', other]),
        }
        Ok(())
    }

    /// The character with the code written in the next digits. A lone surrogate, which Python's strings can hold and
    /// UTF-8 cannot, becomes U+FFFD.
    fn code(&mut self, radix: u32, digits: std::ops::RangeInclusive<u32>) -> Result<char, Expected> {
        let mut code = 0;
        let mut read = 0;
        while read < *digits.end() {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(radix)) else { break };
            self.rest.next();
            code = code * radix + digit;
            read += 1;
        }
        if read < *digits.start() {
            return Err("expected more hexadecimal digits");
        }
        match code {
            0xd800..=0xdfff => Ok(char::REPLACEMENT_CHARACTER),
            _ => char::from_u32(code).ok_or("a character's code is at most 10ffff"),
        }
    }

    fn skip_spaces(&mut self) {
        while self.rest.next_if(|(_, c)| c.is_ascii_whitespace()).is_some() {}
    }

    fn take(&mut self, expected: char) -> Option<()> {
        self.rest.next_if(|&(_, c)| c == expected).map(|_| ())
    }

    fn peek(&mut self) -> Option<char> {
        self.rest.peek().map(|&(_, c)| c)
    }

    fn offset(&mut self) -> usize {
        self.rest.peek().map_or(self.cell.len(), |&(offset, _)| offset)
    }

    fn characters_read(&mut self) -> usize {
        let offset = self.offset();
        self.cell[..offset].chars().count()
    }
}

#[cfg(test)]
mod tests {
    use super::Item::{Float, Int, Text};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lists_as_pandas_writes_them() {
        let text = |text: &str| vec![Text(text.to_owned())];
        let cases: [(&str, Vec<Item>); 19] = [
            ("[]", vec![]),
            (" [ ] ", vec![]),
            ("[32, 7]", vec![Int(32), Int(7)]),
            ("[1,\n 2,]", vec![Int(1), Int(2)]),
            ("[-3, +4]", vec![Int(-3), Int(4)]),
            ("[1.0, 2.5e3, .5, inf]", vec![Float(1.0), Float(2500.0), Float(0.5), Float(f64::INFINITY)]),
            ("['a', \"b\"]", vec![Text("a".into()), Text("b".into())]),
            ("['a', 1]", vec![Text("a".into()), Int(1)]),
            (r#"["it's"]"#, text("it's")),
            (r#"['it\'s \"']"#, text("it's \"")),
            (r"['a\nb\t\\']", text("a\nb\t\\")),
            (r"['\a\b\f\v\r']", text("\x07\x08\x0c\x0b\r")),
            (r"['\x41\u00e9\U0001f600']", text("Aé😀")),
            (r"['\0\101\1012']", text("\0AA2")),
            (r"['\ud83d']", text("\u{fffd}")),
            (r"['\d\ ']", text(r"\d\ ")),
            ("['a\\\nb']", text("ab")),
            ("['a\nb']", text("a\nb")),
            ("['🧠, ]']", text("🧠, ]")),
        ];
        for (cell, expected) in cases {
            assert_eq!(parse_list(cell), Ok(expected), "{cell}");
        }
        let nan = parse_list("[nan]").unwrap();
        assert!(matches!(nan[..], [Float(value)] if value.is_nan()));
    }

    #[test]
    fn what_is_no_list_is_refused_at_its_character() {
        let cases = [
            ("", "expected a list that begins with `[` at character 1"),
            ("nan", "expected a list that begins with `[` at character 1"),
            ("[1", "expected `,` or `]` at character 3"),
            ("[1 2]", "expected `,` or `]` at character 4"),
            ("[1, 2] 3", "expected the end of the list at character 8"),
            ("[,]", "expected a number or a quoted string at character 2"),
            ("[1, two]", "expected a number or a quoted string at character 5"),
            ("[[1]]", "expected a number or a quoted string at character 2"),
            ("[None]", "expected a number or a quoted string at character 2"),
            ("[1_000]", "expected `,` or `]` at character 3"),
            ("['é", "expected the closing quote of a string at character 4"),
            ("['a' 'b']", "expected `,` or `]` at character 6"),
            (r"['a\", "expected an escaped character at character 5"),
            (r"['\x4']", "expected more hexadecimal digits at character 6"),
            (r"['\U00110000']", "a character's code is at most 10ffff at character 13"),
            (r"['\N{DASH}']", "a character escaped by its name is not supported at character 5"),
        ];
        for (cell, expected) in cases {
            assert_eq!(parse_list(cell).unwrap_err().to_string(), expected, "{cell}");
        }
    }

    /// How Python's `repr` writes an item, with the quote it would choose.
    fn repr(item: &Item) -> String {
        match item {
            Int(value) => value.to_string(),
            Float(value) => format!("{value:?}"),
            Text(text) => {
                let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
                let escaped: String = text.chars().map(|c| repr_char(c, quote)).collect();
                format!("{quote}{escaped}{quote}")
            }
        }
    }

    fn repr_char(c: char, quote: char) -> String {
        match c {
            '\n' => r"\n".into(),
            '\r' => r"\r".into(),
            '\t' => r"\t".into(),
            '\\' => r"\\".into(),
            _ if c == quote => format!("\\{c}"),
            '\0'..' ' | '\x7f'..='\u{a0}' => format!("\\x{:02x}", u32::from(c)),
            '\u{2000}'..='\u{20ff}' => format!("\\u{:04x}", u32::from(c)),
            '\u{e0000}'.. => format!("\\U{:08x}", u32::from(c)),
            _ => c.into(),
        }
    }

    fn items() -> impl Strategy<Value = Vec<Item>> {
        let item = prop_oneof![
            any::<i64>().prop_map(Int),
            proptest::num::f64::NORMAL.prop_map(Float),
            any::<String>().prop_map(Text),
            r#"['"\\\n,\[\]é😀 ]{0,12}"#.prop_map(Text),
        ];
        proptest::collection::vec(item, 0..12)
    }

    proptest! {
        #[test]
        fn what_python_writes_reads_back(items in items()) {
            let cell = format!("[{}]", items.iter().map(repr).collect::<Vec<_>>().join(", "));
            prop_assert_eq!(parse_list(&cell), Ok(items));
        }

        #[test]
        fn no_cell_panics(cell in r#"\[?['"\\\[\],0-9a-zA-Z.é ]{0,20}"#) {
            let _ = parse_list(&cell);
        }
    }
}
