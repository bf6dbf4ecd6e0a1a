//! A closed cluster with a listener for clients outside of Kubernetes: a load balancer for each broker, and an application that connects
//! by it. `cargo run --example outside -- synth` writes `out/outside`; `docs/security.md` explains it. `out/outside-one` has a single
//! node, and `out/outside-gateway` three behind a Gateway, on which `tests/cluster/run` proves what clients outside meet.

use std::process::ExitCode;

use kafka_stacks::prelude::*;

pub(crate) fn outside() -> Stack {
    let mut stack = Stack::new("outside", "kafka").kubernetes_cluster("outside");
    let small = Resources::range(500.millicores()..=1.cores(), 1.gib()..=1.gib());
    let kafka = stack.add(
        KafkaCluster::kraft("kafka", Version::V4_3, "q3vGm0zbTgK5Yk0nD2W1eA")
            .pool(NodePool::controllers("kafka-controller", 3).resources(small))
            .pool(NodePool::brokers("kafka", 3).resources(small))
            .finalized(Version::V4_3)
            .internal_tls(Issuer::in_namespace("kafka-ca"))
            .listener(Listener::tls("CLIENT", 9092).scram().access(Access::applications()))
            .listener(
                Listener::tls("EXTERNAL", 9094)
                    .scram()
                    .load_balancer("kafka-{id}.example.com")
                    .source_ranges(["203.0.113.0/24"]),
            )
            .authorization(),
    );
    let topics =
        stack.add(Topics::new("kafka-topics", &kafka).topic(Topic::new("orders", 3, Cleanup::delete_after(7.days()))));
    let orders = topics.topic("orders");
    let partner = stack.add(
        Application::new("partner", &kafka)
            .owner("partners")
            .outside("EXTERNAL")
            .produces(&orders),
    );
    let billing = stack.add(
        Application::new("billing", &kafka)
            .owner("payments")
            .pods([("app", "billing")])
            .consumes(&orders, Group::named("billing")),
    );
    let permissions = stack.add(
        Permissions::new("kafka-permissions", &kafka)
            .of(&partner)
            .of(&billing)
            .default_quota(Quota::new().request_percentage(200)),
    );
    stack.add(
        Monitoring::new("monitoring", &kafka)
            .watch(&topics)
            .watch(&permissions)
            .watch(&partner)
            .watch(&billing),
    );
    stack
}

/// The same with one node, and without what is not about clients outside.
pub(crate) fn outside_one() -> Stack {
    let listener = Listener::tls("EXTERNAL", 9094)
        .scram()
        .load_balancer("kafka-{id}.example.com")
        .source_ranges(["203.0.113.0/24"]);
    small("outside-one", 1, listener.into())
}

/// Three nodes that clients reach by one address.
pub(crate) fn outside_gateway() -> Stack {
    let edge = Gateway::new("gateways", "edge").listener("kafka").port(9443);
    let listener = Listener::tls("EXTERNAL", 9094)
        .scram()
        .gateway("kafka-{id}.example.com", edge);
    small("outside-gateway", 3, listener.into())
}

fn small(name: &str, nodes: u16, listener: Listener) -> Stack {
    let mut stack = Stack::new(name, "kafka")
        .kubernetes_cluster(name)
        .profile(Profile::Development);
    let mut cluster = KafkaCluster::kraft("kafka", Version::V4_3, "r4wHn1zcTgK6Zl1oE3X2fB")
        .pool(
            NodePool::combined("kafka", nodes)
                .resources(Resources::range(500.millicores()..=1.cores(), 1.gib()..=1.gib())),
        )
        .internal_tls(Issuer::in_namespace("kafka-ca"))
        .listener(Listener::tls("CLIENT", 9092).scram().access(Access::applications()))
        .listener(listener)
        .authorization();
    if nodes == 1 {
        let reason = "it is there for as long as a proof runs";
        cluster = cluster.acknowledge(&rules::durability::SINGLE_COPY, reason);
    }
    let kafka = stack.add(cluster);
    let topics =
        stack.add(Topics::new("kafka-topics", &kafka).topic(Topic::new("orders", 3, Cleanup::delete_after(7.days()))));
    let partner = Application::new("partner", &kafka)
        .owner("partners")
        .outside("EXTERNAL");
    let partner = stack.add(partner.produces(&topics.topic("orders")));
    stack.add(Permissions::new("kafka-permissions", &kafka).of(&partner));
    stack
}

fn main() -> ExitCode {
    kafka_stacks::cli::run([outside, outside_one, outside_gateway])
}
