//! Names that files can have.

/// What a file about `name` is called: its letters and digits, with dashes between; `is_taken` says which names are others'.
pub(crate) fn free_slug(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let slug = slug(name);
    let mut numbered =
        (1..).map(|number| if number == 1 { slug.clone() } else { format!("{slug}-{number}") });
    numbered.find(|slug| !RESERVED.contains(&slug.as_str()) && !is_taken(slug)).expect("some number is free")
}

/// What the runs that arms branch off from are called.
pub(crate) const TRUNK: &str = "trunk";

const RESERVED: [&str; 1] = [TRUNK];

/// At most so many bytes, since names of files have a limit.
const LONGEST: usize = 80;

fn slug(name: &str) -> String {
    let mut slug = String::new();
    for letter in name.chars() {
        match letter.is_ascii_alphanumeric() {
            true => slug.push(letter.to_ascii_lowercase()),
            false if slug.ends_with('-') || slug.is_empty() => {}
            false => slug.push('-'),
        }
    }
    slug.truncate(LONGEST);
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "arm".to_owned() } else { slug.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_names_of_files() {
        let check = |name: &str, expected: &str| assert_eq!(free_slug(name, |slug| slug == "none"), expected);
        check("by 0.1", "by-0-1");
        check("Label, friction", "label-friction");
        check("none", "none-2");
        check("trunk", "trunk-2");
        check("../../etc", "etc");
        check("∅", "arm");
    }
}
