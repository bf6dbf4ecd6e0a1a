//! Carries out a [`Plan`]: writes what changed and deletes what is superfluous, so that no moment of interruption loses a file.
//!
//! The index of the new files is put beside the old one before anything else is touched, so that a file is ours before and
//! after it changes. It takes the old one's place at the end. Every file appears whole, by a rename.
#![expect(clippy::disallowed_methods, reason = "the files of a stack are written here")]

use std::{
    collections::BTreeSet,
    fs,
    io::{self, ErrorKind, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use anyhow::Context as _;

use crate::{
    cli::compare::{PENDING, Plan, TEMPORARY, in_parallel},
    manifest::INDEX,
    yaml,
};

/// Carries out a plan without conflicts. If nothing changed, nothing is written.
pub(super) fn write(plan: &Plan<'_>) -> anyhow::Result<()> {
    Writer::new(plan.root, &|| Ok(())).carry_out(plan)
}

/// The disk, and what may be done to it.
struct Writer<'a> {
    root: &'a Path,
    /// Called before every single change; a test uses it to stop the run there.
    before: &'a (dyn Fn() -> io::Result<()> + Sync),
    written: AtomicUsize,
}

impl<'a> Writer<'a> {
    fn new(root: &'a Path, before: &'a (dyn Fn() -> io::Result<()> + Sync)) -> Self {
        Self { root, before, written: AtomicUsize::new(0) }
    }

    fn carry_out(&self, plan: &Plan<'_>) -> anyhow::Result<()> {
        for path in &plan.temporary {
            self.remove(path)?;
        }
        if plan.has_changes() {
            self.change(plan)?;
        }
        if plan.has_changes() || plan.pending.is_some() {
            self.remove(PENDING)?;
        }
        Ok(())
    }

    fn change(&self, plan: &Plan<'_>) -> anyhow::Result<()> {
        self.create_folder("")?;
        self.put(PENDING, &pending(plan))?;

        // The index comes last.
        let (index, files): (Vec<&String>, Vec<&String>) =
            plan.missing.iter().chain(&plan.stale).partition(|path| *path == INDEX);
        let folders: BTreeSet<&str> = plan.missing.iter().filter_map(|path| folder(path)).collect();
        for folder in folders {
            self.create_folder(folder)?;
        }
        let put = |path: &String| self.put(path, plan.manifests.get(path).unwrap_or_default());
        in_parallel(&files, |path| put(path))?;
        for path in &plan.superfluous {
            self.remove(path)?;
        }
        for folder in &plan.abandoned {
            self.remove_empty(folder)?;
        }
        index.into_iter().try_for_each(put)
    }

    fn create_folder(&self, folder: &str) -> anyhow::Result<()> {
        let path = self.path(folder);
        (self.before)()
            .and_then(|()| fs::create_dir_all(&path))
            .with_context(|| format!("cannot create folder `{}`", path.display()))
    }

    /// Writes a file beside its place and moves it there: at its place it is the old one or the new one, always whole.
    fn put(&self, path: &str, text: &str) -> anyhow::Result<()> {
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let (start, end) = TEMPORARY;
        // The number of the process keeps two runs at the same time from writing into one file.
        let name = format!("{start}{}.{number}{end}", std::process::id());
        let path = self.path(path);
        let temporary = path.with_file_name(name);
        let write = || {
            (self.before)()?;
            // Never into a file, or through a link, that is there already.
            let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&temporary)?;
            (self.before)()?;
            file.write_all(text.as_bytes())?;
            drop(file);
            (self.before)()?;
            fs::rename(&temporary, &path)
        };
        write().with_context(|| format!("cannot write `{}`", path.display()))
    }

    fn remove(&self, path: &str) -> anyhow::Result<()> {
        let path = self.path(path);
        match (self.before)().and_then(|()| fs::remove_file(&path)) {
            // Another run at the same time was faster.
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            other => other.with_context(|| format!("cannot delete `{}`", path.display())),
        }
    }

    /// Removes a folder and those above it, up to the stack's own, as long as they are empty.
    fn remove_empty(&self, mut folder: &str) -> anyhow::Result<()> {
        loop {
            (self.before)().with_context(|| format!("cannot delete folder `{folder}`"))?;
            // It fails where a folder is not empty, or not there: both are fine.
            if fs::remove_dir(self.path(folder)).is_err() {
                return Ok(());
            }
            match self::folder(folder) {
                Some(above) => folder = above,
                None => return Ok(()),
            }
        }
    }

    fn path(&self, path: &str) -> PathBuf {
        if path.is_empty() { self.root.to_owned() } else { self.root.join(path) }
    }
}

/// The folder of a path, unless that is the stack's own.
fn folder(path: &str) -> Option<&str> {
    path.rsplit_once('/').map(|(folder, _)| folder)
}

/// The text of the pending index: what this run will have written, and what interrupted runs before it may have.
fn pending(plan: &Plan<'_>) -> String {
    let index = plan.manifests.get(INDEX).unwrap_or_default();
    match &plan.pending {
        None => index.to_owned(),
        Some(earlier) => {
            let mut files = yaml::read_index(index).unwrap_or_default();
            for file in earlier {
                if !files.contains(file) {
                    files.push(file.clone());
                }
            }
            yaml::index(&files)
        }
    }
}
