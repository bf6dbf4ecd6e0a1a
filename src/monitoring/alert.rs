//! The alerts: one table, from which rules are made.

use super::{
    Monitoring,
    resource::AlertingRule,
    scrape::{CLUSTER, Sources},
};
use crate::{
    metrics::{broker, controller, exporter, kubelet},
    quantity::Duration,
};

/// How urgent an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Urgency {
    /// Someone is woken: clients fail, or the next failure makes them fail.
    Critical,
    /// Someone looks during working hours.
    Warning,
}

impl Urgency {
    const fn label(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
        }
    }
}

/// A row of the table.
pub(super) struct Alert {
    pub name: &'static str,
    pub urgency: Urgency,
    /// How long the expression must hold.
    pub hold: Duration,
    /// What is wrong: a sentence that is the same for every alert of this name.
    pub summary: &'static str,
    /// Which one, and how much: a template.
    pub description: &'static str,
    /// What the limit is in this stack, and why.
    pub threshold: fn(&Monitoring) -> String,
    /// The expression, or nothing where a metric of it does not exist.
    pub expression: fn(&Monitoring, &Sources) -> Option<String>,
}

/// Every alert, the most urgent first.
pub(super) const ALL: &[Alert] = &[
    Alert {
        name: "KafkaBrokerDown",
        urgency: Urgency::Critical,
        hold: Duration::from_seconds(5 * 60),
        summary: "Kafka has fewer brokers than are declared.",
        description: "{{ $value }} brokers of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} are there; 0 also if the \
            exporter that counts them is gone.",
        threshold: |monitoring| {
            format!(
                "{} brokers are declared. A restart takes less than five minutes.",
                declared(monitoring)
            )
        },
        // The exporter ends when it finds no broker at all, so its absence counts as none.
        expression: |monitoring, sources| {
            let brokers = sources.series(&exporter::BROKERS, &[])?;
            let declared = monitoring.kafka.brokers()?;
            Some(format!(
                "(max by (namespace, {CLUSTER}) ({brokers}) or 0 * absent({brokers})) < {declared}"
            ))
        },
    },
    Alert {
        name: "KafkaOfflinePartitions",
        urgency: Urgency::Critical,
        hold: Duration::from_seconds(5 * 60),
        summary: "Kafka partitions have no leader: nobody can write to them or read from them.",
        description: "{{ $value }} partitions of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} have no leader.",
        threshold: |_| "None may be offline. An election takes seconds.".to_owned(),
        // Every controller reports the whole cluster, so a sum would count partitions several times.
        expression: |_, sources| {
            let offline = sources.series(&controller::OFFLINE_PARTITIONS, &[])?;
            Some(format!("max by (namespace, {CLUSTER}) ({offline}) > 0"))
        },
    },
    Alert {
        name: "KafkaUnderReplicatedPartitions",
        urgency: Urgency::Warning,
        hold: Duration::from_seconds(10 * 60),
        summary: "Kafka partitions have fewer replicas in sync than assigned.",
        description: "{{ $value }} partitions of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} are under-replicated.",
        threshold: |_| "None may stay so. A restarted broker catches up within ten minutes.".to_owned(),
        // Each partition is reported by its leader only.
        expression: |_, sources| {
            let under = sources.series(&broker::UNDER_REPLICATED, &[])?;
            Some(format!("sum by (namespace, {CLUSTER}) ({under}) > 0"))
        },
    },
    Alert {
        name: "KafkaConsumerLagHigh",
        urgency: Urgency::Warning,
        hold: Duration::from_seconds(10 * 60),
        summary: "A consumer group does not keep up with what is produced.",
        description: "Group {{ $labels.consumergroup }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} is \
            {{ $value | printf \"%.0f\" }} records behind on {{ $labels.topic }}.",
        threshold: |monitoring| {
            format!(
                "{} records over all partitions of the topic, `Monitoring::lag_threshold`.",
                monitoring.lag
            )
        },
        // A partition that the group never committed has a lag of -1.
        expression: |monitoring, sources| {
            let lag = sources.series(&exporter::CONSUMER_LAG, &[])?;
            Some(format!(
                "sum by (namespace, {CLUSTER}, consumergroup, topic) ({lag} > 0) > {}",
                monitoring.lag
            ))
        },
    },
    Alert {
        name: "KafkaProducerLatencyHigh",
        urgency: Urgency::Warning,
        hold: Duration::from_seconds(5 * 60),
        summary: "A Kafka broker answers producers slowly.",
        description: "One in a hundred produce requests takes {{ $value | printf \"%.0f\" }} ms or more on {{ $labels.pod }} of \
            {{ $labels.kafka_cluster }} in {{ $labels.namespace }}.",
        threshold: |monitoring| {
            format!(
                "{} ms, `Monitoring::produce_latency_threshold`.",
                monitoring.produce_latency.as_millis()
            )
        },
        // The broker keeps the last percentiles when requests stop, so it counts only while there are some.
        expression: |monitoring, sources| {
            let time = sources.series(&broker::TOTAL_TIME, &[("request", "Produce"), ("quantile", "0.99")])?;
            let requests = sources.series(&broker::REQUESTS, &[("request", "Produce")])?;
            let limit = monitoring.produce_latency.as_millis();
            Some(format!(
                "max by (namespace, {CLUSTER}, pod) ({time}) > {limit}\n\
                 and sum by (namespace, {CLUSTER}, pod) (rate({requests}[5m])) > 0\n"
            ))
        },
    },
    Alert {
        name: "KafkaDiskUsageHigh",
        urgency: Urgency::Warning,
        hold: Duration::from_seconds(10 * 60),
        summary: "A volume of Kafka is nearly full; a broker whose volume is full ends.",
        description: "Volume {{ $labels.persistentvolumeclaim }} in {{ $labels.namespace }} is {{ $value | printf \"%.0f\" }} % full.",
        threshold: |monitoring| {
            format!(
                "{} %, `Monitoring::disk_usage_threshold`: what is left has to last until the volume is larger.",
                monitoring.disk_usage
            )
        },
        expression: |monitoring, sources| {
            let claims = monitoring.volume_claims()?;
            let claims = [("persistentvolumeclaim", claims.as_str())];
            let available = sources.series(&kubelet::VOLUME_AVAILABLE, &claims)?;
            let capacity = sources.series(&kubelet::VOLUME_CAPACITY, &claims)?;
            let by = "max by (namespace, persistentvolumeclaim)";
            Some(format!(
                "100 * (1 - {by} ({available}) / {by} ({capacity})) > {}",
                monitoring.disk_usage
            ))
        },
    },
    Alert {
        name: "KafkaISRShrink",
        urgency: Urgency::Warning,
        hold: Duration::from_seconds(10 * 60),
        summary: "Kafka replicas fall out of sync again and again.",
        description: "Leaders on {{ $labels.pod }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} took replicas \
            out of the ISR {{ $value | humanize }} times a second.",
        threshold: |_| "Any that goes on for ten minutes; after a restart it is over in five.".to_owned(),
        // Only what a leader does itself: of a broker that is gone, the controller shrinks the ISR, and KafkaBrokerDown
        // tells. What is left are followers that are there and do not keep up.
        expression: |_, sources| {
            let shrinks = sources.series(&broker::ISR_SHRINKS, &[])?;
            Some(format!("sum by (namespace, {CLUSTER}, pod) (rate({shrinks}[5m])) > 0"))
        },
    },
    Alert {
        name: "KafkaLeaderElectionRateHigh",
        urgency: Urgency::Warning,
        hold: Duration::from_seconds(15 * 60),
        summary: "Kafka partitions change their leaders again and again.",
        description: "Each partition of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} changed its leader \
            {{ $value | humanize }} times within five minutes, on average.",
        threshold: |_| {
            "Half of one broker's share of the leaders, for fifteen minutes: a rolling restart moves every leader, but ends."
                .to_owned()
        },
        // Counted from the leaders that a client sees: the metric of the elections themselves exists with ZooKeeper only.
        // A broker that crashes every few minutes loses its share of them each time.
        expression: |monitoring, sources| {
            let leader = sources.series(&exporter::LEADER, &[])?;
            let brokers = monitoring.kafka.brokers()?;
            Some(format!(
                "avg by (namespace, {CLUSTER}) (changes({leader}[5m])) > 0.5 / {brokers}"
            ))
        },
    },
];

fn declared(monitoring: &Monitoring) -> String {
    monitoring
        .kafka
        .brokers()
        .map_or_else(|| "An unknown number of".to_owned(), |n| n.to_string())
}

impl Alert {
    /// The rule of the alert in a stack, if all of its metrics exist there.
    pub(super) fn rule(&self, monitoring: &Monitoring, sources: &Sources) -> Option<AlertingRule> {
        let mut annotations = vec![
            ("summary", self.summary.to_owned()),
            ("description", self.description.to_owned()),
            ("threshold", (self.threshold)(monitoring)),
        ];
        if let Some(base) = &monitoring.runbooks {
            annotations.push(("runbook_url", format!("{base}/{}", self.name)));
        }
        let labels = [
            ("severity", self.urgency.label().to_owned()),
            // Also on what the kubelet reports, which knows no cluster.
            (CLUSTER, sources.cluster.clone()),
        ];
        let owned = |(key, value): (&str, String)| (key.to_owned(), value);
        Some(AlertingRule {
            alert: self.name.to_owned(),
            expr: (self.expression)(monitoring, sources)?,
            hold: self.hold.to_string(),
            labels: labels.map(owned).into(),
            annotations: annotations.into_iter().map(owned).collect(),
        })
    }
}
