//! Applications, and what one says that does not fit another.

use crate::diagnostics::{
    Severity::{Error, Off, Warning},
    family::rules,
};

rules! { rules::application;
    /// Two applications in one consumer group.
    pub const GROUP: Rule = Rule {
        id: "KS-F01",
        production: Error,
        development: Error,
        summary: "two applications in one consumer group",
        explanation: "The members of a group share the partitions of its topics: each record goes to one of them. Two \
            applications in one group each see a part of the records, and a member that subscribes to other topics than \
            the rest makes the group rebalance whenever one of them starts.",
        source: "Kafka documentation, consumer groups; KIP-62",
    };

    /// Two applications with one transactional id.
    pub const TRANSACTIONAL_ID: Rule = Rule {
        id: "KS-F02",
        production: Error,
        development: Error,
        summary: "two applications with one transactional id",
        explanation: "A producer that starts with a transactional id fences the one that had it before. The id is the prefix \
            and the pod's name, and two applications have pods of one name when they run in two namespaces. The prefix is \
            also what a permission is given for: with one of its own, an application cannot fence another.",
        source: "Kafka documentation, transactional.id; KIP-98",
    };

    /// A group in the range of a component.
    pub const GROUP_RANGE: Rule = Rule {
        id: "KS-F09",
        production: Error,
        development: Error,
        summary: "a consumer group whose name is in the range of a component",
        explanation: "A probe uses a new group at each start, and deletes all groups without members whose names begin like its own, whoever \
            made them: an application that is down would begin again without its offsets. Apicurio too reads as a new group at each \
            start, and has the permission for all names that begin with `apicurio-`.",
        source: "kminion, end-to-end: deleteStaleConsumerGroups; Apicurio Registry, KafkaSQL storage",
    };

    /// Transactional ids in the range of another application.
    pub const TRANSACTIONAL_RANGE: Rule = Rule {
        id: "KS-F10",
        production: Error,
        development: Warning,
        summary: "transactional ids that the permission of another application covers",
        explanation: "An application has the permission for all transactional ids that begin with its prefix and `-`, since its pods' names \
            follow. With the prefixes `billing` and `billing-eu` the first may use the ids of the second: whoever begins with an id \
            fences the producer that has it, and aborts its transaction. The same holds for the group of Connect workers with exactly-once \
            sources.",
        source: "Kafka documentation, Authorization and ACLs, prefixed resource patterns; KIP-98, producer fencing",
    };

    /// A consumer that reads what a transaction may still undo.
    pub const UNCOMMITTED: Rule = Rule {
        id: "KS-F03",
        production: Warning,
        development: Warning,
        summary: "a consumer that reads uncommitted records of a transactional producer",
        explanation: "Records of an aborted transaction stay in the log, and only `isolation.level=read_committed` skips \
            them. A consumer that reads uncommitted processes them, and so what the producer undid and then wrote again: \
            exactly-once is lost.",
        source: "Kafka documentation, isolation.level; KIP-98",
    };

    /// A topic that no application writes or reads.
    pub const UNUSED: Rule = Rule {
        id: "KS-F04",
        production: Warning,
        development: Off,
        summary: "a topic that no application writes or reads",
        explanation: "The stack declares its applications, and none of them uses the topic, or one reads it and none writes \
            it: then the edge is missing, and with it the network policy and the permission, or the topic is no longer \
            needed. A stack without applications has no such finding.",
        source: "the contract of `Application`",
    };

    /// Dead letters that arrive where they came from.
    pub const DEAD_LETTERS: Rule = Rule {
        id: "KS-F05",
        production: Error,
        development: Error,
        summary: "dead letters that are written to the topic that they came from",
        explanation: "A record that cannot be processed and is written to the topic that it was read from is read again, \
            fails again and is written again, as fast as the consumer can: the topic fills up, and its lag never ends.",
        source: "Spring for Apache Kafka, dead-letter publishing; Kafka Connect, errors.deadletterqueue.topic.name",
    };

    /// An application whose declaration contradicts itself.
    pub const INCOMPLETE: Rule = Rule {
        id: "KS-F06",
        production: Error,
        development: Error,
        summary: "an application whose declaration is incomplete or contradicts itself",
        explanation: "What an application gets follows from its topics: without one it has no files, no group and no \
            permission. A transactional id without a topic to write, dead letters without a topic to read, one group with \
            two isolation levels: a part of the declaration is missing, or is wrong.",
        source: "the contract of `Application`",
    };

    /// A topic of another cluster than the application's.
    pub const ANOTHER_CLUSTER: Rule = Rule {
        id: "KS-F07",
        production: Error,
        development: Error,
        summary: "a topic of another cluster than the application's",
        explanation: "The files of an application connect to one cluster. A topic of the same name may exist there, and be \
            another one. An application that uses two clusters is declared once for each, under two names.",
        source: "the contract of `Application`",
    };

    /// An application whose pods no network policy lets in.
    pub const PODS: Rule = Rule {
        id: "KS-F08",
        production: Error,
        development: Error,
        summary: "an application whose pods cannot reach the brokers",
        explanation: "The listener admits declared applications only, and the application does not say which pods are its \
            own. Its connections are not refused but lost: they end in a timeout.",
        source: "Kubernetes, Network Policies",
    };

    /// A team's file that cannot be read, or a topic in it that is wrong.
    pub const TEAM_FILE: Rule = Rule {
        id: "KS-F20",
        production: Error,
        development: Error,
        summary: "a team's file that is not in the format",
        explanation: "A team's file is YAML with one key, `topics`: a list of topics. Unknown keys and values of another type \
            are refused, because a misspelt key that is ignored is a topic without that setting. `kafka-stacks schema topics` \
            prints the format as a JSON Schema, which editors complete by.",
        source: "the contract of `Topics::teams`; docs/teams.md",
    };

    /// A file of a team that the stack does not have.
    pub const TEAM: Rule = Rule {
        id: "KS-F21",
        production: Error,
        development: Error,
        summary: "a file of a team that the stack does not have",
        explanation: "The folder of a file is the name of its team, and a stack says which teams there are and what limits they \
            have. The topics of an unknown team would have no limits and no owner, so they are not declared.",
        source: "the contract of `Topics::teams`; docs/teams.md",
    };

    /// A topic beyond the limits of its team.
    pub const TEAM_LIMIT: Rule = Rule {
        id: "KS-F22",
        production: Error,
        development: Error,
        summary: "a topic beyond the limits of its team",
        explanation: "A stack says what the topics of a team begin with, how many partitions each may have, for how long they \
            may keep records and how much disk all of them may need. The disk of a topic is `retentionBytes` times its \
            partitions, or what its `load` writes during `retention`, whichever is less, times the replicas.",
        source: "the contract of `Team`; docs/teams.md",
    };
}
