//! Changes of resources that operators bring about.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use kafka_stacks::diff::{Class, Flag, rows};

use super::{Pair, compare, documents, lines, read, text, texts_are_whole};

fn pairs() -> Vec<Pair> {
    serde_yaml::from_str(&read("strimzi-pairs.yaml")).unwrap()
}

/// The rows that have a pair here.
pub(super) fn covered() -> BTreeSet<String> {
    pairs().into_iter().map(|pair| pair.row).collect()
}

#[test]
fn every_row_about_operators_is_recognized() {
    let base = documents("strimzi.yaml");
    let before = text(&base);
    let mut shown = String::new();
    let mut missing = Vec::new();
    for pair in pairs() {
        assert!(rows().any(|known| known.id == pair.row), "there is no row {}", pair.row);
        let report = compare(&before, &pair.after(&base));
        let lines = lines(&report);
        if !report.changes.iter().any(|change| change.rule == pair.row) {
            missing.push(format!("{}: {lines:#?}", pair.row));
        }
        texts_are_whole(&report);
        shown += &format!("{}\n", pair.row);
        for (line, change) in lines.iter().zip(&report.changes) {
            shown += &format!("  {line}\n    {}\n", change.reason);
            for command in &change.commands {
                shown += &format!("      {command}\n");
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    assert_snapshot!("strimzi", shown);
}

/// Whatever is edited of a resource of an operator, it is told: by a row that knows it, or as unknown.
#[test]
fn no_change_of_a_resource_is_silent() {
    let base = documents("strimzi.yaml");
    let before = text(&base);
    for pair in pairs() {
        let after = pair.after(&base);
        assert!(compare(&after, &after).is_empty(), "{}", pair.row);
        let (there, back) = (compare(&before, &after), compare(&after, &before));
        for report in [&there, &back] {
            assert!(!report.is_empty(), "{}", pair.row);
            for change in &report.changes {
                let reason = change.reason.as_str();
                let known = change.rule != "unknown-field" && change.rule != "unknown-kind";
                assert!(!reason.is_empty(), "{}: {change:?}", pair.row);
                assert!(
                    known || change.flags.contains(&Flag::Unknown),
                    "{}: {change:?}",
                    pair.row
                );
            }
        }
        // What is lost in one direction is something in the other too.
        assert!(
            there.class != Class::DataLoss || back.class >= Class::Metadata,
            "{}",
            pair.row
        );
    }
}
