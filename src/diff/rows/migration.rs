//! From ZooKeeper to KRaft (KIP-866).

use super::{
    process::{Process, cluster_of},
    told::Told,
};
use crate::diff::{
    class::{Class, Flag},
    row::Row,
    sets::When,
};

const FLAG: &str = "zookeeper.metadata.migration.enable";

const PHASES: &[&str] = &[
    "# each phase is a merge of its own, with Kafka 3.9:",
    "# 1. add controllers with the same cluster id, other node ids, `zookeeper.metadata.migration.enable=true` and `zookeeper.connect`",
    "# 2. brokers: add the same flag, `controller.quorum.voters` (or `.bootstrap.servers`), `controller.listener.names` and its protocol; after the \
     rollout wait for `Completed migration of metadata from ZooKeeper to KRaft` in the log of the active controller",
    "# 3. brokers: `process.roles=broker`, `node.id` with the value of `broker.id`, nothing of ZooKeeper; after the rollout the way back is still open",
    "# 4. controllers: remove the flag and `zookeeper.connect`; from here on there is no way back",
];

/// In one step.
static ONE_STEP: Row = Row {
    id: "migration-skipped",
    class: Class::DataLoss,
    flags: &[Flag::Availability, Flag::Irreversible],
    summary: "from ZooKeeper to KRaft without the phases of a migration",
    reason: "the API server takes it, and the brokers come back, if at all, in a cluster without topics, ACLs and settings: those stay in \
        ZooKeeper, and the data on the volumes belongs to nothing",
    commands: PHASES,
};

/// Back to ZooKeeper.
static BACK: Row = Row {
    id: "migration-back",
    class: Class::DataLoss,
    flags: &[Flag::Availability, Flag::Irreversible],
    summary: "from KRaft back to ZooKeeper",
    reason: "once the migration is finalized, ZooKeeper knows nothing of what was changed since: topics and settings made meanwhile are lost, and \
        their data with them; before that there is a way back, in its own order",
    commands: &[
        "# only before phase 4: brokers back to the settings of phase 2 with the flag still `true`, one rollout",
        "# then stop the controllers, and delete `/controller` in ZooKeeper at once, so that a broker becomes controller",
        "# then remove the flag and the settings of the quorum from the brokers, a second rollout",
    ],
};

/// Brokers are in KRaft, and the controllers still write to ZooKeeper.
static BROKERS: Row = Row {
    id: "migration-brokers-in-kraft",
    class: Class::ManualSteps,
    flags: &[],
    summary: "phase 3 of a migration: brokers change to KRaft",
    reason: "the metadata must be copied before the first broker restarts; controllers go on writing to ZooKeeper, so the way back stays open",
    commands: &[
        "kubectl -n {namespace} logs {controller} --tail=-1 | grep 'Completed migration of metadata from ZooKeeper to KRaft'  # of all \
         controllers one has it",
        "# apply the new manifests",
        "kubectl -n {namespace} rollout status statefulset/{workload}",
    ],
};

/// The end of it.
static FINALIZE: Row = Row {
    id: "migration-finalized",
    class: Class::ManualSteps,
    flags: &[Flag::Irreversible],
    summary: "phase 4 of a migration: controllers leave ZooKeeper",
    reason: "the controllers no longer write to ZooKeeper: from here on there is no way back",
    commands: &[
        "{kafka_quorum} describe --status  # all brokers are observers: they run in KRaft",
        "# apply the new manifests",
    ],
};

/// Its beginning.
static STARTED: Row = Row {
    id: "migration-started",
    class: Class::ManualSteps,
    flags: &[],
    summary: "phase 2 of a migration: brokers register with the controllers",
    reason: "once the last broker has restarted, the controllers copy the metadata from ZooKeeper; no other setting, release or protocol version \
        may change until phase 4",
    commands: &[
        "# apply the new manifests",
        "kubectl -n {namespace} rollout status statefulset/{workload}",
        "# wait for `Completed migration of metadata from ZooKeeper to KRaft` in the log of the active controller",
    ],
};

pub(super) const ROWS: &[&Row] = &[&ONE_STEP, &BACK, &BROKERS, &FINALIZE, &STARTED];

/// Says which phases of a migration a change skips or takes.
pub(super) fn judge(told: &mut Told<'_, '_>) {
    let pair = told.pair;
    let migrates = |process: &Process<'_>| process.get(FLAG) == Some("true");
    let (was, is) = (migrates(&pair.before), migrates(&pair.after));
    match (pair.before.is_kraft(), pair.after.is_kraft()) {
        (false, true) if !was && pair.before.get("zookeeper.connect").is_some() => {
            told.setting("process.roles", &ONE_STEP);
        }
        (false, true) => {
            let before = cluster_of(pair.sets, When::Before, &pair.before);
            let after = cluster_of(pair.sets, When::After, &pair.after);
            let is_copying = |process: &&Process<'_>| process.has_role("controller") && migrates(process);
            let pods: Vec<String> = before
                .iter()
                .filter(is_copying)
                .flat_map(|process| process.worker.pods())
                .collect();
            // Controllers that finish in the same step, or were never there, copy nothing.
            let copying = !pods.is_empty() && after.iter().any(|process| is_copying(&process));
            if copying {
                told.setting("process.roles", &BROKERS).words("controller", pods);
            } else {
                told.setting("process.roles", &ONE_STEP);
            }
        }
        (true, false) if pair.after.get("zookeeper.connect").is_some() => {
            told.setting("process.roles", &BACK);
        }
        (true, true) if was && !is => {
            let before = cluster_of(pair.sets, When::Before, &pair.before);
            let finished = before.iter().all(Process::is_kraft);
            told.setting(FLAG, if finished { &FINALIZE } else { &ONE_STEP });
        }
        (false, false) if !was && is => {
            told.setting(FLAG, &STARTED);
        }
        _ => {}
    }
}
