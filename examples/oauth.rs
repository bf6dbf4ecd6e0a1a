//! A closed cluster whose clients show tokens of an identity provider. `cargo run --example oauth -- synth` writes `out/oauth`;
//! `docs/security.md` explains it. `out/oauth-one` has a single node, on which `tests/cluster/run` proves who is let in.

use std::process::ExitCode;

use kafka_stacks::prelude::*;

/// What both stacks say of their clients.
fn tokens() -> OAuth {
    let provider = IdentityProvider {
        issuer: "https://id.example.com/realms/platform",
        keys: "https://id.example.com/realms/platform/certs",
        tokens: "https://id.example.com/realms/platform/token",
    };
    OAuth::new(provider, "kafka")
        .principal_claim("azp")
        .authority("identity-provider")
}

fn listener() -> Listener {
    Listener::tls("CLIENT", 9092)
        .oauth(tokens())
        .access(Access::applications())
}

/// Two applications, and what they may do.
fn applications(stack: &mut Stack, kafka: &KafkaHandle) -> (TopicsHandle, ApplicationHandle, Permissions) {
    let topics =
        stack.add(Topics::new("kafka-topics", kafka).topic(Topic::new("orders", 3, Cleanup::delete_after(7.days()))));
    let orders = topics.topic("orders");
    let shop = stack.add(
        Application::new("shop", kafka)
            .owner("shop")
            .pods([("app", "shop")])
            .produces(&orders),
    );
    let billing = stack.add(
        Application::new("billing", kafka)
            .owner("payments")
            .identity("client-7f3a") // what the provider calls it
            .pods([("app", "billing")])
            .consumes(&orders, Group::named("billing")),
    );
    let permissions = Permissions::new("kafka-permissions", kafka).of(&shop).of(&billing);
    (topics, billing, permissions)
}

pub(crate) fn oauth() -> Stack {
    let mut stack = Stack::new("oauth", "kafka").kubernetes_cluster("oauth");
    let small = Resources::range(500.millicores()..=1.cores(), 1.gib()..=1.gib());
    let kafka = stack.add(
        KafkaCluster::kraft("kafka", Version::V4_3, "s5xIo2AdTgK7Am2pF4Y3gC")
            .pool(NodePool::controllers("kafka-controller", 3).resources(small))
            .pool(NodePool::brokers("kafka", 3).resources(small))
            .finalized(Version::V4_3)
            .internal_tls(Issuer::in_namespace("kafka-ca"))
            .listener(listener())
            .authorization(),
    );
    let (topics, billing, permissions) = applications(&mut stack, &kafka);
    let permissions = stack.add(permissions);
    stack.add(
        Monitoring::new("monitoring", &kafka)
            .watch(&topics)
            .watch(&permissions)
            .watch(&billing),
    );
    stack
}

/// The same with one node and without what is not about tokens, but with all components that show some.
pub(crate) fn oauth_one() -> Stack {
    let mut stack = Stack::new("oauth-one", "kafka")
        .kubernetes_cluster("oauth-one")
        .profile(Profile::Development);
    let kafka = stack.add(
        KafkaCluster::kraft("kafka", Version::V4_3, "t6yJp3BeUhL8Bn3qG5Z4hD")
            .pool(
                NodePool::combined("kafka", 1)
                    .resources(Resources::range(500.millicores()..=1.cores(), 1.gib()..=1.gib())),
            )
            .internal_tls(Issuer::in_namespace("kafka-ca"))
            .listener(listener())
            .authorization()
            .acknowledge(
                &rules::durability::SINGLE_COPY,
                "it is there for as long as a proof runs",
            ),
    );
    let (_, _, permissions) = applications(&mut stack, &kafka);
    let registry = stack.add(SchemaRegistry::new("schema-registry", &kafka).replicas(1));
    let apicurio = SchemaRegistry::new("apicurio", &kafka).implementation(RegistryImplementation::Apicurio);
    let apicurio = stack.add(apicurio.replicas(1));
    let connect = stack.add(Connect::new("kafka-connect", &kafka).replicas(1));
    stack.add(permissions.of(&registry).of(&apicurio).of(&connect));
    stack
}

fn main() -> ExitCode {
    kafka_stacks::cli::run([oauth, oauth_one])
}
