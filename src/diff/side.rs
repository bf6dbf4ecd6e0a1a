//! One of the two sets of manifests.

use std::{collections::BTreeMap, sync::Arc};

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
    documents: BTreeMap<[u8; 16], Vec<Arc<Entry>>>,
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

#[derive(Debug)]
struct Entry {
    identity: Identity,
    /// The object without what makes no difference, as JSON.
    text: Box<[u8]>,
    /// Keys that a mapping of it has twice, and the line in the file that had it first.
    doubled: Vec<(String, u32)>,
}

impl Side {
    /// Reads the objects of some texts. `known` is the other side, if it was read before: documents that it has too are not read again.
    pub fn read(sources: impl IntoIterator<Item = Source>, known: Option<&Self>) -> Self {
        let mut side = Self::default();
        for source in sources {
            side.source(&source, known);
        }
        side
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

    fn source(&mut self, source: &Source, known: Option<&Self>) {
        if let Some(line) = conflict(&source.text) {
            self.problem(&source.file, line, "has a merge conflict");
            return;
        }
        let mut first = 1;
        for document in documents(&source.text) {
            let digest: [u8; 16] = Blake2b::<U16>::digest(document).into();
            let entries = match known.and_then(|known| known.documents.get(&digest)) {
                Some(entries) => entries.clone(),
                None => self.document(document, &source.file, first),
            };
            for entry in &entries {
                self.add(entry.clone(), &source.file);
            }
            self.documents.insert(digest, entries);
            first += u32::try_from(document.matches('\n').count()).unwrap_or(u32::MAX);
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
            text: serde_json::to_vec(&value).unwrap_or_default().into(),
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
            && self.entries[earlier].text != entry.text
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
        let (a, b) = (&self.entries[index], &other.entries[at]);
        Arc::ptr_eq(a, b) || a.text == b.text
    }

    /// An object, without what makes no difference.
    pub(super) fn body(&self, index: usize) -> Value {
        serde_json::from_slice(&self.entries[index].text).unwrap_or_default()
    }

    /// An object as compact text.
    pub(super) fn text(&self, index: usize) -> &str {
        std::str::from_utf8(&self.entries[index].text).unwrap_or_default()
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
    fn what_is_wrong_has_the_line_of_the_file() {
        let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\nkind: X\n---\na: [\n";
        let source = Source {
            file: "f.yaml".to_owned(),
            text: text.to_owned(),
        };
        let side = Side::read([source], None);
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
