//! What is applied and deployed without a word, and then ends a process at its start, forgets offsets, or is not read by anyone.

use insta::assert_snapshot;

use super::{Edit, fault, hold, sound, told};

const BROKER: &str = "kafka/configmap-kafka.yaml";
const PODS: &str = "kafka/statefulset-kafka.yaml";
const EXPORTER: &str = "monitoring/deployment-kafka-exporter.yaml";
const MONITOR: &str = "monitoring/podmonitor-kafka.yaml";
const LAST: &str = "    transactional.id.expiration.ms=604800000\n";
const AGENT: &str = "jmx_prometheus_javaagent-0.18.0.jar=5556:/etc/agent/rules.yaml";

#[test]
fn what_passes_in_silence_is_found() {
    hold(ALL);
}

#[test]
fn it_is_said_what_happens() {
    let faults: Vec<Edit> = ALL.iter().filter(|edit| edit.expected.is_some()).cloned().collect();
    assert_snapshot!("silent", told(&faults));
}

/// A fault in the settings of the brokers of `prod`.
const fn adds(rule: &'static str, lines: &'static str) -> Edit {
    fault(rule, "prod", BROKER, LAST, lines)
}

const fn takes(lines: &'static str) -> Edit {
    sound("prod", BROKER, LAST, lines)
}

/// A topic that the Job of `apache` creates with other options.
const fn created(rule: &'static str, from: &'static str, to: &'static str) -> Edit {
    fault(rule, "apache", "", from, to)
}

pub(super) const ALL: &[Edit] = &[
    // Listeners that serve early.
    adds("KS-K53", "    early.start.listeners=CONTROLER\n"),
    adds("KS-K53", "    early.start.listeners=controller\n"),
    adds(
        "KS-K53",
        "    early.start.listeners=REPLICATION
    authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
    super.users=User:ANONYMOUS\n",
    ),
    takes("    early.start.listeners=CONTROLLER,REPLICATION\n"),
    takes("    early.start.listeners=REPLICATION\n"),
    takes(
        "    early.start.listeners=CONTROLLER
    authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
    super.users=User:ANONYMOUS\n",
    ),
    // Offsets, and how a broker leaves.
    adds("KS-D11", "    offsets.retention.minutes=60\n"),
    takes("    offsets.retention.minutes=1440\n"),
    adds("KS-K54", "    controlled.shutdown.enable=false\n"),
    fault(
        "KS-K54",
        "confluent",
        "",
        "            - name: KAFKA_DEFAULT_REPLICATION_FACTOR\n",
        "            - name: KAFKA_CONTROLLED_SHUTDOWN_ENABLE\n              value: 'false'\n            - name: KAFKA_DEFAULT_REPLICATION_FACTOR\n",
    ),
    takes("    controlled.shutdown.enable=true\n"),
    // Classes.
    adds("KS-K55", "    metric.reporters=com.example.Reporter\n"),
    adds(
        "KS-K55",
        "    metric.reporters=org.apache.kafka.common.metrics.JMXReporter\n",
    ),
    adds(
        "KS-K55",
        "    replica.selector.class=org.apache.kafka.common.replica.RackAwareSelector\n",
    ),
    takes(
        "    metric.reporters=org.apache.kafka.common.metrics.JmxReporter,io.confluent.metrics.reporter.ConfluentMetricsReporter\n",
    ),
    takes("    replica.selector.class=org.apache.kafka.common.replica.RackAwareReplicaSelector\n"),
    // Two values for one setting.
    adds("KS-K56", "    num.io.threads=16\n"),
    takes("    num.io.threads=8\n"),
    // Options.
    fault("KS-P60", "prod", EXPORTER, "--kafka.version=", "--kafka-version="),
    fault("KS-P60", "prod", EXPORTER, "--kafka.version=", "--bootstrap-server="),
    fault("KS-P60", "apache", "", "--kafka.version=3.9.0", "--sasl.enable"),
    sound("apache", "", "--kafka.version=3.9.0", "--no-offset.show-all"),
    sound("apache", "", "--kafka.version=3.9.0", "--log.level=warn"),
    fault("KS-P60", "prod", PODS, "--ignore-formatted", "--ignore-formated"),
    fault("KS-P60", "apache", "", "--ignore-formatted", "--skip-formatted"),
    sound("prod", PODS, "--ignore-formatted", "--ignore-format"),
    sound("prod", PODS, "--ignore-formatted", "-g"),
    fault("KS-P60", "confluent", "", AGENT, "jmx_prometheus_javaagent-0.18.0.jar"),
    fault(
        "KS-P60",
        "confluent",
        "",
        AGENT,
        "jmx_prometheus_javaagent-0.18.0.jar=localhost:/etc/agent/rules.yaml",
    ),
    fault(
        "KS-P60",
        "confluent",
        "",
        AGENT,
        "jmx_prometheus_javaagent-0.18.0.jar=5556,/etc/agent/rules.yaml",
    ),
    sound(
        "confluent",
        "",
        AGENT,
        "jmx_prometheus_javaagent-0.18.0.jar=0.0.0.0:5556:/etc/agent/rules.yaml",
    ),
    // The file of an agent.
    fault(
        "KS-P41",
        "confluent",
        "",
        "-javaagent:/usr/share/java/cp-base-new/",
        "-javaagent:/opt/jmx/",
    ),
    fault(
        "KS-P41",
        "prod",
        PODS,
        "-javaagent:${agent[0]}=",
        "-javaagent:/opt/agent.jar=",
    ),
    // Fields of monitors.
    fault("KS-A05", "prod", MONITOR, "scrapeTimeout:", "scrapeTimeOut:"),
    fault("KS-A05", "prod", MONITOR, "scrapeTimeout:", "scrape_timeout:"),
    fault("KS-A05", "prod", MONITOR, "podMetricsEndpoints:", "endpoints:"),
    fault("KS-A05", "prod", MONITOR, "targetLabel: job", "targetlabel: job"),
    fault(
        "KS-A05",
        "prod",
        MONITOR,
        "  selector:\n",
        "  namespaceSelectors: {}\n  selector:\n",
    ),
    sound(
        "prod",
        MONITOR,
        "    scrapeTimeout:",
        "    honorLabels: false\n    scrapeTimeout:",
    ),
    sound("prod", MONITOR, "  selector:\n", "  somethingNewer: 1\n  selector:\n"),
    // Topics that a command creates.
    created("KS-D01", "--replication-factor 3", "--replication-factor 5"),
    created("KS-D03", "min.insync.replicas=2 \\", "min.insync.replicas=3 \\"),
    created("KS-D04", "--replication-factor 3", "--replication-factor=1"),
    created(
        "KS-T30",
        "--config min.insync.replicas=2",
        "--config min.insync.replica=2",
    ),
    created(
        "KS-T33",
        "--config min.insync.replicas=2",
        "--config cleanup.policy=compacted",
    ),
    created("KS-T16", "--partitions 6", "--partitions 0"),
    created("KS-T01", "--topic payments", "--topic pay/ments"),
    created("KS-P60", "--replication-factor 3", "--replicaton-factor 3"),
    sound("apache", "", "--topic payments", "--topic \"${TOPIC:-payments}\""),
    sound(
        "apache",
        "",
        "--replication-factor 3",
        "--replication-factor ${COPIES:-3}",
    ),
    created("KS-D03", "--replication-factor 3", "--replication-factor=2"),
    sound("apache", "", "--replication-factor 3", "--replication-factor=3"),
    created("KS-T01", "--topic payments", "--topic 'pay ments'"),
    created("KS-T15", CREATED, CREATED_ON_FEWER),
    sound("apache", "", CREATED, CREATED_AGAIN),
    // Loops that wait for a Service.
    waits(
        "KS-P16",
        "timeout 1 bash -c '</dev/tcp/controllers.events.svc.cluster.local/9093'",
    ),
    waits(
        "KS-P56",
        "timeout 1 bash -c '</dev/tcp/controller.events.svc.cluster.local/9094'",
    ),
    waits("KS-P16", "nc -z -w 2 controllers.events 9093 >/dev/null 2>&1"),
    waits("KS-P56", "nc -z controller.events.svc 9094"),
    waits("KS-P16", "nslookup controllers.events.svc"),
    waits("KS-P16", "getent hosts controllers"),
    sound("apache", "", WAIT, "nc -z -w 2 controller.events 9093 >/dev/null 2>&1"),
    sound("apache", "", WAIT, "nslookup controller.events.svc.cluster.local"),
    sound("apache", "", WAIT, "getent hosts controller"),
    sound("apache", "", WAIT, "nslookup kubernetes.default"),
    sound("apache", "", WAIT, "nc -z 10.0.0.1 9093"),
    // Replicas that may share a node.
    fault("KS-A47", "strimzi", "", "maxSkew: 1", "maxSkew: 2"),
    fault(
        "KS-A47",
        "strimzi",
        "",
        "          matchLabelKeys: [pod-template-hash]\n",
        "",
    ),
    fault(
        "KS-A47",
        "confluent",
        "",
        "maxSkew: 1\n",
        "maxSkew: 1\n          nodeTaintsPolicy: Honor\n",
    ),
    fault(
        "KS-A47",
        "confluent",
        "",
        "        - topologyKey: kubernetes.io/hostname\n          maxSkew",
        "        - topologyKey: topology.kubernetes.io/region\n          maxSkew",
    ),
    fault(
        "KS-A47",
        "apache",
        "",
        "            - topologyKey: kubernetes.io/hostname\n",
        "            - topologyKey: kubernetes.io/hostname\n              namespaces: [elsewhere]\n",
    ),
    fault(
        "KS-A47",
        "apache",
        "",
        "      affinity:\n",
        "      nodeName: big\n      affinity:\n",
    ),
    fault(
        "KS-A47",
        "apache",
        "",
        "      affinity:\n",
        "      nodeSelector: {kubernetes.io/hostname: big}\n      affinity:\n",
    ),
    sound(
        "confluent",
        "",
        "        - topologyKey: kubernetes.io/hostname\n          maxSkew",
        "        - topologyKey: topology.kubernetes.io/zone\n          maxSkew",
    ),
    sound(
        "apache",
        "",
        "            - topologyKey: kubernetes.io/hostname\n",
        "            - topologyKey: kubernetes.io/hostname\n              namespaces: [events]\n",
    ),
    // All pods on one node.
    fault(
        "KS-A40",
        "confluent",
        "",
        "        podAntiAffinity:\n",
        "        podAffinity:\n",
    ),
    // Names that the pod itself knows.
    fault(
        "KS-P16",
        "apache",
        "",
        "--kafka.server=broker.events.svc",
        "--kafka.server=brokers.events.svc",
    ),
    sound("apache", "", ARGUMENTS, ALIASED),
];

const WAIT: &str = "timeout 1 bash -c '</dev/tcp/controller.events.svc.cluster.local/9093'";

/// A loop that waits for what is not there.
const fn waits(rule: &'static str, command: &'static str) -> Edit {
    fault(rule, "apache", "", WAIT, command)
}

const CREATED: &str = "              /opt/kafka/bin/kafka-configs.sh $cluster";
const CREATED_ON_FEWER: &str = "              /opt/kafka/bin/kafka-topics.sh --bootstrap-server broker.events.svc.cluster.local:9092 --create --if-not-exists --topic payments --partitions 3 --replication-factor 3 --config min.insync.replicas=2 --config retention.ms=604800000
              /opt/kafka/bin/kafka-configs.sh $cluster";
const CREATED_AGAIN: &str = "              /opt/kafka/bin/kafka-topics.sh --bootstrap-server broker.events.svc.cluster.local:9092 --create --if-not-exists --topic payments --partitions 6 --replication-factor 3 --config min.insync.replicas=2 --config retention.ms=604800000
              /opt/kafka/bin/kafka-configs.sh $cluster";

const ARGUMENTS: &str = "      containers:
        - name: exporter
          image: danielqsj/kafka-exporter:v1.9.0
          args:
            - --kafka.server=broker.events";

const ALIASED: &str = "      hostAliases:
        - ip: 10.0.0.1
          hostnames:
            - brokers.events.svc.cluster.local
      containers:
        - name: exporter
          image: danielqsj/kafka-exporter:v1.9.0
          args:
            - --kafka.server=brokers.events";
