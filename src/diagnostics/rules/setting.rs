//! Settings by their Kafka names: the same mistakes in the files of brokers (K), topics (T), clients (E), Connect workers (R)
//! and connectors (N).

use crate::diagnostics::{
    Rule,
    Severity::{Error, Note, Warning},
    family::rules,
};

/// The rules about the settings of one kind of file.
#[derive(Debug)]
pub struct Settings {
    /// An unknown key.
    pub unknown: &'static Rule,
    /// A key of another release or another role.
    pub absent: &'static Rule,
    /// A key that is going to be removed.
    pub deprecated: &'static Rule,
    /// A value that Kafka refuses.
    pub value: &'static Rule,
    /// A value that holds without being set; none for topics, where it may be meant to hold against the cluster's own.
    pub default: Option<&'static Rule>,
}

/// Of `server.properties`.
pub const BROKER: Settings = Settings {
    unknown: &BROKER_UNKNOWN,
    absent: &BROKER_ABSENT,
    deprecated: &BROKER_DEPRECATED,
    value: &BROKER_VALUE,
    default: Some(&BROKER_DEFAULT),
};

/// Of topics.
pub const TOPIC: Settings = Settings {
    unknown: &TOPIC_UNKNOWN,
    absent: &TOPIC_ABSENT,
    deprecated: &TOPIC_DEPRECATED,
    value: &TOPIC_VALUE,
    default: None,
};

/// Of producers and consumers.
pub const CLIENT: Settings = Settings {
    unknown: &CLIENT_UNKNOWN,
    absent: &CLIENT_ABSENT,
    deprecated: &CLIENT_DEPRECATED,
    value: &CLIENT_VALUE,
    default: Some(&CLIENT_DEFAULT),
};

/// Of Connect workers, and of the clients that they make.
pub const WORKER: Settings = Settings {
    unknown: &WORKER_UNKNOWN,
    absent: &WORKER_ABSENT,
    deprecated: &WORKER_DEPRECATED,
    value: &WORKER_VALUE,
    default: Some(&WORKER_DEFAULT),
};

/// Of connectors, and of the clients that their tasks use.
pub const CONNECTOR: Settings = Settings {
    unknown: &CONNECTOR_UNKNOWN,
    absent: &CONNECTOR_ABSENT,
    deprecated: &CONNECTOR_DEPRECATED,
    value: &CONNECTOR_VALUE,
    default: Some(&CONNECTOR_DEFAULT),
};

const UNKNOWN: &str = "Kafka silently ignores keys that it does not know, so a misspelt key has no effect. Plugins \
    read keys of their own from the same file: acknowledge the rule for those, with the plugin's name.";
const ABSENT: &str = "Kafka ignores a key that was removed, that only a later release has, or that belongs to another process: the file seems to set something, but it does not. Kafka 4.3 starts with `zookeeper.connect` and `inter.broker.protocol.version` in its file, and logs nothing about them.";
const DEPRECATED: &str =
    "The key still works, and a later release will silently ignore it. The hint names its replacement.";
const VALUE: &str = "Kafka reads every value as the type of its key and compares it with the range or the list of \
    valid values when the process starts. It exits at the first value that does not fit: ConfigException.";
const DEFAULT: &str = "The setting has no effect in this release. Keep it if the value must not change when a later \
    release has another default; otherwise remove it. Only `check --all` shows this.";
const SOURCE: &str = "Kafka 3.9.2, 4.0.2, 4.1.2, 4.2.0 and 4.3.1, the ConfigDef of each role";

rules! { rules::setting;
    /// A key that no broker knows.
    pub const BROKER_UNKNOWN: Rule = Rule {
        id: "KS-K30",
        production: Warning,
        development: Warning,
        summary: "a setting that no broker knows",
        explanation: UNKNOWN,
        source: SOURCE,
    };

    /// A key that this release of the broker does not have.
    pub const BROKER_ABSENT: Rule = Rule {
        id: "KS-K31",
        production: Error,
        development: Error,
        summary: "a setting that this broker does not have",
        explanation: ABSENT,
        source: SOURCE,
    };

    /// A key of a broker that is going to be removed.
    pub const BROKER_DEPRECATED: Rule = Rule {
        id: "KS-K32",
        production: Warning,
        development: Warning,
        summary: "a broker's setting that is deprecated",
        explanation: DEPRECATED,
        source: SOURCE,
    };

    /// A value that a broker refuses.
    pub const BROKER_VALUE: Rule = Rule {
        id: "KS-K33",
        production: Error,
        development: Error,
        summary: "a value that a broker refuses",
        explanation: VALUE,
        source: SOURCE,
    };

    /// A broker's setting that holds without being set.
    pub const BROKER_DEFAULT: Rule = Rule {
        id: "KS-K34",
        production: Note,
        development: Note,
        summary: "a broker's setting that is its default",
        explanation: DEFAULT,
        source: SOURCE,
    };

    /// A key that no topic has.
    pub const TOPIC_UNKNOWN: Rule = Rule {
        id: "KS-T30",
        production: Error,
        development: Error,
        summary: "a setting that no topic has",
        explanation: "Kafka refuses a topic with a setting that it does not know: INVALID_CONFIG, `Unknown topic \
            config name`. Plugins cannot add any.",
        source: SOURCE,
    };

    /// A key that topics of this release do not have.
    pub const TOPIC_ABSENT: Rule = Rule {
        id: "KS-T31",
        production: Error,
        development: Error,
        summary: "a setting that topics of this release do not have",
        explanation: "Kafka refuses a topic with a setting that this release does not have, or that belongs to a \
            broker or a client: INVALID_CONFIG, `Unknown topic config name`. On a broker the defaults of topics have \
            other names.",
        source: SOURCE,
    };

    /// A key of a topic that is going to be removed.
    pub const TOPIC_DEPRECATED: Rule = Rule {
        id: "KS-T32",
        production: Warning,
        development: Warning,
        summary: "a topic's setting that is deprecated",
        explanation: "The key still works, and a later release will refuse a topic that has it. The hint names its \
            replacement.",
        source: SOURCE,
    };

    /// A value that Kafka refuses for a topic.
    pub const TOPIC_VALUE: Rule = Rule {
        id: "KS-T33",
        production: Error,
        development: Error,
        summary: "a value that Kafka refuses for a topic",
        explanation: "Kafka reads every value as the type of its key and compares it with the range or the list of \
            valid values. It refuses the topic otherwise: INVALID_CONFIG. Providers such as `${env:NAME}` do not fill \
            in the settings of topics.",
        source: SOURCE,
    };

    /// A key that no client knows.
    pub const CLIENT_UNKNOWN: Rule = Rule {
        id: "KS-E30",
        production: Warning,
        development: Warning,
        summary: "a setting that no client of the kind knows",
        explanation: UNKNOWN,
        source: SOURCE,
    };

    /// A key that this kind of client, or this release, does not have.
    pub const CLIENT_ABSENT: Rule = Rule {
        id: "KS-E31",
        production: Error,
        development: Error,
        summary: "a setting that this client does not have",
        explanation: ABSENT,
        source: SOURCE,
    };

    /// A key of a client that is going to be removed.
    pub const CLIENT_DEPRECATED: Rule = Rule {
        id: "KS-E32",
        production: Warning,
        development: Warning,
        summary: "a client's setting that is deprecated",
        explanation: DEPRECATED,
        source: SOURCE,
    };

    /// A value that a client refuses.
    pub const CLIENT_VALUE: Rule = Rule {
        id: "KS-E33",
        production: Error,
        development: Error,
        summary: "a value that a client refuses",
        explanation: VALUE,
        source: SOURCE,
    };

    /// A client's setting that holds without being set.
    pub const CLIENT_DEFAULT: Rule = Rule {
        id: "KS-E34",
        production: Note,
        development: Note,
        summary: "a client's setting that is its default",
        explanation: DEFAULT,
        source: SOURCE,
    };

    /// A key that no worker knows.
    pub const WORKER_UNKNOWN: Rule = Rule {
        id: "KS-R30",
        production: Warning,
        development: Warning,
        summary: "a setting that no Connect worker knows",
        explanation: UNKNOWN,
        source: SOURCE,
    };

    /// A key that this release of the worker does not have.
    pub const WORKER_ABSENT: Rule = Rule {
        id: "KS-R31",
        production: Error,
        development: Error,
        summary: "a setting that this Connect worker does not have",
        explanation: ABSENT,
        source: SOURCE,
    };

    /// A key of a worker that is going to be removed.
    pub const WORKER_DEPRECATED: Rule = Rule {
        id: "KS-R32",
        production: Warning,
        development: Warning,
        summary: "a Connect worker's setting that is deprecated",
        explanation: DEPRECATED,
        source: SOURCE,
    };

    /// A value that a worker refuses.
    pub const WORKER_VALUE: Rule = Rule {
        id: "KS-R33",
        production: Error,
        development: Error,
        summary: "a value that a Connect worker refuses",
        explanation: VALUE,
        source: SOURCE,
    };

    /// A worker's setting that holds without being set.
    pub const WORKER_DEFAULT: Rule = Rule {
        id: "KS-R34",
        production: Note,
        development: Note,
        summary: "a Connect worker's setting that is its default",
        explanation: DEFAULT,
        source: SOURCE,
    };

    /// A key that is nearly one of Connect's own.
    pub const CONNECTOR_UNKNOWN: Rule = Rule {
        id: "KS-N30",
        production: Warning,
        development: Warning,
        summary: "a connector's setting that is nearly one of Connect's own",
        explanation: "Connect hands what it does not know to the connector's class, which ignores it too: the setting that was \
            meant keeps its default. Acknowledge the rule for a key that the class really has.",
        source: SOURCE,
    };

    /// A key that this kind of connector, or its client, does not have.
    pub const CONNECTOR_ABSENT: Rule = Rule {
        id: "KS-N31",
        production: Error,
        development: Error,
        summary: "a setting that this kind of connector does not have",
        explanation: "Only sinks have a dead letter topic, and only sources exactly-once support and offsets of their own. Connect \
            ignores what the other kind has, and what a later release has: the connector seems to be protected, but is not.",
        source: SOURCE,
    };

    /// A key of a connector that is going to be removed.
    pub const CONNECTOR_DEPRECATED: Rule = Rule {
        id: "KS-N32",
        production: Warning,
        development: Warning,
        summary: "a connector's setting that is deprecated",
        explanation: DEPRECATED,
        source: SOURCE,
    };

    /// A value that Connect refuses.
    pub const CONNECTOR_VALUE: Rule = Rule {
        id: "KS-N33",
        production: Error,
        development: Error,
        summary: "a value that Connect refuses of a connector",
        explanation: "Connect compares the values of its own keys with their types and valid values before it creates a connector, \
            and answers 400 with the mistakes. Those of clients are read when a task starts: the task fails with ConfigException.",
        source: SOURCE,
    };

    /// A connector's setting that holds without being set.
    pub const CONNECTOR_DEFAULT: Rule = Rule {
        id: "KS-N34",
        production: Note,
        development: Note,
        summary: "a connector's setting that is its default",
        explanation: DEFAULT,
        source: SOURCE,
    };
}
