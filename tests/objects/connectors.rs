//! Configurations of connectors that no stack made: files in a ConfigMap, and objects of Strimzi.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use kafka_stacks::rules;

use super::check;

const FILES: &str = r#"apiVersion: v1
kind: ConfigMap
metadata: {name: connectors, namespace: kafka}
data:
  search.json: |
    {
      "name": "search",
      "config": {
        "connector.class": "com.example.SearchSink",
        "topics": "orders,orders.dlq",
        "topics.regex": "orders.*",
        "connection.password": "hunter2",
        "value.converter": "io.confluent.connect.avro.AvroConverter",
        "transforms": "route",
        "transforms.mask.fields": "card",
        "errors.tolerance": "all",
        "errors.deadletterqueue.topic.name": "orders.dlq"
      }
    }
  sound.json: |
    {
      "connector.class": "com.example.SearchSink",
      "topics": "orders",
      "connection.url": "https://search.example.com",
      "connection.password": "${dir:/mnt/search:password}",
      "value.converter": "io.confluent.connect.avro.AvroConverter",
      "value.converter.schema.registry.url": "http://schemas.example.com",
      "transforms": "mask",
      "transforms.mask.type": "org.apache.kafka.connect.transforms.MaskField$Value",
      "transforms.mask.fields": "card",
      "errors.tolerance": "all",
      "errors.deadletterqueue.topic.name": "search.dlq"
    }
"#;

const OPERATOR: &str = r"apiVersion: kafka.strimzi.io/v1beta2
kind: KafkaConnector
metadata: {name: shop, namespace: kafka, labels: {strimzi.io/cluster: connect}}
spec:
  class: com.example.ShopSource
  tasksMax: 0
  config:
    connection.url: jdbc:postgresql://db.example.com/shop?password=hunter2
    errors.tolerance: all
    errors.deadletterqueue.topic.name: shop.dlq
    producer.override.acks: most
---
apiVersion: kafka.strimzi.io/v1beta2
kind: KafkaConnector
metadata: {name: sound, namespace: kafka, labels: {strimzi.io/cluster: connect}}
spec:
  class: com.example.ShopSource
  tasksMax: 1
  config:
    connection.url: jdbc:postgresql://db.example.com/shop
    connection.password: ${secrets:kafka/shop:password}
    errors.tolerance: all
    errors.log.enable: true
";

const MISTYPED: &str = r#"apiVersion: v1
kind: ConfigMap
metadata: {name: connectors, namespace: kafka}
data:
  search.json: |
    {
      "name": "search",
      "config": {
        "connector.class": "com.example.SearchSink",
        "topics": "orders",
        "task.max": "3",
        "errors.tolerance": "all",
        "consumer.override.auto.offset.rest": "earliest"
      }
    }
"#;

/// The rules that these configurations break.
pub(crate) fn broken_ids() -> BTreeSet<&'static str> {
    let texts = [FILES, OPERATOR, MISTYPED].map(|text| check(&[("a.yaml", text)], &[]));
    let all = rules::all().iter().map(|rule| rule.id);
    all.filter(|id| texts.iter().any(|text| text.contains(&format!("[{id}]"))))
        .collect()
}

#[test]
fn a_file_with_a_mistyped_connector_is_judged() {
    assert_snapshot!(check(&[("a.yaml", MISTYPED)], &[]));
}

#[test]
fn a_file_with_a_connector_is_judged() {
    assert_snapshot!(check(&[("a.yaml", FILES)], &[]));
}

#[test]
fn a_connector_of_strimzi_is_judged() {
    assert_snapshot!(check(&[("a.yaml", OPERATOR)], &[]));
}
