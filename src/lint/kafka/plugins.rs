//! Classes that a process is told to load, and that its image does not have.

use super::Member;
use crate::{
    diagnostics::{Severity::Error, family::rules},
    lint::model::{mounts::Mount, program::Program, set::SetFindings},
    nearest::nearest,
};

rules! { rules::cluster;
    /// A class that the image does not have.
    pub const NO_CLASS: Rule = Rule {
        id: "KS-K55",
        production: Error,
        development: Error,
        summary: "a class that the image does not have",
        explanation: "Kafka loads these classes when it starts, and ends where one is missing: `KafkaException: Class … \
            cannot be found`. The images of Apache and Confluent have Kafka's own classes. Another one needs an image of \
            your own, or its jar in a volume that `CLASSPATH` names. A worker ends on a converter of Kafka's packages that does \
            not exist: `ConfigException: Invalid value … for configuration key.converter`.",
        source: "Kafka, AbstractConfig.getConfiguredInstances and ConfigDef.parseType; seen with Kafka 4.3.1",
    };
}

/// Settings that name classes, and those of them that Kafka has.
const OWN: [(&str, &[&str]); 8] = [
    ("metric.reporters", &["org.apache.kafka.common.metrics.JmxReporter"]),
    ("kafka.metrics.reporters", &["kafka.metrics.KafkaCSVMetricsReporter"]),
    (
        "principal.builder.class",
        &["org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder"],
    ),
    (
        "replica.selector.class",
        &["org.apache.kafka.common.replica.RackAwareReplicaSelector"],
    ),
    ("create.topic.policy.class.name", &[]),
    ("alter.config.policy.class.name", &[]),
    ("client.quota.callback.class", &[]),
    (
        "remote.log.metadata.manager.class.name",
        &["org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager"],
    ),
];

/// The converters of Kafka, in the packages that have no others (jars of Connect, 4.0.2 to 4.3.1).
const CONVERTERS: [&str; 10] = [
    "org.apache.kafka.connect.converters.BooleanConverter",
    "org.apache.kafka.connect.converters.ByteArrayConverter",
    "org.apache.kafka.connect.converters.DoubleConverter",
    "org.apache.kafka.connect.converters.FloatConverter",
    "org.apache.kafka.connect.converters.IntegerConverter",
    "org.apache.kafka.connect.converters.LongConverter",
    "org.apache.kafka.connect.converters.ShortConverter",
    "org.apache.kafka.connect.json.JsonConverter",
    "org.apache.kafka.connect.storage.SimpleHeaderConverter",
    "org.apache.kafka.connect.storage.StringConverter",
];

/// Folders whose jars the scripts of the images put on the class path.
const JARS: [&str; 3] = ["/opt/kafka/libs", "/usr/share/java", "/usr/share/confluent"];

/// A worker's converters of Kafka's own packages exist, whatever plugins there are beside them.
fn converters(member: &Member<'_>, findings: &mut SetFindings) {
    for key in ["key.converter", "value.converter", "header.converter"] {
        let Some(setting) = member.settings.get(key).filter(|setting| setting.is_known()) else {
            continue;
        };
        let class = setting.value.trim();
        if !class.starts_with("org.apache.kafka.connect.") || CONVERTERS.contains(&class) {
            continue;
        }
        let message = format!("`{key}` names `{class}`, which Kafka does not have: the worker does not start");
        let hint = match nearest(class, CONVERTERS.into_iter()) {
            Some(near) => format!("write `{near}`"),
            None => format!("use one of `{}`", CONVERTERS.join("`, `")),
        };
        member.refuse(findings, &NO_CLASS, key, setting, message, hint);
    }
}

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    if member.process.program == Program::Connect {
        converters(member, findings);
    }
    let container = member.container;
    let adds_jars = |mount: &Mount| {
        JARS.iter()
            .any(|folder| mount.path.starts_with(folder) || folder.starts_with(&format!("{}/", mount.path)))
    };
    if member.process.program != Program::Broker
        || !super::is_official(member.process.image_name())
        || container.open
        || container.variable("CLASSPATH").is_some()
        || container.command().contains("CLASSPATH")
        || container.mounts.list.iter().any(adds_jars)
    {
        return;
    }
    for (key, own) in OWN {
        let Some(setting) = member.settings.get(key).filter(|setting| setting.is_known()) else {
            continue;
        };
        let classes = setting.value.split(',').map(str::trim);
        // Confluent's images have classes of Confluent.
        let missing = classes
            .filter(|class| !class.is_empty() && !class.starts_with("io.confluent."))
            .find(|class| !own.contains(class));
        if let Some(class) = missing {
            let image = member.process.image_name();
            let message = format!("`{key}` names `{class}`, which `{image}` does not have: the broker does not start");
            let hint = match own {
                [class] => format!("use `{class}`, or an image that has the class"),
                _ => "use an image that has the class, or mount its jar and name it in `CLASSPATH`".to_owned(),
            };
            member.refuse(findings, &NO_CLASS, key, setting, message, hint);
        }
    }
}
