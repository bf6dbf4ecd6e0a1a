//! The shapes of charts, of operators' examples and of tutorials, small: each gets the findings that it deserves under the rules for
//! development, and no other.

use std::{collections::BTreeMap, fs, path::Path};

use super::piped::piped;

/// For each shape, what is found: severity, rule and object.
const DESERVED: [(&str, &[&str]); 9] = [
    ("bitnami-kraft", &[]),
    (
        "confluent-platform",
        &[
            // The chart's Service has the port of an exporter that is switched off.
            "error[KS-P51] Service shop-cp-schema-registry",
            "warning[KS-P22] Deployment shop-cp-kafka-connect",
            "warning[KS-P22] Deployment shop-cp-schema-registry",
        ],
    ),
    ("consoles", &[]),
    ("exporters", &[]),
    ("operators", &[]),
    (
        "raw-manifests",
        &["error[KS-C04] StatefulSet kafka", "warning[KS-P22] StatefulSet kafka"],
    ),
    (
        "single-node",
        &[
            "error[KS-P01] Deployment kafka",
            "warning[KS-P03] Deployment kafka",
            "warning[KS-P20] Deployment kafka",
            "warning[KS-P22] Deployment kafka",
            "warning[KS-P64] Deployment kafka",
        ],
    ),
    (
        "two-listeners",
        &[
            "error[KS-P19] Deployment kafka",
            "warning[KS-P03] Deployment kafka",
            "warning[KS-P22] Deployment kafka",
        ],
    ),
    (
        "wurstmeister",
        &[
            "warning[KS-P22] Deployment kafka-broker",
            "warning[KS-P22] Deployment zookeeper",
        ],
    ),
];

fn shapes() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/objects/charts");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let named = files.map(|path| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, fs::read_to_string(path).unwrap())
    });
    named.collect()
}

#[test]
fn other_peoples_manifests_get_the_findings_that_they_deserve() {
    let mut wrong = Vec::new();
    let shapes = shapes();
    let names: Vec<&str> = DESERVED.iter().map(|(name, _)| *name).collect();
    assert!(shapes.keys().eq(names), "every shape is in the table");
    for (name, deserved) in DESERVED {
        let said = piped(&shapes[name], &["--development"]);
        let found = said
            .lines()
            .filter(|line| line.starts_with("error[") || line.starts_with("warning["));
        let mut found: Vec<&str> = found.filter_map(|line| Some(line.split_once(": ")?.0)).collect();
        found.sort_unstable();
        if found != deserved {
            wrong.push(format!("{name}: {said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The namespace of the release follows from the monitors, which look there; a selector of theirs that fits nothing is still found.
#[test]
fn a_monitor_says_in_which_namespace_it_looks() {
    let exporters = &shapes()["exporters"];
    let selector = "selector: {matchLabels: {app: prometheus-kafka-exporter}}\n  namespaceSelector";
    assert!(exporters.contains(selector));
    let other = selector.replace("prometheus-kafka-exporter", "kafka-exporter");
    let said = piped(&exporters.replace(selector, &other), &["--development"]);
    assert!(said.contains("[KS-A21] ServiceMonitor"), "{said}");
}
