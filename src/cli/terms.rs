//! On what terms foreign manifests are judged: what the command line says, and the `kafka-stacks.toml` beside them.
#![expect(clippy::disallowed_methods, reason = "the command line reads what it judges")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    ops::Range,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use toml::Spanned;

use crate::{
    cli::failure::{Failure, cause},
    diagnostics::{Diagnostic, Location, Profile, Severity},
    kubernetes::Platform,
    nearest::nearest,
    rules::{self, stack},
};

/// The file that is looked for in each folder of manifests, and above it up to the root of its repository.
const FILE: &str = "kafka-stacks.toml";

/// On what terms manifests are judged.
#[derive(Debug, Default)]
pub(super) struct Terms {
    pub(super) assumptions: Vec<Assumption>,
    pub(super) profile: Option<Profile>,
    pub(super) platform: Option<Platform>,
    pub(super) acknowledgements: Vec<Acknowledgement>,
    /// The text of each file that was read.
    pub(super) files: BTreeMap<String, String>,
}

/// An object that exists in the cluster but not in the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Assumption {
    kind: String,
    /// The name; empty for all objects of the kind.
    name: String,
}

impl Assumption {
    const KINDS: [&'static str; 8] = [
        "ConfigMap",
        "Secret",
        "ServiceAccount",
        "PersistentVolumeClaim",
        "Service",
        "Pod",
        "NetworkPolicy",
        "Metric",
    ];

    /// Reads `KIND` or `KIND/NAME`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (kind, name) = text.split_once('/').unwrap_or((text, ""));
        if Self::KINDS.contains(&kind) {
            Ok(Self {
                kind: kind.to_owned(),
                name: name.to_owned(),
            })
        } else {
            Err(format!(
                "no rule checks references to a `{kind}`: use one of `{}`",
                Self::KINDS.join("`, `")
            ))
        }
    }

    pub(super) fn covers(&self, outside: &str) -> bool {
        let (kind, name) = outside.split_once('/').unwrap_or((outside, ""));
        self.kind == kind && (self.name.is_empty() || self.name == name)
    }

    pub(super) fn shown(&self) -> String {
        if self.name.is_empty() {
            self.kind.clone()
        } else {
            format!("{}/{}", self.kind, self.name)
        }
    }
}

/// A decision of a team to live with a finding.
///
/// A stack cannot acknowledge an error: its author can mend it. Who adopts the check for a chart often cannot, and would otherwise have to
/// leave the check out. So an error can be acknowledged here, but only by a key that says so where a reviewer sees it.
#[derive(Debug)]
pub(super) struct Acknowledgement {
    rule: String,
    object: String,
    reason: String,
    even_errors: bool,
    location: Location,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    acknowledge: Vec<Spanned<Entry>>,
    #[serde(default)]
    assume: Vec<Spanned<String>>,
    platform: Option<FilePlatform>,
    profile: Option<FileProfile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    rule: String,
    object: String,
    reason: String,
    #[serde(default)]
    even_errors: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum FilePlatform {
    Kubernetes,
    OpenShift,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum FileProfile {
    Production,
    Development,
}

impl Terms {
    /// Adds what the files beside these folders say. What is said already wins.
    pub(super) fn add_files(&mut self, roots: &[PathBuf]) -> Result<(), Failure> {
        let files: BTreeSet<PathBuf> = roots.iter().filter_map(|root| beside(root)).collect();
        for file in files {
            let shown = file.display().to_string().replace('\\', "/");
            let text = fs::read_to_string(&file)
                .map_err(|error| Failure::new(format!("`{shown}` cannot be read: {}", cause(&error))))?;
            self.add(&text, &shown)?;
            self.files.insert(shown, text);
        }
        Ok(())
    }

    fn add(&mut self, text: &str, file: &str) -> Result<(), Failure> {
        let line = |span: Range<usize>| {
            let before = text.get(..span.start).unwrap_or_default();
            u32::try_from(before.matches('\n').count()).map_or(u32::MAX, |lines| lines + 1)
        };
        let at = |span: Range<usize>, message: &str| {
            let before = text.get(..span.start).unwrap_or_default();
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            Failure::new(format!("{file}:{}:{column}: {message}", line(span)))
        };
        let said: File = toml::from_str(text).map_err(|error| {
            let (message, hint) = plain(&error.message().trim_end().replace('\n', ", "));
            let failure = at(error.span().unwrap_or_default(), &message);
            if hint.is_empty() { failure } else { failure.hint(hint) }
        })?;
        for entry in said.acknowledge {
            let span = entry.span();
            let entry = entry.into_inner();
            if entry.reason.trim().is_empty() {
                return Err(at(span, "an acknowledgement needs a reason").hint("say why this is right here"));
            }
            self.acknowledgements.push(Acknowledgement {
                rule: entry.rule,
                object: entry.object,
                reason: entry.reason,
                even_errors: entry.even_errors,
                location: Location::new(file, line(span)),
            });
        }
        for assumption in said.assume {
            let span = assumption.span();
            let assumption = Assumption::parse(assumption.get_ref()).map_err(|message| at(span, &message))?;
            if !self.assumptions.contains(&assumption) {
                self.assumptions.push(assumption);
            }
        }
        self.platform = self.platform.or(said.platform.map(|platform| match platform {
            FilePlatform::Kubernetes => Platform::Kubernetes,
            FilePlatform::OpenShift => Platform::OpenShift,
        }));
        self.profile = self.profile.or(said.profile.map(|profile| match profile {
            FileProfile::Production => Profile::Production,
            FileProfile::Development => Profile::Development,
        }));
        Ok(())
    }

    /// Marks the findings that are acknowledged, and adds one for each acknowledgement that is of no use. `namespaces` has the namespace
    /// of each object.
    pub(super) fn acknowledge(&self, found: &mut Vec<Diagnostic>, namespaces: &[String]) {
        let mut more = Vec::new();
        for own in &self.acknowledgements {
            let (mut used, mut error) = (false, false);
            for finding in found.iter_mut().filter(|finding| own.is_of(finding, namespaces)) {
                if finding.severity == Severity::Error && !own.even_errors {
                    error = true;
                    continue;
                }
                used = true;
                finding.acknowledged = Some(own.reason.clone());
            }
            let (message, hint) = if error {
                (
                    format!(
                        "{} is an error of `{}`: this does not acknowledge it",
                        own.rule, own.object
                    ),
                    "mend it, or add `even_errors = true` to run with it".to_owned(),
                )
            } else if used {
                continue;
            } else if let Some(rule) = rules::find(&own.rule) {
                (
                    format!(
                        "unused acknowledgement of {}: no finding about `{}`",
                        rule.id, own.object
                    ),
                    "remove it".to_owned(),
                )
            } else {
                let ids = rules::all();
                let near = nearest(&own.rule, ids.iter().map(|rule| rule.id));
                (
                    format!("unknown rule `{}`", own.rule),
                    near.map_or_else(String::new, |near| format!("did you mean `{near}`?")),
                )
            };
            let mut finding = Diagnostic::new(&stack::ACKNOWLEDGED_NOTHING, message);
            finding.item(own.location.file()).hint(hint).at(own.location);
            more.push(finding);
        }
        found.extend(more);
    }
}

impl Acknowledgement {
    /// Whether a finding is about the object: `StatefulSet kafka`, `StatefulSet prod/kafka`, or the path of a file.
    fn is_of(&self, finding: &Diagnostic, namespaces: &[String]) -> bool {
        if finding.rule.id != self.rule {
            return false;
        }
        let item = &finding.place.item;
        if *item == self.object {
            return true;
        }
        let namespace = finding.place.object.and_then(|object| namespaces.get(object));
        let (Some((kind, name)), Some(namespace)) = (item.split_once(' '), namespace) else {
            return false;
        };
        self.object == format!("{kind} {namespace}/{name}")
    }
}

/// What the reader of TOML says, in the words of who writes such a file, and a hint.
fn plain(message: &str) -> (String, String) {
    let (what, expected) = message.split_once(", expected ").unwrap_or((message, ""));
    let names: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    if let Some(key) = what.strip_prefix("unknown field ") {
        let near = nearest(key.trim_matches('`'), names.iter().copied());
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known keys are {expected}").replace("one of ", ""),
        };
        (format!("unknown key {key}"), hint)
    } else if let Some(word) = what.strip_prefix("unknown variant ") {
        (
            format!("{word} is not a valid value here"),
            format!("use {expected}").replace("one of ", ""),
        )
    } else if let Some(key) = what.strip_prefix("missing field ") {
        (format!("the key {key} is missing"), String::new())
    } else if let Some(found) = what.strip_prefix("invalid type: ") {
        let found = match found.split_once(' ') {
            Some(("string", text)) => format!("the text {text}"),
            Some((_, value)) => value.to_owned(),
            None => found.replace("sequence", "a list").replace("map", "a table"),
        };
        let expected = match expected {
            "a string" => "a text in quotes",
            "a sequence" if found == "a table" => "a list, as `[[acknowledge]]`",
            "a sequence" => "a list in brackets",
            "a boolean" => "`true` or `false`",
            _ if expected.contains("Platform") || expected.contains("Profile") => "a text in quotes",
            _ => "a table, as `[[acknowledge]]`",
        };
        (format!("{found} is not allowed here: write {expected}"), String::new())
    } else if message == "wanted string or table" {
        ("the value must be a text in quotes".to_owned(), String::new())
    } else {
        (message.to_owned(), String::new())
    }
}

/// The file for a folder: in it, or in the nearest folder above it within the repository. Standard input has that of the working directory.
fn beside(root: &Path) -> Option<PathBuf> {
    let root = match root {
        root if root.as_os_str() == "-" => Path::new("."),
        root if root.is_dir() => root,
        root => root
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(Path::new(".")),
    };
    let own = root.join(FILE);
    if own.is_file() {
        return Some(own.strip_prefix(".").map(Path::to_owned).unwrap_or(own));
    }
    let whole = fs::canonicalize(root).ok()?;
    let repository = whole.ancestors().find(|folder| folder.join(".git").exists())?;
    let above = whole
        .ancestors()
        .skip(1)
        .take_while(|folder| folder.starts_with(repository));
    let found = above.map(|folder| folder.join(FILE)).find(|file| file.is_file())?;
    // Shown as seen from where the command runs, if it is below.
    let here = fs::canonicalize(".").ok();
    let below = here.and_then(|here| found.strip_prefix(here).ok().map(Path::to_owned));
    Some(below.unwrap_or(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_file_is_told_with_its_line() {
        let broken = |text: &str| {
            let failure = Terms::default().add(text, "kafka-stacks.toml").unwrap_err();
            failure.text(crate::cli::output::Paint::PLAIN)
        };
        insta::assert_snapshot!(
            [
                "platform = \"openshift\"\nprofil = \"development\"\n",
                "platform = \"aks\"\n",
                "assume = [\n  \"Secrets/x\",\n]\n",
                "[[acknowledge]]\nrule = \"KS-P04\"\nobject = \"Deployment a\"\n",
                "[[acknowledge]]\nrule = \"KS-P04\"\nobject = \"Deployment a\"\nreason = \" \"\n",
                "\n[[acknowledge]\n",
                "platform = 3\n",
                "platfrom = \"openshift\"\nassume = \"x\"\n",
                "assume = \"Secret/x\"\n",
                "assume = [3]\n",
                "acknowledge = [\"KS-P04\"]\n",
                "[acknowledge]\nrule = \"KS-P04\"\n",
                "[[acknowledge]]\nrule = 4\n",
                "[[acknowledge]]\nrule = \"KS-P04\"\nobject = \"a\"\nreason = \"b\"\neven_errors = \"yes\"\n",
            ]
            .map(broken)
            .concat(),
            @r#"
            error: kafka-stacks.toml:2:1: unknown key `profil`
              hint: did you mean `profile`?
            error: kafka-stacks.toml:1:12: `aks` is not a valid value here
              hint: use `kubernetes` or `openshift`
            error: kafka-stacks.toml:2:3: no rule checks references to a `Secrets`: use one of `ConfigMap`, `Secret`, `ServiceAccount`, `PersistentVolumeClaim`, `Service`, `Pod`, `NetworkPolicy`, `Metric`
            error: kafka-stacks.toml:1:1: the key `reason` is missing
            error: kafka-stacks.toml:1:1: an acknowledgement needs a reason
              hint: say why this is right here
            error: kafka-stacks.toml:2:15: unclosed array table, expected `]`
            error: kafka-stacks.toml:1:12: the value must be a text in quotes
            error: kafka-stacks.toml:2:10: the text "x" is not allowed here: write a list in brackets
            error: kafka-stacks.toml:1:10: the text "Secret/x" is not allowed here: write a list in brackets
            error: kafka-stacks.toml:1:11: `3` is not allowed here: write a text in quotes
            error: kafka-stacks.toml:1:16: the text "KS-P04" is not allowed here: write a table, as `[[acknowledge]]`
            error: kafka-stacks.toml:1:1: a table is not allowed here: write a list, as `[[acknowledge]]`
            error: kafka-stacks.toml:2:8: `4` is not allowed here: write a text in quotes
            error: kafka-stacks.toml:5:15: the text "yes" is not allowed here: write `true` or `false`
            "#
        );
    }
}
