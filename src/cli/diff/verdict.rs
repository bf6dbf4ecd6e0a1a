//! What the files that `synth` writes do to the running cluster: a line for each construct.

use std::{cmp::Reverse, collections::BTreeMap, path::Path};

use serde_json::{Value, json};

use super::{compare, sources, text::what};
use crate::{
    cli::output::{Paint, count},
    diff::{Change, Class, ObjectName, Report},
    manifest::Manifests,
    stack::Stack,
};

/// The worst of each construct, worst first; nothing for what no process notices.
pub(in crate::cli) struct Verdict {
    stack: String,
    constructs: Vec<(String, Report)>,
}

impl Verdict {
    /// Compares the files of a folder with what a stack renders. None if they cannot be compared: old files never stop `synth`.
    pub(in crate::cli) fn of(root: &Path, stack: &Stack, manifests: &Manifests) -> Option<Self> {
        let before = sources::read(root, &mut std::io::empty()).ok()?;
        if before.sources.is_empty() {
            return None;
        }
        let mut paths: Vec<String> = manifests.iter().map(|(path, _)| path.to_owned()).collect();
        let inside = format!("{}/", root.display());
        paths.extend(
            before
                .sources
                .iter()
                .filter_map(|source| Some(source.file.strip_prefix(&inside)?.to_owned())),
        );
        let mut report = compare(before, sources::rendered(stack.name(), manifests)).ok()?;
        // What is stale is not told: the files on disk may be those of an earlier run for the same change.
        report.accept(stack.name(), &stack.acceptances);
        let mut constructs: BTreeMap<String, Report> = BTreeMap::new();
        for change in report
            .changes
            .into_iter()
            .filter(|change| change.class > Class::Metadata)
        {
            let construct = constructs.entry(construct(&change.object, &paths)).or_default();
            construct.class = construct.class.max(change.class);
            construct.flags.extend(change.flags.iter().copied());
            construct.changes.push(change);
        }
        let mut constructs: Vec<(String, Report)> = constructs.into_iter().collect();
        constructs.sort_by_key(|(_, report)| Reverse(report.class));
        (!constructs.is_empty()).then(|| Self {
            stack: stack.name().to_owned(),
            constructs,
        })
    }

    pub(in crate::cli) fn text(&self, paint: Paint) -> String {
        let lines = self.constructs.iter().map(|(name, report)| {
            let class = match report.class {
                Class::RefusedByApiServer | Class::DataLoss => paint.error(report.class.name()),
                _ => paint.warning(report.class.name()),
            };
            let flags: String = report.flags.iter().map(|flag| format!(", {flag}")).collect();
            let more = match report.changes.len() {
                1 => String::new(),
                all => format!(", and {}", count(all - 1, "more change")),
            };
            format!("  {class}  {name}{flags}: {}{more}\n", worst(&report.changes))
        });
        let lines: String = lines.collect();
        format!(
            "{lines}  `diff {}` tells what this does to the running cluster\n",
            self.stack
        )
    }

    pub(in crate::cli) fn json(&self) -> Value {
        let constructs = self.constructs.iter();
        constructs
            .map(|(name, report)| json!({ "construct": name, "class": report.class, "flags": report.flags }))
            .collect()
    }
}

/// The worst change: the changes are sorted.
fn worst(changes: &[Change]) -> String {
    changes.first().map_or_else(String::new, |change| {
        let accepted = change.accepted.as_ref().map_or("", |_| " (accepted)");
        format!("{} {}{accepted}", change.object.shown(), what(change))
    })
}

/// The construct of an object: the folder of its file.
fn construct(object: &ObjectName, paths: &[String]) -> String {
    let kind = object.kind.to_lowercase();
    let of_object = |path: &&String| {
        let file = path.rsplit('/').next().unwrap_or_default();
        let stem = file
            .strip_suffix(".yaml")
            .and_then(|stem| stem.strip_prefix(&format!("{kind}-")));
        // A Job's file is named without the digest of its content.
        stem.is_some_and(|stem| stem == object.name || kind == "job" && object.name.starts_with(&format!("{stem}-")))
    };
    let path = paths.iter().find(of_object);
    let folder = path
        .and_then(|path| path.rsplit_once('/'))
        .map(|(folder, _)| folder.to_owned());
    folder.unwrap_or_else(|| object.shown())
}
