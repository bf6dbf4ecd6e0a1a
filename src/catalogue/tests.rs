use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::diagnostics::{Change, rules::setting::BROKER};

/// What Kafka itself said to many values of every key: `tests/catalogue/run` asks it.
const PROBES: &str = include_str!("../../tests/catalogue/probes.tsv");

#[test]
fn every_line_is_read_and_found_again_by_its_key() {
    let keys: Vec<Key> = Key::all().collect();
    assert_eq!(keys.len(), TABLE.lines().count());
    assert!(keys.len() > 600);
    for key in &keys {
        assert!(Key::named(key.name).any(|found| found == *key), "{}", key.name);
        for role in key.roles() {
            assert_eq!(Key::find(role, key.since, key.name), Some(*key));
            assert_eq!(Key::find(role, key.until, key.name), Some(*key));
        }
    }
    for stranger in ["", "a", "zzz", "log", "log.segment.bytes.", "\t", "ü"] {
        assert_eq!(Key::named(stranger).next(), None, "{stranger:?}");
    }
}

#[test]
fn a_role_has_one_definition_of_a_key_in_a_release_line() {
    let mut seen = BTreeSet::new();
    for key in Key::all() {
        for role in key.roles() {
            for version in Version::ALL.into_iter().filter(|&version| key.is_in(version)) {
                assert!(seen.insert((key.name, role, version)), "{} {role} {version}", key.name);
            }
        }
    }
}

#[test]
fn the_numbers_of_keys_are_those_of_kafka() {
    let count = |role, version| Key::all().filter(|key| key.is_of(role) && key.is_in(version)).count();
    for (role, old, new) in [
        (Role::Broker, 329, 360),
        (Role::Topic, 36, 34),
        (Role::Producer, 95, 113),
        (Role::Consumer, 98, 116),
        (Role::Worker, 114, 133),
        (Role::Sink, 20, 24),
        (Role::Source, 20, 24),
    ] {
        assert_eq!(
            (count(role, Version::V3_9), count(role, Version::V4_3)),
            (old, new),
            "{role}"
        );
    }
}

#[test]
fn a_definition_says_what_the_jars_say() {
    let key = |role, version, name| Key::find(role, version, name).unwrap();
    let segment = key(Role::Broker, Version::V4_3, "log.segment.bytes");
    assert_eq!(segment.kind, Kind::Int);
    assert_eq!(segment.unset, Unset::Text("1073741824"));
    assert_eq!(segment.valid.notation(), "[1048576,]");
    assert_eq!((segment.since, segment.until), (Version::V4_0, Version::V4_3));
    assert_eq!(
        key(Role::Broker, Version::V3_9, "log.segment.bytes").valid.notation(),
        "[14,]"
    );
    assert_eq!(
        key(Role::Topic, Version::V4_3, "retention.ms").broker_name,
        Some("log.retention.ms")
    );
    assert_eq!(key(Role::Producer, Version::V3_9, "linger.ms").unset, Unset::Text("0"));
    assert_eq!(key(Role::Producer, Version::V4_0, "linger.ms").unset, Unset::Text("5"));
    assert_eq!(key(Role::Broker, Version::V4_3, "node.id").unset, Unset::Required);
    assert!(key(Role::Broker, Version::V4_1, "log.cleaner.enable").deprecated);
    assert!(!key(Role::Broker, Version::V4_0, "log.cleaner.enable").deprecated);
    assert!(key(Role::Topic, Version::V4_3, "internal.segment.bytes").internal);
}

/// Kafka knows algorithms, URLs and addresses that no notation of ours describes: there it may refuse more, never less.
#[test]
fn a_value_is_accepted_when_kafka_accepts_it() {
    let mut lines = PROBES.lines();
    let probes: Vec<&str> = lines.next().unwrap().split('\t').skip(1).collect();
    let mut asked = 0;
    for line in lines {
        let columns: Vec<&str> = line.split('\t').collect();
        let [name, roles, versions, digits, edges @ ..] = columns.as_slice() else {
            panic!("{line}")
        };
        let (since, until) = versions.split_once('-').unwrap();
        let answers = probes.iter().copied().zip(digits.chars().map(|digit| digit == '1'));
        let edges = edges.iter().map(|edge| (&edge[1..], edge.starts_with('+')));
        for (value, accepted) in answers.chain(edges) {
            for role in Role::ALL.into_iter().filter(|role| roles.contains(role.letter())) {
                for version in [since, until] {
                    let key = Key::find(role, super::version(version).unwrap(), name).unwrap();
                    let ours = key.accepts(value);
                    let words_only = key.valid.notation().starts_with('"') || key.valid.notation().contains('*');
                    assert!(
                        ours.is_ok() == accepted || (words_only && ours.is_ok()),
                        "{name} of a {role} in {version}: Kafka's answer to {value:?} is {accepted}, ours {ours:?}"
                    );
                    asked += 1;
                }
            }
        }
    }
    assert!(asked > 80_000, "{asked}");
}

#[test]
fn what_only_brokers_read_is_in_the_catalogue_and_is_no_default_of_topics() {
    for listed in notes::BROKERS_ONLY {
        let is_meant = |key: &Key| key.name == listed || (listed.ends_with('.') && key.name.starts_with(listed));
        let known = Key::all().any(|key| key.is_of(Role::Broker) && is_meant(&key));
        assert!(known, "{listed} is not a setting of brokers");
    }
    for key in Key::all().filter_map(|key| key.broker_name) {
        assert!(!is_read_by_brokers_only(key), "{key} is a default of topics");
    }
}

#[test]
fn every_default_is_a_valid_value() {
    for key in Key::all() {
        // An empty class or an empty text stands for none there.
        if let Unset::Text(default) = key.unset
            && !default.is_empty()
        {
            assert_eq!(key.accepts(default), Ok(()), "{}={default}", key.name);
        }
    }
}

#[test]
fn every_key_that_is_gone_or_going_has_a_note_and_every_note_a_source() {
    let newest = Version::ALL[Version::ALL.len() - 1];
    let leaving: BTreeSet<&str> = Key::all()
        .filter(|key| {
            let is_gone = |role| !Key::named(key.name).any(|other| other.is_of(role) && other.until == newest);
            key.deprecated || key.roles().any(is_gone)
        })
        .map(|key| key.name)
        .collect();
    let silent: Vec<_> = leaving.iter().filter(|name| notes::gone(name).is_none()).collect();
    assert!(silent.is_empty(), "no note about {silent:?}");
    for note in notes::GONE {
        assert!(!note.source.is_empty() && !note.instead.ends_with('.'), "{}", note.key);
        let older = Key::named(note.key).next().is_none() && !note.key.ends_with('.');
        assert!(
            older || leaving.iter().any(|name| name.starts_with(note.key)),
            "no release has lost {}",
            note.key
        );
        // What a note recommends exists.
        for named in note.instead.split('`').skip(1).step_by(2) {
            let looks_like_a_key = named.contains('.') && named.chars().all(|c| c.is_ascii_lowercase() || c == '.');
            let feature = named.ends_with(".version");
            let of_reporter = named.starts_with("metrics.jmx.");
            assert!(
                !looks_like_a_key || feature || of_reporter || Key::named(named).any(|key| key.until == newest),
                "{}: {named}",
                note.key
            );
        }
    }
}

/// What is said about a setting, separated by semicolons.
fn said(role: Role, version: Version, key: &str, value: &str) -> String {
    judge(&BROKER, role, Some(version), key, value)
        .iter()
        .map(|finding| {
            let instead = finding
                .mend
                .as_ref()
                .map_or_else(String::new, |mend| match &mend.change {
                    Change::Rename(name) => format!("use `{name}`"),
                    Change::Suggest(_) => mend.words(""),
                    Change::Remove | Change::Value | Change::Set(_) | Change::Quote => mend.instead.clone(),
                });
            match instead.as_str() {
                "" => finding.message.clone(),
                instead => format!("{} ({instead})", finding.message),
            }
        })
        .collect::<Vec<_>>()
        .join("; ")
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn a_mistake_is_told_with_what_would_be_right() {
    use Role::{Broker, Consumer, Producer, Topic, Worker};
    use Version::{V3_9, V4_0, V4_3};
    for (role, version, key, value, expected) in [
        // Nothing to say.
        (Broker, V4_3, "num.io.threads", "16", ""),
        (Broker, V4_3, "num.io.threads", "${env:THREADS}", ""),
        (Broker, V4_3, "log.retention.ms", "-1", ""),
        (Broker, V4_3, "broker.rack", "${env:ZONE}", ""),
        (Broker, V4_3, "listener.name.client.ssl.client.auth", "required", ""),
        (
            Broker,
            V4_3,
            "listener.name.client.scram-sha-512.sasl.jaas.config",
            "x",
            "",
        ),
        (
            Broker,
            V4_3,
            "listener.name.client.oauthbearer.a.key.of.a.plugin",
            "x",
            "",
        ),
        (Broker, V3_9, "config.providers", "env", ""),
        (Broker, V4_3, "super.users", "User:admin", ""),
        (Producer, V4_3, "schema.registry.url", "http://registry:8081", ""),
        (Worker, V4_3, "producer.linger.ms", "100", ""),
        (Worker, V4_3, "key.converter.schemas.enable", "false", ""),
        (Worker, V4_3, "admin.listeners", "http://localhost:8080", ""),
        (Worker, V4_3, "listeners.https.ssl.client.auth", "required", ""),
        (Worker, V4_3, "status.storage.segment.bytes", "1048576", ""),
        (Consumer, V4_3, "auto.offset.reset", "by_duration:P1D", ""),
        // Unknown.
        (
            Broker,
            V4_3,
            "num.io.thread",
            "8",
            "`num.io.thread` is not a setting of a broker of Kafka 4.3 (use `num.io.threads` if you meant that)",
        ),
        (Broker, V4_3, "x", "8", "`x` is not a setting of a broker of Kafka 4.3"),
        (
            Worker,
            V4_3,
            "producer.ack",
            "all",
            "`producer.ack` is not a setting of a producer of Kafka 4.3 (use `producer.acks` if you meant that)",
        ),
        // Elsewhere.
        (
            Broker,
            V4_3,
            "enable.idempotence",
            "true",
            "`enable.idempotence` is a setting of producers, not of brokers",
        ),
        (
            Broker,
            V4_3,
            "retention.ms",
            "1",
            "`retention.ms` is a setting of topics, not of brokers (use `log.retention.ms`)",
        ),
        (
            Topic,
            V4_3,
            "log.retention.ms",
            "1",
            "`log.retention.ms` is a setting of brokers, not of topics (use `retention.ms`)",
        ),
        (
            Worker,
            V4_3,
            "acks",
            "all",
            "`acks` is a setting of producers, not of Connect workers",
        ),
        // Another time.
        (
            Broker,
            V4_3,
            "zookeeper.session.timeout.ms",
            "1",
            "`zookeeper.session.timeout.ms` was removed after Kafka 3.9, and this is 4.3 (the metadata is kept by the controllers, and ZooKeeper by Kafka 3.9 at the latest)",
        ),
        (
            Topic,
            V4_0,
            "message.timestamp.difference.max.ms",
            "1",
            "`message.timestamp.difference.max.ms` was removed after Kafka 3.9, and this is 4.0 (use `message.timestamp.before.max.ms` and `message.timestamp.after.max.ms`)",
        ),
        (
            Broker,
            V4_3,
            "host.name",
            "x",
            "`host.name` was removed long before Kafka 4.3 (use `.listener(…)`)",
        ),
        (
            Broker,
            V4_0,
            "cordoned.log.dirs",
            "*",
            "`cordoned.log.dirs` exists since Kafka 4.3, and this is 4.0",
        ),
        (
            Broker,
            V4_3,
            "log.cleaner.enable",
            "maybe",
            "`log.cleaner.enable` is deprecated in Kafka 4.3 (without the cleaner no compacted topic is ever compacted, and from 5.0 on it always runs); `log.cleaner.enable` must be `true` or `false`, not \"maybe\"",
        ),
        // Values.
        (
            Broker,
            V4_3,
            "num.io.threads",
            "many",
            "`num.io.threads` must be a whole number, not \"many\"",
        ),
        (
            Broker,
            V4_3,
            "num.io.threads",
            "0",
            "`num.io.threads` must be 1 to 2147483647, not \"0\"",
        ),
        (
            Broker,
            V4_3,
            "log.segment.bytes",
            "2147483648",
            "`log.segment.bytes` must be 1048576 to 2147483647, not \"2147483648\"",
        ),
        (
            Broker,
            V4_3,
            "log.retention.bytes",
            "-9223372036854775809",
            "`log.retention.bytes` must be a 64-bit number, not \"-9223372036854775809\"",
        ),
        (
            Topic,
            V4_3,
            "retention.ms",
            "${env:RETENTION}",
            "`retention.ms` must be a whole number, not \"${env:RETENTION}\"",
        ),
        (
            Topic,
            V4_3,
            "cleanup.policy",
            "compact,purge",
            "`cleanup.policy` must be a comma-separated list of `compact`, `delete`, none twice, not \"compact,purge\"",
        ),
        (
            Producer,
            V4_3,
            "acks",
            "2",
            "`acks` must be one of `-1`, `0`, `1`, `all`, not \"2\"",
        ),
        (
            Worker,
            V4_3,
            "consumer.max.poll.records",
            "0",
            "`consumer.max.poll.records` must be 1 to 2147483647, not \"0\"",
        ),
        (
            Worker,
            V4_3,
            "config.storage.replication.factor",
            "0",
            "`config.storage.replication.factor` must be -1, or 1 to 32767, not \"0\"",
        ),
        (Broker, V4_3, "authorizer.class.name", "a b", ""),
        (
            Broker,
            V4_3,
            "listener.name.CLIENT.ssl.client.auth",
            "required",
            "`listener.name.CLIENT.ssl.client.auth` has no effect: Kafka looks for the listener's name in lower case (use `listener.name.client.ssl.client.auth`)",
        ),
    ] {
        assert_eq!(said(role, version, key, value), expected);
    }
}

proptest! {
    #[test]
    fn no_setting_whatever_makes_it_panic(
        key in prop_oneof!["\\PC{0,40}", "(listener[.]name[.]|producer[.]|admin[.]|log[.]|[a-z]{1,8}[.]){1,4}[a-z]{0,8}"],
        value in "\\PC{0,30}",
        index in 0usize..600,
        role in prop::sample::select(&Role::ALL[..]),
        version in prop::sample::select(&Version::ALL[..]),
    ) {
        let known = Key::all().nth(index).unwrap().name;
        for name in [key.as_str(), known] {
            for finding in judge(&BROKER, role, Some(version), name, &value) {
                prop_assert!(!finding.message.is_empty());
            }
        }
    }
}
