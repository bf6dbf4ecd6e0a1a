//! Carries out a [`Plan`]: writes what changed and deletes what is superfluous. An interruption at any moment loses no
//! file.
//!
//! The index of the new files is put beside the old one before anything else is touched, so that a file is ours before
//! and after it changes. It replaces the old one at the end. Every file is written to a temporary file and renamed, so
//! it is always complete.
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
    cli::compare::{FILES_A_THREAD, PENDING, Plan, TEMPORARY},
    manifest::INDEX,
    parallel, yaml,
};

/// Carries out a plan without obstacles. If nothing changed, nothing is written.
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
        Self {
            root,
            before,
            written: AtomicUsize::new(0),
        }
    }

    fn carry_out(&self, plan: &Plan<'_>) -> anyhow::Result<()> {
        for path in &plan.temporary {
            self.remove(path)?;
        }
        if !plan.has_changes() && plan.pending.is_none() {
            return Ok(());
        }
        if plan.has_changes() {
            self.create_folder("")?;
            self.put(PENDING, &pending(plan))?;
        }
        self.put_all(plan)?;
        self.remove(PENDING)
    }

    fn put_all(&self, plan: &Plan<'_>) -> anyhow::Result<()> {
        let folders: BTreeSet<&str> = plan.missing.iter().filter_map(|path| folder(path)).collect();
        for folder in folders {
            self.create_folder(folder)?;
        }
        let (index, files): (Vec<&String>, Vec<&String>) =
            plan.missing.iter().chain(&plan.stale).partition(|path| *path == INDEX);
        let put = |path: &String| self.put(path, plan.manifests.get(path).unwrap_or_default());
        parallel::map(&files, FILES_A_THREAD, |path| put(path))
            .into_iter()
            .collect::<anyhow::Result<()>>()?;
        for path in &plan.superfluous {
            self.remove(path)?;
        }
        for folder in &plan.abandoned {
            self.remove_empty(folder)?;
        }
        // The old index lists what was deleted, so it stays until that is gone.
        index.into_iter().try_for_each(put)
    }

    fn create_folder(&self, folder: &str) -> anyhow::Result<()> {
        let path = self.path(folder);
        (self.before)()
            .and_then(|()| fs::create_dir_all(&path))
            .with_context(|| format!("cannot create folder `{}`", path.display()))
    }

    /// Writes a temporary file and renames it: the file is either the old or the new one, and always complete.
    fn put(&self, path: &str, text: &str) -> anyhow::Result<()> {
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let (start, end) = TEMPORARY;
        // The number of the process keeps two runs at the same time from writing into one file.
        let name = format!("{start}{}.{number}{end}", std::process::id());
        let path = self.path(path);
        let temporary = path.with_file_name(name);
        let write = || {
            (self.before)()?;
            // Never write into an existing file, or through an existing link.
            let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&temporary)?;
            (self.before)()?;
            file.write_all(text.as_bytes())?;
            drop(file);
            (self.before)()?;
            fs::rename(&temporary, &path)
        };
        // Another run at the same time takes the temporary file for one that was left behind, and deletes it.
        let gone = |result: &io::Result<()>| result.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound);
        (0..5)
            .map(|_| write())
            .find(|result| !gone(result))
            .unwrap_or_else(write)
            .with_context(|| format!("cannot write `{}`", path.display()))
    }

    fn remove(&self, path: &str) -> anyhow::Result<()> {
        let path = self.path(path);
        match (self.before)().and_then(|()| fs::remove_file(&path)) {
            // Another run at the same time deleted it first.
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            other => other.with_context(|| format!("cannot delete `{}`", path.display())),
        }
    }

    /// Removes a folder and those above it, up to the stack's own, as long as they are empty.
    fn remove_empty(&self, mut folder: &str) -> anyhow::Result<()> {
        loop {
            (self.before)().with_context(|| format!("cannot delete folder `{folder}`"))?;
            // It fails if a folder is not empty or does not exist: both are fine.
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
        if path.is_empty() {
            self.root.to_owned()
        } else {
            self.root.join(path)
        }
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{
        cli::{
            compare::{FileKind, Obstacle, Others, Reason, compare},
            scratch::Scratch,
        },
        manifest::{Manifests, RenderedFile},
        yaml::{Listed, Part},
    };

    fn manifests(files: &[(&str, &str)]) -> Manifests {
        Manifests::new(
            files
                .iter()
                .map(|(path, text)| RenderedFile::new(0, *path, Some((*text).to_owned())))
                .collect(),
        )
    }

    fn first() -> Manifests {
        manifests(&[
            ("namespace-kafka.yaml", "kind: Namespace\n"),
            ("kafka/one.yaml", "one: 1\n"),
            ("kafka/two.yaml", "two: 1\n"),
            ("old/three.yaml", "three: 1\n"),
            ("older/four.yaml", "four: 1\n"),
        ])
    }

    fn second() -> Manifests {
        manifests(&[
            ("namespace-kafka.yaml", "kind: Namespace\n"),
            ("kafka/one.yaml", "one: 2\n"),
            ("kafka/two.yaml", "two: 1\n"),
            ("new/five.yaml", "five: 1\n"),
        ])
    }

    fn third() -> Manifests {
        manifests(&[
            ("namespace-kafka.yaml", "kind: Namespace # 3\n"),
            ("kafka/one.yaml", "one: 3\n"),
            ("old/three.yaml", "three: 3\n"),
        ])
    }

    /// Compares and writes; the number of changes to the disk, or what was in the way, or the failure.
    fn run(root: &Path, manifests: &Manifests, others: Others) -> Result<usize, Vec<Obstacle>> {
        run_until(root, manifests, others, usize::MAX).map(|(steps, result)| {
            result.unwrap();
            steps
        })
    }

    /// The same, and stops before a step as if the process had been killed there.
    fn run_until(
        root: &Path,
        manifests: &Manifests,
        others: Others,
        stop: usize,
    ) -> Result<(usize, anyhow::Result<()>), Vec<Obstacle>> {
        let plan = compare(root, manifests, others).unwrap();
        if !plan.obstacles.is_empty() {
            return Err(plan.obstacles);
        }
        let steps = AtomicUsize::new(0);
        let before = || {
            if steps.fetch_add(1, Ordering::Relaxed) >= stop {
                return Err(io::Error::from(ErrorKind::StorageFull));
            }
            Ok(())
        };
        let result = Writer::new(root, &before).carry_out(&plan);
        Ok((steps.into_inner(), result))
    }

    fn content(manifests: &Manifests, further: &[(&str, &str)]) -> BTreeMap<String, String> {
        manifests
            .iter()
            .chain(further.iter().copied())
            .map(|(path, text)| (path.to_owned(), text.to_owned()))
            .collect()
    }

    fn conflict(path: &str, reason: Reason) -> Obstacle {
        Obstacle {
            path: path.to_owned(),
            reason,
        }
    }

    #[test]
    fn a_second_run_touches_nothing() {
        let scratch = Scratch::new();
        let root = scratch.path("");
        assert!(run(&root, &first(), Others::Keep).unwrap() > 0);
        assert_eq!(scratch.content(), content(&first(), &[]));
        assert_eq!(run(&root, &first(), Others::Keep), Ok(0));
    }

    #[test]
    fn what_changed_is_written_what_is_superfluous_goes_and_what_is_not_ours_stays() {
        let scratch = Scratch::new();
        let root = scratch.path("");
        run(&root, &first(), Others::Keep).unwrap();
        scratch.put("old/notes.txt", "mine");
        scratch.put("README.md", "mine");
        let untouched = fs::metadata(scratch.path("kafka/two.yaml"))
            .unwrap()
            .modified()
            .unwrap();

        run(&root, &second(), Others::Keep).unwrap();
        assert_eq!(
            scratch.content(),
            content(&second(), &[("README.md", "mine"), ("old/notes.txt", "mine")])
        );
        let now = fs::metadata(scratch.path("kafka/two.yaml"))
            .unwrap()
            .modified()
            .unwrap();
        assert_eq!(now, untouched);
    }

    #[test]
    fn a_plan_names_every_difference() {
        let scratch = Scratch::new();
        let root = scratch.path("");
        run(&root, &first(), Others::Keep).unwrap();
        let second = second();
        let plan = compare(&root, &second, Others::Keep).unwrap();
        assert_eq!(plan.missing, ["new/five.yaml"]);
        assert_eq!(plan.stale, ["kafka/one.yaml", "kustomization.yaml"]);
        assert_eq!(plan.superfluous, ["old/three.yaml", "older/four.yaml"]);
        assert_eq!(plan.unchanged, 2);
    }

    #[test]
    fn all_that_is_in_the_way_is_named_at_once_and_nothing_is_written() {
        let scratch = Scratch::new();
        let root = scratch.path("");
        run(&root, &first(), Others::Keep).unwrap();
        scratch.put("kafka/one.yaml", "one: 1 # edited\n");
        scratch.put("old/three.yaml", "three: 1 # edited\n");
        scratch.put("new/five.yaml", "foreign: true\n");
        let before = scratch.content();

        assert_eq!(
            run(&root, &second(), Others::Keep),
            Err(vec![
                conflict("kafka/one.yaml", Reason::Edited),
                conflict("new/five.yaml", Reason::NotOurs),
                conflict("old/three.yaml", Reason::EditedAndSuperfluous),
            ])
        );
        assert_eq!(scratch.content(), before);

        run(&root, &second(), Others::Overwrite).unwrap();
        assert_eq!(scratch.content(), content(&second(), &[]));
    }

    #[test]
    fn an_edit_that_the_stack_took_over_is_no_conflict() {
        let scratch = Scratch::new();
        let root = scratch.path("");
        run(&root, &first(), Others::Keep).unwrap();
        scratch.put("kafka/one.yaml", "one: 2\n");
        scratch.put("new/five.yaml", "five: 1\n");
        run(&root, &second(), Others::Keep).unwrap();
        assert_eq!(scratch.content(), content(&second(), &[]));
    }

    #[test]
    fn a_file_that_is_not_text_is_in_the_way_too() {
        let scratch = Scratch::new();
        let root = scratch.path("");
        run(&root, &first(), Others::Keep).unwrap();
        fs::write(scratch.path("kafka/one.yaml"), [0xff, 0xfe]).unwrap();
        let expected = vec![conflict("kafka/one.yaml", Reason::Edited)];
        assert_eq!(run(&root, &first(), Others::Keep), Err(expected));
    }

    #[test]
    fn an_index_that_was_edited_or_is_foreign_is_in_the_way() {
        for (text, reason) in [
            ("kind: Kustomization\n".to_owned(), Reason::NotOurs),
            (format!("{}- extra.yaml\n", first().get(INDEX).unwrap()), Reason::Edited),
            (format!("{}# a note\n", first().get(INDEX).unwrap()), Reason::Edited),
        ] {
            let scratch = Scratch::new();
            let root = scratch.path("");
            run(&root, &first(), Others::Keep).unwrap();
            scratch.put(INDEX, &text);
            let obstacles = run(&root, &first(), Others::Keep).unwrap_err();
            assert_eq!(obstacles, [conflict(INDEX, reason)]);
            assert_eq!(scratch.read(INDEX), text);
            run(&root, &first(), Others::Overwrite).unwrap();
            assert_eq!(scratch.content(), content(&first(), &[]));
        }
    }

    #[test]
    fn a_lost_index_is_written_anew_if_the_files_are_as_they_should_be() {
        let scratch = Scratch::new();
        let root = scratch.path("");
        run(&root, &first(), Others::Keep).unwrap();
        fs::remove_file(scratch.path(INDEX)).unwrap();
        run(&root, &first(), Others::Keep).unwrap();
        assert_eq!(scratch.content(), content(&first(), &[]));
    }

    #[test]
    fn other_line_ends_are_no_difference() {
        let scratch = Scratch::new();
        let root = scratch.path("");
        run(&root, &first(), Others::Keep).unwrap();
        for (path, text) in first().iter() {
            scratch.put(path, &text.replace('\n', "\r\n"));
        }
        assert_eq!(run(&root, &first(), Others::Keep), Ok(0));
        run(&root, &second(), Others::Keep).unwrap();
        assert_eq!(scratch.read("kafka/one.yaml"), "one: 2\n");
        assert_eq!(scratch.read("kafka/two.yaml"), "two: 1\r\n");
        assert!(!scratch.path("old").exists());
    }

    #[test]
    fn folders_and_files_in_the_wrong_place_are_never_replaced() {
        let scratch = Scratch::new();
        let root = scratch.path("");
        scratch.put("kafka/one.yaml/inner.txt", "mine");
        scratch.put("old", "mine");
        let before = scratch.content();
        for others in [Others::Keep, Others::Overwrite] {
            assert_eq!(
                run(&root, &first(), others),
                Err(vec![
                    conflict("kafka/one.yaml", Reason::NotAFile(FileKind::Folder)),
                    conflict("old", Reason::NotAFolder(FileKind::File)),
                ])
            );
            assert_eq!(scratch.content(), before);
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_are_never_followed() {
        use std::os::unix::fs::symlink;

        let elsewhere = Scratch::new();
        elsewhere.put("one.yaml", "one: 1\n");
        let (file, folder) = (Reason::NotAFile(FileKind::Link), Reason::NotAFolder(FileKind::Link));
        for (link, target, expected) in [
            ("prod/kafka/one.yaml", "one.yaml", conflict("kafka/one.yaml", file)),
            ("prod/kustomization.yaml", "one.yaml", conflict(INDEX, file)),
            ("prod/.kustomization.yaml.pending", "one.yaml", conflict(PENDING, file)),
            ("prod/kafka", "", conflict("kafka", folder)),
            ("prod", "", conflict("", folder)),
        ] {
            let scratch = Scratch::new();
            let link = scratch.path(link);
            fs::create_dir_all(link.parent().unwrap()).unwrap();
            symlink(elsewhere.path(target), &link).unwrap();
            for others in [Others::Keep, Others::Overwrite] {
                let obstacles = run(&scratch.path("prod"), &second(), others).unwrap_err();
                assert_eq!(obstacles, std::slice::from_ref(&expected));
            }
        }
        assert_eq!(
            elsewhere.content(),
            [("one.yaml".to_owned(), "one: 1\n".to_owned())].into()
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_the_place_of_a_superfluous_file_stays() {
        let scratch = Scratch::new();
        let root = scratch.path("prod");
        run(&root, &first(), Others::Keep).unwrap();
        scratch.put("target.yaml", "three: 1\n");
        fs::remove_file(root.join("old/three.yaml")).unwrap();
        std::os::unix::fs::symlink("../../target.yaml", root.join("old/three.yaml")).unwrap();
        run(&root, &second(), Others::Keep).unwrap();
        assert_eq!(scratch.read("target.yaml"), "three: 1\n");
        assert_eq!(scratch.read("prod/old/three.yaml"), "three: 1\n");
    }

    #[test]
    fn an_index_cannot_make_a_run_delete_anything_outside_of_the_folder() {
        let scratch = Scratch::new();
        let root = scratch.path("prod");
        let precious = scratch.path("precious.yaml");
        let digest = crate::manifest::digest("precious\n");
        scratch.put("precious.yaml", "precious\n");
        scratch.put("prod/kafka/.hidden", "precious\n");
        let outside = [
            "../precious.yaml",
            "kafka/../../precious.yaml",
            "./../precious.yaml",
            "kafka//../../precious.yaml",
            "..\\precious.yaml",
            "kafka/.hidden",
            precious.to_str().unwrap(),
        ];
        let index = yaml::index(&outside.map(|path| Listed {
            path: path.to_owned(),
            digest: digest.clone(),
            part: Part::Resource,
        }));
        for place in [INDEX, PENDING] {
            scratch.put(&format!("prod/{place}"), &index);
            run(&root, &second(), Others::Overwrite).unwrap();
            let further = [("kafka/.hidden", "precious\n"), ("../precious.yaml", "precious\n")];
            let expected: BTreeMap<String, String> = content(&second(), &further)
                .into_iter()
                .map(|(path, text)| match path.strip_prefix("../") {
                    Some(path) => (path.to_owned(), text),
                    None => (format!("prod/{path}"), text),
                })
                .collect();
            assert_eq!(scratch.content(), expected);
        }
    }

    #[test]
    fn a_path_that_leaves_the_folder_is_not_written() {
        let scratch = Scratch::new();
        let manifests = manifests(&[("kafka/job-../../x.yaml", "x: 1\n")]);
        let error = compare(&scratch.path("prod"), &manifests, Others::Keep).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the stack renders `kafka/job-../../x.yaml`, which is not in its own folder"
        );
    }

    /// What a run leaves when it ends before its `stop`th change: every file is whole, in the old or the new version,
    /// and files of others are as they were. True if the run came to its end before.
    fn interrupt(scratch: &Scratch, run: &Manifests, earlier: &[&Manifests], stop: usize) -> bool {
        let (_, result) = run_until(&scratch.path(""), run, Others::Keep, stop).unwrap();
        for (path, text) in scratch.content() {
            if path.ends_with("notes.txt") {
                assert_eq!(text, "mine", "{path}");
            } else if !path.rsplit('/').next().unwrap().starts_with('.') && text != "empty folder" {
                let versions = earlier.iter().copied().chain([run]);
                let known = versions
                    .filter_map(|version| version.get(&path))
                    .any(|known| known == text);
                assert!(known, "{path} holds {text:?} after {stop} steps");
            }
        }
        result.is_ok()
    }

    #[test]
    fn a_run_that_was_interrupted_anywhere_is_healed_by_the_next() {
        const NOTES: [(&str, &str); 2] = [("kafka/notes.txt", "mine"), ("old/notes.txt", "mine")];
        let (first, second, third) = (first(), second(), third());
        let start = || {
            let scratch = Scratch::new();
            run(&scratch.path(""), &first, Others::Keep).unwrap();
            for (path, text) in NOTES {
                scratch.put(path, text);
            }
            scratch
        };
        let mut done = false;
        let mut stop = 0;
        while !done {
            // The stack is as it was in the interrupted run, or it changed in between, or the change was taken back.
            for next in [&second, &third, &first] {
                let scratch = start();
                done = interrupt(&scratch, &second, &[&first], stop);
                run(&scratch.path(""), next, Others::Keep).unwrap();
                assert_eq!(scratch.content(), content(next, &NOTES), "after {stop} steps");
            }
            // The next run is interrupted too.
            let mut done_again = false;
            // Every third place, and others each time around: all of them would take long.
            let mut stop_again = stop % 3;
            while !done_again {
                let scratch = start();
                interrupt(&scratch, &second, &[&first], stop);
                done_again = interrupt(&scratch, &third, &[&first, &second], stop_again);
                run(&scratch.path(""), &first, Others::Keep).unwrap();
                assert_eq!(
                    scratch.content(),
                    content(&first, &NOTES),
                    "{stop} and {stop_again} steps"
                );
                stop_again += 3;
            }
            stop += 1;
        }
        assert!(stop > 15, "the run was stopped at {stop} places only");
    }

    #[test]
    fn an_edit_after_an_interrupted_run_is_kept() {
        let scratch = Scratch::new();
        let root = scratch.path("");
        run(&root, &first(), Others::Keep).unwrap();
        let (steps, _) = run_until(&root, &second(), Others::Keep, usize::MAX).unwrap();
        run(&root, &first(), Others::Keep).unwrap();
        run_until(&root, &second(), Others::Keep, steps - 1)
            .unwrap()
            .1
            .unwrap_err();
        scratch.put("kafka/one.yaml", "one: 2 # edited\n");
        let expected = vec![conflict("kafka/one.yaml", Reason::Edited)];
        assert_eq!(run(&root, &third(), Others::Keep), Err(expected));
    }

    #[test]
    fn half_written_files_of_a_killed_run_go() {
        let scratch = Scratch::new();
        let root = scratch.path("");
        run(&root, &first(), Others::Keep).unwrap();
        scratch.put(".kafka-stacks.1.0.tmp", "ha");
        scratch.put("kafka/.kafka-stacks.1.1.tmp", "");
        let plan_of = first();
        let plan = compare(&root, &plan_of, Others::Keep).unwrap();
        assert!(!plan.is_current());
        assert_eq!(run(&root, &first(), Others::Keep), Ok(2));
        assert_eq!(scratch.content(), content(&first(), &[]));
    }

    #[test]
    fn a_full_disk_is_named_with_the_file_and_the_old_files_are_whole() {
        let scratch = Scratch::new();
        let root = scratch.path("");
        run(&root, &first(), Others::Keep).unwrap();
        // The steps: the folder, three for the pending index, the new folder, and then the first file.
        let (_, result) = run_until(&root, &second(), Others::Keep, 6).unwrap();
        assert_eq!(
            format!("{:#}", result.unwrap_err()),
            format!(
                "cannot write `{}`: no storage space",
                root.join("new/five.yaml").display()
            )
        );
        assert_eq!(scratch.read("kafka/one.yaml"), "one: 1\n");
        assert_eq!(scratch.read(INDEX), first().get(INDEX).unwrap());
    }

    #[test]
    fn many_files_are_written_by_several_threads_like_few() {
        let scratch = Scratch::new();
        let root = scratch.path("");
        let files: Vec<(String, String)> = (0..1000)
            .map(|n| (format!("part-{}/file-{n}.yaml", n % 7), format!("n: {n}\n")))
            .collect();
        let files: Vec<(&str, &str)> = files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .collect();
        run(&root, &manifests(&files), Others::Keep).unwrap();
        assert_eq!(scratch.content(), content(&manifests(&files), &[]));
        assert_eq!(run(&root, &manifests(&files), Others::Keep), Ok(0));
        run(&root, &manifests(&files[..3]), Others::Keep).unwrap();
        assert_eq!(scratch.content(), content(&manifests(&files[..3]), &[]));
    }
}
