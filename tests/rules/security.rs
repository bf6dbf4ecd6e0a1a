//! Closed clusters.

use kafka_stacks::{prelude::*, security::TopicOperation};

use super::{
    case::{A_NAME, Case, Sound, calls, not_a_call},
    dedicated, orders, with, with_cluster,
};

fn scram() -> Listener {
    Listener::tls("CLIENT", 9092).scram()
}

fn closed() -> KafkaCluster {
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

pub(super) fn broken() -> Vec<Case> {
    vec![
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
        not_a_call(
            "a user who is there and gone",
            permitted(|shop| shop, |all| all.retired("shop")),
            A_NAME,
        ),
    ]
}

pub(super) fn sound() -> Vec<Sound> {
    vec![
        (&rules::security::INCOMPLETE, with(closed())),
        (&rules::security::NO_AUTHORIZATION, with(closed())),
        (
            &rules::security::NO_IDENTITY,
            with_cluster(dedicated(), |kafka| {
                Clients::new("clients", kafka).producer(Producer::idempotent("p"))
            }),
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
