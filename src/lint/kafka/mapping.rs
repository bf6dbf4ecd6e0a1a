//! The user that a certificate stands for, by `ssl.principal.mapping.rules`, as Kafka works it out.

use regex::Regex;

/// The rules of a listener, in order: the first that fits counts.
pub(super) struct Mapping(Vec<Option<Rule>>);

struct Rule {
    /// It must fit the whole subject.
    whole: Regex,
    pattern: Regex,
    replacement: String,
    letters: Option<char>,
}

impl Mapping {
    /// Without rules the user is the whole subject.
    pub(super) fn default() -> Self {
        Self(vec![None])
    }

    /// None if a rule cannot be evaluated here: the patterns of Java know more.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut rules = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix("DEFAULT") {
                rules.push(None);
                rest = after;
            } else {
                let (pattern, after) = part(rest.strip_prefix("RULE:")?)?;
                let (replacement, after) = part(after)?;
                let letters = after.chars().next().filter(|letter| "LU".contains(*letter));
                rules.push(Some(Rule {
                    whole: Regex::new(&format!("^(?:{pattern})$")).ok()?,
                    pattern: Regex::new(pattern).ok()?,
                    replacement: in_our_notation(replacement),
                    letters,
                }));
                rest = &after[letters.map_or(0, char::len_utf8)..];
            }
            rest = rest.trim_start();
            if !rest.is_empty() {
                rest = rest.strip_prefix(',')?.trim_start();
            }
        }
        Some(if rules.is_empty() { Self::default() } else { Self(rules) })
    }

    /// The user of a certificate with this subject. None if no rule fits: it is refused.
    pub(super) fn user(&self, subject: &str) -> Option<String> {
        self.0.iter().find_map(|rule| {
            let Some(rule) = rule else {
                return Some(subject.to_owned());
            };
            rule.whole.is_match(subject).then(|| {
                let user = rule.pattern.replace_all(subject, rule.replacement.as_str());
                match rule.letters {
                    Some('L') => user.to_lowercase(),
                    Some(_) => user.to_uppercase(),
                    None => user.into_owned(),
                }
            })
        })
    }
}

/// What stands before the next `/` that is not escaped, and what comes after it.
fn part(text: &str) -> Option<(&str, &str)> {
    let mut escaped = false;
    let end = text.find(|letter| {
        let ends = letter == '/' && !escaped;
        escaped = letter == '\\' && !escaped;
        ends
    })?;
    Some((&text[..end], &text[end + 1..]))
}

/// `$1` of Java, which our patterns would read together with letters after it.
fn in_our_notation(replacement: &str) -> String {
    let mut text = String::new();
    let mut letters = replacement.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, letters.peek().copied()) {
            ('$', Some(digit)) if digit.is_ascii_digit() => {
                text.push_str(&format!("${{{digit}}}"));
                letters.next();
            }
            ('\\', Some('$')) => {
                text.push_str("$$");
                letters.next();
            }
            ('\\', Some(other)) => {
                text.push(other);
                letters.next();
            }
            _ => text.push(letter),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(rules: &str, subject: &str) -> Option<String> {
        Mapping::read(rules).unwrap().user(subject)
    }

    #[test]
    fn the_first_rule_that_fits_the_whole_subject_counts() {
        let rules = "RULE:^CN=([^,]+),O=shop$/$1/, RULE:^CN=(.*?),OU=ops.*$/ops-$1x/L,DEFAULT";
        assert_eq!(user(rules, "CN=kafka,O=shop").as_deref(), Some("kafka"));
        assert_eq!(user(rules, "CN=Bob,OU=ops,O=shop").as_deref(), Some("ops-bobx"));
        assert_eq!(user(rules, "CN=x,O=other").as_deref(), Some("CN=x,O=other"));
        assert_eq!(user("RULE:^CN=(.*),O=shop$/$1/U", "CN=a,O=shop").as_deref(), Some("A"));
        assert_eq!(user("RULE:^CN=(.*),O=shop$/$1/", "CN=a,O=other"), None);
        assert_eq!(user("", "CN=a").as_deref(), Some("CN=a"));
        assert_eq!(user("RULE:^.*$/admin/", "CN=anyone").as_deref(), Some("admin"));
    }

    #[test]
    fn what_only_java_can_read_is_not_judged() {
        assert!(Mapping::read("RULE:^CN=(?=x)(.*)$/$1/").is_none());
        assert!(Mapping::read("RULE:^CN=(.*)$").is_none());
        assert!(Mapping::read("nonsense").is_none());
    }
}
