//! Texts on their way to a server, and what servers said on its way into errors.

/// Longest text that is sent, in bytes (8 KiB, some 2,000 tokens of English): of a longer one its beginning is sent.
pub const MOST_TEXT_BYTES: usize = 8 * 1024;

/// The part of `text` that is sent: at most [`MOST_TEXT_BYTES`], cut between characters. `None` if it is blank.
pub(crate) fn sendable(text: &str) -> Option<&str> {
    let mut end = text.len().min(MOST_TEXT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = &text[..end];
    (!text.trim().is_empty()).then_some(text)
}

/// The first `most` characters of `text`, each control character as a space, with a mark if there is more.
pub(crate) fn excerpt(text: &str, most: usize) -> String {
    let mut characters = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut cut: String = characters.by_ref().take(most).collect();
    if characters.next().is_some() {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters() {
        let long = "é".repeat(MOST_TEXT_BYTES);
        assert_eq!(sendable(&long).unwrap().len(), MOST_TEXT_BYTES);
        let shifted = format!("x{long}");
        assert_eq!(sendable(&shifted).unwrap().len(), MOST_TEXT_BYTES - 1);
        assert_eq!(sendable("short"), Some("short"));
    }

    #[test]
    fn blank_texts_are_not_sent() {
        for text in ["", " \n\t", "\u{3000}"] {
            assert_eq!(sendable(text), None);
        }
        assert_eq!(sendable(&(" ".repeat(MOST_TEXT_BYTES) + "too late")), None);
    }

    #[test]
    fn excerpts_count_characters() {
        assert_eq!(excerpt("ünïcödé", 3), "ünï…");
        assert_eq!(excerpt("a\nb\u{1b}[0m", 9), "a b [0m");
    }
}
