//! Pairs of manifests, and what `diff` says about them.

mod cli;
mod closed;
mod closing;
mod examples;
mod foreign;
mod kafka;
mod rest;
mod strimzi;

use std::{collections::BTreeSet, fs, path::Path};

use insta::assert_snapshot;
use kafka_stacks::diff::{Change, Class, Report, Side, Source, diff, rows};
use serde::Deserialize;

/// What applying one text over another does.
fn compare(before: &str, after: &str) -> Report {
    let source = |text: &str| Source {
        file: "manifests.yaml".to_owned(),
        text: text.to_owned(),
    };
    let (old, new) = Side::read_both(vec![source(before)], vec![source(after)]);
    assert_eq!(old.problems(), [], "{before}");
    assert_eq!(new.problems(), [], "{after}");
    diff(&old, &new)
}

/// The changes of a report, a line each.
fn lines(report: &Report) -> Vec<String> {
    let line = |change: &Change| {
        let flags: String = change.flags.iter().map(|flag| format!(" +{flag}")).collect();
        let object = change.object.shown();
        format!("{} {} {object} {}", change.class, change.rule, change.path)
            .trim_end()
            .to_owned()
            + &flags
    };
    report.changes.iter().map(line).collect()
}

/// A row, and edits of the base that make a change of its kind.
#[derive(Deserialize)]
struct Pair {
    row: String,
    /// The ways of applying in which the API server refuses it.
    #[serde(default)]
    refused: Vec<String>,
    edits: Vec<Edit>,
}

/// What is put in the place of what, in which object: kind and name.
#[derive(Deserialize)]
struct Edit {
    object: String,
    from: Option<String>,
    to: Option<String>,
}

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diff").join(file)).unwrap()
}

/// The documents of the base, by kind and name.
fn base() -> Vec<(String, String)> {
    documents("base.yaml")
}

/// The documents of a file, by kind and name.
fn documents(file: &str) -> Vec<(String, String)> {
    let text = read(file);
    let documents = text.split("\n---\n").map(|document| {
        let value: serde_yaml::Value = serde_yaml::from_str(document).unwrap();
        let name = format!(
            "{}/{}",
            value["kind"].as_str().unwrap(),
            value["metadata"]["name"].as_str().unwrap()
        );
        (name, document.trim_end().to_owned())
    });
    documents.collect()
}

fn text(documents: &[(String, String)]) -> String {
    let texts: Vec<&str> = documents.iter().map(|(_, text)| text.as_str()).collect();
    texts.join("\n---\n")
}

impl Pair {
    /// The base with the edits.
    fn after(&self, base: &[(String, String)]) -> String {
        let mut documents = base.to_vec();
        for edit in &self.edits {
            let at = documents.iter().position(|(name, _)| *name == edit.object);
            match (&edit.from, &edit.to, at) {
                (None, None, Some(at)) => {
                    documents.remove(at);
                }
                (None, Some(text), _) => documents.push((edit.object.clone(), text.clone())),
                (Some(from), Some(to), Some(at)) => {
                    let text = &mut documents[at].1;
                    assert!(
                        text.contains(from.trim_end()),
                        "{}: {from} is not in {}",
                        self.row,
                        edit.object
                    );
                    *text = text.replacen(from.trim_end(), to.trim_end(), 1);
                }
                _ => panic!("{}: no such edit of {}", self.row, edit.object),
            }
        }
        text(&documents)
    }
}

fn pairs() -> Vec<Pair> {
    serde_yaml::from_str(&read("pairs.yaml")).unwrap()
}

/// Every word of the texts has a value, and what needs commands has them.
fn texts_are_whole(report: &Report) {
    for change in &report.changes {
        let texts = change.commands.iter().chain([&change.reason]);
        let words = texts
            .flat_map(|text| text.split('{').skip(1))
            .filter_map(|rest| rest.split_once('}'));
        let is_word = |word: &str| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        let open = words.filter(|(word, _)| !word.is_empty() && is_word(word));
        assert_eq!(open.count(), 0, "{change:?}");
        let commands = !change.commands.is_empty();
        assert_eq!(change.class >= Class::ManualSteps, commands, "{change:?}");
    }
}

#[test]
fn every_row_is_recognized() {
    let base = base();
    let before = text(&base);
    let mut shown = String::new();
    let mut covered = BTreeSet::new();
    for pair in pairs() {
        let row = rows()
            .find(|row| row.id == pair.row)
            .unwrap_or_else(|| panic!("there is no row {}", pair.row));
        let report = compare(&before, &pair.after(&base));
        let lines = lines(&report);
        shown += &format!("{}\n  {}\n", pair.row, lines.join("\n  "));
        let of_row = report.changes.iter().any(|change| change.rule == row.id);
        assert!(of_row, "{}: {lines:#?}", row.id);
        texts_are_whole(&report);
        let refused = report
            .changes
            .iter()
            .any(|change| change.class == Class::RefusedByApiServer);
        assert_eq!(refused, !pair.refused.is_empty(), "{}: {lines:#?}", row.id);
        covered.insert(row.id);
    }
    assert_snapshot!("pairs", shown);
    let elsewhere = [
        "namespace-renamed",
        "namespace-renamed-without-claims",
        "too-large",
        "too-large-for-client-side-apply",
        "controllers-count-dynamic",
        "job-made-anew",
        "restart-without-volume",
    ];
    let mut of_kafka = kafka::covered();
    of_kafka.extend(strimzi::covered());
    of_kafka.extend(closed::covered());
    let absent: Vec<&str> = rows()
        .map(|row| row.id)
        .filter(|id| !covered.contains(id) && !elsewhere.contains(id) && !of_kafka.contains(*id))
        .collect();
    assert_eq!(absent, Vec::<&str>::new(), "rows without a pair in `pairs.yaml`");
}

#[test]
fn a_diff_with_itself_is_empty_and_no_swap_hides_a_loss() {
    let base = base();
    let before = text(&base);
    assert!(compare(&before, &before).is_empty());
    for pair in pairs() {
        let after = pair.after(&base);
        assert!(compare(&after, &after).is_empty(), "{}", pair.row);
        let (there, back) = (compare(&before, &after), compare(&after, &before));
        assert_eq!(there.is_empty(), back.is_empty(), "{}", pair.row);
        if there.class == Class::DataLoss {
            assert!(
                back.changes.iter().all(|change| !change.reason.is_empty()),
                "{}: {:#?}",
                pair.row,
                lines(&back)
            );
        }
    }
}

/// The part of `docs/diff.md` that is made of the rows.
#[test]
fn the_page_has_every_row() {
    const MARK: &str = "<!-- rows: written by `INSTA_UPDATE=always cargo test --test main diff` -->\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/diff.md");
    let page = fs::read_to_string(&path).unwrap();
    let (head, _) = page.split_once(MARK).expect("the mark is there");
    let mut made = format!("{head}{MARK}");
    for class in Class::ALL.into_iter().rev() {
        let mut of_class = rows().filter(|row| row.class == class).peekable();
        if of_class.peek().is_none() {
            continue;
        }
        made += &format!("\n### {class}\n");
        for row in of_class {
            let flags: String = row.flags.iter().map(|flag| format!(", {flag}")).collect();
            made += &format!("\n**{}**{flags}: {}.", row.id, row.summary);
            if !row.reason.is_empty() {
                let reason = row.general_reason().replace('|', "\\|");
                let mut letters = reason.chars();
                let first = letters
                    .next()
                    .into_iter()
                    .flat_map(char::to_uppercase)
                    .collect::<String>();
                made += &format!(" {first}{}.", letters.as_str());
            }
            made += "\n";
            if !row.commands.is_empty() {
                made += &format!("\n```sh\n{}\n```\n", row.general_commands().join("\n"));
            }
        }
    }
    if std::env::var_os("INSTA_UPDATE").is_some_and(|value| value == "always") {
        fs::write(&path, &made).unwrap();
    }
    assert_eq!(
        page, made,
        "docs/diff.md is not up to date: `INSTA_UPDATE=always cargo test --test main diff` writes it"
    );
}
