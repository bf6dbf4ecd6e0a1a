//! Changes of closed clusters: hand edits of the golden output, and what `diff` says about them.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use insta::assert_snapshot;
use kafka_stacks::diff::{Side, Source, diff};
use serde::Deserialize;

use super::{lines, read, texts_are_whole};

/// Edits of `out/prod`, or of another stack, and the rows that tell of them.
#[derive(Deserialize)]
struct Case {
    /// The input, in words.
    case: String,
    #[serde(default = "prod")]
    stack: String,
    rows: Vec<String>,
    /// From the edited manifests to those of the stack.
    #[serde(default)]
    back: bool,
    /// Edits of both sides.
    #[serde(default)]
    both: Vec<Edit>,
    edits: Vec<Edit>,
}

fn prod() -> String {
    "prod".to_owned()
}

/// What is put in the place of what in a file, each time that it is there. Without `from` the file is new, without either it goes.
#[derive(Deserialize)]
struct Edit {
    file: String,
    from: Option<String>,
    to: Option<String>,
}

fn cases() -> Vec<Case> {
    serde_yaml::from_str(&read("closed.yaml")).unwrap()
}

/// The rows that have a case here.
pub(super) fn covered() -> BTreeSet<String> {
    cases().into_iter().flat_map(|case| case.rows).collect()
}

/// The manifests of a stack, by file. Dashboards and alerts have nothing to do with it and are large.
fn manifests(stack: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("out").join(stack);
    let mut folders: Vec<PathBuf> = vec![root.clone()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            let is_large = ["dashboard", "prometheusrule"].iter().any(|kind| name.contains(kind));
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "yaml")
                && name.contains('/')
                && !name.starts_with("tests/")
                && !is_large
            {
                found.push((name, fs::read_to_string(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

impl Case {
    fn edited(&self, before: &[(String, String)], edits: &[Edit]) -> Vec<(String, String)> {
        let mut files = before.to_vec();
        for Edit { file, from, to } in edits {
            if let (None, Some(text)) = (from, to) {
                files.push((file.clone(), text.clone()));
                continue;
            }
            let at = files.iter().position(|(name, _)| name == file);
            let at = at.unwrap_or_else(|| panic!("{}: there is no {file}", self.case));
            match (from, to) {
                (Some(from), Some(to)) => {
                    let text = &mut files[at].1;
                    assert!(text.contains(from), "{}: {from} is not in {file}", self.case);
                    *text = text.replace(from, to);
                }
                _ => {
                    files.remove(at);
                }
            }
        }
        files
    }
}

fn sources(files: Vec<(String, String)>) -> Vec<Source> {
    files.into_iter().map(|(file, text)| Source { file, text }).collect()
}

#[test]
fn what_a_change_of_a_closed_cluster_means_is_told() {
    let mut shown = String::new();
    let mut missing = Vec::new();
    for case in cases() {
        let before = case.edited(&manifests(&case.stack), &case.both);
        let edited = case.edited(&before, &case.edits);
        let (before, after) = if case.back { (edited, before) } else { (before, edited) };
        let (old, new) = Side::read_both(sources(before), sources(after));
        assert_eq!(new.problems(), [], "{}", case.case);
        let report = diff(&old, &new);
        texts_are_whole(&report);
        for row in &case.rows {
            if !report.changes.iter().any(|change| change.rule == *row) {
                missing.push(format!("{}: {row}: {:#?}", case.case, lines(&report)));
            }
        }
        shown += &format!("{}\n", case.case);
        for (line, change) in lines(&report).iter().zip(&report.changes) {
            shown += &format!("  {line}\n");
            if case.rows.iter().any(|row| row == change.rule) {
                shown += &format!("    {}\n", change.reason);
                for command in &change.commands {
                    shown += &format!("      {command}\n");
                }
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    assert_snapshot!("closed", shown);
}
