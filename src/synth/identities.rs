//! Two objects with the same identity for the API server, and two files with the same path.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    construct::Check,
    diagnostics::{Diagnostics, rules},
    manifest::{INDEX, Identity},
    stack::Stack,
    synth::{handbook, render::Rendered},
};

/// Reports objects and files that collide; whether all objects are distinct.
pub(super) fn check(stack: &Stack, rendered: &[Rendered<'_>], findings: &mut Diagnostics) -> bool {
    let documents = check_documents(stack, rendered, findings);
    check_objects(stack, rendered, &documents, findings)
}

/// The documents by their path, each with its construct.
fn check_documents<'a>(
    stack: &Stack,
    rendered: &'a [Rendered<'_>],
    findings: &mut Diagnostics,
) -> BTreeMap<&'a str, &'a str> {
    let files: BTreeSet<&str> = rendered
        .iter()
        .flat_map(|part| part.objects.iter().map(|object| &object.file).chain(&part.documents))
        .map(|file| file.path.as_str())
        .collect();
    let mut documents: BTreeMap<&str, &str> = BTreeMap::new();
    for part in rendered {
        for document in &part.documents {
            let path = document.path.as_str();
            let (message, hint) = if let Some(problem) = impossible_path(path, &files) {
                (
                    format!("file {path:?} {problem}"),
                    "use another path in `Document::new(…)`",
                )
            } else if let Some(other) = documents.insert(path, part.construct) {
                (
                    format!("file `{path}` is also a file of construct `{other}`"),
                    "use another folder for one of the two: `.docs(…)`",
                )
            } else {
                continue;
            };
            Check::new(&stack.context, part.construct, part.location, findings).report(
                &rules::stack::OBJECT_TWICE,
                message,
                |finding| {
                    finding.hint(hint);
                },
            );
        }
    }
    documents
}

/// Why no document can have this path: it is not below the stack's folder, or another file has it.
fn impossible_path(path: &str, files: &BTreeSet<&str>) -> Option<&'static str> {
    let folder = format!("{path}/");
    if path.split('/').any(|part| matches!(part, "" | "." | "..")) || path.contains('\\') {
        Some("is not below the stack's folder")
    } else if path == INDEX {
        Some("is the index of all files")
    } else if path.split('/').next() == Some(handbook::PATH) {
        Some("is the stack's handbook")
    } else if files
        .range(folder.as_str()..)
        .next()
        .is_some_and(|next| next.starts_with(&folder))
    {
        Some("is also the folder of other files")
    } else {
        None
    }
}

fn check_objects(
    stack: &Stack,
    rendered: &[Rendered<'_>],
    documents: &BTreeMap<&str, &str>,
    findings: &mut Diagnostics,
) -> bool {
    let mut distinct = true;
    let mut taken: BTreeMap<&Identity, &str> = BTreeMap::new();
    let mut paths: BTreeMap<&str, &Identity> = BTreeMap::new();
    for part in rendered {
        for object in &part.objects {
            let (identity, path) = (object.identity(), object.file.path.as_str());
            let (message, hint) = if let Some(other) = taken.insert(identity, part.construct) {
                distinct = false;
                let object = format!("{} `{}`", identity.kind, identity.name);
                if other == part.construct {
                    (
                        format!("{object} is rendered twice"),
                        "use another name for one of the two parts of the construct",
                    )
                } else {
                    (
                        format!("{object} is also rendered by construct `{other}`"),
                        "use another name for one of the two constructs",
                    )
                }
            } else if let Some(other) = documents.get(path) {
                (
                    format!("file `{path}` is also a file of construct `{other}`"),
                    "use another name for this construct",
                )
            } else if let Some(other) = paths.insert(path, identity) {
                (
                    format!("file `{path}` is also the file of {} `{}`", other.kind, other.name),
                    "use another name for one of the two objects",
                )
            } else {
                continue;
            };
            Check::new(&stack.context, part.construct, part.location, findings).report(
                &rules::stack::OBJECT_TWICE,
                message,
                |finding| {
                    finding.item(object.item()).hint(hint);
                },
            );
        }
    }
    distinct
}
