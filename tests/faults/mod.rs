//! Single faults in manifests that are sound otherwise: in those that stacks render and in those of three other layouts, edited as
//! people edit files. Each fault is found by its own rule, and each sound change next to it leaves everything quiet.
//!
//! A file a kind; `sound.yaml` has sound changes of all kinds. Only the edited file is read again, so that some hundred edits take seconds.

mod cascades;
mod client_security;
mod clients;
mod consistency;
mod durability;
mod edited;
mod foreign;
mod limits;
mod mistyped;
mod monitoring;
mod objects;
mod pods;
mod required;
mod settings;
mod silent;
mod sound;
mod topics;

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::identity,
    fs,
    path::Path,
    sync::LazyLock,
};

use kafka_stacks::{
    diagnostics::Certainty,
    lint::{self, ObjectModel},
    prelude::{Diagnostic, Kubernetes, Platform, Severity, Stack, rules},
    synth::synth,
    yaml::read::Lines,
};

use crate::stacks;

/// That clients connect in plaintext, or may do everything, and that they do not follow a listener that is edited.
const OPENNESS: [&str; 3] = [
    rules::security::PLAINTEXT.id,
    rules::security::NO_AUTHORIZATION.id,
    rules::security::PROTOCOL.id,
];

/// The rule that finds it; or none, where the edit is sound.
type Expected = Option<&'static str>;

/// One edit of one file of a layout.
#[derive(Clone)]
pub(crate) struct Edit {
    /// A folder of `out/`, or a file of `layouts/` without its ending. `prod`, `prod-dedicated` and `prod-zookeeper` are what these stacks
    /// are without encryption.
    pub(crate) layout: &'static str,
    /// The file in that folder; nothing for a layout of one file.
    file: &'static str,
    /// What stands there: the first of several.
    from: &'static str,
    pub(crate) to: &'static str,
    pub(crate) expected: Expected,
}

/// All edits of the tables.
pub(crate) fn edits() -> impl Iterator<Item = Edit> {
    let tables = [
        cascades::ALL,
        clients::ALL,
        durability::ALL,
        edited::ALL,
        limits::LIMITS,
        mistyped::ALL,
        monitoring::ALL,
        objects::ALL,
        required::ALL,
        settings::ALL,
        silent::ALL,
        topics::ALL,
    ];
    let tables = tables.into_iter().chain(consistency::TABLES);
    tables.flatten().cloned().chain(pods::faults())
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

/// What is said about an edit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Said {
    line: u32,
    severity: Severity,
    pub(crate) rule: &'static str,
    /// The object, or the file, and the line.
    place: String,
    message: String,
    hint: String,
    /// Whether `check --fix` mends it.
    certain: bool,
}

impl Said {
    fn of(finding: &Diagnostic, object: &str, line: u32) -> Self {
        Self {
            line,
            // What is missing has to be assumed where nothing says that it is elsewhere.
            severity: finding.outside.as_ref().map_or(finding.severity, |_| Severity::Error),
            rule: finding.rule.id,
            place: format!("{object}, line {line}"),
            message: finding.message.clone(),
            hint: finding.yaml_hint.clone().unwrap_or_else(|| finding.hint.clone()),
            certain: finding
                .mend
                .as_ref()
                .is_some_and(|mend| mend.certainty == Certainty::Certain),
        }
    }
}

/// An object of a file, and where each part of it is.
struct Parsed {
    model: ObjectModel,
    lines: Lines,
}

impl Parsed {
    fn said(&self, finding: &Diagnostic) -> Said {
        let place = &finding.place;
        let line = match place.row {
            Some(row) => self.lines.of_row(&place.field, row),
            None => self.lines.of(&place.field),
        };
        let identity = &self.model.identity;
        Said::of(finding, &format!("{} {}", identity.kind, identity.name), line)
    }
}

/// A file of a layout: its text, what is wrong with it and its objects by themselves, and what others see of the objects.
struct File {
    text: String,
    said: Vec<Said>,
    objects: Vec<Parsed>,
}

impl File {
    fn read(layout: &str, text: String) -> Self {
        let (documents, findings) = lint::read(&text, "the file");
        let mut said: Vec<Said> = findings
            .iter()
            .map(|finding| Said::of(finding, "the file", finding.location().line()))
            .collect();
        let mut models = Vec::new();
        let mut lines = Vec::new();
        for document in documents {
            if document.value["apiVersion"]
                .as_str()
                .is_some_and(|version| version.starts_with("kustomize.config"))
            {
                continue;
            }
            let judged = lint::judge_read(&document.value, Kubernetes::NEWEST);
            let parsed = Parsed {
                model: judged.model,
                lines: document.lines,
            };
            said.extend(judged.findings.iter().map(|finding| parsed.said(finding)));
            models.push(parsed.model);
            lines.push(parsed.lines);
        }
        // As a folder of Helm's output.
        lint::settle_namespaces(&mut models, |_| !layout.starts_with("objects/"));
        let objects = models.into_iter().zip(lines);
        let objects = objects.map(|(model, lines)| Parsed { model, lines }).collect();
        Self { text, said, objects }
    }
}

struct Layout(BTreeMap<String, File>);

impl Layout {
    /// A stack as it is without encryption: edits of listeners, and of clients without identities, need one.
    fn rendered(name: &str, stack: &Stack) -> Self {
        let manifests = synth(stack).manifests.unwrap();
        let is_manifest = |path: &str| {
            let pages = ["runbooks/", "tests/"];
            Path::new(path).extension().is_some_and(|ending| ending == "yaml")
                && !pages.iter().any(|folder| path.starts_with(folder))
        };
        let files = manifests.iter().filter(|(path, _)| is_manifest(path));
        Self(
            files
                .map(|(path, text)| (path.to_owned(), File::read(name, text.to_owned())))
                .collect(),
        )
    }

    fn read(name: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let one = match name.strip_prefix("objects/") {
            Some(name) => root.join(format!("tests/objects/{name}.yaml")),
            None => root.join(format!("tests/faults/layouts/{name}.yaml")),
        };
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
                    let file = path.strip_prefix(&folder).unwrap().to_str().unwrap().replace('\\', "/");
                    files.insert(file, File::read(name, fs::read_to_string(&path).unwrap()));
                }
            }
        }
        Self(files)
    }

    /// What is said, with some files in the place of those of the same name, and others beside them; not how open a layout is, which is so in
    /// nearly all.
    fn judge(&self, edited: &BTreeMap<&str, File>, platform: Platform) -> Vec<Said> {
        let mut said = self.judge_all(edited, platform);
        said.retain(|said| !OPENNESS.contains(&said.rule));
        said
    }

    fn judge_all(&self, edited: &BTreeMap<&str, File>, platform: Platform) -> Vec<Said> {
        let own = self
            .0
            .iter()
            .map(|(name, file)| edited.get(name.as_str()).unwrap_or(file));
        let beside = edited.iter().filter(|(name, _)| !self.0.contains_key(**name));
        let files: Vec<&File> = own.chain(beside.map(|(_, file)| file)).collect();
        let objects: Vec<&Parsed> = files.iter().flat_map(|file| &file.objects).collect();
        let models: Vec<&ObjectModel> = objects.iter().map(|object| &object.model).collect();
        let mut said: Vec<Said> = files.iter().flat_map(|file| file.said.iter().cloned()).collect();
        for (object, findings) in objects.iter().zip(lint::judge_set(&models, platform).findings) {
            said.extend(findings.iter().map(|finding| object.said(finding)));
        }
        let twice = lint::duplicates(&models).into_iter();
        said.extend(twice.map(|(index, _)| {
            let finding = Diagnostic::new(&rules::stack::OBJECT_TWICE, "is there twice");
            objects[index].said(&finding)
        }));
        said.sort();
        said
    }
}

impl Edit {
    /// The file with the edit, and the rest of its layout.
    fn made(&self) -> Result<(&'static Layout, BTreeMap<&'static str, File>), String> {
        let Self {
            layout, file, from, to, ..
        } = self;
        let what = format!("{layout}/{file}: {from:?} → {to:?}");
        let all = LAYOUTS.get(layout).ok_or_else(|| format!("{what}: no such layout"))?;
        let before = all.0.get(*file).ok_or_else(|| format!("{what}: no such file"))?;
        if !before.text.contains(from) {
            return Err(format!("{what}: the text is not there"));
        }
        let edited = File::read(layout, before.text.replacen(from, to, 1));
        Ok((all, BTreeMap::from([(*file, edited)])))
    }

    /// Where it is made, and of what.
    const fn made_of(&self) -> (&str, &str, &str, &str) {
        (self.layout, self.file, self.from, self.to)
    }

    /// How much text there is in its layout.
    pub(crate) fn size(&self) -> usize {
        LAYOUTS[self.layout].0.values().map(|file| file.text.len()).sum()
    }

    /// The texts of all files of the layout, with the edit.
    pub(crate) fn texts(&self) -> Vec<String> {
        let (layout, edited) = self.made().unwrap();
        let others = layout.0.iter().filter(|(name, _)| *name != self.file);
        others
            .map(|(_, file)| file)
            .chain(edited.values())
            .map(|file| file.text.clone())
            .collect()
    }

    /// Whether `check --fix` mends something of it.
    pub(crate) fn is_mended(&self) -> bool {
        self.said().iter().any(|said| said.certain)
    }

    /// The rules that find something in it.
    pub(crate) fn rules(&self) -> BTreeSet<&'static str> {
        self.said().iter().map(|said| said.rule).collect()
    }

    /// What is said about it.
    fn said(&self) -> Vec<Said> {
        let (layout, edited) = self.made().unwrap();
        self.judged(layout, &edited)
    }

    fn judged(&self, layout: &Layout, edited: &BTreeMap<&str, File>) -> Vec<Said> {
        if self.expected.is_some_and(|rule| OPENNESS.contains(&rule)) {
            layout.judge_all(edited, Platform::default())
        } else {
            layout.judge(edited, Platform::default())
        }
    }
}

/// All manifests of a layout, as one text.
pub(crate) fn rendered(layout: &str) -> String {
    let mut files: Vec<_> = LAYOUTS[layout].0.iter().collect();
    files.retain(|(name, _)| *name != "kustomization.yaml");
    files.sort_by(|(one, _), (other, _)| Path::new(one).cmp(Path::new(other)));
    let texts: Vec<&str> = files.iter().map(|(_, file)| file.text.as_str()).collect();
    texts.join("---\n")
}

/// What is said about a layout after some edits, each of the first place with its text, and with further objects beside it; not how open it is.
pub(crate) fn said_about(layout: &str, edits: &[(&str, &str)], more: &str, platform: Platform) -> Vec<Said> {
    let mut said = all_said_about(layout, edits, more, platform);
    said.retain(|said| !OPENNESS.contains(&said.rule));
    said
}

/// The same, with how open it is.
fn all_said_about(layout: &str, edits: &[(&str, &str)], more: &str, platform: Platform) -> Vec<Said> {
    const MORE: &str = "more.yaml";
    let all = &LAYOUTS[layout];
    let mut names: Vec<&str> = all.0.keys().map(String::as_str).collect();
    names.sort_by(|one, other| Path::new(one).cmp(Path::new(other)));
    let mut texts = BTreeMap::new();
    if !more.is_empty() {
        names.push(MORE);
        texts.insert(MORE, more.to_owned());
    }
    for (from, to) in edits {
        let text = |name: &str| texts.get(name).unwrap_or_else(|| &all.0[name].text);
        let name = names.iter().find(|name| text(name).contains(from));
        let name = *name.unwrap_or_else(|| panic!("{layout}: {from:?} is not there"));
        let edited = text(name).replacen(from, to, 1);
        texts.insert(name, edited);
    }
    let files = texts.into_iter().map(|(name, text)| (name, File::read(layout, text)));
    all.judge_all(&files.collect(), platform)
}

static LAYOUTS: LazyLock<BTreeMap<&'static str, Layout>> = LazyLock::new(|| {
    [
        "prod",
        "prod-dedicated",
        "prod-zookeeper",
        "scale",
        "confluent",
        "apache",
        "bitnami",
        "bitnami-files",
        "strimzi",
        "zookeepers",
        "variables",
        "objects/plain",
        "objects/kafka",
        "objects/apache",
    ]
    .into_iter()
    .map(|name| {
        let layout = match name {
            "prod" => Layout::rendered(name, &stacks::prod::with(identity)),
            "prod-dedicated" => Layout::rendered(name, &stacks::prod_dedicated::with(identity)),
            "prod-zookeeper" => Layout::rendered(name, &stacks::prod_zookeeper::with(identity, identity)),
            _ => Layout::read(name),
        };
        (name, layout)
    })
    .collect()
});

/// Makes each edit by itself, and compares what is found with what is expected.
pub(super) fn hold(edits: &[Edit]) {
    let mut wrong = Vec::new();
    for edit in edits {
        let (layout, edited) = match edit.made() {
            Ok(made) => made,
            Err(error) => {
                wrong.push(error);
                continue;
            }
        };
        let said = edit.judged(layout, &edited);
        let found: BTreeSet<&str> = said.iter().map(|said| said.rule).collect();
        let what = format!("{}/{}: {:?} → {:?}", edit.layout, edit.file, edit.from, edit.to);
        match edit.expected {
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

/// Whether a hint is for the author of a stack: it has a path, the call of a method, or a word for them.
fn names_rust(hint: &str) -> bool {
    let calls = hint.split('.').skip(1).any(|after| {
        let name = after.trim_start_matches(|c: char| c.is_ascii_lowercase() || c == '_');
        name.len() < after.len() && name.starts_with('(')
    });
    calls
        || ["::", "stack.", "construct", "builder"]
            .iter()
            .any(|word| hint.contains(word))
}

/// Findings as they are told to the author of a manifest.
pub(crate) fn shown(said: &[Said]) -> String {
    let mut all = String::new();
    for finding in said {
        assert!(!names_rust(&finding.hint), "{finding:?}");
        all += &format!(
            "{}[{}] {}: {}\n",
            finding.severity, finding.rule, finding.place, finding.message
        );
        if !finding.hint.is_empty() {
            all += &format!("  hint: {}\n", finding.hint);
        }
    }
    all
}

/// What is said about each edit: the line of a manifest, and what mends it there. A fault that Kubernetes refuses, or silently breaks
/// on, is refused here.
fn told(edits: &[Edit]) -> String {
    let mut all = String::new();
    for edit in edits {
        let said = edit.said();
        let from: &str = edit.from.trim();
        let to: String = edit.to.chars().take(120).collect();
        all += &format!("# {}: {from:?} becomes {to:?}\n", edit.expected.unwrap_or("sound"));
        all += &shown(&said);
        let weighs = |finding: &Said| Some(finding.rule) == edit.expected && finding.severity <= Severity::Warning;
        assert!(
            edit.expected.is_none() || said.iter().any(weighs),
            "{:?} of {:?} passes",
            edit.to,
            edit.expected
        );
    }
    all
}

#[test]
fn the_layouts_are_sound() {
    for (name, layout) in LAYOUTS.iter() {
        assert_eq!(layout.judge(&BTreeMap::new(), Platform::default()), [], "{name}");
    }
}
