//! The texts of a side: from folders, files, standard input, and revisions.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use super::git::{self, GitError};
use crate::{
    cli::{
        failure::Failure,
        folder::{self, is_manifest, shown},
        kustomize::{self, is_kustomization, normal},
    },
    diff::Source,
    manifest::{INDEX, Manifests},
    yaml::{self, Part},
};

/// The texts of a side, and remarks about what is not among them.
#[derive(Default)]
pub(in crate::cli) struct Texts {
    pub(super) sources: Vec<Source>,
    pub(super) notes: Vec<String>,
}

impl From<Vec<Source>> for Texts {
    fn from(sources: Vec<Source>) -> Self {
        Self {
            sources,
            notes: Vec::new(),
        }
    }
}

/// The manifests of a folder, of a file, of standard input if the path is `-`, or of `REVISION:PATH`.
pub(super) fn read(path: &Path, stdin: &mut dyn Read) -> Result<Texts, Failure> {
    if path.as_os_str() == "-" {
        let text = folder::read_stdin(stdin)?;
        let file = "<stdin>".to_owned();
        return Ok(vec![Source { file, text }].into());
    }
    // A pipe that the shell has made, or `/dev/null` for nothing.
    if fs::metadata(path).is_ok_and(|kind| !kind.is_dir() && !kind.is_file()) {
        if path == Path::new("/dev/null") {
            return Ok(Texts::default());
        }
        let file = shown(path);
        let mut pipe =
            fs::File::open(path).map_err(|error| Failure::new(format!("`{file}` {}", folder::reason(&error))))?;
        let text = folder::read_pipe(&mut pipe, &format!("`{file}`"))?;
        return Ok(vec![Source { file, text }].into());
    }
    let text = path.to_string_lossy();
    if !path.exists()
        && let Some((revision, below)) = text.split_once(':')
    {
        return at(revision, Path::new(below)).map(Into::into);
    }
    let mut texts = below(path, |file| is_manifest(file) || is_kustomization(file))?;
    texts.sources = manifests(texts.sources);
    if texts.sources.is_empty() && !path.is_dir() {
        return Err(Failure::new(format!("no manifests in `{}`", shown(path))));
    }
    Ok(texts)
}

/// All files of a folder, whatever they are called: kubectl writes an object a file, without an ending.
pub(super) fn all(path: &Path) -> Result<Texts, Failure> {
    below(path, |_| true)
}

/// The manifests of a path, as a revision has them.
pub(super) fn at(revision: &str, path: &Path) -> Result<Vec<Source>, Failure> {
    at_revision(revision, path).map_err(|error| {
        let failure = Failure::new(format!("`{revision}:{}`: {}", shown(path), error.message()));
        match error {
            GitError::Absent(_) => failure.hint("compare folders instead: `--from DIR --to DIR`, or `--against DIR`"),
            _ => failure,
        }
    })
}

/// The same, with an error that says why it failed.
pub(super) fn at_revision(revision: &str, path: &Path) -> Result<Vec<Source>, GitError> {
    git::files(revision, path, |file| is_manifest(file) || is_kustomization(file)).map(manifests)
}

/// What a stack renders.
pub(super) fn rendered(stack: &str, manifests: &Manifests) -> Vec<Source> {
    let index = yaml::read_index(manifests.get(INDEX).unwrap_or_default()).unwrap_or_default();
    let applied = index.iter().filter(|file| file.part != Part::Document);
    let texts = applied.filter_map(|file| Some((file, manifests.get(&file.path)?)));
    texts
        .map(|(file, text)| Source {
            file: format!("{stack}/{}", file.path),
            text: text.to_owned(),
        })
        .collect()
}

/// The files of a folder and of the folders in it, in the order of their names; links to folders are not followed.
fn below(root: &Path, wanted: impl Fn(&Path) -> bool) -> Result<Texts, Failure> {
    let cannot = |path: &Path, error: &io::Error| Failure::new(format!("`{}` {}", shown(path), folder::reason(error)));
    let kind = fs::metadata(root).map_err(|error| cannot(root, &error))?;
    let mut files = Vec::new();
    let mut notes = Vec::new();
    if kind.is_dir() {
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).map_err(|error| cannot(&folder, &error))? {
                let entry = entry.map_err(|error| cannot(&folder, &error))?;
                let path = entry.path();
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    folders.push(path);
                } else if folder::is_link_to_folder(&entry) {
                    notes.push(format!("`{}` is not read: {}", shown(&path), folder::NOT_ENTERED));
                } else if wanted(&path) {
                    files.push(path);
                }
            }
        }
        files.sort();
    } else {
        files.push(root.to_owned());
    }
    let mut sources = Vec::with_capacity(files.len());
    for path in files {
        let file = shown(&path);
        match folder::text(&path) {
            Ok(Some(text)) => sources.push(Source { file, text }),
            Ok(None) => {}
            Err((line, message)) => return Err(Failure::new(format!("`{file}`, line {line}: {message}"))),
        }
    }
    Ok(Texts { sources, notes })
}

/// Without the documents that an index lists and does not apply, and without patches, which have only some fields of an object.
fn manifests(mut sources: Vec<Source>) -> Vec<Source> {
    let path = |source: &Source| {
        PathBuf::from(
            source
                .file
                .rsplit_once(':')
                .map_or(source.file.as_str(), |(_, path)| path),
        )
    };
    let mut others: BTreeSet<PathBuf> = BTreeSet::new();
    for source in &sources {
        let file = path(source);
        if !is_kustomization(&file) {
            continue;
        }
        let folder = file.parent().unwrap_or(Path::new(""));
        if let Some(index) = yaml::read_index(&source.text) {
            let documents = index.into_iter().filter(|file| file.part == Part::Document);
            others.extend(documents.map(|document| normal(&folder.join(document.path))));
        } else {
            for document in yaml::read::read(&source.text).documents {
                let patches = kustomize::patches(&document.value).into_iter();
                others.extend(patches.map(|(_, patch)| normal(&folder.join(patch))));
            }
        }
    }
    sources.retain(|source| !others.contains(&normal(&path(source))));
    sources
}
