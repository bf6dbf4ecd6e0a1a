//! Reads manifests from disk, no matter which tool wrote them, and judges their objects.
#![expect(clippy::disallowed_methods, reason = "the command line reads what it judges")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    cli::{
        failure::{Failure, cause},
        kustomize::{self, Overlay, Unbuilt, is_in, is_kustomization, is_remote, normal, patches},
        terms::{Assumption, Terms},
    },
    diagnostics::{Certainty, Change, Diagnostic, Diagnostics, Location, Profile, Rule, Severity},
    kubernetes::{Kubernetes, Platform},
    lint::{self, ObjectModel},
    parallel,
    rules::{api, stack},
    yaml::{
        self, Part,
        edit::{Action, Edit},
        read::{Document, Lines},
    },
};

/// The largest file that is read: far larger than any manifest.
const LARGEST: u64 = 64 << 20;

/// How many files are worth a thread of their own.
const FILES_A_THREAD: usize = 8;

/// How many objects are worth a thread of their own.
const OBJECTS_A_THREAD: usize = 8;

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
    /// The changes that are certain to mend a finding.
    pub(super) fixes: Vec<Fix>,
    /// The text of each file, by the path that is shown.
    pub(super) texts: BTreeMap<String, String>,
}

/// A change that is certain to mend a finding.
#[derive(Debug)]
pub(super) struct Fix {
    pub(super) rule: &'static Rule,
    pub(super) location: Location,
    /// The file, by the path that is shown.
    pub(super) file: String,
    /// The change of the file, or why there is none.
    pub(super) edit: Result<Edit, &'static str>,
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
pub(super) const STDIN: &str = "<stdin>";

/// Judges all manifests of folders and the folders in them, of files, and of standard input where a root is `-`, as one set.
pub(super) fn judge(roots: &[PathBuf], stdin: &mut dyn Read, terms: &Terms) -> Result<Judgement, Failure> {
    let mut folder = Folder {
        profile: terms.profile.unwrap_or_default(),
        found: Vec::new(),
        objects: Vec::new(),
        namespaces: Vec::new(),
        kustomizations: Vec::new(),
        files: Vec::new(),
        stdin: false,
        texts: BTreeMap::new(),
        not_judged: BTreeMap::new(),
        unbuilt: BTreeMap::new(),
        overlays: Vec::new(),
    };
    for root in roots {
        if root.as_os_str() == "-" {
            if !std::mem::replace(&mut folder.stdin, true) {
                folder.texts.insert(STDIN.to_owned(), read_stdin(stdin)?);
            }
            continue;
        }
        let before = folder.files.len();
        folder.walk(root)?;
        if folder.files.len() == before {
            return Err(Failure::new(format!("no manifests in `{}`", shown(root)))
                .hint("manifests are files that end in `.yaml`, `.yml` or `.json`"));
        }
        folder.build(root, before);
    }
    folder.files.sort();
    // A file may be in two of the folders.
    folder.files.dedup_by_key(|(path, _)| normal(path));
    folder.load(is_kustomization);
    folder.leave_out_documents();
    folder.leave_out_patches();
    folder.load(|_| true);
    let texts = std::mem::take(&mut folder.texts);
    let mut read = folder.files.clone();
    read.push((PathBuf::from(STDIN), STDIN.to_owned()));
    read.retain(|(_, shown)| texts.contains_key(shown));
    let documents = parallel::map(&read, FILES_A_THREAD, |(_, shown)| lint::read(&texts[shown], shown));
    for ((path, shown), documents) in read.iter().zip(documents) {
        folder.text(path, shown, &texts[shown], documents);
    }
    folder.texts = texts;
    folder.built();
    folder.kustomizations();
    let needless = folder.objects(&terms.assumptions, terms.platform.unwrap_or_default());
    if folder.objects.is_empty()
        && folder.found.is_empty()
        && folder.kustomizations.is_empty()
        && folder.unbuilt.is_empty()
    {
        return Err(Failure::new("no object in what was read: there is nothing to judge")
            .hint("did the chart's values leave everything out? `---` and comments are no manifests"));
    }
    terms.acknowledge(&mut folder.found, &folder.namespaces);
    folder
        .found
        .sort_by_key(|finding| (finding.place.location, finding.rule.id));
    let (lines, fixes) = (folder.lines(&terms.files), folder.fixes());
    let mut findings = Diagnostics::default();
    for finding in folder.found {
        findings.push(finding);
    }
    Ok(Judgement {
        findings,
        files: folder.files.len() + folder.overlays.len() + usize::from(folder.stdin),
        objects: folder.objects.len(),
        needless,
        not_judged: folder.not_judged,
        lines,
        fixes,
        texts: folder.texts,
    })
}

pub(super) fn read_stdin(stdin: &mut dyn Read) -> Result<String, Failure> {
    read_pipe(stdin, "standard input")
}

/// The text of a pipe, by its name in messages.
pub(super) fn read_pipe(pipe: &mut dyn Read, name: &str) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    pipe.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::new(format!("{name} {}", reason(&error))))?;
    if bytes.len() as u64 > LARGEST {
        return Err(Failure::new(format!("{name} has more than {LARGEST} bytes")));
    }
    let text = String::from_utf8(bytes).map_err(|_| Failure::new(format!("{name} is not valid UTF-8")))?;
    if text.trim().is_empty() {
        // What failed before the pipe has said why.
        return Err(Failure::new(format!("nothing on {name}"))
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
    objects: Vec<Object>,
    /// The namespace of each object.
    namespaces: Vec<String>,
    kustomizations: Vec<(PathBuf, String, Value, Lines)>,
    /// Each path, and the path as it is shown.
    files: Vec<(PathBuf, String)>,
    /// Whether standard input is judged.
    stdin: bool,
    /// What was read, by the path that is shown.
    texts: BTreeMap<String, String>,
    not_judged: NotJudged,
    /// Kustomizations that should have been built, and why they are not.
    unbuilt: BTreeMap<PathBuf, String>,
    /// Kustomizations whose output is judged instead of their files.
    overlays: Vec<Built>,
}

/// The output of a kustomization.
struct Built {
    /// The kustomization, as it is shown.
    file: String,
    text: String,
    /// The files that it is made of.
    sources: Vec<Source>,
}

/// A file that a kustomization is made of: its documents, if it has some.
struct Source {
    file: String,
    text: String,
    documents: Vec<Document>,
}

/// An object, its file and its lines.
struct Object {
    body: Value,
    lines: Lines,
    file: String,
    /// Where it is in its document, as a JSON pointer.
    prefix: String,
    written: Written,
}

/// Where an object is written.
#[derive(Clone, Copy)]
enum Written {
    /// In a document of its file; by Helm or not.
    File { document: usize, helm: bool },
    /// In the output of a kustomization.
    Overlay(usize),
}

/// A path as it was given, with `/` between folders on every machine.
pub(super) fn shown(path: &Path) -> String {
    path.display().to_string().replace('\\', "/")
}

pub(super) fn is_manifest(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| ["yaml", "yml", "json"].iter().any(|known| extension == *known))
}

pub(super) fn reason(error: &io::Error) -> String {
    format!("cannot be read: {}", cause(error))
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
                } else if is_link_to_folder(&entry) {
                    self.not_judged("files", &format!("`{}`", shown(&path)), NOT_ENTERED);
                } else if is_manifest(&path) || is_kustomization(&path) {
                    let file = shown(&path);
                    self.files.push((path, file));
                }
            }
        }
        Ok(())
    }

    /// Reads files that have not been read yet, each once.
    fn load(&mut self, wanted: impl Fn(&Path) -> bool) {
        let files = std::mem::take(&mut self.files);
        let wanted =
            |path: &Path, texts: &BTreeMap<String, String>, file: &String| wanted(path) && !texts.contains_key(file);
        let mut kept = Vec::with_capacity(files.len());
        for (path, file) in files {
            if wanted(&path, &self.texts, &file) {
                match text(&path) {
                    Ok(Some(text)) => {
                        self.texts.insert(file.clone(), text);
                    }
                    Ok(None) => {}
                    Err((line, message)) => {
                        self.report(&api::UNREADABLE, &file, line, &file, message, "");
                        self.texts.insert(file.clone(), String::new());
                    }
                }
            }
            kept.push((path, file));
        }
        self.files = kept;
    }

    /// An index of `synth` also lists runbooks and tests, which are not manifests.
    fn leave_out_documents(&mut self) {
        let documents: BTreeSet<PathBuf> = self
            .kustomization_texts()
            .filter_map(|(folder, text)| Some((folder, yaml::read_index(text)?)))
            .flat_map(|(folder, files)| {
                let documents = files.into_iter().filter(|file| file.part == Part::Document);
                documents.map(|file| folder.join(file.path)).collect::<Vec<_>>()
            })
            .collect();
        self.files.retain(|(path, _)| !documents.contains(path));
    }

    /// A patch has only some fields of an object.
    fn leave_out_patches(&mut self) {
        let patches: BTreeSet<PathBuf> = self
            .kustomization_texts()
            .filter(|(_, text)| text.contains("patches"))
            .flat_map(|(folder, text)| {
                let documents = yaml::read::read(text).documents;
                let patches = documents.iter().flat_map(|document| patches(&document.value));
                patches.map(|(_, file)| normal(&folder.join(file))).collect::<Vec<_>>()
            })
            .collect();
        self.files.retain(|(path, _)| !patches.contains(&normal(path)));
    }

    /// The folder and the text of each kustomization.
    fn kustomization_texts(&self) -> impl Iterator<Item = (&Path, &str)> {
        let kustomizations = self.files.iter().filter(|(path, _)| is_kustomization(path));
        kustomizations.filter_map(|(path, file)| Some((path.parent()?, self.texts.get(file)?.as_str())))
    }

    /// If the kustomization of a root changes objects, its output takes the place of the files, which are those from `first` on.
    fn build(&mut self, root: &Path, first: usize) {
        let Some(overlay) = Overlay::of(root).filter(|overlay| overlay.differs) else {
            return;
        };
        // Like the files below it, which may be named from several places.
        let file = shown(&normal(&overlay.file));
        let built = match &overlay.remote {
            Some(remote) => Err(format!("`{remote}` would be downloaded")),
            // That is told with its line.
            None if overlay.incomplete => Err("it names files that do not exist".to_owned()),
            None => match kustomize::build(root, LARGEST) {
                Ok(text) => Ok(text),
                Err(Unbuilt::NoTool) => Err("neither `kubectl` nor `kustomize` is there".to_owned()),
                Err(Unbuilt::Failed(error)) => {
                    let message = format!("cannot be built: {error}");
                    let hint = format!("see `kubectl kustomize {}`", shown(root));
                    self.report(&api::KUSTOMIZATION, &file, 1, &file, message, hint);
                    Err("it cannot be built".to_owned())
                }
            },
        };
        let text = match built {
            Ok(text) => text,
            Err(why) => {
                self.not_judged("changes", &file, &why);
                self.unbuilt.insert(normal(&overlay.file), why);
                return;
            }
        };
        for (path, name) in self.files.split_off(first) {
            if !overlay.files.contains(&normal(&path)) && !is_kustomization(&path) {
                self.not_applied(&name, &file);
                let text = text_of_source(&path).unwrap_or_default();
                self.texts.entry(name).or_insert(text);
            }
        }
        let sources = overlay.files.iter().filter_map(|path| {
            let text = text_of_source(path)?;
            let documents = if is_manifest(path) && !is_kustomization(path) {
                yaml::read::read(&text).documents
            } else {
                Vec::new()
            };
            Some(Source {
                file: shown(path),
                text,
                documents,
            })
        });
        let sources = sources.collect();
        self.overlays.push(Built { file, text, sources });
    }

    fn not_applied(&mut self, name: &str, kustomization: &str) {
        self.report(
            &api::TRANSFORMED,
            name,
            1,
            name,
            format!("is not listed in `{kustomization}`: it is not applied with it"),
            "list it under `resources`, or move it to another folder",
        );
    }

    /// The objects of overlays.
    fn built(&mut self) {
        for index in 0..self.overlays.len() {
            let documents = yaml::read::read(&self.overlays[index].text).documents;
            let file = self.overlays[index].file.clone();
            for Document { value, lines } in documents {
                self.document(value, lines, &file, "", Written::Overlay(index));
            }
        }
        // The lines that findings point to.
        for source in self.overlays.iter().flat_map(|overlay| &overlay.sources) {
            self.texts
                .entry(source.file.clone())
                .or_insert_with(|| source.text.clone());
        }
    }

    /// The documents of a text.
    fn text(&mut self, path: &Path, file: &str, text: &str, (documents, findings): (Vec<Document>, Diagnostics)) {
        let templates = templates(text);
        for finding in findings {
            self.add(finding);
        }
        for (number, Document { value, lines }) in documents.into_iter().enumerate() {
            if is_kustomization(path)
                || value["apiVersion"]
                    .as_str()
                    .is_some_and(|version| version.starts_with("kustomize.config.k8s.io/"))
            {
                self.kustomizations
                    .push((path.to_owned(), file.to_owned(), value, lines));
            } else {
                let helm = template(&templates, lines.first()).is_some();
                let document = number;
                self.document(value, lines, file, "", Written::File { document, helm });
            }
        }
    }

    /// One document: an object, or a list of them.
    fn document(&mut self, value: Value, lines: Lines, file: &str, prefix: &str, written: Written) {
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
                prefix: prefix.to_owned(),
                written,
            });
            return;
        }
        let all = lines.key("items").map_or(&[][..], Lines::items);
        let items = value["items"].as_array().into_iter().flatten();
        for (index, item) in items.enumerate() {
            let lines = all.get(index).cloned().unwrap_or_else(|| lines.clone());
            self.document(item.clone(), lines, file, &format!("{prefix}/items/{index}"), written);
        }
    }

    /// What is applied with `kubectl apply -k` is not always what the files contain.
    fn kustomizations(&mut self) {
        for (path, file, value, lines) in std::mem::take(&mut self.kustomizations) {
            let unbuilt = self.unbuilt.contains_key(&normal(&path));
            let transforms = lint::deployer::transforms(&value);
            // That it is not built is said already.
            let transforms = transforms.into_iter().filter(|_| !unbuilt);
            for key in transforms {
                self.report(
                    &api::TRANSFORMED,
                    &file,
                    lines.of(&format!("/{key}")),
                    &file,
                    format!("`{key}` changes the objects before they are applied: the files are judged without it"),
                    format!("name its folder: `check --dir {}` builds it", folder_of(&file)),
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
            // What is applied by itself is not forgotten.
            let index = self.texts.get(&file).and_then(|text| yaml::read_index(text));
            let apart = index.iter().flatten().filter(|file| file.part == Part::Apart);
            let listed: BTreeSet<PathBuf> = resources
                .iter()
                .copied()
                .chain(apart.map(|file| file.path.as_str()))
                .map(|resource| normal(&folder.join(resource)))
                .collect();
            for (other, name) in self.files.clone() {
                let path = normal(&other);
                let own = is_in(&path, &folder) && !is_kustomization(&path);
                if own && !path.ancestors().any(|above| listed.contains(above)) {
                    self.not_applied(&name, &file);
                }
            }
        }
    }

    /// The lines that findings point to, in what was read here and in other files.
    fn lines(&self, others: &BTreeMap<String, String>) -> BTreeMap<Location, SourceLine> {
        let mut places: BTreeMap<String, BTreeSet<Location>> = BTreeMap::new();
        for location in self.found.iter().filter_map(|finding| finding.place.location) {
            places.entry(location.file()).or_default().insert(location);
        }
        let mut found = BTreeMap::new();
        for (file, locations) in places {
            let text = self.texts.get(&file).or_else(|| others.get(&file));
            let text = text.map_or("", String::as_str);
            let templates = templates(text);
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
        let all = parallel::map(&objects, OBJECTS_A_THREAD, |object| {
            lint::judge_read(&object.body, Kubernetes::NEWEST)
        });
        for judged in all {
            faults.push(judged.findings);
            models.push(judged.model);
        }
        for (index, model) in self.quoted(&objects, &faults) {
            models[index] = model;
        }
        lint::settle_namespaces(&mut models, |index| {
            matches!(objects[index].written, Written::File { helm: true, .. })
        });
        self.namespaces = models.iter().map(|model| model.identity.namespace.clone()).collect();
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
            self.twice(&item(index), &objects[index], &objects[first]);
        }
        let unreadable = self.found.iter().find(|finding| *finding.rule == api::UNREADABLE);
        let unreadable = unreadable.map(|finding| format!("`{}` cannot be read", finding.location().file()));
        let unbuilt = self.unbuilt.keys().next();
        let unread = unreadable.or_else(|| unbuilt.map(|file| format!("`{}` is not built", shown(file))));
        // Rules that report what is missing: a budget, a policy, a monitor.
        let missing = ["KS-O08", "KS-P11", "KS-P24"];
        let mut needed = vec![false; assumptions.len()];
        for (index, (object, faults)) in objects.iter().zip(faults).enumerate() {
            for mut finding in faults {
                if let Some(unread) = unread.as_ref().filter(|_| missing.contains(&finding.rule.id)) {
                    let why = format!("{unread}, and may have what is not found");
                    self.not_judged("what belongs to it", &item(index), &why);
                    continue;
                }
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
                    if let Some(unread) = &unread {
                        let why = format!("{unread}, and may have what is not found");
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
                let location = self.place(object, &finding.place.field, finding.place.row);
                finding.item(item(index)).hint(hint).at(location);
                finding.place.object = Some(index);
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

impl Folder {
    /// Reports an object that an earlier one is too.
    fn twice(&mut self, item: &str, object: &Object, other: &Object) {
        let message = format!(
            "the same object is also in `{}`, line {}: the one that is applied last wins",
            other.file,
            other.lines.first()
        );
        let line = object.lines.first();
        self.report(
            &stack::OBJECT_TWICE,
            &object.file,
            line,
            item,
            message,
            "remove one of the two",
        );
    }

    /// The place of a field, and of a row of its text.
    fn place(&self, object: &Object, field: &str, row: Option<u32>) -> Location {
        match object.written {
            Written::File { .. } => place_in(&object.file, &object.lines, field, row),
            Written::Overlay(overlay) => {
                let overlay = &self.overlays[overlay];
                let source = overlay.source(object, field, row);
                source.unwrap_or_else(|| Location::new(&overlay.file, 1))
            }
        }
    }

    /// The objects with texts that have to be in quotes, as if they were: others are judged by what is written there.
    fn quoted(&self, objects: &[Object], faults: &[Diagnostics]) -> Vec<(usize, ObjectModel)> {
        let mut by_file: BTreeMap<&str, Vec<(usize, Edit)>> = BTreeMap::new();
        for (index, (object, faults)) in objects.iter().zip(faults).enumerate() {
            for finding in faults.iter().filter(|finding| is_quote(finding)) {
                if let Ok(edit) = edit(object, finding) {
                    by_file.entry(&object.file).or_default().push((index, edit));
                }
            }
        }
        let mut models = Vec::new();
        for (file, edits) in by_file {
            let Some(text) = self.texts.get(file) else { continue };
            let changes: Vec<Edit> = edits.iter().map(|(_, edit)| edit.clone()).collect();
            let text = yaml::edit::apply(text, &yaml::edit::edit(text, &changes).splices);
            let (documents, _) = lint::read(&text, file);
            let of_file: BTreeMap<usize, usize> = edits.iter().map(|(index, edit)| (*index, edit.document)).collect();
            for (index, document) in of_file {
                let document = documents.get(document);
                let body = document.and_then(|document| document.value.pointer(&objects[index].prefix));
                let judged = body.map(|body| lint::judge_read(body, Kubernetes::NEWEST));
                models.extend(judged.map(|judged| (index, judged.model)));
            }
        }
        models
    }

    /// Whether the text of a field is refused for what it says, with or without quotes.
    fn is_refused(&self, finding: &Diagnostic) -> bool {
        let field = finding.place.field.as_str();
        // A variable is told as a whole.
        let whole = field.strip_suffix("/value").unwrap_or(field);
        self.found.iter().any(|other| {
            let same = [field, whole].contains(&other.place.field.as_str());
            same && other.place.object == finding.place.object && !is_quote(other) && other.severity == Severity::Error
        })
    }

    /// The changes that mend what was found, where they are certain.
    fn fixes(&self) -> Vec<Fix> {
        let open = self.found.iter().filter(|finding| finding.acknowledged.is_none());
        let certain = open.filter_map(|finding| {
            let mend = finding.mend.as_ref()?;
            let object = &self.objects[finding.place.object?];
            (mend.certainty == Certainty::Certain).then(|| Fix {
                rule: finding.rule,
                location: finding.location(),
                file: object.file.clone(),
                edit: if is_quote(finding) && self.is_refused(finding) {
                    Err("in quotes the value is refused too")
                } else {
                    edit(object, finding)
                },
            })
        });
        certain.collect()
    }
}

impl Built {
    /// The place of a field in one of the files that the output is made of, if it has the same value there.
    fn source(&self, object: &Object, field: &str, row: Option<u32>) -> Option<Location> {
        let same = |other: &Value| {
            let is = |pointer: &str| other.pointer(pointer) == object.body.pointer(pointer);
            is("/kind") && is("/metadata/name") && is(field)
        };
        let documents = self
            .sources
            .iter()
            .flat_map(|source| source.documents.iter().map(move |document| (source, document)));
        let mut of_object = documents.filter(|(_, document)| same(&document.value));
        if let Some((source, document)) = of_object.next() {
            return Some(place_in(&source.file, &document.lines, field, row));
        }
        // A file of a generated ConfigMap.
        let text = object.body.pointer(field)?.as_str()?;
        let source = self.sources.iter().find(|source| source.text == text)?;
        Some(Location::new(&source.file, row.unwrap_or(0).saturating_add(1)))
    }
}

/// The place of a field, and of a row of its text, among the lines of an object.
fn place_in(file: &str, lines: &Lines, field: &str, row: Option<u32>) -> Location {
    let line = row.map_or_else(|| lines.of(field), |row| lines.of_row(field, row));
    let location = Location::new(file, line);
    // The column of a text is not that of a row in it.
    if line == lines.of(field) {
        location.with_column(lines.column(field))
    } else {
        location
    }
}

/// Whether quotes mend it.
fn is_quote(finding: &Diagnostic) -> bool {
    finding.mend.as_ref().is_some_and(|mend| mend.change == Change::Quote)
}

/// The change of a file that a mend asks for.
fn edit(object: &Object, finding: &Diagnostic) -> Result<Edit, &'static str> {
    const UNKNOWN: &str = "it is not clear where";
    let Written::File { document, .. } = object.written else {
        return Err("kustomize makes the object");
    };
    let mend = finding.mend.as_ref().ok_or(UNKNOWN)?;
    let place = &finding.place;
    let field = mend.field.as_ref().unwrap_or(&place.field);
    let action = match (place.row, &mend.field) {
        (Some(row), None) => {
            let text = object.body.pointer(field).and_then(Value::as_str).ok_or(UNKNOWN)?;
            let row = usize::try_from(row).map_err(|_| UNKNOWN)?;
            let edited = lint::properties::edited(text, row, &place.setting, &mend.change);
            let (rows, lines) = edited.ok_or(UNKNOWN)?;
            Action::Rows(rows, lines)
        }
        _ => match &mend.change {
            Change::Remove => Action::Remove,
            Change::Rename(name) => Action::Rename(name.clone()),
            Change::Set(value) => Action::Set(value.clone()),
            Change::Quote => Action::Quote,
            Change::Value | Change::Suggest(_) => return Err(UNKNOWN),
        },
    };
    Ok(Edit {
        document,
        pointer: format!("{}{field}", object.prefix),
        action,
    })
}

/// The folder of a file, as it is shown.
fn folder_of(file: &str) -> &str {
    file.rsplit_once('/').map_or(".", |(folder, _)| folder)
}

/// The text of a file that a kustomization reads.
fn text_of_source(path: &Path) -> Option<String> {
    text(path).ok().flatten()
}

/// Why a link to a folder is not read.
pub(super) const NOT_ENTERED: &str =
    "links to folders are not followed, neither here nor by `kubectl apply --recursive`";

/// Whether an entry is a link that leads to a folder.
pub(super) fn is_link_to_folder(entry: &fs::DirEntry) -> bool {
    entry.file_type().is_ok_and(|kind| kind.is_symlink()) && entry.path().is_dir()
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
