//! What every verb that touches a cluster does first: makes the stack, and takes what it declares from its files.

use std::path::Path;

use crate::{
    cli::{
        compare::{Others, compare},
        failure::Failure,
        output::Output,
        report::{self, Show},
        stacks::{StackFn, each},
    },
    manifest::{INDEX, Manifests},
    operate::{cluster::Cluster, desired::Desired},
    stack::Stack,
    synth::synth,
    yaml::{self, Part},
};

/// A stack, and its files.
pub(super) struct Running {
    pub(super) stack: Stack,
    pub(super) manifests: Manifests,
}

impl Running {
    /// Makes the stack of a name. None if it has errors, which are told.
    pub(super) fn of(name: &str, stacks: &[StackFn<'_>], output: &mut Output<'_>) -> Result<Option<Self>, Failure> {
        let made = each(stacks, &[name.to_owned()], output, synth)?;
        let Some((stack, synthesis)) = made.stacks.into_iter().next() else {
            return Ok(None);
        };
        let Some(manifests) = synthesis.manifests else {
            let errors = std::iter::once((stack.name(), &synthesis.findings));
            output.note(&report::text(errors, Show::Open, output.note_paint()));
            return Ok(None);
        };
        Ok(Some(Self { stack, manifests }))
    }

    /// The texts of its objects, in the order of their application.
    pub(super) fn texts(&self) -> Vec<&str> {
        let index = yaml::read_index(self.manifests.get(INDEX).unwrap_or_default()).unwrap_or_default();
        let applied = index.iter().filter(|file| file.part != Part::Document);
        applied.filter_map(|file| self.manifests.get(&file.path)).collect()
    }

    /// What it declares.
    pub(super) fn desired(&self) -> Desired {
        Desired::read(self.texts())
    }

    /// The cluster of a name, or the only one.
    pub(super) fn cluster(&self, name: Option<&str>) -> Result<Cluster, Failure> {
        let mut clusters = Cluster::all(&self.desired());
        let names: Vec<String> = clusters.iter().map(|cluster| cluster.name.clone()).collect();
        clusters.retain(|cluster| name.is_none_or(|name| cluster.name == name));
        match (clusters.pop(), clusters.is_empty()) {
            (Some(cluster), true) => Ok(cluster),
            (Some(_), false) => Err(Failure::new("the stack has several clusters")
                .hint(format!("name one with `--cluster`: `{}`", names.join("`, `")))),
            (None, _) if names.is_empty() => Err(Failure::new("the stack has no Kafka cluster")),
            (None, _) => Err(
                Failure::new(format!("the stack has no cluster `{}`", name.unwrap_or_default()))
                    .hint(format!("its clusters are `{}`", names.join("`, `"))),
            ),
        }
    }

    /// Whether the files in a folder are those that the stack renders.
    pub(super) fn is_written_in(&self, out: &Path) -> anyhow::Result<bool> {
        let root = out.join(self.stack.name());
        Ok(compare(&root, &self.manifests, Others::Overwrite)?.is_current())
    }
}
