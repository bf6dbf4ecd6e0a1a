//! Schemas: what is found in files with mistakes, and what is rendered.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use kafka_stacks::prelude::*;

use crate::rules::{check, dedicated, empty, orders};

/// A cluster with the topic `orders`, a registry, and these subjects.
pub(crate) fn subjects<const N: usize>(make: impl FnOnce(&TopicHandle) -> [Subject; N]) -> Stack {
    schemas(|schemas, topics| schemas.subjects(make(&topics.topic("orders"))))
}

pub(crate) fn schemas(make: impl FnOnce(Schemas, &TopicsHandle) -> Schemas) -> Stack {
    schemas_of(RegistryImplementation::Confluent, make)
}

pub(crate) fn schemas_of(
    implementation: RegistryImplementation,
    make: impl FnOnce(Schemas, &TopicsHandle) -> Schemas,
) -> Stack {
    let mut stack = empty();
    let kafka = stack.add(dedicated());
    let topics = stack.add(Topics::new("topics", &kafka).topic(orders()).topic(Topic::new(
        "invoices",
        1,
        Cleanup::compact(),
    )));
    let registry = stack.add(SchemaRegistry::new("registry", &kafka).implementation(implementation));
    let schemas = make(Schemas::new("schemas", &registry), &topics);
    stack.add(schemas);
    stack
}

/// A stack with the schema of a mistake.
fn mistaken(text: &str) -> Stack {
    let file = Schema::of_file(file!(), "order.avsc", text);
    subjects(|topic| [Subject::value(topic, file)])
}

/// The rules that `mistakes.txt` breaks.
pub(crate) fn broken_ids() -> BTreeSet<&'static str> {
    let ids = |(_, text)| {
        let findings = check(&mistaken(text)).findings;
        findings.iter().map(|finding| finding.rule.id).collect::<Vec<_>>()
    };
    mistakes().flat_map(ids).collect()
}

/// The blocks of `mistakes.txt`: a title, and a schema.
fn mistakes() -> impl Iterator<Item = (&'static str, &'static str)> {
    include_str!("mistakes.txt").split("\n## ").skip(1).map(|block| {
        let (title, rest) = block.split_once('\n').unwrap();
        (title, rest.split_once("\nschema\n").unwrap().1.trim_end())
    })
}

#[test]
fn each_mistake_in_a_schema_has_its_place_its_message_and_its_hint() {
    let mut said = Vec::new();
    for (title, text) in mistakes() {
        let stack = mistaken(text);
        let findings = check(&stack).findings;
        assert!(findings.has_errors(), "{title}");
        said.push(format!("## {title}"));
        for finding in &findings {
            let at = finding.location();
            let column = at.column().unwrap();
            assert_eq!(at.file(), "tests/schemas/order.avsc", "{title}");
            said.push(format!(
                "{}[{}] {}: {}\n  --> {}:{column}\n  | {}\n    {}^\n  hint: {}",
                finding.severity,
                finding.rule.id,
                finding.subject(stack.name()),
                finding.message,
                at.line(),
                finding.line.as_deref().unwrap(),
                " ".repeat(usize::try_from(column).unwrap() - 1),
                finding.hint,
            ));
        }
        said.push(String::new());
    }
    assert_snapshot!("mistakes", said.join("\n"));
}

#[test]
fn what_is_declared_is_a_line_and_each_version_a_file() {
    let order =
        r#"{"type": "record", "name": "Order", "namespace": "shop", "fields": [{"name": "total", "type": "Money"}]}"#;
    let money =
        r#"{"type": "record", "name": "Money", "namespace": "shop", "fields": [{"name": "cents", "type": "long"}]}"#;
    let money = Subject::shared(money);
    let stack = schemas(|schemas, topics| {
        schemas
            .compatibility(Compatibility::FullTransitive)
            .subject(
                Subject::record(&topics.topic("orders"), Schema::avro(order).reference(&money, 1))
                    .on(&topics.topic("invoices")),
            )
            .subject(
                Subject::key(&topics.topic("orders"), "\"string\"")
                    .version("{\"type\": \"string\"}")
                    .compatibility(Compatibility::FullTransitive),
            )
            .subject(money)
    });
    let synthesis = synth(&stack);
    assert!(!synthesis.findings.has_errors(), "{:?}", synthesis.findings);
    let manifests = synthesis.manifests.unwrap();
    let config = manifests.get("schemas/configmap-schemas.yaml").unwrap();
    let script = config.find("  rest.sh: |").unwrap();
    let after = script + config[script..].find("\n  schemas.txt").unwrap();
    assert_snapshot!(format!(
        "{}  rest.sh, schemas.sh: …{}",
        &config[..script],
        &config[after..]
    ));
    assert_snapshot!("job", manifests.get("schemas/job-schemas.yaml").unwrap());
}
