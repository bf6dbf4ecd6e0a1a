//! Compares a stack's folder with what the stack renders. It reads the disk and changes nothing.
//!
//! A file is ours if the index lists it and its content still has the listed digest. Every other file was written or
//! edited by a person and is kept, with one exception: what `git merge`, `rebase` or `stash pop` made of our files.
//! Such a file is listed in the index and has conflict markers; or the index itself has them, and lists the file with
//! the digests of two branches. It is rewritten. This loses no edit: git does not merge into a file with uncommitted
//! changes, so everything that was in it is in a commit or a stash. A conflict that was resolved by hand in such a file
//! is overwritten with what the stack renders.
#![expect(clippy::disallowed_methods, reason = "files are read here to be compared")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    io::ErrorKind,
    path::Path,
};

use anyhow::Context as _;

use crate::{
    manifest::{INDEX, Manifests, digest},
    parallel,
    yaml::{self, Listed},
};

/// The index of the current run, beside the old one: the files that it lists are ours too if the run is interrupted.
pub(super) const PENDING: &str = ".kustomization.yaml.pending";

/// How many files are worth a thread of their own.
pub(super) const FILES_A_THREAD: usize = 64;

/// The start and the end of a temporary file's name.
pub(super) const TEMPORARY: (&str, &str) = (".kafka-stacks.", ".tmp");

/// What to do with files that someone else wrote or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Others {
    /// They are obstacles: nothing is written.
    Keep,
    /// They are replaced or deleted like our own files.
    Overwrite,
}

/// The difference between a stack's folder and what the stack renders.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    /// The stack's folder.
    pub(super) root: &'a Path,
    /// What the stack renders.
    pub(super) manifests: &'a Manifests,
    /// Rendered files that are missing from the folder.
    pub(super) missing: Vec<String>,
    /// Rendered files that differ in the folder.
    pub(super) stale: Vec<String>,
    /// Our own files that the stack no longer renders.
    pub(super) superfluous: Vec<String>,
    /// The folders of all files that the stack no longer renders, whether they exist or not.
    pub(super) abandoned: BTreeSet<String>,
    /// The number of rendered files that are unchanged in the folder.
    pub(super) unchanged: usize,
    /// What prevents writing the folder.
    pub(super) obstacles: Vec<Obstacle>,
    /// The stale and superfluous files that a merge of two branches changed.
    pub(super) merged: Vec<String>,
    /// Temporary files of an interrupted run.
    pub(super) temporary: Vec<String>,
    /// What an interrupted run wanted to write: `None` if the last run was not interrupted.
    pub(super) pending: Option<Vec<Listed>>,
}

impl Plan<'_> {
    /// Whether a file is missing, stale or superfluous.
    pub(super) fn has_changes(&self) -> bool {
        !(self.missing.is_empty() && self.stale.is_empty() && self.superfluous.is_empty())
    }

    /// Whether there is nothing to do.
    pub(super) fn is_current(&self) -> bool {
        !self.has_changes() && self.obstacles.is_empty() && self.leftovers().next().is_none()
    }

    /// A path as it is shown in a message.
    pub(super) fn shown(&self, path: &str) -> String {
        let root = self.root.display();
        if path.is_empty() {
            root.to_string()
        } else {
            format!("{root}/{path}")
        }
    }

    /// Files of an interrupted run.
    pub(super) fn leftovers(&self) -> impl Iterator<Item = &str> {
        let pending = self.pending.as_ref().map(|_| PENDING);
        self.temporary.iter().map(String::as_str).chain(pending)
    }

    fn obstacle(&mut self, path: &str, reason: Reason) {
        self.obstacles.push(Obstacle {
            path: path.to_owned(),
            reason,
        });
    }
}

/// A file or folder that prevents writing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Obstacle {
    /// The path below the stack's folder; empty for the folder itself.
    pub(super) path: String,
    pub(super) reason: Reason,
}

/// Why something prevents writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    /// A file that we wrote and someone changed.
    Edited,
    /// The same, and the stack no longer renders it.
    EditedAndSuperfluous,
    /// A file that we did not write.
    NotOurs,
    /// Something else, where a file must be.
    NotAFile(FileKind),
    /// Something else, where a folder must be.
    NotAFolder(FileKind),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Edited => f.write_str("was edited by hand"),
            Self::EditedAndSuperfluous => f.write_str("was edited by hand, and the stack no longer renders it"),
            Self::NotOurs => f.write_str("was not written by kafka-stacks"),
            Self::NotAFile(kind) => write!(f, "is {kind} where a file must be"),
            Self::NotAFolder(kind) => write!(f, "is {kind} where a folder must be"),
        }
    }
}

/// The type of an entry of a folder. Links are not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum FileKind {
    File,
    Folder,
    Link,
    Other,
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "a file",
            Self::Folder => "a folder",
            Self::Link => "a symbolic link",
            Self::Other => "a device, socket or pipe",
        })
    }
}

impl From<fs::FileType> for FileKind {
    fn from(kind: fs::FileType) -> Self {
        if kind.is_symlink() {
            Self::Link
        } else if kind.is_dir() {
            Self::Folder
        } else if kind.is_file() {
            Self::File
        } else {
            Self::Other
        }
    }
}

/// Compares a stack's folder, which need not exist, with what the stack renders.
pub(super) fn compare<'a>(root: &'a Path, manifests: &'a Manifests, others: Others) -> anyhow::Result<Plan<'a>> {
    let mut plan = Plan {
        root,
        manifests,
        missing: Vec::new(),
        stale: Vec::new(),
        superfluous: Vec::new(),
        abandoned: BTreeSet::new(),
        unchanged: 0,
        obstacles: Vec::new(),
        merged: Vec::new(),
        temporary: Vec::new(),
        pending: None,
    };
    let mut folders = Folders {
        root,
        listed: BTreeMap::new(),
    };
    let owned = read_owned(&mut folders, &mut plan, others)?;

    let mut files = Vec::new();
    for (path, text) in manifests.iter() {
        anyhow::ensure!(
            stays_inside(path),
            "the stack renders `{path}`, which is not in its own folder"
        );
        match folders.kind(path)? {
            None => plan.missing.push(path.to_owned()),
            Some(FileKind::File) => files.push(File { path, text: Some(text) }),
            Some(kind) => plan.obstacle(path, Reason::NotAFile(kind)),
        }
    }
    for path in owned.digests.keys().filter(|path| manifests.get(path).is_none()) {
        if let Some((folder, _)) = path.rsplit_once('/') {
            plan.abandoned.insert(folder.to_owned());
        }
        // Something else is there now: not the file that we wrote, and not in the way of another file.
        if folders.kind(path)? == Some(FileKind::File) {
            files.push(File { path, text: None });
        }
    }

    let states = parallel::map(&files, FILES_A_THREAD, |file| file.state(root, &owned))
        .into_iter()
        .collect::<anyhow::Result<Vec<_>>>()?;
    for (file, state) in files.iter().zip(states) {
        let rendered = file.text.is_some();
        if state == State::Merged {
            plan.merged.push(file.path.to_owned());
        }
        match (state, others) {
            (State::Current, _) => plan.unchanged += 1,
            (State::Ours | State::Merged, _) | (_, Others::Overwrite) if rendered => {
                plan.stale.push(file.path.to_owned());
            }
            (State::Ours | State::Merged, _) | (_, Others::Overwrite) => plan.superfluous.push(file.path.to_owned()),
            (State::Edited, _) if rendered => plan.obstacle(file.path, Reason::Edited),
            (State::Edited, _) => plan.obstacle(file.path, Reason::EditedAndSuperfluous),
            (State::NotOurs, _) => plan.obstacle(file.path, Reason::NotOurs),
        }
    }
    folders.report(&mut plan);
    plan.obstacles.sort();
    Ok(plan)
}

/// The digests that make a file ours. A path may have several: that of the last run, those of interrupted ones, and
/// those of two branches that are being merged.
#[derive(Default)]
struct Owned {
    digests: BTreeMap<String, Vec<String>>,
    /// Files that both branches of a merge changed.
    merged: BTreeSet<String>,
}

impl Owned {
    fn add(&mut self, files: &[Listed]) {
        // An index may have been edited by hand: nothing outside of the stack's folder is ever ours.
        for file in files.iter().filter(|file| stays_inside(&file.path)) {
            self.digests
                .entry(file.path.clone())
                .or_default()
                .push(file.digest.clone());
        }
    }
}

/// Reads the index, and that of an interrupted run.
fn read_owned(folders: &mut Folders<'_>, plan: &mut Plan<'_>, others: Others) -> anyhow::Result<Owned> {
    let mut owned = Owned::default();
    // If the index is not a file, the comparison reports it as in the way, like any other rendered file.
    if folders.kind(INDEX)? == Some(FileKind::File)
        && let Some(index) = Index::read(&plan.root.join(INDEX))?
    {
        owned.add(&index.files);
        if index.has_markers {
            let twice = owned
                .digests
                .iter()
                .filter(|(_, digests)| digests.iter().any(|digest| *digest != digests[0]));
            owned.merged = twice.map(|(path, _)| path.clone()).collect();
        }
        owned
            .digests
            .insert(INDEX.to_owned(), index.digest.into_iter().collect());
    }
    match folders.kind(PENDING)? {
        None => {}
        Some(FileKind::File) => match Index::read(&plan.root.join(PENDING))? {
            Some(index) => {
                owned.add(&index.files);
                plan.pending = Some(index.files);
            }
            None if others == Others::Overwrite => plan.pending = Some(Vec::new()),
            None => plan.obstacle(PENDING, Reason::NotOurs),
        },
        Some(kind) => plan.obstacle(PENDING, Reason::NotAFile(kind)),
    }
    Ok(owned)
}

/// An index on the disk.
struct Index {
    files: Vec<Listed>,
    /// The digest of the index itself, if it is still what this tool wrote for these files.
    digest: Option<String>,
    has_markers: bool,
}

impl Index {
    /// `None` if this tool did not write it.
    fn read(path: &Path) -> anyhow::Result<Option<Self>> {
        let Ok(text) = String::from_utf8(read(path)?) else {
            return Ok(None);
        };
        Ok(yaml::read_index(&text).map(|files| Self {
            digest: yaml::is_index_of(&text, &files).then(|| digest(&text)),
            has_markers: yaml::conflict(&text).is_some(),
            files,
        }))
    }
}

/// A regular file of the stack's folder.
struct File<'a> {
    path: &'a str,
    /// What it should hold; `None` if it should not be there.
    text: Option<&'a str>,
}

/// What happened to a file since this tool wrote it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// It has the rendered text.
    Current,
    /// It is as this tool wrote it.
    Ours,
    /// A merge of two branches changed it, not a person.
    Merged,
    /// A person changed it.
    Edited,
    /// This tool did not write it.
    NotOurs,
}

impl File<'_> {
    fn state(&self, root: &Path, owned: &Owned) -> anyhow::Result<State> {
        let found = read(&root.join(self.path))?;
        if self.text.is_some_and(|text| text.as_bytes() == found) {
            return Ok(State::Current);
        }
        let digests = owned.digests.get(self.path);
        let changed = if digests.is_some() {
            State::Edited
        } else {
            State::NotOurs
        };
        let Ok(found) = String::from_utf8(found) else {
            return Ok(changed);
        };
        // A digest ignores line ends: they differ in a checkout on Windows.
        let digest_found = digest(&found);
        Ok(if self.text.is_some_and(|text| digest(text) == digest_found) {
            State::Current
        } else if digests.is_some_and(|digests| digests.contains(&digest_found)) {
            State::Ours
        } else if owned.merged.contains(self.path) || digests.is_some() && yaml::conflict(&found).is_some() {
            State::Merged
        } else {
            changed
        })
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))
}

/// Whether a path cannot leave its folder and is not one of our hidden files.
fn stays_inside(path: &str) -> bool {
    path.split('/')
        .all(|part| !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', ':', '\0']))
}

/// The folders below a stack's own, each listed once.
struct Folders<'a> {
    root: &'a Path,
    listed: BTreeMap<String, Listing>,
}

enum Listing {
    Missing,
    NotAFolder(FileKind),
    Names(BTreeMap<String, FileKind>),
}

impl Folders<'_> {
    /// The type of a path; `None` if it does not exist.
    fn kind(&mut self, path: &str) -> anyhow::Result<Option<FileKind>> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        Ok(match self.listing(folder)? {
            Listing::Names(names) => names.get(name).copied(),
            Listing::Missing | Listing::NotAFolder(_) => None,
        })
    }

    fn listing(&mut self, folder: &str) -> anyhow::Result<&Listing> {
        if !self.listed.contains_key(folder) {
            let kind = if folder.is_empty() {
                kind(self.root)?
            } else {
                self.kind(folder)?
            };
            let listing = match kind {
                None => Listing::Missing,
                Some(FileKind::Folder) => Listing::Names(names(&self.root.join(folder))?),
                Some(kind) => Listing::NotAFolder(kind),
            };
            self.listed.insert(folder.to_owned(), listing);
        }
        Ok(&self.listed[folder])
    }

    /// Adds to the plan what the folders themselves say.
    fn report(self, plan: &mut Plan<'_>) {
        for (folder, listing) in self.listed {
            match listing {
                Listing::Missing => {}
                Listing::NotAFolder(kind) => plan.obstacle(&folder, Reason::NotAFolder(kind)),
                Listing::Names(names) => {
                    for (name, kind) in names {
                        let (start, end) = TEMPORARY;
                        if kind == FileKind::File && name.starts_with(start) && name.ends_with(end) {
                            plan.temporary.push(join(&folder, &name));
                        }
                    }
                }
            }
        }
    }
}

/// A path below a folder; the stack's own folder is empty.
fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}

fn kind(path: &Path) -> anyhow::Result<Option<FileKind>> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(metadata.file_type().into())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read `{}`", path.display())),
    }
}

fn names(folder: &Path) -> anyhow::Result<BTreeMap<String, FileKind>> {
    let read = || {
        let mut names = BTreeMap::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            // This tool writes no name that is not Unicode.
            if let Ok(name) = entry.file_name().into_string() {
                names.insert(name, entry.file_type()?.into());
            }
        }
        Ok::<_, std::io::Error>(names)
    };
    read().with_context(|| format!("cannot list `{}`", folder.display()))
}
