//! Reads manifests from disk, no matter which tool wrote them, and judges their objects.
#![expect(clippy::disallowed_methods, reason = "the command line reads what it judges")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{self, Read},
    path::{Component, Path, PathBuf},
};

use serde_json::Value;

use crate::{
    cli::{
        failure::Failure,
        terms::{Assumption, Terms},
    },
    diagnostics::{Diagnostic, Diagnostics, Location, Profile, Rule, Severity},
    kubernetes::{Kubernetes, Platform},
    lint::{self, ObjectModel},
    rules::{api, stack},
    yaml::{
        self, Listed,
        read::{Document, Lines},
    },
};

/// The largest file that is read: far larger than any manifest.
const LARGEST: u64 = 64 << 20;

/// The result for a folder.
#[derive(Debug, Default)]
pub(super) struct Judgement {
    pub(super) findings: Diagnostics,
    pub(super) files: usize,
    pub(super) objects: usize,
    /// Assumptions that no reference needed.
    pub(super) needless: Vec<String>,
    pub(super) not_judged: NotJudged,
    /// The text of the line of each finding, where it could be read.
    pub(super) lines: BTreeMap<Location, SourceLine>,
}

/// A line of a file that a finding points to.
#[derive(Debug)]
pub(super) struct SourceLine {
    pub(super) text: String,
    /// The template that made it, as Helm names it.
    pub(super) template: Option<String>,
}

/// What could not be judged: the objects of each cause.
pub(super) type NotJudged = BTreeMap<Unknown, BTreeSet<String>>;

/// Why something could not be judged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Unknown {
    /// What, as `settings`: it is followed by `of` and the objects.
    pub(super) what: String,
    /// What is not known: it follows `because`.
    pub(super) why: String,
}

/// How the text of standard input is called where a file has its path.
const STDIN: &str = "<stdin>";

/// Judges all manifests of folders and the folders in them, of files, and of standard input where a root is `-`, as one set.
pub(super) fn judge(roots: &[PathBuf], stdin: &mut dyn Read, terms: &Terms) -> Result<Judgement, Failure> {
    let mut folder = Folder {
        profile: terms.profile.unwrap_or_default(),
        found: Vec::new(),
        namespaces: BTreeMap::new(),
        objects: Vec::new(),
        kustomizations: Vec::new(),
        files: Vec::new(),
        stdin: None,
        not_judged: BTreeMap::new(),
    };
    for root in roots {
        if root.as_os_str() == "-" {
            folder.stdin.get_or_insert(read_stdin(stdin)?);
            continue;
        }
        let before = folder.files.len();
        folder.walk(root)?;
        if folder.files.len() == before {
            return Err(Failure::new(format!("no manifests in `{}`", shown(root)))
                .hint("manifests are files that end in `.yaml`, `.yml` or `.json`"));
        }
    }
    folder.leave_out_documents();
    folder.leave_out_patches();
    folder.files.sort();
    // A file may be in two of the folders.
    folder.files.dedup_by_key(|(path, _)| normal(path));
    for (path, shown) in folder.files.clone() {
        folder.file(&path, &shown);
    }
    if let Some(text) = folder.stdin.take() {
        folder.text(Path::new(STDIN), STDIN, &text);
        folder.stdin = Some(text);
    }
    folder.kustomizations();
    let needless = folder.objects(&terms.assumptions, terms.platform.unwrap_or_default());
    terms.acknowledge(&mut folder.found, &folder.namespaces);
    folder
        .found
        .sort_by_key(|finding| (finding.place.location, finding.rule.id));
    let lines = folder.lines();
    let mut findings = Diagnostics::default();
    for finding in folder.found {
        findings.push(finding);
    }
    Ok(Judgement {
        findings,
        files: folder.files.len() + usize::from(folder.stdin.is_some()),
        objects: folder.objects.len(),
        needless,
        not_judged: folder.not_judged,
        lines,
    })
}

pub(super) fn read_stdin(stdin: &mut dyn Read) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    stdin
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::new(format!("standard input {}", reason(&error))))?;
    if bytes.len() as u64 > LARGEST {
        return Err(Failure::new(format!("standard input has more than {LARGEST} bytes")));
    }
    let text = String::from_utf8(bytes).map_err(|_| Failure::new("standard input is not valid UTF-8"))?;
    if text.trim().is_empty() {
        // What failed before the pipe has said why.
        return Err(Failure::new("nothing on standard input")
            .hint("`-` reads manifests from a pipe: `helm template … | kafka-stacks check --dir -`"));
    }
    Ok(text)
}

/// The templates that Helm names above the objects that they made, each with the line of its comment.
fn templates(text: &str) -> Vec<(u32, &str)> {
    let lines = (1..).zip(text.lines());
    lines
        .filter_map(|(line, text)| Some((line, text.strip_prefix("# Source: ")?.trim())))
        .collect()
}

/// The template of a line.
fn template<'t>(templates: &[(u32, &'t str)], line: u32) -> Option<&'t str> {
    let after = templates.partition_point(|(first, _)| *first <= line);
    templates[..after].last().map(|(_, template)| *template)
}

struct Folder {
    profile: Profile,
    found: Vec<Diagnostic>,
    /// The namespace of the object that a finding is about, by the place of the finding.
    namespaces: BTreeMap<Location, String>,
    objects: Vec<Object>,
    kustomizations: Vec<(PathBuf, String, Value, Lines)>,
    /// Each path, and the path as it is shown.
    files: Vec<(PathBuf, String)>,
    /// The text of standard input, if it is judged.
    stdin: Option<String>,
    not_judged: NotJudged,
}

/// An object, its file and its lines.
struct Object {
    body: Value,
    lines: Lines,
    file: String,
    /// Whether Helm made it.
    helm: bool,
}

/// A path as it was given, with `/` between folders on every machine.
pub(super) fn shown(path: &Path) -> String {
    path.display().to_string().replace('\\', "/")
}

pub(super) fn is_manifest(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| ["yaml", "yml", "json"].iter().any(|known| extension == *known))
}

pub(super) fn is_kustomization(path: &Path) -> bool {
    path.file_name().is_some_and(|name| {
        ["kustomization.yaml", "kustomization.yml", "Kustomization"]
            .iter()
            .any(|known| name == *known)
    })
}

/// Whether a resource of a kustomization is downloaded: a URL, or a path that begins with a host name.
fn is_remote(resource: &str) -> bool {
    let host = resource.split_once('/').map_or("", |(first, _)| first);
    resource.contains("://")
        || resource.contains('?')
        || resource.starts_with("git@")
        || host.contains('.') && !host.starts_with('.')
}

/// The files that a kustomization patches objects with, and where it names each. A patch may also be inline, as text of
/// several lines.
pub(super) fn patches(kustomization: &Value) -> Vec<(String, &str)> {
    let mut files = Vec::new();
    for field in ["patches", "patchesJson6902", "patchesStrategicMerge"] {
        for (index, patch) in kustomization[field].as_array().into_iter().flatten().enumerate() {
            if let Some(file) = patch["path"].as_str() {
                files.push((format!("/{field}/{index}/path"), file));
            } else if let Some(file) = patch.as_str().filter(|text| !text.contains(['\n', '{'])) {
                files.push((format!("/{field}/{index}"), file));
            }
        }
    }
    files
}

/// The files that an index of `synth` lists; none if the file is not an index, or cannot be read.
fn index(path: &Path) -> Option<Vec<Listed>> {
    yaml::read_index(&text(path).ok()??)
}

pub(super) fn reason(error: &io::Error) -> String {
    // The text of the error's kind is the same on every machine.
    format!("cannot be read: {}", error.kind())
}

impl Folder {
    fn report(
        &mut self,
        rule: &'static Rule,
        file: &str,
        line: u32,
        item: &str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        let mut finding = Diagnostic::new(rule, message);
        finding.item(item).hint(hint).at(Location::new(file, line));
        self.add(finding);
    }

    /// Notes what could not be judged, with other objects of the same cause.
    fn not_judged(&mut self, what: &str, object: &str, why: &str) {
        let (what, why) = (what.to_owned(), why.to_owned());
        let objects = self.not_judged.entry(Unknown { what, why }).or_default();
        objects.insert(object.to_owned());
    }

    /// Adds a finding with the severity of its rule in this profile.
    fn add(&mut self, mut finding: Diagnostic) {
        finding.severity = finding.rule.severity(self.profile);
        // A reference that leaves the folder is an error here: it cannot be acknowledged, but `--assume` exists.
        if finding.outside.is_some() {
            finding.severity = Severity::Error;
        }
        if finding.severity != Severity::Off {
            self.found.push(finding);
        }
    }

    /// Collects the files, as `kubectl apply --recursive` does: links to files are read, links to folders are not
    /// entered.
    fn walk(&mut self, root: &Path) -> Result<(), Failure> {
        let kind = fs::metadata(root).map_err(|error| Failure::new(format!("`{}` {}", shown(root), reason(&error))))?;
        if !kind.is_dir() {
            self.files.push((root.to_owned(), shown(root)));
            return Ok(());
        }
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            let entries = fs::read_dir(&folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
            let entries = match entries {
                Ok(entries) => entries,
                Err(error) if folder == root => {
                    return Err(Failure::new(format!("`{}` {}", shown(root), reason(&error))));
                }
                Err(error) => {
                    let file = shown(&folder);
                    self.report(
                        &api::UNREADABLE,
                        &file,
                        1,
                        &file,
                        format!("the folder {}", reason(&error)),
                        "",
                    );
                    continue;
                }
            };
            for entry in entries {
                let path = entry.path();
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    folders.push(path);
                } else if is_manifest(&path) || is_kustomization(&path) {
                    let file = shown(&path);
                    self.files.push((path, file));
                }
            }
        }
        Ok(())
    }

    /// An index of `synth` also lists runbooks and tests, which are not manifests.
    fn leave_out_documents(&mut self) {
        let documents: BTreeSet<PathBuf> = self
            .files
            .iter()
            .filter(|(path, _)| is_kustomization(path))
            .filter_map(|(path, _)| Some((path.parent()?, index(path)?)))
            .flat_map(|(folder, files)| {
                let documents = files.into_iter().filter(|file| !file.applied);
                documents.map(|file| folder.join(file.path)).collect::<Vec<_>>()
            })
            .collect();
        self.files.retain(|(path, _)| !documents.contains(path));
    }

    /// A patch has only some fields of an object.
    fn leave_out_patches(&mut self) {
        let patches: BTreeSet<PathBuf> = self
            .files
            .iter()
            .filter(|(path, _)| is_kustomization(path))
            .filter_map(|(path, _)| Some((path.parent()?, text(path).ok()??)))
            .flat_map(|(folder, text)| {
                let documents = yaml::read::read(&text).documents;
                let patches = documents.iter().flat_map(|document| patches(&document.value));
                patches.map(|(_, file)| normal(&folder.join(file))).collect::<Vec<_>>()
            })
            .collect();
        self.files.retain(|(path, _)| !patches.contains(&normal(path)));
    }

    fn file(&mut self, path: &Path, file: &str) {
        let text = match text(path) {
            Ok(Some(text)) => text,
            Ok(None) => return,
            Err((line, message)) => {
                self.report(&api::UNREADABLE, file, line, file, message, "");
                return;
            }
        };
        self.text(path, file, &text);
    }

    /// The documents of a text.
    fn text(&mut self, path: &Path, file: &str, text: &str) {
        let templates = templates(text);
        let (documents, findings) = lint::read(text, file);
        for finding in findings {
            self.add(finding);
        }
        for Document { value, lines } in documents {
            if is_kustomization(path)
                || value["apiVersion"]
                    .as_str()
                    .is_some_and(|version| version.starts_with("kustomize.config.k8s.io/"))
            {
                self.kustomizations
                    .push((path.to_owned(), file.to_owned(), value, lines));
            } else {
                let helm = template(&templates, lines.first()).is_some();
                self.document(value, lines, file, helm);
            }
        }
    }

    /// One document: an object, or a list of them.
    fn document(&mut self, value: Value, lines: Lines, file: &str, helm: bool) {
        if !value.is_object() {
            self.report(
                &api::NO_OBJECT,
                file,
                lines.first(),
                file,
                "not a Kubernetes object: the document is not a mapping",
                "",
            );
            return;
        }
        let list = value["kind"].as_str().is_some_and(|kind| kind.ends_with("List")) && value["items"].is_array();
        if !list {
            self.objects.push(Object {
                body: value,
                lines,
                file: file.to_owned(),
                helm,
            });
            return;
        }
        let all = lines.key("items").map_or(&[][..], Lines::items);
        let items = value["items"].as_array().into_iter().flatten();
        for (index, item) in items.enumerate() {
            let lines = all.get(index).cloned().unwrap_or_else(|| lines.clone());
            self.document(item.clone(), lines, file, helm);
        }
    }

    /// What is applied with `kubectl apply -k` is not always what the files contain.
    fn kustomizations(&mut self) {
        const HARMLESS: [&str; 6] = [
            "apiVersion",
            "kind",
            "metadata",
            "resources",
            "sortOptions",
            "buildMetadata",
        ];
        for (path, file, value, lines) in std::mem::take(&mut self.kustomizations) {
            let transforms: Vec<&str> = value
                .as_object()
                .into_iter()
                .flatten()
                .map(|(key, _)| key.as_str())
                .filter(|key| !HARMLESS.contains(key))
                .collect();
            for key in transforms {
                self.report(
                    &api::TRANSFORMED,
                    &file,
                    lines.of(&format!("/{key}")),
                    &file,
                    format!("`{key}` changes the objects before they are applied: the files are judged without it"),
                    "check the output of `kubectl kustomize` instead",
                );
            }
            let folder = path.parent().unwrap_or(Path::new("")).to_owned();
            let resources: Vec<&str> = value["resources"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            let named = resources
                .iter()
                .enumerate()
                .map(|(index, resource)| (format!("/resources/{index}"), *resource))
                .chain(patches(&value));
            for (pointer, resource) in named {
                if !is_remote(resource) && fs::metadata(folder.join(resource)).is_err() {
                    self.report(
                        &api::KUSTOMIZATION,
                        &file,
                        lines.of(&pointer),
                        &file,
                        format!("`{resource}` does not exist"),
                        "remove the line, or add the file",
                    );
                }
            }
            let folder = normal(&folder);
            let listed: Vec<PathBuf> = resources
                .iter()
                .map(|resource| normal(&folder.join(resource)))
                .collect();
            for (other, name) in self.files.clone() {
                let path = normal(&other);
                let own = path.starts_with(&folder) && !is_kustomization(&path);
                if own && !listed.iter().any(|listed| path.starts_with(listed)) {
                    self.report(
                        &api::TRANSFORMED,
                        &name,
                        1,
                        &name,
                        format!("is not listed in `{file}`: it is not applied with it"),
                        "list it under `resources`, or move it to another folder",
                    );
                }
            }
        }
    }

    /// The lines that findings point to. The files are read again: the text of all of them at once would fill the memory.
    fn lines(&self) -> BTreeMap<Location, SourceLine> {
        let mut places: BTreeMap<String, BTreeSet<Location>> = BTreeMap::new();
        for location in self.found.iter().filter_map(|finding| finding.place.location) {
            places.entry(location.file()).or_default().insert(location);
        }
        let mut found = BTreeMap::new();
        for (file, locations) in places {
            let text = match &self.stdin {
                Some(text) if file == STDIN => text.clone(),
                _ => text(Path::new(&file)).ok().flatten().unwrap_or_default(),
            };
            let templates = templates(&text);
            let mut lines = (1..).zip(text.lines());
            let mut last = None;
            for location in locations {
                if last.is_none_or(|(number, _)| number < location.line()) {
                    last = lines.find(|(number, _)| *number == location.line());
                }
                let Some((number, line)) = last else { continue };
                let template = template(&templates, number).map(str::to_owned);
                found.insert(
                    location,
                    SourceLine {
                        text: line.to_owned(),
                        template,
                    },
                );
            }
        }
        found
    }

    /// Judges the objects, and returns the assumptions that no reference needed.
    fn objects(&mut self, assumptions: &[Assumption], platform: Platform) -> Vec<String> {
        let objects = std::mem::take(&mut self.objects);
        let mut faults: Vec<Diagnostics> = Vec::new();
        let mut models: Vec<ObjectModel> = Vec::new();
        for object in &objects {
            let judged = lint::judge_read(&object.body, Kubernetes::NEWEST);
            faults.push(judged.findings);
            models.push(judged.model);
        }
        lint::settle_namespaces(&mut models, |index| objects[index].helm);
        let models: Vec<&ObjectModel> = models.iter().collect();
        let judgement = lint::judge_set(&models, platform);
        for (faults, among_others) in faults.iter_mut().zip(judgement.findings) {
            faults.extend(among_others);
        }
        let item = |index: usize| {
            let identity = &models[index].identity;
            match (identity.kind.as_str(), identity.name.as_str()) {
                ("", "") => objects[index].file.clone(),
                (kind, name) => format!("{kind} {name}").trim().to_owned(),
            }
        };
        for unknown in &judgement.not_judged {
            self.not_judged(unknown.what, &item(unknown.index), &unknown.why);
        }
        for (index, first) in lint::duplicates(&models) {
            let (object, other) = (&objects[index], &objects[first]);
            let message = format!(
                "the same object is also in `{}`, line {}: the one that is applied last wins",
                other.file,
                other.lines.first()
            );
            self.report(
                &stack::OBJECT_TWICE,
                &object.file,
                object.lines.first(),
                &item(index),
                message,
                "remove one of the two",
            );
        }
        let unreadable = self.found.iter().find(|finding| *finding.rule == api::UNREADABLE);
        let unreadable = unreadable.map(|finding| finding.location().file());
        let mut needed = vec![false; assumptions.len()];
        for (index, (object, faults)) in objects.iter().zip(faults).enumerate() {
            for mut finding in faults {
                if let Some(outside) = &finding.outside {
                    let assumed: Vec<usize> = (0..assumptions.len())
                        .filter(|&at| assumptions[at].covers(outside))
                        .collect();
                    for &at in &assumed {
                        needed[at] = true;
                    }
                    if !assumed.is_empty() {
                        continue;
                    }
                    // What is missing may be in the file that cannot be read.
                    if let Some(file) = &unreadable {
                        let why = format!("`{file}` cannot be read, and may have what is not found");
                        self.not_judged("references", &item(index), &why);
                        continue;
                    }
                }
                let mut hint = finding
                    .yaml_hint
                    .take()
                    .unwrap_or_else(|| std::mem::take(&mut finding.hint));
                if let Some(outside) = &finding.outside {
                    let assume = format!(
                        "if the cluster has it, add `--assume {}`",
                        outside.trim_end_matches('/')
                    );
                    hint = if hint.is_empty() {
                        assume
                    } else {
                        format!("{hint}; or, {assume}")
                    };
                }
                let (field, row) = (&finding.place.field, finding.place.row);
                let line = row.map_or_else(|| object.lines.of(field), |row| object.lines.of_row(field, row));
                let mut location = Location::new(&object.file, line);
                // The column of a text is not that of a row in it.
                if line == object.lines.of(field) {
                    location = location.with_column(object.lines.column(field));
                }
                finding.item(item(index)).hint(hint).at(location);
                let namespace = &models[index].identity.namespace;
                self.namespaces.entry(location).or_insert_with(|| namespace.clone());
                self.add(finding);
            }
        }
        self.objects = objects;
        assumptions
            .iter()
            .zip(needed)
            .filter(|(_, needed)| !needed)
            .map(|(assumption, _)| assumption.shown())
            .collect()
    }
}

/// A path without `.` and `..`, without looking at the disk.
pub(super) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            // A `..` at the beginning leads out of the folder, so it stays.
            Component::ParentDir if matches!(normal.components().next_back(), Some(Component::Normal(_))) => {
                normal.pop();
            }
            part => normal.push(part),
        }
    }
    normal
}

/// The text of a file; `None` for a link to a folder. The error is a line and what is wrong there.
pub(super) fn text(path: &Path) -> Result<Option<String>, (u32, String)> {
    let kind = fs::metadata(path).map_err(|error| (1, reason(&error)))?;
    if kind.is_dir() {
        return Ok(None);
    }
    // Reading a pipe or a device could block.
    if !kind.is_file() {
        return Err((1, "is neither a file nor a folder".to_owned()));
    }
    if kind.len() > LARGEST {
        return Err((1, format!("has {} bytes: the limit is {LARGEST}", kind.len())));
    }
    let bytes = fs::read(path).map_err(|error| (1, reason(&error)))?;
    String::from_utf8(bytes).map(Some).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = before.split(|&byte| byte == b'\n').count();
        (u32::try_from(line).unwrap_or(u32::MAX), "is not valid UTF-8".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_the_same_however_it_is_written() {
        for (path, expected) in [
            (".", ""),
            ("./a/./b", "a/b"),
            ("a/../b", "b"),
            ("../x/a", "../x/a"),
            ("../../x/../y", "../../y"),
            ("/a/../b", "/b"),
        ] {
            assert_eq!(normal(Path::new(path)), Path::new(expected), "{path}");
        }
    }
}
