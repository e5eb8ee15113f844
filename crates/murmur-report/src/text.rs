//! Words and numbers as pages show them: escaped, with commas between thousands, no longer than there is room for.

/// Text as HTML shows it, in elements and quoted attributes alike.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// At most `most` characters of a text, in one line.
pub(crate) fn shorten(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= most {
        return line;
    }
    let mut short: String = line.chars().take(most.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// Text inside a chart, where Plotly takes some tags for its own.
pub(crate) fn in_chart(text: &str) -> String {
    shorten(text, 40).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A count with commas between thousands.
pub(crate) fn count(count: u64) -> String {
    let digits = count.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| str::from_utf8(group).unwrap_or("")).collect();
    groups.join(",")
}

/// A number with about three digits that matter.
pub(crate) fn number(value: f64) -> String {
    let size = value.abs();
    let minus = if value < 0.0 { "−" } else { "" };
    if !value.is_finite() {
        return "–".to_owned();
    }
    let rounded_count = || count(size.round() as u64);
    match size {
        0.0 => "0".to_owned(),
        size if size >= 1e15 => format!("{minus}{size:.2e}"),
        size if size >= 1000.0 || size.fract() == 0.0 => format!("{minus}{}", rounded_count()),
        size if size >= 100.0 => format!("{minus}{size:.0}"),
        size if size >= 10.0 => format!("{minus}{size:.1}"),
        size if size >= 1.0 => format!("{minus}{size:.2}"),
        size if size >= 0.01 => format!("{minus}{size:.3}"),
        size if size >= 0.0001 => format!("{minus}{size:.4}"),
        size => format!("{minus}{size:.1e}"),
    }
}

/// The number, or a dash where it is not defined.
pub(crate) fn maybe(value: Option<f64>) -> String {
    value.map_or("–".to_owned(), number)
}

/// A share as a percentage.
pub(crate) fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    if percent != 0.0 && percent.abs() < 10.0 { format!("{percent:.1} %") } else { format!("{percent:.0} %") }
}

/// A duration in minutes, in the units that people use.
pub(crate) fn duration(minutes: u64) -> String {
    let plural = |count: u64, unit: &str| {
        format!("{} {unit}{}", self::count(count), if count == 1 { "" } else { "s" })
    };
    match minutes {
        minutes if minutes >= 1440 && minutes.is_multiple_of(1440) => plural(minutes / 1440, "day"),
        minutes if minutes >= 2880 => format!("{:.1} days", minutes as f64 / 1440.0),
        minutes if minutes >= 60 && minutes.is_multiple_of(60) => plural(minutes / 60, "hour"),
        minutes if minutes >= 120 => format!("{:.1} hours", minutes as f64 / 60.0),
        minutes => plural(minutes, "minute"),
    }
}

/// About five digits of a number: more take room in a page and are not seen.
pub(crate) fn tidy(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    // Through decimal text, so that the number is written as short as it is.
    format!("{value:.4e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_that_matter_and_commas_between_thousands() {
        let check = |value: f64, expected: &str| assert_eq!(number(value), expected);
        check(0.0, "0");
        check(12.0, "12");
        check(1_234_567.0, "1,234,567");
        check(-1234.4, "−1,234");
        check(0.12345, "0.123");
        check(-12.345, "−12.3");
        check(0.000_012, "1.2e-5");
        check(f64::NAN, "–");
    }

    #[test]
    fn durations_are_told_in_the_largest_unit_that_fits() {
        let check = |minutes: u64, expected: &str| assert_eq!(duration(minutes), expected);
        check(1, "1 minute");
        check(60, "1 hour");
        check(900, "15 hours");
        check(1440, "1 day");
        check(1441, "24.0 hours");
        check(4000, "2.8 days");
    }

    #[test]
    fn what_people_wrote_is_never_taken_for_markup() {
        assert_eq!(escape("</script><b a='1'>\"&"), "&lt;/script&gt;&lt;b a=&#39;1&#39;&gt;&quot;&amp;");
        assert_eq!(in_chart("<b>x</b>"), "&lt;b&gt;x&lt;/b&gt;");
        assert_eq!(shorten("one\n two   three", 9), "one two …");
    }

    #[test]
    fn tidy_numbers_keep_five_digits() {
        assert_eq!(tidy(1.0 / 3.0), 0.33333);
        assert_eq!(tidy(123_456.0), 123_460.0);
    }
}
