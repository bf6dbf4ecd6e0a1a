//! Settings against each other: listeners, config providers, security, modes, limits and passwords.

use insta::assert_snapshot;
use kafka_stacks::prelude::*;

use super::{Edit, fault, hold, sound};

const BROKER: &str = "kafka/configmap-kafka.yaml";
const CONTROLLER: &str = "kafka/configmap-kafka-controller.yaml";
const WORKER: &str = "kafka-connect/configmap-kafka-connect.yaml";

#[test]
fn listeners() {
    hold(LISTENERS);
}

#[test]
fn config_providers() {
    hold(PROVIDERS);
}

#[test]
fn authentication() {
    hold(SECURITY);
}

#[test]
fn modes_and_limits() {
    hold(MODES);
}

#[test]
fn passwords() {
    hold(PASSWORDS);
}

/// What is wrong in a stack is told with its line, as other settings are.
#[test]
fn a_stack_has_the_same_rules() {
    const ID: &str = "mZ0y3Kq1R8aT5bV7cX9dEw";
    let mut stack = Stack::new("test", "test");
    let kafka = stack.add(
        KafkaCluster::kraft("kafka", Version::V4_3, ID)
            .pool(NodePool::controllers("kafka-controller", 3))
            .pool(NodePool::brokers("kafka", 3))
            .config("sasl.enabled.mechanisms", "SCRAM-SHA-512")
            .config(
                "authorizer.class.name",
                "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            ),
    );
    stack.add(Connect::new("connect", &kafka).config("security.protocol", "SSL"));
    let findings = synth(&stack).findings;
    for rule in ["KS-K45", "KS-K47", "KS-K48"] {
        let found = findings.iter().find(|finding| finding.rule.id == rule);
        let found = found.unwrap_or_else(|| panic!("{rule}: {findings:?}"));
        assert!(found.location().file().ends_with("consistency.rs"), "{found:?}");
        assert!(found.hint.contains(".config("), "{found:?}");
    }
}

pub(super) const TABLES: [&[Edit]; 5] = [LISTENERS, PROVIDERS, SECURITY, MODES, PASSWORDS];

const LISTENERS: &[Edit] = &[
    fault(
        "KS-K40",
        "prod-dedicated",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "listener.security.protocol.map=CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    ),
    fault(
        "KS-K40",
        "prod-dedicated",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "listener.security.protocol.map=CLIENTS:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
    ),
    fault(
        "KS-K40",
        "prod-dedicated",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT",
    ),
    fault(
        "KS-K40",
        "prod-dedicated",
        BROKER,
        "\n    listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "",
    ),
    fault(
        "KS-K40",
        "prod-zookeeper",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT",
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATE:PLAINTEXT",
    ),
    fault(
        "KS-K40",
        "confluent",
        "",
        "value: CLIENT:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "value: CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    ),
    fault(
        "KS-K40",
        "apache",
        "",
        "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "CONTROLLER:PLAINTEXT",
    ),
    fault(
        "KS-K41",
        "prod-dedicated",
        BROKER,
        "listeners=CLIENT://:9092,REPLICATION://:9091\n",
        "listeners=CLIENT://:9091,REPLICATION://:9091\n",
    ),
    fault(
        "KS-K41",
        "confluent",
        "",
        "value: CLIENT://:9092,INTERNAL://:9094,CONTROLLER://:9093",
        "value: CLIENT://:9092,INTERNAL://:9093,CONTROLLER://:9093",
    ),
    fault(
        "KS-K41",
        "confluent",
        "",
        "value: CLIENT://:9092,INTERNAL://:9094,CONTROLLER://:9093",
        "value: CLIENT://:9092,CLIENT://:9094,CONTROLLER://:9093",
    ),
    fault(
        "KS-K41",
        "prod-zookeeper",
        BROKER,
        "listeners=CLIENT://:9092,REPLICATION://:9091\n",
        "listeners=CLIENT://0.0.0.0:9092,REPLICATION://:9092\n",
    ),
    fault(
        "KS-K42",
        "prod-dedicated",
        BROKER,
        "inter.broker.listener.name=REPLICATION",
        "inter.broker.listener.name=INTERNAL",
    ),
    fault(
        "KS-K42",
        "prod-dedicated",
        BROKER,
        "    inter.broker.listener.name=REPLICATION\n",
        "",
    ),
    fault(
        "KS-K42",
        "prod-zookeeper",
        BROKER,
        "    inter.broker.listener.name=REPLICATION\n",
        "",
    ),
    fault(
        "KS-K42",
        "prod-dedicated",
        BROKER,
        "inter.broker.listener.name=REPLICATION",
        "inter.broker.listener.name=REPLICATION\n    security.inter.broker.protocol=PLAINTEXT",
    ),
    fault(
        "KS-K42",
        "prod-dedicated",
        BROKER,
        "inter.broker.listener.name=REPLICATION",
        "inter.broker.listener.name=CONTROLLER",
    ),
    fault(
        "KS-K42",
        "confluent",
        "",
        "- name: KAFKA_INTER_BROKER_LISTENER_NAME\n              value: INTERNAL",
        "- name: KAFKA_INTER_BROKER_LISTENER_NAME\n              value: REPLICATION",
    ),
    fault(
        "KS-K42",
        "confluent",
        "",
        "            - name: KAFKA_INTER_BROKER_LISTENER_NAME\n              value: INTERNAL\n",
        "",
    ),
    fault(
        "KS-K42",
        "apache",
        "",
        "    listeners=PLAINTEXT://:9092",
        "    inter.broker.listener.name=INTERNAL\n    listeners=PLAINTEXT://:9092",
    ),
    fault(
        "KS-K43",
        "prod-dedicated",
        CONTROLLER,
        "controller.listener.names=CONTROLLER",
        "controller.listener.names=QUORUM",
    ),
    fault(
        "KS-K43",
        "prod-dedicated",
        CONTROLLER,
        "    controller.listener.names=CONTROLLER\n",
        "",
    ),
    fault(
        "KS-K43",
        "prod-dedicated",
        BROKER,
        "    controller.listener.names=CONTROLLER\n",
        "",
    ),
    fault(
        "KS-K43",
        "prod-dedicated",
        BROKER,
        "controller.listener.names=CONTROLLER",
        "controller.listener.names=CLIENT",
    ),
    fault(
        "KS-K43",
        "confluent",
        "",
        "value: CLIENT://:9092,INTERNAL://:9094,CONTROLLER://:9093",
        "value: CLIENT://:9092,INTERNAL://:9094",
    ),
    fault(
        "KS-K43",
        "apache",
        "",
        "listeners=CONTROLLER://:9093",
        "listeners=CONTROLLER://:9093,PLAINTEXT://:9094",
    ),
    sound(
        "prod-dedicated",
        BROKER,
        "listeners=CLIENT://:9092,REPLICATION://:9091\n",
        "listeners=CLIENT://:9092, REPLICATION://:9091\n",
    ),
    sound(
        "prod-dedicated",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT,OTHER:SSL",
    ),
    sound(
        "prod-dedicated",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "listener.security.protocol.map=client:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
    ),
    sound(
        "prod-dedicated",
        BROKER,
        "inter.broker.listener.name=REPLICATION",
        "inter.broker.listener.name=CLIENT",
    ),
    sound(
        "prod-dedicated",
        BROKER,
        "inter.broker.listener.name=REPLICATION",
        "inter.broker.listener.name=replication",
    ),
    sound(
        "prod-zookeeper",
        BROKER,
        "inter.broker.listener.name=REPLICATION",
        "inter.broker.listener.name=CLIENT",
    ),
    sound(
        "apache",
        "",
        "    listeners=PLAINTEXT://:9092",
        "    inter.broker.listener.name=PLAINTEXT\n    listeners=PLAINTEXT://:9092",
    ),
    sound(
        "apache",
        "",
        "    listeners=PLAINTEXT://:9092",
        "    security.inter.broker.protocol=PLAINTEXT\n    listeners=PLAINTEXT://:9092",
    ),
    sound(
        "confluent",
        "",
        "value: CLIENT:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "value: 'CLIENT:PLAINTEXT, INTERNAL:PLAINTEXT, CONTROLLER:PLAINTEXT'",
    ),
];

const PROVIDERS: &[Edit] = &[
    fault("KS-K44", "prod", WORKER, "    config.providers=env\n", ""),
    fault(
        "KS-K44",
        "prod",
        WORKER,
        "config.providers=env\n",
        "config.providers=evn\n",
    ),
    fault(
        "KS-K44",
        "prod",
        WORKER,
        "config.providers.env.class=",
        "config.providers.evn.class=",
    ),
    fault(
        "KS-K44",
        "prod",
        WORKER,
        "provider.EnvVarConfigProvider",
        "provider.EnvConfigProvider",
    ),
    fault("KS-K44", "prod-dedicated", BROKER, "    config.providers=env\n", ""),
    fault("KS-K44", "prod-dedicated", BROKER, "${env:NODE_ID}", "${evn:NODE_ID}"),
    fault(
        "KS-K44",
        "prod-zookeeper",
        BROKER,
        "    config.providers.env.class=org.apache.kafka.common.config.provider.EnvVarConfigProvider\n",
        "",
    ),
    fault(
        "KS-K44",
        "prod-dedicated",
        BROKER,
        "num.io.threads=8",
        "ssl.key.password=${file:/etc/tls/key.properties:password}",
    ),
    sound(
        "prod-dedicated",
        BROKER,
        "config.providers=env\n",
        "config.providers=env,file\n    config.providers.file.class=org.apache.kafka.common.config.provider.FileConfigProvider\n    ssl.key.password=${file:/etc/tls/key.properties:password}\n",
    ),
    sound(
        "prod",
        WORKER,
        "config.providers=env\n",
        "config.providers=env,vault\n    config.providers.vault.class=com.example.VaultConfigProvider\n",
    ),
    sound("prod", WORKER, "config.providers=env\n", "config.providers= env\n"),
];

const SECURITY: &[Edit] = &[
    fault(
        "KS-K45",
        "prod-dedicated",
        BROKER,
        "num.io.threads=8",
        "sasl.enabled.mechanisms=SCRAM-SHA-512",
    ),
    fault(
        "KS-K45",
        "prod-zookeeper",
        BROKER,
        "num.io.threads=8",
        "listener.name.client.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;",
    ),
    fault(
        "KS-K45",
        "apache",
        "",
        "    listeners=PLAINTEXT://:9092",
        "    sasl.enabled.mechanisms=PLAIN\n    listeners=PLAINTEXT://:9092",
    ),
    fault(
        "KS-K46",
        "prod-dedicated",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "listener.security.protocol.map=CLIENT:SASL_PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
    ),
    fault(
        "KS-K46",
        "prod-dedicated",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "listener.security.protocol.map=CLIENT:SASL_PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT\n    sasl.enabled.mechanisms=SCRAM-SHA-512",
    ),
    fault(
        "KS-K46",
        "prod-dedicated",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "listener.security.protocol.map=CLIENT:SASL_PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT\n    sasl.enabled.mechanisms=SCRAM-SHA-512\n    sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;",
    ),
    fault(
        "KS-K46",
        "prod-dedicated",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT\n    sasl.enabled.mechanisms=SCRAM-SHA-512\n    listener.name.replication.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;",
    ),
    fault(
        "KS-K47",
        "prod",
        WORKER,
        "group.id=",
        "security.protocol=SSL\n    group.id=",
    ),
    fault(
        "KS-K47",
        "prod",
        WORKER,
        "group.id=",
        "security.protocol=SSL\n    producer.security.protocol=SSL\n    group.id=",
    ),
    fault(
        "KS-K47",
        "prod",
        WORKER,
        "group.id=",
        "security.protocol=SSL\n    consumer.security.protocol=SSL\n    group.id=",
    ),
    fault(
        "KS-K47",
        "confluent",
        "",
        "- name: CONNECT_GROUP_ID",
        "- name: CONNECT_SECURITY_PROTOCOL\n              value: SSL\n            - name: CONNECT_GROUP_ID",
    ),
    fault(
        "KS-K48",
        "prod-dedicated",
        BROKER,
        "num.io.threads=8",
        "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    ),
    fault(
        "KS-K48",
        "prod-dedicated",
        CONTROLLER,
        "controller.listener.names=CONTROLLER",
        "controller.listener.names=CONTROLLER\n    authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n    super.users=User:admin",
    ),
    fault(
        "KS-K48",
        "confluent",
        "",
        "- name: KAFKA_INTER_BROKER_LISTENER_NAME\n              value: INTERNAL",
        "- name: KAFKA_INTER_BROKER_LISTENER_NAME\n              value: INTERNAL\n            - name: KAFKA_AUTHORIZER_CLASS_NAME\n              value: org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    ),
    // Tokens: 3.9 asks any address.
    sound(
        "prod-zookeeper",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT",
        "listener.security.protocol.map=CLIENT:SASL_SSL,REPLICATION:PLAINTEXT\n    ssl.keystore.location=/var/lib/kafka/data/key.p12\n    listener.name.client.sasl.enabled.mechanisms=OAUTHBEARER\n    listener.name.client.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;\n    listener.name.client.oauthbearer.sasl.server.callback.handler.class=org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler\n    listener.name.client.oauthbearer.sasl.oauthbearer.jwks.endpoint.url=https://id.example.com/keys\n    listener.name.client.oauthbearer.sasl.oauthbearer.expected.issuer=https://id.example.com/\n    listener.name.client.oauthbearer.sasl.oauthbearer.expected.audience=kafka",
    ),
    sound(
        "prod-zookeeper",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT",
        "listener.security.protocol.map=CLIENT:SASL_SSL,REPLICATION:PLAINTEXT\n    ssl.keystore.location=/var/lib/kafka/data/key.p12\n    listener.name.client.sasl.enabled.mechanisms=OAUTHBEARER\n    listener.name.client.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;\n    listener.name.client.oauthbearer.sasl.server.callback.handler.class=org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler\n    listener.name.client.sasl.oauthbearer.jwks.endpoint.url=https://id.example.com/keys\n    listener.name.client.sasl.oauthbearer.expected.issuer=https://id.example.com/\n    listener.name.client.sasl.oauthbearer.expected.audience=kafka",
    ),
    sound(
        "prod-dedicated",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "listener.security.protocol.map=CLIENT:SASL_SSL,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT\n    ssl.keystore.location=/var/lib/kafka/data/key.p12\n    listener.name.client.sasl.enabled.mechanisms=OAUTHBEARER\n    listener.name.client.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;\n    listener.name.client.oauthbearer.sasl.server.callback.handler.class=com.example.ValidatorCallbackHandler",
    ),
    fault(
        "KS-X16",
        "prod-zookeeper",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT",
        "listener.security.protocol.map=CLIENT:SASL_SSL,REPLICATION:PLAINTEXT\n    ssl.keystore.location=/var/lib/kafka/data/key.p12\n    listener.name.client.sasl.enabled.mechanisms=OAUTHBEARER\n    listener.name.client.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;",
    ),
    fault(
        "KS-X16",
        "prod-zookeeper",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT",
        "listener.security.protocol.map=CLIENT:SASL_SSL,REPLICATION:PLAINTEXT\n    ssl.keystore.location=/var/lib/kafka/data/key.p12\n    listener.name.client.sasl.enabled.mechanisms=OAUTHBEARER\n    listener.name.client.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;\n    listener.name.client.sasl.server.callback.handler.class=org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler",
    ),
    fault(
        "KS-X16",
        "prod-dedicated",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "listener.security.protocol.map=CLIENT:SASL_SSL,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT\n    ssl.keystore.location=/var/lib/kafka/data/key.p12\n    listener.name.client.sasl.enabled.mechanisms=OAUTHBEARER\n    listener.name.client.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;",
    ),
    fault(
        "KS-X16",
        "prod-zookeeper",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT",
        "listener.security.protocol.map=CLIENT:SASL_SSL,REPLICATION:PLAINTEXT\n    ssl.keystore.location=/var/lib/kafka/data/key.p12\n    listener.name.client.sasl.enabled.mechanisms=OAUTHBEARER\n    listener.name.client.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;\n    listener.name.client.oauthbearer.sasl.server.callback.handler.class=org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler\n    listener.name.client.oauthbearer.sasl.oauthbearer.expected.issuer=https://id.example.com/\n    listener.name.client.oauthbearer.sasl.oauthbearer.expected.audience=kafka",
    ),
    fault(
        "KS-X17",
        "prod-zookeeper",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT",
        "listener.security.protocol.map=CLIENT:SASL_SSL,REPLICATION:PLAINTEXT\n    ssl.keystore.location=/var/lib/kafka/data/key.p12\n    listener.name.client.sasl.enabled.mechanisms=OAUTHBEARER\n    listener.name.client.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;\n    listener.name.client.oauthbearer.sasl.server.callback.handler.class=org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler\n    listener.name.client.oauthbearer.sasl.oauthbearer.jwks.endpoint.url=https://id.example.com/keys",
    ),
    fault(
        "KS-X17",
        "prod-zookeeper",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT",
        "listener.security.protocol.map=CLIENT:SASL_SSL,REPLICATION:PLAINTEXT\n    ssl.keystore.location=/var/lib/kafka/data/key.p12\n    listener.name.client.sasl.enabled.mechanisms=OAUTHBEARER\n    listener.name.client.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;\n    listener.name.client.oauthbearer.sasl.server.callback.handler.class=org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler\n    listener.name.client.oauthbearer.sasl.oauthbearer.jwks.endpoint.url=https://id.example.com/keys\n    listener.name.client.oauthbearer.sasl.oauthbearer.expected.issuer=https://id.example.com/",
    ),
    fault(
        "KS-X17",
        "prod-zookeeper",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT",
        "listener.security.protocol.map=CLIENT:SASL_SSL,REPLICATION:PLAINTEXT\n    ssl.keystore.location=/var/lib/kafka/data/key.p12\n    listener.name.client.sasl.enabled.mechanisms=OAUTHBEARER\n    listener.name.client.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;\n    listener.name.client.oauthbearer.sasl.server.callback.handler.class=org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler\n    listener.name.client.oauthbearer.sasl.oauthbearer.jwks.endpoint.url=https://id.example.com/keys\n    listener.name.client.oauthbearer.sasl.oauthbearer.expected.audience=kafka",
    ),
    fault(
        "KS-X18",
        "prod-zookeeper",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT",
        "listener.security.protocol.map=CLIENT:SASL_SSL,REPLICATION:PLAINTEXT\n    ssl.keystore.location=/var/lib/kafka/data/key.p12\n    listener.name.client.sasl.enabled.mechanisms=OAUTHBEARER\n    listener.name.client.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;\n    listener.name.client.oauthbearer.sasl.server.callback.handler.class=org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler\n    listener.name.client.oauthbearer.sasl.oauthbearer.jwks.endpoint.url=http://id.example.com/keys\n    listener.name.client.oauthbearer.sasl.oauthbearer.expected.issuer=https://id.example.com/\n    listener.name.client.oauthbearer.sasl.oauthbearer.expected.audience=kafka",
    ),
    fault(
        "KS-X19",
        "prod-dedicated",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "listener.security.protocol.map=CLIENT:SASL_SSL,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT\n    ssl.keystore.location=/var/lib/kafka/data/key.p12\n    listener.name.client.sasl.enabled.mechanisms=OAUTHBEARER\n    listener.name.client.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;\n    listener.name.client.oauthbearer.sasl.server.callback.handler.class=org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler\n    listener.name.client.oauthbearer.sasl.oauthbearer.jwks.endpoint.url=https://id.example.com/keys\n    listener.name.client.oauthbearer.sasl.oauthbearer.expected.issuer=https://id.example.com/\n    listener.name.client.oauthbearer.sasl.oauthbearer.expected.audience=kafka",
    ),
    sound(
        "prod-dedicated",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "listener.security.protocol.map=CLIENT:SASL_SSL,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT\n    ssl.keystore.location=/var/lib/kafka/data/key.p12\n    sasl.enabled.mechanisms=SCRAM-SHA-512\n    listener.name.client.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;",
    ),
    sound(
        "prod-dedicated",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "listener.security.protocol.map=CLIENT:SASL_PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT\n    listener.name.client.sasl.enabled.mechanisms=SCRAM-SHA-512\n    listener.name.client.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;",
    ),
    sound(
        "prod-dedicated",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT\n    sasl.enabled.mechanisms=SCRAM-SHA-512\n    sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512\n    listener.name.replication.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;",
    ),
    fault(
        "KS-X24",
        "prod",
        WORKER,
        "group.id=",
        "security.protocol=SSL\n    producer.security.protocol=SSL\n    consumer.security.protocol=SSL\n    group.id=",
    ),
    sound(
        "prod",
        WORKER,
        "group.id=",
        "security.protocol=PLAINTEXT\n    group.id=",
    ),
    sound(
        "prod-dedicated",
        BROKER,
        "num.io.threads=8",
        "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n    super.users=User:ANONYMOUS",
    ),
    fault(
        "KS-X06",
        "prod-dedicated",
        BROKER,
        "num.io.threads=8",
        "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n    allow.everyone.if.no.acl.found=true",
    ),
    sound(
        "prod-dedicated",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:SSL,CONTROLLER:SSL\n    ssl.client.auth=required\n    ssl.keystore.location=/var/lib/kafka/data/key.p12\n    authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n    super.users=User:CN=broker",
    ),
    fault(
        "KS-X10",
        "prod-dedicated",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,",
        "listener.security.protocol.map=CLIENT:SASL_PLAINTEXT,",
    ),
    fault(
        "KS-X21",
        "prod-zookeeper",
        BROKER,
        "zookeeper.connect=",
        "authorizer.class.name=kafka.security.authorizer.AclAuthorizer\n    super.users=User:ANONYMOUS\n    zookeeper.connect=",
    ),
    // It has no effect on who reaches ZooKeeper as no one.
    fault(
        "KS-X21",
        "prod-zookeeper",
        BROKER,
        "zookeeper.connect=",
        "authorizer.class.name=kafka.security.authorizer.AclAuthorizer\n    super.users=User:ANONYMOUS\n    zookeeper.set.acl=true\n    zookeeper.connect=",
    ),
    // With a certificate, but what is written has no owner.
    fault(
        "KS-X21",
        "prod-zookeeper",
        BROKER,
        "zookeeper.connect=",
        "authorizer.class.name=kafka.security.authorizer.AclAuthorizer\n    super.users=User:ANONYMOUS\n    zookeeper.ssl.client.enable=true\n    zookeeper.connect=",
    ),
    sound(
        "prod-zookeeper",
        BROKER,
        "zookeeper.connect=",
        "authorizer.class.name=kafka.security.authorizer.AclAuthorizer\n    super.users=User:ANONYMOUS\n    zookeeper.ssl.client.enable=true\n    zookeeper.set.acl=true\n    zookeeper.connect=",
    ),
    fault(
        "KS-X25",
        "prod-zookeeper",
        "zookeeper/configmap-zookeeper.yaml",
        "4lw.commands.whitelist=srvr",
        "4lw.commands.whitelist=*",
    ),
    fault(
        "KS-X25",
        "prod-zookeeper",
        "zookeeper/configmap-zookeeper.yaml",
        "4lw.commands.whitelist=srvr",
        "4lw.commands.whitelist=srvr, wchp",
    ),
    fault(
        "KS-X25",
        "prod-zookeeper",
        "zookeeper/configmap-zookeeper.yaml",
        "admin.enableServer=false",
        "admin.enableServer=true",
    ),
    fault(
        "KS-K46",
        "prod-dedicated",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "listener.security.protocol.map=CLIENT:SASL_PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT\n    listener.name.client.sasl.enabled.mechanisms=SCRAM-SHA-512\n    listener.name.client.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required;",
    ),
    fault(
        "KS-K48",
        "prod-dedicated",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "listener.security.protocol.map=CLIENT:SASL_PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:SSL\n    sasl.enabled.mechanisms=SCRAM-SHA-512\n    listener.name.client.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;\n    authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n    super.users=User:CN=broker",
    ),
    fault(
        "KS-K48",
        "prod-dedicated",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "listener.security.protocol.map=CLIENT:SASL_PLAINTEXT,REPLICATION:SSL,CONTROLLER:SSL\n    ssl.keystore.location=/var/lib/kafka/data/key.p12\n    sasl.enabled.mechanisms=SCRAM-SHA-512\n    listener.name.client.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;\n    authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n    super.users=User:CN=broker",
    ),
    fault(
        "KS-K48",
        "prod-dedicated",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:SSL,CONTROLLER:PLAINTEXT\n    ssl.client.auth=required\n    ssl.keystore.location=/var/lib/kafka/data/key.p12\n    authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n    super.users=User:CN=broker",
    ),
    fault(
        "KS-X02",
        "prod-dedicated",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "listener.security.protocol.map=CLIENT:SASL_PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT\n    sasl.enabled.mechanisms=SCRAM-SHA-512\n    listener.name.client.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;",
    ),
    fault(
        "KS-X02",
        "prod-dedicated",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "super.users=User:admin\n    listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
    ),
    fault(
        "KS-X10",
        "prod-dedicated",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "listener.security.protocol.map=CLIENT:SASL_SSL,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT\n    ssl.keystore.location=/var/lib/kafka/data/key.p12\n    sasl.enabled.mechanisms=SCRAM-SHA-512\n    listener.name.client.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;",
    ),
    fault(
        "KS-X06",
        "prod-dedicated",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "listener.security.protocol.map=CLIENT:SSL,REPLICATION:SSL,CONTROLLER:SSL\n    ssl.client.auth=required\n    ssl.keystore.location=/var/lib/kafka/data/key.p12\n    authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n    super.users=User:admin\n    ssl.principal.mapping.rules=RULE:^.*$/admin/",
    ),
    fault(
        "KS-X23",
        "prod-dedicated",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "ssl.endpoint.identification.algorithm=\n    listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
    ),
    fault(
        "KS-X23",
        "prod-dedicated",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "ssl.enabled.protocols=TLSv1.2,TLSv1.1\n    listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
    ),
    fault(
        "KS-X12",
        "prod-dedicated",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:SSL,CONTROLLER:PLAINTEXT\n    ssl.client.auth=required\n    ssl.keystore.location=/var/lib/kafka/data/key.p12\n    authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n    super.users=User:broker",
    ),
    sound(
        "prod-dedicated",
        BROKER,
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:SSL,CONTROLLER:SSL\n    ssl.client.auth=required\n    ssl.keystore.location=/var/lib/kafka/data/key.p12\n    authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n    super.users=User:broker\n    ssl.principal.mapping.rules=RULE:^CN=([^,]+)$/$1/",
    ),
];

const MODES: &[Edit] = &[
    fault("KS-K49", "prod-dedicated", BROKER, "    node.id=${env:NODE_ID}\n", ""),
    fault(
        "KS-K49",
        "apache",
        "",
        "    process.roles=broker\n    node.id=${env:NODE_ID}\n",
        "    process.roles=broker\n",
    ),
    fault(
        "KS-K49",
        "prod-zookeeper",
        BROKER,
        "    zookeeper.connect=",
        "    zookeeper.connection=",
    ),
    fault(
        "KS-K49",
        "prod-dedicated",
        BROKER,
        "    controller.quorum.voters=",
        "    controller.quorum.voter=",
    ),
    fault(
        "KS-K50",
        "prod-zookeeper",
        BROKER,
        "num.io.threads=8",
        "controller.listener.names=CONTROLLER",
    ),
    fault(
        "KS-K50",
        "prod-zookeeper",
        BROKER,
        "num.io.threads=8",
        "controller.quorum.voters=0@kafka-0.kafka-headless.kafka.svc.cluster.local:9093",
    ),
    fault(
        "KS-K35",
        "prod-dedicated",
        BROKER,
        "socket.request.max.bytes=104857600",
        "socket.request.max.bytes=369295360",
    ),
    fault(
        "KS-K35",
        "prod-dedicated",
        BROKER,
        "socket.request.max.bytes=104857600",
        "socket.request.max.bytes=1048576",
    ),
    fault(
        "KS-K35",
        "prod-zookeeper",
        BROKER,
        "socket.request.max.bytes=104857600",
        "socket.request.max.bytes=2147483647",
    ),
    fault(
        "KS-K35",
        "apache",
        "",
        "message.max.bytes=1048588",
        "message.max.bytes=209715200",
    ),
    fault(
        "KS-K33",
        "prod-dedicated",
        BROKER,
        "log.retention.ms=604800000",
        "log.retention.ms=0",
    ),
    fault(
        "KS-K33",
        "apache",
        "",
        "log.retention.hours=72",
        "log.retention.hours=0",
    ),
    sound("prod-dedicated", BROKER, "node.id=", "broker.id="),
    sound(
        "prod-dedicated",
        BROKER,
        "socket.request.max.bytes=104857600",
        "socket.request.max.bytes=369295359",
    ),
    sound("apache", "", "message.max.bytes=1048588", "message.max.bytes=10485760"),
    sound(
        "prod-dedicated",
        BROKER,
        "log.retention.ms=604800000",
        "log.retention.ms=-1",
    ),
    sound("apache", "", "log.retention.hours=72", "log.retention.ms=86400000"),
];

const PASSWORDS: &[Edit] = &[
    fault(
        "KS-S08",
        "prod",
        WORKER,
        "group.id=",
        "producer.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username=\"a\" password=\"Tr0ub4dor\";\n    group.id=",
    ),
    fault(
        "KS-S08",
        "prod",
        WORKER,
        "group.id=",
        "value.converter.basic.auth.user.info=a:Tr0ub4dor\n    group.id=",
    ),
    fault(
        "KS-S08",
        "prod-dedicated",
        BROKER,
        "num.io.threads=8",
        "ssl.keystore.password=Tr0ub4dor",
    ),
    fault(
        "KS-S08",
        "apache",
        "",
        "acks=all",
        "acks=all\n    sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username=\"a\" password=\"Tr0ub4dor\";",
    ),
    fault(
        "KS-S08",
        "confluent",
        "",
        "- name: KAFKA_INTER_BROKER_LISTENER_NAME\n              value: INTERNAL",
        "- name: KAFKA_INTER_BROKER_LISTENER_NAME\n              value: INTERNAL\n            - name: KAFKA_SSL_KEY_PASSWORD\n              value: Tr0ub4dor",
    ),
    fault(
        "KS-S08",
        "confluent",
        "",
        "- name: KAFKA_INTER_BROKER_LISTENER_NAME\n              value: INTERNAL",
        "- name: KAFKA_INTER_BROKER_LISTENER_NAME\n              value: INTERNAL\n            - name: KEYSTORE_PASSWORD\n              value: Tr0ub4dor",
    ),
    sound(
        "prod",
        WORKER,
        "group.id=",
        "producer.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username=\"a\" password=\"${env:POD_IP}\";\n    group.id=",
    ),
    sound(
        "prod-dedicated",
        BROKER,
        "num.io.threads=8",
        "ssl.keystore.password=${env:NODE_ID}",
    ),
    sound(
        "prod-dedicated",
        BROKER,
        "num.io.threads=8",
        "ssl.keystore.location=/etc/tls/keystore.jks",
    ),
    sound(
        "confluent",
        "",
        "- name: KAFKA_INTER_BROKER_LISTENER_NAME\n              value: INTERNAL",
        "- name: KAFKA_INTER_BROKER_LISTENER_NAME\n              value: INTERNAL\n            - name: KAFKA_SSL_KEY_PASSWORD\n              valueFrom:\n                secretKeyRef:\n                  name: tls\n                  key: password\n                  optional: true",
    ),
    sound(
        "confluent",
        "",
        "- name: KAFKA_INTER_BROKER_LISTENER_NAME\n              value: INTERNAL",
        "- name: KAFKA_INTER_BROKER_LISTENER_NAME\n              value: INTERNAL\n            - name: PASSWORD\n              valueFrom:\n                secretKeyRef:\n                  name: tls\n                  key: password\n                  optional: true\n            - name: KAFKA_SSL_KEY_PASSWORD\n              value: $(PASSWORD)",
    ),
    sound(
        "confluent",
        "",
        "- name: KAFKA_INTER_BROKER_LISTENER_NAME\n              value: INTERNAL",
        "- name: KAFKA_INTER_BROKER_LISTENER_NAME\n              value: INTERNAL\n            - name: ALLOW_EMPTY_PASSWORD\n              value: 'no'",
    ),
];

/// How often it is told that clients connect in plaintext.
fn told(layout: &str, from: &str, to: &str) -> usize {
    let all = &super::LAYOUTS[layout];
    let edited = |(name, file): (&String, &super::File)| {
        let text = file.text.contains(from).then(|| file.text.replacen(from, to, 1))?;
        Some((name.clone(), super::File::read(layout, text)))
    };
    let edited: Vec<(String, super::File)> = all.0.iter().filter_map(edited).collect();
    let edited = edited.into_iter().map(|(name, file)| (&*name.leak(), file)).collect();
    let said = all.judge_all(&edited, Platform::default());
    said.iter().filter(|said| said.rule == "KS-X10").count()
}

#[test]
fn an_open_cluster_is_told_once() {
    let layouts = super::LAYOUTS
        .keys()
        .map(|name| format!("{name}: {}", told(name, "\0", "")));
    assert_snapshot!(layouts.collect::<Vec<_>>().join("\n"), @r"
    apache: 1
    bitnami: 1
    bitnami-files: 1
    confluent: 1
    objects/apache: 1
    objects/kafka: 1
    objects/plain: 0
    prod: 1
    prod-dedicated: 1
    prod-zookeeper: 1
    scale: 0
    strimzi: 1
    variables: 1
    zookeepers: 0
    ");
    let all = "protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT";
    for (protocol, times) in [("SASL_SSL", 0), ("SSL", 0), ("SASL_PLAINTEXT", 1)] {
        let to = format!("protocol.map=CLIENT:{protocol},REPLICATION:SSL,CONTROLLER:SSL");
        assert_eq!(told("prod-dedicated", all, &to), times, "{protocol}");
    }
    let closed = std::fs::read_to_string("out/staging/kafka/configmap-kafka.yaml").unwrap();
    assert!(
        closed.contains("protocol.map=CLIENT:SASL_SSL,"),
        "the closed stack has the same form"
    );
}
