//! Two monitorings in one stack.

use super::*;

#[test]
fn conflicts_between_monitorings_are_reported_once() {
    let external = |name: &str| KafkaCluster::external(name, Version::V4_3, "events.voicecore.internal:9092");
    let told = |monitorings: &[(&str, &str, Option<&str>)]| {
        let mut stack = Stack::new("s", "kafka");
        for (name, cluster, folder) in monitorings {
            let monitoring = Monitoring::new(*name, &external(cluster)).brokers(3);
            stack.add(match folder {
                Some(folder) => monitoring.docs(*folder),
                None => monitoring,
            });
        }
        let lines: Vec<String> = synth(&stack)
            .findings
            .iter()
            .map(|finding| format!("{}: {}", finding.rule.id, finding.message))
            .collect();
        lines
            .iter()
            .map(|line| line.split(" the one made").next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(told(&[("one", "a", None), ("two", "b", Some("b"))]), [""; 0]);
    assert_eq!(
        told(&[("one", "a", None), ("two", "a", Some("b"))]),
        ["KS-S03: monitoring of cluster `a` is taken by"]
    );
    assert_eq!(
        told(&[("one", "a", None), ("two", "b", None)]),
        ["KS-S03: folder of runbooks `runbooks` is taken by"]
    );
    let alike = told(&[("one", "a", Some("eu")), ("two", "b", Some("EU"))]);
    assert!(
        alike.len() == 1
            && alike[0].starts_with("KS-S03: folder of runbooks `runbooks/EU` cannot be told from `runbooks/eu`"),
        "{alike:?}"
    );
    for folder in ["", "../x", "/x", "x/", "a//b", "..", "a b", "ä", ".git", "alerts.yaml"] {
        assert_eq!(
            told(&[("one", "a", Some(folder))]),
            [format!("KS-S01: {folder:?} is not a valid folder name")]
        );
    }
    assert_eq!(told(&[("one", "a", Some("eu/main-1"))]), [""; 0]);
    let odd = told(&[("one", "Odd\"Name", None)]);
    assert!(odd.len() == 1 && odd[0].starts_with("KS-S01: cluster name "), "{odd:?}");
}
