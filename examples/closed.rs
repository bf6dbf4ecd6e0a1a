//! A closed cluster: TLS everywhere, users with passwords, and permissions that follow from what each application declares.
//! `cargo run --example closed -- synth` writes `out/closed`; `docs/security.md` explains it.

use std::process::ExitCode;

use kafka_stacks::prelude::*;

fn closed() -> Stack {
    let mut stack = Stack::new("closed", "kafka").kubernetes_cluster("closed");
    let small = Resources::range(500.millicores()..=1.cores(), 1.gib()..=1.gib());
    let kafka = stack.add(
        KafkaCluster::kraft("kafka", Version::V4_3, "yTKOmYxTQ2mGjk0M7Nw0PA")
            .pool(NodePool::controllers("kafka-controller", 3).resources(small))
            .pool(NodePool::brokers("kafka", 3).resources(small))
            .finalized(Version::V4_3)
            .internal_tls(Issuer::in_namespace("kafka-ca"))
            .listener(Listener::tls("CLIENT", 9092).scram().access(Access::applications()))
            .authorization(),
    );
    let topics = stack.add(
        Topics::new("kafka-topics", &kafka)
            .topic(Topic::new("calls", 3, Cleanup::delete_after(7.days())).dead_letters())
            .topic(Topic::new("transactions", 3, Cleanup::delete_after(30.days())))
            .topic(Topic::new("ratings", 3, Cleanup::compact()))
            .topic(Topic::new("reports.daily", 3, Cleanup::delete_after(30.days())))
            .topic(Topic::new("imports", 1, Cleanup::delete_after(7.days()))),
    );
    let (calls, transactions) = (topics.topic("calls"), topics.topic("transactions"));
    let ratings = topics.topic("ratings");
    let telephony = stack.add(
        Application::new("telephony", &kafka)
            .owner("voice")
            .pods([("app", "telephony")])
            .produces(&calls)
            .produces(&ratings)
            .quota(Quota::new().produce(20.mebibytes_per_second())),
    );
    let billing = stack.add(
        Application::new("billing", &kafka)
            .owner("payments")
            .pods([("app", "billing")])
            .consumes(&calls, Group::named("billing"))
            .dead_letters()
            .produces(&transactions)
            .transactional("billing"),
    );
    let reports = stack.add(
        Application::new("reports", &kafka)
            .owner("data")
            .pods([("app", "reports")])
            .consumes(&transactions, Group::named("reports"))
            .consumes(&ratings, Group::named("reports"))
            .produces(&topics.topic("reports.daily")),
    );
    let imports = topics.topic("imports");
    let registry = stack.add(SchemaRegistry::new("schema-registry", &kafka).resources(small));
    let apicurio = stack.add(
        SchemaRegistry::new("apicurio", &kafka)
            .implementation(RegistryImplementation::Apicurio)
            .replicas(1)
            .resources(small),
    );
    let connect = stack.add(
        Connect::new("kafka-connect", &kafka)
            .resources(small)
            .avro(&registry)
            .produces(&imports)
            .consumes(&imports, "imports-to-files"),
    );
    let permissions = stack.add(
        Permissions::new("kafka-permissions", &kafka)
            .of(&telephony)
            .of(&billing)
            .of(&reports)
            .of(&registry)
            .of(&apicurio)
            .of(&connect)
            .default_quota(Quota::new().request_percentage(200)),
    );
    stack.add(
        Monitoring::new("monitoring", &kafka)
            .watch(&topics)
            .watch(&permissions)
            .watch(&telephony)
            .watch(&billing)
            .watch(&reports)
            .watch(&registry)
            .watch(&connect),
    );
    stack
}

fn main() -> ExitCode {
    kafka_stacks::cli::run([closed])
}
