//! Which values Kafka accepts for a key: a reader of the notation in the catalogue, and of values as Kafka reads them.

use super::{Key, Kind};

/// The values that are valid beyond the type, in the notation of the catalogue:
///
/// | Notation | Means |
/// |---|---|
/// | nothing | any value of the type |
/// | `[0,900]`, `[1,]` | from … to …, both included; several, separated by a vertical line, are alternatives |
/// | `{a,b}`, `~{a,b}` | one of these, `~` in any case; `a*` is anything that begins with `a` |
/// | `*{a,b}`, `?{a,b}`, `+{a,b}` | a list of these, or of anything if none is named; with `?` and `+` no entry is repeated or empty, and `+` has at least one |
/// | `+` | any text that is not empty |
/// | `"` and words | Kafka checks it in a way that only words can describe, so nothing is refused here |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Valid(&'static str);

impl Valid {
    pub(super) const fn new(notation: &'static str) -> Self {
        Self(notation)
    }

    /// The notation.
    #[cfg(test)]
    pub(super) const fn notation(self) -> &'static str {
        self.0
    }

    /// The alternatives of a range; one without bounds where there is none.
    fn ranges(self) -> Vec<(Option<&'static str>, Option<&'static str>)> {
        let bound = |text: &'static str| (!text.is_empty()).then_some(text);
        let ranges: Vec<_> = self
            .0
            .split('|')
            .filter_map(|range| range.strip_prefix('[')?.strip_suffix(']')?.split_once(','))
            .map(|(least, most)| (bound(least), bound(most)))
            .collect();
        if ranges.is_empty() { vec![(None, None)] } else { ranges }
    }

    /// The rule before the braces, and what they hold.
    fn set(self) -> Option<(&'static str, Vec<&'static str>)> {
        let (rule, rest) = self.0.strip_suffix('}')?.split_once('{')?;
        let values = rest.split(',').filter(|value| !value.is_empty()).collect();
        Some((rule, values))
    }
}

impl Key {
    /// Whether Kafka accepts a value for this key; otherwise what it accepts. Of a class only the form of its name is checked, and
    /// nothing of a password.
    pub(super) fn accepts(&self, value: &str) -> Result<(), String> {
        // As java.lang.String.trim does it.
        let value = value.trim_matches(|c| c <= ' ');
        match self.kind {
            Kind::Boolean if value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false") => Ok(()),
            Kind::Boolean => Err("`true` or `false`".to_owned()),
            Kind::Short => self.accepts_integer(value, i16::MIN.into(), i16::MAX.into()),
            Kind::Int => self.accepts_integer(value, i32::MIN.into(), i32::MAX.into()),
            Kind::Long => self.accepts_integer(value, i64::MIN.into(), i64::MAX.into()),
            Kind::Double => self.accepts_double(value),
            Kind::String => self.accepts_text(value),
            Kind::List => self.accepts_list(value),
            Kind::Class if is_class(value) => Ok(()),
            Kind::Class => Err("the name of a Java class".to_owned()),
            Kind::Password => Ok(()),
        }
    }

    fn accepts_integer(&self, value: &str, least: i128, most: i128) -> Result<(), String> {
        let digits = value.strip_prefix(['-', '+']).unwrap_or(value);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err("a whole number".to_owned());
        }
        // What has more digits than this is far outside of any range.
        let number: i128 = value.parse().unwrap_or(i128::MAX);
        let bound = |text: Option<&str>, otherwise: i128| text.and_then(|text| text.parse().ok()).unwrap_or(otherwise);
        let ranges: Vec<(i128, i128)> = self
            .valid
            .ranges()
            .into_iter()
            .map(|(from, to)| (bound(from, least).max(least), bound(to, most).min(most)))
            .collect();
        if ranges.iter().any(|&(from, to)| from <= number && number <= to) {
            return Ok(());
        }
        let words = ranges.iter().map(|&(from, to)| match (from, to) {
            _ if from == to => from.to_string(),
            _ if (from, to) == (i64::MIN.into(), i64::MAX.into()) => "a 64-bit number".to_owned(),
            _ if to == i64::MAX.into() => format!("{from} or more"),
            _ => format!("{from} to {to}"),
        });
        Err(words.collect::<Vec<_>>().join(", or "))
    }

    fn accepts_double(&self, value: &str) -> Result<(), String> {
        let number = java_double(value).ok_or("a number")?;
        let bound = |text: Option<&str>| text.and_then(|text| text.parse::<f64>().ok());
        let mut words = Vec::new();
        for (from, to) in self.valid.ranges() {
            // Kafka asks whether it is less or more, which NaN never is.
            if !bound(from).is_some_and(|from| number < from) && !bound(to).is_some_and(|to| number > to) {
                return Ok(());
            }
            words.push(match (from, to) {
                (Some(from), Some(to)) => format!("{from} to {to}"),
                (Some(from), None) => format!("{from} or more"),
                (None, _) => format!("{} or less", to.unwrap_or_default()),
            });
        }
        Err(words.join(", or "))
    }

    fn accepts_text(&self, value: &str) -> Result<(), String> {
        if self.valid.0 == "+" && value.is_empty() {
            return Err("text that is not empty".to_owned());
        }
        let Some((rule, values)) = self.valid.set() else {
            return Ok(());
        };
        let any_case = rule == "~";
        let fits = |valid: &&str| match valid.strip_suffix('*') {
            Some(beginning) => value.starts_with(beginning),
            None if any_case => valid.eq_ignore_ascii_case(value),
            None => *valid == value,
        };
        if values.iter().any(fits) {
            return Ok(());
        }
        let words: Vec<String> = values
            .iter()
            .map(|value| match value.strip_suffix('*') {
                Some(beginning) => format!("`{beginning}…`"),
                None if any_case => format!("`{}`", value.to_ascii_lowercase()),
                None => format!("`{value}`"),
            })
            .collect();
        Err(match words.as_slice() {
            [only] => only.clone(),
            _ => format!("one of {}", words.join(", ")),
        })
    }

    fn accepts_list(&self, value: &str) -> Result<(), String> {
        let Some((rule, values)) = self.valid.set() else {
            return Ok(());
        };
        let entries: Vec<&str> = if value.is_empty() {
            Vec::new()
        } else {
            value.split(',').map(|entry| entry.trim_matches(|c| c <= ' ')).collect()
        };
        let strict = rule != "*";
        let repeated = || (1..entries.len()).any(|index| entries[..index].contains(&entries[index]));
        let known = |entry: &&str| values.is_empty() || values.contains(entry);
        let bad = (rule == "+" && entries.is_empty())
            || (strict && (entries.contains(&"") || repeated()))
            || !entries.iter().all(known);
        if !bad {
            return Ok(());
        }
        let of = if values.is_empty() {
            "values".to_owned()
        } else {
            values
                .iter()
                .map(|value| format!("`{value}`"))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let rule = match (rule == "+", strict, values.is_empty()) {
            (true, _, _) => ", at least one, none twice and none empty",
            (false, true, true) => ", none twice and none empty",
            (false, true, false) => ", none twice",
            (false, false, _) => "",
        };
        Err(format!("a comma-separated list of {of}{rule}"))
    }
}

/// A number as `java.lang.Double.parseDouble` reads it, but for hexadecimal ones.
fn java_double(text: &str) -> Option<f64> {
    match text.strip_prefix(['-', '+']).unwrap_or(text) {
        "NaN" => return Some(f64::NAN),
        "Infinity" if text.starts_with('-') => return Some(f64::NEG_INFINITY),
        "Infinity" => return Some(f64::INFINITY),
        _ => {}
    }
    let digits = text.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(text);
    // Rust also knows `inf` and `nan`.
    let plain = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
    digits.parse().ok().filter(|_| digits.chars().all(plain))
}

fn is_class(text: &str) -> bool {
    text.split('.').all(|part| {
        part.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '$')
            && part.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$')
    })
}
