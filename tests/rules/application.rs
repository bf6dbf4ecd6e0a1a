//! Applications: their topics, groups, dead letters and pods.

use kafka_stacks::{prelude::*, security::TransactionalIdOperation};

use super::{
    case::{A_NAME, Case, Sound, calls, not_a_call},
    dedicated, empty, orders,
};

/// A cluster with the topic `orders`, and what is built from the handles.
fn beside_orders<const N: usize>(build: impl FnOnce(&KafkaHandle, &TopicsHandle) -> [Application; N]) -> Stack {
    with_orders(dedicated(), orders(), build)
}

/// The same, and the topic has dead letters.
fn beside_failures<const N: usize>(build: impl FnOnce(&KafkaHandle, &TopicsHandle) -> [Application; N]) -> Stack {
    with_orders(dedicated(), orders().dead_letters(), build)
}

fn with_orders<const N: usize>(
    cluster: KafkaCluster,
    orders: Topic,
    build: impl FnOnce(&KafkaHandle, &TopicsHandle) -> [Application; N],
) -> Stack {
    let mut stack = empty();
    let kafka = stack.add(cluster);
    let topics = stack.add(Topics::new("topics", &kafka).topic(orders));
    for application in build(&kafka, &topics) {
        stack.add(application);
    }
    stack
}

/// Writes `orders`, so that the topic is used.
fn shop(kafka: &KafkaHandle, topics: &TopicsHandle) -> Application {
    Application::new("shop", kafka).produces(&topics.topic("orders"))
}

/// An application that reads in this group, and a probe.
fn beside_a_probe(group: &str) -> Stack {
    let mut stack = empty();
    let kafka = stack.add(dedicated());
    let topics = stack.add(Topics::new("topics", &kafka).topic(orders()));
    stack.add(Probe::new("kafka-probe", &kafka));
    stack.add(shop(&kafka, &topics).consumes(&topics.topic("orders"), Group::named(group)));
    stack
}

/// A closed cluster with the topic `orders`, and what is built from the handles, each with its permissions.
fn permitted(build: impl FnOnce(&mut Stack, &KafkaHandle, &TopicHandle, Permissions) -> Permissions) -> Stack {
    let mut stack = empty();
    let kafka = stack.add(super::security::closed());
    let topics = stack.add(Topics::new("topics", &kafka).topic(orders()));
    let permissions = Permissions::new("permissions", &kafka);
    let permissions = build(&mut stack, &kafka, &topics.topic("orders"), permissions);
    stack.add(permissions);
    stack
}

/// Two applications that write in transactions, with these prefixes.
fn transactional(prefixes: [&str; 2]) -> Stack {
    permitted(|stack, kafka, orders, mut permissions| {
        for (name, prefix) in ["shop", "returns"].into_iter().zip(prefixes) {
            let application = Application::new(name, kafka).produces(orders).transactional(prefix);
            permissions = permissions.of(&stack.add(application));
        }
        permissions
    })
}

/// The same in a cluster that someone else runs.
fn transactional_elsewhere(prefixes: [&str; 2]) -> Stack {
    let mut stack = empty();
    let security = ExternalSecurity::scram(Trust::PublicAuthorities);
    let kafka = KafkaCluster::external_secured("events", Version::V4_3, "kafka.example.com:9093", security);
    let topics = stack.add(Topics::new("topics", &kafka).topic(orders()));
    for (name, prefix) in ["shop", "returns"].into_iter().zip(prefixes) {
        let application = Application::new(name, &kafka).produces(&topics.topic("orders"));
        stack.add(application.transactional(prefix));
    }
    stack
}

/// An application that writes in transactions, and one with a permission of its own.
fn permitted_ids(acl: Acl) -> Stack {
    permitted(|stack, kafka, orders, permissions| {
        let shop = Application::new("shop", kafka).produces(orders).transactional("orders");
        let admin = Application::new("admin", kafka).produces(orders).acl(acl);
        permissions.of(&stack.add(shop)).of(&stack.add(admin))
    })
}

/// An application that writes in transactions, with this prefix, and two Connect clusters, of which one has this group.
fn beside_connect(group: &str, prefix: &str) -> Stack {
    permitted(|stack, kafka, orders, permissions| {
        let shop = Application::new("shop", kafka).produces(orders).transactional(prefix);
        let first = Connect::new("first", kafka).group(group);
        let second = Connect::new("second", kafka).group("second");
        permissions
            .of(&stack.add(shop))
            .of(&stack.add(first))
            .of(&stack.add(second))
    })
}

fn closed() -> KafkaCluster {
    dedicated().listener(Listener::plaintext("CLIENT", 9092).access(Access::applications()))
}

#[expect(clippy::too_many_lines, reason = "a list")]
pub(super) fn broken() -> Vec<Case> {
    let reader = |kafka: &KafkaHandle, topics: &TopicsHandle, name: &str, group: Group| {
        Application::new(name, kafka).consumes(&topics.topic("orders"), group)
    };
    vec![
        calls(
            "a group whose name begins as those of a probe",
            beside_a_probe("kafka-probe-end-to-end-mail"),
            &["`Group::named(…)`"],
            beside_a_probe("mail"),
        ),
        calls(
            "transactional ids that begin as those of another application",
            transactional(["orders", "orders-eu"]),
            &["neither begins with the other and `-`"],
            transactional(["orders", "eu-orders"]),
        ),
        calls(
            "and the other way round",
            transactional(["orders-eu", "orders"]),
            &["neither begins with the other and `-`"],
            transactional(["orders-eu", "orders-us"]),
        ),
        calls(
            "transactional ids that a permission of its own covers",
            permitted_ids(Acl::transactional_ids_beginning("ord", TransactionalIdOperation::Write)),
            &["`.acl(…)`"],
            permitted_ids(Acl::transactional_ids_beginning(
                "ord",
                TransactionalIdOperation::Describe,
            )),
        ),
        calls(
            "a permission on exactly the ids of another application",
            permitted_ids(Acl::transactional_ids_beginning(
                "orders-",
                TransactionalIdOperation::Write,
            )),
            &["`.acl(…)`"],
            permitted_ids(Acl::transactional_ids_beginning(
                "admin-",
                TransactionalIdOperation::Write,
            )),
        ),
        calls(
            "transactional ids in a closed cluster that someone else runs",
            transactional_elsewhere(["orders", "orders-eu"]),
            &["neither begins with the other and `-`"],
            transactional_elsewhere(["orders", "eu-orders"]),
        ),
        calls(
            "the id of the leader of Connect",
            beside_connect("connect", "shop"),
            &["`.group(…)`"],
            beside_connect("workers", "shop"),
        ),
        calls(
            "ids of Connect's tasks, which a prefix covers",
            beside_connect("shop-connect", "shop"),
            &["`.group(…)`"],
            beside_connect("connectors", "shop"),
        ),
        calls(
            "ids of Connect's tasks, with the prefix of an application",
            beside_connect("shop", "shop"),
            &["give the workers another group"],
            beside_connect("connectors", "shop"),
        ),
        calls(
            "an edge to a topic that is not declared",
            beside_orders(|kafka, topics| {
                [
                    shop(kafka, topics),
                    Application::new("mail", kafka).consumes(&topics.topic("oders"), Group::named("mail")),
                ]
            }),
            &["name `orders` in `.topic(…)`"],
            beside_orders(|kafka, topics| {
                [
                    shop(kafka, topics),
                    Application::new("mail", kafka).consumes(&topics.topic("orders"), Group::named("mail")),
                ]
            }),
        ),
        not_a_call(
            "two applications in one group",
            beside_orders(|kafka, topics| {
                [
                    shop(kafka, topics),
                    reader(kafka, topics, "mail", Group::named("readers")),
                    reader(kafka, topics, "search", Group::named("readers")),
                ]
            }),
            A_NAME,
        ),
        not_a_call(
            "two applications with one transactional id",
            beside_orders(|kafka, topics| {
                [
                    shop(kafka, topics).transactional("orders"),
                    Application::new("import", kafka)
                        .produces(&topics.topic("orders"))
                        .transactional("orders"),
                ]
            }),
            A_NAME,
        ),
        calls(
            "a consumer of a transactional producer that reads uncommitted",
            beside_orders(|kafka, topics| {
                [
                    shop(kafka, topics).transactional("shop"),
                    reader(kafka, topics, "mail", Group::named("mail").read_uncommitted()),
                ]
            }),
            &["remove `.read_uncommitted()`"],
            beside_orders(|kafka, topics| {
                [
                    shop(kafka, topics).transactional("shop"),
                    reader(kafka, topics, "mail", Group::named("mail")),
                ]
            }),
        ),
        calls(
            "a topic that is only read, and dead letters that no one writes",
            beside_failures(|kafka, topics| [reader(kafka, topics, "mail", Group::named("mail"))]),
            &[
                "add `.produces(…)` to the application that writes it",
                "add `.dead_letters()` to the application that reads `orders`",
            ],
            beside_failures(|kafka, topics| {
                [
                    shop(kafka, topics),
                    reader(kafka, topics, "mail", Group::named("mail")).dead_letters(),
                ]
            }),
        ),
        calls(
            "dead letters of a topic that declares none",
            with_orders(dedicated(), orders(), |kafka, topics| {
                [
                    shop(kafka, topics),
                    reader(kafka, topics, "mail", Group::named("mail"))
                        .dead_letters()
                        .retries(),
                ]
            }),
            &[
                "add `.dead_letters()` to the topic `orders`",
                "add `.retries(…)` to the topic `orders`",
            ],
            with_orders(dedicated(), orders().dead_letters().retries("mail"), |kafka, topics| {
                [
                    shop(kafka, topics),
                    reader(kafka, topics, "mail", Group::named("mail"))
                        .dead_letters()
                        .retries(),
                ]
            }),
        ),
        calls(
            "dead letters onto their own source",
            beside_failures(|kafka, topics| {
                [
                    shop(kafka, topics),
                    reader(kafka, topics, "mail", Group::named("mail")).dead_letters_to(&topics.topic("orders")),
                ]
            }),
            &[
                "use `.dead_letters()`",
                "add `.dead_letters()` to the application that reads `orders`",
            ],
            beside_failures(|kafka, topics| {
                [
                    shop(kafka, topics),
                    reader(kafka, topics, "mail", Group::named("mail")).dead_letters(),
                ]
            }),
        ),
        calls(
            "applications whose declaration is incomplete",
            beside_failures(|kafka, topics| {
                [
                    shop(kafka, topics).dead_letters().retries(),
                    Application::new("idle", kafka).transactional("idle"),
                    reader(kafka, topics, "mail", Group::named("mail"))
                        .consumes(&topics.topic("orders.dlq"), Group::named("mail").read_uncommitted())
                        .owner("{{ mail }}")
                        .dead_letters_to(&kafka.external_topic("failed"))
                        .transactional("two words"),
                ]
            }),
            &[
                "remove `.dead_letters()`",
                "remove `.retries()`",
                "add `.produces(…)` or `.consumes(…)`",
                "add `.produces(…)` to the application that writes it",
                "remove `.transactional(…)`",
                "`.transactional(…)`",
                "`.read_uncommitted()`",
                "`.owner(…)`",
            ],
            beside_failures(|kafka, topics| {
                [
                    shop(kafka, topics),
                    Application::new("idle", kafka)
                        .produces(&topics.topic("orders.dlq"))
                        .transactional("idle"),
                    reader(kafka, topics, "mail", Group::named("mail"))
                        .consumes(&topics.topic("orders.dlq"), Group::named("mail"))
                        .owner("mail")
                        .dead_letters_to(&kafka.external_topic("failed"))
                        .transactional("mail"),
                ]
            }),
        ),
        not_a_call(
            "files of teams that are not in the format, beyond a limit, or of no team",
            with_file(
                "billing",
                "topics:\n- {name: billing.a, partitions: 6, retention: 7d, replicas: 3}\n",
            ),
            IN_YAML,
        ),
        not_a_call(
            "a topic beyond the limits of its team",
            with_file("billing", "topics:\n- {name: orders, partitions: 6, retention: 7d}\n"),
            IN_YAML,
        ),
        not_a_call(
            "a file of a team that the stack does not have",
            with_file("bills", "topics:\n- {name: bills.a, partitions: 6, retention: 7d}\n"),
            IN_YAML,
        ),
        calls(
            "a topic of another cluster",
            beside_failures(|_, topics| {
                let other = KafkaCluster::external("other", Version::V4_3, "other.example.com:9092");
                [Application::new("shop", &other).produces(&topics.topic("orders"))]
            }),
            &[
                "give `Application::new` that cluster",
                "add `.dead_letters()` to the application that reads `orders`",
            ],
            beside_failures(|kafka, topics| [shop(kafka, topics), mail_of_dead_letters(kafka, topics)]),
        ),
        calls(
            "an application whose pods a closed listener does not admit",
            with_orders(closed(), orders(), |kafka, topics| [shop(kafka, topics)]),
            &["add `.pods([(\"app\", \"shop\")])`"],
            with_orders(closed(), orders(), |kafka, topics| {
                [shop(kafka, topics).pods([("app", "shop")])]
            }),
        ),
    ]
}

const IN_YAML: &str = "the author of the file writes no Rust";

/// Topics of which a team's file declares some.
fn with_file(folder: &str, text: &str) -> Stack {
    let files = TeamFiles::new([(format!("topics/{folder}/a.yaml"), text)]);
    let mut stack = empty();
    let kafka = stack.add(dedicated());
    stack.add(
        Topics::new("topics", &kafka)
            .topic(Topic::new("calls", 1, Cleanup::delete_after(7.days())))
            .teams(&files, [Team::new("billing")]),
    );
    stack
}

/// Writes the topic of dead letters, so that it is used.
fn mail_of_dead_letters(kafka: &KafkaHandle, topics: &TopicsHandle) -> Application {
    Application::new("mail", kafka)
        .consumes(&topics.topic("orders"), Group::named("mail"))
        .dead_letters()
}

pub(super) fn sound() -> Vec<Sound> {
    use rules::application;
    let both = |change: fn(Application) -> Application, reader: Group| {
        beside_failures(|kafka, topics| {
            [
                change(shop(kafka, topics)),
                Application::new("mail", kafka)
                    .consumes(&topics.topic("orders"), reader)
                    .dead_letters(),
            ]
        })
    };
    vec![
        (&application::GROUP_RANGE, beside_a_probe("kafka-probe-end")),
        (&application::TRANSACTIONAL_RANGE, transactional(["orders", "orders2"])),
        (&application::TRANSACTIONAL_RANGE, beside_connect("connectors", "shop")),
        // Nobody needs a permission.
        (
            &application::TRANSACTIONAL_RANGE,
            beside_orders(|kafka, topics| {
                let writer = |name| Application::new(name, kafka).produces(&topics.topic("orders"));
                [
                    writer("shop").transactional("orders"),
                    writer("returns").transactional("orders-eu"),
                ]
            }),
        ),
        (
            &application::GROUP,
            beside_failures(|kafka, topics| {
                [
                    shop(kafka, topics),
                    mail_of_dead_letters(kafka, topics),
                    // One application may read several topics in one group.
                    Application::new("search", kafka)
                        .consumes(&topics.topic("orders"), Group::named("search"))
                        .consumes(&topics.topic("orders.dlq"), Group::named("search")),
                ]
            }),
        ),
        (
            &application::TRANSACTIONAL_ID,
            beside_failures(|kafka, topics| {
                [
                    shop(kafka, topics).transactional("shop"),
                    mail_of_dead_letters(kafka, topics).transactional("mail"),
                ]
            }),
        ),
        (
            &application::UNCOMMITTED,
            both(|shop| shop, Group::named("mail").read_uncommitted()),
        ),
        // Without applications, no topic is expected to have one.
        (&application::UNUSED, with_orders(dedicated(), orders(), |_, _| [])),
        (&application::DEAD_LETTERS, both(|shop| shop, Group::named("mail"))),
        (
            &application::INCOMPLETE,
            both(|shop| shop.transactional("shop").owner("shop"), Group::named("mail")),
        ),
        (
            &application::ANOTHER_CLUSTER,
            beside_failures(|kafka, topics| {
                let other = KafkaCluster::external("other", Version::V4_3, "other.example.com:9092");
                [
                    shop(kafka, topics),
                    mail_of_dead_letters(kafka, topics),
                    Application::new("bridge", &other).produces(&other.external_topic("orders")),
                ]
            }),
        ),
        (
            &application::TEAM_FILE,
            with_file(
                "billing",
                "topics:\n- {name: billing.a, partitions: 6, retention: 7d}\n",
            ),
        ),
        (
            &application::TEAM,
            with_file(
                "billing",
                "topics:\n- {name: billing.a, partitions: 6, retention: 7d}\n",
            ),
        ),
        (
            &application::TEAM_LIMIT,
            with_file(
                "billing",
                "topics:\n- {name: billing.a, partitions: 24, retention: 700d}\n",
            ),
        ),
        (
            &application::PODS,
            with_orders(closed(), orders(), |kafka, topics| {
                [shop(kafka, topics).pods_of("shop", [("app", "shop")])]
            }),
        ),
    ]
}
