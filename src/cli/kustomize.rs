//! Kustomizations: which files one is made of, whether its output differs from them, and the output itself, by the user's own tool.
#![expect(clippy::disallowed_methods, reason = "the command line reads what it judges")]

use std::{
    collections::BTreeSet,
    fs,
    io::{ErrorKind, Read},
    path::{Component, Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use serde_json::Value;

use crate::{lint::deployer, yaml};

/// How long a build may take. It only reads files.
const LIMIT: Duration = Duration::from_secs(60);

/// Whether a file is a kustomization, by its name.
pub(super) fn is_kustomization(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| NAMES.iter().any(|known| name == *known))
}

const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Whether a resource of a kustomization is downloaded: a URL, or a path that begins with a host name.
pub(super) fn is_remote(resource: &str) -> bool {
    let host = resource.split_once('/').map_or("", |(first, _)| first);
    resource.contains("://")
        || resource.contains('?')
        || resource.starts_with("git@")
        || host.contains('.') && !host.starts_with('.')
}

/// The files that a kustomization patches objects with, and where it names each. A patch may also be inline, as text of
/// several lines.
pub(super) fn patches(kustomization: &Value) -> Vec<(String, &str)> {
    let mut files = Vec::new();
    for field in ["patches", "patchesJson6902", "patchesStrategicMerge"] {
        for (index, patch) in kustomization[field].as_array().into_iter().flatten().enumerate() {
            if let Some(file) = patch["path"].as_str() {
                files.push((format!("/{field}/{index}/path"), file));
            } else if let Some(file) = patch.as_str().filter(|text| !text.contains(['\n', '{'])) {
                files.push((format!("/{field}/{index}"), file));
            }
        }
    }
    files
}

/// Other files that a kustomization reads: those of its generators and configurations.
fn further(kustomization: &Value) -> Vec<&str> {
    let mut files = Vec::new();
    for field in ["configMapGenerator", "secretGenerator"] {
        for generator in kustomization[field].as_array().into_iter().flatten() {
            files.extend(generator["env"].as_str());
            let lists = ["files", "envs"].iter().filter_map(|list| generator[list].as_array());
            let named = lists.flatten().filter_map(Value::as_str);
            // `key=file`, or the file alone.
            files.extend(named.map(|file| file.split_once('=').map_or(file, |(_, file)| file)));
        }
    }
    for field in ["crds", "configurations", "generators", "transformers", "validators"] {
        let listed = kustomization[field].as_array().into_iter().flatten();
        files.extend(listed.filter_map(Value::as_str).filter(|text| !text.contains('\n')));
    }
    let replacements = kustomization["replacements"].as_array().into_iter().flatten();
    files.extend(replacements.filter_map(|replacement| replacement["path"].as_str()));
    files.extend(kustomization["openapi"]["path"].as_str());
    files
}

/// The kustomization of a folder, with all that it is made of.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    /// The kustomization itself.
    pub(super) file: PathBuf,
    /// Whether its output is something else than the objects of the files in the folder.
    pub(super) differs: bool,
    /// The files that it and the kustomizations below it read, without `.` and `..`.
    pub(super) files: BTreeSet<PathBuf>,
    /// Whether a file that the kustomization itself, or one below it in its folder, names does not exist.
    pub(super) incomplete: bool,
    /// The first resource that would be downloaded.
    pub(super) remote: Option<String>,
}

impl Overlay {
    /// That of a folder; none if it has no kustomization.
    pub(super) fn of(folder: &Path) -> Option<Self> {
        let mut overlay = Self {
            file: own(folder)?,
            ..Self::default()
        };
        overlay.visit(folder, folder);
        Some(overlay)
    }

    fn visit(&mut self, root: &Path, folder: &Path) {
        let Some(file) = own(folder) else { return };
        if !self.files.insert(normal(&file)) {
            return;
        }
        let text = fs::read_to_string(&file).unwrap_or_default();
        // An index of `synth` lists files and nothing else: to read it here would be to read it twice.
        if yaml::read_index(&text).is_some() {
            return;
        }
        let Some(document) = yaml::read::read(&text).documents.into_iter().next() else {
            return;
        };
        let value = &document.value;
        self.differs |= !deployer::transforms(value).is_empty();
        let lists = ["resources", "bases", "components"].map(|field| value[field].as_array());
        let resources = lists.into_iter().flatten().flatten().filter_map(Value::as_str);
        let patches = patches(value).into_iter().map(|(_, file)| file);
        let named: Vec<&str> = resources.chain(patches).chain(further(value)).collect();
        for name in named {
            if is_remote(name) {
                self.remote.get_or_insert(name.to_owned());
                continue;
            }
            let path = folder.join(name);
            self.differs |= !is_in(&path, root);
            if path.is_dir() {
                self.visit(root, &path);
            } else {
                self.incomplete |= is_in(folder, root) && !path.exists();
                self.files.insert(normal(&path));
            }
        }
    }
}

fn own(folder: &Path) -> Option<PathBuf> {
    NAMES.iter().map(|name| folder.join(name)).find(|file| file.is_file())
}

/// Why there is no output.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unbuilt {
    /// There is neither of the two tools.
    NoTool,
    /// The tool could not build it, and says this.
    Failed(String),
}

/// The output of a kustomization, by `kubectl` or `kustomize`, whichever is there.
pub(super) fn build(folder: &Path, largest: u64) -> Result<String, Unbuilt> {
    for (program, verb) in [("kubectl", "kustomize"), ("kustomize", "build")] {
        let mut command = Command::new(program);
        // A name that begins with a dash is not an option.
        command.arg(verb).arg(Path::new(".").join(folder));
        match output(command, largest, LIMIT) {
            Err(Ended::NotThere) => {}
            Err(Ended::Failed(error)) => return Err(Unbuilt::Failed(format!("{program}: {error}"))),
            Ok(text) => return Ok(text),
        }
    }
    Err(Unbuilt::NoTool)
}

enum Ended {
    NotThere,
    Failed(String),
}

/// What a command writes to its standard output.
fn output(mut command: Command, largest: u64, limit: Duration) -> Result<String, Ended> {
    command
        // Nothing is downloaded, whatever the files say.
        .env("GIT_ALLOW_PROTOCOL", "file")
        .env("HTTP_PROXY", "http://127.0.0.1:9")
        .env("HTTPS_PROXY", "http://127.0.0.1:9")
        .env("NO_PROXY", "")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| match error.kind() {
        ErrorKind::NotFound => Ended::NotThere,
        kind => Ended::Failed(kind.to_string()),
    })?;
    let (sender, receiver) = mpsc::channel();
    let streams: [Option<Box<dyn Read + Send>>; 2] = [
        child.stdout.take().map(|stream| Box::new(stream) as _),
        child.stderr.take().map(|stream| Box::new(stream) as _),
    ];
    for (index, stream) in streams.into_iter().flatten().enumerate() {
        let sender = sender.clone();
        thread::spawn(move || {
            let mut bytes = Vec::new();
            let read = stream.take(largest + 1).read_to_end(&mut bytes);
            // After a build that took too long, there is no receiver.
            let _ = sender.send((index, read.is_ok().then_some(bytes)));
        });
    }
    let mut texts = [Vec::new(), Vec::new()];
    for _ in 0..texts.len() {
        let Ok((index, bytes)) = receiver.recv_timeout(limit) else {
            let _ = child.kill();
            let _ = child.wait();
            return Err(Ended::Failed(format!("took more than {} s", limit.as_secs())));
        };
        texts[index] = bytes.unwrap_or_default();
        if texts[index].len() as u64 > largest {
            let _ = child.kill();
            let _ = child.wait();
            return Err(Ended::Failed(format!("writes more than {largest} bytes")));
        }
    }
    let status = child.wait().map_err(|error| Ended::Failed(error.kind().to_string()))?;
    let [text, error] = texts.map(String::from_utf8);
    if status.success() {
        return text.map_err(|_| Ended::Failed("the output is not valid UTF-8".to_owned()));
    }
    let error = error.unwrap_or_default();
    let said = reason(&error);
    Err(Ended::Failed(if said.is_empty() { status.to_string() } else { said }))
}

/// What a tool says is wrong, in one line: some write `error: …`, some a line of a log with `err="…"`.
fn reason(error: &str) -> String {
    let lines: Vec<&str> = error.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let said = lines.join(" ");
    if let Some((_, logged)) = said.split_once(" err=\"") {
        return logged.trim_end_matches('"').replace("\\\"", "\"");
    }
    let mut starts = ["error: ", "Error: "].iter();
    let bare = starts.find_map(|start| said.strip_prefix(start));
    bare.unwrap_or(&said).to_owned()
}

/// Whether a path is in a folder, without looking at the disk.
pub(super) fn is_in(path: &Path, folder: &Path) -> bool {
    let (path, folder) = (normal(path), normal(folder));
    path.starts_with(&folder) && !path.strip_prefix(&folder).is_ok_and(|rest| rest.starts_with(".."))
}

/// A path without `.` and `..`, without looking at the disk.
pub(super) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            // A `..` at the beginning leads out of the folder, so it stays.
            Component::ParentDir if matches!(normal.components().next_back(), Some(Component::Normal(_))) => {
                normal.pop();
            }
            part => normal.push(part),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_the_same_however_it_is_written() {
        for (path, expected) in [
            (".", ""),
            ("./a/./b", "a/b"),
            ("a/../b", "b"),
            ("../x/a", "../x/a"),
            ("../../x/../y", "../../y"),
            ("/a/../b", "/b"),
        ] {
            assert_eq!(normal(Path::new(path)), Path::new(expected), "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_build_ends_in_time_and_says_what_is_wrong() {
        let shell = |script: &str, limit: u64| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            match output(command, 100, Duration::from_millis(limit)) {
                Ok(text) => text,
                Err(Ended::NotThere) => "not there".to_owned(),
                Err(Ended::Failed(error)) => format!("failed: {error}"),
            }
        };
        assert_eq!(shell("echo a", 20_000), "a\n");
        assert_eq!(shell("exec sleep 30", 50), "failed: took more than 0 s");
        assert_eq!(
            shell("echo 'Error: no such'; echo 'Error: this' >&2; exit 3", 20_000),
            "failed: this"
        );
        assert_eq!(shell("exit 3", 20_000), "failed: exit status: 3");
        assert_eq!(shell("yes", 20_000), "failed: writes more than 100 bytes");
        let missing = output(Command::new("kafka-stacks-no-such-tool"), 100, LIMIT);
        assert!(matches!(missing, Err(Ended::NotThere)));
    }
}
