//! What someone may have meant.

/// The candidate that is nearest to a word in any case, if one is near enough for a typing error or begins like it.
pub(crate) fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    candidates
        .map(|candidate| (candidate, candidate.to_lowercase()))
        .map(|(candidate, lower)| (distance(&word, &lower), candidate, lower))
        .filter(|(distance, _, lower)| {
            let begins = word.len() > 1 && (lower.starts_with(&word) || word.starts_with(lower));
            begins || *distance <= 1 + word.chars().count() / 4
        })
        .min_by_key(|(distance, _, _)| *distance)
        .map(|(_, candidate, _)| candidate)
}

/// How many letters must be inserted, removed or replaced (Levenshtein). The words are short: of a command line, or names of settings.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_finds_its_word_and_another_word_finds_nothing() {
        let stacks = ["dev", "staging", "prod", "prod-dedicated", "prod-zookeeper"];
        for (word, expected) in [
            ("prodd", Some("prod")),
            ("rpod", Some("prod")),
            ("PROD", Some("prod")),
            ("production", Some("prod")),
            ("stag", Some("staging")),
            ("prod-zookeper", Some("prod-zookeeper")),
            ("kafka", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, stacks.into_iter()), expected, "{word}");
        }
    }

    #[test]
    fn the_distance_counts_single_letters() {
        for (a, b, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("ä", "a", 1),
        ] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }
}
