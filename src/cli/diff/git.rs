//! Files as they are at a revision, through the user's own git and without a shell.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
};

use crate::diff::Source;

/// Why files of a revision cannot be had.
#[derive(Debug)]
pub(super) enum GitError {
    /// There is no git, or none that starts.
    Absent(String),
    /// Git says no: the folder is in no repository, or there is no such revision.
    Refused(String),
    /// The revision has no such file or folder.
    NoFiles,
}

impl GitError {
    /// What is wrong: a lowercase fragment.
    pub(super) fn message(&self) -> String {
        match self {
            Self::Absent(reason) => format!("git cannot be run: {reason}"),
            Self::Refused(reason) => reason.clone(),
            Self::NoFiles => "the revision has no such file or folder".to_owned(),
        }
    }
}

/// The files below a path, as a revision has them; those whose name `wanted` says yes to.
pub(super) fn files(revision: &str, path: &Path, wanted: impl Fn(&Path) -> bool) -> Result<Vec<Source>, GitError> {
    let (folder, rest) = existing(path);
    // What begins with a dash would be an option.
    if revision.is_empty() || revision.starts_with('-') {
        return Err(GitError::Refused(format!("`{revision}` is not a revision")));
    }
    let rest = rest.to_string_lossy().replace('\\', "/");
    let mut words = vec!["ls-tree", "-r", "-z", revision];
    if !rest.is_empty() {
        words.extend(["--", &rest]);
    }
    let listed = run(&folder, &words, &[])?;
    let mut names = Vec::new();
    let mut ids = String::new();
    for line in listed.split(|byte| *byte == 0) {
        let line = String::from_utf8_lossy(line);
        // `<mode> blob <id>\t<path>`; a link has the mode 120000, and is not followed.
        let Some((entry, name)) = line.split_once('\t') else {
            continue;
        };
        let mut entry = entry.split(' ');
        let (mode, kind, id) = (entry.next(), entry.next(), entry.next());
        if kind != Some("blob") || mode == Some("120000") || !wanted(Path::new(name)) {
            continue;
        }
        ids += id.unwrap_or_default();
        ids.push('\n');
        names.push(folder.join(name).to_string_lossy().replace('\\', "/"));
    }
    if names.is_empty() {
        return Err(GitError::NoFiles);
    }
    let contents = run(&folder, &["cat-file", "--batch"], ids.as_bytes())?;
    let mut rest = contents.as_slice();
    let mut sources = Vec::with_capacity(names.len());
    for name in names {
        // `<id> blob <size>\n<content>\n`
        let broken = || GitError::Refused(format!("git gave no content for `{name}`"));
        let end = rest.iter().position(|byte| *byte == b'\n').ok_or_else(broken)?;
        let header = String::from_utf8_lossy(&rest[..end]);
        let size = header.rsplit(' ').next().and_then(|size| size.parse::<usize>().ok());
        let from = end + 1;
        let content = size.and_then(|size| rest.get(from..from + size)).ok_or_else(broken)?;
        let text = String::from_utf8(content.to_vec())
            .map_err(|_| GitError::Refused(format!("`{name}` is not valid UTF-8 at `{revision}`")))?;
        rest = rest.get(from + content.len() + 1..).unwrap_or_default();
        sources.push(Source {
            file: format!("{revision}:{name}"),
            text,
        });
    }
    Ok(sources)
}

/// The nearest folder of a path that exists, and the rest of it.
fn existing(path: &Path) -> (PathBuf, PathBuf) {
    let mut folder = path;
    loop {
        if folder.is_dir() {
            let rest = path.strip_prefix(folder).unwrap_or(Path::new(""));
            return (folder.to_owned(), rest.to_owned());
        }
        match folder.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => folder = parent,
            _ => return (PathBuf::from("."), path.to_owned()),
        }
    }
}

fn run(folder: &Path, words: &[&str], input: &[u8]) -> Result<Vec<u8>, GitError> {
    let absent = |error: &io::Error| match error.kind() {
        io::ErrorKind::NotFound => GitError::Absent("it is not installed, or not in `PATH`".to_owned()),
        other => GitError::Absent(other.to_string()),
    };
    let mut child = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| absent(&error))?;
    let stdin = child.stdin.take();
    let output: io::Result<Output> = thread::scope(|scope| {
        // Both ends at once: git stops reading while no one reads what it writes.
        scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(input)));
        child.wait_with_output()
    });
    let output = output.map_err(|error| absent(&error))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let message = String::from_utf8_lossy(&output.stderr);
    let message = message.lines().next().unwrap_or_default();
    let message = message.trim_start_matches("fatal: ");
    Err(GitError::Refused(format!("git: {message}")))
}
