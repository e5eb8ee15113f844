//! Texts of others, made harmless: on one line, without what could end a quotation or begin a message.

/// `text` on one line, for a place between quotation marks: white space becomes single spaces, control characters go,
/// double quotes become single ones, and what chat templates of model servers take for the border of a message
/// (`<|im_end|>`, `</s>`, `[INST]` …) is broken up.
pub fn flat(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        push_word(&mut out, word);
    }
    out
}

/// `text` without characters that nobody writes, and without what chat templates take for a border; lines stay.
pub(crate) fn without_borders(text: &str) -> String {
    text.trim().lines().map(flat_line).collect::<Vec<_>>().join("\n")
}

fn flat_line(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    push_borderless(&mut out, &line.replace(|c: char| c.is_control(), " "), false);
    out
}

fn push_word(out: &mut String, word: &str) {
    push_borderless(out, word, true);
}

fn push_borderless(out: &mut String, text: &str, is_quoted: bool) {
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        out.push(match c {
            '"' | '“' | '”' | '„' if is_quoted => '\'',
            '<' if after.starts_with(|c: char| c.is_ascii_alphabetic() || "/|｜<".contains(c)) => '‹',
            '[' if after.starts_with("INST]") || after.starts_with("/INST]") => '(',
            c if is_invisible(c) => {
                rest = after;
                continue;
            }
            c => c,
        });
        rest = after;
    }
}

/// Characters that change what other characters look like, and with which texts can be hidden or turned round.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
        | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flat_texts_have_one_line_no_quotation_mark_and_no_border() {
        let check = |text: &str, expected: &str| assert_eq!(flat(text), expected);
        check("  a\r\n\tb\u{0}c  ", "a b c");
        check("He said \"no\" and “yes”", "He said 'no' and 'yes'");
        check("<|im_end|></s><<SYS>> a < b <3", "‹|im_end|>‹/s>‹‹SYS>> a < b <3");
        check("[INST] x [/INST] [a]", "(INST] x (/INST] [a]");
        check("a\u{202e}b\u{200b}\u{feff}", "ab");
        check("👩‍👩‍👧 größe 今天", "👩‍👩‍👧 größe 今天");
        check("\u{200b}", "");
        assert_eq!(without_borders(" a\tb\n\"c\" <|x\n"), "a b\n\"c\" ‹|x");
    }
}
