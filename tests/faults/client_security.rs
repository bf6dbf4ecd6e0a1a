//! Clients that speak, and that do not speak, as the listener does that they dial.

use std::collections::BTreeMap;

use kafka_stacks::prelude::Platform;

use super::all_said_about;

/// Of a listener `CLIENT` with TLS and a login.
const SASL: [(&str, &str); 2] = [
    (
        "listeners=PLAINTEXT://:9092\n    advertised.listeners=PLAINTEXT://",
        "listeners=CLIENT://:9092\n    advertised.listeners=CLIENT://",
    ),
    (
        "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name=CLIENT\n    listener.security.protocol.map=CLIENT:SASL_SSL,CONTROLLER:PLAINTEXT\n    \
         sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN\n    sasl.mechanism.inter.broker.protocol=PLAIN\n    \
         ssl.keystore.location=/var/lib/kafka/data/key.p12\n    \
         listener.name.client.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required;\n    \
         listener.name.client.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;",
    ),
];

/// Of one that asks for certificates.
const MUTUAL: [(&str, &str); 2] = [
    SASL[0],
    (
        SASL[1].0,
        "inter.broker.listener.name=CLIENT\n    listener.security.protocol.map=CLIENT:SSL,CONTROLLER:PLAINTEXT\n    \
         ssl.client.auth=required\n    ssl.keystore.location=/var/lib/kafka/data/key.p12",
    ),
];

/// What is found of the producer and the consumer of the layout `apache`, which say this each of their security.
fn found(listener: &[(&'static str, &'static str)], says: &str) -> Vec<String> {
    let clients = ["acks=all", "isolation.level=read_committed"];
    let told: Vec<(&str, String)> = clients.map(|line| (line, format!("{line}\n    {says}"))).into();
    let mut edits: Vec<(&str, &str)> = listener.to_vec();
    edits.extend(told.iter().map(|(from, to)| (*from, to.as_str())));
    let said = all_said_about("apache", &edits, "", Platform::default());
    said.into_iter()
        .filter(|said| said.rule == "KS-X24" && said.place.starts_with("ConfigMap"))
        .map(|said| format!("{}; {}", said.message, said.hint))
        .collect()
}

fn twice(text: &str) -> Vec<String> {
    vec![text.to_owned(), text.to_owned()]
}

const SCRAM: &str = "sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username=\"a\" password=\"${dir:/identity:password}\";";
const PLAIN: &str = "sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username=\"a\" password=\"${dir:/identity:password}\";";

#[test]
fn a_client_that_speaks_as_its_listener_is_sound() {
    let scram = format!("security.protocol=SASL_SSL\n    sasl.mechanism=SCRAM-SHA-512\n    {SCRAM}");
    let plain = format!("security.protocol=sasl_ssl\n    sasl.mechanism=PLAIN\n    {PLAIN}");
    let own = "security.protocol=SASL_SSL\n    sasl.mechanism=PLAIN\n    sasl.jaas.config=com.example.Login required;";
    let hidden = "security.protocol=${env:PROTOCOL}";
    let partly = "security.protocol=SASL_SSL\n    sasl.mechanism=${env:MECHANISM}";
    let filled_in = "security.protocol=__PROTOCOL__";
    // The JDK's own client of PLAIN takes what any login knows.
    let any = format!("security.protocol=SASL_SSL\n    sasl.mechanism=PLAIN\n    {SCRAM}");
    for says in [
        scram.as_str(),
        plain.as_str(),
        own,
        hidden,
        partly,
        filled_in,
        any.as_str(),
    ] {
        assert!(found(&SASL, says).is_empty(), "{says}");
    }
    let certificate = "security.protocol=SSL\n    ssl.keystore.location=/identity/key.p12";
    assert!(found(&MUTUAL, certificate).is_empty());
    // librdkafka's own names.
    let python = "security.protocol=SASL_SSL\n    sasl.mechanisms=PLAIN\n    sasl.username=a";
    assert!(found(&SASL, python).is_empty());
    let python = "security.protocol=SSL\n    ssl.ca.location=/tls/ca.crt\n    ssl.certificate.location=/tls/tls.crt";
    assert!(found(&MUTUAL, python).is_empty());
    assert!(found(&[], "client.id=a").is_empty());
    assert!(found(&[], "security.protocol=PLAINTEXT").is_empty());
}

#[test]
fn a_client_with_another_protocol_is_found() {
    let open = "it speaks `PLAINTEXT` to listener `CLIENT`, which takes `SASL_SSL`: it never connects; \
                set `security.protocol=SASL_SSL`, `sasl.mechanism=SCRAM-SHA-512` and `sasl.jaas.config`";
    assert_eq!(found(&SASL, "client.id=a"), twice(open));
    let tls = "it speaks `SSL` to listener `PLAINTEXT`: it never connects; set `security.protocol=PLAINTEXT`";
    assert_eq!(found(&[], "security.protocol=SSL"), twice(tls));
    let none = "`SASL_TLS` is no security protocol: it does not start; set `security.protocol=SASL_SSL`";
    assert_eq!(found(&SASL, "security.protocol=SASL_TLS"), twice(none));
    // In a file of Java the name is another one.
    let other = "security.protocol=SASL_SSL\n    sasl.mechanisms=PLAIN";
    assert_eq!(found(&SASL, other).len(), 2);
}

#[test]
fn a_client_with_another_mechanism_or_login_is_found() {
    let kerberos = "it logs in by `GSSAPI` at listener `CLIENT`, which takes `SCRAM-SHA-512`, `PLAIN`: it never connects; \
                    set `sasl.mechanism=SCRAM-SHA-512`";
    assert_eq!(found(&SASL, "security.protocol=SASL_SSL"), twice(kerberos));
    let login = "`PlainLoginModule` is not for the mechanism `SCRAM-SHA-512`: it never connects; \
                 set the class of `sasl.jaas.config` to `org.apache.kafka.common.security.scram.ScramLoginModule`";
    let says = format!("security.protocol=SASL_SSL\n    sasl.mechanism=SCRAM-SHA-512\n    {PLAIN}");
    assert_eq!(found(&SASL, &says), twice(login));
}

#[test]
fn a_client_without_the_certificate_that_its_listener_requires_is_found() {
    let none = "it has no certificate of its own, and listener `CLIENT` requires one: it never connects; \
                set `ssl.keystore.…`: a key store and its password, or `PEM` with a certificate and its key";
    assert_eq!(found(&MUTUAL, "security.protocol=SSL"), twice(none));
    assert_eq!(
        found(&MUTUAL, "security.protocol=SSL\n    ssl.keystore.location="),
        twice(none)
    );
}

#[test]
fn a_client_is_told_of_the_listener_that_fits_it() {
    let edits = [
        (
            "listeners=PLAINTEXT://:9092\n    advertised.listeners=PLAINTEXT://",
            "listeners=SECURE://:9094,PLAINTEXT://:9092\n    advertised.listeners=SECURE://${env:POD_NAME}.broker.events.svc.cluster.local:9094,PLAINTEXT://",
        ),
        (
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,",
            "ssl.keystore.location=/var/lib/kafka/data/key.p12\n    listener.security.protocol.map=SECURE:SSL,PLAINTEXT:PLAINTEXT,",
        ),
    ];
    let fits = "it speaks `SSL` to listener `PLAINTEXT`: it never connects; \
                dial port 9094 of the pods: listener `SECURE` takes it";
    assert_eq!(found(&edits, "security.protocol=SSL"), twice(fits));
}

#[test]
fn a_listener_that_asks_clients_for_nothing_is_found_beside_an_authorizer() {
    const OWN: &str = "org.apache.kafka.metadata.authorizer.StandardAuthorizer";
    let edits = |authorizer: &str, more: &str| {
        let map = format!(
            "inter.broker.listener.name=REPLICATION\n    ssl.keystore.location=/var/lib/kafka/data/key.p12\n    {more}\n    \
             authorizer.class.name={authorizer}\n    listener.name.replication.ssl.client.auth=required\n    super.users=User:CN=broker\n    \
             listener.security.protocol.map=CLIENT:SSL,REPLICATION:SSL,CONTROLLER:SSL"
        );
        let listeners = [
            (
                "listeners=PLAINTEXT://:9092\n    advertised.listeners=PLAINTEXT://",
                "listeners=REPLICATION://:9091,CLIENT://:9092\n    advertised.listeners=REPLICATION://${env:POD_NAME}.broker.events.svc.cluster.local:9091,CLIENT://",
            ),
            (SASL[1].0, map.as_str()),
        ];
        let said = all_said_about("apache", &listeners, "", Platform::default());
        let told = said.into_iter().filter(|said| said.rule == "KS-K48");
        told.map(|said| said.message).collect::<Vec<String>>()
    };
    let refused = "clients are `User:ANONYMOUS` on listener `CLIENT`, which asks them for nothing, so the authorizer refuses all that they ask for";
    assert_eq!(edits(OWN, "num.io.threads=8"), [refused]);
    assert!(edits(OWN, "listener.name.client.ssl.client.auth=required").is_empty());
    assert!(edits("org.openpolicyagent.kafka.OpaAuthorizer", "num.io.threads=8").is_empty());
}

#[test]
fn the_connectors_of_a_worker_may_write_to_another_cluster() {
    let worker = "producer.bootstrap.servers=kafka.example.com:9093\n    producer.security.protocol=SSL\n    group.id=voicecore-connect-cluster";
    let said = all_said_about(
        "prod",
        &[("group.id=voicecore-connect-cluster", worker)],
        "",
        Platform::default(),
    );
    assert!(said.iter().all(|said| said.rule != "KS-X24"), "{said:?}");
}

#[test]
fn workers_and_registries_are_clients_too() {
    let listener = ("CLIENT:PLAINTEXT,", "CLIENT:SASL_PLAINTEXT,");
    let said = all_said_about("prod", &[listener], "", Platform::default());
    let told = said.into_iter().filter(|said| said.rule == "KS-X24");
    let told = told.map(|said| (said.place.split(',').next().unwrap_or_default().to_owned(), said.hint));
    let hints: BTreeMap<String, String> = told.collect();
    assert_eq!(
        hints["ConfigMap kafka-connect"],
        "set `security.protocol=SASL_PLAINTEXT` and `sasl.jaas.config`"
    );
    assert_eq!(
        hints["ConfigMap schema-registry"],
        "set `kafkastore.security.protocol=SASL_PLAINTEXT` and `kafkastore.sasl.jaas.config`"
    );
    assert_eq!(
        hints["ConfigMap billing-kafka"],
        "set `security.protocol=SASL_PLAINTEXT` and `sasl.jaas.config`"
    );
}

/// What is found of a Job with this command, beside the broker of the layout `apache`.
fn of_job(listener: &[(&'static str, &'static str)], image: &str, words: &str) -> Vec<String> {
    let job = format!(
        "apiVersion: v1
kind: ConfigMap
metadata: {{name: tools, namespace: events}}
data:
  scram.properties: |
    security.protocol=SASL_SSL
    sasl.mechanism=SCRAM-SHA-512
    {SCRAM}
  tls.properties: |
    security.protocol=SSL
  half.properties: |
    security.protocol=SASL_SSL
    sasl.mechanism=PLAIN
  topics.sh: |
    kafka-topics.sh --bootstrap-server broker:9092 --command-config $1 --list
  BROKERS_OF_MAP: broker:9092
---
apiVersion: batch/v1
kind: Job
metadata: {{name: tool, namespace: events}}
spec:
  template:
    metadata: {{labels: {{app: tool}}}}
    spec:
      restartPolicy: Never
      containers:
      - name: tool
        image: {image}
        {words}
        env:
        - {{name: BROKERS, value: \"broker:9092\"}}
        - {{name: OF_MAP, valueFrom: {{configMapKeyRef: {{name: tools, key: BROKERS_OF_MAP}}}}}}
        volumeMounts: [{{name: tools, mountPath: /tools}}, {{name: secret, mountPath: /secret}}]
      volumes: [{{name: tools, configMap: {{name: tools}}}}, {{name: secret, secret: {{secretName: tools}}}}]
"
    );
    let said = all_said_about("apache", listener, &job, Platform::default());
    let told = said
        .into_iter()
        .filter(|said| said.rule == "KS-X24" && said.place.starts_with("Job tool"));
    told.map(|said| format!("{}; {}", said.message, said.hint)).collect()
}

/// The hint of the only finding, which is of a program of the Job.
fn hint(program: &str, said: &[String]) -> String {
    let [one] = said else { panic!("{said:?}") };
    let start = format!("container `tool` runs `{program}`: it ");
    assert!(one.starts_with(&start), "{one}");
    one.split("; ").last().unwrap_or_default().to_owned()
}

#[test]
fn a_tool_that_speaks_as_its_listener_is_sound() {
    for command in [
        "kafka-topics.sh --bootstrap-server broker:9092 --command-config /tools/scram.properties --list",
        "kafka-console-producer.sh --bootstrap-server broker:9092 --topic t --producer-property security.protocol=SASL_SSL --producer-property sasl.mechanism=PLAIN --producer-property sasl.jaas.config=$LOGIN",
        // What is not seen.
        "kafka-topics.sh --bootstrap-server broker:9092 --command-config /secret/tool.properties --list",
        "kafka-topics.sh --bootstrap-server broker:9092 --command-config /tmp/made.properties --list",
        "kafka-topics.sh --bootstrap-server broker:9092 --command-config $FILE --list",
        "kafka-topics.sh --bootstrap-server broker:9092 $OPTIONS --list",
        "kafka-topics.sh --bootstrap-server $ELSEWHERE --list",
        "kafka-topics.sh --bootstrap-server kafka.example.com:9092 --list",
        "kafka-topics.sh --bootstrap-server broker:9092 --list $OPTIONS",
        "kafka-topics.sh --bootstrap-server broker:9092 --if-not-exists \"${ARGS[@]}\"",
        "BROKERS=kafka.example.com:9092; kafka-topics.sh --bootstrap-server $BROKERS --list",
        "echo kafka-topics.sh --bootstrap-server broker:9092 --list",
        "bash /tools/topics.sh /tools/scram.properties",
        "export KAFKA_OPTS=-Djava.security.auth.login.config=/secret/jaas.conf; \
         kafka-topics.sh --bootstrap-server broker:9092 --command-config /tools/half.properties --list",
        "kafka-topics.sh --version",
    ] {
        let words = format!("command: [sh, -c, '{command}']");
        assert!(of_job(&SASL, "apache/kafka:4.2.2", &words).is_empty(), "{command}");
        let said = of_job(
            &[],
            "apache/kafka:4.2.2",
            "command: [kafka-topics.sh, --bootstrap-server, 'broker:9092', --list]",
        );
        assert!(said.is_empty(), "{said:?}");
    }
    let exporter = |flags: &str| format!("args: ['--kafka.server=broker:9092'{flags}]");
    let image = "danielqsj/kafka-exporter:v1.9.0";
    assert!(of_job(&[], image, &exporter("")).is_empty());
    for flags in [
        ", --sasl.enabled, --tls.enabled",
        ", --sasl.enabled, --tls.enabled, --sasl.mechanism=scram-sha512",
    ] {
        assert!(of_job(&SASL, image, &exporter(flags)).is_empty(), "{flags}");
    }
    let certificate = ", --tls.enabled, --tls.cert-file=/secret/tls.crt, --tls.key-file=/secret/tls.key";
    assert!(of_job(&MUTUAL, image, &exporter(certificate)).is_empty());
}

#[test]
fn a_tool_that_speaks_otherwise_than_its_listener_is_found() {
    let open = "container `tool` runs `kafka-topics`: it speaks `PLAINTEXT` to listener `CLIENT`, which takes `SASL_SSL`: it never connects; \
                set `security.protocol=SASL_SSL`, `sasl.mechanism=SCRAM-SHA-512` and `sasl.jaas.config` in a file of a Secret, and name it by `--command-config`";
    let job = |command: &str| of_job(&SASL, "apache/kafka:4.2.2", &format!("command: [sh, -c, '{command}']"));
    let first =
        "until timeout 9 /opt/kafka/bin/kafka-topics.sh --bootstrap-server=broker:9092 --list; do sleep 1; done";
    for command in [
        first,
        "kafka-topics --list --bootstrap-server $BROKERS",
        "kafka-topics --list --bootstrap-server ${BROKERS} >/dev/null",
        "HOST=broker; kafka-topics --list --bootstrap-server $HOST:9092",
        "kafka-topics --list --bootstrap-server ${OTHERS:-BROKER:9092}",
        "kafka-topics --list --bootstrap-server $OF_MAP",
        "until [ $(kafka-topics.sh --bootstrap-server broker:9092 --list | wc -l) -gt 0 ]; do sleep 1; done",
        "timeout 9 bash -c \"kafka-topics.sh --bootstrap-server broker:9092 --list\"",
    ] {
        assert_eq!(job(command), [open], "{command}");
    }
    assert_eq!(
        job("kafka-acls.sh --bootstrap-server broker:9092 --command-config /tools/tls.properties --list"),
        [
            "container `tool` runs `kafka-acls`: it speaks `SSL` to listener `CLIENT`, which takes `SASL_SSL`: it never connects; \
          set `security.protocol=SASL_SSL`, `sasl.mechanism=SCRAM-SHA-512` and `sasl.jaas.config` in `/tools/tls.properties`, and take it from a Secret"
        ]
    );
    assert_eq!(
        job("kafka-acls.sh --bootstrap-server broker:9092 --command-config /tools/half.properties --list"),
        [
            "container `tool` runs `kafka-acls`: it has no login for the mechanism `PLAIN`: it ends with an error; \
          set `sasl.jaas.config` in `/tools/half.properties`, and take it from a Secret"
        ]
    );
    assert_eq!(
        job(
            "kafka-console-consumer.sh --bootstrap-server broker:9092 --topic t --consumer-property security.protocol=SASL_SSL"
        ),
        [
            "container `tool` runs `kafka-console-consumer`: it logs in by `GSSAPI` at listener `CLIENT`, which takes `SCRAM-SHA-512`, `PLAIN`: it never connects; \
          set `sasl.mechanism=SCRAM-SHA-512` in a file, and name it by `--consumer.config`"
        ]
    );
}

#[test]
fn kcat_is_a_client_with_names_of_its_own() {
    let job = |listener: &[(&'static str, &'static str)], command: &str| {
        of_job(
            listener,
            "edenhill/kcat:1.7.1",
            &format!("command: [sh, -c, '{command}']"),
        )
    };
    for (listener, command) in [
        (
            &SASL,
            "kcat -b broker:9092 -X security.protocol=sasl_ssl -X sasl.mechanisms=PLAIN -L",
        ),
        (
            &SASL,
            "kcat -b broker:9092 -Xsecurity.protocol=SASL_SSL,sasl.mechanism=SCRAM-SHA-512 -L",
        ),
        (
            &MUTUAL,
            "kcat -b broker:9092 -X security.protocol=ssl -X ssl.certificate.location=/secret/tls.crt -L",
        ),
        // What is not seen.
        (&SASL, "kcat -F /secret/kcat.conf -b broker:9092 -L"),
        (&SASL, "kcat -b broker:9092 $OPTIONS -L"),
        (&SASL, "kcat -b kafka.example.com:9092 -L"),
        (&SASL, "kcat -V"),
    ] {
        assert!(job(listener, command).is_empty(), "{command}");
    }
    let told = |listener: &[(&'static str, &'static str)], command: &str| hint("kcat", &job(listener, command));
    let open = "add `-X security.protocol=SASL_SSL` and `-X sasl.mechanism=SCRAM-SHA-512`";
    assert_eq!(told(&SASL, "kafkacat -L -b broker:9092 | grep topic"), open);
    assert_eq!(told(&SASL, "while ! kcat -b $BROKERS -L; do sleep 1; done"), open);
    assert_eq!(
        told(&SASL, "kcat -b broker:9092 -X security.protocol=SASL_SSL -L"),
        "add `-X sasl.mechanism=SCRAM-SHA-512`"
    );
    assert_eq!(
        told(&MUTUAL, "kcat -b broker:9092 -X security.protocol=ssl -L"),
        "add `-X ssl.certificate.location=…` and `-X ssl.key.location=…`"
    );
    let arguments = of_job(&SASL, "edenhill/kcat:1.7.1", "args: [-b, 'broker:9092', -L]");
    assert_eq!(arguments.len(), 1, "{arguments:?}");
}

#[test]
fn flags_of_the_exporter_that_its_listener_does_not_take_are_found() {
    let image = "danielqsj/kafka-exporter:v1.9.0";
    let told = |listener: &[(&'static str, &'static str)], flags: &str| {
        let args = format!("args: ['--kafka.server=broker:9092'{flags}]");
        hint("kafka_exporter", &of_job(listener, image, &args))
    };
    assert_eq!(told(&SASL, ""), "add `--sasl.enabled`, add `--tls.enabled`");
    assert_eq!(told(&SASL, ", --tls.enabled"), "add `--sasl.enabled`");
    assert_eq!(told(&[], ", --tls.enabled=true"), "leave `--tls.enabled` out");
    assert_eq!(
        told(&SASL, ", --tls.enabled, --sasl.enabled, --sasl.mechanism=scram-sha256"),
        "set `--sasl.mechanism` to one of these, as `scram-sha512`"
    );
    assert_eq!(
        told(&SASL, ", --tls.enabled, --sasl.enabled, --sasl.mechanism=SCRAM-SHA-512"),
        "write `--sasl.mechanism=scram-sha512`"
    );
    assert_eq!(
        told(&MUTUAL, ", --tls.enabled"),
        "set `--tls.cert-file` and `--tls.key-file`"
    );
}

#[test]
fn a_probe_that_dials_its_own_pod_is_a_client_too() {
    let probe = |address: &str| {
        let edit = format!(
            "            exec:
              command: [/opt/kafka/bin/kafka-broker-api-versions.sh, --bootstrap-server, '{address}']
            timeoutSeconds: 15"
        );
        let edits = [
            SASL[0],
            SASL[1],
            (
                "            tcpSocket:\n              port: client\n            timeoutSeconds: 5",
                edit.as_str(),
            ),
        ];
        let said = all_said_about("apache", &edits, "", Platform::default());
        let told = said
            .into_iter()
            .filter(|said| said.rule == "KS-X24" && said.place.starts_with("StatefulSet broker"));
        told.map(|said| said.message).collect::<Vec<_>>()
    };
    let closed = "container `broker` runs `kafka-broker-api-versions`: it speaks `PLAINTEXT` to listener `CLIENT`, which takes `SASL_SSL`: it never connects";
    assert_eq!(probe("localhost:9092"), [closed]);
    assert_eq!(probe("127.0.0.1:9092"), [closed]);
    assert!(probe("localhost:9999").is_empty());
}

#[test]
fn a_mirror_maker_is_a_client_of_each_of_its_clusters() {
    let told = |settings: &str| {
        let map = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: mirror, namespace: events}}\ndata:\n  mm2.properties: |\n    \
             clusters = here, there\n    here->there.enabled=true\n    here.bootstrap.servers=broker:9092\n    \
             there.bootstrap.servers=kafka.example.com:9092\n    {settings}\n"
        );
        let said = all_said_about("apache", &SASL, &map, Platform::default());
        let told = said
            .into_iter()
            .filter(|said| said.rule == "KS-X24" && said.place.starts_with("ConfigMap mirror"));
        told.map(|said| format!("{}; {}", said.message, said.hint))
            .collect::<Vec<_>>()
    };
    let open = "it speaks `PLAINTEXT` to listener `CLIENT`, which takes `SASL_SSL`: it never connects; \
                set `here.security.protocol=SASL_SSL`, `here.sasl.mechanism=SCRAM-SHA-512` and `here.sasl.jaas.config`";
    assert_eq!(told("there.security.protocol=SASL_SSL"), [open]);
    let kerberos = "it logs in by `GSSAPI` at listener `CLIENT`, which takes `SCRAM-SHA-512`, `PLAIN`: it never connects; \
                    set `here.sasl.mechanism=SCRAM-SHA-512`";
    assert_eq!(told("here.security.protocol=SASL_SSL"), [kerberos]);
    let sound = format!("here.security.protocol=SASL_SSL\n    here.sasl.mechanism=SCRAM-SHA-512\n    here.{SCRAM}");
    assert!(told(&sound).is_empty());
    // What all clusters say together.
    let sound = format!("security.protocol=SASL_SSL\n    sasl.mechanism=SCRAM-SHA-512\n    {SCRAM}");
    assert!(told(&sound).is_empty());
}

#[test]
fn a_hint_names_a_variable_where_settings_are_variables() {
    let registry = |variables: &str| {
        let deployment = format!(
            "apiVersion: apps/v1
kind: Deployment
metadata: {{name: registry, namespace: events}}
spec:
  selector: {{matchLabels: {{app: registry}}}}
  template:
    metadata: {{labels: {{app: registry}}}}
    spec:
      containers:
      - name: registry
        image: confluentinc/cp-schema-registry:8.2.2
        env: [{{name: SCHEMA_REGISTRY_HOST_NAME, value: registry}}, {variables}]
"
        );
        let said = all_said_about("apache", &SASL, &deployment, Platform::default());
        let told = said
            .into_iter()
            .filter(|said| ["KS-X24", "KS-R10"].contains(&said.rule));
        let told = told.filter(|said| said.place.starts_with("Deployment registry"));
        told.map(|said| format!("{} {}", said.rule, said.hint))
            .collect::<Vec<_>>()
    };
    let servers = |list: &str| format!("{{name: SCHEMA_REGISTRY_KAFKASTORE_BOOTSTRAP_SERVERS, value: '{list}'}}");
    let protocol =
        |protocol: &str| format!(", {{name: SCHEMA_REGISTRY_KAFKASTORE_SECURITY_PROTOCOL, value: {protocol}}}");
    assert_eq!(
        registry(&servers("broker:9092")),
        [
            "KS-X24 set `SCHEMA_REGISTRY_KAFKASTORE_SECURITY_PROTOCOL=SASL_SSL`, `SCHEMA_REGISTRY_KAFKASTORE_SASL_MECHANISM=SCRAM-SHA-512` \
          and `SCHEMA_REGISTRY_KAFKASTORE_SASL_JAAS_CONFIG`"
        ]
    );
    assert_eq!(
        registry(&(servers("SASL_SSL://broker:9092") + &protocol("SASL_SSL"))),
        ["KS-X24 set `SCHEMA_REGISTRY_KAFKASTORE_SASL_MECHANISM=SCRAM-SHA-512`"]
    );
    // It does not start, so nothing is said of what it would have dialled.
    assert_eq!(
        registry(&servers("SASL_SSL://broker:9092")),
        [
            "KS-R10 set `SCHEMA_REGISTRY_KAFKASTORE_SECURITY_PROTOCOL=SASL_SSL`, or write `PLAINTEXT://` before each server"
        ]
    );
    assert_eq!(
        registry(&(servers("SASL_SSL://broker:9092") + &protocol("SSL"))),
        ["KS-R10 write `SSL://` before each server, or set `SCHEMA_REGISTRY_KAFKASTORE_SECURITY_PROTOCOL`"]
    );
}

#[test]
fn brokers_that_may_log_in_at_zookeeper_are_someone_there() {
    let said = |variable: &str, settings: &str| {
        let settings = format!(
            "authorizer.class.name=kafka.security.authorizer.AclAuthorizer\n    super.users=User:ANONYMOUS\n    {settings}zookeeper.connect="
        );
        let variable = format!("{variable}        - name: LOG_DIR");
        let edits = [
            ("zookeeper.connect=", settings.as_str()),
            ("        - name: LOG_DIR", variable.as_str()),
        ];
        let said = all_said_about("prod-zookeeper", &edits, "", Platform::default());
        let told = said.into_iter().filter(|said| said.rule == "KS-X21");
        told.map(|said| said.message).collect::<Vec<String>>()
    };
    let own = |value: &str| format!("        - name: JAVA_TOOL_OPTIONS\n          {value}\n");
    let login = own("value: -Djava.security.auth.login.config=/identity/jaas.conf");
    let other = own("value: -Djava.security.auth.login.config=/identity/jaas.conf -Dzookeeper.sasl.client=false");
    let secret = own("valueFrom:\n            secretKeyRef:\n              name: login\n              key: options");
    let nobody = "users and permissions are in a ZooKeeper to which the brokers connect in plaintext and as no one: who reaches it may change them";
    let no_owner = "what the brokers write to ZooKeeper has no owner: whoever gets a session there may change users and permissions";
    assert_eq!(said("", "zookeeper.set.acl=true\n    "), [nobody]);
    assert_eq!(said(&login, ""), [no_owner]);
    assert_eq!(said(&secret, ""), [no_owner]);
    assert!(said(&login, "zookeeper.set.acl=true\n    ").is_empty());
    assert!(said(&secret, "zookeeper.set.acl=true\n    ").is_empty());
    // Such a file is for listeners alone.
    assert_eq!(said(&other, "zookeeper.set.acl=true\n    "), [nobody]);
}
