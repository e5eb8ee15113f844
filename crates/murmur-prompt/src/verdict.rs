//! Which of several words a reply says.

/// The one of `choices` that `reply` says, as whole words and letter case aside: "DISAGREE" does not say "AGREE". `None`
/// where it says none or several of them. A longer choice hides shorter ones within it.
pub fn verdict<'a>(reply: &str, choices: &[&'a str]) -> Option<&'a str> {
    let said = words(reply);
    let choices: Vec<(&'a str, Vec<String>)> =
        choices.iter().map(|&choice| (choice, words(choice))).collect();
    let mut found: Option<&'a str> = None;
    let mut at = 0;
    while at < said.len() {
        let here = choices.iter().filter(|(_, words)| !words.is_empty() && said[at..].starts_with(words));
        let Some((choice, length)) =
            here.map(|(choice, words)| (*choice, words.len())).max_by_key(|(_, l)| *l)
        else {
            at += 1;
            continue;
        };
        if found.is_some_and(|found| found != choice) {
            return None;
        }
        found = Some(choice);
        at += length;
    }
    found
}

/// The words of `text`, in lower case.
pub(crate) fn words(text: &str) -> Vec<String> {
    let split = text.split(|c: char| !c.is_alphanumeric());
    split.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_one_choice_in_whole_words() {
        let check = |reply: &str, choices: &[&str], expected: Option<&str>| {
            assert_eq!(verdict(reply, choices), expected, "{reply}");
        };
        let agree = &["AGREE", "DISAGREE"];
        check("DISAGREE", agree, Some("DISAGREE"));
        check("I disagree.", agree, Some("DISAGREE"));
        check("**Agree**, and again: agree!", agree, Some("AGREE"));
        check("agree or disagree? agree", agree, None);
        check("agreed", agree, None);
        check("", agree, None);
        check("Not sure", &["sure", "not sure"], Some("not sure"));
        check("I am not quite sure", &["sure", "not sure"], Some("sure"));
        check("ÄNDERN", &["ändern", "lassen"], Some("ändern"));
        check("C++ or so", &["C", "D"], Some("C"));
        check("x", &["", "!"], None);
    }
}
