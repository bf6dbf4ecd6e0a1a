//! What the rules for Kafka cannot judge, because the manifests do not show it.

use super::{
    Member,
    cluster::{Target, targets},
};
use crate::lint::model::{
    mounts::Content,
    program::Program,
    release,
    set::{ObjectSet, SetFindings},
};
use crate::version::Version;

/// The kinds of operators' resources that pods are made of.
const WITH_PODS: [&str; 14] = [
    "Connect",
    "ControlCenter",
    "KRaftController",
    "Kafka",
    "KafkaBridge",
    "KafkaCluster",
    "KafkaConnect",
    "KafkaMirrorMaker",
    "KafkaMirrorMaker2",
    "KafkaNodePool",
    "KafkaRestProxy",
    "KsqlDB",
    "SchemaRegistry",
    "Zookeeper",
];

/// Pods that look like Kafka's and are not known to be, and the resources that an operator makes pods of.
pub(super) fn processes(set: &ObjectSet<'_>, findings: &mut SetFindings) {
    const OPERATORS: [&str; 3] = ["strimzi.io", "platform.confluent.io", "kafka.banzaicloud.io"];
    for (index, object) in set.objects.iter().enumerate() {
        if let Some(why) = object.workload().and_then(|workload| workload.unknown.clone()) {
            findings.not_judged(index, "Kafka's settings", why);
        }
        let group = &object.identity.group;
        if OPERATORS.iter().any(|operator| group.ends_with(operator)) {
            let does = if WITH_PODS.contains(&object.identity.kind.as_str()) {
                "creates the pods"
            } else {
                "applies them"
            };
            findings.not_judged(index, "settings", format!("the operator of `{group}` {does}"));
        }
    }
}

/// Settings that are not among the manifests, and those of an unknown release.
pub(super) fn settings(member: &Member<'_>, findings: &mut SetFindings) {
    let namespace = &member.object.identity.namespace;
    let absent = |kind: &str, name: &str| member.set.find(kind, namespace, name).is_none();
    for source in member.sources().filter(|source| !member.reads(source)) {
        let why = if absent(source.kind, &source.name) {
            format!(
                "the variables of {} `{}` are not among the manifests",
                source.kind, source.name
            )
        } else {
            format!("the variables of {} `{}` are not read", source.kind, source.name)
        };
        findings.not_judged(member.index, "settings", why);
    }
    let words = member
        .container
        .command()
        .split(|c: char| c.is_whitespace() || "'\";&|".contains(c));
    let files = words.filter(|word| word.ends_with(".properties"));
    let hidden = files.map(|file| member.container.absolute(file)).find_map(|file| {
        let mounts = member.container.mounts.list.iter().filter(|mount| {
            let below = file.strip_prefix(mount.path.as_str());
            below.is_some_and(|rest| rest.starts_with('/') || rest.is_empty())
        });
        match &mounts.max_by_key(|mount| mount.path.len())?.content {
            Content::ConfigMap(files) if !files.object.is_empty() && absent("ConfigMap", &files.object) => {
                Some(format!("the ConfigMap `{}` is not among the manifests", files.object))
            }
            Content::ConfigMap(_) => None,
            Content::Secret(files) => Some(format!("`{file}` is in the Secret `{}`", files.object)),
            Content::Projected | Content::Empty | Content::Claim | Content::Other => {
                Some(format!("`{file}` is not in a ConfigMap"))
            }
        }
    });
    if let Some(why) = &member.settings.edited {
        findings.not_judged(member.index, "changes to the settings", why);
    } else if let Some(why) = hidden {
        findings.not_judged(member.index, "settings", why);
    } else if member.settings.is_empty() && member.process.program == Program::Broker && member.process.entrypoint {
        findings.not_judged(
            member.index,
            "settings",
            "neither a variable nor a file in a ConfigMap has them",
        );
    } else if member.settings.is_empty() && !member.process.entrypoint {
        findings.not_judged(
            member.index,
            "settings",
            "the file that the command names is not in a ConfigMap",
        );
    }
    let by_release = matches!(member.process.program, Program::Broker | Program::Connect);
    if by_release && member.version.is_none() {
        let image = &member.process.image;
        let why = match release::line_of_image(image) {
            Some(line) => {
                let [oldest, .., newest] = Version::ALL;
                format!("the image `{image}` carries Kafka {line}: known are {oldest} to {newest}")
            }
            None => format!("nothing says which release of Kafka the image `{image}` carries"),
        };
        findings.not_judged(member.index, "release-specific settings", why);
    }
}

/// Brokers, and servers of ZooKeeper, that are not among the manifests: what clients ask of them is not known.
pub(super) fn elsewhere(member: &Member<'_>, findings: &mut SetFindings) {
    let (key, what) = match member.process.program {
        Program::Connect => ("bootstrap.servers", "broker limits and topic copies"),
        Program::Registry => ("kafkastore.bootstrap.servers", "broker limits and topic copies"),
        Program::Broker => ("zookeeper.connect", "ensemble"),
        Program::ZooKeeper => return,
    };
    let Some(setting) = member.settings.get(key).filter(|setting| setting.is_known()) else {
        return;
    };
    if let Some(why) = outside(member.set, &member.object.identity.namespace, &setting.value) {
        findings.not_judged(member.index, what, why);
    }
}

/// Why nothing is known of what a list of addresses leads to, if all of it leaves the manifests. One of a namespace that is here is
/// an error of its own.
pub(super) fn outside(set: &ObjectSet<'_>, own: &str, servers: &str) -> Option<String> {
    let targets = targets(set, own, servers);
    let leaves = |target: &Target| match target {
        Target::Workload(_) => false,
        Target::Service(namespace, _) => !set.namespaces.contains(namespace.as_str()),
        Target::Address(_) => true,
    };
    (!targets.is_empty() && targets.iter().all(leaves)).then(|| {
        let first = servers.split(',').next().unwrap_or_default().trim();
        format!("`{first}` is not among the manifests")
    })
}
