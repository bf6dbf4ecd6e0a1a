//! Resources of Strimzi's operators: what the operators do with a change, as far as their documentation and code say it for every
//! release. Everything else of these resources is flagged as unknown.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Changed, object, topics};
use crate::{
    catalogue::{Key, Role, Update},
    diff::{
        change::{Found, Place},
        class::{Class, Flag},
        row::Row,
        sets::Sets,
        walk::Field,
    },
    lint::quantity,
    manifest::Identity,
    version::Version,
};

/// The group of the resources.
pub(super) const GROUP: &str = "kafka.strimzi.io";

/// The groups of other operators of Kafka.
const OTHERS: [&str; 2] = ["platform.confluent.io", "kafka.banzaicloud.io"];

/// A topic that is new.
static TOPIC_ADDED: Row = Row {
    id: "kafkatopic-added",
    class: Class::DynamicConfig,
    flags: &[],
    summary: "a KafkaTopic is new",
    reason: "the Topic Operator creates the topic, or gives one of this name the declared settings",
    commands: &[],
};

/// A topic that goes.
static TOPIC_REMOVED: Row = Row {
    id: "kafkatopic-removed",
    class: Class::DataLoss,
    flags: &[Flag::Irreversible, Flag::ClientBreaking],
    summary: "a KafkaTopic is removed",
    reason: "a deployer that prunes deletes it, and the Topic Operator then deletes the topic `{topic}` with its records; without pruning, \
        both stay",
    commands: &[
        "kubectl -n {namespace} annotate kafkatopic {name} strimzi.io/managed=false  # before the merge, if the topic must stay",
        "kubectl -n {namespace} get kafkatopic {name} -o jsonpath='{.metadata.annotations}'  # it must be there before anything prunes",
    ],
};

/// A topic that goes and is not managed.
static TOPIC_RELEASED: Row = Row {
    id: "kafkatopic-not-managed-removed",
    class: Class::Metadata,
    flags: &[],
    summary: "a KafkaTopic that is not managed is removed",
    reason: "`strimzi.io/managed: \"false\"` keeps the topic when a deployer prunes its resource",
    commands: &[],
};

/// A topic that the operator leaves alone.
static TOPIC_NOT_MANAGED: Row = Row {
    id: "kafkatopic-not-managed",
    class: Class::Metadata,
    flags: &[],
    summary: "a KafkaTopic that is not managed",
    reason: "`strimzi.io/managed: \"false\"` keeps the Topic Operator from the topic: nothing is applied",
    commands: &[],
};

/// A topic whose resource has another name.
static TOPIC_RENAMED: Row = Row {
    id: "kafkatopic-renamed",
    class: Class::DataLoss,
    flags: &[Flag::Irreversible, Flag::ClientBreaking],
    summary: "a KafkaTopic is renamed",
    reason: "to the operator it is another topic: `{after}` is created empty, and a deployer that prunes has `{before}` deleted with its \
        records; without pruning, both stay",
    commands: &[
        "# keep the resource `{before}` until the producers write to the new topic and the consumers have read the old one to its end",
        "kubectl -n {namespace} annotate kafkatopic {before} strimzi.io/managed=false  # or keep the topic without its resource",
    ],
};

/// The name of a topic that is there.
static TOPIC_NAME: Row = Row {
    id: "kafkatopic-topic-name",
    class: Class::ManualSteps,
    flags: &[],
    summary: "another `spec.topicName` of a KafkaTopic",
    reason: "the Topic Operator does not rename topics: the resource is no longer ready, and none of its changes is applied",
    commands: &["# put `topicName` back, or declare the new topic with a resource of its own and move the clients"],
};

/// A user that goes.
static USER_REMOVED: Row = Row {
    id: "kafkauser-removed",
    class: Class::DynamicConfig,
    flags: &[Flag::ClientBreaking],
    summary: "a KafkaUser is removed",
    reason: "a deployer that prunes deletes it, and the User Operator its Secret, ACLs and quotas: its clients are refused; without \
        pruning, all stay",
    commands: &[],
};

/// A user that is new.
static USER_ADDED: Row = Row {
    id: "kafkauser-added",
    class: Class::DynamicConfig,
    flags: &[],
    summary: "a KafkaUser is new",
    reason: "the User Operator makes its Secret, ACLs and quotas",
    commands: &[],
};

/// How a user proves who it is.
static USER_AUTHENTICATION: Row = Row {
    id: "kafkauser-authentication",
    class: Class::DynamicConfig,
    flags: &[Flag::ClientBreaking],
    summary: "another authentication of a KafkaUser",
    reason: "its Secret gets other contents, and what its clients have is no longer valid; the name of the principal changes with \
        certificates",
    commands: &[],
};

/// A user that may do less.
static USER_RIGHTS_LOST: Row = Row {
    id: "kafkauser-rights-lost",
    class: Class::DynamicConfig,
    flags: &[Flag::ClientBreaking],
    summary: "a KafkaUser loses rights",
    reason: "the User Operator changes the ACLs at once: {lost} is refused from then on, unless another ACL allows it",
    commands: &[],
};

/// A user that may do more.
static USER_RIGHTS: Row = Row {
    id: "kafkauser-rights",
    class: Class::DynamicConfig,
    flags: &[],
    summary: "the rights or quotas of a KafkaUser",
    reason: "the User Operator changes them while the brokers run",
    commands: &[],
};

/// A cluster or a pool that goes, or gets another name.
static NODES_REMOVED: Row = Row {
    id: "strimzi-nodes-removed",
    class: Class::DataLoss,
    flags: &[Flag::Availability, Flag::ClientBreaking, Flag::Irreversible],
    summary: "a Kafka or KafkaNodePool resource is removed or renamed",
    reason: "a deployer that prunes deletes it, and all of its pods stop at once; their claims {claims}. Under another name, other nodes \
        start with empty volumes. Without pruning, everything keeps running",
    commands: &[
        "# keep the resource, or tell the deployer to keep it (`argocd.argoproj.io/sync-options: Prune=false`, \
         `kustomize.toolkit.fluxcd.io/prune: disabled`)",
        "kubectl -n {namespace} get persistentvolumeclaims -l {label}={owner}",
    ],
};

/// More brokers.
static POOL_UP: Row = Row {
    id: "strimzi-brokers-added",
    class: Class::ManualSteps,
    flags: &[Flag::ReassignmentNeeded],
    summary: "more brokers of Strimzi",
    reason: "the new brokers get partitions of new topics alone: existing ones stay where they are until they are reassigned, by hand or by \
        Cruise Control",
    commands: &[
        "# apply the new manifests",
        "kubectl -n {namespace} get kafkanodepool {name} -o jsonpath='{.status.nodeIds}'  # the new ids",
        "# then a KafkaRebalance with `mode: add-brokers` and these ids in `brokers`, where the cluster has Cruise Control",
    ],
};

/// Fewer brokers.
static POOL_DOWN: Row = Row {
    id: "strimzi-brokers-removed",
    class: Class::DataLoss,
    flags: &[Flag::Availability, Flag::ReassignmentNeeded],
    summary: "fewer brokers of Strimzi",
    reason: "a broker that goes takes its replicas along. Since 0.38 the operator keeps brokers that have partitions, unless \
        `strimzi.io/skip-broker-scaledown-check` is set; an older one does not look",
    commands: &[
        "kubectl -n {namespace} get kafkanodepool {name} -o jsonpath='{.status.nodeIds}'  # the highest ids go, unless \
         `strimzi.io/remove-node-ids` names others",
        "# drain them first: a KafkaRebalance with `mode: remove-brokers` and these ids in `brokers`, or a reassignment by hand",
        "# apply the new manifests",
    ],
};

/// Another number of controllers.
static CONTROLLERS: Row = Row {
    id: "strimzi-controllers-scaled",
    class: Class::ManualSteps,
    flags: &[Flag::Availability, Flag::Unknown],
    summary: "another number of controllers of Strimzi",
    reason: "whether the members of the quorum can change depends on the release of the operator: many refuse it, and with static voters no \
        majority may be left",
    commands: &["# read what the documentation of the installed operator says of scaling controllers before the merge"],
};

/// Larger volumes.
static VOLUME_GROWN: Row = Row {
    id: "strimzi-volume-grown",
    class: Class::DynamicConfig,
    flags: &[Flag::Irreversible],
    summary: "larger volumes of Strimzi's nodes",
    reason: "the operator grows the claims, if their storage class allows it (`allowVolumeExpansion`), and restarts pods where the file \
        system needs it; it cannot be made smaller again",
    commands: &[],
};

/// A change of storage that the operator does not make.
static STORAGE_KEPT: Row = Row {
    id: "strimzi-storage-refused",
    class: Class::ManualSteps,
    flags: &[],
    summary: "smaller volumes, or another type or class of storage, of Strimzi's nodes",
    reason: "the operator cannot make this change of volumes that are there: it keeps the storage as it was, other changes of it included, and \
        says so in the status of the resource",
    commands: &[
        "# put `{path}` back; for other volumes, add a KafkaNodePool with them, move the partitions to its brokers, and remove the old pool",
    ],
};

/// A volume that goes.
static VOLUME_REMOVED: Row = Row {
    id: "strimzi-volume-removed",
    class: Class::DataLoss,
    flags: &[Flag::Irreversible, Flag::ReassignmentNeeded],
    summary: "a volume of Strimzi's nodes is removed",
    reason: "the replicas on it are gone: the brokers restart without it, and copy them again from other brokers, all at the same time in each \
        partition whose replicas were all on such volumes",
    commands: &[
        "# move the replicas to other volumes first: a KafkaRebalance with `mode: remove-disks`, or a reassignment by hand",
        "# apply the new manifests",
    ],
};

/// A volume that is new.
static VOLUME_ADDED: Row = Row {
    id: "strimzi-volume-added",
    class: Class::RollingRestart,
    flags: &[Flag::ReassignmentNeeded],
    summary: "another volume of Strimzi's nodes",
    reason: "the operator restarts the nodes one by one with it; replicas that are there stay where they are",
    commands: &[],
};

/// Whether claims outlive their nodes.
static CLAIMS_DELETED: Row = Row {
    id: "strimzi-delete-claim",
    class: Class::Metadata,
    flags: &[Flag::Irreversible],
    summary: "claims go with Strimzi's nodes from now on",
    reason: "nothing is deleted now; once the resource or the volume is removed, the claim and its data are too",
    commands: &[],
};

/// Claims that stay.
static CLAIMS_KEPT: Row = Row {
    id: "strimzi-keep-claim",
    class: Class::Metadata,
    flags: &[],
    summary: "claims no longer go with Strimzi's nodes",
    reason: "once the resource or the volume is removed, the claim stays with its data",
    commands: &[],
};

/// A newer release of Kafka.
static VERSION_UP: Row = Row {
    id: "strimzi-version-up",
    class: Class::RollingRestart,
    flags: &[],
    summary: "another release of Kafka in Strimzi",
    reason: "the operator replaces the pods one by one, if it knows this release",
    commands: &[],
};

/// A newer release that is finalized at once.
static VERSION_FINALIZED: Row = Row {
    id: "strimzi-version-finalized",
    class: Class::RollingRestart,
    flags: &[Flag::Irreversible],
    summary: "another release of Kafka in Strimzi, without a metadata version",
    reason: "the operator replaces the pods one by one, if it knows this release, and then raises the metadata version too, because \
        `metadataVersion` is not set: after that the old release no longer starts",
    commands: &[],
};

/// An older release.
static VERSION_DOWN: Row = Row {
    id: "strimzi-version-down",
    class: Class::ManualSteps,
    flags: &[Flag::Availability],
    summary: "an older release of Kafka in Strimzi",
    reason: "the operator goes back only as far as the metadata version of the cluster, and otherwise refuses",
    commands: &[
        "kubectl -n {namespace} get kafka {name} -o jsonpath='{.status.kafkaMetadataVersion}'  # at most that of the older release",
    ],
};

/// A higher metadata version.
static METADATA_VERSION: Row = Row {
    id: "strimzi-metadata-version",
    class: Class::DynamicConfig,
    flags: &[Flag::Irreversible],
    summary: "another metadata version in Strimzi",
    reason: "the operator finalizes it once all nodes run a release that has it; releases before it no longer start then, and a lower one is \
        refused where anything would be lost",
    commands: &[],
};

/// A setting that brokers take while they run.
static BROKER_DYNAMIC: Row = Row {
    id: "strimzi-broker-setting-dynamic",
    class: Class::DynamicConfig,
    flags: &[],
    summary: "a setting of Strimzi's brokers that running ones take",
    reason: "{mode} in Kafka: the operator sets it on the running brokers, or restarts them one by one where it cannot",
    commands: &[],
};

/// A setting that brokers read when they start.
static BROKER_READ_ONLY: Row = Row {
    id: "strimzi-broker-setting-read-only",
    class: Class::RollingRestart,
    flags: &[],
    summary: "a setting that Strimzi's brokers read only when they start",
    reason: "the operator restarts the nodes one by one",
    commands: &[],
};

/// Who may do what.
static AUTHORIZATION: Row = Row {
    id: "strimzi-authorization",
    class: Class::RollingRestart,
    flags: &[Flag::ClientBreaking],
    summary: "another authorization of Strimzi's brokers",
    reason: "the operator restarts the nodes one by one: with an authorizer, what it does not allow is refused, and without one, whoever can \
        connect may do everything",
    commands: &[],
};

/// Listeners.
static LISTENER: Row = Row {
    id: "strimzi-listener",
    class: Class::RollingRestart,
    flags: &[Flag::ClientBreaking],
    summary: "a listener of Strimzi's brokers goes or changes",
    reason: "the operator restarts the nodes one by one; clients that are set up for what was there before are refused from then on",
    commands: &[],
};

/// What is in the pods.
static PODS: Row = Row {
    id: "strimzi-pods",
    class: Class::RollingRestart,
    flags: &[],
    summary: "pods of Strimzi's nodes, workers or bridges change",
    reason: "the operator replaces the pods",
    commands: &[],
};

/// Another group of workers.
static WORKERS_GROUP: Row = Row {
    id: "strimzi-connect-group",
    class: Class::ManualSteps,
    flags: &[Flag::Availability],
    summary: "another `group.id` of a KafkaConnect",
    reason: "workers with the old group and with the new one both run all connectors until the last old worker is gone: records are copied twice",
    commands: &[
        "# set `replicas: 0` in a merge of its own, wait until no worker runs, then merge this with the old number",
    ],
};

/// Another topic of workers.
static WORKERS_MOVED: Row = Row {
    id: "strimzi-connect-topics",
    class: Class::DataLoss,
    flags: &[Flag::Availability, Flag::Irreversible],
    summary: "another topic for offsets or configurations of a KafkaConnect",
    reason: "{what}",
    commands: &[
        "# keep `{key}: {before}`; to move, stop all connectors, copy the topics with their keys and partitions, then merge",
    ],
};

/// A setting of workers.
static WORKER_SETTING: Row = Row {
    id: "strimzi-connect-setting",
    class: Class::RollingRestart,
    flags: &[],
    summary: "a setting of a KafkaConnect",
    reason: "the operator replaces the workers, and their tasks move",
    commands: &[],
};

/// The number of workers.
static SCALED: Row = Row {
    id: "strimzi-scaled",
    class: Class::Metadata,
    flags: &[],
    summary: "another number of pods that keep no data, of Strimzi",
    reason: "pods start or stop, and the work is divided anew; none of the others is replaced",
    commands: &[],
};

/// Pods without data that go.
static WORKERS_REMOVED: Row = Row {
    id: "strimzi-workers-removed",
    class: Class::Metadata,
    flags: &[Flag::Availability],
    summary: "a KafkaConnect, KafkaMirrorMaker2 or KafkaBridge is removed",
    reason: "a deployer that prunes deletes it, and the operator stops all of its pods; topics and offsets stay in Kafka. Without pruning, \
        they keep running",
    commands: &[],
};

/// A connector.
static CONNECTOR: Row = Row {
    id: "kafkaconnector-changed",
    class: Class::DynamicConfig,
    flags: &[],
    summary: "a KafkaConnector changes or is new",
    reason: "the operator gives it to the workers, which restart its tasks",
    commands: &[],
};

/// A connector that goes.
static CONNECTOR_REMOVED: Row = Row {
    id: "kafkaconnector-removed",
    class: Class::DynamicConfig,
    flags: &[Flag::Availability],
    summary: "a KafkaConnector is removed",
    reason: "a deployer that prunes deletes it, and the operator then the connector; its offsets stay. Without pruning, it keeps running",
    commands: &[],
};

/// What another operator made pods, volumes or topics of goes.
static OPERATED_REMOVED: Row = Row {
    id: "operator-resource-removed",
    class: Class::DataLoss,
    flags: &[Flag::Availability, Flag::Unknown],
    summary: "a resource of another operator of Kafka is removed or renamed",
    reason: "a deployer that prunes deletes it, and its operator what it made of it, perhaps with volumes or topics: which, is not known here",
    commands: &[
        "kubectl -n {namespace} get {resource}.{group} {owner} -o yaml  # finalizers and retention",
        "# keep the resource, or read what its operator does with it",
    ],
};

pub(super) const ROWS: &[&Row] = &[
    &TOPIC_ADDED,
    &TOPIC_REMOVED,
    &TOPIC_RELEASED,
    &TOPIC_NOT_MANAGED,
    &TOPIC_RENAMED,
    &TOPIC_NAME,
    &USER_ADDED,
    &USER_REMOVED,
    &USER_AUTHENTICATION,
    &USER_RIGHTS_LOST,
    &USER_RIGHTS,
    &NODES_REMOVED,
    &POOL_UP,
    &POOL_DOWN,
    &CONTROLLERS,
    &VOLUME_GROWN,
    &STORAGE_KEPT,
    &VOLUME_REMOVED,
    &VOLUME_ADDED,
    &CLAIMS_DELETED,
    &CLAIMS_KEPT,
    &VERSION_UP,
    &VERSION_FINALIZED,
    &VERSION_DOWN,
    &METADATA_VERSION,
    &BROKER_DYNAMIC,
    &BROKER_READ_ONLY,
    &AUTHORIZATION,
    &LISTENER,
    &PODS,
    &WORKERS_GROUP,
    &WORKERS_MOVED,
    &WORKER_SETTING,
    &SCALED,
    &WORKERS_REMOVED,
    &CONNECTOR,
    &CONNECTOR_REMOVED,
    &OPERATED_REMOVED,
];

/// What changes of a resource do.
pub(super) fn judge(changed: &Changed<'_>, found: &mut Found) {
    match changed.identity.kind.as_str() {
        "KafkaTopic" => topic(changed, found),
        "KafkaUser" => user(changed, found),
        "Kafka" | "KafkaNodePool" => {
            for field in &changed.fields {
                if !nodes(changed, field, found) {
                    other(changed, field, found);
                }
            }
        }
        "KafkaConnect" | "KafkaMirrorMaker2" | "KafkaBridge" | "KafkaMirrorMaker" => {
            for field in &changed.fields {
                if !workers(changed, field, found) {
                    other(changed, field, found);
                }
            }
        }
        "KafkaConnector" => {
            for field in &changed.fields {
                if field.pattern.starts_with("spec.") {
                    found.add(&CONNECTOR, changed.place(field));
                } else {
                    other(changed, field, found);
                }
            }
        }
        _ => {
            for field in &changed.fields {
                other(changed, field, found);
            }
        }
    }
}

/// A field that no row knows. Labels and annotations of the operator are read by it.
fn other(changed: &Changed<'_>, field: &Field, found: &mut Found) {
    let own = field.pattern.starts_with("metadata.") && field.path.contains("[strimzi.io/");
    if own {
        found.add(&object::FIELD, changed.place(field));
    } else {
        object::other(changed, field, found);
    }
}

/// Whether the operator brings a topic to what is declared.
fn is_managed(body: &Value) -> bool {
    body["metadata"]["annotations"]["strimzi.io/managed"].as_str() != Some("false")
}

/// The cluster that a resource belongs to, by its label.
fn cluster(body: &Value) -> String {
    body["metadata"]["labels"]["strimzi.io/cluster"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// A scalar as text.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// Scalars by key.
fn settings(value: &Value) -> BTreeMap<String, String> {
    let all = value.as_object().into_iter().flatten();
    all.filter_map(|(key, value)| Some((key.clone(), text(value)?)))
        .collect()
}

/// The settings that the brokers of a cluster have in its resource.
fn of_brokers(sets: &Sets<'_>, namespace: &str, cluster: &str) -> BTreeMap<String, String> {
    let identity = Identity {
        group: GROUP.to_owned(),
        kind: "Kafka".to_owned(),
        namespace: namespace.to_owned(),
        name: cluster.to_owned(),
    };
    let body = sets.after.find(&identity).map(|index| sets.after.body(index));
    settings(&body.unwrap_or_default()["spec"]["kafka"]["config"])
}

fn topic(changed: &Changed<'_>, found: &mut Found) {
    if !is_managed(&changed.before) && !is_managed(&changed.after) {
        for field in &changed.fields {
            if field.pattern.starts_with("spec.") {
                found.add(&TOPIC_NOT_MANAGED, changed.place(field));
            } else {
                other(changed, field, found);
            }
        }
        return;
    }
    let sides = [&changed.before, &changed.after].map(|body| {
        let mut all = settings(&body["spec"]["config"]);
        for (key, field) in [("partitions", "partitions"), ("replication.factor", "replicas")] {
            if let Some(value) = text(&body["spec"][field]) {
                all.insert(key.to_owned(), value);
            }
        }
        all
    });
    let cluster = cluster(&changed.after);
    let resource = topics::Resource {
        identity: changed.identity,
        brokers: of_brokers(changed.sets, &changed.identity.namespace, &cluster),
        cluster,
        topic: topic_name(&changed.after, &changed.identity.name),
    };
    topics::resource(&resource, sides, found);
    for field in &changed.fields {
        match field.pattern.as_str() {
            "spec.topicName" => {
                found.add(&TOPIC_NAME, changed.place(field));
            }
            "spec.partitions" | "spec.replicas" => {}
            pattern if pattern.starts_with("spec.config") => {}
            _ => other(changed, field, found),
        }
    }
}

/// The name of a topic in Kafka.
fn topic_name(body: &Value, name: &str) -> String {
    body["spec"]["topicName"].as_str().unwrap_or(name).to_owned()
}

/// What the ACLs of a user allow, or deny, each as one line.
fn rights(body: &Value, denied: bool) -> BTreeSet<String> {
    let acls = body["spec"]["authorization"]["acls"].as_array();
    let all = acls.into_iter().flatten();
    let wanted = all.filter(|acl| (acl["type"].as_str() == Some("deny")) == denied);
    wanted
        .flat_map(|acl| {
            let of = |key: &str| acl["resource"][key].as_str().unwrap_or_default();
            let pattern = match of("patternType") {
                "prefix" => "*",
                _ => "",
            };
            let host = acl["host"].as_str().filter(|host| *host != "*");
            let from = host.map_or_else(String::new, |host| format!(" from {host}"));
            let rest = format!("{} {}{pattern}{from}", of("type"), of("name"));
            let several = acl["operations"].as_array().into_iter().flatten();
            several
                .chain([&acl["operation"]])
                .filter_map(Value::as_str)
                .map(|operation| format!("{operation} on {}", rest.trim()))
                .collect::<Vec<_>>()
        })
        .collect()
}

fn user(changed: &Changed<'_>, found: &mut Found) {
    for field in &changed.fields {
        let pattern = field.pattern.as_str();
        if pattern.starts_with("spec.authorization") {
            let [allowed_before, allowed_after] = [&changed.before, &changed.after].map(|body| rights(body, false));
            let [denied_before, denied_after] = [&changed.before, &changed.after].map(|body| rights(body, true));
            let lost = allowed_before.difference(&allowed_after);
            let lost: Vec<&str> = lost
                .chain(denied_after.difference(&denied_before))
                .map(String::as_str)
                .collect();
            if lost.is_empty() {
                found.add(&USER_RIGHTS, changed.place(field));
            } else {
                let more = if lost.len() > 4 { ", …" } else { "" };
                let shown = format!("{}{more}", lost[..lost.len().min(4)].join(", "));
                found.add(&USER_RIGHTS_LOST, changed.place(field)).word("lost", shown);
            }
        } else if pattern.starts_with("spec.quotas") {
            found.add(&USER_RIGHTS, changed.place(field));
        } else if pattern.starts_with("spec.authentication") {
            found.add(&USER_AUTHENTICATION, changed.place(field));
        } else {
            other(changed, field, found);
        }
    }
}

/// A field of a cluster or of a pool; whether it is known.
fn nodes(changed: &Changed<'_>, field: &Field, found: &mut Found) -> bool {
    let pattern = field.pattern.strip_prefix("spec.").unwrap_or_default();
    let pattern = pattern.strip_prefix("kafka.").unwrap_or(pattern);
    let in_pool = changed.identity.kind == "KafkaNodePool";
    // A part of the cluster that is not its nodes.
    if !in_pool && !field.pattern.starts_with("spec.kafka.") && !field.pattern.starts_with("spec.zookeeper.storage") {
        return false;
    }
    if let Some(rest) = pattern.trim_start_matches("zookeeper.").strip_prefix("storage") {
        return storage(changed, field, rest, found);
    }
    let row = match pattern {
        "replicas" => return replicas(changed, field, in_pool, found),
        "version" => return version(changed, field, found),
        "metadataVersion" => &METADATA_VERSION,
        "authorization" | "authorization.type" => &AUTHORIZATION,
        "image" | "rack.topologyKey" => &PODS,
        _ => {
            if let Some(rest) = pattern.strip_prefix("listeners[]") {
                listener(changed, field, rest, found);
                return true;
            }
            if pattern.starts_with("config") && !in_pool {
                return broker_setting(changed, field, found);
            }
            let first = pattern.split(['.', '[']).next().unwrap_or_default();
            let template = ["template.pod.", "template.kafkaContainer."];
            let of_pods = ["resources", "jvmOptions", "livenessProbe", "readinessProbe"].contains(&first)
                || template.iter().any(|start| pattern.starts_with(start));
            if !of_pods {
                return false;
            }
            &PODS
        }
    };
    found.add(row, changed.place(field));
    true
}

fn listener(changed: &Changed<'_>, field: &Field, rest: &str, found: &mut Found) {
    let is_new = rest.is_empty() && field.before.is_null();
    let row = if is_new || rest.starts_with(".configuration") {
        &PODS
    } else {
        &LISTENER
    };
    found.add(row, changed.place(field));
}

fn broker_setting(changed: &Changed<'_>, field: &Field, found: &mut Found) -> bool {
    let Some(key) = field
        .path
        .rsplit_once("config")
        .map(|(_, key)| key.trim_matches(['[', ']', '.']))
    else {
        return false;
    };
    let known =
        Key::find(Role::Broker, Version::V4_3, key).or_else(|| Key::named(key).find(|key| key.is_of(Role::Broker)));
    let mode = match known.map(|known| known.update) {
        Some(Update::ClusterWide) => "cluster-wide",
        Some(Update::PerBroker) => "per-broker",
        _ => {
            found.add(&BROKER_READ_ONLY, changed.place(field));
            return true;
        }
    };
    found.add(&BROKER_DYNAMIC, changed.place(field)).word("mode", mode);
    true
}

fn replicas(changed: &Changed<'_>, field: &Field, in_pool: bool, found: &mut Found) -> bool {
    let (Some(before), Some(after)) = (field.before.as_i64(), field.after.as_i64()) else {
        return false;
    };
    let has = |role: &str| {
        let roles = changed.after["spec"]["roles"].as_array();
        roles.into_iter().flatten().any(|own| own.as_str() == Some(role))
    };
    if in_pool && has("controller") {
        found.add(&CONTROLLERS, changed.place(field));
    }
    if !in_pool || has("broker") {
        let row = if after > before { &POOL_UP } else { &POOL_DOWN };
        let draft = if in_pool && has("controller") {
            found.drafts.last_mut().map(|draft| draft.also(row))
        } else {
            Some(found.add(row, changed.place(field)))
        };
        if draft.is_none() {
            return false;
        }
    }
    !in_pool || has("broker") || has("controller")
}

fn version(changed: &Changed<'_>, field: &Field, found: &mut Found) -> bool {
    let numbers = |value: &Value| -> Vec<u32> {
        let parts = value.as_str().unwrap_or_default().split('.');
        parts.map_while(|part| part.parse().ok()).collect()
    };
    let (before, after) = (numbers(&field.before), numbers(&field.after));
    // Without one it is that of the operator.
    if before.is_empty() || after.is_empty() {
        return false;
    }
    let row = if after < before {
        &VERSION_DOWN
    } else if changed.after["spec"]["kafka"]["metadataVersion"].is_null() {
        &VERSION_FINALIZED
    } else {
        &VERSION_UP
    };
    found.add(row, changed.place(field));
    true
}

/// Storage: `rest` is what follows it in the pattern.
fn storage(changed: &Changed<'_>, field: &Field, rest: &str, found: &mut Found) -> bool {
    let last = rest.rsplit_once('.').map_or("", |(_, last)| last);
    let row = match (rest, last) {
        (".volumes[]", _) if field.after.is_null() => &VOLUME_REMOVED,
        (".volumes[]", _) if field.before.is_null() => &VOLUME_ADDED,
        (_, "deleteClaim") => {
            if field.after.as_bool() == Some(true) {
                &CLAIMS_DELETED
            } else {
                &CLAIMS_KEPT
            }
        }
        (_, "size") => match (quantity(&field.before), quantity(&field.after)) {
            (Some(before), Some(after)) if after > before => &VOLUME_GROWN,
            (Some(before), Some(after)) if after < before => &STORAGE_KEPT,
            _ => return false,
        },
        (_, "type" | "class") => &STORAGE_KEPT,
        _ => return false,
    };
    found.add(row, changed.place(field));
    true
}

/// A field of pods without data; whether it is known.
fn workers(changed: &Changed<'_>, field: &Field, found: &mut Found) -> bool {
    let Some(pattern) = field.pattern.strip_prefix("spec.") else {
        return false;
    };
    let first = pattern.split(['.', '[']).next().unwrap_or_default();
    let connect = changed.identity.kind == "KafkaConnect";
    let row = match first {
        "replicas" => &SCALED,
        "config" if connect => {
            let key = field
                .path
                .trim_start_matches("spec.config")
                .trim_matches(['[', ']', '.']);
            if key == "group.id" && !field.before.is_null() {
                found.add(&WORKERS_GROUP, changed.place(field));
                return true;
            }
            let what = match key {
                "offset.storage.topic" => {
                    "the new topic is empty: every source connector starts again, from the beginning or from now, as its kind does"
                }
                "config.storage.topic" => {
                    "the new topic is empty: no connector runs until the operator or someone else creates it again, and what was set through the \
                     REST API alone is lost"
                }
                _ => {
                    found.add(&WORKER_SETTING, changed.place(field));
                    return true;
                }
            };
            if field.before.is_null() {
                return false;
            }
            found
                .add(&WORKERS_MOVED, changed.place(field))
                .word("what", what)
                .word("key", key);
            return true;
        }
        "version" | "image" | "resources" | "jvmOptions" | "bootstrapServers" | "build" | "authentication" | "tls"
        | "livenessProbe" | "readinessProbe" => &PODS,
        _ => return false,
    };
    found.add(row, changed.place(field));
    true
}

/// A resource that is new; whether it is known what it does.
pub(super) fn added(identity: &Identity, found: &mut Found) -> bool {
    if identity.group != GROUP {
        return false;
    }
    let row = match identity.kind.as_str() {
        "KafkaTopic" => &TOPIC_ADDED,
        "KafkaUser" => &USER_ADDED,
        "KafkaConnector" => &CONNECTOR,
        _ => return false,
    };
    found.add(row, Place::object(identity));
    true
}

/// Whether claims of a resource go with it.
fn claims(body: &Value) -> &'static str {
    let spec = &body["spec"];
    let storages = [&spec["storage"], &spec["kafka"]["storage"]];
    let mut all = storages.into_iter().flat_map(|storage| {
        let volumes = storage["volumes"].as_array().into_iter().flatten();
        volumes.chain([storage])
    });
    if all.any(|volume| volume["deleteClaim"].as_bool() == Some(true)) {
        "go with it where `deleteClaim` is true, with their data"
    } else {
        "stay, because `deleteClaim` is not true"
    }
}

/// A resource that goes; whether it is known what goes with it.
pub(super) fn removed(sets: &Sets<'_>, old: usize, found: &mut Found) -> bool {
    let identity = sets.before.identity(old);
    gone(sets, old, identity, Place::object(identity), found)
}

/// A resource that has another name; whether it is known what that does.
pub(super) fn renamed(sets: &Sets<'_>, old: usize, new: usize, found: &mut Found) -> bool {
    let (was, is) = (sets.before.identity(old), sets.after.identity(new));
    if was.namespace != is.namespace {
        return false;
    }
    let place = Place::field(is, "metadata.name", was.name.clone().into(), is.name.clone().into());
    if was.group == GROUP && was.kind == "KafkaTopic" {
        let names = [(sets.before.body(old), was), (sets.after.body(new), is)];
        let [before, after] = names.map(|(body, identity)| topic_name(&body, &identity.name));
        if before != after {
            found.add(&TOPIC_RENAMED, place);
            return true;
        }
        return false;
    }
    gone(sets, old, was, place, found)
}

fn gone(sets: &Sets<'_>, old: usize, identity: &Identity, place: Place, found: &mut Found) -> bool {
    if OTHERS.contains(&identity.group.as_str()) {
        let resource = identity.kind.to_lowercase();
        let draft = found.add(&OPERATED_REMOVED, place);
        draft
            .word("resource", resource)
            .word("group", identity.group.clone())
            .word("owner", identity.name.clone());
        return true;
    }
    if identity.group != GROUP {
        return false;
    }
    let body = sets.before.body(old);
    match identity.kind.as_str() {
        "KafkaTopic" => {
            let row = if is_managed(&body) {
                &TOPIC_REMOVED
            } else {
                &TOPIC_RELEASED
            };
            found.add(row, place).word("topic", topic_name(&body, &identity.name));
        }
        "KafkaUser" => {
            found.add(&USER_REMOVED, place);
        }
        "Kafka" | "KafkaNodePool" => {
            let label = if identity.kind == "Kafka" {
                "strimzi.io/cluster"
            } else {
                "strimzi.io/pool-name"
            };
            let draft = found.add(&NODES_REMOVED, place);
            draft
                .word("claims", claims(&body))
                .word("label", label)
                .word("owner", identity.name.clone());
        }
        "KafkaConnect" | "KafkaMirrorMaker2" | "KafkaBridge" | "KafkaMirrorMaker" => {
            found.add(&WORKERS_REMOVED, place);
        }
        "KafkaConnector" => {
            found.add(&CONNECTOR_REMOVED, place);
        }
        _ => return false,
    }
    true
}
