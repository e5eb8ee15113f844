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
        push_borderless(&mut out, word, true);
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

/// Appends `text` without borders; between quotation marks also without such marks.
fn push_borderless(out: &mut String, text: &str, is_quoted: bool) {
    let is_suspect = |c: char| {
        matches!(c, '<' | '[') || is_quoted && is_quotation_mark(c) || !c.is_ascii() && is_invisible(c)
    };
    let mut rest = text;
    while let Some(place) = rest.find(is_suspect) {
        out.push_str(&rest[..place]);
        let mut after = rest[place..].chars();
        let suspect = after.next();
        let after = after.as_str();
        match suspect {
            Some('<') if after.starts_with(|c: char| c.is_ascii_alphabetic() || "/|｜<".contains(c)) => {
                out.push('‹');
            }
            Some('[') if after.starts_with("INST]") || after.starts_with("/INST]") => out.push('('),
            Some(c) if is_quoted && is_quotation_mark(c) => out.push('\''),
            Some(c) if !is_invisible(c) => out.push(c),
            _ => {}
        }
        rest = after;
    }
    out.push_str(rest);
}

fn is_quotation_mark(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„')
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
