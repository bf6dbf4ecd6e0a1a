//! What makes nodes one cluster: its id, the ids and roles of nodes, voters, listeners, directories, the number of brokers.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    listeners::{Listener, inter_broker, listeners, protocol_to_controllers},
    process::{Process, cluster_of, list},
    told::{Pair, Told},
};
use crate::{
    diff::{
        change::ObjectName,
        class::{Class, Flag},
        row::Row,
        sets::When,
    },
    lint::model::{
        mounts::{Content, Mount},
        settings::{POD_INDEX, POD_NAME},
    },
};

/// Another cluster id.
pub(super) static CLUSTER_ID: Row = Row {
    id: "cluster-id",
    class: Class::ManualSteps,
    flags: &[Flag::Availability],
    summary: "another cluster id",
    reason: "the volumes are formatted with `{id_before}`: a node with another id does not start (`Invalid cluster.id`), so the first pod that \
        restarts stays away and the rollout stops there; no record is lost unless someone empties the volumes",
    commands: &[
        "{kafka_cluster} cluster-id --bootstrap-server {bootstrap}",
        "# put the cluster id `{id_before}` back; a cluster with another id is a new cluster, on new volumes",
    ],
};

/// Another id of a node on the same volume.
static NODE_ID: Row = Row {
    id: "node-id",
    class: Class::ManualSteps,
    flags: &[Flag::Availability],
    summary: "another node id on the same volume",
    reason: "the volume belongs to the old node id (`meta.properties`): the node does not start with another, and the rollout stops there",
    commands: &[
        "# put the old value back; another id needs another pod with an empty volume, and a drain of the old node",
    ],
};

/// Other roles of a node.
static ROLES: Row = Row {
    id: "process-roles",
    class: Class::ManualSteps,
    flags: &[Flag::Availability],
    summary: "other roles of the nodes",
    reason: "a node in `controller.quorum.voters` must be a controller, and a controller with static voters must be among them: nodes whose role \
        does not fit do not start, and each controller that goes takes a vote with it",
    commands: &[
        "{kafka_quorum} describe --status",
        "# add nodes with the new role in a pool of their own, move partitions (`kafka-reassign-partitions`) or votes to them, and remove \
         the old ones at the end",
    ],
};

/// Other static voters.
static VOTERS: Row = Row {
    id: "quorum-voters",
    class: Class::ManualSteps,
    flags: &[Flag::Availability],
    summary: "other static voters",
    reason: "static voters cannot change while the cluster runs: nodes with the old list ({voters_before}) and nodes with the new one \
        ({voters_after}) can be two quorums, so all nodes must stop first; each majority of the new list has a voter of the old one, which has all \
        metadata if none lagged behind",
    commands: &[
        "# plan an outage and suspend the deployer",
        "{kafka_quorum} describe --replication  # again until `Lag` is 0 for every voter",
        "kubectl -n {namespace} scale statefulset {set} --replicas=0",
        "kubectl -n {namespace} wait --for=delete pod/{pod} --timeout=10m",
        "# apply the new manifests: all nodes start with the new list",
        "{kafka_quorum} describe --status  # `LeaderId`, and in `CurrentVoters` all of {voters_after}",
        "# resume the deployer",
    ],
};

/// So many new voters that they need no old one.
static VOTERS_OUTNUMBERED: Row = Row {
    id: "quorum-voters-outnumbered",
    class: Class::DataLoss,
    flags: &[Flag::Availability, Flag::Irreversible],
    summary: "so many new static voters that they are a majority",
    reason: "the voters that are new ({voters_new}) are a majority of the new list ({voters_after}): before an old one has started, they can elect a \
        leader without any metadata, and the cluster has no topics",
    commands: &[
        "# change fewer voters in one merge, so that each majority of the new list has one of the old list ({voters_before}), and each time do what \
         `explain quorum-voters` says",
    ],
};

/// Voters at other addresses.
pub(super) static VOTER_ADDRESS: Row = Row {
    id: "quorum-voter-address",
    class: Class::ManualSteps,
    flags: &[Flag::Availability],
    summary: "another address or port of a controller",
    reason: "during the rollout nodes with the old address of a controller and nodes with the new one do not reach each other, and the quorum \
        is lost until all have restarted",
    commands: &[
        "# plan an outage and suspend the deployer",
        "kubectl -n {namespace} scale statefulset {set} --replicas=0",
        "kubectl -n {namespace} wait --for=delete pod/{pod} --timeout=10m",
        "# apply the new manifests: all nodes start with the new addresses",
        "{kafka_quorum} describe --status",
    ],
};

/// A switch to a listener that all controllers have.
static QUORUM_SWITCH: Row = Row {
    id: "quorum-listener-switch",
    class: Class::Metadata,
    flags: &[],
    summary: "nodes connect to another of the listeners that all controllers have",
    reason: "all controllers have both listeners before and after: nodes that have restarted and nodes that have not reach each other's \
        controllers",
    commands: &[],
};

/// From static voters to a quorum that knows its own.
static QUORUM_DYNAMIC: Row = Row {
    id: "quorum-static-to-dynamic",
    class: Class::ManualSteps,
    flags: &[Flag::Availability, Flag::Irreversible],
    summary: "from static voters to a dynamic quorum",
    reason: "without `controller.quorum.voters` the nodes find the quorum only if the voters are in the metadata, which takes Kafka 4.1 or newer \
        and `kraft.version` 1; that cannot be taken back, and from then on an emptied controller has to be added as a voter again",
    commands: &[
        "{kafka_features} describe  # `kraft.version` must be finalized at 1 before the merge",
        "{kafka_features} upgrade --feature kraft.version=1",
        "{kafka_quorum} describe --status  # all voters with their directory ids",
        "# apply the new manifests",
    ],
};

/// From a quorum that knows its voters back to a list of them.
static QUORUM_STATIC: Row = Row {
    id: "quorum-dynamic-to-static",
    class: Class::ManualSteps,
    flags: &[Flag::Availability],
    summary: "from a dynamic quorum to static voters",
    reason: "`kraft.version` 1 cannot be taken back: the voters in the metadata stay those of the quorum, whatever the list says",
    commands: &[
        "# keep `controller.quorum.bootstrap.servers`, and change voters with `kafka-metadata-quorum add-controller` and `remove-controller`",
    ],
};

/// The endpoint of controllers, where the voters do not change with it.
pub(super) static CONTROLLER_ENDPOINT: Row = Row {
    id: "controller-endpoint",
    class: Class::ManualSteps,
    flags: &[Flag::Availability],
    summary: "another port or protocol of the controllers' listener",
    reason: "during the rollout old and new nodes do not reach each other's controllers: the quorum is lost until all have restarted",
    commands: &[
        "# without an outage: in phases, each a merge of its own, with a second listener of controllers that has the new protocol; for TLS \
         `.tls_rollout(TlsRollout::Offered, …)` begins them",
        "# or plan an outage and suspend the deployer; port and `controller.quorum.voters` change together",
        "kubectl -n {namespace} scale statefulset {set} --replicas=0",
        "kubectl -n {namespace} wait --for=delete pod/{pod} --timeout=10m",
        "# apply the new manifests",
        "{kafka_quorum} describe --status",
    ],
};

/// A client's port.
static LISTENER_PORT: Row = Row {
    id: "listener-port",
    class: Class::Metadata,
    flags: &[Flag::ClientBreaking],
    summary: "another port of a listener for clients",
    reason: "a broker that has restarted no longer answers on port {port_before} of listener `{listener}`: clients, Services and policies must \
        use {port_after}",
    commands: &[],
};

/// An advertised address.
static LISTENER_ADDRESS: Row = Row {
    id: "listener-advertised",
    class: Class::Metadata,
    flags: &[Flag::ClientBreaking],
    summary: "another advertised address of a listener for clients",
    reason: "clients of listener `{listener}` are sent to {address_after} instead of {address_before}: they must be able to resolve and reach it",
    commands: &[],
};

/// The protocol of a client's listener.
static LISTENER_PROTOCOL: Row = Row {
    id: "listener-protocol",
    class: Class::Metadata,
    flags: &[Flag::ClientBreaking],
    summary: "another security protocol of a listener for clients",
    reason: "clients of listener `{listener}` that speak {protocol_before} cannot connect to a broker that has restarted with {protocol_after}, \
        and in a stack the Secret of each needs {keys} first: add a second listener, move the clients, then remove the first",
    commands: &[],
};

/// What clients of a listener have to show.
static LISTENER_LOGIN: Row = Row {
    id: "listener-login",
    class: Class::Metadata,
    flags: &[Flag::ClientBreaking],
    summary: "another mechanism, issuer, audience or claim of those who log in at a listener",
    reason: "a broker that has restarted asks clients of listener `{listener}` for something else than before, and refuses those that show \
        what they did, or knows them as other users; {needs}",
    commands: &[],
};

/// Clients that need no certificate any more, and had no other name.
static LISTENER_ANONYMOUS: Row = Row {
    id: "listener-clients-anonymous",
    class: Class::Metadata,
    flags: &[Flag::ClientBreaking],
    summary: "a listener no longer asks clients for the certificates that are their names",
    reason: "at listener `{listener}` of a broker that has restarted, {who} `User:ANONYMOUS`: permissions of the users that certificates stand for \
        no longer hold for them",
    commands: &[],
};

/// Clients that need no certificate any more, and log in.
static LISTENER_CERTIFICATES_OFF: Row = Row {
    id: "listener-certificates-off",
    class: Class::Metadata,
    flags: &[],
    summary: "a listener no longer asks for certificates beside a login",
    reason: "clients of listener `{listener}` log in as before, and need no certificate at a broker that has restarted",
    commands: &[],
};

/// The settings that say so, after the prefix of a listener.
const LOGIN: [&str; 8] = [
    "sasl.enabled.mechanisms",
    "ssl.client.auth",
    "oauthbearer.sasl.oauthbearer.expected.audience",
    "oauthbearer.sasl.oauthbearer.expected.issuer",
    "oauthbearer.sasl.oauthbearer.sub.claim.name",
    "sasl.oauthbearer.expected.audience",
    "sasl.oauthbearer.expected.issuer",
    "sasl.oauthbearer.sub.claim.name",
];

/// The keys of its Secret that a client of a stack needs for a listener.
fn keys_of_clients(process: &Process<'_>, listener: &Listener) -> &'static str {
    let prefix = format!("listener.name.{}.", listener.name.to_ascii_lowercase());
    let get = |key: &str| process.get(&format!("{prefix}{key}")).or_else(|| process.get(key));
    let tokens = get("sasl.enabled.mechanisms").is_some_and(|all| list(all).any(|one| one == "OAUTHBEARER"));
    match listener.protocol.to_ascii_uppercase().as_str() {
        "PLAINTEXT" => "nothing",
        "SASL_PLAINTEXT" if tokens => "`client-id` and `client-secret`",
        "SASL_PLAINTEXT" => "`password`",
        "SSL" if get("ssl.client.auth") == Some("required") => "`tls.crt`, `tls.key` and `ca.crt`",
        "SSL" => "`ca.crt`",
        _ if tokens && get("ssl.client.auth") == Some("required") => {
            "`client-id`, `client-secret`, `tls.crt`, `tls.key` and `ca.crt`"
        }
        _ if get("ssl.client.auth") == Some("required") => "`password`, `tls.crt`, `tls.key` and `ca.crt`",
        _ if tokens => "`client-id`, `client-secret` and `ca.crt`",
        _ => "`password` and `ca.crt`",
    }
}

/// What clients of a listener need before a broker asks them for something else.
fn needs_of_clients(pair: &Pair<'_>, listener: &Listener, key: &str) -> String {
    const MOVE: &str = "add a second listener, move the clients, then remove the first";
    if key.ends_with("sasl.enabled.mechanisms") {
        let mechanisms = |process: &Process<'_>| -> BTreeSet<String> {
            list(process.get(key).unwrap_or_default()).map(str::to_owned).collect()
        };
        let (old, new) = (mechanisms(&pair.before), mechanisms(&pair.after));
        let added: Vec<String> = new.difference(&old).cloned().collect();
        let is_scram = |one: &String| one.starts_with("SCRAM-");
        if !added.is_empty() && !old.is_empty() && old.iter().chain(&added).all(is_scram) {
            let added = added.join(", ");
            return format!(
                "the brokers need credentials for {added} of each user first (`kafka-configs --alter --entity-type users`; the permissions Job \
                 makes those for SCRAM-SHA-512 alone, and removes others): {MOVE}"
            );
        }
    }
    let keys = keys_of_clients(&pair.after, listener);
    format!("in a stack the Secret of each needs {keys} first: {MOVE}")
}

/// A client's listener that goes.
static LISTENER_REMOVED: Row = Row {
    id: "listener-removed",
    class: Class::Metadata,
    flags: &[Flag::ClientBreaking],
    summary: "a listener for clients is removed",
    reason: "nothing answers on port {port_before} of listener `{listener}` once a broker has restarted",
    commands: &[],
};

/// A client's listener under another name.
static LISTENER_RENAMED: Row = Row {
    id: "listener-renamed",
    class: Class::ManualSteps,
    flags: &[Flag::Availability],
    summary: "a listener for clients gets another name on the same port",
    reason: "a broker tells clients the addresses of the listener that they use: until all have restarted, one with `{listener}` knows no address of \
        those with `{listener_before}`, and the other way round, so clients get `LISTENER_NOT_FOUND` for partitions whose leader is on the other \
        side",
    commands: &[
        "# keep the name: clients do not see it. Otherwise, first merge: `{listener}` on another port, beside `{listener_before}`; wait for the rollout",
        "kubectl -n {namespace} rollout status statefulset/{workload}",
        "# move the clients to that port; second merge: remove `{listener_before}`",
    ],
};

/// A new listener between brokers that the brokers do not have yet.
static INTER_BROKER: Row = Row {
    id: "inter-broker-listener",
    class: Class::ManualSteps,
    flags: &[Flag::Availability],
    summary: "another listener between brokers, in one step",
    reason: "a broker connects to the others at their listener `{listener}`, and until all have restarted some do not have it, or not with this \
        protocol: replication between old and new brokers stops, and partitions fall below their minimum of in-sync replicas",
    commands: &[
        "# first merge: add the new listener to `listeners`, `advertised.listeners` and the protocol map beside the old one; wait for the rollout",
        "kubectl -n {namespace} rollout status statefulset/{workload}",
        "# second merge: set `inter.broker.listener.name`; wait for the rollout",
        "kubectl -n {namespace} rollout status statefulset/{workload}",
        "{kafka_topics} --describe --under-replicated-partitions  # empty",
        "# third merge: remove the old listener",
        "# for TLS the phases of `.tls_rollout(…)` do this, for the controllers too",
    ],
};

/// A switch to a listener that all brokers have.
static INTER_BROKER_SWITCH: Row = Row {
    id: "inter-broker-listener-switch",
    class: Class::Metadata,
    flags: &[],
    summary: "brokers use another of the listeners that all of them have",
    reason: "all brokers have listener `{listener}` before and after: old and new ones reach each other during the rollout",
    commands: &[],
};

/// A directory of logs that goes.
static LOG_DIRS: Row = Row {
    id: "log-dirs",
    class: Class::DataLoss,
    flags: &[Flag::Availability, Flag::ReassignmentNeeded],
    summary: "a directory of logs is replaced or removed",
    reason: "each broker starts without what is in {directory}: its replicas are copied again from the others, and the rollout does not wait for \
        that, so the last copies go when the next brokers restart; with one replica they are lost at once",
    commands: &[
        "# keep {directory}; to move data, add the new directory beside it, and wait for the rollout",
        "{kafka_reassign} --reassignment-json-file /tmp/plan.json --execute  # a plan that names the new directory in `log_dirs`",
        "{kafka_reassign} --reassignment-json-file /tmp/plan.json --verify",
        "# then remove the old directory, once it is empty on all brokers",
    ],
};

/// Another directory of logs beside those that are there.
static LOG_DIR_ADDED: Row = Row {
    id: "log-dir-added",
    class: Class::Metadata,
    flags: &[],
    summary: "one more directory of logs",
    reason: "takes new partitions only: what is there stays where it is until it is moved",
    commands: &[],
};

/// More brokers.
static BROKERS_ADDED: Row = Row {
    id: "brokers-added",
    class: Class::ManualSteps,
    flags: &[Flag::ReassignmentNeeded],
    summary: "more brokers",
    reason: "new topics alone get partitions on {new_ids}: existing partitions stay where they are until they are reassigned",
    commands: &[
        "# apply the new manifests",
        "kubectl -n {namespace} wait statefulset/{workload} --for=jsonpath='{.status.readyReplicas}'={replicas} --timeout=30m",
        "{kafka_topics} --list | sed 's/.*/{\"topic\":\"&\"}/' | paste -sd, - | sed 's/.*/{\"version\":1,\"topics\":[&]}/' | {tee} /tmp/topics.json",
        "{kafka_reassign} --topics-to-move-json-file /tmp/topics.json --broker-list {all_ids} --generate | grep -A1 '^Proposed' | tail -n 1 \
         | {tee} /tmp/plan.json",
        "{kafka_reassign} --reassignment-json-file /tmp/plan.json --execute --throttle 50000000",
        "{kafka_reassign} --reassignment-json-file /tmp/plan.json --verify  # again until it is complete, which also removes the throttle",
    ],
};

/// Fewer brokers.
static BROKERS_REMOVED: Row = Row {
    id: "brokers-removed",
    class: Class::DataLoss,
    flags: &[Flag::Availability, Flag::ReassignmentNeeded],
    summary: "fewer brokers",
    reason: "the replicas on {gone_ids} ({gone_pods}) stop: partitions that have no other copy are lost to clients, the others stay \
        under-replicated, unless these brokers are drained before",
    commands: &[
        "# before the merge: move all partitions to the brokers that stay",
        "{kafka_topics} --list | sed 's/.*/{\"topic\":\"&\"}/' | paste -sd, - | sed 's/.*/{\"version\":1,\"topics\":[&]}/' | {tee} /tmp/topics.json",
        "{kafka_reassign} --topics-to-move-json-file /tmp/topics.json --broker-list {kept_ids} --generate | grep -A1 '^Proposed' | tail -n 1 \
         | {tee} /tmp/plan.json",
        "{kafka_reassign} --reassignment-json-file /tmp/plan.json --execute --throttle 50000000",
        "{kafka_reassign} --reassignment-json-file /tmp/plan.json --verify  # again until it is complete, which also removes the throttle",
        "{kafka_topics} --describe | grep -E 'Replicas: ([0-9]+,)*({gone_pattern})(,|[[:space:]])'  # prints nothing",
        "# apply the new manifests",
        "kubectl -n {namespace} wait --for=delete pod/{gone_pod} --timeout=10m",
        "{kafka_cluster} unregister --bootstrap-server {bootstrap} --id {gone_id}",
    ],
};

/// Controllers that are not voters, or voters that go.
static CONTROLLERS_CHANGED: Row = Row {
    id: "controllers-count",
    class: Class::ManualSteps,
    flags: &[Flag::Availability],
    summary: "another number of controllers",
    reason: "a static voter that is away still counts for the majority, and a controller that is not in `controller.quorum.voters` does not start: \
        the number of controllers changes together with the voters",
    commands: &[
        "{kafka_quorum} describe --status",
        "# change `controller.quorum.voters` with it, as `explain quorum-voters` says",
    ],
};

/// Another number of controllers whose voters are in the metadata.
static CONTROLLERS_OF_METADATA: Row = Row {
    id: "controllers-count-dynamic",
    class: Class::ManualSteps,
    flags: &[Flag::Availability],
    summary: "another number of controllers of a dynamic quorum",
    reason: "the voters are in the metadata: a new controller follows them without a vote until it is added, and one that goes still counts \
        for the majority until it is removed",
    commands: &[
        "{kafka_quorum} describe --status  # `CurrentVoters`, with their directory ids",
        "# fewer: `kafka-metadata-quorum remove-controller --controller-id ID --controller-directory-id DIRECTORY` for each before it goes",
        "# apply the new manifests",
        "# more: `kafka-metadata-quorum add-controller` in the pod of each new one, with its own settings, once it has caught up",
    ],
};

/// Brokers that restart without their records.
static WITHOUT_VOLUME: Row = Row {
    id: "restart-without-volume",
    class: Class::DataLoss,
    flags: &[Flag::Availability, Flag::Irreversible],
    summary: "a restart of brokers without a volume",
    reason: "no volume that outlives its pod is mounted in container `{container}`: each pod that is replaced starts empty, and has again only what \
        other brokers have copies of",
    commands: &[
        "# copy what must stay, or give the brokers a persistent volume first: a change that also loses what is there",
        "# apply the new manifests",
    ],
};

/// Another tree in ZooKeeper, or other servers.
static ZOOKEEPER: Row = Row {
    id: "zookeeper-connect",
    class: Class::ManualSteps,
    flags: &[Flag::Availability],
    summary: "another path in ZooKeeper, or none of the servers of before",
    reason: "{where} a broker finds no cluster or another one, and does not start on a volume of the old one (`InconsistentClusterIdException`), so \
        the rollout stops at the first pod; brokers that do start do not know those that still run",
    commands: &[
        "# put the old value back; for the same servers under new names, keep an old address in the list until all brokers have restarted",
    ],
};

/// TLS or plaintext to the same servers of ZooKeeper.
static ZOOKEEPER_PROTOCOL: Row = Row {
    id: "zookeeper-protocol-of-brokers",
    class: Class::Metadata,
    flags: &[Flag::Availability],
    summary: "brokers speak TLS to ZooKeeper, or no longer, at the same addresses",
    reason: "a broker that has restarted speaks {protocol} at the same addresses, where a server without `client.portUnification=true` answers one \
        of both: it finds no ZooKeeper and does not start, and the rollout stops there",
    commands: &[],
};

pub(super) const ROWS: &[&Row] = &[
    &CLUSTER_ID,
    &ZOOKEEPER,
    &ZOOKEEPER_PROTOCOL,
    &NODE_ID,
    &ROLES,
    &VOTERS,
    &VOTERS_OUTNUMBERED,
    &VOTER_ADDRESS,
    &QUORUM_SWITCH,
    &QUORUM_DYNAMIC,
    &QUORUM_STATIC,
    &CONTROLLER_ENDPOINT,
    &LISTENER_PORT,
    &LISTENER_ADDRESS,
    &LISTENER_PROTOCOL,
    &LISTENER_LOGIN,
    &LISTENER_ANONYMOUS,
    &LISTENER_CERTIFICATES_OFF,
    &LISTENER_REMOVED,
    &LISTENER_RENAMED,
    &INTER_BROKER,
    &INTER_BROKER_SWITCH,
    &LOG_DIRS,
    &LOG_DIR_ADDED,
    &BROKERS_ADDED,
    &BROKERS_REMOVED,
    &CONTROLLERS_CHANGED,
    &CONTROLLERS_OF_METADATA,
    &WITHOUT_VOLUME,
];

/// Says what a change of the cluster means.
pub(super) fn judge(told: &mut Told<'_, '_>) {
    identity(told);
    quorum(told);
    listening(told);
    directories(told);
    emptied(told);
    count(told);
}

fn identity(told: &mut Told<'_, '_>) {
    let pair = told.pair;
    if let (Some(before), Some(after)) = (&pair.before.kafka.cluster_id, &pair.after.kafka.cluster_id)
        && before != after
    {
        let path = told.where_is(after).unwrap_or_else(|| "spec.template.spec".to_owned());
        told.field(&path, &CLUSTER_ID).word("id_before", before);
    }
    zookeeper(told);
    for key in ["node.id", "broker.id"] {
        let [before, after] = [pair.before.get(key), pair.after.get(key)];
        if before.is_some() && after.is_some() && before != after {
            told.setting(key, &NODE_ID);
        }
    }
    let [before, after] = [&pair.before, &pair.after]
        .map(|process| -> BTreeSet<&str> { list(process.get("process.roles").unwrap_or_default()).collect() });
    if before != after && !before.is_empty() && !after.is_empty() {
        told.setting("process.roles", &ROLES);
    }
}

/// The ensemble that brokers without KRaft belong to, and their path in it.
fn zookeeper(told: &mut Told<'_, '_>) {
    const KEY: &str = "zookeeper.connect";
    const TLS: &str = "zookeeper.ssl.client.enable";
    let pair = told.pair;
    let (Some(before), Some(after)) = (pair.before.get(KEY), pair.after.get(KEY)) else {
        return;
    };
    if pair.before.is_kraft() || pair.after.is_kraft() {
        return;
    }
    let [(old, from), (new, to)] = [before, after].map(|text| text.split_once('/').unwrap_or((text, "")));
    let tls = [&pair.before, &pair.after].map(|process| process.get(TLS).is_some_and(|on| on.trim() == "true"));
    if tls[0] != tls[1] && old == new {
        let protocol = if tls[1] { "TLS" } else { "plaintext" };
        told.setting(TLS, &ZOOKEEPER_PROTOCOL).word("protocol", protocol);
    }
    let place = if from.trim_end_matches('/') != to.trim_end_matches('/') {
        format!("under `/{to}`")
    } else if list(new).all(|server| list(old).all(|known| known != server)) {
        "unless these are the same servers under other names,".to_owned()
    } else {
        return;
    };
    told.setting(KEY, &ZOOKEEPER).word("where", place);
}

/// The voters of a list, by id.
fn voters(process: &Process<'_>) -> BTreeMap<String, String> {
    list(process.get("controller.quorum.voters").unwrap_or_default())
        .filter_map(|voter| voter.split_once('@'))
        .map(|(id, address)| (id.to_owned(), address.to_owned()))
        .collect()
}

fn quorum(told: &mut Told<'_, '_>) {
    const KEY: &str = "controller.quorum.voters";
    const SERVERS: &str = "controller.quorum.bootstrap.servers";
    let pair = told.pair;
    // Towards KRaft is another matter.
    if !pair.before.is_kraft() || !pair.after.is_kraft() {
        return;
    }
    let [before, after] = [&pair.before, &pair.after].map(voters);
    let ids = |voters: &BTreeMap<String, String>| voters.keys().cloned().collect::<Vec<_>>();
    match (before.is_empty(), after.is_empty()) {
        (false, true) if pair.after.get(SERVERS).is_some() => {
            told.setting(KEY, &QUORUM_DYNAMIC);
        }
        (true, false) if pair.before.get(SERVERS).is_some() => {
            told.setting(KEY, &QUORUM_STATIC);
        }
        (false, false) if ids(&before) != ids(&after) => {
            let new: Vec<String> = after.keys().filter(|id| !before.contains_key(*id)).cloned().collect();
            let majority = after.len() / 2 + 1;
            let row = if new.len() < majority {
                &VOTERS
            } else {
                &VOTERS_OUTNUMBERED
            };
            let (was, is) = (ids(&before).join(", "), ids(&after).join(", "));
            let draft = told.all_stopped(KEY, row);
            draft.word("voters_before", was).word("voters_after", is);
            draft.word("voters_new", new.join(", "));
        }
        (false, false) if before != after && controllers_stay_reached(told) => {
            told.setting(KEY, &QUORUM_SWITCH);
        }
        (false, false) if before != after => {
            told.all_stopped(KEY, &VOTER_ADDRESS);
        }
        _ => {}
    }
}

/// Whether the node reaches all static voters, before it has restarted and after, those that have restarted and those that have not: they
/// listen on the port that it dials, with the protocol that it speaks.
fn controllers_stay_reached(told: &Told<'_, '_>) -> bool {
    let pair = told.pair;
    let controllers: Vec<BTreeMap<String, Listener>> = [(When::Before, &pair.before), (When::After, &pair.after)]
        .into_iter()
        .flat_map(|(when, process)| cluster_of(pair.sets, when, process))
        .filter(|process| process.has_role("controller"))
        .map(|process| listeners(&process))
        .collect();
    let reaches = |process: &Process<'_>| {
        let Some(protocol) = protocol_to_controllers(process) else {
            return false;
        };
        voters(process).values().all(|address| {
            let port = address.rsplit(':').next().unwrap_or_default();
            controllers.iter().all(|own| {
                own.values()
                    .any(|listener| listener.of_controllers && listener.port == port && listener.protocol == protocol)
            })
        })
    };
    let hosts = |process: &Process<'_>| -> BTreeMap<String, String> {
        let host = |address: String| address.rsplit_once(':').map(|(host, _)| host.to_owned());
        let all = voters(process).into_iter();
        all.filter_map(|(id, address)| Some((id, host(address)?))).collect()
    };
    !controllers.is_empty()
        && !voters(&pair.after).is_empty()
        && hosts(&pair.before) == hosts(&pair.after)
        && reaches(&pair.before)
        && reaches(&pair.after)
}

impl Told<'_, '_> {
    /// Says what a setting means for which all nodes of the cluster must be stopped: brokers first, then controllers.
    fn all_stopped(&mut self, key: &str, row: &'static Row) -> &mut crate::diff::change::Draft {
        let pair = self.pair;
        let mut cluster = cluster_of(pair.sets, When::Before, &pair.before);
        cluster.sort_by_key(|process| !process.is_broker());
        let sets: Vec<String> = cluster
            .iter()
            .map(|process| process.worker.model.identity.name.clone())
            .collect();
        let pods: Vec<String> = cluster.iter().flat_map(|process| process.worker.pods()).collect();
        self.setting(key, row).words("set", sets).words("pod", pods)
    }

    /// The field of the pod template that holds a text.
    fn where_is(&self, text: &str) -> Option<String> {
        let sets = self.pair.sets;
        let body = sets.after.body(sets.after.find(self.pair.identity)?);
        let template = &body["spec"]["template"];
        for list in ["initContainers", "containers"] {
            for container in template["spec"][list].as_array().into_iter().flatten() {
                let name = container["name"].as_str().unwrap_or_default();
                for field in ["command", "args"] {
                    let words = container[field].as_array().into_iter().flatten();
                    if words.filter_map(|word| word.as_str()).any(|word| word.contains(text)) {
                        return Some(format!("spec.template.spec.{list}[{name}].{field}"));
                    }
                }
                for variable in container["env"].as_array().into_iter().flatten() {
                    if variable["value"].as_str() == Some(text) {
                        let variable = variable["name"].as_str().unwrap_or_default();
                        return Some(format!("spec.template.spec.{list}[{name}].env[{variable}]"));
                    }
                }
            }
        }
        None
    }
}

fn listening(told: &mut Told<'_, '_>) {
    let pair = told.pair;
    let [before, after] = [&pair.before, &pair.after].map(listeners);
    let key_of = |keys: &[&'static str]| keys.iter().copied().find(|key| pair.differs(key));
    // Of the same port, protocol and address: the same listener under another name.
    for old in before.values().filter(|old| !after.contains_key(&old.name)) {
        let same = |new: &&Listener| {
            !before.contains_key(&new.name)
                && (&new.port, &new.advertised, &new.protocol, new.of_controllers)
                    == (&old.port, &old.advertised, &old.protocol, old.of_controllers)
        };
        if let Some(new) = after.values().find(same) {
            renamed(told, old, new);
        } else if !old.of_controllers
            && !old.between_brokers
            && let Some(key) = key_of(&["listeners"])
        {
            let draft = told.setting(key, &LISTENER_REMOVED);
            draft
                .word("listener", old.name.clone())
                .word("port_before", old.port.clone());
        }
    }
    for (old, new) in before.values().filter_map(|old| Some((old, after.get(&old.name)?))) {
        let clients = !new.of_controllers && !new.between_brokers;
        let moved = old.port != new.port;
        if new.of_controllers && old.of_controllers {
            let alone = voters(&pair.before) == voters(&pair.after);
            if (old.protocol != new.protocol || (moved && alone))
                && !controllers_stay_reached(told)
                && let Some(key) = key_of(&["listeners", "listener.security.protocol.map"])
            {
                told.all_stopped(key, &CONTROLLER_ENDPOINT);
            }
            continue;
        }
        // In a stack it is for brokers alone: while they use another one, no one uses it.
        let unused = clients && !old.between_brokers && new.name == "REPLICATION";
        if old.protocol != new.protocol
            && !unused
            && let Some(key) = key_of(&["listener.security.protocol.map", "listeners"])
        {
            let row = if clients { &LISTENER_PROTOCOL } else { &INTER_BROKER };
            let draft = told.setting(key, row);
            draft.word("listener", new.name.clone());
            draft.word("keys", keys_of_clients(&pair.after, new));
            draft
                .word("protocol_before", old.protocol.clone())
                .word("protocol_after", new.protocol.clone());
        } else if clients && old.protocol == new.protocol {
            let prefix = format!("listener.name.{}.", new.name.to_ascii_lowercase());
            let mut keys = LOGIN.iter().map(|key| format!("{prefix}{key}"));
            if let Some(key) = keys.find(|key| pair.differs(key)) {
                login(told, new, &key);
            }
        }
        if clients
            && moved
            && let Some(key) = key_of(&["listeners"])
        {
            let draft = told.setting(key, &LISTENER_PORT);
            draft.word("listener", new.name.clone());
            draft
                .word("port_before", old.port.clone())
                .word("port_after", new.port.clone());
        }
        let host = |listener: &Listener| {
            let address = listener.advertised.clone().unwrap_or_default();
            address
                .rsplit_once(':')
                .map_or(address.clone(), |(host, _)| host.to_owned())
        };
        let port = |listener: &Listener| {
            listener
                .advertised
                .as_deref()
                .map(|a| a.rsplit(':').next().unwrap_or_default().to_owned())
        };
        if clients
            && (host(old) != host(new) || (!moved && port(old) != port(new)))
            && let Some(key) = key_of(&["advertised.listeners"])
        {
            let shown = |listener: &Listener| {
                listener.advertised.clone().map_or_else(
                    || "the host name".to_owned(),
                    |address| address.replace(POD_NAME, "POD").replace(POD_INDEX, "ID"),
                )
            };
            let draft = told.setting(key, &LISTENER_ADDRESS);
            draft.word("listener", new.name.clone());
            draft
                .word("address_before", shown(old))
                .word("address_after", shown(new));
        }
    }
    between_brokers(told, &before, &after);
}

/// What clients of a listener have to show, where that is another thing than before.
fn login(told: &mut Told<'_, '_>, listener: &Listener, key: &str) {
    let pair = told.pair;
    let strict = |process: &Process<'_>| match process.get(key) {
        Some("required") => 2,
        Some("requested") => 1,
        _ => 0,
    };
    let is_relaxed = key.ends_with("ssl.client.auth") && strict(&pair.after) < strict(&pair.before);
    let who = match (listener.protocol.as_str(), pair.after.get(key)) {
        ("SSL", Some("requested")) => "clients that show no certificate are",
        ("SSL", _) => "no client is asked for a certificate: all are",
        _ => "",
    };
    let draft = if is_relaxed && who.is_empty() {
        told.setting(key, &LISTENER_CERTIFICATES_OFF)
    } else if is_relaxed {
        told.setting(key, &LISTENER_ANONYMOUS).word("who", who)
    } else {
        let needs = needs_of_clients(pair, listener, key);
        told.setting(key, &LISTENER_LOGIN).word("needs", needs)
    };
    draft.word("listener", listener.name.clone());
}

/// A listener under another name, of the same port, protocol and address.
fn renamed(told: &mut Told<'_, '_>, old: &Listener, new: &Listener) {
    const KEY: &str = "listeners";
    if !old.of_controllers && !old.between_brokers && !new.between_brokers && told.pair.differs(KEY) {
        let draft = told.setting(KEY, &LISTENER_RENAMED);
        draft
            .word("listener", new.name.clone())
            .word("listener_before", old.name.clone());
    }
}

/// The listener by which brokers connect to each other.
fn between_brokers(told: &mut Told<'_, '_>, before: &BTreeMap<String, Listener>, after: &BTreeMap<String, Listener>) {
    let pair = told.pair;
    let [was, is] = [&pair.before, &pair.after].map(inter_broker);
    if was != is
        && pair.after.is_broker()
        && let Some(key) = ["inter.broker.listener.name", "security.inter.broker.protocol"]
            .into_iter()
            .find(|key| pair.differs(key))
    {
        let kept = |name: &String| {
            let (old, new) = (before.get(name), after.get(name));
            old.is_some() && old.map(|old| &old.protocol) == new.map(|new| &new.protocol)
        };
        let row = if kept(&was) && kept(&is) {
            &INTER_BROKER_SWITCH
        } else {
            &INTER_BROKER
        };
        told.setting(key, row).word("listener", is);
    }
}

fn directories(told: &mut Told<'_, '_>) {
    let pair = told.pair;
    let of = |process: &Process<'_>| -> BTreeSet<String> {
        let dirs = process.get("log.dirs").or(process.get("log.dir")).unwrap_or_default();
        list(dirs).map(|dir| dir.trim_end_matches('/').to_owned()).collect()
    };
    let [before, after] = [&pair.before, &pair.after].map(of);
    let gone: Vec<String> = before.difference(&after).cloned().collect();
    let key = if pair.differs("log.dirs") {
        "log.dirs"
    } else {
        "log.dir"
    };
    if !gone.is_empty() {
        told.setting(key, &LOG_DIRS).word("directory", gone.join(", "));
    } else if !before.is_empty() && before != after {
        told.setting(key, &LOG_DIR_ADDED);
    }
    let of_metadata = |process: &Process<'_>| process.get("metadata.log.dir").map(str::to_owned);
    if let Some(old) = of_metadata(&pair.before)
        && of_metadata(&pair.after).as_ref() != Some(&old)
    {
        told.setting("metadata.log.dir", &LOG_DIRS).word("directory", old);
    }
}

/// Pods that are replaced, and nothing of them stays.
fn emptied(told: &mut Told<'_, '_>) {
    let pair = told.pair;
    let goes = |mount: &Mount| {
        matches!(
            mount.content,
            Content::ConfigMap(_) | Content::Secret(_) | Content::Projected | Content::Empty
        )
    };
    let container = &pair.before.container;
    let directories = pair
        .before
        .get("log.dirs")
        .or(pair.before.get("log.dir"))
        .unwrap_or_default();
    let is_empty =
        |path: &str| matches!(container.mounts.at(path), Some(mount) if matches!(mount.content, Content::Empty));
    // A set that says nothing of volumes may have them where it was taken from.
    let is_emptied = if pair.identity.kind == "StatefulSet" {
        !directories.is_empty() && list(directories).all(is_empty)
    } else {
        container.mounts.list.iter().all(goes)
    };
    if !is_emptied || pair.before.worker.replicas() == 0 {
        return;
    }
    let name = ObjectName::from(pair.identity);
    if let Some(draft) = told.found.drafts.iter_mut().find(|draft| draft.replaces(&name)) {
        draft.also(&WITHOUT_VOLUME).word("container", container.name.clone());
    }
}

/// Nodes that come and go with the pods.
fn count(told: &mut Told<'_, '_>) {
    let pair = told.pair;
    let [before, after] = [&pair.before, &pair.after].map(Process::nodes);
    let path = if pair.before.worker.replicas() == pair.after.worker.replicas() {
        "spec.ordinals"
    } else {
        "spec.replicas"
    };
    // A changed id of the same pod is told elsewhere.
    let pods = |nodes: &BTreeMap<i64, String>| nodes.values().cloned().collect::<BTreeSet<_>>();
    let (pods_before, pods_after) = (pods(&before), pods(&after));
    let new: Vec<i64> = after
        .iter()
        .filter(|(_, pod)| !pods_before.contains(*pod))
        .map(|(id, _)| *id)
        .collect();
    let gone: Vec<(i64, String)> = before
        .into_iter()
        .filter(|(_, pod)| !pods_after.contains(pod))
        .collect();
    // Where all have one id, only the pods tell how many there are.
    if new.is_empty() && gone.is_empty() || pair.before.worker.pods() == pair.after.worker.pods() {
        return;
    }
    if pair.before.is_broker() && pair.after.is_broker() {
        brokers_of(told, path, &new, &gone);
    }
    let controller = pair.after.has_role("controller") && pair.before.has_role("controller");
    let stopped = pair.after.worker.replicas() == 0;
    if controller && !stopped && voters(&pair.before) == voters(&pair.after) {
        let listed = !voters(&pair.after).is_empty();
        let found_by_servers = pair.after.get("controller.quorum.bootstrap.servers").is_some();
        let row = if listed || !found_by_servers {
            &CONTROLLERS_CHANGED
        } else {
            &CONTROLLERS_OF_METADATA
        };
        told.field(path, row);
    }
}

/// More brokers or fewer. No broker at all, and other ordinals, are told as those of any set.
fn brokers_of(told: &mut Told<'_, '_>, path: &str, new: &[i64], gone: &[(i64, String)]) {
    let pair = told.pair;
    let join = |ids: &[i64]| ids.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
    let cluster = cluster_of(pair.sets, When::After, &pair.after);
    let all: BTreeSet<i64> = cluster
        .iter()
        .filter(|process| process.is_broker())
        .flat_map(|process| process.nodes().into_keys())
        .collect();
    let all: Vec<i64> = all.into_iter().collect();
    if pair.before.worker.replicas() == 0 || pair.after.worker.replicas() == 0 {
        return;
    }
    if gone.is_empty() {
        let draft = told.field(path, &BROKERS_ADDED).instead(&BROKERS_ADDED);
        draft.word("new_ids", brokers_named(new)).word("all_ids", join(&all));
        draft.word("replicas", pair.after.worker.replicas().to_string());
    } else if new.is_empty() {
        let ids: Vec<i64> = gone.iter().map(|(id, _)| *id).collect();
        let draft = told.field(path, &BROKERS_REMOVED).instead(&BROKERS_REMOVED);
        draft.word("gone_ids", brokers_named(&ids));
        let pods: Vec<String> = gone.iter().map(|(_, pod)| pod.clone()).collect();
        draft.word("gone_pods", pods.join(", ")).word("kept_ids", join(&all));
        draft.words("gone_pod", pods);
        draft.words("gone_id", ids.iter().map(i64::to_string));
        draft.word(
            "gone_pattern",
            ids.iter().map(i64::to_string).collect::<Vec<_>>().join("|"),
        );
    }
}

fn brokers_named(ids: &[i64]) -> String {
    let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
    match ids.as_slice() {
        [one] => format!("broker {one}"),
        _ => format!("brokers {}", ids.join(", ")),
    }
}
