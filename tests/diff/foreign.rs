//! Manifests that other tools and people wrote, and texts that are not manifests.

use insta::assert_snapshot;
use kafka_stacks::diff::{Class, Flag, Report, Side, Source, diff};

use super::{compare, lines, read, texts_are_whole};

/// A text with all of these words replaced.
fn edited(text: &str, edits: &[(&str, &str)]) -> String {
    edits.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    })
}

/// What a report says: each change with its reason and commands, and the restarts.
fn told(report: &Report) -> String {
    texts_are_whole(report);
    let mut text = String::new();
    for (line, change) in lines(report).iter().zip(&report.changes) {
        text += &format!("{line}\n");
        if !change.reason.is_empty() {
            text += &format!("    {}\n", change.reason);
        }
        for command in &change.commands {
            text += &format!("      {command}\n");
        }
    }
    for restart in &report.restarts {
        text += &format!(
            "restart {}: {}; {}\n",
            restart.object.shown(),
            restart.pods.join(" "),
            restart.order
        );
    }
    text
}

/// The next version of the chart, with a values file that was edited at the same time.
#[test]
fn a_chart_like_bitnamis_is_upgraded() {
    let before = read("foreign/bitnami.yaml");
    let after = edited(
        &before,
        &[
            ("kafka-29.3.4", "kafka-30.1.8"),
            ("kafka:3.7.1-debian-12-r4", "kafka:3.8.1-debian-12-r0"),
            (
                "checksum/configuration: 6c1d0f2b7a",
                "checksum/configuration: 77ab01cd2e",
            ),
            ("log.retention.hours=168", "log.retention.hours=72"),
            (
                "-Xmx1024m -Xms1024m",
                "-XX:InitialRAMPercentage=75 -XX:MaxRAMPercentage=75",
            ),
            ("storage: 8Gi", "storage: 20Gi"),
            ("maxUnavailable: 1", "maxUnavailable: 2"),
        ],
    );
    assert_snapshot!("bitnami", told(&compare(&before, &after)));
    // The chart and nothing else: its label is in the pod template, so all pods restart.
    let report = compare(&before, &edited(&before, &[("kafka-29.3.4", "kafka-29.3.5")]));
    assert_eq!(report.class, Class::RollingRestart, "{:#?}", lines(&report));
    assert_eq!(report.restarts.len(), 1);
}

#[test]
fn a_chart_like_confluents_is_upgraded() {
    let before = read("foreign/confluent.yaml");
    let after = edited(
        &before,
        &[
            ("-0.1.0", "-0.6.1"),
            ("cp-kafka:7.4.1", "cp-kafka:7.9.2"),
            ("cp-zookeeper:7.4.1", "cp-zookeeper:7.9.2"),
            ("value: \"3.4\"", "value: \"3.9\""),
            ("replicas: 3", "replicas: 5"),
            (
                "shop-cp-zookeeper-2.shop-cp-zookeeper-headless.default:2888:3888",
                "shop-cp-zookeeper-2.shop-cp-zookeeper-headless.default:2888:3888;\
                 shop-cp-zookeeper-3.shop-cp-zookeeper-headless.default:2888:3888;\
                 shop-cp-zookeeper-4.shop-cp-zookeeper-headless.default:2888:3888",
            ),
            ("minAvailable: 2", "minAvailable: 3"),
        ],
    );
    assert_snapshot!("confluent", told(&compare(&before, &after)));
}

/// Its ZooKeeper variant over its KRaft variant, which was another folder that someone applied in its place.
#[test]
fn the_original_layout_moves_to_kraft_in_one_step() {
    let before = read("foreign/original.yaml");
    let mut documents: Vec<&str> = before.split("\n---\n").collect();
    documents.retain(|document| !document.contains("name: zookeeper,"));
    let after = edited(
        &documents.join("\n---\n"),
        &[
            (
                "    zookeeper.connect=zookeeper:2181\n",
                "    process.roles=broker,controller\n    controller.listener.names=CONTROLLER\n",
            ),
            (
                "{name: KAFKA_ZOOKEEPER_CONNECT, value: \"zookeeper:2181\"}",
                "{name: KAFKA_CONTROLLER_QUORUM_VOTERS, value: \"0@kafka-0.kafka-headless:9093,1@kafka-1.kafka-headless:9093,2@kafka-2.kafka-headless:9093\"}\n        \
                 - {name: KAFKA_PROCESS_ROLES, value: \"broker,controller\"}",
            ),
            ("KAFKA_BROKER_ID", "KAFKA_NODE_ID"),
            ("--partitions 24", "--partitions 48"),
        ],
    );
    let report = compare(&before, &after);
    assert_eq!(report.class, Class::DataLoss);
    assert_snapshot!("original", told(&report));
}

fn source(file: &str, text: &str) -> Source {
    Source {
        file: file.to_owned(),
        text: text.to_owned(),
    }
}

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\n";

const BROKEN: [(&str, &str); 6] = [
    (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\ndata:\n  a: [\n",
        "is not valid YAML",
    ),
    (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\ndata: \"\n",
        "is not valid YAML",
    ),
    (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\ndata:\n\ta: b\n",
        "is not valid YAML",
    ),
    ("kind: ConfigMap\nmetadata:\n  name: b\n", "`apiVersion` is missing"),
    ("{{- if .Values.enabled }}\n", ""),
    (
        "<<<<<<< HEAD\na: b\n=======\na: c\n>>>>>>> other\n",
        "has a merge conflict",
    ),
];

#[test]
fn what_cannot_be_read_is_told_with_its_place() {
    for (broken, message) in BROKEN {
        let text = format!("{CONFIG}---\n{broken}");
        let sides = [(text.as_str(), CONFIG), (CONFIG, text.as_str())];
        for (before, after) in sides {
            let (before, after) = Side::read_both(vec![source("f.yaml", before)], vec![source("f.yaml", after)]);
            let problems: Vec<_> = before.problems().iter().chain(after.problems()).collect();
            assert_eq!(problems.len(), 1, "{broken}: {problems:?}");
            assert!(
                problems[0].line > 4 && problems[0].message.contains(message),
                "{problems:?}"
            );
            // Never a panic, whoever looks at what could be read.
            diff(&before, &after);
        }
    }
}

/// What both sides have, byte for byte, makes no difference, a mistake included: this is said in `docs/diff.md`. Once it is edited it is told.
#[test]
fn a_mistake_that_both_sides_have_is_no_difference_until_it_is_edited() {
    let (broken, _) = BROKEN[0];
    let text = format!("{CONFIG}---\n{broken}");
    let sides =
        |before: &str, after: &str| Side::read_both(vec![source("f.yaml", before)], vec![source("f.yaml", after)]);
    let (before, after) = sides(&text, &text.replace("{a: b}", "{a: c}"));
    assert_eq!(before.problems().len() + after.problems().len(), 0);
    assert_eq!(
        lines(&diff(&before, &after)),
        ["metadata file-changed ConfigMap a data[a]"]
    );
    let (before, after) = sides(&text, &text.replace("a: [", "a: [b,"));
    assert_eq!((before.problems().len(), after.problems().len()), (1, 1));
}

#[test]
fn what_is_not_known_is_flagged_and_never_silent() {
    let strange = |size: u32| {
        format!(
            "apiVersion: example.com/v1\nkind: Reactor\nmetadata: {{name: a}}\nspec:\n  size: {size}\n  rods: [{{name: x, depth: {size}}}]\n"
        )
    };
    let report = compare(&strange(1), &strange(2));
    assert!(
        report.flags.contains(&Flag::Unknown) && report.changes.len() == 2,
        "{:#?}",
        lines(&report)
    );
    let report = compare(CONFIG, &(CONFIG.to_owned() + "---\n" + &strange(1)));
    assert!(report.flags.contains(&Flag::Unknown), "{:#?}", lines(&report));

    let doubled = CONFIG.replace("{a: b}", "{a: b, a: c}");
    let report = compare(CONFIG, &doubled);
    assert_eq!(
        lines(&report),
        [
            "metadata duplicate-key ConfigMap a +unknown",
            "metadata file-changed ConfigMap a data[a]"
        ]
    );
    let report = compare(&doubled, &doubled.replace("a: c", "a: d"));
    assert!(report.flags.contains(&Flag::Unknown), "{:#?}", lines(&report));
}

/// Twenty megabytes, in many objects and in a line of one: read, compared, and told.
#[test]
fn twenty_megabytes_are_compared() {
    const SIZE: usize = 20 << 20;
    let padding = "# ".to_owned() + &"x".repeat(1 << 16) + "\n";
    let many = |value: &str| {
        let one = |number| {
            format!(
                "{padding}apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{number}}}\ndata: {{a: {value}}}\n---\n"
            )
        };
        (0..SIZE >> 16).map(one).collect::<String>()
    };
    let before = many("b");
    let report = compare(&before, &before.replacen("a: b", "a: c", 1));
    assert_eq!(lines(&report), ["metadata file-changed ConfigMap c0 data[a]"]);
    let large = CONFIG.replace("a: b", &format!("a: {}", "x".repeat(SIZE)));
    let report = compare(CONFIG, &large);
    let rules: Vec<&str> = report.changes.iter().map(|change| change.rule).collect();
    assert_eq!(rules, ["too-large", "file-changed"]);
}

/// The id of a chart's cluster is in a Secret, and brokers that restart with another one do not start.
#[test]
fn another_cluster_id_in_a_secret_is_told_without_the_id() {
    let before = read("foreign/bitnami.yaml");
    let after = edited(
        &before,
        &[("RVo4YzB0U1JZbEZPYzFsRWEzWmtUdw==", "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQQ==")],
    );
    let report = compare(&before, &after);
    assert_eq!(
        lines(&report),
        ["manual-steps cluster-id Secret shop-kafka-kraft-cluster-id data.kraft-cluster-id +availability"]
    );
    let commands = report.changes[0].commands.join("\n");
    assert!(
        !commands.contains("RVo4") && !commands.contains("rollout"),
        "{commands}"
    );
}

/// Its next chart finds the quorum by its servers, and has no list of voters to change.
#[test]
fn controllers_of_a_dynamic_quorum_are_added_without_a_list() {
    let before = edited(
        &read("foreign/bitnami.yaml"),
        &[
            ("controller.quorum.voters=0@", "controller.quorum.bootstrap.servers="),
            (",1@", ","),
            (",2@", ","),
        ],
    );
    let report = compare(&before, &edited(&before, &[("replicas: 3", "replicas: 5")]));
    let rules: Vec<&str> = report.changes.iter().map(|change| change.rule).collect();
    assert!(rules.contains(&"controllers-count-dynamic"), "{:#?}", lines(&report));
    let said = told(&report);
    assert!(
        said.contains("add-controller") && !said.contains("quorum.voters"),
        "{said}"
    );
}

/// A hook of Helm is deleted before it is created: its template may change. Without one, or with a policy that keeps it, the API server
/// refuses the change.
#[test]
fn a_job_that_is_a_hook_runs_again() {
    let job = |annotations: &str, image: &str| {
        format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: provisioning, annotations: {{{annotations}}}}}\nspec:\n  template:\n    \
             spec: {{restartPolicy: Never, containers: [{{name: a, image: \"a:{image}\"}}]}}\n"
        )
    };
    for (annotations, class, rule) in [
        ("helm.sh/hook: post-install", Class::Metadata, "job-made-anew"),
        (
            "helm.sh/hook: post-install, helm.sh/hook-delete-policy: \"before-hook-creation,hook-succeeded\"",
            Class::Metadata,
            "job-made-anew",
        ),
        (
            "helm.sh/hook: post-install, helm.sh/hook-delete-policy: hook-failed",
            Class::RefusedByApiServer,
            "job-field",
        ),
        ("argocd.argoproj.io/hook: PostSync", Class::Metadata, "job-made-anew"),
        (
            "kustomize.toolkit.fluxcd.io/force: enabled",
            Class::Metadata,
            "job-made-anew",
        ),
        ("", Class::RefusedByApiServer, "job-field"),
    ] {
        let report = compare(&job(annotations, "1"), &job(annotations, "2"));
        let rules: Vec<&str> = report.changes.iter().map(|change| change.rule).collect();
        assert_eq!((report.class, rules.as_slice()), (class, &[rule][..]), "{annotations}");
    }
}

/// Tutorials run a broker in the file system of its container: another image takes its records along, and a Service beside it does not.
#[test]
fn a_broker_without_a_volume_loses_its_records_when_it_restarts() {
    let before = read("../objects/charts/single-node.yaml");
    let report = compare(
        &before,
        &edited(&before, &[("apache/kafka:3.9.1", "apache/kafka:4.1.0")]),
    );
    assert_eq!(report.class, Class::DataLoss, "{:#?}", lines(&report));
    let said = told(&report);
    assert!(
        said.contains("in container `kafka`: each pod that is replaced starts empty"),
        "{said}"
    );
    let report = compare(
        &before,
        &edited(&before, &[("name: kafka, port: 9092", "name: client, port: 9092")]),
    );
    assert!(report.class < Class::DataLoss, "{:#?}", lines(&report));
    // With a volume the same image is another matter.
    let mount = (
        "        ports: [{containerPort: 9092}]",
        "        ports: [{containerPort: 9092}]\n        volumeMounts: [{name: data, mountPath: /tmp}]",
    );
    let volume = (
        "      containers:\n      - name: kafka\n",
        "      volumes: [{name: data, persistentVolumeClaim: {claimName: kafka}}]\n      containers:\n      - name: kafka\n",
    );
    let before = edited(&before, &[mount, volume]);
    let report = compare(
        &before,
        &edited(&before, &[("apache/kafka:3.9.1", "apache/kafka:4.1.0")]),
    );
    assert!(report.class < Class::DataLoss, "{:#?}", lines(&report));
}
