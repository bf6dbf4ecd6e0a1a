//! What brings objects into a cluster and keeps them there: applications of Argo CD, kustomizations of Flux and of kustomize.

use std::collections::BTreeSet;

use serde_json::Value;

use super::node::Node;

/// Fields of a kustomization that leave the objects of its files as they are.
const HARMLESS: [&str; 6] = [
    "apiVersion",
    "kind",
    "metadata",
    "resources",
    "sortOptions",
    "buildMetadata",
];

/// The fields of a kustomization that change objects.
pub(crate) fn transforms(kustomization: &Value) -> Vec<&str> {
    let fields = kustomization.as_object().into_iter().flatten();
    fields
        .map(|(key, _)| key.as_str())
        .filter(|key| !HARMLESS.contains(key))
        .collect()
}

/// An `Application` of Argo CD.
#[derive(Clone, Debug)]
pub(crate) struct Application {
    /// The namespace that it brings its objects to.
    pub(crate) namespace: String,
    pub(crate) prunes: bool,
    pub(crate) heals: bool,
    pub(crate) server_side: bool,
}

/// A `Kustomization` of Flux.
#[derive(Clone, Debug)]
pub(crate) struct FluxKustomization {
    pub(crate) prunes: bool,
    /// The variables that it puts in; none if it substitutes nothing.
    pub(crate) variables: Option<BTreeSet<String>>,
    /// Whether it takes more variables from other objects.
    pub(crate) more_variables: bool,
}

/// `${…}` in a text of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placeholder {
    /// What stands in the braces.
    pub(crate) text: String,
    pub(crate) pointer: String,
    pub(crate) row: Option<u32>,
}

pub(super) fn application(spec: &Node<'_, '_>) -> Application {
    let policy = spec.get("syncPolicy");
    let automated = policy.get("automated");
    let options = policy.get("syncOptions");
    Application {
        namespace: spec.get("destination").get("namespace").text().to_owned(),
        prunes: automated.get("prune").bool() == Some(true),
        heals: automated.get("selfHeal").bool() == Some(true),
        server_side: options.items().any(|option| option.text() == "ServerSideApply=true"),
    }
}

pub(super) fn kustomization(spec: &Node<'_, '_>) -> FluxKustomization {
    let build = spec.get("postBuild");
    let variables = build.get("substitute");
    FluxKustomization {
        prunes: spec.get("prune").bool() == Some(true),
        variables: build
            .is_set()
            .then(|| variables.entries().map(|(name, _)| name.to_owned()).collect()),
        more_variables: build.get("substituteFrom").len() > 0,
    }
}

/// How many placeholders of an object are kept: the first says it.
const MOST: usize = 8;

/// The placeholders of an object.
pub(super) fn placeholders(root: &Node<'_, '_>) -> Vec<Placeholder> {
    let mut found = Vec::new();
    // Most objects have none, and places cost more than a look.
    if has_placeholder(root.value()) {
        search(root, &mut found);
    }
    found
}

fn is_marked(text: &str) -> bool {
    // Few texts have the sign at all.
    text.as_bytes().contains(&b'$') && text.contains("${")
}

/// Whether a text of a value has something in `${…}`.
pub(crate) fn has_placeholder(value: &Value) -> bool {
    match value {
        Value::String(text) => is_marked(text),
        Value::Array(items) => items.iter().any(has_placeholder),
        Value::Object(fields) => fields.values().any(has_placeholder),
        _ => false,
    }
}

fn search(node: &Node<'_, '_>, found: &mut Vec<Placeholder>) {
    match node.value() {
        Value::String(text) if is_marked(text) => of_text(text, node, found),
        Value::Array(_) => node.items().for_each(|item| search(&item, found)),
        Value::Object(_) => node.entries().for_each(|(_, value)| search(&value, found)),
        _ => {}
    }
}

fn of_text(text: &str, node: &Node<'_, '_>, found: &mut Vec<Placeholder>) {
    let rows = text.contains('\n');
    for (row, line) in (0..).zip(text.lines()).filter(|(_, line)| is_marked(line)) {
        for (at, _) in line.match_indices("${") {
            // `$${` stands for itself.
            let escaped = line[..at].ends_with('$');
            let inner = line[at + 2..].split_once('}').map(|(inner, _)| inner);
            let Some(inner) = inner.filter(|_| !escaped && found.len() < MOST) else {
                continue;
            };
            if !found.iter().any(|known| known.text == inner) {
                found.push(Placeholder {
                    text: inner.to_owned(),
                    pointer: node.pointer(),
                    row: rows.then_some(row),
                });
            }
        }
    }
}
