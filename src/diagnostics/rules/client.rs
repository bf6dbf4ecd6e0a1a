//! Clients.

use crate::diagnostics::{Severity::Error, family::rules};

rules! { rules::client;
    /// A client timeout that does not fit the others.
    pub const TIMEOUTS: Rule = Rule {
        id: "KS-E04",
        production: Error,
        development: Error,
        summary: "a client timeout that does not fit the others or the brokers",
        explanation: "`delivery.timeout.ms` covers the whole delivery of a record: waiting for its batch \
            (`linger.ms`) and at least one request (`request.timeout.ms`). A producer with less refuses to start. A \
            `session.timeout.ms` above `max.poll.interval.ms` has no effect; with one of `heartbeat.interval.ms` or \
            less a consumer does not start, and with one outside the range that the brokers allow it cannot join a \
            group.",
        source: "Kafka, KafkaProducer.configureDeliveryTimeout; Heartbeat; GroupCoordinatorConfig",
    };

    /// A raw setting that a builder call sets.
    pub const OWNED_SETTING: Rule = Rule {
        id: "KS-E08",
        production: Error,
        development: Error,
        summary: "a raw setting that a builder call sets",
        explanation: "The kind of client sets what makes it exactly-once, and its timeouts have their own builder \
            calls. A raw setting would contradict them.",
        source: "the contract of `Producer::config` and `Consumer::config`",
    };

    /// Two client files with one name.
    pub const TWICE: Rule = Rule {
        id: "KS-E09",
        production: Error,
        development: Error,
        summary: "two client files with one name",
        explanation: "The files of a set of clients are the keys of one ConfigMap, so their names must differ, and \
            they may contain only letters, digits, `.`, `_` and `-`.",
        source: "Kubernetes, ConfigMap",
    };

    /// A bootstrap address that is not valid.
    pub const BOOTSTRAP: Rule = Rule {
        id: "KS-E10",
        production: Error,
        development: Error,
        summary: "a bootstrap address that is not `host:port`",
        explanation: "`bootstrap.servers` is a list of `host:port`, separated by commas. A client with any other \
            value does not start, and an init container that waits for the brokers never finishes.",
        source: "Kafka, ClientUtils.parseAndValidateAddresses",
    };

    /// A transaction timeout above the maximum of the brokers.
    pub const TRANSACTION_TIMEOUT: Rule = Rule {
        id: "KS-E03",
        production: Error,
        development: Error,
        summary: "a transaction timeout above the maximum of the brokers",
        explanation: "A producer with a `transaction.timeout.ms` above the brokers' \
            `transaction.max.timeout.ms`, 15 minutes by default, fails when it initializes its transactions: \
            INVALID_TRANSACTION_TIMEOUT.",
        source: "Kafka, TransactionCoordinator.handleInitProducerId",
    };
}
