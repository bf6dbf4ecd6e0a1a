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

/// The candidate that a long word is with a typing error: other letters in at most two places, or other capitals. Never one that differs
/// in its digits alone, as `UseSHA1` and `UseSHA3`.
pub(crate) fn misspelt<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let letters = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "").to_lowercase();
    let (length, own) = (word.chars().count(), letters(word));
    let allowed = if length < 9 { 1 } else { 2 };
    candidates
        .filter(|candidate| may_be_near(word, candidate, allowed))
        .filter_map(|candidate| {
            let distance = strsim::osa_distance(word, candidate);
            let same = candidate.eq_ignore_ascii_case(word);
            let typed = distance <= allowed && length >= 6 && letters(candidate) != own;
            (word != candidate && (same || typed)).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Whether two words may be as many edits apart as are allowed. Their distance takes longer to find, and few pairs are left for it.
pub(crate) fn may_be_near(word: &str, other: &str, allowed: usize) -> bool {
    // An edit takes one letter and brings another.
    other.len().abs_diff(word.len()) <= allowed && (marks(word) ^ marks(other)).count_ones() as usize <= 2 * allowed
}

/// The letters of a word, in any case: a bit for each.
fn marks(word: &str) -> u32 {
    word.bytes().fold(0, |marks, byte| marks | 1 << (byte & 31))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_word_with_a_typing_error_finds_what_was_meant() {
        let words = ["initLimit", "UseG1GC", "UseSHA1Intrinsics", "dataDir", "bash"];
        for (word, expected) in [
            ("initLimits", Some("initLimit")),
            ("intiLimit", Some("initLimit")),
            ("datadir", Some("dataDir")),
            ("UseG1CG", Some("UseG1GC")),
            ("initLimit", None),
            ("UseSHA3Intrinsics", None),
            ("dataLogDir", None),
            ("bahs", None),
            ("", None),
        ] {
            assert_eq!(misspelt(word, words.into_iter()), expected, "{word}");
        }
    }

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
