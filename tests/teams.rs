//! Topics that teams write in files: each kind of mistake with its message, and what does not change.

use insta::assert_snapshot;
use kafka_stacks::{prelude::*, synth::check};

use crate::rules::{dedicated, empty};

fn team() -> Team {
    Team::new("billing")
        .owner("payments")
        .partitions(12)
        .retention(30.days())
}

fn with_files(files: &[(&str, &str)], team: Team) -> Stack {
    let mut stack = empty();
    let kafka = stack.add(dedicated());
    stack.add(
        Topics::new("topics", &kafka)
            .topic(Topic::new("calls", 6, Cleanup::delete_after(7.days())))
            .teams(&TeamFiles::new(files.iter().copied()), [team]),
    );
    stack
}

/// What is said of the files of a team.
fn told(files: &[(&str, &str)], team: Team) -> Vec<String> {
    let findings = check(&with_files(files, team)).findings;
    let of_files = |finding: &&Diagnostic| finding.location().file().starts_with("topics/");
    let said = findings.iter().filter(of_files);
    said.map(|finding| {
        let location = finding.location();
        let column = location
            .column()
            .map_or_else(String::new, |column| format!(":{column}"));
        let severity = finding.severity;
        let subject = finding.subject("test");
        format!(
            "{severity}[{}] {subject}: {}\n  --> {location}{column}\n  hint: {}\n",
            finding.rule.id, finding.message, finding.hint
        )
    })
    .collect()
}

const FILE: &str = "topics/billing/a.yaml";

/// A topic with these lines beside its name.
fn topic(lines: &[&str]) -> String {
    let lines = lines.iter().map(|line| format!("  {line}\n"));
    format!("topics:\n- name: billing.orders\n{}", lines.collect::<String>())
}

fn mistakes() -> Vec<(&'static str, String)> {
    vec![
    ("an unknown key near a known one", topic(&["partition: 6", "retention: 7d"])),
    ("an unknown key near none", topic(&["partitions: 6", "retention: 7d", "colour: red"])),
    ("Kafka's name of a key", topic(&["partitions: 6", "retention.ms: 604800000"])),
    ("a setting that belongs into config", topic(&["partitions: 6", "retention: 7d", "segment.ms: 3600000"])),
    ("a replication factor", topic(&["partitions: 6", "retention: 7d", "replicationFactor: 2"])),
    ("in-sync replicas", topic(&["partitions: 6", "retention: 7d", "config: {min.insync.replicas: 1}"])),
    ("retention in config", topic(&["partitions: 6", "retention: 7d", "config: {retention.ms: 1000}"])),
    ("unclean elections", topic(&["partitions: 6", "retention: 7d", "config: {unclean.leader.election.enable: true}"])),
    ("a number as a text", topic(&["partitions: \"6\"", "retention: 7d"])),
    ("no partitions at all", topic(&["partitions: 0", "retention: 7d"])),
    ("a fraction of a partition", topic(&["partitions: 1.5", "retention: 7d"])),
    ("a number without a unit of time", topic(&["partitions: 6", "retention: 7"])),
    ("a time that is none", topic(&["partitions: 6", "retention: 7 days"])),
    ("a size that is none", topic(&["partitions: 6", "retentionBytes: 10GB"])),
    ("no retention", topic(&["partitions: 6"])),
    ("no partitions", topic(&["retention: 7d"])),
    ("no name", "topics:\n- partitions: 6\n  retention: 7d\n".to_owned()),
    ("an unknown cleanup", topic(&["partitions: 6", "retention: 7d", "cleanup: deleted"])),
    ("a cleanup in another order", topic(&["partitions: 6", "retention: 7d", "cleanup: delete, compact"])),
    ("a retention of a compacted topic", topic(&["partitions: 6", "retention: 7d", "cleanup: compact"])),
    ("a truth that is a text", topic(&["partitions: 6", "retention: 7d", "deadLetters: \"yes\""])),
    ("a load without a size", topic(&["partitions: 6", "retention: 7d", "load: {recordsPerSecond: 10}"])),
    ("an unknown key of a load", topic(&["partitions: 6", "retention: 7d", "load: {recordPerSecond: 10, recordBytes: 10}"])),
    ("a list as a setting", topic(&["partitions: 6", "retention: 7d", "config: {segment.ms: [1]}"])),
    ("an unknown setting", topic(&["partitions: 6", "retention: 7d", "config:", "  segment.md: 3600000"])),
    ("a value that Kafka refuses", topic(&["partitions: 6", "retention: 7d", "config: {segment.ms: soon}"])),
    ("a segment that outlives the retention", topic(&["partitions: 6", "retention: 1h", "config: {segment.ms: 864000000}"])),
    ("another prefix", "topics:\n- name: orders\n  partitions: 6\n  retention: 7d\n".to_owned()),
    ("a name that no topic has", "topics:\n- name: billing.orders!\n  partitions: 6\n  retention: 7d\n".to_owned()),
    ("a name that YAML takes for a truth", "topics:\n- name: yes\n  partitions: 6\n  retention: 7d\n".to_owned()),
    ("too many partitions", topic(&["partitions: 13", "retention: 7d"])),
    ("a retention beyond the limit", topic(&["partitions: 6", "retention: 31d"])),
    ("no limit of retention", topic(&["partitions: 6", "retention: unlimited"])),
    ("one topic twice in a file", "topics:\n- {name: billing.a, partitions: 1, retention: 7d}\n- {name: billing.a, partitions: 1, retention: 7d}\n".to_owned()),
    ("names that Kafka cannot tell apart", "topics:\n- {name: billing.a, partitions: 1, retention: 7d}\n- {name: billing_a, partitions: 1, retention: 7d}\n".to_owned()),
    ("one key twice", topic(&["partitions: 6", "retention: 7d", "partitions: 7"])),
    ("a tab", "topics:\n- name: billing.a\n\tpartitions: 6\n".to_owned()),
    ("an empty file", "# nothing yet\n".to_owned()),
    ("no topics", "topic:\n- name: billing.a\n".to_owned()),
    ("a mapping of topics", "topics:\n  billing.a: {partitions: 6}\n".to_owned()),
    ("a list without a key", "- name: billing.a\n".to_owned()),
    ("a topic that is a text", "topics: [billing.a]\n".to_owned()),
    ("two documents", "topics: []\n---\ntopics: []\n".to_owned()),
]
}

#[test]
fn a_key_of_config_cannot_be_a_line_about_another_topic() {
    for key in [
        r"segment.ms=3600000\ncalls retention.bytes",
        "segment.ms ",
        "retention.ms=1 #",
        "",
    ] {
        let config = format!("config: {{\"{key}\": 1}}");
        let text = topic(&["partitions: 6", "retention: 7d", &config]);
        let said = told(&[(FILE, &text)], team()).concat();
        assert!(said.contains("cannot be the name of a setting"), "{key}: {said}");
    }
}

#[test]
fn each_mistake_has_a_message_of_its_own() {
    let mut all = String::new();
    let mistakes = mistakes();
    for (title, text) in &mistakes {
        let told = told(&[(FILE, text.as_str())], team());
        assert!(!told.is_empty(), "{title}: nothing is said");
        for said in &told {
            assert!(said.contains(" --> topics/billing/a.yaml:"), "{title}: {said}");
            // The reader writes no Rust.
            for code in ["::", "(…)", ".config(", ".acknowledge"] {
                assert!(!said.contains(code), "{title}: {said}");
            }
        }
        all += &format!("# {title}\n{}\n", told.concat());
    }
    let budget = team().disk(100.gib());
    let file = "topics:\n- {name: billing.a, partitions: 6, retentionBytes: 5Gi, retention: 7d}\n\
        - {name: billing.b, partitions: 6, retention: 7d}\n\
        - {name: billing.c, partitions: 6, retention: 7d, load: {recordsPerSecond: 100, recordBytes: 1000}}\n";
    all += &format!("# a budget of disk\n{}\n", told(&[(FILE, file)], budget).concat());
    let twice = topic(&["partitions: 6", "retention: 7d"]);
    all += &format!(
        "# one topic in two files\n{}\n",
        told(
            &[(FILE, twice.as_str()), ("topics/billing/b.yaml", twice.as_str())],
            team()
        )
        .concat()
    );
    all += &format!(
        "# an unknown team\n{}\n",
        told(&[("topics/biling/a.yaml", twice.as_str())], team()).concat()
    );
    let calls = "topics:\n- {name: calls, partitions: 6, retention: 7d}\n";
    all += &format!(
        "# a topic of the stack\n{}",
        told(&[(FILE, calls)], team().prefix("")).concat()
    );
    assert!(mistakes.len() >= 30);
    assert_snapshot!("mistakes", all);
}

#[test]
fn what_is_right_is_not_reported() {
    let right = [
        topic(&["partitions: 6", "retention: 7d"]),
        topic(&[
            "partitions: 12",
            "retention: 30d",
            "retentionBytes: 100Mi",
            "cleanup: compact,delete",
        ]),
        topic(&[
            "partitions: 1",
            "cleanup: compact",
            "config: {min.compaction.lag.ms: 60000}",
        ]),
        topic(&[
            "description: what was ordered",
            "partitions: 6",
            "retention: 7d",
            "deadLetters: true",
        ]),
        topic(&[
            "partitions: 6",
            "retention: 7d",
            "load: {recordsPerSecond: 10, recordBytes: 10, compressedToPercent: 50, consumerGroups: 2}",
            "config: {segment.ms: 3600000}",
        ]),
        "topics: []\n".to_owned(),
    ];
    for text in right {
        assert_eq!(told(&[(FILE, text.as_str())], team()), [""; 0], "{text}");
    }
}

#[test]
fn a_topic_that_moves_to_its_team_changes_nothing_in_the_cluster() {
    let stack = |topics: fn(Topics) -> Topics| {
        let mut stack = empty();
        let kafka = stack.add(dedicated());
        let topics = stack.add(topics(Topics::new("topics", &kafka).topic(Topic::new(
            "calls",
            6,
            Cleanup::delete_after(7.days()),
        ))));
        stack.add(Monitoring::new("monitoring", &kafka).watch(&topics));
        let manifests = synth(&stack).manifests.unwrap();
        manifests
            .iter()
            .map(|(path, text)| format!("{path}\n{text}"))
            .collect::<Vec<_>>()
    };
    let by_stack = stack(|topics| {
        topics.topic(
            Topic::new("billing.orders", 6, Cleanup::compact_and_delete_after(7.days()))
                .segment_age(1.hours())
                .dead_letters(),
        )
    });
    let by_team = stack(|topics| {
        let text = topic(&[
            "partitions: 6",
            "retention: 7d",
            "cleanup: compact,delete",
            "deadLetters: true",
            "config: {segment.ms: 3600000}",
        ]);
        topics.teams(&TeamFiles::new([(FILE, text)]), [Team::new("billing")])
    });
    assert_eq!(by_stack, by_team);
}

#[test]
fn the_owner_of_a_team_is_a_label_of_the_alert_on_its_dead_letters() {
    let mut stack = empty();
    let kafka = stack.add(dedicated());
    let text = topic(&["partitions: 6", "retention: 7d", "deadLetters: true"]);
    let topics = stack.add(Topics::new("topics", &kafka).teams(&TeamFiles::new([(FILE, text)]), [team()]));
    stack.add(Monitoring::new("monitoring", &kafka).watch(&topics));
    let manifests = synth(&stack).manifests.unwrap();
    let rules = manifests.get("monitoring/prometheusrule-kafka.yaml").unwrap();
    assert!(
        rules.contains("{{ if eq $labels.topic \\\"billing.orders.dlq\\\" }}payments{{ end }}"),
        "{rules}"
    );
}
