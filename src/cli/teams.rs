//! Reads the files that teams write.
#![expect(
    clippy::disallowed_methods,
    reason = "the command line reads what stacks are made of"
)]

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};

use crate::kafka::TeamFiles;

/// The files `<folder>/<team>/*.yaml`, for a stack function to give to
/// [`Topics::teams`](crate::kafka::Topics::teams). Files that are no YAML, such as a README, are not read.
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
/// Where the folder or a file cannot be read, or is not text, and where topics lie in a place or under a name that is not read: in no
/// team's folder, in a folder below it, or in a file that does not end in `.yaml` or `.yml`.
pub fn team_files(folder: impl AsRef<Path>) -> anyhow::Result<TeamFiles> {
    let folder = folder.as_ref();
    let here = std::env::current_dir().unwrap_or_default();
    let mut files = Vec::new();
    for team in sorted(folder)? {
        if !team.is_dir() {
            ensure!(
                !looks_like_topics(&team),
                "`{}` is in no team's folder: move it to `{}`",
                team.display(),
                folder.join("<team>").display()
            );
            continue;
        }
        for path in sorted(&team)? {
            ensure!(
                !path.is_dir(),
                "`{}` is not read: the files of a team lie in `{}` itself",
                path.display(),
                team.display()
            );
            if !path.extension().is_some_and(|end| end == "yaml" || end == "yml") {
                ensure!(
                    !looks_like_topics(&path),
                    "`{}` is not read: its name has to end in `.yaml` or `.yml`",
                    path.display()
                );
                continue;
            }
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
            let shown = path.strip_prefix(&here).unwrap_or(&path).display().to_string();
            files.push((shown.replace('\\', "/"), text));
        }
    }
    Ok(TeamFiles::new(files))
}

/// Whether someone may take a file for one with topics: YAML by another ending, or JSON that is not the schema.
fn looks_like_topics(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    !name.ends_with(".schema.json") && [".yaml", ".yml", ".json"].iter().any(|end| name.ends_with(end))
}

/// What is in a folder, in an order that no file system decides.
fn sorted(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let read = || -> io::Result<Vec<PathBuf>> { fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect() };
    let mut paths = read().with_context(|| format!("cannot read the folder `{}`", folder.display()))?;
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::scratch::Scratch;

    #[test]
    fn topics_in_a_place_that_is_not_read_are_an_error() {
        const TOPICS: &str = "topics: []\n";
        for (file, said) in [
            ("calls.yaml", Some("in no team's folder")),
            ("billing/eu/calls.yaml", Some("lie in")),
            ("billing/calls.YAML", Some("has to end in")),
            ("billing/calls.json", Some("has to end in")),
            ("billing/README.md", None),
            ("topics.schema.json", None),
            ("CODEOWNERS", None),
            ("billing/calls.yml", None),
        ] {
            let scratch = Scratch::new();
            scratch.put("topics/billing/sound.yaml", TOPICS);
            scratch.put(&format!("topics/{file}"), TOPICS);
            let read = team_files(scratch.path("topics"));
            match said {
                Some(said) => assert!(read.unwrap_err().to_string().contains(said), "{file}"),
                None => assert!(read.is_ok(), "{file}"),
            }
        }
    }
}
