//! Closed clusters: who connects, and what each may do.

use crate::diagnostics::{
    Severity::{Error, Warning},
    family::rules,
};

rules! { rules::security;
    /// A cluster that is closed in part.
    pub const INCOMPLETE: Rule = Rule {
        id: "KS-X01",
        production: Error,
        development: Error,
        summary: "a cluster that is closed only in part",
        explanation: "Encryption, identities and permissions need each other. A listener with TLS needs a certificate; \
            an authorizer needs to know who the nodes are, or it refuses their own requests and no broker starts; a \
            client of a plaintext listener is `User:ANONYMOUS`, to whom an authorizer gives nothing.",
        source: "Kafka documentation, Security; seen with 4.3.1",
    };

    /// A client without an identity on a closed cluster.
    pub const NO_IDENTITY: Rule = Rule {
        id: "KS-X03",
        production: Error,
        development: Error,
        summary: "a client that a closed cluster does not let in",
        explanation: "A closed listener takes only clients with a certificate, a user's password or a token. What has \
            none never connects: a client logs `terminated during authentication`, or stops with \
            `OutOfMemoryError`, because it takes the first bytes of TLS for the size of an answer.",
        source: "Kafka documentation, Security; seen with 4.3.1",
    };

    /// A listener for clients outside that cannot work.
    pub const OUTSIDE: Rule = Rule {
        id: "KS-X15",
        production: Error,
        development: Error,
        summary: "a listener for clients outside whose names, ports or source ranges cannot work",
        explanation: "A client asks any broker where the leader of a partition is, and dials the address that this leader \
            advertises. So each broker needs a name of its own, by its node id, or a port of its own, which no other Service \
            has. Source ranges hold only where the address of a client is still known. What runs inside needs a listener \
            of its own: from outside's names it would leave the cluster and come back.",
        source: "Kafka documentation, advertised.listeners; Kubernetes, Service, type NodePort, and External Traffic Policy",
    };

    /// An identity provider that cannot be one.
    pub const PROVIDER: Rule = Rule {
        id: "KS-X20",
        production: Error,
        development: Error,
        summary: "an identity provider that brokers or clients cannot use",
        explanation: "Brokers get the keys that sign tokens from its address, and clients send it their secrets: both need \
            `https://`, in development too. Addresses are part of a list in an option of the JVM, and the other values stand \
            in Kafka's settings: a comma, a quote or a `$` would make something else of them.",
        source: "KIP-768; Kafka, OAuthBearerValidatorCallbackHandler, org.apache.kafka.sasl.oauthbearer.allowed.urls",
    };

    /// A part of the stack that connects as a user without permissions.
    pub const NOT_PERMITTED: Rule = Rule {
        id: "KS-X09",
        production: Error,
        development: Error,
        summary: "an application or a component of a closed cluster that is given no permissions",
        explanation: "Only the Job of `Permissions` makes users and gives permissions, and only to those that it is told of. \
            All requests of another are refused; a worker or a registry waits for ever, and its pod never becomes ready.",
        source: "Kafka documentation, Security, Authorization and ACLs; seen with 4.3.1",
    };

    /// A permission for everything of its kind.
    pub const WILDCARD: Rule = Rule {
        id: "KS-X04",
        production: Warning,
        development: Warning,
        summary: "a permission for every topic, group or transactional id",
        explanation: "A permission for `*`, or for all names that begin with nothing, holds for what other teams add \
            later, and for Kafka's own topics.",
        source: "Kafka documentation, Security, Authorization and ACLs",
    };

    /// A principal or a permission that cannot be declared.
    pub const PRINCIPAL: Rule = Rule {
        id: "KS-X05",
        production: Error,
        development: Error,
        summary: "a user or a permission that cannot be declared",
        explanation: "Each user is declared once, because the Job removes what is not declared for a user: of two \
            declarations each would remove what the other adds. A name is one word, because it stands in a line of the \
            declaration, in the subject of a certificate, and in a client's login.",
        source: "the format of the declaration; Kafka, SslPrincipalMapper",
    };
}
