//! What the API server takes as a name, a label, a quantity, a port: its own validation, in its own terms.

use serde_json::Value;

/// A part of the reason why a text is refused; `None` if it is not.
pub(crate) type Reason = Option<String>;

fn alphanumeric(c: char) -> bool {
    c.is_ascii_alphanumeric()
}

/// A DNS label (RFC 1123).
pub(crate) fn dns_label(text: &str) -> Reason {
    crate::name::DnsLabel::parse(text).err().map(|error| error.to_string())
}

/// A DNS subdomain (RFC 1123).
pub(crate) fn dns_subdomain(text: &str) -> Reason {
    crate::name::DnsSubdomain::parse(text)
        .err()
        .map(|error| error.to_string())
}

/// The value of a label.
pub(crate) fn label_value(text: &str) -> Reason {
    crate::name::LabelValue::parse(text)
        .err()
        .map(|error| error.to_string())
}

/// The key of a label or an annotation.
pub(crate) fn qualified_name(text: &str) -> Reason {
    crate::name::LabelKey::parse(text).err().map(|error| error.to_string())
}

/// The name of a port of a container or a Service: up to 15 of a-z, 0-9 and `-`, at least one letter, no `--`.
pub(crate) fn port_name(text: &str) -> Reason {
    if text.is_empty() || text.len() > 15 {
        return Some(format!(
            "`{text}` has {} characters: a port's name has 1 to 15",
            text.len()
        ));
    }
    if let Some(bad) = text
        .chars()
        .find(|&c| !c.is_ascii_lowercase() && !c.is_ascii_digit() && c != '-')
    {
        return Some(format!("`{text}` contains {bad:?}: only a-z, 0-9 and `-`"));
    }
    if !text.contains(|c: char| c.is_ascii_lowercase()) {
        return Some(format!("`{text}` has no letter"));
    }
    (text.contains("--") || text.starts_with('-') || text.ends_with('-'))
        .then(|| format!("`{text}` has a `-` at an end, or two in a row"))
}

/// The name of an environment variable: printable ASCII without `=`.
pub(crate) fn variable_name(text: &str) -> Reason {
    if text.is_empty() {
        return Some("is empty".to_owned());
    }
    text.chars()
        .find(|&c| !(' '..='~').contains(&c) || c == '=')
        .map(|bad| format!("`{text}` contains {bad:?}: only printable ASCII without `=`"))
}

/// The key of a ConfigMap or a Secret, which becomes the name of a file.
pub(crate) fn config_key(text: &str) -> Reason {
    if text.is_empty() || text.len() > 253 {
        return Some(format!("`{text}` has {} characters: a key has 1 to 253", text.len()));
    }
    if let Some(bad) = text.chars().find(|&c| !alphanumeric(c) && !"-_.".contains(c)) {
        return Some(format!(
            "`{text}` contains {bad:?}: only letters, digits, `-`, `_` and `.`"
        ));
    }
    (text == "." || text.starts_with("..")).then(|| format!("`{text}` is not the name of a file"))
}

/// A reference to an image: `[host[:port]/]path[:tag][@digest]`, the path in lower case.
pub(crate) fn image(text: &str) -> Reason {
    if text.is_empty() {
        return Some("is empty".to_owned());
    }
    if text.trim() != text || text.contains(char::is_whitespace) {
        return Some(format!("`{text}` contains whitespace"));
    }
    let (reference, digest) = match text.split_once('@') {
        Some((reference, digest)) => (reference, Some(digest)),
        None => (text, None),
    };
    if let Some(digest) = digest {
        let sound = digest.split_once(':').is_some_and(|(algorithm, hex)| {
            !algorithm.is_empty() && hex.len() >= 32 && hex.chars().all(|c| c.is_ascii_hexdigit())
        });
        if !sound {
            return Some(format!("`{text}` has no digest after `@`"));
        }
    }
    let (path, tag) = split_tag(reference);
    if let Some(tag) = tag {
        let sound = !tag.is_empty()
            && tag.len() <= 128
            && tag.chars().all(|c| alphanumeric(c) || "_.-".contains(c))
            && !tag.starts_with(['.', '-']);
        if !sound {
            return Some(format!("`{text}` has no valid tag after `:`"));
        }
    }
    let parts: Vec<&str> = path.split('/').collect();
    let host = parts.len() > 1 && (parts[0].contains(['.', ':']) || parts[0] == "localhost");
    let names = &parts[usize::from(host)..];
    let sound = |part: &&str| {
        part.chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c))
            && part.starts_with(alphanumeric)
            && part.ends_with(alphanumeric)
    };
    if names.iter().any(|part| part.chars().any(|c| c.is_ascii_uppercase())) {
        return Some(format!("`{text}` has uppercase letters in its name"));
    }
    (!names.iter().all(sound)).then(|| format!("`{text}` is not a valid image name"))
}

/// The name of an image, and its tag.
pub(crate) fn split_tag(reference: &str) -> (&str, Option<&str>) {
    match reference.rsplit_once(':') {
        // What stands before a `/` is a port.
        Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
        _ => (reference, None),
    }
}

/// An amount in thousand-millionths, as the API server reads it: `1500m`, `8Gi`, `1.5`, `1e3`. An absurd one stays at the
/// largest.
pub(crate) fn quantity(value: &Value) -> Option<i128> {
    match value {
        Value::Number(number) => parse_quantity(&number.to_string()),
        Value::String(text) => parse_quantity(text),
        _ => None,
    }
}

fn parse_quantity(text: &str) -> Option<i128> {
    const NANO: i128 = 1_000_000_000;
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = rest
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(rest.len());
    let (digits, suffix) = rest.split_at(end);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return None;
    }
    let kibi = |power: u32| Some((1_i128 << (10 * power), 1));
    let kilo = |power: u32| Some((10_i128.pow(3 * power), 1));
    let (times, over) = match suffix {
        "" => Some((1, 1)),
        "n" => Some((1, 1_000_000_000)),
        "u" => Some((1, 1_000_000)),
        "m" => Some((1, 1000)),
        "k" => kilo(1),
        "M" => kilo(2),
        "G" => kilo(3),
        "T" => kilo(4),
        "P" => kilo(5),
        "E" => kilo(6),
        "Ki" => kibi(1),
        "Mi" => kibi(2),
        "Gi" => kibi(3),
        "Ti" => kibi(4),
        "Pi" => kibi(5),
        "Ei" => kibi(6),
        _ => {
            let exponent: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
            let power = 10_i128.checked_pow(exponent.unsigned_abs().min(30))?;
            Some(if exponent < 0 { (1, power) } else { (power, 1) })
        }
    }?;
    // More digits than these tell nothing apart.
    let fraction = &fraction[..fraction.len().min(9)];
    let unit = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
    let number = |digits: &str| {
        digits.bytes().fold(0_i128, |sum, digit| {
            sum.saturating_mul(10).saturating_add(i128::from(digit - b'0'))
        })
    };
    let amount = number(whole)
        .saturating_mul(unit)
        .saturating_add(number(fraction))
        .saturating_mul(times)
        .saturating_mul(NANO)
        / unit
        / over;
    Some(if negative { -amount } else { amount })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn quantities_are_read_as_the_api_server_reads_them() {
        for (text, nano) in [
            ("1", 1_000_000_000),
            ("1500m", 1_500_000_000),
            ("0.1", 100_000_000),
            (".5", 500_000_000),
            ("1.", 1_000_000_000),
            ("1e3", 1_000_000_000_000),
            ("1E", 1_000_000_000_000_000_000_000_000_000),
            ("1Ki", 1_024_000_000_000),
            ("1k", 1_000_000_000_000),
            ("-1", -1_000_000_000),
            ("0", 0),
        ] {
            assert_eq!(quantity(&json!(text)), Some(nano), "{text}");
        }
        assert_eq!(quantity(&json!(4)), quantity(&json!("4")));
        assert_eq!(quantity(&json!(0.5)), quantity(&json!("500m")));
        for wrong in [
            "", "8Gig", "8 Gi", "Gi", "1.2.3", "8gi", "1m5", "0x10", "1_000", "8GB", ".",
        ] {
            assert_eq!(quantity(&json!(wrong)), None, "{wrong}");
        }
        let absurd = "9".repeat(400);
        assert!(quantity(&json!(absurd)) > quantity(&json!("1E")));
    }

    #[test]
    fn invalid_image_references_are_found() {
        for sound in [
            "kafka",
            "confluentinc/cp-kafka:8.3.1",
            "localhost:5000/kafka:1",
            "registry.example.com:443/a/b__c:v1.0_x",
            "a@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            "a:1@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        ] {
            assert_eq!(image(sound), None, "{sound}");
        }
        for wrong in [
            "",
            " a",
            "a b",
            "Kafka:1",
            "a:",
            "a:b:c",
            "a//b",
            "a@sha256:",
            "a:-1",
            "/a",
            "a/",
        ] {
            assert!(image(wrong).is_some(), "{wrong}");
        }
    }
}
