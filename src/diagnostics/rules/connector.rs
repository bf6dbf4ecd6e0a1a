//! Connectors.

use crate::diagnostics::{
    Severity::{Error, Warning},
    family::rules,
};

rules! { rules::connector;
    /// A secret in clear text.
    pub const SECRET: Rule = Rule {
        id: "KS-N01",
        production: Error,
        development: Warning,
        summary: "a connector's secret in clear text",
        explanation: "The configuration of a connector is in a ConfigMap and in version control, in Connect's topic of \
            configurations, and in the answers of its REST interface, which anyone who can connect to it reads. A config provider \
            of the workers fills in a value such as `${dir:/path/of/secret:password}` when a task starts, and nothing else shows it.",
        source: "Kafka documentation, Kafka Connect, externalizing secrets; KIP-297",
    };

    /// A converter that does not know its registry.
    pub const CONVERTER: Rule = Rule {
        id: "KS-N02",
        production: Error,
        development: Error,
        summary: "a converter without the address of its registry",
        explanation: "A connector that names a converter of its own does not inherit that of the workers, nor the settings below it: \
            `value.converter.schema.registry.url` has to be beside it. Connect refuses the connector: \
            `Missing required configuration \"schema.registry.url\"`.",
        source: "Kafka documentation, Kafka Connect, configuring connectors; Confluent, AvroConverter",
    };

    /// A transform or predicate that does not exist.
    pub const TRANSFORM: Rule = Rule {
        id: "KS-N03",
        production: Error,
        development: Error,
        summary: "settings of a transform or predicate that does not exist",
        explanation: "Connect runs the transforms that `transforms` lists, in its order. Settings of any other name have no effect, so a \
            step is silently missing: a field that had to be masked is written. Without its `type`, or with a predicate that \
            `predicates` does not list, Connect refuses the connector.",
        source: "Kafka documentation, Kafka Connect, transformations; KIP-585",
    };

    /// A topic of dead letters that cannot be used.
    pub const DEAD_LETTERS: Rule = Rule {
        id: "KS-N04",
        production: Error,
        development: Error,
        summary: "dead letters that a connector reads again",
        explanation: "A sink that writes its dead letters to a topic that it reads gets each of them again, fails again and writes \
            it again, without end: the topic grows until the disk is full.",
        source: "Kafka documentation, Kafka Connect, error reporting",
    };

    /// Records that are dropped silently.
    pub const DROPS: Rule = Rule {
        id: "KS-N05",
        production: Warning,
        development: Warning,
        summary: "records that a connector drops without a trace",
        explanation: "With `errors.tolerance=all` a connector goes on after a record that it cannot convert or transform. Without a dead \
            letter topic or `errors.log.enable=true` nothing says which one it was: the record is missing in the target, and \
            no one can send it again.",
        source: "Kafka documentation, Kafka Connect, error reporting; KIP-298",
    };

    /// A connector with wrong topics.
    pub const TOPICS: Rule = Rule {
        id: "KS-N06",
        production: Error,
        development: Error,
        summary: "a connector whose topics are not declared, or cannot be its topics",
        explanation: "A sink reads the topics that `topics` lists, or those that match `topics.regex`, but not both; Connect refuses it \
            without either. A source writes to topics that have to exist where brokers do not create them: its task fails with \
            `UNKNOWN_TOPIC_OR_PARTITION` after a minute. A connector uses the cluster of its workers alone.",
        source: "Kafka documentation, Kafka Connect, SinkConnectorConfig; MAX_BLOCK_MS of producers",
    };

    /// A class that no declared plugin brings.
    pub const PLUGIN: Rule = Rule {
        id: "KS-N10",
        production: Error,
        development: Error,
        summary: "a class that no declared plugin of the workers brings",
        explanation: "Connect looks for classes of connectors, converters, transforms and predicates in the folders of `plugin.path`. \
            Without the class it refuses the connector: `Failed to find any class that implements Connector and which name \
            matches`. No stock image has more than Kafka's own classes and Confluent's converters.",
        source: "Kafka documentation, Kafka Connect, plugin.path; KIP-898",
    };

    /// A connector that cannot have its name.
    pub const NAME: Rule = Rule {
        id: "KS-N11",
        production: Error,
        development: Error,
        summary: "a connector's name that is taken, or cannot be used",
        explanation: "A Connect group has one connector of a name: a second configuration replaces the first one. The name is part \
            of paths of the REST interface, of metrics and of the consumer group `connect-NAME`.",
        source: "Kafka documentation, Kafka Connect, REST API",
    };

    /// A raw setting that the connector sets itself.
    pub const OWNED_SETTING: Rule = Rule {
        id: "KS-N12",
        production: Error,
        development: Error,
        summary: "a raw setting that the connector sets itself",
        explanation: "Class, topics, tasks, converters, transforms and dead letters follow from what the connector was built from. A raw \
            setting would contradict them.",
        source: "the contract of `Connector::config`",
    };

    /// A number of tasks that does not fit.
    pub const TASKS: Rule = Rule {
        id: "KS-N13",
        production: Warning,
        development: Warning,
        summary: "more tasks than partitions",
        explanation: "The tasks of a sink are members of one consumer group, and a partition has one reader: further tasks are \
            RUNNING, hold connections and memory, and never get a record.",
        source: "Kafka documentation, Kafka Connect, tasks.max",
    };

    /// A consumer group of two sinks.
    pub const GROUP: Rule = Rule {
        id: "KS-N14",
        production: Error,
        development: Error,
        summary: "a consumer group that a sink shares",
        explanation: "The members of a group divide the partitions among themselves. Of two sinks in one group, or a sink and an \
            application, each gets a part of the records and neither all of them, and nothing fails.",
        source: "Kafka documentation, consumer groups",
    };

    /// Exactly-once support that the workers do not have.
    pub const EXACTLY_ONCE: Rule = Rule {
        id: "KS-N15",
        production: Error,
        development: Error,
        summary: "exactly-once support that the connector cannot have",
        explanation: "A source writes its records and offsets in one transaction only if all workers have \
            `exactly.once.source.support=enabled`; Connect refuses `exactly.once.support=required` otherwise, and of a class that does \
            not support it. For a sink, exactly once is the affair of the target: an upsert by key.",
        source: "KIP-618",
    };

    /// A client setting that the workers' policy refuses.
    pub const OVERRIDE: Rule = Rule {
        id: "KS-N16",
        production: Error,
        development: Error,
        summary: "a client setting that the workers' policy refuses",
        explanation: "`connector.client.config.override.policy` says which settings of clients a connector may have of its own: `All` by \
            default, `Principal` only those of authentication, `None` nothing. Connect answers 400 to a connector with others.",
        source: "KIP-458",
    };

    /// A Secret that the workers do not have.
    pub const SECRET_ABSENT: Rule = Rule {
        id: "KS-N17",
        production: Error,
        development: Error,
        summary: "a Secret that the workers do not have",
        explanation: "The config provider of a worker reads the files of Secrets that are mounted in its pod. It puts nothing in the \
            place of a file that does not exist, so the connector logs in with an empty or a literal password.",
        source: "Kafka, DirectoryConfigProvider",
    };

    /// A list of connectors that is empty.
    pub const NONE: Rule = Rule {
        id: "KS-N18",
        production: Error,
        development: Error,
        summary: "no connector is declared",
        explanation: "The Job reads a file that names no connector, takes that for a mistake, and fails.",
        source: "the contract of `Connectors`",
    };

    /// An archive of a plugin that is not pinned.
    pub const ARTIFACT: Rule = Rule {
        id: "KS-N19",
        production: Error,
        development: Error,
        summary: "an archive of a plugin that is not pinned",
        explanation: "An image that is built from `LATEST`, from a snapshot or without a checksum is another one tomorrow, and workers run \
            whatever code it has, with the credentials of all connectors. BuildKit compares the archive with the SHA-256, and ends if it \
            differs.",
        source: "Docker, Dockerfile reference, ADD --checksum",
    };
}
