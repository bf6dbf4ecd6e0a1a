//! Constructs become objects and documents, in parallel.

use std::collections::BTreeMap;

use crate::{
    construct::{Check, Construct},
    diagnostics::{Diagnostics, Location},
    handbook::Chapter,
    lint::{self, Judged},
    manifest::{Background, DOCUMENT, Identity, Object, RenderedFile, kind_order},
    parallel,
    stack::Stack,
    synth::{
        Depth,
        amendments::{self, Outcome},
        deployers, namespace,
        pods::Pods,
        totals::Totals,
    },
    yaml,
};

/// A construct's objects, as text if files are needed, with what later checks need to know about them. The objects
/// themselves are dropped: ten thousand of them would fill the memory.
pub(super) struct Rendered<'a> {
    pub(super) construct: &'a str,
    pub(super) location: Location,
    pub(super) objects: Vec<RenderedObject>,
    pub(super) documents: Vec<RenderedFile>,
    /// Its part of the handbook, where files are asked for.
    pub(super) chapter: Chapter,
    /// For each amendment of the stack, its outcome in this construct.
    pub(super) amended: Vec<Outcome>,
    /// What the construct finds wrong with the objects that were amended.
    pub(super) findings: Diagnostics,
}

pub(super) struct RenderedObject {
    pub(super) judged: Judged,
    /// What only its construct knows about it.
    pub(super) background: Background,
    /// Its name without a digest of its content: the name that an amendment uses.
    pub(super) stable_name: String,
    /// The last line that changed it: an amendment, or the construct's own.
    pub(super) location: Location,
    pub(super) file: RenderedFile,
    pub(super) totals: Totals,
    pub(super) pods: Option<Pods>,
}

impl RenderedObject {
    pub(super) fn identity(&self) -> &Identity {
        &self.judged.model.identity
    }

    /// Its name in findings, which stays the same when the content of a Job, and so its name, changes.
    pub(super) fn item(&self) -> String {
        format!("{} {}", self.identity().kind, self.stable_name)
    }
}

/// Renders construct by construct, on as many threads as there are processors. The result does not depend on their
/// number.
pub(super) fn all(stack: &Stack, depth: Depth) -> Vec<Rendered<'_>> {
    let jobs: Vec<Job<'_>> = std::iter::once(Job::Stack)
        .chain(stack.constructs.iter().map(|part| Job::Part(part.as_ref())))
        .collect();
    // The construct that was added last, usually the monitoring, takes longest, and is taken first.
    parallel::map(&jobs, 1, |job| job.render(stack, depth))
}

enum Job<'a> {
    Stack,
    Part(&'a dyn Construct),
}

impl<'a> Job<'a> {
    fn render(&self, stack: &'a Stack, depth: Depth) -> Rendered<'a> {
        let (construct, location, mut objects) = match self {
            Self::Stack => ("", stack.meta.location, namespace::objects(stack)),
            Self::Part(part) => (
                part.meta().name.as_str(),
                part.meta().location,
                part.render(&stack.context),
            ),
        };
        for object in &mut objects {
            stack.label(object);
            deployers::annotate(object);
        }
        // The Namespace lies in a folder of its own, because it is applied by itself.
        let folder = match self {
            Self::Stack => namespace::FOLDER,
            Self::Part(_) => construct,
        };
        let mut findings = Diagnostics::default();
        let mut amended = vec![Outcome::NoMatch; stack.amendments.len()];
        // A finding about an amended object points to the amendment.
        let mut locations = vec![location; objects.len()];
        for (object, location) in objects.iter_mut().zip(&mut locations) {
            for (amendment, outcome) in stack.amendments.iter().zip(&mut amended) {
                if amendment.matches(object) {
                    *outcome = amendments::apply(amendment, object);
                    if *outcome != Outcome::Unchanged {
                        *location = amendment.location;
                    }
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
        let chapter = match self {
            Self::Part(part) if depth == Depth::Files => part.chapter(&stack.context, &objects),
            _ => Chapter::default(),
        };
        let documents = documents
            .into_iter()
            .map(|document| RenderedFile::new(DOCUMENT, document.path, depth.text(Depth::Files, document.text)))
            .collect();
        let texts: BTreeMap<String, String> = objects.iter().filter_map(Object::config_map).collect();
        for object in &mut objects {
            object.seal(&texts);
        }
        // Few constructs have so many objects: monitoring, with its rules and dashboards.
        let made = parallel::map(&objects, 8, |object| {
            let text = depth.text(Depth::Objects, || yaml::to_text(object.body()));
            let judged = lint::judge(object.body(), stack.context.kubernetes, object.background());
            (text, judged)
        });
        let mut objects: Vec<RenderedObject> = objects
            .into_iter()
            .zip(locations)
            .zip(made)
            .map(|((mut object, location), (text, judged))| RenderedObject {
                judged,
                background: object.take_background(),
                stable_name: object.stable_name().to_owned(),
                location,
                file: RenderedFile::new(kind_order(object.kind()), object.path(folder), text),
                totals: Totals::of(object.body()),
                pods: Pods::of(object.body()),
            })
            .collect();
        objects.sort_by(|a, b| (a.file.order, &a.file.path).cmp(&(b.file.order, &b.file.path)));
        Rendered {
            construct,
            location,
            objects,
            documents,
            chapter,
            amended,
            findings,
        }
    }
}
