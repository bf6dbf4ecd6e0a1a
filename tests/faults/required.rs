//! Settings that are needed and not there, and classes that do not exist.

use insta::assert_snapshot;
use kafka_stacks::prelude::Platform;

use super::{Edit, fault, hold, said_about, shown, sound, told};

const BROKER: &str = "kafka/configmap-kafka.yaml";
const CONTROLLER: &str = "kafka/configmap-kafka-controller.yaml";
const WORKER: &str = "kafka-connect/configmap-kafka-connect.yaml";
const REGISTRY: &str = "schema-registry/configmap-schema-registry.yaml";

#[test]
fn what_is_needed_is_missed() {
    hold(ALL);
    let faults: Vec<Edit> = ALL.iter().filter(|edit| edit.expected.is_some()).cloned().collect();
    assert_snapshot!("required", told(&faults));
}

const KEY: &str = "            - name: CONNECT_KEY_CONVERTER\n              value: org.apache.kafka.connect.storage.StringConverter\n";
const JSON: &str = "value: org.apache.kafka.connect.json.JsonConverter\n";
const LISTENERS: &str =
    "            - name: KAFKA_LISTENERS\n              value: CLIENT://:9092,INTERNAL://:9094,CONTROLLER://:9093\n";

pub(super) const ALL: &[Edit] = &[
    // Without `listeners` Kafka listens on PLAINTEXT://:9092, and Confluent's image on what is advertised.
    fault(
        "KS-K43",
        "prod-dedicated",
        CONTROLLER,
        "    listeners=CONTROLLER://:9093\n",
        "",
    ),
    fault(
        "KS-P57",
        "prod-dedicated",
        BROKER,
        "    listeners=CLIENT://:9092,REPLICATION://:9091\n",
        "",
    ),
    fault(
        "KS-K43",
        "prod",
        BROKER,
        "    listeners=CLIENT://:9092,REPLICATION://:9091,CONTROLLER://:9093\n",
        "",
    ),
    fault("KS-K43", "confluent", "", LISTENERS, ""),
    fault(
        "KS-K42",
        "apache",
        "",
        "    listeners=PLAINTEXT://:9092\n    advertised.listeners=PLAINTEXT://${env:POD_NAME}.broker.events.svc.cluster.local:9092\n",
        "    inter.broker.listener.name=INTERNAL\n",
    ),
    sound("apache", "", "    listeners=PLAINTEXT://:9092\n", ""),
    // A REST interface that is closed in part.
    fault(
        "KS-S16",
        "prod",
        WORKER,
        "    value.converter.schema.registry.url=",
        "    value.converter.basic.auth.user.info=billing:${dir:/etc/kafka-identity:password}\n    value.converter.schema.registry.url=",
    ),
    fault(
        "KS-R12",
        "prod",
        WORKER,
        "    listeners=http://0.0.0.0:8083\n",
        "    listeners=https://0.0.0.0:8083\n    rest.extension.classes=org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension\n",
    ),
    fault(
        "KS-R11",
        "prod",
        WORKER,
        "    listeners=http://0.0.0.0:8083\n",
        "    listeners=https://0.0.0.0:8083,http://127.0.0.1:8084\n",
    ),
    fault(
        "KS-R11",
        "prod",
        WORKER,
        "    listeners=http://0.0.0.0:8083\n",
        "    listeners=https://0.0.0.0:8083\n    rest.advertised.listener=http\n",
    ),
    sound(
        "prod",
        WORKER,
        "    listeners=http://0.0.0.0:8083\n",
        "    listeners=https://0.0.0.0:8083,http://127.0.0.1:8084\n    rest.advertised.listener=https\n",
    ),
    sound(
        "prod",
        WORKER,
        "    listeners=http://0.0.0.0:8083\n",
        "    listeners=http://0.0.0.0:8083,http://127.0.0.1:8084\n",
    ),
    // Of several listeners in plaintext, the loopback first.
    fault(
        "KS-S16",
        "confluent",
        "",
        "name: CONNECT_GROUP_ID\n",
        "name: KAFKA_OPTS\n              value: -Djava.security.auth.login.config=/etc/kafka/rest.jaas\n            - name: CONNECT_REST_EXTENSION_CLASSES\n              value: org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension\n            - name: CONNECT_REST_ADVERTISED_LISTENER\n              value: https\n            - name: CONNECT_LISTENERS\n              value: http://127.0.0.1:8084,https://0.0.0.0:8083,http://0.0.0.0:8085\n            - name: CONNECT_GROUP_ID\n",
    ),
    // Listeners of their own for administration.
    fault(
        "KS-S17",
        "confluent",
        "",
        "name: CONNECT_GROUP_ID\n",
        "name: KAFKA_OPTS\n              value: -Djava.security.auth.login.config=/etc/kafka/rest.jaas\n            - name: CONNECT_REST_EXTENSION_CLASSES\n              value: org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension\n            - name: CONNECT_REST_ADVERTISED_LISTENER\n              value: https\n            - name: CONNECT_LISTENERS\n              value: https://0.0.0.0:8083\n            - name: CONNECT_ADMIN_LISTENERS\n              value: http://127.0.0.1:8085,https://0.0.0.0:8086\n            - name: CONNECT_GROUP_ID\n",
    ),
    sound(
        "confluent",
        "",
        "name: CONNECT_GROUP_ID\n",
        "name: KAFKA_OPTS\n              value: -Djava.security.auth.login.config=/etc/kafka/rest.jaas\n            - name: CONNECT_REST_EXTENSION_CLASSES\n              value: org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension\n            - name: CONNECT_REST_ADVERTISED_LISTENER\n              value: https\n            - name: CONNECT_LISTENERS\n              value: https://0.0.0.0:8083\n            - name: CONNECT_ADMIN_LISTENERS\n              value: http://127.0.0.1:8085\n            - name: CONNECT_GROUP_ID\n",
    ),
    // Where no password is asked for, they ask for as little as the others.
    sound(
        "confluent",
        "",
        "name: CONNECT_GROUP_ID\n",
        "name: CONNECT_ADMIN_LISTENERS\n              value: http://0.0.0.0:8086\n            - name: CONNECT_GROUP_ID\n",
    ),
    // What Confluent's images look for.
    fault("KS-K60", "confluent", "", KEY, ""),
    fault(
        "KS-K60",
        "confluent",
        "",
        "name: CONNECT_GROUP_ID\n",
        "name: CONNECT_GROUP\n",
    ),
    fault(
        "KS-K60",
        "confluent",
        "",
        "            - name: CONNECT_OFFSET_STORAGE_TOPIC\n              value: connect-offsets\n            - name: CONNECT_STATUS_STORAGE_TOPIC\n              value: connect-status\n",
        "",
    ),
    fault(
        "KS-K60",
        "confluent",
        "",
        "- name: CONNECT_REST_ADVERTISED_HOST_NAME\n",
        "- name: POD_IP\n",
    ),
    fault(
        "KS-K60",
        "confluent",
        "",
        JSON,
        "value: io.confluent.connect.avro.AvroConverter\n",
    ),
    fault(
        "KS-K60",
        "objects/kafka",
        "",
        "        - name: SCHEMA_REGISTRY_KAFKASTORE_BOOTSTRAP_SERVERS\n          value: kafka.kafka.svc.cluster.local:9092\n",
        "",
    ),
    fault(
        "KS-K60",
        "objects/kafka",
        "",
        "        - name: SCHEMA_REGISTRY_HOST_NAME\n          value: $(POD_IP)\n",
        "",
    ),
    sound(
        "confluent",
        "",
        JSON,
        "value: io.confluent.connect.avro.AvroConverter\n            - name: CONNECT_VALUE_CONVERTER_SCHEMA_REGISTRY_URL\n              value: https://schemas.example.com\n",
    ),
    // An image that is made of it may set them itself.
    sound(
        "confluent",
        "",
        "          image: confluentinc/cp-kafka-connect:8.1.1\n          env:\n            - name: CONNECT_REST_ADVERTISED_HOST_NAME\n",
        "          image: registry.example.com/audit/cp-kafka-connect:8.1.1\n          env:\n            - name: POD_IP\n",
    ),
    // What the programs themselves need.
    fault("KS-K60", "prod", WORKER, "    group.id=", "    # group.id="),
    fault(
        "KS-K60",
        "prod",
        WORKER,
        "    status.storage.topic=",
        "    # status.storage.topic=",
    ),
    fault(
        "KS-K60",
        "prod",
        WORKER,
        "    value.converter.schema.registry.url=",
        "    # value.converter.schema.registry.url=",
    ),
    fault(
        "KS-K60",
        "prod",
        REGISTRY,
        "    kafkastore.bootstrap.servers=",
        "    # kafkastore.bootstrap.servers=",
    ),
    sound("prod", REGISTRY, "    host.name=", "    # host.name="),
    // Converters of Kafka.
    fault(
        "KS-K55",
        "confluent",
        "",
        JSON,
        "value: org.apache.kafka.connect.json.JsonConvertor\n",
    ),
    fault(
        "KS-K55",
        "confluent",
        "",
        JSON,
        "value: org.apache.kafka.connect.storage.JsonConverter\n",
    ),
    sound(
        "confluent",
        "",
        JSON,
        "value: org.apache.kafka.connect.converters.ByteArrayConverter\n",
    ),
    sound("confluent", "", JSON, "value: com.example.JsonConvertor\n"),
];

/// A broker that the image's own entrypoint starts.
#[test]
fn confluents_image_needs_an_advertised_address() {
    const SCRIPT: &str = "          command:\n            - bash\n            - -c\n          args:\n            - |\n              export \
        KAFKA_NODE_ID=\"${HOSTNAME##*-}\"\n              exec /etc/confluent/docker/run\n          env:\n";
    const ID: &str = "          env:\n            - name: KAFKA_NODE_ID\n              valueFrom:\n                fieldRef:\n                  \
        fieldPath: metadata.labels['apps.kubernetes.io/pod-index']\n";
    let said = |edits: &[(&str, &str)]| shown(&said_about("confluent", edits, "", Platform::default()));
    assert_eq!(said(&[(SCRIPT, ID)]), "");
    // A script may set what no variable does.
    let export = (
        "export KAFKA_NODE_ID",
        "export KAFKA_LISTENERS=\"$(make-listeners)\" KAFKA_NODE_ID",
    );
    assert_eq!(said(&[export, (LISTENERS, "")]), "");
    assert_snapshot!(said(&[
        (SCRIPT, ID),
        ("KAFKA_ADVERTISED_LISTENERS", "KAFKA_ADVERTISED_LISTENER")
    ]));
}
