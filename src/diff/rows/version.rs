//! The release of Kafka in the image, and what the cluster has finalized.

use super::{features, told::Told};
use crate::{
    diff::{
        class::{Class, Flag},
        row::Row,
    },
    lint::model::release::line_of_image,
    version::Version,
};

/// A newer release.
static UP: Row = Row {
    id: "version-up",
    class: Class::Metadata,
    flags: &[],
    summary: "a newer release of Kafka",
    reason: "from {line_before} to {line_after}, and the metadata version stays what it is: the old image can go back until someone finalizes \
        {metadata_after} with `kafka-features upgrade --metadata` (not `--release-version`, which also raises `kraft.version`)",
    commands: &[],
};

/// Several releases at once.
static SKIPPED: Row = Row {
    id: "version-skipped",
    class: Class::ManualSteps,
    flags: &[],
    summary: "a newer release of Kafka, with others in between",
    reason: "no release between {line_before} and {line_after} has to run, but the metadata version must be one that {line_after} supports, and \
        features of the releases in between have not been finalized: check before the merge",
    commands: &["{kafka_features} describe  # `metadata.version` must be at least 3.3-IV3"],
};

/// An older release.
static DOWN: Row = Row {
    id: "version-down",
    class: Class::ManualSteps,
    flags: &[Flag::Availability],
    summary: "an older release of Kafka",
    reason: "{line_after} starts only if the finalized metadata version is at most {metadata_after}: otherwise the first pod that restarts stays \
        away and the rollout stops there",
    commands: &[
        "{kafka_features} describe  # `metadata.version`, and every other feature that {line_after} does not know",
        "{kafka_features} downgrade --metadata {metadata_after}  # only if it is higher; Kafka refuses if that would lose metadata",
        "# apply the new manifests",
    ],
};

/// An older release than what is finalized.
static BELOW_FINALIZED: Row = Row {
    id: "version-below-finalized",
    class: Class::ManualSteps,
    flags: &[Flag::Availability],
    summary: "an older release of Kafka than what the cluster has finalized",
    reason: "the manifests declare {finalized} as finalized, which {line_after} does not know: once the Job has raised it, the first pod that \
        restarts does not start and the rollout stops there, and Kafka does not go back behind it",
    commands: &[
        "{kafka_features} describe  # `metadata.version`: if it is {finalized}, {line_after} cannot run on these volumes",
        "# keep {line_before}",
    ],
};

/// A release without ZooKeeper, for a cluster that has it.
static WITHOUT_ZOOKEEPER: Row = Row {
    id: "version-without-zookeeper",
    class: Class::ManualSteps,
    flags: &[Flag::Availability],
    summary: "Kafka 4 for a cluster with ZooKeeper",
    reason: "ZooKeeper was removed in 4.0: the first pod that restarts does not start, and the rollout stops there",
    commands: &["# put the old image back, migrate to KRaft with Kafka 3.9, and upgrade afterwards"],
};

/// A newer release in ZooKeeper mode, which speaks the protocol of the old one.
static UP_ZOOKEEPER: Row = Row {
    id: "version-up-zookeeper",
    class: Class::Metadata,
    flags: &[],
    summary: "a newer release of Kafka, in ZooKeeper mode",
    reason: "from {line_before} to {line_after}, and the brokers go on with `inter.broker.protocol.version={protocol}`: the old image can go back \
        until that is raised",
    commands: &[],
};

/// A newer release in ZooKeeper mode, which speaks its own protocol at once.
static UP_WITHOUT_PROTOCOL: Row = Row {
    id: "version-up-without-protocol",
    class: Class::ManualSteps,
    flags: &[Flag::Availability, Flag::Irreversible],
    summary: "a newer release of Kafka in ZooKeeper mode, without `inter.broker.protocol.version`",
    reason: "a broker that has restarted speaks the protocol of {line_after}, which those of {line_before} do not know: replication between old and new \
        brokers stops until all have restarted, and the old image cannot go back",
    commands: &[
        "# first merge: `inter.broker.protocol.version={line_before}`, with the old image",
        "kubectl -n {namespace} rollout status statefulset/{workload}",
        "# second merge: the new image",
        "kubectl -n {namespace} rollout status statefulset/{workload}",
        "# once nobody wants to go back, third merge: `inter.broker.protocol.version={line_after}`",
    ],
};

/// An older release in ZooKeeper mode.
static DOWN_ZOOKEEPER: Row = Row {
    id: "version-down-zookeeper",
    class: Class::ManualSteps,
    flags: &[Flag::Availability],
    summary: "an older release of Kafka, in ZooKeeper mode",
    reason: "{line_after} works with the others only if `inter.broker.protocol.version` was never above {line_after}: without that line it was \
        {line_before} from the start, and what newer brokers have written since may not be read",
    commands: &[
        "{kafka_configs} --describe --entity-type brokers --all | grep -F inter.broker.protocol.version  # {line_after} or lower on all",
        "# apply the new manifests only then",
    ],
};

/// The version of the protocol between brokers, in ZooKeeper mode.
static PROTOCOL: Row = Row {
    id: "inter-broker-protocol",
    class: Class::ManualSteps,
    flags: &[Flag::Irreversible],
    summary: "a newer version of the protocol between brokers",
    reason: "from {protocol_before} to {protocol_after}, which is the finalization of an upgrade: all brokers must run the new release before, and \
        the old one cannot run again",
    commands: &[
        "kubectl -n {namespace} rollout status statefulset/{workload}  # all brokers run the release before the merge",
    ],
};

/// An older version of the protocol between brokers, in ZooKeeper mode.
static PROTOCOL_LOWERED: Row = Row {
    id: "inter-broker-protocol-lowered",
    class: Class::ManualSteps,
    flags: &[Flag::Availability],
    summary: "an older version of the protocol between brokers",
    reason: "from {protocol_before} to {protocol_after}, which Kafka does not support: brokers that have restarted may not read what those with \
        {protocol_before} have written",
    commands: &[
        "# keep {protocol_before}: it is what `inter.broker.protocol.version` says, and that of the release where there is no such line",
    ],
};

/// The image's release is not known.
static UNKNOWN: Row = Row {
    id: "version-unknown",
    class: Class::Metadata,
    flags: &[Flag::Unknown],
    summary: "an image whose release of Kafka is not known",
    reason: "name and tag do not say which release it carries: whether the cluster can run it, and go back, is not known here",
    commands: &[],
};

pub(super) const ROWS: &[&Row] = &[
    &UP,
    &SKIPPED,
    &DOWN,
    &BELOW_FINALIZED,
    &WITHOUT_ZOOKEEPER,
    &UP_ZOOKEEPER,
    &UP_WITHOUT_PROTOCOL,
    &DOWN_ZOOKEEPER,
    &PROTOCOL,
    &PROTOCOL_LOWERED,
    &UNKNOWN,
];

/// Says what another image means for the cluster.
pub(super) fn judge(told: &mut Told<'_, '_>) {
    let pair = told.pair;
    let key = "inter.broker.protocol.version";
    if pair.differs(key) && !pair.before.is_kraft() && !pair.after.is_kraft() {
        // Without the line it is that of the release.
        let [old, new] = [&pair.before, &pair.after].map(|process| {
            let said = process.get(key).and_then(|text| text.split('-').next());
            said.map(str::to_owned).or_else(|| line_of_image(&process.kafka.image))
        });
        let shown = |line: &Option<String>| line.clone().unwrap_or_else(|| "that of the release".to_owned());
        if old != new {
            let [before, after] = [&old, &new].map(|line| line.as_deref().and_then(ordered));
            let is_lower = before.is_some() && after.is_some() && after < before;
            let draft = told.setting(key, if is_lower { &PROTOCOL_LOWERED } else { &PROTOCOL });
            draft
                .word("protocol_before", shown(&old))
                .word("protocol_after", shown(&new));
        }
    }
    let (old, new) = (&pair.before.kafka.image, &pair.after.kafka.image);
    if old == new {
        return;
    }
    let path = format!("spec.template.spec.containers[{}].image", pair.after.kafka.container);
    let (Some(line_before), Some(line_after)) = (line_of_image(old), line_of_image(new)) else {
        told.field(&path, &UNKNOWN);
        return;
    };
    let (before, after) = (ordered(&line_before), ordered(&line_after));
    let place = |version: Option<Version>| Version::ALL.iter().position(|known| Some(*known) == version);
    let finalized = features::finalized(pair.sets.before, &pair.before);
    let is_below = finalized
        .as_ref()
        .is_some_and(|(_, line)| Some(*line) > pair.after.version && pair.after.version.is_some());
    let protocol = pair.after.get(key);
    let row = match before.cmp(&after) {
        std::cmp::Ordering::Equal => return,
        _ if !pair.after.is_kraft() && after >= Some((4, 0)) => &WITHOUT_ZOOKEEPER,
        std::cmp::Ordering::Less if !pair.after.is_kraft() => match protocol {
            Some(_) => &UP_ZOOKEEPER,
            None => &UP_WITHOUT_PROTOCOL,
        },
        std::cmp::Ordering::Greater if !pair.after.is_kraft() => &DOWN_ZOOKEEPER,
        std::cmp::Ordering::Greater if is_below => &BELOW_FINALIZED,
        std::cmp::Ordering::Greater => &DOWN,
        std::cmp::Ordering::Less => match (place(pair.before.version), place(pair.after.version)) {
            (Some(old), Some(new)) if new == old + 1 => &UP,
            // Releases that stacks are not made for follow each other by their numbers.
            _ if is_next(before, after) => &UP,
            _ => &SKIPPED,
        },
    };
    let metadata = pair.after.version.map_or("what it supports", Version::metadata_version);
    let draft = told.field(&path, row);
    draft.word("line_before", line_before).word("line_after", line_after);
    draft.word("metadata_after", metadata);
    draft.word("protocol", protocol.unwrap_or_default());
    draft.word("finalized", finalized.map_or_else(String::new, |(level, _)| level));
}

/// Whether a release line follows another one of the same major version.
fn is_next(before: Option<(u32, u32)>, after: Option<(u32, u32)>) -> bool {
    matches!((before, after), (Some((major, minor)), Some(after)) if after == (major, minor + 1))
}

/// A release line as numbers.
fn ordered(line: &str) -> Option<(u32, u32)> {
    let (major, minor) = line.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
