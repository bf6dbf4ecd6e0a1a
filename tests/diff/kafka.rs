//! Changes of Kafka itself: settings, topics, what makes nodes a cluster.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use kafka_stacks::diff::{Class, Report, rows};
use serde::Deserialize;

use super::{Edit, Pair, compare, documents, lines, read, text, texts_are_whole};

/// A row, edits of `kafka.yaml` that make a change of its kind, and whether the pods that read a file restart with it.
#[derive(Deserialize)]
struct KafkaPair {
    row: String,
    #[serde(default = "restarts")]
    restart: bool,
    edits: Vec<Edit>,
}

const fn restarts() -> bool {
    true
}

fn pairs() -> Vec<KafkaPair> {
    serde_yaml::from_str(&read("kafka-pairs.yaml")).unwrap()
}

/// The rows that have a pair here.
pub(super) fn covered() -> BTreeSet<String> {
    pairs().into_iter().map(|pair| pair.row).collect()
}

impl KafkaPair {
    fn after(self, base: &[(String, String)]) -> String {
        let mut documents = base.to_vec();
        for edit in self.edits.iter().filter(|_| self.restart) {
            let map = edit.object.strip_prefix("ConfigMap/").unwrap_or_default();
            for (name, text) in &mut documents {
                if name.ends_with(&format!("/{map}")) {
                    *text = text.replace("checksum/config: aaaa", "checksum/config: bbbb");
                } else if ["topics", "schemas", "connectors"].contains(&map) {
                    *text = text.replace(&format!("{map}-aaaa"), &format!("{map}-bbbb"));
                }
            }
        }
        let pair = Pair {
            row: self.row,
            refused: Vec::new(),
            edits: self.edits,
        };
        pair.after(&documents)
    }
}

/// What a row's change of a report says.
fn told(report: &Report, row: &str) -> String {
    let changes = report.changes.iter().filter(|change| change.rule == row);
    let texts = changes.map(|change| {
        let commands: String = change
            .commands
            .iter()
            .map(|command| format!("\n    {command}"))
            .collect();
        format!("  {}{commands}", change.reason)
    });
    texts.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_row_about_kafka_is_recognized() {
    let base = documents("kafka.yaml");
    let before = text(&base);
    let mut shown = String::new();
    let mut missing = Vec::new();
    for pair in pairs() {
        let row = pair.row.clone();
        assert!(rows().any(|known| known.id == row), "there is no row {row}");
        let report = compare(&before, &pair.after(&base));
        let lines = lines(&report);
        if !report.changes.iter().any(|change| change.rule == row) {
            missing.push(format!("{row}: {lines:#?}"));
        }
        texts_are_whole(&report);
        shown += &format!("{row}\n  {}\n{}\n", lines.join("\n  "), told(&report, &row));
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    assert_snapshot!("kafka", shown);
}

#[test]
fn a_diff_of_kafka_with_itself_is_empty_and_no_swap_hides_a_loss() {
    let base = documents("kafka.yaml");
    let before = text(&base);
    for pair in pairs() {
        let row = pair.row.clone();
        let after = pair.after(&base);
        assert!(compare(&after, &after).is_empty(), "{row}");
        let (there, back) = (compare(&before, &after), compare(&after, &before));
        assert_eq!(there.is_empty(), back.is_empty(), "{row}");
        if there.class == Class::DataLoss {
            let silent: Vec<&str> = back
                .changes
                .iter()
                .filter(|change| change.reason.is_empty())
                .map(|change| change.path.as_str())
                .collect();
            assert_eq!(silent, Vec::<&str>::new(), "{row}");
        }
    }
}

#[test]
fn a_version_that_names_another_file_is_altered_if_its_schema_is_another() {
    let before = text(&documents("kafka.yaml"));
    let line = "payments-value 1 AVRO payments-value.1.avsc";
    let rules = |after: &str| {
        let changes = compare(&before, after).changes;
        changes.iter().map(|change| change.rule).collect::<Vec<_>>()
    };
    let there = before.replace(line, "payments-value 1 AVRO orders-value.2.avsc");
    assert_eq!(rules(&there), ["schema-version-altered"]);
    let missing = before.replace(line, "payments-value 1 AVRO nothing.avsc");
    assert_eq!(rules(&missing), ["schema-version-altered"]);
    let renamed = before.replace("payments-value.1.avsc", "payments.avsc");
    assert_eq!(rules(&renamed), [""; 0]);
    let changed = renamed.replace(
        "\"Payment\", \"fields\": []",
        "\"Payment\", \"fields\": [], \"doc\": \"paid\"",
    );
    assert_eq!(rules(&changed), ["schema-version-altered"]);
}

#[test]
fn example_2_retention_shorter_in_bytes_and_longer_in_time() {
    let base = documents("kafka.yaml");
    let before = text(&base);
    let after = before.replace(
        "analytics.events retention.ms=604800000",
        "analytics.events retention.ms=1209600000\n    analytics.events retention.bytes=5368709120",
    );
    let after = after.replace("topics-aaaa", "topics-bbbb");
    let report = compare(&before, &after);
    assert_eq!(report.class, Class::DataLoss);
    let [bytes, time, ..] = report.changes.as_slice() else {
        panic!("{report:?}");
    };
    assert_eq!((bytes.class, bytes.rule), (Class::DataLoss, "topic-retention-cut"));
    assert!(
        bytes.reason.contains("5 GiB in each partition") && bytes.reason.contains("whatever another limit allows"),
        "{}",
        bytes.reason
    );
    assert_eq!(
        (time.class, time.rule),
        (Class::DynamicConfig, "topic-retention-raised")
    );
}

#[test]
fn example_4_the_controllers_listener_gets_another_name_on_the_controllers_alone() {
    let base = documents("kafka.yaml");
    let edited = |edits: &[(&str, &str)]| {
        let mut documents = base.clone();
        for (name, text) in &mut documents {
            if name == "ConfigMap/moving-controller" {
                for (from, to) in edits {
                    assert!(text.contains(from), "{from}");
                    *text = text.replace(from, to);
                }
            }
            if name == "StatefulSet/moving-controller" {
                *text = text.replace("checksum/config: aaaa", "checksum/config: bbbb");
            }
        }
        text(&documents)
    };
    let before = text(&base);
    let renamed = [
        ("names=CONTROLLER", "names=QUORUM"),
        ("listeners=CONTROLLER://:9093", "listeners=QUORUM://:9093"),
        ("map=CONTROLLER:", "map=QUORUM:"),
    ];
    let report = compare(&before, &edited(&renamed));
    assert_eq!(report.class, Class::RollingRestart, "{:#?}", lines(&report));
    assert!(report.flags.is_empty(), "{:#?}", lines(&report));
    assert_eq!(report.restarts[0].pods, ["moving-controller-100"]);
    // With another port the voters move too.
    let moved = [
        ("listeners=CONTROLLER://:9093", "listeners=CONTROLLER://:9094"),
        ("svc:9093", "svc:9094"),
    ];
    let report = compare(&before, &edited(&moved));
    assert_eq!(report.class, Class::ManualSteps);
    assert!(
        lines(&report)
            .iter()
            .any(|line| line.starts_with("manual-steps quorum-voter-address")),
        "{:#?}",
        lines(&report)
    );
}

/// kubectl refuses to wait for the rollout of a set whose strategy is `OnDelete`.
#[test]
fn kubectl_is_not_asked_to_roll_what_only_a_deletion_restarts() {
    let strategy = "spec:\n  updateStrategy: {type: OnDelete}\n";
    let base: Vec<(String, String)> = documents("kafka.yaml")
        .into_iter()
        .map(|(name, text)| {
            let text = if name.starts_with("StatefulSet/") {
                text.replacen("spec:\n", strategy, 1)
            } else {
                text
            };
            (name, text)
        })
        .collect();
    let before = text(&base);
    assert!(before.contains(strategy));
    for pair in pairs() {
        let (row, kept) = (pair.row.clone(), !pair.restart);
        let report = compare(&before, &pair.after(&base));
        for change in &report.changes {
            let rolled: Vec<&String> = change
                .commands
                .iter()
                .filter(|command| command.contains("rollout") && command.contains("statefulset/"))
                .collect();
            assert_eq!(rolled, Vec::<&String>::new(), "{row}");
        }
        if row == "broker-setting-dynamic-now" && kept {
            let commands: Vec<&str> = report.changes[0].commands.iter().map(String::as_str).collect();
            let delete = |pod: &str| {
                format!(
                    "kubectl -n pairs delete pod {pod} && until kubectl -n pairs wait pod {pod} --for=condition=Ready --timeout=30m; do sleep 2; done"
                )
            };
            let by_hand =
                "# the strategy is `OnDelete`: one pod after the other, each once every replica is in sync again";
            assert_eq!(commands[2..5], ["# or with one:", by_hand, &delete("kafka-2")]);
        }
    }
}
