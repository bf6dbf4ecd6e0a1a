//! What someone may have meant.

/// The candidate that is nearest to a word, in any case, if it is near enough for a typing error or begins like it.
pub(crate) fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    candidates
        .map(|candidate| (candidate, candidate.to_lowercase()))
        .map(|(candidate, lower)| (strsim::levenshtein(&word, &lower), candidate, lower))
        .filter(|(distance, _, lower)| {
            let begins = word.len() > 1 && (lower.starts_with(&word) || word.starts_with(lower));
            begins || *distance <= 1 + word.chars().count() / 4
        })
        .min_by_key(|(distance, _, _)| *distance)
        .map(|(_, candidate, _)| candidate)
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
}
