//! Clients.

use crate::diagnostics::{Severity::Error, family::rules};

rules! { rules::client;
    /// A delivery timeout that ends before a request does.
    pub const TIMEOUTS: Rule = Rule {
        id: "KS-E04",
        production: Error,
        development: Error,
        summary: "a delivery timeout that ends before a request does",
        explanation: "`delivery.timeout.ms` covers the whole way of a record: waiting for its batch (`linger.ms`) and \
            at least one request (`request.timeout.ms`). A producer with less refuses to start. A `session.timeout.ms` \
            above `max.poll.interval.ms` makes no sense either; with one of `heartbeat.interval.ms` or less a consumer \
            does not start, and outside of what the brokers admit no group takes it.",
        source: "Kafka, KafkaProducer.configureDeliveryTimeout; Heartbeat; GroupCoordinatorConfig",
    };

    /// A raw setting that a builder call makes.
    pub const OWNED_SETTING: Rule = Rule {
        id: "KS-E08",
        production: Error,
        development: Error,
        summary: "a raw setting that a builder call makes",
        explanation: "What makes a client exactly-once is decided by the kind of client, and its timeouts have calls \
            of their own. A raw setting would contradict them.",
        source: "the contract of `Producer::config` and `Consumer::config`",
    };

    /// Two client files with one name.
    pub const TWICE: Rule = Rule {
        id: "KS-E09",
        production: Error,
        development: Error,
        summary: "two client files with one name",
        explanation: "The files of a set of clients are the keys of one ConfigMap, so their names must differ, and \
            they may only hold letters, digits, `.`, `_` and `-`.",
        source: "Kubernetes, ConfigMap",
    };

    /// A bootstrap address that is none.
    pub const BOOTSTRAP: Rule = Rule {
        id: "KS-E10",
        production: Error,
        development: Error,
        summary: "a bootstrap address that is none",
        explanation: "`bootstrap.servers` is a list of `host:port`, separated by commas. A client with another one \
            ends as it starts, and whatever waits for the brokers first waits for an address that never answers.",
        source: "Kafka, ClientUtils.parseAndValidateAddresses",
    };

    /// A transaction that may take longer than the brokers let it.
    pub const TRANSACTION_TIMEOUT: Rule = Rule {
        id: "KS-E03",
        production: Error,
        development: Error,
        summary: "a transaction that may take longer than the brokers let it",
        explanation: "A producer that asks for a `transaction.timeout.ms` above the brokers' \
            `transaction.max.timeout.ms`, 15 minutes unless said otherwise, fails as it initializes its transactions: \
            INVALID_TRANSACTION_TIMEOUT.",
        source: "Kafka, TransactionCoordinator.handleInitProducerId",
    };
}
