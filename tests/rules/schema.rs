//! Schemas and their subjects. `tests/schemas/mistakes.txt` has the mistakes within a schema of Avro.

use kafka_stacks::prelude::*;

use super::{
    case::{Case, Sound, calls, not_a_call},
    dedicated, empty, orders,
};
use crate::schemas::{schemas, schemas_of, subjects};

/// A record `Order` with these fields beside its id.
fn order(fields: &str) -> String {
    let comma = if fields.is_empty() { "" } else { ", " };
    format!(r#"{{"type": "record", "name": "Order", "fields": [{{"name": "id", "type": "string"}}{comma}{fields}]}}"#)
}

/// A JSON Schema in Apicurio.
fn in_apicurio(text: &'static str) -> Stack {
    schemas_of(RegistryImplementation::Apicurio, |schemas, topics| {
        schemas.subject(Subject::value(&topics.topic("orders"), Schema::json(text)))
    })
}

/// An application that writes `orders` and `invoices` in Avro, and subjects of one or of both.
fn application<const N: usize>(make: impl FnOnce(&TopicsHandle) -> [Subject; N]) -> Stack {
    let mut stack = empty();
    let kafka = stack.add(dedicated());
    let invoices = Topic::new("invoices", 1, Cleanup::compact());
    let topics = stack.add(
        Topics::new("topics", &kafka)
            .topic(orders().dead_letters())
            .topic(invoices),
    );
    let registry = stack.add(SchemaRegistry::new("registry", &kafka));
    let schemas = stack.add(Schemas::new("schemas", &registry).subjects(make(&topics)));
    stack.add(
        Application::new("shop", &kafka)
            .avro(&schemas)
            .produces(&topics.topic("invoices"))
            // Its dead letters need no schema.
            .consumes(&topics.topic("orders"), Group::named("shop"))
            .dead_letters(),
    );
    stack.add(Application::new("mail", &kafka).produces(&topics.topic("orders")));
    stack
}

/// The values of both topics.
fn both(topics: &TopicsHandle) -> [Subject; 2] {
    let invoice = Schema::avro(r#"{"type": "record", "name": "Invoice", "fields": []}"#);
    // A record under its own name is a schema of the topic too.
    [
        Subject::value(&topics.topic("orders"), order("").as_str()),
        Subject::record(&topics.topic("invoices"), invoice),
    ]
}

const IN_A_FILE: &str = "the mistake is in the file of the schema";
const NOTE: &str = r#"{"name": "note", "type": "string", "default": ""}"#;
const AMOUNT: &str = r#"{"name": "amount", "type": "long"}"#;

/// The values of `orders`, in these versions.
fn versions(fields: &'static [&'static str]) -> Stack {
    of_level(None, fields)
}

fn of_level(level: Option<Compatibility>, fields: &'static [&'static str]) -> Stack {
    subjects(|topic| {
        let made = fields.iter().map(|fields| Schema::avro(order(fields)));
        let subject = made.fold(None::<Subject>, |subject, schema| {
            Some(match subject {
                None => Subject::value(topic, schema),
                Some(subject) => subject.version(schema),
            })
        });
        let subject = subject.unwrap();
        [match level {
            Some(level) => subject.compatibility(level),
            None => subject,
        }]
    })
}

#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn broken() -> Vec<Case> {
    let json = |texts: [&'static str; 2]| {
        subjects(move |topic| [Subject::value(topic, Schema::json(texts[0])).version(Schema::json(texts[1]))])
    };
    let money = || Subject::shared(r#"{"type": "record", "name": "Money", "fields": []}"#);
    let total = r#"{"name": "total", "type": "Money"}"#;
    let refers = |version| {
        subjects(move |topic| {
            let order = Schema::avro(order(total)).reference(&money(), version);
            [Subject::value(topic, order), money()]
        })
    };
    vec![
        calls(
            "no subject",
            subjects(|_| []),
            &["add `.subject(Subject::value(…))`"],
            versions(&[""]),
        ),
        not_a_call(
            "a schema that is not JSON",
            subjects(|topic| [Subject::value(topic, "{")]),
            IN_A_FILE,
        ),
        not_a_call(
            "a JSON Schema of a type that does not exist",
            json([r#"{"type": "object"}"#, r#"{"type": "record"}"#]),
            IN_A_FILE,
        ),
        not_a_call(
            "a Protobuf file without a message",
            subjects(|topic| [Subject::value(topic, Schema::protobuf("syntax = \"proto3\";"))]),
            IN_A_FILE,
        ),
        not_a_call("a new field without a default", versions(&["", AMOUNT]), IN_A_FILE),
        not_a_call(
            "a removed field that earlier readers need",
            of_level(Some(Compatibility::Full), &[AMOUNT, ""]),
            IN_A_FILE,
        ),
        not_a_call(
            "a version that the one before the last cannot read",
            of_level(
                Some(Compatibility::BackwardTransitive),
                &[
                    "",
                    r#"{"name": "n", "type": "int", "default": 0}"#,
                    r#"{"name": "n", "type": "int"}"#,
                ],
            ),
            IN_A_FILE,
        ),
        not_a_call(
            "a version twice",
            versions(&["", NOTE, ""]),
            "one of two files is too many",
        ),
        not_a_call(
            "a version that writes the same bytes",
            versions(&[NOTE, r#"{"name": "note", "type": "string", "default": "-"}"#]),
            "it is a note, and its hint is empty",
        ),
        not_a_call(
            "milliseconds that become microseconds",
            versions(&[
                r#"{"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}}"#,
                r#"{"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}}"#,
            ]),
            IN_A_FILE,
        ),
        not_a_call(
            "a version in another format",
            subjects(|topic| [Subject::value(topic, order("").as_str()).version(Schema::json("{}"))]),
            "the format is the author's choice",
        ),
        calls(
            "a level that checks less than the registry's",
            of_level(Some(Compatibility::Forward), &[""]),
            &["remove `.compatibility(…)`"],
            versions(&[""]),
        ),
        not_a_call(
            "two naming strategies for one topic",
            subjects(|topic| {
                [
                    Subject::value(topic, order("").as_str()),
                    Subject::record(topic, order("").as_str()),
                ]
            }),
            "the strategy is the author's choice",
        ),
        not_a_call(
            "two formats for one topic",
            subjects(|topic| {
                [
                    Subject::record(topic, order("").as_str()),
                    Subject::record(topic, Schema::json(r#"{"title": "Other", "type": "object"}"#)),
                ]
            }),
            "the format is the author's choice",
        ),
        calls(
            "a subject that is declared twice",
            subjects(|topic| {
                [
                    Subject::value(topic, order("").as_str()),
                    Subject::value(topic, order(NOTE).as_str()),
                ]
            }),
            &["declare its versions in one place, with `.version(…)`"],
            versions(&["", NOTE]),
        ),
        calls(
            "a record without a name",
            subjects(|topic| [Subject::record(topic, "\"string\"")]),
            &["use `Subject::value(…)`"],
            subjects(|topic| [Subject::value(topic, "\"string\"")]),
        ),
        calls(
            "a title that cannot be a subject",
            subjects(|topic| {
                [Subject::record(
                    topic,
                    Schema::json(r#"{"title": "an order", "type": "object"}"#),
                )]
            }),
            &["use `Subject::value(…)`, or rename the record"],
            subjects(|topic| {
                [Subject::value(
                    topic,
                    Schema::json(r#"{"title": "an order", "type": "object"}"#),
                )]
            }),
        ),
        calls(
            "a reference to a subject that is not declared",
            subjects(|topic| [Subject::value(topic, Schema::avro(order(total)).reference(&money(), 1))]),
            &["add it with `.subject(…)`"],
            refers(1),
        ),
        calls(
            "a reference to a version that does not exist",
            refers(2),
            &["give `.reference(…)` another version"],
            refers(1),
        ),
        calls(
            "two schemas that refer to each other",
            schemas(|schemas, topics| {
                let value = Subject::value(&topics.topic("orders"), order(total).as_str());
                let money = Subject::shared(
                    Schema::avro(r#"{"type": "record", "name": "Money", "fields": []}"#).reference(&value, 1),
                );
                let value = Subject::value(&topics.topic("orders"), Schema::avro(order(total)).reference(&money, 1));
                schemas.subject(value).subject(money)
            }),
            &["remove a `.reference(…)`"],
            refers(1),
        ),
        calls(
            "a subject of a topic that is not declared",
            schemas(|schemas, topics| schemas.subject(Subject::value(&topics.topic("payments"), order("").as_str()))),
            &["name a declared one in `.topic(…)`"],
            versions(&[""]),
        ),
        not_a_call(
            "a JSON Schema that Apicurio does not recognize",
            in_apicurio(r#"{"$schema": "draft-07", "type": "object", "title": "Order"}"#),
            IN_A_FILE,
        ),
        calls(
            "an application that uses Avro, and a topic without a subject",
            application(|topics| [Subject::value(&topics.topic("orders"), order("").as_str())]),
            &["add `.subject(Subject::value(…))`"],
            application(both),
        ),
        not_a_call(
            "an application that uses Avro, and a topic with a JSON Schema",
            application(|topics| {
                let [orders, _] = both(topics);
                let invoice = Schema::json(r#"{"type": "object"}"#);
                [orders, Subject::value(&topics.topic("invoices"), invoice)]
            }),
            "the format is the author's choice",
        ),
        not_a_call(
            "versions that the registry alone compares",
            json([r#"{"type": "object"}"#, r#"{"type": "object", "title": "Order"}"#]),
            "it is a note, and its hint is empty",
        ),
    ]
}

pub(super) fn sound() -> Vec<Sound> {
    use rules::schema;
    let types = r#"{"name": "a", "type": ["null", "Order"], "default": null},
        {"name": "b", "type": {"type": "fixed", "name": "F", "size": 12, "logicalType": "duration"}},
        {"name": "c", "type": {"type": "map", "values": {"type": "enum", "name": "E", "symbols": ["A"], "default": "A"}}, "default": {}},
        {"name": "d", "type": {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}, "default": "\u00ff"},
        {"name": "e", "type": {"type": "array", "items": "F"}, "order": "ignore", "aliases": ["f"], "owner": "billing"}"#;
    let every = || subjects(move |topic| [Subject::value(topic, order(types).as_str())]);
    let money = r#"{"type": "record", "name": "Money", "fields": []}"#;
    vec![
        (&schema::SYNTAX, every()),
        (&schema::TYPE, every()),
        (&schema::NAME, every()),
        (&schema::TWICE, every()),
        (&schema::DEFAULT, every()),
        (&schema::LOGICAL, every()),
        (&schema::ATTRIBUTE, every()),
        (&schema::INCOMPATIBLE, versions(&["", NOTE])),
        (&schema::WEAKER, of_level(Some(Compatibility::Full), &[""])),
        (
            &schema::MIXED,
            subjects(|topic| {
                [
                    Subject::record(topic, order("").as_str()),
                    Subject::record(topic, money),
                ]
            }),
        ),
        (
            &schema::REFERENCE,
            subjects(|topic| {
                let total = r#"{"name": "total", "type": "Money"}"#;
                let money = Subject::shared(money);
                [
                    Subject::value(topic, Schema::avro(order(total)).reference(&money, 1)),
                    money,
                ]
            }),
        ),
        (&schema::SAME, versions(&["", NOTE])),
        (
            &schema::SUBJECT,
            subjects(|topic| {
                [
                    Subject::key(topic, "\"string\""),
                    Subject::value(topic, order("").as_str()),
                ]
            }),
        ),
        (&schema::NONE, versions(&[""])),
        (
            &schema::LEFT_TO_THE_REGISTRY,
            subjects(|topic| [Subject::value(topic, Schema::json(r#"{"type": "object"}"#))]),
        ),
        (
            &schema::MEANING,
            versions(&[
                r#"{"name": "n", "type": {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}}"#,
                r#"{"name": "n", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}}"#,
            ]),
        ),
        (&schema::SAME_RECORDS, versions(&["", NOTE])),
        (
            &schema::NOT_RECOGNIZED,
            in_apicurio(r#"{"$schema": "https://json-schema.org/draft/2020-12/schema", "$ref": "order.json"}"#),
        ),
        (&schema::NOT_RECOGNIZED, in_apicurio(r#"{"properties": {}}"#)),
        (&schema::NO_SUBJECT, application(both)),
        (
            &schema::NOT_RECOGNIZED,
            subjects(|topic| [Subject::value(topic, Schema::json("{}"))]),
        ),
    ]
}
