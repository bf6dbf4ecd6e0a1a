//! What a running cluster is asked, and how it can fail to answer.

use std::{fmt, sync::Arc, time::Duration};

use serde_json::Value;

use super::answers::reason;

/// Something that answers for a running cluster.
pub(crate) trait Live: Sync {
    /// The answer to a request, as text.
    fn ask(&self, request: &Request) -> Result<Arc<str>, Trouble>;

    /// Seconds since 1970.
    fn now(&self) -> u64;

    /// A few letters and digits that tell this run from others.
    fn token(&self) -> &str;
}

/// A call of kubectl that changes no object of the cluster's API.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Request {
    /// The versions of kubectl and of the API server.
    Versions,
    /// One Namespace.
    Namespace(String),
    /// The Node object of a machine.
    Machine(String),
    /// The objects of a kind in a namespace.
    List {
        /// As kubectl calls it, such as `pods`.
        kind: &'static str,
        /// Their namespace.
        namespace: String,
    },
    /// The objects of a kind in a namespace, with who manages which field of them.
    Managed {
        /// As kubectl calls it, with its group where it is a custom resource.
        kind: String,
        /// Their namespace.
        namespace: String,
    },
    /// Those of these objects that are there. They are YAML documents.
    Find(Arc<str>),
    /// The kinds of an API, such as `apps/v1`.
    Served(String),
    /// The last lines of all containers of a pod.
    Logs {
        /// Its namespace.
        namespace: String,
        /// Its name.
        pod: String,
    },
    /// The events of an object.
    Events {
        /// Its namespace.
        namespace: String,
        /// Its name.
        object: String,
    },
    /// A command in a container.
    Exec {
        /// Where it runs.
        pod: PodAddress,
        /// Program and arguments; no shell reads them.
        command: Vec<String>,
        /// What it needs of the container's memory.
        weight: Weight,
    },
}

/// A container of a pod.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PodAddress {
    pub(crate) namespace: String,
    pub(crate) pod: String,
    pub(crate) container: String,
}

impl PodAddress {
    /// The arguments of kubectl that run a command there.
    pub(super) fn exec(&self, options: &[&str], command: &[String]) -> Vec<String> {
        let mut arguments = vec!["exec".to_owned()];
        arguments.extend(options.iter().map(|option| (*option).to_owned()));
        arguments.extend([
            format!("--namespace={}", self.namespace),
            self.pod.clone(),
            format!("--container={}", self.container),
            "--".to_owned(),
        ]);
        arguments.extend(command.iter().cloned());
        arguments
    }
}

/// What a command needs of the container that it runs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Weight {
    /// Next to nothing.
    Light,
    /// A JVM of about 150 MB beside the server: only one of them runs in a container at a time.
    Java,
}

impl Request {
    /// The arguments of kubectl, without those that say which cluster.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        match self {
            Self::Versions => words(&["version", "--output=json"]),
            Self::Namespace(name) => words(&["get", "namespace", name, "--output=json"]),
            Self::Machine(name) => words(&["get", "node", name, "--output=json"]),
            Self::List { kind, namespace } => {
                words(&["get", kind, &format!("--namespace={namespace}"), "--output=json"])
            }
            Self::Managed { kind, namespace } => words(&[
                "get",
                kind,
                &format!("--namespace={namespace}"),
                "--show-managed-fields",
                "--output=json",
            ]),
            Self::Find(_) => words(&["get", "--filename=-", "--ignore-not-found", "--output=json"]),
            Self::Served(version) => {
                // The core API, which has no group, is older than the others and elsewhere.
                let root = if version.contains('/') { "apis" } else { "api" };
                words(&["get", "--raw", &format!("/{root}/{version}")])
            }
            Self::Logs { namespace, pod } => words(&[
                "logs",
                pod,
                &format!("--namespace={namespace}"),
                "--all-containers",
                "--ignore-errors",
                "--prefix",
                "--tail=10",
            ]),
            Self::Events { namespace, object } => words(&[
                "get",
                "events",
                &format!("--namespace={namespace}"),
                &format!("--field-selector=involvedObject.name={object}"),
                "--sort-by=.metadata.creationTimestamp",
                "--output=json",
            ]),
            Self::Exec { pod, command, .. } => pod.exec(&[], command),
        }
    }

    /// What kubectl reads from its standard input.
    pub(crate) fn input(&self) -> Option<&str> {
        match self {
            Self::Find(objects) => Some(objects),
            _ => None,
        }
    }
}

/// Makes a trouble of what kubectl said.
type Make = fn(String) -> Trouble;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// kubectl cannot be started: why.
    NoKubectl(String),
    /// kubectl is older than what the stack's Kubernetes needs: its version, and the oldest that is enough.
    OldKubectl(String, String),
    /// kubectl's configuration: a context, a file.
    Configuration(String),
    /// The API server cannot be reached.
    Unreachable(String),
    /// The user may not do this.
    Denied(String),
    /// Others manage fields that are applied: which, and who.
    Conflict(String),
    /// There is no such object, or no such kind.
    NotFound(String),
    /// No pod that could answer is ready: of what.
    NotReady(String),
    /// The answer did not come within this time, and kubectl was ended.
    TimedOut(Duration),
    /// The command in the container ended with this status: what it said.
    Command(i32, String),
    /// The container has no such command: what was said.
    NoCommand(String),
    /// Anything else that kubectl said.
    Failed(String),
    /// The answer is not what was asked for.
    Unreadable(String),
}

impl Trouble {
    /// Whether asking again may help: the API server and the brokers may be away for a moment.
    pub(crate) fn may_pass(&self) -> bool {
        !matches!(
            self,
            Self::NoKubectl(_) | Self::OldKubectl(..) | Self::Configuration(_) | Self::Denied(_) | Self::NoCommand(_)
        )
    }

    /// What kubectl meant by its exit status and its output.
    pub(crate) fn of(status: Option<i32>, stdout: &str, stderr: &str) -> Self {
        const MARKS: [(&str, Make); 20] = [
            ("(Forbidden)", Trouble::Denied),
            ("(Unauthorized)", Trouble::Denied),
            ("must be logged in to the server", Trouble::Denied),
            ("forbidden: User", Trouble::Denied),
            ("getting credentials", Trouble::Denied),
            ("(NotFound)", Trouble::NotFound),
            ("the server doesn't have a resource type", Trouble::NotFound),
            ("could not find the requested resource", Trouble::NotFound),
            ("container not found", Trouble::NotFound),
            ("context was not found", Trouble::Configuration),
            ("does not exist", Trouble::Configuration),
            ("no configuration has been provided", Trouble::Configuration),
            ("error loading config file", Trouble::Configuration),
            ("invalid configuration", Trouble::Configuration),
            ("Unable to connect to the server", Trouble::Unreachable),
            ("The connection to the server", Trouble::Unreachable),
            ("no such host", Trouble::Unreachable),
            ("i/o timeout", Trouble::Unreachable),
            ("connection refused", Trouble::Unreachable),
            ("TLS handshake timeout", Trouble::Unreachable),
        ];
        // What runs in the container speaks first, on both streams; kubectl adds the last line.
        let ended = stderr
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix("command terminated with exit code "));
        if let Some(status) = ended.and_then(|status| status.trim().parse().ok()) {
            let output = format!("{stdout}\n{stderr}");
            return match status {
                // By a shell, by `env` and by `timeout`.
                126 | 127 => Self::NoCommand(reason(&output)),
                _ => Self::Command(status, output),
            };
        }
        if let Some(at) = stderr.find("Apply failed with") {
            let conflict = stderr[at..].split("\nPlease review").next().unwrap_or_default();
            return Self::Conflict(conflict.split_whitespace().collect::<Vec<_>>().join(" "));
        }
        let said = said(stderr).unwrap_or_else(|| match status {
            Some(status) => format!("exit status {status}"),
            None => "ended by a signal".to_owned(),
        });
        MARKS
            .iter()
            .find(|(mark, _)| stderr.contains(mark))
            .map_or_else(|| Self::Failed(said.clone()), |(_, make)| make(said.clone()))
    }

    /// What the user can do.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoKubectl(_) => {
                Some("install kubectl and put it on the PATH: https://kubernetes.io/docs/tasks/tools/")
            }
            Self::OldKubectl(..) => Some("install a kubectl of the cluster's minor version"),
            Self::Configuration(_) => {
                Some("`kubectl config get-contexts` lists the contexts; use `--context` or `--kubeconfig`")
            }
            Self::Unreachable(_) => {
                Some("`kubectl config current-context` prints the cluster in use; another one: `--context`")
            }
            Self::Denied(_) => Some("`kubectl auth can-i --list` shows what you may do"),
            Self::Conflict(_) => Some("`--force-conflicts` takes these fields over"),
            _ => None,
        }
    }
}

/// The last line that says something, without what kubectl puts before it.
fn said(stderr: &str) -> Option<String> {
    let line = stderr.lines().map(str::trim).rfind(|line| !line.is_empty())?;
    let line = line.strip_prefix("error: ").unwrap_or(line);
    let line = match line
        .strip_prefix("Error from server (")
        .and_then(|rest| rest.split_once("): "))
    {
        Some((_, rest)) => rest,
        None => line.strip_prefix("Error from server: ").unwrap_or(line),
    };
    Some(line.to_owned())
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoKubectl(why) => write!(f, "cannot run kubectl: {why}"),
            Self::OldKubectl(is, needed) => write!(f, "kubectl {is} is too old: this needs {needed} or newer"),
            Self::Configuration(said) => write!(f, "kubectl's configuration: {said}"),
            Self::Unreachable(said) => write!(f, "the API server cannot be reached: {said}"),
            Self::Denied(said) => write!(f, "access denied: {said}"),
            Self::NoCommand(said) => write!(f, "the container has no such command: {said}"),
            Self::NotReady(of) => write!(f, "cannot be asked: no pod of `{of}` is ready"),
            Self::Conflict(said) => f.write_str(said),
            Self::NotFound(said) | Self::Failed(said) => write!(f, "kubectl: {said}"),
            Self::TimedOut(limit) => write!(f, "kubectl did not answer in {} s and was ended", limit.as_secs()),
            Self::Command(status, output) => write!(f, "exit status {status}: {}", reason(output)),
            Self::Unreadable(what) => write!(f, "unexpected answer: {what}"),
        }
    }
}

/// What is asked most, on top of [`Live`].
impl dyn Live + '_ {
    /// The objects of a kind in a namespace.
    pub(crate) fn list(&self, kind: &'static str, namespace: &str) -> Result<Vec<Value>, Trouble> {
        let answer = self.ask(&Request::List {
            kind,
            namespace: namespace.to_owned(),
        })?;
        let mut list = json(&answer)?;
        match list["items"].take() {
            Value::Array(items) => Ok(items),
            _ => Err(Trouble::Unreadable(format!("no list of {kind}"))),
        }
    }
}

/// An answer as JSON.
pub(crate) fn json(answer: &str) -> Result<Value, Trouble> {
    serde_json::from_str(answer).map_err(|error| Trouble::Unreadable(format!("not JSON: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_name_the_namespace_and_reach_no_shell() {
        let pod = PodAddress {
            namespace: "kafka".to_owned(),
            pod: "kafka-0".to_owned(),
            container: "kafka".to_owned(),
        };
        let command = ["kafka-topics", "--describe", "; rm -rf $HOME"]
            .map(str::to_owned)
            .to_vec();
        let requests = [
            Request::Versions,
            Request::Namespace("kafka".to_owned()),
            Request::Machine("node-c".to_owned()),
            Request::List {
                kind: "pods",
                namespace: "kafka".to_owned(),
            },
            Request::Exec {
                pod,
                command,
                weight: Weight::Java,
            },
            Request::Managed {
                kind: "prometheusrule.monitoring.coreos.com".to_owned(),
                namespace: "kafka".to_owned(),
            },
            Request::Find("kind: Service".into()),
            Request::Served("apps/v1".to_owned()),
            Request::Served("v1".to_owned()),
            Request::Logs {
                namespace: "kafka".to_owned(),
                pod: "kafka-0".to_owned(),
            },
            Request::Events {
                namespace: "kafka".to_owned(),
                object: "kafka-0".to_owned(),
            },
        ];
        let lines: Vec<String> = requests.iter().map(|one| format!("{:?}", one.arguments())).collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        ["version", "--output=json"]
        ["get", "namespace", "kafka", "--output=json"]
        ["get", "node", "node-c", "--output=json"]
        ["get", "pods", "--namespace=kafka", "--output=json"]
        ["exec", "--namespace=kafka", "kafka-0", "--container=kafka", "--", "kafka-topics", "--describe", "; rm -rf $HOME"]
        ["get", "prometheusrule.monitoring.coreos.com", "--namespace=kafka", "--show-managed-fields", "--output=json"]
        ["get", "--filename=-", "--ignore-not-found", "--output=json"]
        ["get", "--raw", "/apis/apps/v1"]
        ["get", "--raw", "/api/v1"]
        ["logs", "kafka-0", "--namespace=kafka", "--all-containers", "--ignore-errors", "--prefix", "--tail=10"]
        ["get", "events", "--namespace=kafka", "--field-selector=involvedObject.name=kafka-0", "--sort-by=.metadata.creationTimestamp", "--output=json"]
        "#);
    }

    #[test]
    fn what_kubectl_says_becomes_one_kind_of_trouble_each() {
        let said = [
            r#"Error from server (Forbidden): pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "kafka""#,
            "error: You must be logged in to the server (Unauthorized)",
            r#"Error from server (NotFound): namespaces "kafka" not found"#,
            r#"error: the server doesn't have a resource type "certificates""#,
            r#"error: context "nowhere" does not exist"#,
            "error: stat /nowhere/config: no such file or directory",
            "The connection to the server localhost:8080 was refused - did you specify the right host or port?",
            "E1129 03:00:00.0 memcache.go:265] \"Unhandled Error\" err=\"couldn't get current server API group list\"\nUnable to connect to the server: dial tcp 10.0.0.1:6443: i/o timeout",
            "Exception in thread \"main\" java.lang.Error: x\ncommand terminated with exit code 124",
            "error: unable to upgrade connection: container not found (\"kafka\")",
            "something new",
            "",
            "error: Apply failed with 2 conflicts: conflicts with \"kubectl-edit\" using apps/v1:\n- .spec.replicas\n- .spec.minReadySeconds\nPlease review the fields above--they currently have other managers. Here\nare the ways",
        ];
        let seen: Vec<String> = said
            .iter()
            .map(|text| Trouble::of(Some(1), "", text).to_string())
            .collect();
        insta::assert_snapshot!(seen.join("\n"), @r#"
        access denied: pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "kafka"
        access denied: You must be logged in to the server (Unauthorized)
        kubectl: namespaces "kafka" not found
        kubectl: the server doesn't have a resource type "certificates"
        kubectl's configuration: context "nowhere" does not exist
        kubectl: stat /nowhere/config: no such file or directory
        the API server cannot be reached: The connection to the server localhost:8080 was refused - did you specify the right host or port?
        the API server cannot be reached: Unable to connect to the server: dial tcp 10.0.0.1:6443: i/o timeout
        exit status 124: Error: x
        kubectl: unable to upgrade connection: container not found ("kafka")
        kubectl: something new
        kubectl: exit status 1
        Apply failed with 2 conflicts: conflicts with "kubectl-edit" using apps/v1: - .spec.replicas - .spec.minReadySeconds
        "#);
    }
}
