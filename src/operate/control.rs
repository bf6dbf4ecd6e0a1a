//! What changes a running cluster.

use std::time::Duration;

use super::live::{Live, PodAddress, Trouble};

/// Something that answers for a running cluster, and changes it.
pub(crate) trait Control: Live {
    /// Does something: what kubectl said to it.
    fn act(&self, action: &Action) -> Result<String, Trouble>;

    /// Forgets the answers: from here on, the cluster is asked anew.
    fn look_again(&self);

    /// Waits.
    fn pause(&self, time: Duration);
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
            Self::Exec { pod, command, .. } => {
                let mut arguments = words(&[
                    "exec",
                    "--stdin",
                    &format!("--namespace={}", pod.namespace),
                    &pod.pod,
                    &format!("--container={}", pod.container),
                    "--",
                ]);
                arguments.extend(command.iter().cloned());
                arguments
            }
        }
    }

    /// What kubectl reads from its standard input.
    pub(crate) fn input(&self) -> Option<&str> {
        match self {
            Self::Apply { objects, .. } => Some(objects),
            Self::Exec { input, .. } => Some(input),
            Self::Delete { .. } => None,
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
        ["exec", "--stdin", "--namespace=kafka", "kafka-0", "--container=kafka", "--", "kafka-reassign-partitions", "; rm"] Some("{}")
        "#);
    }
}
