//! One of the two sets of manifests.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::{Arc, OnceLock},
    thread,
};

use blake2::{Blake2b, Digest as _, digest::consts::U16};
use serde_json::Value;

use super::normal::normalize;
use crate::{
    lint::model::{ObjectModel, deployer::transforms, node::Node},
    manifest::{Background, Identity},
    yaml::{
        conflict,
        read::{self, RemarkKind},
    },
};

/// A text with manifests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What it is called in messages.
    pub file: String,
    /// YAML documents, or JSON.
    pub text: String,
}

/// Why a text cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: String,
    /// The line in it.
    pub line: u32,
    /// What is wrong: a lowercase fragment.
    pub message: String,
}

/// A set of objects. They are kept as compact text, for ten thousand of them as values would fill the memory.
#[derive(Debug, Default)]
pub struct Side {
    entries: Vec<Arc<Entry>>,
    by_identity: BTreeMap<Identity, usize>,
    /// What each document holds, by its digest: one that both sides have is read once.
    documents: BTreeMap<DocumentDigest, Vec<Arc<Entry>>>,
    pub(super) problems: Vec<Problem>,
    /// Objects that are there twice, and keys that a mapping has twice: what, and of which object.
    pub(super) doubts: Vec<Doubt>,
    /// Kustomizations that change objects before they are applied.
    pub(super) transformed: Vec<String>,
}

/// Something about an object that readers take for different things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// Two documents are the same object.
    Twice { identity: Identity, file: String },
    /// A mapping has a key twice.
    Key { identity: Identity, key: String, line: u32 },
}

type DocumentDigest = [u8; 16];

#[derive(Debug)]
struct Entry {
    identity: Identity,
    /// The object without what makes no difference, as JSON.
    text: OnceLock<Box<[u8]>>,
    /// The document that it is read from when it is asked for: it makes no difference itself, and may be what others refer to.
    unread: Option<(Arc<String>, Range<usize>)>,
    /// Keys that a mapping of it has twice, and the line in the file that had it first.
    doubled: Vec<(String, u32)>,
}

impl Entry {
    /// The document that it is read from, if it has not been read.
    fn document(&self) -> Option<&str> {
        self.unread.as_ref().and_then(|(text, range)| text.get(range.clone()))
    }

    fn text(&self) -> &[u8] {
        self.text.get_or_init(|| {
            let value = self.document().map(whole).unwrap_or_default();
            serde_json::to_vec(&value).unwrap_or_default().into()
        })
    }

    /// The object. What is read for it alone is not kept.
    fn value(&self) -> Value {
        match (self.text.get(), self.document()) {
            (None, Some(document)) => whole(document),
            _ => serde_json::from_slice(self.text()).unwrap_or_default(),
        }
    }

    /// Whether it has the content of another one.
    fn is_same(&self, other: &Self) -> bool {
        let document = |entry: &Self| entry.unread.clone();
        match (document(self), document(other)) {
            (Some((text, range)), Some((other_text, other_range)))
                if text.get(range.clone()) == other_text.get(other_range.clone()) =>
            {
                true
            }
            _ => self.text() == other.text(),
        }
    }
}

/// The object of a document, without what makes no difference.
fn whole(document: &str) -> Value {
    let read = read::read(document).documents.into_iter().next();
    let mut value = read.map(|document| document.value).unwrap_or_default();
    normalize(&mut value);
    value
}

/// A text, divided into its documents.
struct Divided {
    file: String,
    text: Arc<String>,
    /// The line of a merge conflict.
    conflict: Option<u32>,
    documents: Vec<(DocumentDigest, Range<usize>)>,
}

impl Divided {
    fn of(source: Source) -> Self {
        let mut documents_of = Vec::new();
        let mut start = 0;
        for document in documents(&source.text) {
            let range = start..start + document.len();
            start = range.end;
            documents_of.push((Blake2b::<U16>::digest(document).into(), range));
        }
        Self {
            conflict: conflict(&source.text),
            file: source.file,
            text: Arc::new(source.text),
            documents: documents_of,
        }
    }
}

impl Side {
    /// Reads the objects of some texts.
    pub fn read(sources: impl IntoIterator<Item = Source>) -> Self {
        let mut side = Self::default();
        for source in sources {
            side.add_all(&Divided::of(source), &Self::default(), &BTreeSet::new());
        }
        side
    }

    /// Reads both sides. A document that both have makes no difference: it is read only if another object refers to it.
    pub fn read_both(before: Vec<Source>, after: Vec<Source>) -> (Self, Self) {
        let divide = |sources: Vec<Source>| sources.into_iter().map(Divided::of).collect::<Vec<_>>();
        let (before, after) = thread::scope(|scope| {
            let after = scope.spawn(|| divide(after));
            (divide(before), after.join().unwrap_or_default())
        });
        let digests = |texts: &[Divided]| {
            let digests = texts.iter().flat_map(|text| &text.documents);
            digests.map(|(digest, _)| *digest).collect::<BTreeSet<_>>()
        };
        let both: BTreeSet<DocumentDigest> = digests(&before).intersection(&digests(&after)).copied().collect();
        let (mut old, mut new) = (Self::default(), Self::default());
        for text in &before {
            old.add_all(text, &Self::default(), &both);
        }
        for text in &after {
            new.add_all(text, &old, &both);
        }
        (old, new)
    }

    /// What cannot be read.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The number of objects.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has no objects.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds the objects of a text. `known` is the other side, and `both` has the documents that are on both.
    fn add_all(&mut self, divided: &Divided, known: &Self, both: &BTreeSet<DocumentDigest>) {
        let Divided { file, text, .. } = divided;
        if let Some(line) = divided.conflict {
            self.problem(file, line, "has a merge conflict");
            return;
        }
        let mut first = 1;
        for (digest, range) in &divided.documents {
            let document = &text[range.clone()];
            let known = known.documents.get(digest).cloned();
            let unread = || {
                let identity = both.contains(digest).then(|| identity(document))??;
                Some(vec![Arc::new(Entry {
                    identity,
                    text: OnceLock::new(),
                    unread: Some((text.clone(), range.clone())),
                    doubled: Vec::new(),
                })])
            };
            let entries = known
                .or_else(unread)
                .unwrap_or_else(|| self.document(document, file, first));
            for entry in &entries {
                self.add(entry.clone(), file);
            }
            self.documents.insert(*digest, entries);
            first += u32::try_from(document.bytes().filter(|byte| *byte == b'\n').count()).unwrap_or(u32::MAX);
        }
    }

    fn problem(&mut self, file: &str, line: u32, message: impl Into<String>) {
        self.problems.push(Problem {
            file: file.to_owned(),
            line,
            message: message.into(),
        });
    }

    /// Reads one document, which begins in the line `first`.
    fn document(&mut self, text: &str, file: &str, first: u32) -> Vec<Arc<Entry>> {
        let reading = read::read(text);
        if let Some(error) = reading.error {
            self.problem(
                file,
                first + error.line - 1,
                format!("is not valid YAML: {}", error.message),
            );
            return Vec::new();
        }
        let doubled: Vec<(String, u32)> = reading
            .remarks
            .into_iter()
            .filter_map(|remark| match remark.kind {
                RemarkKind::DuplicateKey { key, .. } => Some((key, first + remark.line - 1)),
                RemarkKind::Ambiguous { .. } => None,
            })
            .collect();
        let mut entries = Vec::new();
        for document in reading.documents {
            self.value(
                document.value,
                file,
                first + document.lines.first() - 1,
                &doubled,
                &mut entries,
            );
        }
        entries
    }

    fn value(
        &mut self,
        mut value: Value,
        file: &str,
        line: u32,
        doubled: &[(String, u32)],
        entries: &mut Vec<Arc<Entry>>,
    ) {
        let kind = value["kind"].as_str().unwrap_or_default();
        let api_version = value["apiVersion"].as_str().unwrap_or_default();
        if api_version.starts_with("kustomize.config.k8s.io/") {
            if !transforms(&value).is_empty() {
                self.transformed.push(file.to_owned());
            }
            return;
        }
        if kind.ends_with("List") && value["items"].is_array() {
            let Value::Array(items) = value["items"].take() else {
                return;
            };
            for item in items {
                self.value(item, file, line, doubled, entries);
            }
            return;
        }
        let metadata = &value["metadata"];
        let name = metadata["name"].as_str().or_else(|| metadata["generateName"].as_str());
        let missing = if kind.is_empty() {
            Some("`kind`")
        } else if api_version.is_empty() {
            Some("`apiVersion`")
        } else if name.is_none_or(str::is_empty) {
            Some("`metadata.name`")
        } else {
            None
        };
        if let Some(missing) = missing {
            self.problem(file, line, format!("not a Kubernetes object: {missing} is missing"));
            return;
        }
        let identity = Identity {
            group: api_version.rsplit_once('/').map_or("", |(group, _)| group).to_owned(),
            kind: kind.to_owned(),
            namespace: metadata["namespace"].as_str().unwrap_or_default().to_owned(),
            name: name.unwrap_or_default().to_owned(),
        };
        normalize(&mut value);
        entries.push(Arc::new(Entry {
            identity,
            text: OnceLock::from(Box::from(serde_json::to_vec(&value).unwrap_or_default())),
            unread: None,
            doubled: doubled.to_vec(),
        }));
    }

    fn add(&mut self, entry: Arc<Entry>, file: &str) {
        let identity = entry.identity.clone();
        for (key, line) in &entry.doubled {
            self.doubts.push(Doubt::Key {
                identity: identity.clone(),
                key: key.clone(),
                line: *line,
            });
        }
        let index = self.entries.len();
        // What is applied last wins.
        if let Some(earlier) = self.by_identity.insert(identity.clone(), index)
            && !self.entries[earlier].is_same(&entry)
        {
            let file = file.to_owned();
            self.doubts.push(Doubt::Twice { identity, file });
        }
        self.entries.push(entry);
    }

    /// All objects, by identity.
    pub(super) fn identities(&self) -> impl Iterator<Item = (&Identity, usize)> {
        self.by_identity.iter().map(|(identity, index)| (identity, *index))
    }

    pub(super) fn find(&self, identity: &Identity) -> Option<usize> {
        self.by_identity.get(identity).copied()
    }

    pub(super) fn identity(&self, index: usize) -> &Identity {
        &self.entries[index].identity
    }

    /// Whether an object is the same as one of another side.
    pub(super) fn is_same(&self, index: usize, other: &Self, at: usize) -> bool {
        self.is_shared(index, other, at) || self.entries[index].is_same(&other.entries[at])
    }

    /// An object, without what makes no difference.
    pub(super) fn body(&self, index: usize) -> Value {
        self.entries[index].value()
    }

    /// Whether an object is, as a document, the same as one of another side.
    pub(super) fn is_shared(&self, index: usize, other: &Self, at: usize) -> bool {
        Arc::ptr_eq(&self.entries[index], &other.entries[at])
    }

    /// Whether the manifest of an object has a word.
    pub(super) fn mentions(&self, index: usize, word: &str) -> bool {
        let entry = &self.entries[index];
        let text = entry.document().or_else(|| std::str::from_utf8(entry.text()).ok());
        word.is_empty() || text.is_some_and(|text| text.contains(word))
    }

    /// What is known of an object.
    pub(super) fn model(&self, index: usize) -> ObjectModel {
        ObjectModel::of(&Node::root(&self.body(index)), &Background::default())
    }

    /// The objects of some kinds.
    pub(super) fn of_kinds<'s>(&'s self, kinds: &'s [&str]) -> impl Iterator<Item = usize> + use<'s> {
        let of_kind = |(_, index): &(&Identity, usize)| kinds.contains(&self.identity(*index).kind.as_str());
        self.identities().filter(of_kind).map(|(_, index)| index)
    }
}

/// What a document is, by its unindented lines and those of its `metadata`, if they are as plain as nearly always: what is written in another
/// way has to be read.
fn identity(document: &str) -> Option<Identity> {
    let (mut api_version, mut kind, mut name, mut namespace) = (None, None, None, None);
    let mut metadata: Option<Option<usize>> = None;
    for line in document.lines() {
        let indentation = line.bytes().take_while(|byte| *byte == b' ').count();
        let content = &line[indentation..];
        if content.is_empty() || content.starts_with('#') || line.trim_end() == "---" {
            continue;
        }
        if indentation > 0 {
            // The keys of `metadata` are those of the first indentation below it.
            if let Some(expected) = &mut metadata
                && *expected.get_or_insert(indentation) == indentation
            {
                let place = match content.split_once(':') {
                    Some(("name", value)) => Some((&mut name, value)),
                    Some(("namespace", value)) => Some((&mut namespace, value)),
                    _ => None,
                };
                if let Some((place, value)) = place
                    && place.replace(plain(value)?).is_some()
                {
                    return None;
                }
            }
            continue;
        }
        metadata = None;
        let (key, value) = content.split_once(':')?;
        // A list may be as far to the left as its key. What begins otherwise may go on in the next line.
        if !key.bytes().all(|byte| byte.is_ascii_alphanumeric())
            || !(value.is_empty() || value.starts_with(' '))
            || value.trim_start().starts_with(['{', '[', '"', '\'', '&', '*', '!'])
        {
            return None;
        }
        let place = match key {
            "apiVersion" => &mut api_version,
            "kind" => &mut kind,
            "metadata" if value.trim().is_empty() => {
                metadata = Some(None);
                continue;
            }
            "metadata" => return None,
            _ => continue,
        };
        if place.replace(plain(value)?).is_some() {
            return None;
        }
    }
    let (api_version, kind) = (api_version?, kind?);
    let is_object = !kind.ends_with("List") && !api_version.starts_with("kustomize.config.k8s.io/");
    is_object
        .then(|| Identity {
            group: api_version.rsplit_once('/').map_or("", |(group, _)| group).to_owned(),
            kind: kind.to_owned(),
            namespace: namespace.unwrap_or_default().to_owned(),
            name: name.unwrap_or_default().to_owned(),
        })
        .filter(|identity| !identity.name.is_empty())
}

/// A value of one word that every reader takes for text.
fn plain(value: &str) -> Option<&str> {
    const OTHERS: [&str; 9] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let word = value.trim();
    let is_plain = word.starts_with(|c: char| c.is_ascii_alphabetic())
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"./-".contains(&byte))
        && !OTHERS.iter().any(|other| word.eq_ignore_ascii_case(other));
    is_plain.then_some(word)
}

/// The documents of a text. A line that begins with `---` ends one wherever it is.
fn documents(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut from = 0;
        let end = loop {
            let Some(at) = rest[from..].find("\n---") else {
                break rest.len();
            };
            let line = from + at + 1;
            let behind = &rest[line + 3..];
            if behind.is_empty() || behind.starts_with(char::is_whitespace) {
                break line;
            }
            from = line;
        };
        let (document, others) = rest.split_at(end);
        rest = others;
        Some(document)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_divided_where_documents_begin() {
        let divided = |text| documents(text).collect::<Vec<_>>();
        assert_eq!(
            divided("a: 1\n---\nb: |\n  ---\n----\n--- # c\nd: 1"),
            ["a: 1\n", "---\nb: |\n  ---\n----\n", "--- # c\nd: 1"]
        );
        assert_eq!(divided("---\na: 1\n---"), ["---\na: 1\n", "---"]);
        assert_eq!(divided(""), Vec::<&str>::new());
    }

    #[test]
    fn what_is_plain_needs_no_reading_to_be_known() {
        let known = |text: &str| identity(text).map(|one| [one.group, one.kind, one.namespace, one.name].join(" "));
        let plain = "---\n# a\napiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  labels:\n    name: other\n  name: kafka\n  \
            namespace: prod\nspec:\n  template:\n    metadata:\n      name: x\n";
        assert_eq!(known(plain).as_deref(), Some("apps StatefulSet prod kafka"));
        for (what, other) in [
            ("kind: StatefulSet", "kind: \"StatefulSet\""),
            ("kind: StatefulSet", "kind: StatefulSetList"),
            ("name: kafka", "name: 12"),
            ("name: kafka", "name: on"),
            ("name: kafka", "name: &a kafka"),
            ("name: kafka", "name: a\n  name: b"),
            ("spec:", "spec: {"),
            ("spec:", "kind: Other\nspec:"),
            ("spec:", "<<: *a\nspec:"),
            ("spec:", "- a"),
            ("apiVersion: apps/v1\n", ""),
            ("  name: kafka\n", ""),
        ] {
            assert!(plain.contains(what), "{what}");
            assert_eq!(known(&plain.replacen(what, other, 1)), None, "{other}");
        }
    }

    #[test]
    fn what_both_sides_have_is_read_when_it_is_asked_for() {
        let text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  creationTimestamp: null\ndata:\n  b: c\n";
        let source = || Source {
            file: "f.yaml".to_owned(),
            text: text.to_owned(),
        };
        let (before, after) = Side::read_both(vec![source()], vec![source()]);
        assert!(before.entries[0].text.get().is_none() && Arc::ptr_eq(&before.entries[0], &after.entries[0]));
        assert_eq!(before.body(0), Side::read([source()]).body(0));
    }

    #[test]
    fn what_is_wrong_has_the_line_of_the_file() {
        let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\nkind: X\n---\na: [\n";
        let source = Source {
            file: "f.yaml".to_owned(),
            text: text.to_owned(),
        };
        let side = Side::read([source]);
        let problems: Vec<String> = side
            .problems
            .iter()
            .map(|one| format!("{}: {}", one.line, one.message))
            .collect();
        assert_eq!(side.len(), 1);
        assert_eq!(problems[0], "5: not a Kubernetes object: `apiVersion` is missing");
        assert!(problems[1].contains(": is not valid YAML: "), "{}", problems[1]);
    }
}
