//! Names that keep the rules of those who read them: Kubernetes, Kafka, and Kafka's cluster ids.

use std::fmt;

/// Why a text is not a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidName {
    text: String,
    reason: String,
}

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.text, self.reason)
    }
}

impl std::error::Error for InvalidName {}

fn invalid<T>(text: &str, reason: impl Into<String>) -> Result<T, InvalidName> {
    Err(InvalidName {
        text: text.to_owned(),
        reason: reason.into(),
    })
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $type(String);

        impl $type {
            /// Reads a name.
            ///
            /// # Errors
            /// Says which rule the text breaks.
            pub fn parse(text: &str) -> Result<Self, InvalidName> {
                let check: fn(&str) -> Result<(), InvalidName> = $check;
                check(text)?;
                Ok(Self(text.to_owned()))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

fn label(text: &str, limit: usize) -> Result<(), InvalidName> {
    let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if text.is_empty() {
        return invalid(text, "is empty");
    }
    if text.len() > limit {
        return invalid(text, format!("has {} characters, the limit is {limit}", text.len()));
    }
    if let Some(bad) = text.chars().find(|&c| !alphanumeric(c) && c != '-') {
        return invalid(text, format!("contains {bad:?}: only a-z, 0-9 and `-`"));
    }
    if !text.starts_with(alphanumeric) || !text.ends_with(alphanumeric) {
        return invalid(text, "must start and end with a letter or a digit");
    }
    Ok(())
}

fn label_value(text: &str) -> Result<(), InvalidName> {
    let alphanumeric = |c: char| c.is_ascii_alphanumeric();
    if text.len() > 63 {
        return invalid(text, format!("has {} characters, the limit is 63", text.len()));
    }
    if let Some(bad) = text.chars().find(|&c| !alphanumeric(c) && !"-_.".contains(c)) {
        return invalid(
            text,
            format!("contains {bad:?}: only letters, digits, `-`, `_` and `.`"),
        );
    }
    if !text.is_empty() && (!text.starts_with(alphanumeric) || !text.ends_with(alphanumeric)) {
        return invalid(text, "must start and end with a letter or a digit");
    }
    Ok(())
}

name!(
    /// A DNS label (RFC 1123): up to 63 of `a-z`, `0-9` and `-`. What Kubernetes takes as the name of a namespace.
    DnsLabel,
    |text| label(text, 63)
);

name!(
    /// A DNS label that begins with a letter (RFC 1035): what Kubernetes takes as the name of a Service.
    ServiceName,
    |text| {
        label(text, 63)?;
        if text.starts_with(|c: char| c.is_ascii_digit()) {
            return invalid(text, "must start with a letter");
        }
        Ok(())
    }
);

name!(
    /// The name of a StatefulSet, which must leave room: its pods are named `<name>-<ordinal>`, and each carries a
    /// label `controller-revision-hash` of `<name>-<10 digits>`, a label value of at most 63 characters.
    StatefulSetName,
    |text| label(text, 52)
);

name!(
    /// The name of a `CronJob`: its Jobs add `-<minutes since 1970>` to it, and their pods 6 more characters (Kubernetes,
    /// `ValidateCronJobCreate`).
    CronJobName,
    |text| label(text, 52)
);

name!(
    /// The name of a `Job`: its pods carry it as a label value, and their own names add `-<5 letters>`.
    JobName,
    |text| label(text, 57)
);

name!(
    /// A DNS subdomain (RFC 1123): up to 253 characters, labels joined by dots. What Kubernetes takes as most other
    /// names.
    DnsSubdomain,
    |text| {
        if text.len() > 253 {
            return invalid(
                text,
                format!("has {} characters, the limit is 253", text.len()),
            );
        }
        text.split('.').try_for_each(|part| match label(part, 253) {
            Ok(()) => Ok(()),
            Err(_) if part.is_empty() && !text.is_empty() => invalid(text, "has nothing before or after a dot"),
            Err(error) => invalid(text, error.reason),
        })
    }
);

name!(
    /// The value of a label: up to 63 of `a-z`, `A-Z`, `0-9`, `-`, `_` and `.`, with a letter or a digit at both ends;
    /// may be empty.
    LabelValue,
    label_value
);

name!(
    /// The key of a label or an annotation: a name like a [`LabelValue`], with a [`DnsSubdomain`] and `/` before it if
    /// there is one, such as `app.kubernetes.io/name`.
    LabelKey,
    |text| {
        let name = match text.split_once('/') {
            None => text,
            Some((prefix, name)) => {
                if let Err(error) = DnsSubdomain::parse(prefix) {
                    return invalid(text, format!("has the prefix {error}"));
                }
                name
            }
        };
        if name.is_empty() {
            return invalid(text, "has an empty name");
        }
        label_value(name)
    }
);

name!(
    /// The name of a Kafka topic: up to 249 of `a-z`, `A-Z`, `0-9`, `.`, `_` and `-`, and neither `.` nor `..`
    /// (Kafka, `org.apache.kafka.common.internals.Topic`).
    TopicName,
    |text| {
        if text.is_empty() {
            return invalid(text, "is empty");
        }
        if text == "." || text == ".." {
            return invalid(text, "is not a topic name");
        }
        if text.len() > 249 {
            return invalid(
                text,
                format!("has {} characters, the limit is 249", text.len()),
            );
        }
        match text
            .chars()
            .find(|&c| !c.is_ascii_alphanumeric() && !".-_".contains(c))
        {
            Some(bad) => invalid(
                text,
                format!("contains {bad:?}: only a-z, A-Z, 0-9, `.`, `_` and `-`"),
            ),
            None => Ok(()),
        }
    }
);

name!(
    /// The id of a Kafka cluster: 16 bytes in URL-safe base64, 22 characters (Kafka, `org.apache.kafka.common.Uuid`).
    ///
    /// It is written in the stack and never changes: every log directory carries it, and a broker refuses a directory
    /// of another cluster. `kafka-storage random-uuid` makes one.
    ClusterId,
    |text| {
        if text.len() != 22 {
            return invalid(
                text,
                format!(
                    "has {} characters, a cluster id has 22 (16 bytes in URL-safe base64)",
                    text.len()
                ),
            );
        }
        if let Some(bad) = text
            .chars()
            .find(|&c| !c.is_ascii_alphanumeric() && c != '-' && c != '_')
        {
            return invalid(text, format!("contains {bad:?}: only URL-safe base64"));
        }
        // The last of 22 characters has four bits too many. They are 0 in an id that Kafka made, but not in the example that many clusters
        // were made with, `MkU3OEVBNTcwNTJENDM2Qk`: `kafka-storage` of 3.9 and 4.3 takes it.
        if text.starts_with('-') {
            return invalid(text, "begins with `-`, which Kafka's tools read as an option");
        }
        // Zero, and one and minus one, mean something else inside Kafka.
        if ["AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAQ"].contains(&text) {
            return invalid(text, "is reserved by Kafka");
        }
        if text == "5L6g3nShT-eMCtK--X86sw" {
            return invalid(
                text,
                "is the default of the apache/kafka image, which every cluster that forgets its id shares",
            );
        }
        Ok(())
    }
);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reason<T>(result: Result<T, InvalidName>) -> String {
        result.err().map_or_else(|| "valid".into(), |error| error.to_string())
    }

    #[test]
    fn a_wrong_name_says_which_rule_it_breaks() {
        for (message, expected) in [
            (reason(DnsLabel::parse("")), "`` is empty"),
            (
                reason(DnsLabel::parse("Kafka")),
                "`Kafka` contains 'K': only a-z, 0-9 and `-`",
            ),
            (
                reason(DnsLabel::parse("-a")),
                "`-a` must start and end with a letter or a digit",
            ),
            (reason(ServiceName::parse("1a")), "`1a` must start with a letter"),
            (
                reason(LabelKey::parse("A/b")),
                "`A/b` has the prefix `A` contains 'A': only a-z, 0-9 and `-`",
            ),
            (reason(LabelKey::parse("a/")), "`a/` has an empty name"),
            (
                reason(LabelValue::parse("a b")),
                "`a b` contains ' ': only letters, digits, `-`, `_` and `.`",
            ),
            (reason(LabelValue::parse("")), "valid"),
            (
                reason(TopicName::parse("a b")),
                "`a b` contains ' ': only a-z, A-Z, 0-9, `.`, `_` and `-`",
            ),
            (reason(TopicName::parse("..")), "`..` is not a topic name"),
            (
                reason(ClusterId::parse("short")),
                "`short` has 5 characters, a cluster id has 22 (16 bytes in URL-safe base64)",
            ),
            (
                reason(ClusterId::parse("WXo4c0tSYlFOc1lEa3ZkTw==")),
                "`WXo4c0tSYlFOc1lEa3ZkTw==` has 24 characters, a cluster id has 22 (16 bytes in URL-safe base64)",
            ),
            (reason(ClusterId::parse("MkU3OEVBNTcwNTJENDM2Qk")), "valid"),
            (reason(ClusterId::parse("WXo4c0tSYlFOc1lEa3ZkTw")), "valid"),
        ] {
            assert_eq!(message, expected);
        }
    }

    #[test]
    fn a_name_at_its_limit_is_taken_and_one_longer_is_not() {
        assert!(DnsLabel::parse(&"a".repeat(63)).is_ok());
        assert!(DnsLabel::parse(&"a".repeat(64)).is_err());
        assert!(StatefulSetName::parse(&"a".repeat(52)).is_ok());
        assert!(StatefulSetName::parse(&"a".repeat(53)).is_err());
        assert!(TopicName::parse(&"a".repeat(249)).is_ok());
        assert!(TopicName::parse(&"a".repeat(250)).is_err());
        assert!(DnsSubdomain::parse(&"a".repeat(253)).is_ok());
        assert!(DnsSubdomain::parse(&"a".repeat(254)).is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_a_name_panic_and_a_name_is_the_text(text in ".{0,300}") {
            for name in [
                DnsLabel::parse(&text).map(|name| name.to_string()),
                ServiceName::parse(&text).map(|name| name.to_string()),
                StatefulSetName::parse(&text).map(|name| name.to_string()),
                CronJobName::parse(&text).map(|name| name.to_string()),
                JobName::parse(&text).map(|name| name.to_string()),
                DnsSubdomain::parse(&text).map(|name| name.to_string()),
                LabelKey::parse(&text).map(|name| name.to_string()),
                LabelValue::parse(&text).map(|name| name.to_string()),
                TopicName::parse(&text).map(|name| name.to_string()),
                ClusterId::parse(&text).map(|name| name.to_string()),
            ].into_iter().flatten() {
                prop_assert_eq!(name, text.clone());
            }
        }

        #[test]
        fn every_dns_label_is_accepted(text in "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?") {
            prop_assert!(DnsLabel::parse(&text).is_ok());
        }

        #[test]
        fn every_sixteen_bytes_make_a_cluster_id(text in "[A-Za-z0-9_][A-Za-z0-9_-]{20}[AQgw]") {
            prop_assume!(!text.starts_with("AAAAAAAAAAAAAAAAAAAAA"));
            prop_assume!(text != "5L6g3nShT-eMCtK--X86sw");
            prop_assert!(ClusterId::parse(&text).is_ok());
        }
    }
}
