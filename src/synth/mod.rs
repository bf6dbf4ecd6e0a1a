//! check → render → amend → judge the objects → [`Manifests`]. Pure: no IO, and no failure but findings.

pub mod totals;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicUsize, Ordering},
};

use k8s_openapi::api::core::v1::Namespace;

use crate::{
    capacity::Cluster,
    construct::{Check, Claims, Construct},
    diagnostics::{Diagnostics, Location, Severity, rules},
    lint::{self, Judged},
    manifest::{DOCUMENT, INDEX, Identity, Manifests, Object, RenderedFile, kind_order},
    name::{DnsLabel, DnsSubdomain, InvalidName},
    stack::{NamespaceOwner, Stack},
    synth::totals::Totals,
    yaml,
};

/// What became of a stack.
#[derive(Clone, Debug, Default)]
pub struct Synthesis {
    /// Everything that was found, acknowledged or not.
    pub findings: Diagnostics,
    /// The files, unless an error was found.
    pub manifests: Option<Manifests>,
    /// What was rendered, construct by construct in the order in which they were added; empty if an error was found.
    pub tree: Vec<Branch>,
}

/// What is to be said of a stack when nobody asks for its files.
#[derive(Clone, Debug, Default)]
pub struct Review {
    /// Everything that was found, acknowledged or not: the same as [`Synthesis::findings`].
    pub findings: Diagnostics,
    /// The same as [`Synthesis::tree`].
    pub tree: Vec<Branch>,
}

/// A construct and its objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The construct's name; empty for the objects of the stack itself.
    pub construct: String,
    /// Kind, name and file of each object, in the order of application.
    pub objects: Vec<Leaf>,
    /// What its workloads may use at most, and the volumes that they claim.
    pub totals: Totals,
}

/// An object of a [`Branch`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// The object's kind.
    pub kind: String,
    /// The object's name.
    pub name: String,
    /// Its file below the stack's folder.
    pub path: String,
}

/// Checks a stack and, if nothing forbids it, renders its files.
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
    let tree = tree(&rendered);
    let files = rendered
        .into_iter()
        .flat_map(|part| part.objects.into_iter().map(|object| object.file).chain(part.documents))
        .collect();
    Synthesis {
        findings,
        manifests: Some(Manifests::new(files)),
        tree,
    }
}

/// Finds what [`synth`] finds, and makes no files: no YAML, no page and no test.
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
/// ```
pub fn check(stack: &Stack) -> Review {
    let (findings, rendered) = judge(stack, Depth::Diagnostics);
    Review {
        findings,
        tree: tree(&rendered.unwrap_or_default()),
    }
}

/// How far a stack is followed.
#[derive(Clone, Copy, PartialEq)]
enum Depth {
    /// Objects are made and judged.
    Diagnostics,
    /// And they and the documents become text.
    Files,
}

impl Depth {
    fn text(self, write: impl FnOnce() -> String) -> Option<String> {
        (self == Self::Files).then(write)
    }
}

/// All findings, and what was rendered if none of them is an error.
fn judge(stack: &Stack, depth: Depth) -> (Diagnostics, Option<Vec<Rendered<'_>>>) {
    let mut findings = check_constructs(stack);
    if findings.has_errors() {
        acknowledge(stack, &mut findings);
        return (findings, None);
    }
    let rendered = render(stack, depth);
    for finding in rendered.iter().flat_map(|part| &part.findings) {
        findings.push(finding.clone());
    }
    check_amendments(stack, &rendered, &mut findings);
    check_objects(stack, &rendered, &mut findings);
    acknowledge(stack, &mut findings);
    let sound = !findings.has_errors();
    (findings, sound.then_some(rendered))
}

fn tree(rendered: &[Rendered<'_>]) -> Vec<Branch> {
    let leaf = |object: &RenderedObject| Leaf {
        kind: object.identity().kind.clone(),
        name: object.identity().name.clone(),
        path: object.file.path.clone(),
    };
    rendered
        .iter()
        .map(|part| Branch {
            construct: part.construct.to_owned(),
            objects: part.objects.iter().map(leaf).collect(),
            totals: part.objects.iter().map(|object| object.totals).sum(),
        })
        .collect()
}

fn check_constructs(stack: &Stack) -> Diagnostics {
    let mut findings = Diagnostics::default();
    let mut first: BTreeMap<&str, Location> = BTreeMap::new();
    let mut claims = Claims::default();
    let mut check = Check::new(&stack.context, "", stack.meta.location, &mut findings);
    check_name(
        &mut check,
        DnsLabel::parse(&stack.context.stack),
        "stack",
        "`Stack::new`",
    );
    check_name(
        &mut check,
        DnsLabel::parse(&stack.context.namespace),
        "namespace",
        "`Stack::new`",
    );
    check_name(
        &mut check,
        DnsLabel::parse(&stack.context.monitoring_namespace),
        "namespace",
        "`.monitoring_namespace`",
    );
    check_name(
        &mut check,
        DnsSubdomain::parse(&stack.context.cluster_domain),
        "cluster domain",
        "`.cluster_domain`",
    );
    stack.check(&mut check);
    for part in &stack.constructs {
        let location = part.meta().location;
        let mut check = Check::new(&stack.context, part.meta().name.as_str(), location, &mut findings);
        check_name(
            &mut check,
            DnsLabel::parse(part.meta().name.as_str()),
            "construct",
            "the constructor",
        );
        if let Some(earlier) = first.insert(part.meta().name.as_str(), location) {
            check.report(
                &rules::stack::CONSTRUCT_TWICE,
                format!("the name is taken by the construct of {earlier}"),
                |finding| {
                    finding.hint("give one of the two another name in its constructor");
                },
            );
        }
        part.check(&mut check);
        claims.add(part.claims(), &mut check);
    }
    for found in stack.capacity().iter().flat_map(Cluster::check) {
        let construct = found.place.construct.clone();
        Check::new(&stack.context, &construct, stack.meta.location, &mut findings).add(found, |_| {});
    }
    findings
}

fn check_name<T>(check: &mut Check<'_>, name: Result<T, InvalidName>, what: &str, call: &str) {
    if let Err(error) = name {
        check.report(&rules::stack::NAME, format!("{what} name {error}"), |finding| {
            finding.hint(format!("choose another name in {call}"));
        });
    }
}

/// A construct's objects, as text where files are asked for, with what later checks need to know of them. The objects
/// themselves are gone by then: ten thousand of them would fill the memory.
struct Rendered<'a> {
    construct: &'a str,
    location: Location,
    objects: Vec<RenderedObject>,
    documents: Vec<RenderedFile>,
    /// For each amendment of the stack, what came of it here.
    amended: Vec<Amended>,
    /// What the construct finds wrong with the objects that were amended.
    findings: Diagnostics,
}

struct RenderedObject {
    judged: Judged,
    /// The last line that changed it: an amendment, or the construct's own.
    location: Location,
    file: RenderedFile,
    totals: Totals,
}

impl RenderedObject {
    fn identity(&self) -> &Identity {
        &self.judged.model.identity
    }
}

#[derive(Clone, PartialEq)]
enum Amended {
    NoMatch,
    Done,
    Failed(String),
}

/// Renders construct by construct, on as many threads as there are processors. The result does not depend on their number.
fn render(stack: &Stack, depth: Depth) -> Vec<Rendered<'_>> {
    let jobs: Vec<Job<'_>> = std::iter::once(Job::Stack)
        .chain(stack.constructs.iter().map(|part| Job::Part(part.as_ref())))
        .collect();
    let taken = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        // From the end: what was added last, as the monitoring of all the others, takes longest, and nobody shall wait for it.
        while let Some(index) = jobs.len().checked_sub(taken.fetch_add(1, Ordering::Relaxed) + 1) {
            done.push((index, jobs[index].render(stack, depth)));
        }
        done
    };
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut rendered = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads.min(jobs.len())).map(|_| scope.spawn(work)).collect();
        let mut done = work();
        for other in others {
            match other.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    rendered.sort_unstable_by_key(|(index, _)| *index);
    rendered.into_iter().map(|(_, rendered)| rendered).collect()
}

enum Job<'a> {
    Stack,
    Part(&'a dyn Construct),
}

impl<'a> Job<'a> {
    fn render(&self, stack: &'a Stack, depth: Depth) -> Rendered<'a> {
        let (construct, location, mut objects) = match self {
            Self::Stack => ("", stack.meta.location, namespace(stack)),
            Self::Part(part) => (
                part.meta().name.as_str(),
                part.meta().location,
                part.render(&stack.context),
            ),
        };
        for object in &mut objects {
            stack.label(object);
        }
        let mut findings = Diagnostics::default();
        let mut amended = vec![Amended::NoMatch; stack.amendments.len()];
        // What is wrong with an object that was amended is looked for at the amendment.
        let mut locations = vec![location; objects.len()];
        for (object, location) in objects.iter_mut().zip(&mut locations) {
            for (amendment, outcome) in stack.amendments.iter().zip(&mut amended) {
                if amendment.matches(object) {
                    *outcome = match (amendment.change)(object) {
                        Ok(()) => Amended::Done,
                        Err(error) => Amended::Failed(error.to_string()),
                    };
                    *location = amendment.location;
                }
            }
            if let Self::Part(part) = self
                && *location != part.meta().location
            {
                part.check_amended(
                    object,
                    &mut Check::new(&stack.context, construct, *location, &mut findings),
                );
            }
        }
        let documents = match self {
            Self::Stack => Vec::new(),
            Self::Part(part) => part.documents(&stack.context, &objects),
        };
        let documents = documents
            .into_iter()
            .map(|document| RenderedFile::new(DOCUMENT, document.path, depth.text(document.text)))
            .collect();
        let texts: BTreeMap<String, String> = objects.iter().filter_map(Object::config_map).collect();
        let mut objects: Vec<RenderedObject> = objects
            .into_iter()
            .zip(locations)
            .map(|(mut object, location)| {
                object.seal(&texts);
                let text = depth.text(|| yaml::to_text(object.body()));
                RenderedObject {
                    judged: lint::judge(object.body()),
                    location,
                    file: RenderedFile::new(kind_order(object.kind()), object.path(construct), text),
                    totals: Totals::of(object.body()),
                }
            })
            .collect();
        objects.sort_by(|a, b| (a.file.order, &a.file.path).cmp(&(b.file.order, &b.file.path)));
        Rendered {
            construct,
            location,
            objects,
            documents,
            amended,
            findings,
        }
    }
}

/// The objects of the stack itself. Every pod passes the restricted level of Pod Security, so the namespace enforces it.
fn namespace(stack: &Stack) -> Vec<Object> {
    if stack.namespace == NamespaceOwner::Existing {
        return Vec::new();
    }
    let mut metadata = stack.context.metadata(stack.context.namespace.clone());
    metadata.namespace = None;
    let labels = metadata.labels.get_or_insert_default();
    for mode in ["enforce", "audit", "warn"] {
        labels.insert(format!("pod-security.kubernetes.io/{mode}"), "restricted".to_owned());
    }
    labels.extend(stack.namespace_labels.clone());
    vec![Object::new(&Namespace {
        metadata,
        ..Namespace::default()
    })]
}

fn check_amendments(stack: &Stack, rendered: &[Rendered<'_>], findings: &mut Diagnostics) {
    for (index, amendment) in stack.amendments.iter().enumerate() {
        let outcomes: Vec<&Amended> = rendered.iter().map(|part| &part.amended[index]).collect();
        let mut check = Check::new(&stack.context, "", amendment.location, findings);
        for outcome in &outcomes {
            if let Amended::Failed(error) = outcome {
                check.report(
                    &rules::stack::AMENDMENT,
                    format!(
                        "the amendment of {} `{}` cannot read the object: {error}",
                        amendment.kind, amendment.name
                    ),
                    |_| {},
                );
            }
        }
        if outcomes.iter().all(|outcome| **outcome == Amended::NoMatch) {
            let of_kind: Vec<&str> = rendered
                .iter()
                .flat_map(|part| &part.objects)
                .filter(|object| object.identity().kind == amendment.kind)
                .map(|object| object.identity().name.as_str())
                .collect();
            check.report(
                &rules::stack::AMENDMENT,
                format!(
                    "the amendment matches nothing: there is no {} `{}`",
                    amendment.kind, amendment.name
                ),
                |finding| {
                    finding.hint(if of_kind.is_empty() {
                        format!("no construct of this stack renders a {}", amendment.kind)
                    } else {
                        format!("the stack has the {} `{}`", amendment.kind, of_kind.join("`, `"))
                    });
                },
            );
        }
    }
}

fn check_objects(stack: &Stack, rendered: &[Rendered<'_>], findings: &mut Diagnostics) {
    let distinct = check_identities(stack, rendered, findings);
    let objects: Vec<(&str, &RenderedObject)> = rendered
        .iter()
        .flat_map(|part| part.objects.iter().map(|object| (part.construct, object)))
        .collect();
    let models: Vec<&lint::ObjectModel> = objects.iter().map(|(_, object)| &object.judged.model).collect();
    // Where two objects are one, what refers to either of them means nothing.
    let among_others = if distinct {
        lint::judge_set(&models)
    } else {
        vec![Diagnostics::default(); models.len()]
    };
    for ((construct, object), among_others) in objects.iter().zip(among_others) {
        let identity = object.identity();
        let item = format!("{} {}", identity.kind, identity.name);
        let mut check = Check::new(&stack.context, construct, object.location, findings);
        for finding in object.judged.findings.iter().chain(&among_others) {
            check.add(finding.clone(), |finding| {
                finding.item(item.as_str());
            });
        }
    }
}

/// Why no document can lie there: it is not below the stack's folder, or would take another file's place.
fn impossible_path(path: &str, files: &BTreeSet<&str>) -> Option<&'static str> {
    let folder = format!("{path}/");
    if path.split('/').any(|part| matches!(part, "" | "." | "..")) || path.contains('\\') {
        Some("is not below the stack's folder")
    } else if path == INDEX {
        Some("is the index of all others")
    } else if files
        .range(folder.as_str()..)
        .next()
        .is_some_and(|next| next.starts_with(&folder))
    {
        Some("is the folder of others too")
    } else {
        None
    }
}

/// Two objects that are one to the API server, and two files that are one on the disk; whether there are none.
fn check_identities(stack: &Stack, rendered: &[Rendered<'_>], findings: &mut Diagnostics) -> bool {
    let mut distinct = true;
    let mut taken: BTreeMap<&Identity, &str> = BTreeMap::new();
    let mut paths: BTreeMap<&str, &Identity> = BTreeMap::new();
    let mut documents: BTreeMap<&str, &str> = BTreeMap::new();
    let files: BTreeSet<&str> = rendered
        .iter()
        .flat_map(|part| part.objects.iter().map(|object| &object.file).chain(&part.documents))
        .map(|file| file.path.as_str())
        .collect();
    for part in rendered {
        for document in &part.documents {
            let path = document.path.as_str();
            let mut check = Check::new(&stack.context, part.construct, part.location, findings);
            if let Some(flaw) = impossible_path(path, &files) {
                check.report(
                    &rules::stack::OBJECT_TWICE,
                    format!("file {path:?} {flaw}"),
                    |finding| {
                        finding.hint("give it another path in `Document::new(…)`");
                    },
                );
            } else if let Some(other) = documents.insert(path, part.construct) {
                check.report(
                    &rules::stack::OBJECT_TWICE,
                    format!("file `{path}` is also one of construct `{other}`"),
                    |finding| {
                        finding.hint("give one of the two a folder of its own: `.docs(…)`");
                    },
                );
            }
        }
    }
    for part in rendered {
        for object in &part.objects {
            let (identity, path) = (object.identity(), object.file.path.as_str());
            let mut check = Check::new(&stack.context, part.construct, part.location, findings);
            let item = format!("{} {}", identity.kind, identity.name);
            if let Some(other) = taken.insert(identity, part.construct) {
                distinct = false;
                let (by, hint) = if other == part.construct {
                    (
                        "twice".to_owned(),
                        "give one of the two parts of the construct another name",
                    )
                } else {
                    (
                        format!("by construct `{other}` too"),
                        "give one of the two constructs another name",
                    )
                };
                check.report(
                    &rules::stack::OBJECT_TWICE,
                    format!("{} `{}` is rendered {by}", identity.kind, identity.name),
                    |finding| {
                        finding.item(item.as_str()).hint(hint);
                    },
                );
            } else if let Some(other) = documents.get(path) {
                check.report(
                    &rules::stack::OBJECT_TWICE,
                    format!("file `{path}` is also one of construct `{other}`"),
                    |finding| {
                        finding.item(item.as_str()).hint("give this construct another name");
                    },
                );
            } else if let Some(other) = paths.insert(path, identity) {
                check.report(
                    &rules::stack::OBJECT_TWICE,
                    format!("file `{path}` is also that of {} `{}`", other.kind, other.name),
                    |finding| {
                        finding
                            .item(item.as_str())
                            .hint("give one of the two objects another name");
                    },
                );
            }
        }
    }
    distinct
}

/// Marks what was acknowledged, and finds acknowledgements that are of no use or not allowed.
fn acknowledge(stack: &Stack, findings: &mut Diagnostics) {
    let mut useless = Diagnostics::default();
    let metas = std::iter::once(("", &stack.meta)).chain(
        stack
            .constructs
            .iter()
            .map(|part| (part.meta().name.as_str(), part.meta())),
    );
    for (construct, meta) in metas {
        for acknowledgement in &meta.acknowledgements {
            let mut used = false;
            let mut refused = false;
            let mut repeated = false;
            for finding in findings.all_mut() {
                let within = construct.is_empty() || finding.place.construct == construct;
                if within && finding.rule == acknowledgement.rule {
                    refused |= finding.severity == Severity::Error;
                    if finding.severity == Severity::Warning {
                        repeated |= finding.acknowledged.is_some();
                        used |= finding.acknowledged.is_none();
                        finding
                            .acknowledged
                            .get_or_insert_with(|| acknowledgement.reason.clone());
                    }
                }
            }
            let rule = acknowledgement.rule.id;
            let mut check = Check::new(&stack.context, construct, acknowledgement.location, &mut useless);
            if acknowledgement.reason.trim().is_empty() {
                check.report(
                    &rules::stack::ACKNOWLEDGED_WITHOUT_REASON,
                    format!("{rule} is acknowledged without a reason"),
                    |finding| {
                        finding.hint("say in `.acknowledge(…)` why it is right here");
                    },
                );
            }
            if refused {
                check.report(
                    &rules::stack::ACKNOWLEDGED_ERROR,
                    format!("{rule} is an error here and cannot be acknowledged"),
                    |finding| {
                        finding.hint("mend what the rule found and remove `.acknowledge(…)`");
                    },
                );
            } else if !used {
                check.report(
                    &rules::stack::ACKNOWLEDGED_NOTHING,
                    if repeated {
                        format!("{rule} is acknowledged already")
                    } else {
                        format!("nothing here breaks {rule}, so there is nothing to acknowledge")
                    },
                    |finding| {
                        finding.hint("remove `.acknowledge(…)`");
                    },
                );
            }
        }
    }
    for finding in &useless {
        findings.push(finding.clone());
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ConfigMap;

    use super::*;
    use crate::{
        construct::{Construct, Meta},
        context::Context,
        manifest::Document,
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
        assert_eq!(told(&["a", "a/b"]), ["file \"a\" is the folder of others too"]);
        assert_eq!(told(&["pages"]), ["file \"pages\" is the folder of others too"]);
        assert_eq!(
            told(&["kustomization.yaml"]),
            ["file \"kustomization.yaml\" is the index of all others"]
        );
        for path in ["", "../x", "/x", "a//b", "a/", "./a", "a\\b"] {
            assert_eq!(
                told(&[path]),
                [format!("file {path:?} is not below the stack's folder")]
            );
        }
        assert_eq!(told(&["a", "a"]), ["file `a` is also one of construct `pages`"]);
    }
}
