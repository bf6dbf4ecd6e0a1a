//! check → render → amend → judge the objects → [`Manifests`]. Pure: it does no IO, and reports every problem as a
//! finding.

mod acknowledgements;
mod across;
mod amendments;
mod certificates;
mod constructs;
mod deployers;
mod edges;
mod handbook;
mod identities;
mod namespace;
mod objects;
mod pods;
mod render;
pub mod totals;
mod tree;
mod users;

pub use across::check_across;
pub use pods::{Pods, Zone};
pub use tree::{Branch, Leaf, Use};

use crate::{
    diagnostics::{Diagnostic, Diagnostics},
    manifest::{DOCUMENT, Manifests, RenderedFile},
    stack::Stack,
    synth::{amendments::Outcome, objects::Extent, render::Rendered},
};

/// The result of a stack.
#[derive(Clone, Debug, Default)]
pub struct Synthesis {
    /// All findings, acknowledged or not.
    pub findings: Diagnostics,
    /// The files of [`synth`], unless an error was found; [`check`] makes none.
    pub manifests: Option<Manifests>,
    /// What was rendered, construct by construct in the order in which they were added; empty if an error was found.
    pub tree: Vec<Branch>,
}

/// Checks a stack and, if there are no errors, renders its files.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// let mut stack = Stack::new("wrong", "kafka");
/// stack.add(KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw").pool(NodePool::combined("kafka", 2)));
///
/// let synthesis = synth(&stack);
/// assert!(synthesis.findings.has_errors());
/// assert!(synthesis.manifests.is_none());
/// ```
pub fn synth(stack: &Stack) -> Synthesis {
    let (findings, rendered) = judge(stack, Depth::Files);
    let Some(rendered) = rendered else {
        return Synthesis {
            findings,
            ..Synthesis::default()
        };
    };
    let tree = tree::of(stack, &rendered);
    let handbook = RenderedFile::new(DOCUMENT, handbook::PATH, Some(handbook::text(stack, &rendered, &tree)));
    let files = rendered
        .into_iter()
        .flat_map(|part| part.objects.into_iter().map(|object| object.file).chain(part.documents))
        .chain([handbook])
        .collect();
    Synthesis {
        findings,
        manifests: Some(Manifests::new(files)),
        tree,
    }
}

/// Checks a stack and, if there are no errors, renders the files that are applied: no pages and no tests. It is faster than [`synth`].
///
/// ```
/// use kafka_stacks::{prelude::*, synth::manifests};
///
/// let mut stack = Stack::new("example", "kafka");
/// stack.add(KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw").pool(NodePool::combined("kafka", 3)));
///
/// let files = manifests(&stack).manifests.expect("a sound stack");
/// assert!(files.get("kafka/statefulset-kafka.yaml").is_some());
/// assert!(files.get("README.md").is_none());
/// ```
pub fn manifests(stack: &Stack) -> Synthesis {
    let (findings, rendered) = judge(stack, Depth::Objects);
    let tree = tree::of(stack, rendered.as_deref().unwrap_or_default());
    let files = |rendered: Vec<Rendered<'_>>| {
        let objects = rendered.into_iter().flat_map(|part| part.objects);
        Manifests::new(objects.map(|object| object.file).collect())
    };
    Synthesis {
        findings,
        manifests: rendered.map(files),
        tree,
    }
}

/// Reports what [`synth`] reports, but makes no files: neither YAML nor documents. It is faster.
///
/// ```
/// use kafka_stacks::{prelude::*, synth::check};
///
/// let mut stack = Stack::new("example", "kafka");
/// stack.add(KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw").pool(NodePool::combined("kafka", 3)));
///
/// let (checked, made) = (check(&stack), synth(&stack));
/// assert_eq!(checked.findings, made.findings);
/// assert_eq!(checked.tree, made.tree);
/// assert!(checked.manifests.is_none());
/// ```
pub fn check(stack: &Stack) -> Synthesis {
    let (findings, rendered) = judge(stack, Depth::Diagnostics);
    Synthesis {
        findings,
        manifests: None,
        tree: tree::of(stack, &rendered.unwrap_or_default()),
    }
}

/// The handbook of a stack, a page of Markdown: the text of the file `README.md` that [`synth`] makes.
///
/// # Errors
///
/// All findings, if one of them is an error.
pub fn handbook(stack: &Stack) -> Result<String, Diagnostics> {
    let (findings, rendered) = judge(stack, Depth::Files);
    let rendered = rendered.ok_or(findings)?;
    Ok(handbook::text(stack, &rendered, &tree::of(stack, &rendered)))
}

/// How much is made of a stack.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Depth {
    /// Objects, which are judged.
    Diagnostics,
    /// Their text too.
    Objects,
    /// Documents too, and what the constructs say in the handbook.
    Files,
}

impl Depth {
    /// A text that is made from some depth on.
    fn text(self, from: Self, write: impl FnOnce() -> String) -> Option<String> {
        (self >= from).then(write)
    }
}

/// All findings, and what was rendered if there are no errors. What is wrong in a file of YAML is mended there.
fn judge(stack: &Stack, depth: Depth) -> (Diagnostics, Option<Vec<Rendered<'_>>>) {
    let (mut findings, rendered) = judge_all(stack, depth);
    let of_files = |finding: &&mut Diagnostic| finding.location().is_yaml();
    for finding in findings.all_mut().iter_mut().filter(of_files) {
        if let Some(hint) = finding.yaml_hint.take() {
            finding.hint = hint;
        } else if names_a_call(&finding.hint) {
            "change the topic in this file, or ask the owners of the stack".clone_into(&mut finding.hint);
        }
    }
    (findings, rendered)
}

/// Whether a hint names a call of this crate.
fn names_a_call(hint: &str) -> bool {
    let code = hint.split('`').skip(1).step_by(2);
    code.into_iter()
        .any(|code| code.contains("(…)") || code.contains("::") || code.starts_with('.'))
}

fn judge_all(stack: &Stack, depth: Depth) -> (Diagnostics, Option<Vec<Rendered<'_>>>) {
    let mut findings = constructs::check(stack);
    if findings.has_errors() {
        // What objects are to each other means little then. What a setting is does not depend on the others.
        objects::check(
            stack,
            &render::all(stack, Depth::Diagnostics),
            Extent::Settings,
            &mut findings,
        );
        acknowledgements::apply(stack, &mut findings);
        return (findings, None);
    }
    let rendered = render::all(stack, depth);
    for finding in rendered.iter().flat_map(|part| &part.findings) {
        findings.push(finding.clone());
    }
    let outcomes: Vec<&[Outcome]> = rendered.iter().map(|part| part.amended.as_slice()).collect();
    let objects: Vec<(&str, &str)> = rendered
        .iter()
        .flat_map(|part| &part.objects)
        .map(|object| (object.identity().kind.as_str(), object.stable_name.as_str()))
        .collect();
    amendments::check(stack, &outcomes, &objects, &mut findings);
    // Where two objects are one, what refers to either of them means nothing.
    let extent = if identities::check(stack, &rendered, &mut findings) {
        Extent::Set
    } else {
        Extent::Each
    };
    objects::check(stack, &rendered, extent, &mut findings);
    certificates::check(stack, &rendered, &mut findings);
    acknowledgements::apply(stack, &mut findings);
    let sound = !findings.has_errors();
    (findings, sound.then_some(rendered))
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ConfigMap;

    use super::*;
    use crate::{
        construct::{Check, Construct, Meta},
        context::Context,
        manifest::{Document, Object},
    };

    struct Pages {
        meta: Meta,
        paths: Vec<&'static str>,
    }

    impl Construct for Pages {
        type Handle = ();
        fn meta(&self) -> &Meta {
            &self.meta
        }
        fn meta_mut(&mut self) -> &mut Meta {
            &mut self.meta
        }
        fn handle(&self, _: &Context) {}
        fn check(&self, _: &mut Check<'_>) {}
        fn render(&self, context: &Context) -> Vec<Object> {
            vec![Object::new(&ConfigMap {
                metadata: context.metadata("pages"),
                ..ConfigMap::default()
            })]
        }
        fn documents<'a>(&'a self, _: &'a Context, _: &[Object]) -> Vec<Document<'a>> {
            self.paths
                .iter()
                .map(|path| Document::new(*path, || (*path).to_owned()))
                .collect()
        }
    }

    #[test]
    fn a_document_lies_below_the_folder_and_in_no_other_files_place() {
        let told = |paths: &[&'static str]| {
            let mut stack = Stack::new("s", "kafka");
            stack.add(Pages {
                meta: Meta::new("pages"),
                paths: paths.to_vec(),
            });
            let (checked, made) = (super::check(&stack), synth(&stack));
            assert_eq!(checked.findings, made.findings);
            assert_eq!(checked.tree, made.tree);
            assert_eq!(made.manifests.is_none(), made.findings.has_errors());
            made.findings
                .iter()
                .map(|finding| finding.message.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(told(&["a.md", "b/a.md", "b/c/a.md"]), [""; 0]);
        assert_eq!(told(&["a", "a/b"]), ["file \"a\" is also the folder of other files"]);
        assert_eq!(told(&["pages"]), ["file \"pages\" is also the folder of other files"]);
        assert_eq!(
            told(&["kustomization.yaml"]),
            ["file \"kustomization.yaml\" is the index of all files"]
        );
        for path in ["README.md", "README.md/x"] {
            assert_eq!(told(&[path]), [format!("file {path:?} is the stack's handbook")]);
        }
        for path in ["", "../x", "/x", "a//b", "a/", "./a", "a\\b"] {
            assert_eq!(
                told(&[path]),
                [format!("file {path:?} is not below the stack's folder")]
            );
        }
        assert_eq!(told(&["a", "a"]), ["file `a` is also a file of construct `pages`"]);
    }
}
