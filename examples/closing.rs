//! From an open cluster to a closed one while it runs, phase by phase, as `docs/security.md` describes it, each phase as a stack: of nodes
//! that are broker and controller, and of nodes apart. `cargo run --example closing -- synth` writes them to `out/`, and
//! `tests/upgrade/run closing` runs them on real Kafka.

use std::process::ExitCode;

use kafka_stacks::{cli::StackFn, prelude::*};

/// Open, in a phase, or closed for good.
#[derive(Clone, Copy)]
enum State {
    Open,
    Phase(TlsRollout),
    Closed,
}

#[derive(Clone, Copy)]
enum Nodes {
    Combined,
    Apart,
}

fn stack(name: &'static str, nodes: Nodes, state: State) -> Stack {
    let mut stack = Stack::new(name, "kafka")
        .kubernetes_cluster(name)
        .profile(Profile::Development);
    let cluster = KafkaCluster::kraft("kafka", Version::V4_3, "ClusterIdOfClosing000A");
    let cluster = match nodes {
        Nodes::Combined => cluster.pool(NodePool::combined("kafka", 3)),
        Nodes::Apart => cluster
            .pool(NodePool::controllers("kafka-controller", 3))
            .pool(NodePool::brokers("kafka", 3)),
    };
    let issuer = Issuer::in_namespace("kafka-ca");
    let plaintext = Listener::plaintext("CLIENT", 9092);
    let secure = Listener::tls("SECURE", 9094).scram();
    let kafka = stack.add(match state {
        State::Open => cluster.listener(plaintext),
        State::Phase(phase) if phase < TlsRollout::Closed => cluster
            .tls_rollout(phase, issuer)
            .listener(plaintext)
            .listener(secure)
            .authorization(),
        State::Phase(phase) => cluster.tls_rollout(phase, issuer).listener(secure).authorization(),
        State::Closed => cluster.internal_tls(issuer).listener(secure).authorization(),
    });
    let days = Cleanup::delete_after(7.days());
    let topics = stack.add(Topics::new("topics", &kafka).topic(Topic::new("orders", 6, days)));
    let orders = topics.topic("orders");
    let shop = stack.add(
        Application::new("shop", &kafka)
            .pods([("app", "shop")])
            .produces(&orders)
            .consumes(&orders, Group::named("shop")),
    );
    // Users are declared once something uses them.
    if !matches!(state, State::Open | State::Phase(TlsRollout::Offered)) {
        stack.add(Permissions::new("permissions", &kafka).of(&shop));
    }
    stack
}

fn main() -> ExitCode {
    use Nodes::{Apart, Combined};
    use TlsRollout::{Closed, Offered, Returned, Used};
    kafka_stacks::cli::run([
        StackFn::named("open", || stack("open", Combined, State::Open)),
        StackFn::named("offered", || stack("offered", Combined, State::Phase(Offered))),
        StackFn::named("used", || stack("used", Combined, State::Phase(Used))),
        StackFn::named("closed", || stack("closed", Combined, State::Phase(Closed))),
        StackFn::named("returned", || stack("returned", Combined, State::Phase(Returned))),
        StackFn::named("end", || stack("end", Combined, State::Closed)),
        StackFn::named("apart-open", || stack("apart-open", Apart, State::Open)),
        StackFn::named("apart-offered", || stack("apart-offered", Apart, State::Phase(Offered))),
        StackFn::named("apart-used", || stack("apart-used", Apart, State::Phase(Used))),
        StackFn::named("apart-closed", || stack("apart-closed", Apart, State::Phase(Closed))),
        StackFn::named("apart-returned", || {
            stack("apart-returned", Apart, State::Phase(Returned))
        }),
        StackFn::named("apart-end", || stack("apart-end", Apart, State::Closed)),
    ])
}
