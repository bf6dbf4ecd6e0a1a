//! The twelve reasons why the original manifests of the reference system did not start, each as a small manifest in the
//! same layout.

use super::check;

/// A StatefulSet of brokers as the original wrote them: three pods of an image with its entrypoint.
fn brokers(more: &str) -> String {
    format!(
        "\
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: kafka, namespace: kafka}}
spec:
  serviceName: kafka-headless
  replicas: 3
  selector: {{matchLabels: {{app: kafka}}}}
  template:
    metadata: {{labels: {{app: kafka}}}}
    spec:
      containers:
      - name: kafka
        image: confluentinc/cp-kafka:7.5.0
        ports:
        - {{name: client, containerPort: 9092}}
{more}---
apiVersion: v1
kind: Service
metadata: {{name: kafka-headless, namespace: kafka}}
spec:
  clusterIP: None
  selector: {{app: kafka}}
  ports:
  - {{name: client, port: 9092}}
"
    )
}

const CLAIM: &str = "  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 100Gi}}}
";

/// Checks that the manifests have these findings about these objects, possibly among others.
#[track_caller]
fn refused(manifests: &str, expected: &[(&str, &str)]) -> String {
    let shown = check(&[("original.yaml", manifests)], &[]);
    assert!(shown.starts_with("exit 2\n"), "{shown}");
    let heads = shown.lines().filter(|line| line.contains("[KS-"));
    let heads = heads.collect::<Vec<_>>().join("\n");
    for (rule, words) in expected {
        // The same about another object is folded into one finding.
        let (object, message) = words.split_once(": ").unwrap_or(("", words));
        let found = heads
            .lines()
            .any(|line| line.contains(&format!("[{rule}]")) && line.contains(message));
        assert!(found && shown.contains(object), "no {rule} with {words:?} in:\n{shown}");
    }
    heads
}

#[test]
fn defect_1_ids_are_the_names_of_pods() {
    let from_name = "valueFrom: {fieldRef: {fieldPath: metadata.name}}";
    for (image, variable, key) in [
        ("confluentinc/cp-kafka:7.5.0", "KAFKA_BROKER_ID", "broker.id"),
        ("confluentinc/cp-kafka:7.5.0", "KAFKA_NODE_ID", "node.id"),
        ("confluentinc/cp-zookeeper:7.5.0", "ZOOKEEPER_SERVER_ID", "server.id"),
        ("zookeeper:3.8.6", "ZOO_MY_ID", "server.id"),
    ] {
        let env = format!("        env:\n        - name: {variable}\n          {from_name}\n");
        let manifests = brokers(&env).replace("confluentinc/cp-kafka:7.5.0", image);
        refused(
            &manifests,
            &[("KS-P13", &format!("StatefulSet kafka: `{key}` is the name of the pod"))],
        );
    }
    let by_shell =
        "        command: [bash, -c, \"export KAFKA_BROKER_ID=$HOSTNAME; exec /etc/confluent/docker/run\"]\n";
    refused(
        &brokers(by_shell),
        &[("KS-P13", "the command uses the name of the pod as the node id")],
    );
}

#[test]
fn defect_2_each_pod_generates_a_cluster_id_and_formats_as_node_0() {
    let script = "        command:
        - bash
        - -c
        - |
          printf 'node.id=0\\nprocess.roles=broker,controller\\n' > /tmp/server.properties
          kafka-storage format -t $(kafka-storage random-uuid) -c /tmp/server.properties
          exec kafka-server-start /tmp/server.properties
";
    refused(
        &brokers(script),
        &[
            ("KS-P15", "each pod creates its own cluster id with `random-uuid`"),
            ("KS-P14", "the command sets the same `node.id` in all 3 pods"),
        ],
    );
}

#[test]
fn defect_3_members_of_a_quorum_start_one_by_one_and_have_no_address_before_they_are_ready() {
    let env = "        env:\n        - {name: KAFKA_PROCESS_ROLES, value: \"broker,controller\"}\n";
    refused(
        &brokers(env),
        &[
            (
                "KS-P06",
                "StatefulSet kafka: 3 members of a quorum start one after the other",
            ),
            (
                "KS-P06",
                "Service kafka-headless: members of the quorum `kafka` have no DNS name until they are ready",
            ),
        ],
    );
    let zookeeper = |command: &str| {
        let probe = format!(
            "        readinessProbe: {{exec: {{command: [bash, -c, \"echo {command} | nc localhost 2181\"]}}}}\n"
        );
        brokers(&probe).replace("cp-kafka", "cp-zookeeper")
    };
    refused(
        &zookeeper("srvr"),
        &[("KS-P06", "StatefulSet kafka"), ("KS-P06", "Service kafka-headless")],
    );
    // It answers `ruok` without the others, and without a probe it is ready at once.
    for ready in [zookeeper("ruok"), brokers("").replace("cp-kafka", "cp-zookeeper")] {
        assert!(!check(&[("a.yaml", &ready)], &[]).contains("KS-P06"));
    }
}

#[test]
fn defect_4_a_config_map_is_mounted_where_the_entrypoint_writes_and_the_cluster_id_is_missing() {
    let more = "        env:
        - {name: KAFKA_PROCESS_ROLES, value: \"broker,controller\"}
        volumeMounts:
        - {name: config, mountPath: /etc/kafka}
      volumes:
      - {name: config, configMap: {name: kafka-config}}
";
    let config = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: kafka-config, namespace: kafka}\ndata: {server.properties: \"a=b\"}\n";
    refused(
        &(brokers(more) + config),
        &[
            ("KS-P08", "container `kafka` mounts `kafka-config` over `/etc/kafka`"),
            ("KS-P15", "container `kafka` has no CLUSTER_ID"),
        ],
    );
}

#[test]
fn defect_5_service_variables_make_the_images_exit() {
    let services = "---
apiVersion: v1
kind: Service
metadata: {name: kafka, namespace: kafka}
spec: {selector: {app: kafka}, ports: [{port: 9092}]}
---
apiVersion: v1
kind: Service
metadata: {name: schema-registry, namespace: kafka}
spec: {selector: {app: schema-registry}, ports: [{port: 8081}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: schema-registry, namespace: kafka}
spec:
  selector: {matchLabels: {app: schema-registry}}
  template:
    metadata: {labels: {app: schema-registry}}
    spec: {containers: [{name: schema-registry, image: \"confluentinc/cp-schema-registry:7.5.0\"}]}
";
    refused(
        &(brokers("") + services),
        &[
            (
                "KS-P01",
                "the Service `kafka` gives container `kafka` the variable KAFKA_PORT",
            ),
            (
                "KS-P01",
                "the Service `schema-registry` gives container `schema-registry` the variable SCHEMA_REGISTRY_PORT",
            ),
        ],
    );
}

#[test]
fn defect_6_clients_point_at_the_brokers_of_another_variant() {
    let clients = "---
apiVersion: apps/v1
kind: Deployment
metadata: {name: schema-registry, namespace: kafka}
spec:
  selector: {matchLabels: {app: schema-registry}}
  template:
    metadata: {labels: {app: schema-registry}}
    spec:
      containers:
      - name: schema-registry
        image: confluentinc/cp-schema-registry:7.5.0
        env:
        - {name: SCHEMA_REGISTRY_KAFKASTORE_BOOTSTRAP_SERVERS, value: \"PLAINTEXT://kafka-zk.kafka.svc.cluster.local:9092\"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: kafka-exporter, namespace: kafka}
spec:
  selector: {matchLabels: {app: kafka-exporter}}
  template:
    metadata: {labels: {app: kafka-exporter}}
    spec: {containers: [{name: exporter, image: \"danielqsj/kafka-exporter:v1.7.0\", args: [\"--kafka.server=kafka-zk:9092\"]}]}
---
apiVersion: batch/v1
kind: Job
metadata: {name: topics, namespace: kafka}
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - {name: topics, image: \"confluentinc/cp-kafka:7.5.0\", command: [bash, -c, \"kafka-topics --bootstrap-server kafka-zk:9092 --list\"]}
";
    refused(
        &(brokers("") + clients),
        &[
            (
                "KS-P16",
                "Deployment schema-registry: `kafka-zk.kafka.svc.cluster.local:9092` cannot be resolved",
            ),
            (
                "KS-P16",
                "Deployment kafka-exporter: cannot be resolved: there is no Service `kafka-zk`",
            ),
            (
                "KS-P16",
                "Job topics: cannot be resolved: there is no Service `kafka-zk`",
            ),
        ],
    );
}

#[test]
fn defect_7_a_variable_is_used_before_it_is_defined() {
    let env = "        env:
        - {name: KAFKA_ADVERTISED_LISTENERS, value: \"PLAINTEXT://$(POD_NAME).kafka-headless.kafka.svc.cluster.local:9092\"}
        - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
";
    refused(
        &brokers(env),
        &[("KS-A27", "uses `$(POD_NAME)`, a variable that is defined later")],
    );
}

#[test]
fn defect_8_registry_and_connect_advertise_names_of_deployments_pods() {
    for (image, variable, key) in [
        ("cp-schema-registry", "SCHEMA_REGISTRY_HOST_NAME", "host.name"),
        (
            "cp-kafka-connect",
            "CONNECT_REST_ADVERTISED_HOST_NAME",
            "rest.advertised.host.name",
        ),
    ] {
        let manifests = format!(
            "\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: client, namespace: kafka}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: client}}}}
  template:
    metadata: {{labels: {{app: client}}}}
    spec:
      containers:
      - name: client
        image: confluentinc/{image}:7.5.0
        env:
        - {{name: {variable}, valueFrom: {{fieldRef: {{fieldPath: metadata.name}}}}}}
"
        );
        refused(
            &manifests,
            &[("KS-P18", &format!("Deployment client: `{key}` is the name of the pod"))],
        );
    }
}

#[test]
fn defect_9_the_log_directory_is_the_root_of_a_volume() {
    for env in [
        "",
        "        env:\n        - {name: KAFKA_LOG_DIRS, value: /var/lib/kafka/data/}\n",
    ] {
        let more =
            format!("{env}        volumeMounts:\n        - {{name: data, mountPath: /var/lib/kafka/data}}\n{CLAIM}");
        refused(
            &brokers(&more),
            &[("KS-P02", "`/var/lib/kafka/data` is the root of a volume")],
        );
    }
}

#[test]
fn defect_10_alerts_name_metrics_that_nothing_exports() {
    let alerts = "---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: kafka, namespace: kafka}
spec:
  groups:
  - name: kafka
    rules:
    - {alert: KafkaBrokerDown, expr: \"kafka_brokers < 3\"}
    - {alert: KafkaOfflinePartitions, expr: \"kafka_controller_kafkacontroller_offlinepartitionscount > 0\"}
    - {alert: KafkaProducerLatencyHigh, expr: \"kafka_producer_request_latency_avg > 1000\"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: kafka-exporter, namespace: kafka}
spec:
  selector: {matchLabels: {app: kafka-exporter}}
  template:
    metadata: {labels: {app: kafka-exporter}}
    spec: {containers: [{name: exporter, image: \"danielqsj/kafka-exporter:v1.7.0\"}]}
";
    let shown = refused(
        &(brokers("") + alerts),
        &[(
            "KS-O04",
            "metric `kafka_controller_kafkacontroller_offlinepartitionscount` is not exported here",
        )],
    );
    assert!(!shown.contains("`kafka_brokers`"), "the exporter has it: {shown}");
    // Clients that are not here may export their own.
    assert!(!shown.contains("kafka_producer_request_latency_avg"), "{shown}");
}

#[test]
fn defect_11_topics_are_created_automatically_and_never_updated() {
    let env = "        env:\n        - {name: KAFKA_AUTO_CREATE_TOPICS_ENABLE, value: \"true\"}\n";
    let job = "---
apiVersion: batch/v1
kind: Job
metadata: {name: topics, namespace: kafka}
spec:
  template:
    spec:
      restartPolicy: OnFailure
      containers:
      - name: topics
        image: confluentinc/cp-kafka:7.5.0
        command: [bash, -c, \"kafka-topics --bootstrap-server kafka-headless:9092 --create --if-not-exists --topic a\"]
";
    refused(
        &(brokers(env) + job),
        &[
            ("KS-D08", "StatefulSet kafka: `auto.create.topics.enable=true`"),
            ("KS-P20", "Job topics: the Job only creates topics"),
        ],
    );
}

#[test]
fn defect_12_pods_have_no_security_context_budget_policy_or_pinned_image() {
    let more = format!(
        "        livenessProbe: {{tcpSocket: {{port: client}}}}\n        volumeMounts:\n        - {{name: data, mountPath: /var/lib/kafka}}\n{CLAIM}"
    );
    refused(
        &brokers(&more).replace(":7.5.0", ":latest"),
        &[
            ("KS-P22", "its pods have more privileges than they need"),
            ("KS-P23", "a new volume belongs to root"),
            ("KS-P11", "no disruption budget selects these 3 pods"),
            ("KS-P04", "a broker is killed 30 s after it is told to stop"),
            ("KS-P05", "has a liveness probe and no startup probe"),
            ("KS-P24", "no network policy selects these pods"),
            ("KS-I05", "has no version: `confluentinc/cp-kafka:latest`"),
        ],
    );
}
