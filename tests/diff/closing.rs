//! From an open cluster to a closed one: what each phase means to the running cluster, and that a phase which is left out is a break.

use insta::assert_snapshot;
use kafka_stacks::{
    diff::{Class, Flag, Report},
    prelude::*,
};

use super::{compare, lines};

/// Open, the phases, closed.
const WAY: [&str; 6] = ["open", "offered", "used", "closed", "returned", "end"];

/// What is a break if nodes restart one by one.
const BREAKS: [&str; 3] = ["quorum-voter-address", "controller-endpoint", "inter-broker-listener"];

fn manifests(state: &str, nodes: &[NodePool]) -> String {
    let mut stack = Stack::new("test", "kafka");
    let cluster = KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw");
    let cluster = nodes.iter().cloned().fold(cluster, KafkaCluster::pool);
    let issuer = Issuer::in_namespace("kafka-ca");
    let plaintext = Listener::plaintext("CLIENT", 9092);
    let secure = Listener::tls("SECURE", 9094).scram();
    let both = |phase| {
        let cluster = cluster.clone().tls_rollout(phase, issuer.clone());
        cluster
            .listener(plaintext.clone())
            .listener(secure.clone())
            .authorization()
    };
    let after = |phase| {
        let cluster = cluster.clone().tls_rollout(phase, issuer.clone());
        cluster.listener(secure.clone()).authorization()
    };
    stack.add(match state {
        "open" => cluster.clone().listener(plaintext.clone()),
        "offered" => both(TlsRollout::Offered),
        "used" => both(TlsRollout::Used),
        "closed" => after(TlsRollout::Closed),
        "returned" => after(TlsRollout::Returned),
        _ => cluster
            .clone()
            .internal_tls(issuer.clone())
            .listener(secure.clone())
            .authorization(),
    });
    let manifests = synth(&stack).manifests.unwrap();
    let texts = manifests.iter().filter(|(path, _)| path.starts_with("kafka/"));
    texts.map(|(_, text)| format!("---\n{text}")).collect()
}

fn breaks(report: &Report) -> Vec<&str> {
    let rows = report.changes.iter().map(|change| change.rule);
    rows.filter(|row| BREAKS.contains(row)).collect()
}

#[test]
fn a_phase_is_a_rolling_restart_and_one_that_is_left_out_is_a_break() {
    let combined = [NodePool::combined("kafka", 3)];
    let apart = [
        NodePool::controllers("kafka-controller", 3),
        NodePool::brokers("kafka", 3),
    ];
    for nodes in [&combined[..], &apart] {
        let texts = WAY.map(|state| manifests(state, nodes));
        for (at, before) in texts.iter().enumerate() {
            for (then, after) in texts.iter().enumerate().filter(|(then, _)| *then != at) {
                let report = compare(before, after);
                let (from, to) = (WAY[at], WAY[then]);
                let said = lines(&report).join("\n");
                if at.abs_diff(then) == 1 {
                    assert!(breaks(&report).is_empty(), "{from} to {to}:\n{said}");
                    assert!(!report.flags.contains(&Flag::Availability), "{from} to {to}:\n{said}");
                    assert_eq!(report.class, Class::RollingRestart, "{from} to {to}:\n{said}");
                } else {
                    assert!(!breaks(&report).is_empty(), "{from} to {to}:\n{said}");
                    assert!(report.flags.contains(&Flag::Availability), "{from} to {to}:\n{said}");
                }
            }
        }
    }
}

#[test]
fn each_phase_says_what_it_does() {
    let nodes = [
        NodePool::controllers("kafka-controller", 3),
        NodePool::brokers("kafka", 3),
    ];
    let told = WAY.windows(2).map(|step| {
        let report = compare(&manifests(step[0], &nodes), &manifests(step[1], &nodes));
        format!("{} to {}\n{}\n", step[0], step[1], lines(&report).join("\n"))
    });
    assert_snapshot!(told.collect::<Vec<_>>().join("\n"));
}

#[test]
fn clients_of_a_listener_are_told_which_keys_they_need_first() {
    let manifests = |listener: kafka_stacks::kafka::SecureListener| {
        let mut stack = Stack::new("test", "kafka");
        stack.add(
            KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
                .pool(NodePool::combined("kafka", 3))
                .internal_tls(Issuer::in_namespace("kafka-ca"))
                .listener(listener)
                .authorization(),
        );
        let manifests = synth(&stack).manifests.unwrap();
        let texts = manifests.iter().filter(|(path, _)| path.starts_with("kafka/"));
        texts.map(|(_, text)| format!("---\n{text}")).collect::<String>()
    };
    let provider = IdentityProvider {
        issuer: "https://id.example.com/",
        keys: "https://id.example.com/keys",
        tokens: "https://id.example.com/token",
    };
    let passwords = manifests(Listener::tls("CLIENT", 9092).scram());
    let certificates = manifests(Listener::tls("CLIENT", 9092).mutual_tls());
    let tokens = manifests(Listener::tls("CLIENT", 9092).oauth(OAuth::new(provider, "kafka")));
    for (before, after, row, keys) in [
        (
            &passwords,
            &tokens,
            "listener-login",
            "`client-id`, `client-secret` and `ca.crt`",
        ),
        (&tokens, &passwords, "listener-login", "`password` and `ca.crt`"),
        (
            &passwords,
            &certificates,
            "listener-protocol",
            "`tls.crt`, `tls.key` and `ca.crt`",
        ),
        (
            &certificates,
            &tokens,
            "listener-protocol",
            "`client-id`, `client-secret` and `ca.crt`",
        ),
    ] {
        let report = compare(before, after);
        let told: Vec<&str> = report
            .changes
            .iter()
            .filter(|change| change.rule == row && change.flags.contains(&Flag::ClientBreaking))
            .map(|change| &*change.reason)
            .collect();
        assert_eq!(told.len(), 1, "{row}: {}", lines(&report).join("\n"));
        let needs = format!("in a stack the Secret of each needs {keys} first");
        assert!(told[0].contains(&needs), "{}", told[0]);
    }
}
