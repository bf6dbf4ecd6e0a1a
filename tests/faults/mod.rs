//! Single faults in manifests that are sound otherwise: in those that stacks render and in those of three other layouts, edited as
//! people edit files. Each fault is found by its own rule, and each sound change next to it leaves everything quiet.
//!
//! A file a kind. Only the edited file is read again, so that some hundred edits take seconds.

mod clients;
mod consistency;
mod durability;
mod foreign;
mod limits;
mod monitoring;
mod pods;
mod settings;
mod topics;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::LazyLock,
};

use kafka_stacks::{
    lint::{self, ObjectModel},
    prelude::{Kubernetes, Platform},
};

/// The rule that finds it; or none, where the edit is sound.
type Expected = Option<&'static str>;

/// One edit of one file of a layout.
#[derive(Clone)]
pub(super) struct Edit {
    /// A folder of `out/`, or a file of `layouts/` without its ending.
    layout: &'static str,
    /// The file in that folder; nothing for a layout of one file.
    file: &'static str,
    /// What stands there: the first of several.
    from: &'static str,
    to: &'static str,
    expected: Expected,
}

/// A fault that a rule finds.
pub(super) const fn fault(
    rule: &'static str,
    layout: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
) -> Edit {
    Edit {
        layout,
        file,
        from,
        to,
        expected: Some(rule),
    }
}

/// A change about which there is nothing to say.
pub(super) const fn sound(layout: &'static str, file: &'static str, from: &'static str, to: &'static str) -> Edit {
    Edit {
        layout,
        file,
        from,
        to,
        expected: None,
    }
}

/// A file of a layout: its text, what is wrong with it and its objects by themselves, and what others see of the objects.
struct File {
    text: String,
    rules: Vec<&'static str>,
    models: Vec<ObjectModel>,
}

impl File {
    fn read(name: &str, text: String) -> Self {
        let (documents, findings) = lint::read(&text, name);
        let mut rules: Vec<&'static str> = findings.iter().map(|finding| finding.rule.id).collect();
        let mut models = Vec::new();
        for document in documents {
            if document.value["apiVersion"]
                .as_str()
                .is_some_and(|version| version.starts_with("kustomize.config"))
            {
                continue;
            }
            let judged = lint::judge_read(&document.value, Kubernetes::NEWEST);
            rules.extend(judged.findings.iter().map(|finding| finding.rule.id));
            models.push(judged.model);
        }
        // As a folder of Helm's output.
        lint::settle_namespaces(&mut models, |_| true);
        Self { text, rules, models }
    }
}

struct Layout(BTreeMap<String, File>);

impl Layout {
    fn read(name: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let one = root.join(format!("tests/faults/layouts/{name}.yaml"));
        let mut files = BTreeMap::new();
        if one.exists() {
            files.insert(String::new(), File::read(name, fs::read_to_string(one).unwrap()));
            return Self(files);
        }
        let folder = root.join("out").join(name);
        let mut folders = vec![folder.clone()];
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(next).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    // Pages, and tests for promtool: not manifests.
                    if !path.ends_with("runbooks") && !path.ends_with("tests") {
                        folders.push(path);
                    }
                } else if path.extension().is_some_and(|extension| extension == "yaml") {
                    let name = path.strip_prefix(&folder).unwrap().to_str().unwrap().replace('\\', "/");
                    files.insert(name.clone(), File::read(&name, fs::read_to_string(&path).unwrap()));
                }
            }
        }
        Self(files)
    }

    /// The ids of the rules that have something to say, with one file in another's place.
    fn judge(&self, edited: Option<(&str, &File)>) -> Vec<&'static str> {
        let files: Vec<&File> = self
            .0
            .iter()
            .map(|(name, file)| {
                edited
                    .filter(|(other, _)| other == name)
                    .map_or(file, |(_, edited)| edited)
            })
            .collect();
        let models: Vec<&ObjectModel> = files.iter().flat_map(|file| &file.models).collect();
        let mut found: Vec<&'static str> = files.iter().flat_map(|file| file.rules.iter().copied()).collect();
        for findings in lint::judge_set(&models, Platform::default()).findings {
            found.extend(findings.iter().map(|finding| finding.rule.id));
        }
        found.extend(lint::duplicates(&models).iter().map(|_| "KS-S03"));
        found
    }
}

static LAYOUTS: LazyLock<BTreeMap<&'static str, Layout>> = LazyLock::new(|| {
    [
        "prod",
        "prod-dedicated",
        "prod-zookeeper",
        "confluent",
        "apache",
        "bitnami",
        "bitnami-files",
        "zookeepers",
    ]
    .into_iter()
    .map(|name| (name, Layout::read(name)))
    .collect()
});

/// Makes each edit by itself, and compares what is found with what is expected.
pub(super) fn hold(edits: &[Edit]) {
    let mut wrong = Vec::new();
    for edit in edits {
        let Edit {
            layout,
            file,
            from,
            to,
            expected,
        } = edit;
        let what = format!("{layout}/{file}: {from:?} → {to:?}");
        let all = LAYOUTS.get(layout).unwrap_or_else(|| panic!("no layout `{layout}`"));
        let Some(before) = all.0.get(*file) else {
            wrong.push(format!("{what}: no such file"));
            continue;
        };
        if !before.text.contains(from) {
            wrong.push(format!("{what}: the text is not there"));
            continue;
        }
        let edited = File::read(file, before.text.replacen(from, to, 1));
        let found: BTreeSet<&str> = all.judge(Some((file, &edited))).into_iter().collect();
        match expected {
            Some(rule) if found.contains(rule) => {}
            None if found.is_empty() => {}
            Some(rule) => wrong.push(format!("{what}: not found by {rule}, but by {found:?}")),
            None => wrong.push(format!("{what}: nothing is wrong, but {found:?}")),
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        edits.len(),
        wrong.join("\n")
    );
}

#[test]
fn the_layouts_are_sound() {
    for (name, layout) in LAYOUTS.iter() {
        assert_eq!(layout.judge(None), [""; 0], "{name}");
    }
}
