//! Faults in the shapes of published charts: files that an init container copies, scripts that start the entrypoint, lists of servers as
//! other images write them.

use super::{Edit, fault, hold, sound};

const FILES: &str = "bitnami-files";

#[test]
fn a_file_that_an_init_container_copies_is_judged() {
    let edits: [Edit; 25] = [
        fault("KS-D03", FILES, "", "min.insync.replicas=2", "min.insync.replicas=3"),
        fault(
            "KS-D04",
            FILES,
            "",
            "offsets.topic.replication.factor=3",
            "offsets.topic.replication.factor=1",
        ),
        fault(
            "KS-D01",
            FILES,
            "",
            "default.replication.factor=3",
            "default.replication.factor=5",
        ),
        fault(
            "KS-D05",
            FILES,
            "",
            "min.insync.replicas=2",
            "unclean.leader.election.enable=true",
        ),
        fault("KS-P20", FILES, "", "auto.create.topics.enable=false", ""),
        fault(
            "KS-K41",
            FILES,
            "",
            "listeners=CLIENT://:9092",
            "listeners=CLIENT://:9094",
        ),
        fault("KS-K40", FILES, "", "map=CLIENT:", "map=CLENT:"),
        fault("KS-K42", FILES, "", "name=INTERNAL", "name=INTERN"),
        fault("KS-K43", FILES, "", "names=CONTROLLER", "names=CTRL"),
        fault(
            "KS-P55",
            FILES,
            "",
            "svc.cluster.local:9093,1@",
            "svc.cluster.local:9092,1@",
        ),
        fault("KS-P17", FILES, "", "2@my-kafka", "1@my-kafka"),
        fault("KS-P03", FILES, "", "log.dir=/bitnami/kafka/data", "log.dir=/tmp/logs"),
        fault("KS-K33", FILES, "", "controller,broker", "controler,broker"),
        fault(
            "KS-K46",
            FILES,
            "",
            "inter.broker.protocol=PLAIN",
            "inter.broker.protocol=GSSAPI",
        ),
        fault("KS-K30", FILES, "", "min.insync.replicas=2", "min.insync.replica=2"),
        fault("KS-S08", FILES, "", "password-placeholder-0", "opensesame"),
        fault("KS-A42", FILES, "", "        - port: 9093\n", ""),
        fault(
            "KS-P51",
            FILES,
            "",
            "            - \"5556\"\n",
            "            - \"5557\"\n",
        ),
        fault(
            "KS-P05",
            FILES,
            "",
            "            exec:\n              command:\n                - pgrep\n                - -f\n                - kafka\n",
            "            tcpSocket:\n              port: client\n",
        ),
        // What the script adds is not missing.
        sound(FILES, "", "    #node.id=\n", ""),
        sound(FILES, "", "    #logs.dir=", "    logs.dir="),
        sound(
            FILES,
            "",
            "name: my-kafka-controller-headless\n  namespace: \"default\"",
            "name: my-kafka-controller-headless",
        ),
        sound(
            FILES,
            "",
            "jmx_prometheus_standalone.jar",
            "jmx_prometheus_httpserver.jar",
        ),
        sound(
            FILES,
            "",
            "password=\"controller-password-placeholder\"",
            "password=\"${env:P}\"",
        ),
        sound(
            FILES,
            "",
            "- pgrep\n                - -f\n                - kafka",
            "- sh\n                - -c\n                - kill -0 1",
        ),
    ];
    hold(&edits);
}

const SERVERS: &str = "zookeepers";

#[test]
fn lists_of_servers_are_read_as_each_image_writes_them() {
    let edits: [Edit; 13] = [
        fault(
            "KS-X25",
            SERVERS,
            "",
            "{name: ZOO_LISTEN_ALLIPS_ENABLED, value: \"no\"}",
            "{name: ZOO_CFG_EXTRA, value: \"syncLimit=5 4lw.commands.whitelist=* initLimit=10\"}",
        ),
        sound(
            SERVERS,
            "",
            "{name: ZOO_LISTEN_ALLIPS_ENABLED, value: \"no\"}",
            "{name: SERVER_JVMFLAGS, value: \"-Dzookeeper.admin.serverAddress=127.0.0.1\"}\n            - {name: ZOO_ENABLE_ADMIN_SERVER, value: \"yes\"}",
        ),
        fault("KS-X25", SERVERS, "", "value: \"srvr, mntr, ruok\"", "value: \"*\""),
        fault(
            "KS-X25",
            SERVERS,
            "",
            "{name: ZOO_LISTEN_ALLIPS_ENABLED, value: \"no\"}",
            "{name: ZOO_ENABLE_ADMIN_SERVER, value: \"yes\"}",
        ),
        fault(
            "KS-X25",
            SERVERS,
            "",
            "value: \"-Xms512M -Xmx512M\"",
            "value: \"-Xms512M -Xmx512M -Dzookeeper.4lw.commands.whitelist=stat,wchp\"",
        ),
        // The official image's form: the port of the clients after a server.
        sound(SERVERS, "", "2888:3888::3 ", "2888:3888;2181"),
        fault(
            "KS-P17",
            SERVERS,
            "",
            "my-zookeeper-2.my-zookeeper-headless",
            "my-zookeeper-3.my-zookeeper-headless",
        ),
        fault(
            "KS-P17",
            SERVERS,
            "",
            "my-cp-zookeeper-2.my-cp",
            "my-cp-zookeeper-3.my-cp",
        ),
        fault(
            "KS-P17",
            SERVERS,
            "",
            ";my-cp-zookeeper-2.my-cp-zookeeper-headless.default:2888:3888",
            "",
        ),
        fault(
            "KS-A23",
            SERVERS,
            "",
            "- port: 2888\n      name: server",
            "- port: 2889\n      name: server",
        ),
        sound(
            SERVERS,
            "",
            "publishNotReadyAddresses: true",
            "publishNotReadyAddresses: false",
        ),
        sound(
            SERVERS,
            "",
            "headless.default:2888:3888;my-cp",
            "headless.other:2888:3888;my-cp",
        ),
        sound(
            SERVERS,
            "",
            "- port: 3888\n      name: leader-election",
            "- port: 3888\n      name: election",
        ),
    ];
    hold(&edits);
}

const STRIMZI: &str = "strimzi";

/// Its image has no entrypoint: variables make no settings, and a command begins in Kafka's folder.
#[test]
fn an_image_that_strimzi_built_is_judged_without_its_operator() {
    let edits: [Edit; 17] = [
        fault("KS-D03", STRIMZI, "", "min.insync.replicas=2", "min.insync.replicas=3"),
        fault("KS-K30", STRIMZI, "", "min.insync.replicas=2", "min.insync.replica=2"),
        fault("KS-K33", STRIMZI, "", "broker,controller", "broker,controler"),
        fault("KS-K41", STRIMZI, "", "//0.0.0.0:9092", "//0.0.0.0:9091"),
        fault("KS-K40", STRIMZI, "", "map=CONTROLPLANE-9090:", "map=CONTROL-9090:"),
        fault("KS-K42", STRIMZI, "", "name=REPLICATION-9091", "name=REPLICATION"),
        fault("KS-P55", STRIMZI, "", "svc:9090,1@", "svc:9091,1@"),
        fault("KS-P17", STRIMZI, "", "2@node-2", "1@node-2"),
        fault(
            "KS-P03",
            STRIMZI,
            "",
            "log.dirs=/var/lib/kafka/data-0/",
            "log.dirs=/tmp/",
        ),
        fault("KS-P41", STRIMZI, "", "  server.properties: |", "  server.config: |"),
        fault(
            "KS-P41",
            STRIMZI,
            "",
            "mountPath: /opt/kafka/custom-config",
            "mountPath: /opt/kafka/config",
        ),
        fault(
            "KS-P41",
            STRIMZI,
            "",
            "  connect-distributed.properties: |",
            "  connect.properties: |",
        ),
        fault("KS-C04", STRIMZI, "", "-Xms2g -Xmx2g", "-XX:MaxRAMPercentage=90"),
        fault("KS-C04", STRIMZI, "", "-Xms1g -Xmx1g", "-XX:MaxRAMPercentage=85.5"),
        fault(
            "KS-R31",
            STRIMZI,
            "",
            "group.id=audit\n",
            "group.id=audit\n    linger.ms=1\n",
        ),
        fault(
            "KS-A18",
            STRIMZI,
            "",
            "    - metadata:\n        name: data-0",
            "    - metadata:\n        name: data",
        ),
        sound(
            STRIMZI,
            "",
            "bin/kafka-server-start.sh custom",
            "bin/kafka-server-start.sh ./custom",
        ),
    ];
    hold(&edits);
}
