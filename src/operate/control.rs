//! What changes a running cluster.

use std::time::Duration;

use super::live::{Live, PodAddress, Trouble};

/// How often the cluster is asked while something is waited for.
const PAUSE: Duration = Duration::from_secs(5);

/// Something that answers for a running cluster, and changes it.
pub(crate) trait Control: Live {
    /// Does something: what kubectl said to it.
    fn act(&self, action: &Action) -> Result<String, Trouble>;

    /// Forgets the answers: from here on, the cluster is asked anew.
    fn look_again(&self);

    /// Waits.
    fn pause(&self, time: Duration);
}

/// The taint of a machine that is off and does not come back as it was.
pub(crate) const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";

/// Why a verb ended early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The cluster could not be asked.
    Trouble(Trouble),
    /// It cannot be done: why.
    Impossible(String),
    /// It did not come so far in time: what was waited for.
    Late(String),
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

/// How a verb goes on, for whoever looks on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told<'a> {
    /// Something was done or was seen.
    Step(&'a str),
    /// What is waited for now; once something else is told, nobody needs it any more.
    Waits(&'a str),
    /// It is the same for so many seconds.
    Still(u64),
}

#[cfg(test)]
impl<'a> Told<'a> {
    /// The line of it in a log, if it has one.
    pub(crate) fn line(self) -> Option<&'a str> {
        match self {
            Self::Step(text) | Self::Waits(text) => Some(text),
            Self::Still(_) => None,
        }
    }
}

impl dyn Control + '_ {
    /// Asks until there is an answer. What is in the way is told.
    ///
    /// # Errors
    ///
    /// What is in the way, when that takes longer than `limit` or does not pass by itself.
    pub(crate) fn answered<T>(
        &self,
        limit: Duration,
        tell: &mut dyn FnMut(Told<'_>),
        ask: impl Fn(&dyn Live) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        let (began, mut told) = (self.now(), None);
        loop {
            self.look_again();
            match ask(self) {
                Err(trouble) if trouble.may_pass() && self.now() < began + limit.as_secs() => {
                    if told.as_ref() == Some(&trouble) {
                        tell(Told::Still(self.now().saturating_sub(began)));
                    } else {
                        tell(Told::Waits(&format!("waits: {trouble}")));
                    }
                    told = Some(trouble);
                    self.pause(PAUSE);
                }
                answer => return answer,
            }
        }
    }

    /// Asks until there is nothing to wait for any more. What is waited for is told.
    ///
    /// # Errors
    ///
    /// [`Stop::Late`] when that takes longer than `limit`.
    pub(crate) fn wait(
        &self,
        limit: Duration,
        tell: &mut dyn FnMut(Told<'_>),
        what: &str,
        ask: impl Fn(&dyn Live) -> Result<Option<String>, Trouble>,
    ) -> Result<(), Stop> {
        let end = self.now() + limit.as_secs();
        let (mut told, mut since) = (String::new(), self.now());
        loop {
            self.look_again();
            let reason = match ask(self) {
                Ok(None) => return Ok(()),
                Ok(Some(reason)) => reason,
                Err(trouble) if trouble.may_pass() => trouble.to_string(),
                Err(trouble) => return Err(trouble.into()),
            };
            if reason == told {
                tell(Told::Still(self.now().saturating_sub(since)));
            } else {
                tell(Told::Waits(&format!("{what}: waits: {reason}")));
                since = self.now();
            }
            if self.now() >= end {
                return Err(Stop::Late(format!(
                    "{what}: waited for {} s: {reason}",
                    limit.as_secs()
                )));
            }
            told = reason;
            self.pause(PAUSE);
        }
    }
}

/// A call of kubectl that changes something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Server-side apply.
    Apply {
        /// The objects, as YAML documents.
        objects: String,
        /// By whom: the API server notes for each field who manages it.
        manager: String,
        /// Whether fields that others manage are taken over.
        force: bool,
        /// Whether the API server only says what would become of the objects.
        dry_run: bool,
    },
    /// Deletes an object and does not wait for its end.
    Delete {
        /// As kubectl calls it, such as `pod`.
        kind: String,
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// Sets or removes an annotation of an object.
    Annotate {
        /// As kubectl calls it, such as `statefulset`.
        kind: &'static str,
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// The annotation.
        key: String,
        /// What it says; `None` removes it.
        value: Option<String>,
    },
    /// Says of a machine that it is off for good: Kubernetes ends its pods and gives their volumes free.
    OutOfService(String),
    /// A command in a container that changes what runs there, with a text on its standard input.
    Exec {
        /// Where it runs.
        pod: PodAddress,
        /// Program and arguments; no shell reads them.
        command: Vec<String>,
        /// What the command reads.
        input: String,
    },
}

impl Action {
    /// The arguments of kubectl, without those that say which cluster.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        match self {
            Self::Apply {
                manager,
                force,
                dry_run,
                ..
            } => {
                let mut arguments = words(&["apply", "--server-side", &format!("--field-manager={manager}")]);
                if *force {
                    arguments.extend(words(&["--force-conflicts"]));
                }
                if *dry_run {
                    arguments.extend(words(&["--dry-run=server", "--output=json"]));
                }
                arguments.extend(words(&["--filename=-"]));
                arguments
            }
            Self::Delete { kind, namespace, name } => words(&[
                "delete",
                kind,
                name,
                &format!("--namespace={namespace}"),
                "--ignore-not-found",
                "--wait=false",
            ]),
            Self::Annotate {
                kind,
                namespace,
                name,
                key,
                value,
            } => {
                let change = value
                    .as_ref()
                    .map_or_else(|| format!("{key}-"), |value| format!("{key}={value}"));
                words(&[
                    "annotate",
                    kind,
                    name,
                    &format!("--namespace={namespace}"),
                    "--overwrite",
                    &change,
                ])
            }
            Self::OutOfService(machine) => words(&[
                "taint",
                "node",
                machine,
                "--overwrite",
                &format!("{OUT_OF_SERVICE}=nodeshutdown:NoExecute"),
            ]),
            Self::Exec { pod, command, .. } => pod.exec(&["--stdin"], command),
        }
    }

    /// What kubectl reads from its standard input.
    pub(crate) fn input(&self) -> Option<&str> {
        match self {
            Self::Apply { objects, .. } => Some(objects),
            Self::Exec { input, .. } => Some(input),
            Self::Delete { .. } | Self::Annotate { .. } | Self::OutOfService(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_name_the_manager_and_what_is_changed() {
        let apply = |force, dry_run| Action::Apply {
            objects: "kind: ConfigMap\n".to_owned(),
            manager: "kafka-stacks-prod".to_owned(),
            force,
            dry_run,
        };
        let pod = PodAddress {
            namespace: "kafka".to_owned(),
            pod: "kafka-0".to_owned(),
            container: "kafka".to_owned(),
        };
        let actions = [
            apply(false, false),
            apply(true, true),
            Action::Delete {
                kind: "pod".to_owned(),
                namespace: "kafka".to_owned(),
                name: "kafka-0".to_owned(),
            },
            Action::Annotate {
                kind: "statefulset",
                namespace: "kafka".to_owned(),
                name: "kafka".to_owned(),
                key: "a/b".to_owned(),
                value: Some("c".to_owned()),
            },
            Action::Annotate {
                kind: "statefulset",
                namespace: "kafka".to_owned(),
                name: "kafka".to_owned(),
                key: "a/b".to_owned(),
                value: None,
            },
            Action::OutOfService("node-c".to_owned()),
            Action::Exec {
                pod,
                command: vec!["kafka-reassign-partitions".to_owned(), "; rm".to_owned()],
                input: "{}".to_owned(),
            },
        ];
        let lines: Vec<String> = actions
            .iter()
            .map(|one| format!("{:?} {:?}", one.arguments(), one.input()))
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        ["apply", "--server-side", "--field-manager=kafka-stacks-prod", "--filename=-"] Some("kind: ConfigMap\n")
        ["apply", "--server-side", "--field-manager=kafka-stacks-prod", "--force-conflicts", "--dry-run=server", "--output=json", "--filename=-"] Some("kind: ConfigMap\n")
        ["delete", "pod", "kafka-0", "--namespace=kafka", "--ignore-not-found", "--wait=false"] None
        ["annotate", "statefulset", "kafka", "--namespace=kafka", "--overwrite", "a/b=c"] None
        ["annotate", "statefulset", "kafka", "--namespace=kafka", "--overwrite", "a/b-"] None
        ["taint", "node", "node-c", "--overwrite", "node.kubernetes.io/out-of-service=nodeshutdown:NoExecute"] None
        ["exec", "--stdin", "--namespace=kafka", "kafka-0", "--container=kafka", "--", "kafka-reassign-partitions", "; rm"] Some("{}")
        "#);
    }
}
