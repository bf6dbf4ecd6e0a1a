//! What the alerts of a cluster and those of an external cluster have in common: their metrics differ, the texts do not.

/// A question of a runbook, and the command that answers it.
type Step = (&'static str, &'static str);

pub(crate) const OFFLINE_SUMMARY: &str =
    "Kafka partitions are offline: they have no leader, so clients cannot write or read.";

pub(crate) const OFFLINE_THRESHOLD: &str = "No offline partitions. A leader election takes seconds.";

pub(crate) const WHICH_PARTITIONS_ARE_OFFLINE: Step = (
    "Which partitions are offline, and on which brokers are their replicas?",
    "{run} kafka-topics --bootstrap-server {bootstrap} --describe --unavailable-partitions",
);

pub(crate) const DO_NOT_LOSE_RECORDS: &[&str] = &[
    "Do not run an unclean leader election (`kafka-leader-election --election-type unclean`) without the agreement of \
        the data owners: acknowledged records are permanently lost.",
    "Do not delete and recreate the topic: all its data is lost.",
];

pub(crate) const UNDER_REPLICATED_SUMMARY: &str =
    "Kafka partitions are under-replicated: they have fewer in-sync replicas than assigned.";

pub(crate) const UNDER_REPLICATED_THRESHOLD: &str =
    "No under-replicated partitions. A restarted broker catches up within ten minutes.";

pub(crate) const REASSIGNMENT_CAUSE: &str =
    "A partition reassignment is running: new replicas count as out of sync until they have caught up.";

pub(crate) const UNDER_REPLICATED_STEPS: &[Step] = &[
    (
        "Which partitions, and which broker is missing from `Isr`?",
        "{run} kafka-topics --bootstrap-server {bootstrap} --describe --under-replicated-partitions",
    ),
    REASSIGNMENT_STEP,
];

pub(crate) const REASSIGNMENT_STEP: Step = (
    "Is a partition reassignment running?",
    "{run} kafka-reassign-partitions --bootstrap-server {bootstrap} --list",
);

pub(crate) const UNDER_REPLICATED_FIX: &str =
    "A restarted broker catches up by itself. The alert resolves when the first command lists nothing.";

pub(crate) const DO_NOT_REASSIGN: &str =
    "Do not start a partition reassignment to fix it: that adds more data to replicate.";

pub(crate) const LEADER_CHANGES_SUMMARY: &str = "Kafka partitions change leaders too often.";

pub(crate) const LEADER_CHANGES_THRESHOLD: &str = "Half of one broker's share of the leaders, for 15 minutes. A rolling \
    restart also moves leaders, but takes less time.";

pub(crate) const SESSION_CAUSE: &str =
    "A broker loses its session with the controllers: long garbage collection pauses, or packet loss.";

pub(crate) const ROLLING_RESTART_CAUSE: &str = "A rolling restart does not finish.";

/// The command that counts the leaders of each broker.
pub(crate) const COUNT_LEADERS: &str =
    "{run} kafka-topics --bootstrap-server {bootstrap} --describe | grep -o 'Leader: [0-9]*' | sort | uniq -c";

pub(crate) const DO_NOT_ELECT: &[&str] = &["Do not run `kafka-leader-election` meanwhile: it moves the leaders again."];
