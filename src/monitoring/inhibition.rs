//! Which alerts follow from others: what Alertmanager keeps silent while the cause fires.
//!
//! Two things are made from the one table here: the object of [`Monitoring::inhibition`], and the rules for the file of
//! Alertmanager in `docs/monitoring.md`, which a test compares.

use std::collections::BTreeSet;

use super::{AlertmanagerConfig, AlertmanagerConfigSpec, InhibitRule, LabelMatcher, Monitoring};
use crate::{context::Context, manifest::Object};

/// Labels that alerts on the same cluster share.
const CLUSTER: &[&str] = &["cluster", "namespace", "kafka_cluster"];

/// While one of the causes fires, what follows from it is silent.
struct Inhibition {
    causes: &'static [&'static str],
    follow: &'static [&'static str],
    /// Labels that both must have the same value of.
    equal: &'static [&'static str],
}

/// No alert follows from one that it causes itself, and nothing critical from a warning.
const ALL: &[Inhibition] = &[
    Inhibition {
        causes: &["KafkaBrokerDown"],
        follow: &[
            "KafkaUnderReplicatedPartitions",
            "KafkaFencedBrokers",
            "KafkaPodsMissing",
            "KafkaScrapeFailing",
            "KafkaISRShrink",
            "KafkaLeaderElectionRateHigh",
            "KafkaLeadersNotPreferred",
            "KafkaBrokerMetadataLag",
            "KafkaBrokerRestarts",
            "KafkaControllerLag",
        ],
        equal: CLUSTER,
    },
    Inhibition {
        causes: &["KafkaQuorumWithoutLeader", "KafkaZooKeeperQuorumLost"],
        follow: &[
            "KafkaNoActiveController",
            "KafkaBrokerMetadataLag",
            "KafkaControllerLag",
            "KafkaQuorumElections",
            "KafkaZooKeeperServerDown",
            "KafkaZooKeeperSessionLost",
            "KafkaZooKeeperSessionExpired",
        ],
        equal: CLUSTER,
    },
    Inhibition {
        causes: &["KafkaUnderMinIsrPartitions", "KafkaOfflinePartitions"],
        follow: &["KafkaUnderReplicatedPartitions", "KafkaProduceFailing"],
        equal: CLUSTER,
    },
    Inhibition {
        causes: &["KafkaLogDirectoryFailed"],
        follow: &["KafkaUnderReplicatedPartitions"],
        equal: CLUSTER,
    },
    Inhibition {
        causes: &["KafkaErrorBudgetBurnsFast"],
        follow: &["KafkaErrorBudgetBurns", "KafkaErrorBudgetBurnsSlowly"],
        equal: &["cluster", "namespace", "kafka_cluster", "slo"],
    },
    Inhibition {
        causes: &["KafkaErrorBudgetBurns"],
        follow: &["KafkaErrorBudgetBurnsSlowly"],
        equal: &["cluster", "namespace", "kafka_cluster", "slo"],
    },
    Inhibition {
        causes: &["KafkaDiskAlmostFull"],
        follow: &["KafkaDiskUsageHigh", "KafkaDiskFullSoon"],
        equal: &["cluster", "namespace", "persistentvolumeclaim"],
    },
    Inhibition {
        causes: &["KafkaConsumerGroupWithoutMembers", "KafkaConsumerGroupStopped"],
        follow: &[
            "KafkaConsumerLagHigh",
            "KafkaConsumerLagGrowing",
            "KafkaConsumerLagTime",
        ],
        equal: &["cluster", "namespace", "kafka_cluster", "consumergroup"],
    },
    // Beyond its limit a scrape fails.
    Inhibition {
        causes: &["KafkaScrapeSampleLimit"],
        follow: &["KafkaScrapeFailing"],
        equal: &["cluster", "namespace", "kafka_cluster", "job", "pod"],
    },
    Inhibition {
        causes: &["KafkaConnectConnectorFailed"],
        follow: &["KafkaConnectTaskFailed"],
        equal: &["cluster", "namespace", "kafka_cluster", "job", "connector"],
    },
    Inhibition {
        causes: &["KafkaSchemaRegistryNoPrimary"],
        follow: &["KafkaSchemaRegistryErrors"],
        equal: &["cluster", "namespace", "kafka_cluster", "job"],
    },
    Inhibition {
        causes: &["KafkaCertificateExpires"],
        follow: &["KafkaCertificateExpiresSoon", "KafkaCertificateNotReady"],
        equal: &["cluster", "namespace", "kafka_cluster", "name"],
    },
];

/// A matcher of those of these alerts that exist; none if there are none.
fn alerts(names: &[&str], exist: impl Fn(&str) -> bool) -> Option<LabelMatcher> {
    let names: Vec<&str> = names.iter().copied().filter(|name| exist(name)).collect();
    let match_type = match names[..] {
        [] => return None,
        [_] => "=",
        _ => "=~",
    };
    Some(LabelMatcher {
        name: "alertname".to_owned(),
        match_type: match_type.to_owned(),
        value: names.join("|"),
    })
}

/// The rules between alerts that exist.
pub(super) fn rules(exist: impl Fn(&str) -> bool) -> Vec<InhibitRule> {
    let rule = |inhibition: &Inhibition| {
        Some(InhibitRule {
            source_match: vec![alerts(inhibition.causes, &exist)?],
            target_match: vec![alerts(inhibition.follow, &exist)?],
            equal: inhibition.equal.iter().map(|&label| label.to_owned()).collect(),
        })
    };
    ALL.iter().filter_map(rule).collect()
}

impl Monitoring {
    /// The object with the rules for the alerts of this cluster; none unless it is asked for.
    pub(super) fn inhibition_object(&self, known: &BTreeSet<String>, context: &Context) -> Option<Object> {
        self.inhibition.then(|| {
            let mut metadata = self.labels().metadata(context, self.kafka.name());
            metadata
                .labels
                .get_or_insert_default()
                .extend(self.monitor_labels.iter().cloned());
            Object::new(&AlertmanagerConfig {
                metadata,
                spec: AlertmanagerConfigSpec {
                    inhibit_rules: rules(|name| known.contains(name)),
                },
            })
        })
    }
}
