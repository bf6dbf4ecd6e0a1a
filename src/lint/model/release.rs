//! The release of Kafka that an image carries, as far as its name and its tag say so.

use super::syntax::split_tag;
use crate::version::Version;

/// The release in an image. None if its name and tag do not say it, and for a release that this crate does not know.
pub(crate) fn of_image(image: &str) -> Option<Version> {
    let line = line_of_image(image)?;
    Version::ALL.into_iter().find(|version| version.line() == line)
}

/// The release line in an image, known to this crate or not: Confluent's 8.3 carries Kafka 4.3 and 7.9 carries 3.9, Strimzi's tags end in
/// it, the others have it as their tag. None for a digest, a moving tag, and an image of another name.
pub(crate) fn line_of_image(image: &str) -> Option<String> {
    let (name, tag) = split_tag(image.split('@').next().unwrap_or_default());
    let tag = tag?;
    let name = name.rsplit('/').next().unwrap_or_default();
    let numbers = |text: &str| {
        let mut numbers = text.split(['.', '-']).map(|part| part.parse::<u32>().ok());
        Some((numbers.next()??, numbers.next()??))
    };
    let line = if name.starts_with("cp-") {
        let (major, minor) = numbers(tag)?;
        match major {
            5 => (2, minor),
            // 6.0 carries 2.6.
            6 => (2, minor + 6),
            _ => (major.checked_sub(4).filter(|&kafka| kafka >= 3)?, minor),
        }
    } else if let Some((_, kafka)) = tag.split_once("-kafka-") {
        numbers(kafka)?
    } else if name == "kafka" || name == "kafka-native" {
        // Some name the release of Scala first: `2.13-2.8.1`.
        let scala = tag.split_once('-').filter(|(scala, _)| {
            let minor = scala.strip_prefix("2.").and_then(|minor| minor.parse::<u32>().ok());
            minor.is_some_and(|minor| minor >= 10)
        });
        numbers(scala.map_or(tag, |(_, kafka)| kafka))?
    } else {
        return None;
    };
    Some(format!("{}.{}", line.0, line.1))
}

/// Whether an image carries a release before the oldest one that this crate knows.
pub(crate) fn is_older(image: &str) -> bool {
    let numbers = |line: &str| {
        let (major, minor) = line.split_once('.')?;
        Some((major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?))
    };
    let line = line_of_image(image).and_then(|line| numbers(&line));
    let [oldest, ..] = Version::ALL;
    line.is_some_and(|line| Some(line) < numbers(oldest.line()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_line_follows_from_name_and_tag() {
        for (image, line) in [
            ("confluentinc/cp-kafka:8.3.1", Some("4.3")),
            ("registry.example.com:5000/mirror/cp-kafka-connect:7.9.6", Some("3.9")),
            ("apache/kafka:4.1.1", Some("4.1")),
            ("bitnami/kafka:3.9.0-debian-12-r1", Some("3.9")),
            ("quay.io/strimzi/kafka:0.46.0-kafka-4.0.0", Some("4.0")),
            ("apache/kafka:latest", None),
            ("apache/kafka", None),
            ("apache/kafka@sha256:0", None),
            ("confluentinc/cp-kafka:7.0.1", None),
            ("example/broker:4.3.1", None),
        ] {
            assert_eq!(of_image(image).map(Version::line), line, "{image}");
        }
        let line = line_of_image("confluentinc/cp-kafka-connect:6.1.0");
        assert_eq!(line.as_deref(), Some("2.7"));
    }
}
