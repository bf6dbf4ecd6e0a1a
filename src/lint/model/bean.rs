//! Which beans an agent collects: the object names of its lists, and the beans that the pattern of a rule asks for.

use serde_json::Value;

/// What an agent's file says of the beans that are collected at all.
pub(super) struct Collected<'a> {
    only: Vec<Option<ObjectName<'a>>>,
    not: Vec<Option<ObjectName<'a>>>,
}

/// An object name as a pattern: `kafka.log:type=Log,name=Size,topic=*`.
struct ObjectName<'a> {
    domain: &'a str,
    properties: Vec<(&'a str, &'a str)>,
    /// Whether a bean may have further properties: `,*`.
    open: bool,
}

/// The beans that a rule's pattern matches, where it says so: `^kafka.log<type=Log, name=Size, topic=(.+)><>Value`.
struct Beans<'a> {
    domain: String,
    /// Whether the domain may be only the end of one: the agent searches the pattern in the whole text.
    ends: bool,
    /// Each property, with its value where that is fixed.
    properties: Vec<(&'a str, Option<String>)>,
    /// Whether they may have further properties, because a value takes all that follows.
    open: bool,
}

impl<'a> Collected<'a> {
    pub(super) fn of(document: &'a Value) -> Self {
        let names = |keys: [&str; 2]| {
            let lists = keys.into_iter().filter_map(|key| document[key].as_array());
            lists.flatten().map(|name| ObjectName::read(name.as_str()?)).collect()
        };
        Self {
            only: names(["includeObjectNames", "whitelistObjectNames"]),
            not: names(["excludeObjectNames", "blacklistObjectNames"]),
        }
    }

    /// Whether no bean that a pattern matches is collected. What cannot be read is taken for a bean that is.
    pub(super) fn leaves_out(&self, pattern: &str) -> bool {
        if self.only.is_empty() && self.not.is_empty() {
            return false;
        }
        let Some(beans) = Beans::read(pattern) else {
            return false;
        };
        let might_be = |name: &Option<ObjectName<'_>>| name.as_ref().is_none_or(|name| name.might_be_of(&beans));
        let has_all = |name: &Option<ObjectName<'_>>| name.as_ref().is_some_and(|name| name.has_all(&beans));
        (!self.only.is_empty() && !self.only.iter().any(might_be)) || self.not.iter().any(has_all)
    }
}

impl<'a> ObjectName<'a> {
    /// `None` for what is no object name, or one with quotes, in which other characters count.
    fn read(text: &'a str) -> Option<Self> {
        let (domain, list) = text.trim().split_once(':').filter(|_| !text.contains('"'))?;
        let mut name = Self {
            domain,
            properties: Vec::new(),
            open: false,
        };
        for part in list.split(',').map(str::trim) {
            match part.split_once('=') {
                Some(property) => name.properties.push(property),
                None if part == "*" => name.open = true,
                None => return None,
            }
        }
        Some(name)
    }

    /// Whether one of the beans may have this name.
    fn might_be_of(&self, beans: &Beans<'_>) -> bool {
        let of_domain = if beans.ends {
            self.domain.contains(['*', '?']) || self.domain.ends_with(&beans.domain)
        } else {
            matches(self.domain, &beans.domain)
        };
        of_domain
            && self.properties.iter().all(|(key, value)| match beans.property(key) {
                Some((_, Some(fixed))) => matches(value, fixed),
                Some((_, None)) => true,
                None => beans.open,
            })
            && (self.open || beans.properties.iter().all(|(key, _)| self.has(key)))
    }

    /// Whether each of the beans has this name.
    fn has_all(&self, beans: &Beans<'_>) -> bool {
        !beans.ends
            && matches(self.domain, &beans.domain)
            && self.properties.iter().all(|(key, value)| match beans.property(key) {
                Some((_, Some(fixed))) => matches(value, fixed),
                Some((_, None)) => *value == "*",
                None => false,
            })
            && (self.open || (!beans.open && beans.properties.iter().all(|(key, _)| self.has(key))))
    }

    fn has(&self, key: &str) -> bool {
        self.properties.iter().any(|(own, _)| *own == key)
    }
}

impl<'a> Beans<'a> {
    /// `None` where a part of the pattern may be anything.
    fn read(pattern: &'a str) -> Option<Self> {
        let whole = pattern.strip_prefix('^');
        let (domain, rest) = whole.unwrap_or(pattern).split_once('<')?;
        let (list, _) = rest.split_once("><")?;
        let domain = fixed(domain)?;
        let mut beans = Self {
            ends: whole.is_none() && !domain.contains('.'),
            domain,
            properties: Vec::new(),
            open: false,
        };
        for part in list.split(", ") {
            let (key, value) = part.split_once('=')?;
            fixed(key)?;
            let fixed = fixed(value);
            beans.open |= fixed.is_none() && takes_commas(value);
            beans.properties.push((key, fixed));
        }
        Some(beans)
    }

    fn property(&self, key: &str) -> Option<&(&'a str, Option<String>)> {
        self.properties.iter().find(|(own, _)| *own == key)
    }
}

/// The text that a regular expression stands for, if it stands for one.
fn fixed(pattern: &str) -> Option<String> {
    let mut text = String::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            // An unescaped point is any character, and meant is a point.
            '.' | '-' | '_' => text.push(c),
            '\\' => text.push(chars.next().filter(char::is_ascii_punctuation)?),
            _ if c.is_ascii_alphanumeric() => text.push(c),
            _ => return None,
        }
    }
    Some(text)
}

/// Whether the pattern of a value goes on over the next comma, as `.+` and `[^>]+` do.
fn takes_commas(value: &str) -> bool {
    let value = value.replace("\\.", "");
    let mut classes = value
        .split("[^")
        .skip(1)
        .map(|rest| rest.split(']').next().unwrap_or(rest));
    let any = ["\\D", "\\S", "\\W"].iter().any(|class| value.contains(class));
    value.contains('.') || any || classes.any(|class| !class.contains(','))
}

/// Whether a text is as a pattern with `*` and `?` says.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else {
        return pattern.len() == text.len()
            && pattern
                .chars()
                .zip(text.chars())
                .all(|(wanted, c)| wanted == '?' || wanted == c);
    };
    let Some((start, rest)) = text.split_at_checked(before.len()) else {
        return false;
    };
    let mut ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    matches(before, start) && ends.any(|at| matches(after, &rest[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    fn leaves_out(lists: &str, pattern: &str) -> bool {
        let document = yaml::read::read(lists).documents.remove(0).value;
        Collected::of(&document).leaves_out(pattern)
    }

    const SIZE: &str = r#"^kafka.log<type=Log, name=Size, topic="?([^",>]+)"?, partition="?([^",>]+)"?><>Value:"#;
    const ANY: &str = r"kafka.server<type=(.+), name=(.+)PerSec\w*, topic=(.+)><>Count";

    #[test]
    fn a_list_that_lets_a_bean_in_leaves_nothing_out() {
        for (list, pattern) in [
            ("kafka.log:type=Log,name=Size,topic=*,partition=*", SIZE),
            ("kafka.log:partition=*,topic=*,*", SIZE),
            ("kafka.*:*", SIZE),
            ("*:*", SIZE),
            ("kafka.log:type=Log,name=Size,topic=orders,partition=*", SIZE),
            // It goes on over the next comma.
            (
                "kafka.server:type=BrokerTopicMetrics,name=BytesInPerSec,topic=*,partition=*",
                ANY,
            ),
            ("kafka.server:type=BrokerTopicMetrics,*", ANY),
            // Nothing is certain of it.
            ("kafka.server:type=BrokerTopicMetrics,*", ".*"),
            ("kafka.server:type=BrokerTopicMetrics,*", "(.+)<type=Log><>Value"),
            ("not an object name", SIZE),
            // The agent searches the whole text.
            ("kafka.log:type=Log,*", "log<type=Log><>Value"),
        ] {
            for key in ["includeObjectNames", "whitelistObjectNames"] {
                assert!(!leaves_out(&format!("{key}: [{list:?}]"), pattern), "{list} {pattern}");
            }
        }
        for lists in ["rules: []", "excludeObjectNames: ['kafka.log:type=Log,topic=orders,*']"] {
            assert!(!leaves_out(lists, SIZE), "{lists}");
        }
    }

    #[test]
    fn a_list_without_the_bean_leaves_it_out() {
        for list in [
            "kafka.log:type=Log,name=Size",
            "kafka.log:type=Log,name=LogEndOffset,*",
            "kafka.log:type=LogManager,*",
            "kafka.server:*",
            "kafka.log:type=Log,name=Size,topic=*,partition=*,broker=*",
        ] {
            assert!(leaves_out(&format!("whitelistObjectNames: [{list:?}]"), SIZE), "{list}");
        }
        for list in [
            "kafka.log:*",
            "kafka.log:type=Log,name=S*,*",
            "kafka.?og:type=Log,name=Size,topic=*,partition=*",
        ] {
            assert!(leaves_out(&format!("excludeObjectNames: [{list:?}]"), SIZE), "{list}");
        }
    }
}
