//! Changes that a stack accepts: what `Stack::accept` names, and where it is found in a report.

use serde::{Deserialize, Serialize};

use super::change::{Change as Found, Report, Stale};
use crate::diagnostics::Location;

/// A change that a stack accepts, for [`Stack::accept`](crate::stack::Stack::accept): a kind of change that needs commands, is refused, loses
/// data or cannot be undone, and what it happens to. The kinds are those of `docs/diff.md`.
///
/// The text is the name of the object, or, for a change inside of a file, the name of the topic, the listener or the setting. Where
/// two changes of one kind have the same name, it is the object's name and the path, as a report shows them.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// let mut stack = Stack::new("prod", "kafka");
/// stack.accept(Change::BrokersRemoved("kafka"), "brokers 3 and 4 are drained before the merge");
/// stack.accept(Change::TopicRetentionCut("orders"), "the data owners agreed to three days");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Change<'a> {
    /// A StatefulSet is removed.
    StatefulsetRemoved(&'a str),
    /// A Namespace is removed.
    NamespaceRemoved(&'a str),
    /// Deployers are told to keep a Namespace.
    NamespaceKept(&'a str),
    /// Deployers are no longer told to keep a Namespace.
    NamespaceNoLongerKept(&'a str),
    /// Objects with volumes move to another namespace.
    NamespaceRenamed(&'a str),
    /// A StatefulSet is renamed.
    StatefulsetRenamed(&'a str),
    /// A `PersistentVolumeClaim` is removed.
    ClaimRemoved(&'a str),
    /// A volume with data is replaced by one that goes with its pod, or by another.
    VolumeReplaced(&'a str),
    /// The mount of a volume with data is removed or moves to another path.
    ClaimMountRemoved(&'a str),
    /// Two items of a list with the same key.
    DoubledItem(&'a str),
    /// A change in an object that the API server refuses for another one.
    RefusedWithObject(&'a str),
    /// A field of a StatefulSet that cannot change.
    StatefulsetField(&'a str),
    /// The Service that names the pods of a StatefulSet.
    StatefulsetServiceName(&'a str),
    /// The selector of a StatefulSet.
    StatefulsetSelector(&'a str),
    /// The selector of a Deployment, `DaemonSet` or `ReplicaSet`.
    WorkloadSelector(&'a str),
    /// The pod template or another field of a Job that cannot change.
    JobField(&'a str),
    /// Fewer pods of a StatefulSet with volumes.
    StatefulsetScaledDown(&'a str),
    /// No pods at all.
    ScaledToZero(&'a str),
    /// Another first ordinal of a StatefulSet with volumes.
    OrdinalsStart(&'a str),
    /// Claims are deleted with their set or when it is scaled down.
    ClaimsDeletedLater(&'a str),
    /// `OnDelete` where the manifest before does not say `rollingUpdate`.
    OnDeleteRefused(&'a str),
    /// Larger volumes of a StatefulSet.
    VolumeGrown(&'a str),
    /// Smaller volumes of a StatefulSet.
    VolumeShrunk(&'a str),
    /// Another storage class or access mode of a StatefulSet's volumes.
    VolumeClass(&'a str),
    /// A claim template is removed or renamed.
    ClaimTemplateRemoved(&'a str),
    /// Another claim template.
    ClaimTemplateAdded(&'a str),
    /// Another field of a claim template, such as a label.
    ClaimTemplate(&'a str),
    /// A larger claim.
    ClaimGrown(&'a str),
    /// A smaller claim, or another class or access mode of one.
    ClaimField(&'a str),
    /// Parameters, provisioner or reclaim policy of a `StorageClass`.
    StorageClassField(&'a str),
    /// A Service with an address becomes headless.
    ServiceClusterIp(&'a str),
    /// A headless Service should get an address.
    ServiceStaysHeadless(&'a str),
    /// A port of a Service goes, and something in the manifests still uses it.
    ServicePortUsed(&'a str),
    /// A Service no longer selects any pod.
    ServiceSelectsNothing(&'a str),
    /// The headless Service of a StatefulSet is removed.
    GoverningServiceRemoved(&'a str),
    /// A network policy cuts a connection that something in the manifests uses.
    ConnectionCut(&'a str),
    /// A network policy cuts a connection that pods use until they have restarted.
    ConnectionCutUntilRestarted(&'a str),
    /// A certificate gets more names.
    CertificateNamesAdded(&'a str),
    /// Another issuer of a certificate.
    CertificateIssuer(&'a str),
    /// A Secret with a certificate that nothing renews any more, and that pods read.
    CertificateSecretLeft(&'a str),
    /// A private key in a form that Kafka does not read.
    CertificateEncoding(&'a str),
    /// A certificate is no longer for servers or for clients.
    CertificateUsageRemoved(&'a str),
    /// A Certificate is removed, and pods read its Secret.
    CertificateRemovedAndRead(&'a str),
    /// A binding to another role.
    RoleRef(&'a str),
    /// A file changes, and the pods that read it do not restart.
    FileNotRead(&'a str),
    /// An object above 256 KiB.
    TooLargeForClientSideApply(&'a str),
    /// A ConfigMap or a Secret above 1 MiB.
    TooLarge(&'a str),
    /// A setting that a running broker also takes, in a file that no restart follows.
    BrokerSettingDynamicNow(&'a str),
    /// `min.insync.replicas` in a file, where the cluster keeps its own value.
    MinIsrKeptByCluster(&'a str),
    /// `min.insync.replicas` is not less than the replication factor.
    MinIsrIsReplicationFactor(&'a str),
    /// A replication factor above the number of brokers.
    ReplicationFactorAboveBrokers(&'a str),
    /// A lower limit of retention for topics without their own.
    DefaultRetentionCut(&'a str),
    /// Another cleanup policy for topics without their own.
    DefaultCleanupPolicy(&'a str),
    /// Offsets of consumer groups are kept for less time.
    OffsetsRetentionCut(&'a str),
    /// Another number of partitions for an internal topic.
    InternalTopicPartitions(&'a str),
    /// Replicas that are not in sync may become leaders.
    UncleanLeaderElection(&'a str),
    /// A topic is renamed.
    TopicRenamed(&'a str),
    /// More partitions.
    TopicPartitionsUp(&'a str),
    /// More partitions of a compacted topic.
    TopicPartitionsUpCompacted(&'a str),
    /// Fewer partitions.
    TopicPartitionsDown(&'a str),
    /// No number of partitions, or no replication factor.
    TopicNumberRefused(&'a str),
    /// Another replication factor of a topic.
    TopicReplicationFactor(&'a str),
    /// A topic with more replicas than brokers.
    TopicFactorAboveBrokers(&'a str),
    /// A topic is compacted from now on.
    TopicCompactAdded(&'a str),
    /// Records of a topic are deleted by age or size from now on.
    TopicDeleteAdded(&'a str),
    /// A lower limit of retention of a topic.
    TopicRetentionCut(&'a str),
    /// Replicas of a topic that are not in sync may become leaders.
    TopicUncleanLeaderElection(&'a str),
    /// A file of topics, and a Job that does not run again.
    TopicsJobDoesNotRun(&'a str),
    /// A line that the permissions Job does not take.
    PermissionsFileRefused(&'a str),
    /// A file of permissions, and a Job that does not run again.
    PermissionsJobDoesNotRun(&'a str),
    /// Another cluster id.
    ClusterId(&'a str),
    /// Another path in ZooKeeper, or none of the servers of before.
    ZookeeperConnect(&'a str),
    /// Another node id on the same volume.
    NodeId(&'a str),
    /// Other roles of the nodes.
    ProcessRoles(&'a str),
    /// Other static voters.
    QuorumVoters(&'a str),
    /// So many new static voters that they are a majority.
    QuorumVotersOutnumbered(&'a str),
    /// Another address or port of a controller.
    QuorumVoterAddress(&'a str),
    /// From static voters to a dynamic quorum.
    QuorumStaticToDynamic(&'a str),
    /// From a dynamic quorum to static voters.
    QuorumDynamicToStatic(&'a str),
    /// Another port or protocol of the controllers' listener.
    ControllerEndpoint(&'a str),
    /// A listener for clients gets another name on the same port.
    ListenerRenamed(&'a str),
    /// Nodes that are no longer among the super users.
    NodesNotSuperUsers(&'a str),
    /// A certificate of tools that is no longer among the super users.
    ToolsNotSuperUsers(&'a str),
    /// Other rules for the users of certificates, where nodes show certificates to each other.
    PrincipalMappingOfNodes(&'a str),
    /// Another listener between brokers, in one step.
    InterBrokerListener(&'a str),
    /// A directory of logs is replaced or removed.
    LogDirs(&'a str),
    /// More brokers.
    BrokersAdded(&'a str),
    /// Fewer brokers.
    BrokersRemoved(&'a str),
    /// Another number of controllers.
    ControllersCount(&'a str),
    /// Another number of controllers of a dynamic quorum.
    ControllersCountDynamic(&'a str),
    /// A restart of brokers without a volume.
    RestartWithoutVolume(&'a str),
    /// A newer release of Kafka in ZooKeeper mode, without `inter.broker.protocol.version`.
    VersionUpWithoutProtocol(&'a str),
    /// An older release of Kafka, in ZooKeeper mode.
    VersionDownZookeeper(&'a str),
    /// A heap above three quarters of the memory limit.
    HeapAboveMemory(&'a str),
    /// A newer release of Kafka, with others in between.
    VersionSkipped(&'a str),
    /// An older release of Kafka.
    VersionDown(&'a str),
    /// An older release of Kafka than what the cluster has finalized.
    VersionBelowFinalized(&'a str),
    /// A feature of the cluster is raised.
    FeatureRaised(&'a str),
    /// The image and a feature of the cluster are raised in one change.
    FeatureRaisedWithVersion(&'a str),
    /// A lower level of a feature is declared.
    FeatureLowered(&'a str),
    /// Kafka 4 for a cluster with ZooKeeper.
    VersionWithoutZookeeper(&'a str),
    /// A newer version of the protocol between brokers.
    InterBrokerProtocol(&'a str),
    /// An older version of the protocol between brokers.
    InterBrokerProtocolLowered(&'a str),
    /// From ZooKeeper to KRaft without the phases of a migration.
    MigrationSkipped(&'a str),
    /// From KRaft back to ZooKeeper.
    MigrationBack(&'a str),
    /// Phase 3 of a migration: brokers change to KRaft.
    MigrationBrokersInKraft(&'a str),
    /// Phase 4 of a migration: controllers leave ZooKeeper.
    MigrationFinalized(&'a str),
    /// Phase 2 of a migration: brokers register with the controllers.
    MigrationStarted(&'a str),
    /// Another `group.id` of Connect.
    ConnectGroup(&'a str),
    /// Another topic for the offsets of Connect.
    ConnectOffsetsTopic(&'a str),
    /// Another topic for the configurations of Connect.
    ConnectConfigsTopic(&'a str),
    /// Exactly-once of sources from `disabled` to `enabled` in one step.
    ConnectExactlyOnce(&'a str),
    /// Another topic for schemas.
    RegistryTopic(&'a str),
    /// Another group of registries.
    RegistryGroup(&'a str),
    /// A REST interface asks for https or for a password, which it did not before.
    RestClosed(&'a str),
    /// Several voting ZooKeeper servers added, removed or replaced at once.
    ZookeeperServersApart(&'a str),
    /// Another address or port between ZooKeeper servers.
    ZookeeperServerAddress(&'a str),
    /// Another directory for ZooKeeper's data.
    ZookeeperDataDir(&'a str),
    /// TLS for ZooKeeper's clients, switched in one step.
    ZookeeperClientTls(&'a str),
    /// TLS between ZooKeeper servers, switched in one step.
    ZookeeperQuorumTls(&'a str),
    /// ZooKeeper's list of servers kept by itself, or by the manifests again.
    ZookeeperReconfig(&'a str),
    /// A four-letter command that a probe of ZooKeeper uses is no longer answered.
    ZookeeperProbeCommandRemoved(&'a str),
    /// A subject is renamed, or named by another strategy.
    SchemaSubjectRenamed(&'a str),
    /// A committed version of a subject is altered.
    SchemaVersionAltered(&'a str),
    /// A subject's level of compatibility is weakened.
    SchemaLevelWeakened(&'a str),
    /// Declared subjects change, and the Job does not run again.
    SchemasJobDoesNotRun(&'a str),
    /// Declared connectors change, and the Job does not run again.
    ConnectorsJobDoesNotRun(&'a str),
}

impl Change<'_> {
    /// The kind of change, as a report spells it, and what it happens to.
    fn parts(self) -> (String, String) {
        let value = serde_json::to_value(self).unwrap_or_default();
        let part = value.as_object().and_then(|parts| parts.iter().next());
        part.map_or_else(Default::default, |(rule, what)| {
            (rule.clone(), what.as_str().unwrap_or_default().to_owned())
        })
    }
}

/// An accepted change, with the reason and the line of the stack that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    rule: String,
    what: String,
    reason: String,
    location: Location,
}

impl Acceptance {
    /// A change that is accepted for a reason, in a line of a stack.
    pub fn new(change: Change<'_>, reason: impl Into<String>, location: Location) -> Self {
        let (rule, what) = change.parts();
        Self {
            rule,
            what,
            reason: reason.into(),
            location,
        }
    }

    /// Whether it names a change: by its object, by its path, or by what it is about inside of a file, as
    /// `data[topics.txt].orders[retention.ms]` or `data[server.properties][log.retention.ms]`.
    fn names(&self, change: &Found) -> bool {
        let Self { rule, what, .. } = self;
        let path = &change.path;
        let in_file = || {
            path.contains(&format!("[{what}]"))
                || path.contains(&format!("].{what}["))
                || path.ends_with(&format!("].{what}"))
        };
        change.rule == rule
            && !what.is_empty()
            && (change.object.name == *what || name_and_path(change) == *what || in_file())
    }
}

/// The name that no other change of its kind has.
fn name_and_path(change: &Found) -> String {
    format!("{} {}", change.object.name, change.path)
}

impl Report {
    /// Marks the changes that a stack accepts. An acceptance that names no change, or several, is stale and accepts nothing.
    pub fn accept(&mut self, stack: &str, acceptances: &[Acceptance]) {
        for acceptance in acceptances {
            let Acceptance {
                rule,
                what,
                reason,
                location,
            } = acceptance;
            let changes = self.changes.iter_mut();
            let mut matching: Vec<&mut Found> = changes.filter(|change| acceptance.names(change)).collect();
            let message = match matching.as_mut_slice() {
                [change] => {
                    change.accepted = Some(reason.clone());
                    continue;
                }
                [] => format!("the acceptance of `{rule}` of `{what}` matches no change"),
                several => {
                    let names: Vec<String> = several
                        .iter()
                        .map(|change| format!("`{}`", name_and_path(change)))
                        .collect();
                    format!(
                        "the acceptance of `{rule}` of `{what}` matches {} changes: {}",
                        several.len(),
                        names.join(", ")
                    )
                }
            };
            self.stale.push(Stale {
                stack: stack.to_owned(),
                message,
                line: location.to_string(),
                location: *location,
                is_ambiguous: !matching.is_empty(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::diff::{Class, Flag, rows};

    const OF_OPERATORS: [&str; 5] = ["kafkaconnector-", "kafkatopic-", "kafkauser-", "operator-", "strimzi-"];

    #[test]
    fn what_can_be_accepted_is_what_needs_it() {
        let wanted: BTreeSet<&str> = rows()
            .filter(|row| row.class >= Class::ManualSteps || row.flags.contains(&Flag::Irreversible))
            .map(|row| row.id)
            // No stack has resources of operators.
            .filter(|id| !OF_OPERATORS.iter().any(|start| id.starts_with(start)))
            .collect();
        // The error of an unknown kind lists all that are known.
        let error = serde_json::from_str::<Change<'_>>(r#"{"": ""}"#).expect_err("there is no such kind");
        let error = error.to_string();
        let known: BTreeSet<&str> = error.split('`').skip(3).step_by(2).collect();
        assert_eq!(known, wanted);
        assert_eq!(
            Change::VolumeGrown("kafka").parts(),
            ("volume-grown".to_owned(), "kafka".to_owned())
        );
    }
}
