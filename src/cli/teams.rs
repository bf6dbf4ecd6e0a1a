//! Reads the files that teams write.
#![expect(
    clippy::disallowed_methods,
    reason = "the command line reads what stacks are made of"
)]

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use crate::kafka::TeamFiles;

/// The files `<folder>/<team>/*.yaml`, for a stack function to give to
/// [`Topics::teams`](crate::kafka::Topics::teams). Files in `folder` itself, and of other names, are not read.
///
/// ```no_run
/// use kafka_stacks::{cli::{StackFn, team_files}, prelude::*};
///
/// fn prod(files: &TeamFiles) -> Stack {
///     let mut stack = Stack::new("prod", "kafka");
///     let kafka = KafkaCluster::external("events", Version::V4_3, "kafka.example.com:9092");
///     stack.add(Topics::new("kafka-topics", &kafka).teams(files, [Team::new("billing").retention(30.days())]));
///     stack
/// }
///
/// fn main() -> std::process::ExitCode {
///     let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/topics");
///     kafka_stacks::cli::run([StackFn::named("prod", || team_files(folder).map(|files| prod(&files)))])
/// }
/// ```
///
/// # Errors
///
/// Where the folder or a file cannot be read, or is not text.
pub fn team_files(folder: impl AsRef<Path>) -> anyhow::Result<TeamFiles> {
    let folder = folder.as_ref();
    let here = std::env::current_dir().unwrap_or_default();
    let mut files = Vec::new();
    for team in sorted(folder)?.into_iter().filter(|path| path.is_dir()) {
        let yaml = |path: &PathBuf| path.extension().is_some_and(|end| end == "yaml" || end == "yml");
        for path in sorted(&team)?.into_iter().filter(yaml) {
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
            let shown = path.strip_prefix(&here).unwrap_or(&path).display().to_string();
            files.push((shown.replace('\\', "/"), text));
        }
    }
    Ok(TeamFiles::new(files))
}

/// What is in a folder, in an order that no file system decides.
fn sorted(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let read = || -> io::Result<Vec<PathBuf>> { fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect() };
    let mut paths = read().with_context(|| format!("cannot read the folder `{}`", folder.display()))?;
    paths.sort();
    Ok(paths)
}
