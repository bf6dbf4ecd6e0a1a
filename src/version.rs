//! Release lines of Apache Kafka.

use std::fmt;

/// What `tests/catalogue/run` reads out of Kafka's jars: release line, feature, level, and what Kafka's tools call the level.
const FEATURES: &str = include_str!("features.tsv");

/// The feature that says which metadata the cluster can write.
pub(crate) const METADATA_VERSION: &str = "metadata.version";

/// A feature that a cluster finalizes, at a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Feature {
    pub(crate) name: &'static str,
    /// The number that `kafka-features upgrade --feature NAME=LEVEL` takes.
    pub(crate) level: &'static str,
    /// What `kafka-features describe` prints: the number, or a text such as `4.3-IV0`.
    pub(crate) text: &'static str,
}

/// A release line of Apache Kafka that this crate knows, and what it supports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// The last line with ZooKeeper, and the bridge to 4.x.
    V3_9,
    /// The first line without ZooKeeper.
    V4_0,
    /// Eligible leader replicas on by default in new clusters.
    V4_1,
    /// Share groups.
    V4_2,
    /// The newest line.
    V4_3,
}

impl Version {
    /// All lines, oldest first.
    pub const ALL: [Self; 5] = [Self::V3_9, Self::V4_0, Self::V4_1, Self::V4_2, Self::V4_3];

    /// Whether a broker can use ZooKeeper: it was removed in 4.0.
    pub const fn supports_zookeeper(self) -> bool {
        matches!(self, Self::V3_9)
    }

    /// Whether the line has the internal topic of share groups, whose replication factor must fit the brokers.
    pub const fn has_share_groups(self) -> bool {
        !matches!(self, Self::V3_9)
    }

    /// The features that a new cluster of the line has, by name: what `.finalized(…)` declares. `kraft.version` is not among them.
    pub(crate) fn features(self) -> impl Iterator<Item = Feature> {
        FEATURES.lines().filter_map(move |row| {
            let mut columns = row.split('\t');
            let mut next = || columns.next().unwrap_or_default();
            (next() == self.line()).then(|| Feature {
                name: next(),
                level: next(),
                text: next(),
            })
        })
    }

    /// The metadata version that the line finalizes for a new cluster, such as `4.3-IV0`.
    pub(crate) fn metadata_version(self) -> &'static str {
        self.features()
            .find(|feature| feature.name == METADATA_VERSION)
            .map_or("", |feature| feature.text)
    }

    /// The line that finalizes this metadata version for new clusters.
    pub(crate) fn of_metadata_version(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|line| line.metadata_version() == text)
    }

    /// The line as Kafka writes it, such as `4.3`.
    pub const fn line(self) -> &'static str {
        match self {
            Self::V3_9 => "3.9",
            Self::V4_0 => "4.0",
            Self::V4_1 => "4.1",
            Self::V4_2 => "4.2",
            Self::V4_3 => "4.3",
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.line())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_has_a_metadata_version_of_its_own_and_no_feature_of_the_quorum() {
        for line in Version::ALL {
            assert!(line.metadata_version().starts_with(line.line()), "{line}");
            assert_eq!(Version::of_metadata_version(line.metadata_version()), Some(line));
            assert!(line.features().all(|feature| feature.name != "kraft.version"));
            assert!(
                line.features()
                    .all(|feature| feature.level.parse::<u16>().is_ok_and(|level| level > 0))
            );
        }
        let names: Vec<&str> = Version::V4_0.features().map(|feature| feature.name).collect();
        assert_eq!(names, ["group.version", "metadata.version", "transaction.version"]);
    }

    #[test]
    fn no_line_lowers_a_feature_of_the_one_before() {
        for lines in Version::ALL.windows(2) {
            for old in lines[0].features() {
                let new = lines[1].features().find(|new| new.name == old.name).unwrap();
                assert!(
                    new.level.parse::<u16>().unwrap() >= old.level.parse().unwrap(),
                    "{old:?} {new:?}"
                );
            }
        }
    }
}
