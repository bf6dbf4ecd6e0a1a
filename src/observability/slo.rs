//! Service levels: how good a cluster must be, as shares of requests or of time.

use super::{Monitored, OwnedKind};
use crate::{
    diagnostics::Location,
    quantity::{Duration, Percent},
};

/// A service level of a cluster: which share of requests, or of time, must be good, over 30 days. The rest is the error budget.
///
/// `Monitoring::slo` adds it: rules that record how fast its budget is spent, alerts when that is too fast, and panels of what is
/// left.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// # let mut stack = Stack::new("tiny", "kafka").profile(Profile::Development);
/// # let kafka = stack.add(KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw").pool(NodePool::combined("kafka", 1)));
/// stack.add(
///     Monitoring::new("monitoring", &kafka)
///         .slo(Slo::produce_availability(99.9.percent()))
///         .slo(Slo::consume_latency(99.percent(), 500.milliseconds()))
///         .slo(Slo::freshness("billing", 99.percent(), 5.minutes())),
/// );
/// # let manifests = synth(&stack).manifests.unwrap();
/// # assert!(manifests.get("monitoring/prometheusrule-kafka.yaml").unwrap().contains("alert: KafkaErrorBudgetBurnsFast"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Slo {
    /// The value of the label `slo`.
    pub(crate) name: String,
    pub(crate) objective: Percent,
    pub(crate) indicator: Indicator,
    pub(crate) location: Location,
}

/// What a service level measures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Indicator {
    /// The share of partitions in produce requests without an error that is the cluster's fault.
    ProduceAvailability,
    /// The share of time in which a broker answers fetch requests within this time.
    ConsumeLatency(Duration),
    /// The share of the probe's records that are written and read again within this time.
    RoundTrip(Duration),
    /// The share of time in which these groups have committed what is older than this.
    Freshness(Vec<String>, Duration),
}

impl Slo {
    /// This share of what is produced is accepted, counted once for each partition of a request. Only errors that are the
    /// cluster's fault count, such as too few replicas in sync: not those of a client without permission, nor the answer that a
    /// partition has moved to another broker, after which producers try again there.
    ///
    /// It counts what brokers answer: while no broker can be reached, nothing is measured, and other alerts fire. A cluster with
    /// less than one request per second counts as one with one, so that a single error spends little.
    #[track_caller]
    pub fn produce_availability(objective: Percent) -> Self {
        Self::new(
            "produce-availability".to_owned(),
            objective,
            Indicator::ProduceAvailability,
        )
    }

    /// In this share of the time a broker answers consumers within this time, 99 of 100 requests, while it has any. The time in
    /// which a request waits for records that are not there yet does not count.
    #[track_caller]
    pub fn consume_latency(objective: Percent, within: Duration) -> Self {
        Self::new(
            "consume-latency".to_owned(),
            objective,
            Indicator::ConsumeLatency(within),
        )
    }

    /// This share of the records of a [`Probe`](crate::probe::Probe) is written, and read again within this time. Records that the cluster
    /// refuses or loses are missed too. `Monitoring::watch` has to watch the probe.
    ///
    /// The probe counts round trips in classes of time: use one of its bounds, such as `640.milliseconds()`, `1280.milliseconds()` or
    /// `2560.milliseconds()`.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// # let mut stack = Stack::new("tiny", "kafka").profile(Profile::Development);
    /// # let kafka = stack.add(KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw").pool(NodePool::combined("kafka", 1)));
    /// let probe = stack.add(Probe::new("kafka-probe", &kafka));
    /// stack.add(
    ///     Monitoring::new("monitoring", &kafka)
    ///         .watch(&probe)
    ///         .slo(Slo::round_trip(99.9.percent(), 1280.milliseconds())),
    /// );
    /// # assert!(synth(&stack).manifests.unwrap().get("monitoring/prometheusrule-kafka.yaml").unwrap().contains("slo: round-trip"));
    /// ```
    #[track_caller]
    pub fn round_trip(objective: Percent, within: Duration) -> Self {
        Self::new("round-trip".to_owned(), objective, Indicator::RoundTrip(within))
    }

    /// In this share of the time a consumer group has committed, in each partition for which it ever committed an offset, every
    /// record that is older than this.
    ///
    /// A group that commits once per hour is never fresher than an hour.
    #[track_caller]
    pub fn freshness(group: impl Into<String>, objective: Percent, within: Duration) -> Self {
        let group = group.into();
        let name = format!("freshness-{group}");
        Self::new(name, objective, Indicator::Freshness(vec![group], within))
    }

    /// The same for all groups of an application together: one that is late makes the application late.
    #[track_caller]
    pub fn freshness_of(application: &impl Monitored, objective: Percent, within: Duration) -> Self {
        let owned = application.owned().into_iter();
        let groups = owned
            .filter(|owned| owned.kind == OwnedKind::Group)
            .map(|owned| owned.name);
        let name = format!("freshness-{}", application.name());
        Self::new(name, objective, Indicator::Freshness(groups.collect(), within))
    }

    #[track_caller]
    fn new(name: String, objective: Percent, indicator: Indicator) -> Self {
        Self {
            name,
            objective,
            indicator,
            location: Location::caller(),
        }
    }

    /// The share that may be missed, between 0 and 1, as a number in an expression.
    pub(crate) fn budget(&self) -> String {
        // An objective outside of this is refused.
        let thousandths = 100_000_u64
            .saturating_sub(self.objective.thousandths())
            .clamp(1, 99_999);
        format!("0.{thousandths:05}").trim_end_matches('0').to_owned()
    }

    /// Whether its share is one of the time, measured once per evaluation of the rules.
    pub(crate) const fn is_of_time(&self) -> bool {
        !matches!(self.indicator, Indicator::ProduceAvailability | Indicator::RoundTrip(_))
    }

    /// Whether it compares the offsets of partitions.
    pub(crate) const fn is_of_partitions(&self) -> bool {
        matches!(self.indicator, Indicator::Freshness(..))
    }
}
