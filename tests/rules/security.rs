//! Closed clusters.

use kafka_stacks::{kafka::SecureListener, prelude::*, security::TopicOperation};

use super::{
    case::{A_NAME, Case, Sound, calls, not_a_call},
    dedicated, empty, orders, with, with_cluster,
};

fn scram() -> Listener {
    Listener::tls("CLIENT", 9092).scram().into()
}

pub(super) fn closed() -> KafkaCluster {
    dedicated()
        .internal_tls(Issuer::in_namespace("ca"))
        .listener(scram())
        .authorization()
}

/// A closed cluster, and a connector whose workers have their permissions.
fn connectors(more: impl FnOnce(Permissions, &ConnectorsHandle) -> Permissions) -> Stack {
    let mut stack = super::empty();
    let kafka = stack.add(closed());
    let topics = stack.add(Topics::new("topics", &kafka).topic(orders()));
    let class = "org.apache.kafka.connect.mirror.MirrorHeartbeatConnector";
    let connect = stack.add(Connect::new("connect", &kafka));
    let source = Connector::new("shop", ConnectorClass::source(class)).writes([&topics.topic("orders")]);
    let connectors = stack.add(Connectors::new("connectors", &connect).connector(source));
    stack.add(more(Permissions::new("permissions", &kafka).of(&connect), &connectors));
    stack
}

/// A closed cluster, and an application with its permissions.
fn permitted(change: impl FnOnce(Application) -> Application, more: impl FnOnce(Permissions) -> Permissions) -> Stack {
    let mut stack = super::empty();
    let kafka = stack.add(closed());
    let topics = stack.add(Topics::new("topics", &kafka).topic(orders()));
    let shop = Application::new("shop", &kafka).produces(&topics.topic("orders"));
    let shop = stack.add(change(shop));
    stack.add(more(Permissions::new("permissions", &kafka).of(&shop)));
    stack
}

/// A closed cluster whose clients show tokens of a provider that is asked for its keys here.
fn tokens(keys: &str) -> OAuth {
    let provider = IdentityProvider {
        issuer: "https://id.example.com/",
        keys,
        tokens: "https://id.example.com/token",
    };
    OAuth::new(provider, "kafka")
}

fn with_tokens(tokens: OAuth) -> Stack {
    let cluster = dedicated().internal_tls(Issuer::in_namespace("ca"));
    with(
        cluster
            .listener(Listener::tls("CLIENT", 9092).oauth(tokens))
            .authorization(),
    )
}

/// A registry and workers whose REST interfaces have this issuer.
fn rest_of(issuer: &str) -> Stack {
    let mut stack = super::empty();
    let kafka = KafkaCluster::external("kafka", Version::V4_3, "kafka.voicecore.internal:9092");
    stack.add(SchemaRegistry::new("registry", &kafka).rest(Rest::tls(Issuer::cluster(issuer))));
    stack.add(Connect::new("connect", &kafka).rest(Rest::tls(Issuer::cluster(issuer))));
    stack
}

/// A closed cluster that clients outside reach.
fn opened(outside: impl Into<Listener>) -> Stack {
    with(closed().listener(outside.into()))
}

/// Two of them behind one Gateway.
fn at_the_same_names() -> Stack {
    let mut stack = empty();
    for (name, id) in [
        ("orders", "WXo4c0tSYlFOc1lEa3ZkTw"),
        ("calls", "t6yJp3BeUhL8Bn3qG5Z4hD"),
    ] {
        let controllers = NodePool::controllers(format!("{name}-controller"), 3);
        let brokers = NodePool::brokers(name, 3).storage(Storage::persistent(100.gib()));
        let cluster = KafkaCluster::kraft(name, Version::V4_3, id)
            .pool(controllers)
            .pool(brokers);
        let cluster = cluster.internal_tls(Issuer::in_namespace("ca")).authorization();
        let outside = external().gateway(NAMES, Gateway::new("gateways", "edge"));
        stack.add(
            cluster
                .listener(Listener::tls("CLIENT", 9092).scram())
                .listener(outside),
        );
    }
    stack
}

fn external() -> SecureListener {
    Listener::tls("EXTERNAL", 9094).scram()
}

fn ports(bootstrap: u16, first_broker: u16) -> NodePorts {
    NodePorts {
        bootstrap,
        first_broker,
    }
}

/// An application that connects from outside.
fn from_outside(change: impl FnOnce(Application) -> Application) -> Stack {
    let mut stack = super::empty();
    let kafka = stack.add(closed().listener(external().load_balancer("kafka-{id}.example.com")));
    let topics = stack.add(Topics::new("topics", &kafka).topic(orders()));
    let partner = Application::new("partner", &kafka).produces(&topics.topic("orders"));
    let partner = stack.add(change(partner));
    stack.add(Permissions::new("permissions", &kafka).of(&partner));
    stack
}

/// A cluster that someone else runs.
fn foreign(security: ExternalSecurity) -> KafkaHandle {
    KafkaCluster::external_secured("events", Version::V4_3, "kafka.example.com:9096", security)
}

/// Clients of which nothing is known, of such a cluster.
fn unknown(security: ExternalSecurity) -> Stack {
    let mut stack = super::empty();
    stack.add(Clients::new("clients", &foreign(security)).producer(Producer::idempotent("p")));
    stack
}

const NAMES: &str = "kafka-{id}.example.com";

fn names_and_ports() -> Vec<Case> {
    vec![
        not_a_call(
            "brokers outside that have one name",
            opened(external().load_balancer("kafka.example.com")),
            A_NAME,
        ),
        not_a_call(
            "a name of all brokers that one of them has",
            opened(external().load_balancer(NAMES).bootstrap("kafka-1.example.com")),
            A_NAME,
        ),
        not_a_call(
            "a name that DNS does not take",
            opened(external().load_balancer("kafka_{id}.example.com")),
            A_NAME,
        ),
        not_a_call(
            "an address for a name",
            opened(external().load_balancer(NAMES).bootstrap("203.0.113.7")),
            A_NAME,
        ),
        not_a_call(
            "a Gateway that no namespace can have",
            opened(external().gateway(NAMES, Gateway::new("gate ways", "edge"))),
            A_NAME,
        ),
        not_a_call(
            "a Gateway of no valid name",
            opened(external().gateway(NAMES, Gateway::new("gateways", "Edge"))),
            A_NAME,
        ),
        not_a_call(
            "a listener of a Gateway of no valid name",
            opened(external().gateway(NAMES, Gateway::new("gateways", "edge").listener("TLS 1"))),
            A_NAME,
        ),
        calls(
            "a Gateway whose proxies are applications",
            opened(external().gateway(NAMES, Gateway::new("gateways", "edge").proxies(Access::applications()))),
            &["`.proxies(Access::pods_of(\"gateways\", [(\"app\", \"envoy\")]))`"],
            opened(external().gateway(
                NAMES,
                Gateway::new("gateways", "edge").proxies(Access::pods_of("gateways", [("app", "envoy")])),
            )),
        ),
        not_a_call("two clusters at the same names outside", at_the_same_names(), A_NAME),
        not_a_call(
            "a Gateway at a port that nobody can dial",
            opened(external().gateway(NAMES, Gateway::new("gateways", "edge").port(0))),
            "a port is the author's choice",
        ),
        not_a_call(
            "brokers behind a Gateway that have one name",
            opened(external().gateway("kafka.example.com", Gateway::new("gateways", "edge"))),
            A_NAME,
        ),
        not_a_call(
            "a name without a domain",
            opened(external().load_balancer("kafka-{id}")),
            A_NAME,
        ),
        not_a_call(
            "a name that two listeners have",
            with(
                closed()
                    .listener(external().load_balancer(NAMES))
                    .listener(Listener::tls("PARTNERS", 9095).scram().load_balancer(NAMES)),
            ),
            A_NAME,
        ),
        not_a_call(
            "ports that no text of an id makes",
            opened(external().node_ports(NAMES, ports(31_999, 31_005))),
            "a port is the author's choice",
        ),
        calls(
            "ids of nodes with different numbers of digits",
            with(
                closed()
                    .pool(NodePool::brokers("more", 2).first_id(9))
                    .listener(external().node_ports(NAMES, ports(31_999, 31_000))),
            ),
            &["use `.load_balancer(…)`, or pools whose ids have the same number of digits"],
            with(
                closed()
                    .pool(NodePool::brokers("more", 2).first_id(9))
                    .listener(external().load_balancer(NAMES)),
            ),
        ),
        not_a_call(
            "ports that machines do not give",
            opened(external().node_ports(NAMES, ports(9094, 31_000))),
            "a port is the author's choice",
        ),
        not_a_call(
            "a port that two Services have",
            opened(external().node_ports(NAMES, ports(31_001, 31_000))),
            "a port is the author's choice",
        ),
    ]
}

fn outside() -> Vec<Case> {
    let by_certificate = || Listener::tls("EXTERNAL", 9094).mutual_tls();
    vec![
        not_a_call(
            "a source range that is an address",
            opened(external().load_balancer(NAMES).source_ranges(["203.0.113.7/24"])),
            "a network is the author's choice",
        ),
        calls(
            "source ranges that nothing keeps",
            opened(
                external()
                    .node_ports(NAMES, ports(31_999, 31_000))
                    .source_ranges(["203.0.113.0/24"])
                    .through_any_node(),
            ),
            &["remove `.through_any_node()`, or use `.load_balancer(…)`"],
            opened(
                external()
                    .node_ports(NAMES, ports(31_999, 31_000))
                    .source_ranges(["203.0.113.0/24"]),
            ),
        ),
        calls(
            "a cluster that nothing inside can use",
            with(
                dedicated()
                    .internal_tls(Issuer::in_namespace("ca"))
                    .listener(external().load_balancer(NAMES))
                    .authorization(),
            ),
            &["add `.listener(Listener::tls(\"CLIENT\", 9092).scram())`"],
            opened(external().load_balancer(NAMES)),
        ),
        calls(
            "passwords that cannot be tried inside",
            with(
                dedicated()
                    .internal_tls(Issuer::in_namespace("ca"))
                    .listener(Listener::tls("CLIENT", 9092).mutual_tls())
                    .listener(external().load_balancer(NAMES))
                    .authorization(),
            ),
            &["make the first listener inside `.scram()` too, or the other `.mutual_tls()`"],
            opened(by_certificate().load_balancer(NAMES)),
        ),
        calls(
            "an application outside that names another listener",
            from_outside(|partner| partner.outside("OUTSIDE")),
            &["use `.outside(\"EXTERNAL\")`"],
            from_outside(|partner| partner.outside("EXTERNAL")),
        ),
        calls(
            "an application outside that has pods",
            from_outside(|partner| partner.outside("EXTERNAL").pods([("app", "partner")])),
            &["remove `.outside(…)`, or `.pods(…)`"],
            from_outside(|partner| partner.outside("EXTERNAL")),
        ),
    ]
}

/// Names that are given, and that nothing can have.
fn names() -> Vec<Case> {
    vec![
        calls(
            "an issuer without a name",
            with(
                dedicated()
                    .internal_tls(Issuer::in_namespace(""))
                    .listener(scram())
                    .authorization(),
            ),
            &["`Issuer::in_namespace(…)`"],
            with(closed()),
        ),
        calls(
            "an issuer with a name that Kubernetes does not take, of a REST interface",
            rest_of("Kafka CA"),
            &["`Issuer::cluster(…)`"],
            rest_of("kafka-ca"),
        ),
        calls(
            "an authority of an identity provider without a name",
            with_tokens(tokens("https://id.example.com/keys").authority("")),
            &["`.authority(…)`"],
            with_tokens(tokens("https://id.example.com/keys").authority("identity-provider")),
        ),
    ]
}

pub(super) fn broken() -> Vec<Case> {
    let mut cases = names_and_ports();
    cases.extend(outside());
    cases.extend(names());
    cases.extend(vec![
        calls(
            "an authorizer without identities",
            with(dedicated().authorization()),
            &[
                "add `.internal_tls(Issuer::…)`",
                "make it `Listener::tls(\"CLIENT\", 9092).scram()`",
            ],
            with(closed()),
        ),
        calls(
            "an encrypted listener without a certificate",
            with(dedicated().listener(scram())),
            &[
                "add `.internal_tls(Issuer::…)`",
                "change it in `.listener(Listener::plaintext(…))`",
                "add `.authorization()`",
            ],
            with(closed()),
        ),
        calls(
            "clients that may do everything",
            with(dedicated().internal_tls(Issuer::in_namespace("ca")).listener(scram())),
            &["add `.authorization()`"],
            with(closed()),
        ),
        not_a_call(
            "clients of which nothing is known on a closed cluster",
            with_cluster(closed(), |kafka| {
                Clients::new("clients", kafka).producer(Producer::idempotent("p"))
            }),
            "files for anyone have no identity",
        ),
        not_a_call(
            "clients of which nothing is known on a closed cluster that someone else runs",
            unknown(ExternalSecurity::scram(Trust::PublicAuthorities)),
            "files for anyone have no identity",
        ),
        not_a_call(
            "permissions in a cluster that someone else runs",
            {
                let mut stack = super::empty();
                let kafka = foreign(ExternalSecurity::scram(Trust::PublicAuthorities));
                stack.add(Permissions::new("permissions", &kafka));
                stack
            },
            "whose cluster it is gives the permissions",
        ),
        calls(
            "workers that nobody gives permissions",
            with_cluster(closed(), |kafka| Connect::new("connect", kafka)),
            &["give the cluster's `Permissions` its handle: `.of(&…)`"],
            {
                let mut stack = super::empty();
                let kafka = stack.add(closed());
                let connect = stack.add(Connect::new("connect", &kafka));
                stack.add(Permissions::new("permissions", &kafka).of(&connect));
                stack
            },
        ),
        calls(
            "connectors that nobody gives permissions",
            connectors(|all, _| all),
            &["give the cluster's `Permissions` its handle: `.of(&…)`"],
            connectors(Permissions::of),
        ),
        not_a_call(
            "a permission for every topic",
            permitted(|shop| shop.acl(Acl::topic("*", TopicOperation::Read)), |all| all),
            A_NAME,
        ),
        calls(
            "an identity provider that is asked without encryption",
            with_tokens(tokens("http://id.example.com/keys")),
            &["`IdentityProvider::keys`"],
            with_tokens(tokens("https://id.example.com/keys")),
        ),
        calls(
            "a claim that is no word",
            with_tokens(tokens("https://id.example.com/keys").principal_claim("a claim")),
            &["`.principal_claim(…)`"],
            with_tokens(tokens("https://id.example.com/keys").principal_claim("azp")),
        ),
        calls(
            "a name in tokens where none are shown",
            permitted(|shop| shop.identity("5f0c"), |all| all),
            &["remove `.identity(…)`"],
            permitted(|shop| shop, |all| all),
        ),
        not_a_call(
            "a user who is there and gone",
            permitted(|shop| shop, |all| all.retired("shop")),
            A_NAME,
        ),
    ]);
    cases
}

pub(super) fn sound() -> Vec<Sound> {
    vec![
        (&rules::security::INCOMPLETE, with(closed())),
        (
            &rules::security::OUTSIDE,
            opened(external().load_balancer("kafka-{id}.example.com")),
        ),
        (
            &rules::security::OUTSIDE,
            opened(
                external()
                    .gateway("kafka-{id}.example.com", Gateway::new("gateways", "edge").port(9094))
                    .bootstrap("kafka.example.com"),
            ),
        ),
        (
            &rules::security::OUTSIDE,
            opened(
                external()
                    .node_ports("machines.example.com", ports(31_999, 31_000))
                    .through_any_node(),
            ),
        ),
        (
            &rules::security::OUTSIDE,
            from_outside(|partner| partner.outside("EXTERNAL")),
        ),
        (&rules::security::NO_AUTHORIZATION, with(closed())),
        (
            &rules::security::PROVIDER,
            with_tokens(tokens("https://id.example.com:8443/keys?use=sig").scope("kafka.read kafka.write")),
        ),
        (
            &rules::security::NO_IDENTITY,
            with_cluster(dedicated(), |kafka| {
                Clients::new("clients", kafka).producer(Producer::idempotent("p"))
            }),
        ),
        (
            &rules::security::NO_IDENTITY,
            unknown(ExternalSecurity::tls(Trust::PublicAuthorities)),
        ),
        (&rules::security::NOT_PERMITTED, permitted(|shop| shop, |all| all)),
        (&rules::security::NOT_PERMITTED, connectors(Permissions::of)),
        (
            &rules::security::WILDCARD,
            permitted(
                |shop| shop.acl(Acl::topics_beginning("shop.", TopicOperation::Read)),
                |all| all,
            ),
        ),
        (
            &rules::security::PRINCIPAL,
            permitted(|shop| shop, |all| all.retired("crm")),
        ),
    ]
}
