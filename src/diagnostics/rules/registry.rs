//! Registry and Connect.

use crate::diagnostics::{Severity::Error, family::rules};

rules! { rules::registry;
    /// Converters that the image does not contain.
    pub const CONVERTERS: Rule = Rule {
        id: "KS-R05",
        production: Error,
        development: Error,
        summary: "converters that the image does not contain",
        explanation: "Avro converters come with Confluent's Connect image and need the address of a registry. \
            Apache's image has none: the worker exits with ClassNotFoundException.",
        source: "Confluent, kafka-connect image",
    };

    /// A Connect group or internal topic that cannot be used.
    pub const GROUP: Rule = Rule {
        id: "KS-R03",
        production: Error,
        development: Error,
        summary: "a Connect group or internal topic that cannot be used",
        explanation: "The workers of one Connect cluster share a group and three compacted topics, which are theirs \
            alone: two groups that share one overwrite each other's connectors and offsets. A Confluent registry's \
            instances are a group of the same cluster too. Names follow Kafka's rules for topics.",
        source: "Kafka documentation, Kafka Connect, distributed workers",
    };

    /// A registry address that is not a URL.
    pub const ADDRESS: Rule = Rule {
        id: "KS-R08",
        production: Error,
        development: Error,
        summary: "a registry address that is not an http(s) URL",
        explanation: "Converters connect to the registry at its URL. Without `http://` or `https://` and a host they \
            fail at the first record, long after the worker has become ready.",
        source: "Confluent, schema.registry.url",
    };

    /// A raw setting that the construct sets itself.
    pub const OWNED_SETTING: Rule = Rule {
        id: "KS-R06",
        production: Error,
        development: Error,
        summary: "a raw setting that the construct sets itself",
        explanation: "Addresses, groups, internal topics and converters follow from what the construct was built from. \
            A raw setting would contradict them.",
        source: "the contract of `SchemaRegistry::config` and `Connect::config`",
    };

    /// A workload without replicas.
    pub const REPLICAS: Rule = Rule {
        id: "KS-R07",
        production: Error,
        development: Error,
        summary: "a workload without replicas",
        explanation: "Without replicas the Service has no endpoints, and clients that wait for it never start.",
        source: "Kubernetes, Deployment",
    };

    /// A value with which the registry does not start.
    pub const REFUSED_VALUE: Rule = Rule {
        id: "KS-R10",
        production: Error,
        development: Error,
        summary: "a value that the registry refuses",
        explanation: "The registry reads its settings before it serves, and ends where a number, a `true` or a word is \
            wrong: `Invalid value`, `Unknown schema compatibility type`, or `No supported Kafka endpoints are configured`, as \
            servers with another protocol than `kafkastore.security.protocol` are ignored. A listener needs a scheme and a port. \
            Apicurio's starts with a level that it does not know, `backward` among them, and then answers each schema with \
            `No enum constant`.",
        source: "Confluent, Schema Registry Configuration Reference; SchemaRegistryConfig, RestConfig; seen with Apicurio Registry 3.3.3",
    };

    /// A setting that the registry does not have.
    pub const NEARLY_A_SETTING: Rule = Rule {
        id: "KS-R09",
        production: Error,
        development: Error,
        summary: "a setting that the registry does not have, and that is nearly one of its own",
        explanation: "The registry ignores a setting that it does not know, and so the one that was meant keeps its default: \
            it does not find the brokers, keeps schemas in another topic, or takes schemas that break their readers. Other \
            settings that are not known here may be those of a plugin: nothing is said about them. Release 3 of Apicurio's has \
            `apicurio.…` for the `registry.…` of release 2: with the old names it keeps all schemas in its memory.",
        source: "Confluent, Schema Registry Configuration Reference; Apicurio Registry, configuration reference, and version 2 to \
            version 3 configuration changes",
    };
}
