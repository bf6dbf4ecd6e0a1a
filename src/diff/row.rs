//! A row of the classification: a kind of change, what it does, and the commands that it needs.

use std::collections::BTreeMap;

use super::class::{Class, Flag};

/// A kind of change. [`super::rows`] has all of them; `explain`, `docs/diff.md` and the reports are made from them.
///
/// Texts have words in braces, which are replaced by this cluster's: `{kind}`, `{namespace}`, `{name}`, `{path}`, `{before}` and
/// `{after}` are always there, and whoever finds the change adds others. A word may have several values: a reason lists them, and a
/// command is repeated for each.
#[derive(Debug)]
pub struct Row {
    /// What `explain` finds it by, as `volume-grown`.
    pub id: &'static str,
    /// What it does to the cluster.
    pub class: Class,
    /// What else it means.
    pub flags: &'static [Flag],
    /// What changes, as a title.
    pub summary: &'static str,
    /// Why it has its class: one sentence.
    pub reason: &'static str,
    /// The commands in their order, from [`Class::ManualSteps`] up. A line with `#` in front says what to do where a command cannot.
    pub commands: &'static [&'static str],
}

impl Row {
    /// The reason, with the words of a cluster in capital letters.
    pub fn general_reason(&self) -> String {
        general(self.reason)
    }

    /// The commands, with these words of a cluster.
    pub(crate) fn commands_for(&self, words: &Words) -> Vec<String> {
        self.commands.iter().flat_map(|text| commands(text, words)).collect()
    }

    /// The commands, with the words of a cluster in capital letters.
    pub fn general_commands(&self) -> Vec<String> {
        self.commands.iter().map(|text| general(text)).collect()
    }
}

/// The values of the words of a row.
pub(crate) type Words = BTreeMap<&'static str, Vec<String>>;

/// A text with its words replaced; a word with several values becomes a list.
pub(super) fn sentence(text: &str, words: &Words) -> String {
    fill(&placed(text, words), |word| {
        words.get(word).map(|values| values.join(", "))
    })
}

/// A text about an object without a namespace: it is in none, or in that of the command line.
fn placed(text: &str, words: &Words) -> String {
    match words.get("namespace").map(Vec::as_slice) {
        Some([namespace]) if namespace.is_empty() => {
            text.replace(" -n {namespace}", "").replace(".{namespace}.svc", "")
        }
        _ => text.to_owned(),
    }
}

/// A command, repeated for each value of its first word that has several.
pub(super) fn commands(text: &str, words: &Words) -> Vec<String> {
    let several = names(text).find_map(|name| {
        let (name, values) = words.get_key_value(name)?;
        (values.len() != 1).then_some((*name, values))
    });
    let text = placed(text, words);
    let Some((several, values)) = several else {
        return vec![line(&text, words)];
    };
    let one = |value: &String| {
        let mut words = words.clone();
        words.insert(several, vec![value.clone()]);
        line(&text, &words)
    };
    values.iter().map(one).collect()
}

/// A line of the commands. One that would have a name in it that a shell does not take as a word is not made to be pasted: it becomes a
/// comment. Neither Kubernetes nor Kafka has such names, but a manifest may.
fn line(text: &str, words: &Words) -> String {
    /// Words that are made here, and are more than a name.
    const MADE: [&str; 8] = [
        "tee",
        "quoted",
        "entity",
        "class",
        "gone_pattern",
        "bootstrap",
        "curl",
        "rest",
    ];
    let is_made = |word: &str| MADE.contains(&word) || word.starts_with("kafka_");
    let mut values = names(text)
        .filter(|word| !is_made(word))
        .filter_map(|word| words.get(word));
    let filled = sentence(text, words);
    if filled.starts_with('#') || values.all(|values| values.iter().all(|value| is_plain(value))) {
        filled
    } else {
        format!("# not a name: {filled}")
    }
}

/// Whether a shell takes a text as one word, in quotes and without.
pub(super) fn is_plain(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_ascii_alphanumeric() || "._:/@,=+%\\-*".contains(c))
}

/// A text for the documentation: its words in capital letters.
fn general(text: &str) -> String {
    fill(text, |word| Some(word.to_ascii_uppercase()))
}

/// The names of the words in a text.
pub(super) fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| {
        let (word, _) = rest.split_once('}')?;
        is_word(word).then_some(word)
    })
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// A text with the words that have a value replaced. Other braces stay: commands have JSON in them.
fn fill(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        filled += &rest[..start];
        let after = &rest[start + 1..];
        let word = after.split_once('}').filter(|(word, _)| is_word(word));
        if let Some((value, behind)) = word.and_then(|(word, behind)| Some((value(word)?, behind))) {
            filled += &value;
            rest = behind;
        } else {
            filled.push('{');
            rest = after;
        }
    }
    filled + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_a_shell_would_run_makes_no_command() {
        let words = |name: &str| Words::from([("name", vec![name.to_owned()]), ("quoted", vec!["'a b'".to_owned()])]);
        let text = "kubectl delete pod {name} {quoted}";
        assert_eq!(commands(text, &words("kafka-0")), ["kubectl delete pod kafka-0 'a b'"]);
        for name in [
            "a;id", "$(id)", "a b", "`id`", "a'", "a\nid", "a&", "a|b", "a>b", "a\"b",
        ] {
            let made = commands(text, &words(name));
            assert!(made[0].starts_with("# not a name: "), "{made:?}");
        }
    }

    #[test]
    fn words_are_replaced_and_other_braces_stay() {
        let words = Words::from([
            ("namespace", vec!["kafka".to_owned()]),
            ("claim", vec!["a".to_owned(), "b".to_owned()]),
        ]);
        let text = "kubectl -n {namespace} patch pvc {claim} -p '{\"spec\":{\"x\":1}}'";
        assert_eq!(
            commands(text, &words),
            [
                "kubectl -n kafka patch pvc a -p '{\"spec\":{\"x\":1}}'",
                "kubectl -n kafka patch pvc b -p '{\"spec\":{\"x\":1}}'"
            ]
        );
        assert_eq!(sentence("{claim} of {unknown}", &words), "a, b of {unknown}");
        assert_eq!(general("get {claim}"), "get CLAIM");
        let words = Words::from([("namespace", vec![String::new()])]);
        assert_eq!(
            commands("kubectl -n {namespace} get pods", &words),
            ["kubectl get pods"]
        );
    }
}
