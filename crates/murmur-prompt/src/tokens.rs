//! Tokens, estimated without a table, and texts cut to so many of them.

use std::borrow::Cow;

/// How many tokens `text` has, as a rule rather too many than too few.
pub fn tokens(text: &str) -> u32 {
    u32::try_from(text.len().div_ceil(3)).unwrap_or(u32::MAX)
}

/// `text` cut to `most` tokens at the end of a word, with an ellipsis where something is left out.
pub fn clip(text: &str, most: u32) -> Cow<'_, str> {
    if tokens(text) <= most {
        return Cow::Borrowed(text);
    }
    let mut end = 0;
    for (i, c) in text.char_indices() {
        if c.is_whitespace() {
            if tokens(&text[..i]) + 1 > most {
                break;
            }
            end = i;
        }
    }
    Cow::Owned(format!("{}…", &text[..end]))
}
