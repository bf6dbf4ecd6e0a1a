//! Settings without which a worker, a registry instance or an image's entrypoint does not start.

use super::Member;
use crate::{
    catalogue::{Key, Role, Unset},
    diagnostics::{Severity::Error, family::rules},
    lint::model::{program::Program, set::SetFindings},
    version::Version,
};

rules! { rules::cluster;
    /// A setting that is needed and not set.
    pub const NOT_SET: Rule = Rule {
        id: "KS-K60",
        production: Error,
        development: Error,
        summary: "a setting without which the process does not start",
        explanation: "Confluent's images look for their variables first, and exit where one is missing. A worker needs a group, \
            three topics and two converters in its file: `ConfigException: Missing required configuration \"group.id\" which has \
            no default value`. A registry needs the brokers that keep its topic. With the converters of Avro a worker also needs \
            the address of the registry: without it the image exits, and from a file no task starts whose connector has no \
            converters of its own. Nothing is said where a script or an object that is not here may have the setting.",
        source: "Confluent, configure of cp-kafka, cp-kafka-connect and cp-schema-registry; Kafka, DistributedConfig; Schema Registry, \
            SchemaRegistryConfig",
    };
}

/// What Confluent's images look for in a worker's environment.
const OF_WORKERS: [&str; 8] = [
    "bootstrap.servers",
    "group.id",
    "config.storage.topic",
    "offset.storage.topic",
    "status.storage.topic",
    "key.converter",
    "value.converter",
    "rest.advertised.host.name",
];

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    let missing = if of_confluent(member) {
        by_image(member)
    } else if member.process.entrypoint || member.settings.is_empty() || member.container.command().contains(">>") {
        return;
    } else {
        by_program(member)
    };
    let missing: Vec<&str> = missing.into_iter().filter(|key| lacks(member, key)).collect();
    if missing.is_empty() {
        return;
    }
    let container = &member.process.container;
    let (s, it) = if missing.len() == 1 { ("", "it") } else { ("s", "them") };
    let (message, mut hint) = if member.process.entrypoint {
        let names: Vec<String> = missing
            .iter()
            .map(|key| variable(member.process.program, key))
            .collect();
        let names = names.join("`, `");
        (
            format!("container `{container}` has no variable{s} `{names}`: the image's entrypoint ends without {it}"),
            format!("add `{names}` to the `env` of container `{container}`"),
        )
    } else {
        let names = missing.join("`, `");
        let what = match (member.process.program, missing.as_slice()) {
            (Program::Connect, [key]) if key.ends_with(URL) => {
                "no task starts whose connector has no converters of its own"
            }
            (Program::Connect, _) => "the worker does not start",
            _ => "the registry does not start",
        };
        (
            format!("the file of container `{container}` does not set `{names}`: without {it} {what}"),
            format!("add `{names}` to the file"),
        )
    };
    if member.process.entrypoint && missing.iter().any(|key| key.ends_with("host.name")) {
        hint += "; the address of the pod is the `fieldRef` `status.podIP`";
    }
    findings
        .add(member.index, member.process.pointer.clone(), &NOT_SET, message)
        .hint(hint);
}

/// The end of the settings that name the registry of a converter.
const URL: &str = ".schema.registry.url";

/// The variable that Confluent's images make a setting of.
fn variable(program: Program, key: &str) -> String {
    format!("{}{}", program.prefix(), key.replace('.', "_").to_ascii_uppercase())
}

/// Whether the unchanged entrypoint of Confluent's own image starts it.
fn of_confluent(member: &Member<'_>) -> bool {
    let name = member.process.image_name();
    let own = name.rsplit_once('/').is_some_and(|(maker, name)| {
        let base = name.strip_suffix("-base").unwrap_or(name);
        let known = [
            "cp-kafka",
            "cp-kafka-connect",
            "cp-server-connect",
            "cp-schema-registry",
        ];
        maker.rsplit('/').next() == Some("confluentinc") && known.contains(&base)
    });
    let command = member.container.command();
    let mut mounts = member.container.mounts.list.iter();
    let changed = mounts.any(|mount| mount.path.starts_with("/etc/confluent"));
    own && member.process.entrypoint && !changed && ["", "/etc/confluent/docker/run"].contains(&command.trim())
}

/// What the entrypoint looks for.
fn by_image(member: &Member<'_>) -> Vec<&'static str> {
    match member.process.program {
        Program::Connect => {
            let mut keys = OF_WORKERS.to_vec();
            keys.extend(registries(member));
            keys
        }
        Program::Registry => vec!["kafkastore.bootstrap.servers", "host.name"],
        // That it needs its roles and a cluster id is said elsewhere. One without any setting is not judged.
        Program::Broker => {
            let roles = member.settings.get("process.roles");
            let alone = roles.is_some_and(|roles| !roles.is_known() || roles.value.trim() == "controller");
            let needs = !alone && !member.settings.is_empty();
            needs.then_some("advertised.listeners").into_iter().collect()
        }
        Program::ZooKeeper => Vec::new(),
    }
}

/// What the program itself needs, whose file is all that it reads.
fn by_program(member: &Member<'_>) -> Vec<&'static str> {
    match member.process.program {
        Program::Connect => {
            let releases = Version::ALL
                .into_iter()
                .filter(|release| member.version.is_none_or(|own| own == *release));
            let needed = |name| {
                let mut keys = releases.clone().map(|release| Key::find(Role::Worker, release, name));
                keys.all(|key| key.is_some_and(|key| key.unset == Unset::Required))
            };
            let mut keys: Vec<&str> = OF_WORKERS.into_iter().filter(|key| needed(key)).collect();
            if keys.iter().all(|key| !lacks(member, key)) {
                keys = registries(member).collect();
            }
            keys
        }
        Program::Registry => vec!["kafkastore.bootstrap.servers"],
        Program::Broker | Program::ZooKeeper => Vec::new(),
    }
}

/// The addresses of registries that converters ask.
fn registries<'m>(member: &'m Member<'_>) -> impl Iterator<Item = &'static str> + 'm {
    let sides = [
        ("key.converter", "key.converter.schema.registry.url"),
        ("value.converter", "value.converter.schema.registry.url"),
    ];
    sides.into_iter().filter_map(|(converter, url)| {
        let class = &member.settings.get(converter)?.value;
        (class.trim() == "io.confluent.connect.avro.AvroConverter").then_some(url)
    })
}

/// Whether a setting is surely not set.
fn lacks(member: &Member<'_>, key: &str) -> bool {
    // A registry may find its brokers in ZooKeeper.
    let other = (key == "kafkastore.bootstrap.servers").then_some("kafkastore.connection.url");
    [Some(key), other]
        .into_iter()
        .flatten()
        .all(|key| member.settings.get(key).is_none() && !member.writes(key))
}
