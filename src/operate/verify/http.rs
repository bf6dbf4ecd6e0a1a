//! What answers over HTTP: registries and Connect. Each pod is asked on its own loopback, so network policies take no part, and no port
//! has to be forwarded.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Check, Wrong, cluster::refused, counted, none, of};
use crate::operate::{
    cluster::{Cluster, Tool, is_ready},
    desired::{Desired, Workload, items, labels, name},
    live::{Live, Request, Trouble, Weight, json},
};

/// The images of the Kafka family have neither curl nor wget; bash can talk to a port.
const GET: &str =
    r#"exec 3<>"/dev/tcp/127.0.0.1/$0" && printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$1" >&3 && cat <&3"#;

/// Where Apicurio has the API of Confluent's registry.
const APICURIO: (&str, &str) = ("apicurio.properties", "/apis/ccompat/v7");

/// The script of a component whose REST interface is closed.
const ASK: &str = "ask.sh";
/// The port of Apicurio's that says whether it is ready, whether or not its REST interface is closed.
const MANAGEMENT: u64 = 9000;

pub(super) fn checks(desired: &Desired, clusters: &[Cluster]) -> Vec<Check> {
    let mut checks = Vec::new();
    for workload in desired.workloads() {
        let is_confluent = workload.server("schema-registry-start").is_some();
        if is_confluent || workload.file(APICURIO.0).is_some() {
            let path = if is_confluent { "" } else { APICURIO.1 };
            checks.push(Check::new(format!("registry/{}", workload.name), move |live| {
                check_registry(live, &workload, path)
            }));
        } else if let Some(server) = workload.server("connect-distributed") {
            let once = ["enabled", "preparing"].contains(&server.setting("exactly.once.source.support"));
            let cluster = Cluster::at(clusters, desired, server.setting("bootstrap.servers")).filter(|_| once);
            let once = cluster.map(|cluster| {
                (
                    cluster.clone(),
                    format!("connect-cluster-{}", server.setting("group.id")),
                )
            });
            checks.push(Check::new(format!("connect/{}", workload.name), move |live| {
                check_connect(live, &workload, once.as_ref())
            }));
        }
    }
    checks
}

/// An answer over HTTP: its status, and its body.
pub(super) fn get(
    live: &dyn Live,
    workload: &Workload,
    pod: &str,
    port: u64,
    path: &str,
) -> Result<(u64, String), Trouble> {
    let ask = |command: &[&str]| {
        live.ask(&Request::Exec {
            pod: workload.address(pod),
            command: command.iter().map(|word| (*word).to_owned()).collect(),
            weight: Weight::Light,
        })
    };
    // An interface that is closed is asked by the pod's own script, which knows how to get in.
    if let Some((script, _)) = workload.file(ASK) {
        let body = ask(&["timeout", "20", "bash", script, path])?;
        return Ok((200, body.to_string()));
    }
    let answer = ask(&["timeout", "20", "bash", "-c", GET, &port.to_string(), path]);
    match answer {
        Ok(text) => response(&text).ok_or_else(|| Trouble::Unreadable("not HTTP".to_owned())),
        // An image without bash, such as an exporter's, is built on busybox.
        Err(Trouble::NoCommand(_)) => {
            let body = ask(&[
                "wget",
                "-q",
                "-T",
                "20",
                "-O",
                "-",
                &format!("http://127.0.0.1:{port}{path}"),
            ])?;
            Ok((200, body.to_string()))
        }
        Err(other) => Err(other),
    }
}

/// Status and body of a response of HTTP/1.
fn response(text: &str) -> Option<(u64, String)> {
    let (head, body) = text.split_once("\r\n\r\n").or_else(|| text.split_once("\n\n"))?;
    let status = head.strip_prefix("HTTP/1.")?.split_whitespace().nth(1)?;
    Some((status.parse().ok()?, body.to_owned()))
}

/// The pods of a workload that are ready.
pub(super) fn ready(live: &dyn Live, workload: &Workload) -> Result<Vec<String>, Trouble> {
    let pods = live.list("pods", &workload.namespace)?;
    let own = pods.iter().filter(|pod| {
        let labels = labels(&pod["metadata"]["labels"]);
        is_ready(pod)
            && workload
                .selector
                .iter()
                .all(|(key, value)| labels.get(key) == Some(value))
    });
    Ok(own.map(|pod| name(pod).to_owned()).collect())
}

/// The same, and it is an error if there is none.
fn some_ready(live: &dyn Live, workload: &Workload) -> Result<Vec<String>, Wrong> {
    let pods = ready(live, workload)?;
    if pods.is_empty() {
        return Err(Trouble::NotReady(workload.name.clone()).into());
    }
    Ok(pods)
}

fn check_registry(live: &dyn Live, workload: &Workload, path: &str) -> Result<String, Wrong> {
    let port = workload.port("http").unwrap_or(8081);
    let pods = some_ready(live, workload)?;
    let closed = workload
        .file(APICURIO.0)
        .is_some_and(|(_, settings)| settings.contains("quarkus.http.insecure-requests=disabled"));
    if closed {
        for pod in &pods {
            match get(live, workload, pod, MANAGEMENT, "/health/ready")? {
                (200, _) => {}
                (status, body) => none(vec![format!("`{pod}` answers with status {status}: {}", body.trim())])?,
            }
        }
        return Ok(format!(
            "{} that they are ready; their REST interface is closed",
            of(pods.len(), pods.len(), "say")
        ));
    }
    let (mut wrong, mut subjects) = (Vec::new(), BTreeSet::new());
    for pod in &pods {
        match get(live, workload, pod, port, &format!("{path}/subjects")) {
            Ok((200, body)) => match json(&body) {
                Ok(Value::Array(list)) => {
                    subjects.insert(list.len());
                }
                _ => wrong.push(format!("`{pod}` answers with something that is not a list of subjects")),
            },
            Ok((status, body)) => wrong.push(format!("`{pod}` answers with status {status}: {}", body.trim())),
            Err(trouble @ Trouble::Command(..)) => wrong.push(format!("`{pod}` does not answer: {trouble}")),
            Err(other) => return Err(other.into()),
        }
    }
    none(wrong)?;
    let subjects = subjects.last().copied().unwrap_or(0);
    Ok(format!(
        "{}, {}",
        of(pods.len(), pods.len(), "answer"),
        counted(subjects, "subject")
    ))
}

fn check_connect(live: &dyn Live, workload: &Workload, once: Option<&(Cluster, String)>) -> Result<String, Wrong> {
    let port = workload.port("http").unwrap_or(8083);
    let pods = some_ready(live, workload)?;
    let (mut wrong, mut connectors) = (Vec::new(), Value::Null);
    for pod in &pods {
        match get(live, workload, pod, port, "/connectors?expand=status") {
            Ok((200, body)) => connectors = json(&body)?,
            Ok((status, body)) => wrong.push(format!("`{pod}` answers with status {status}: {}", body.trim())),
            Err(trouble @ Trouble::Command(..)) => wrong.push(format!("`{pod}` does not answer: {trouble}")),
            Err(other) => return Err(other.into()),
        }
    }
    let (states, count) = connector_states(&connectors);
    wrong.extend(states);
    let mut mode = "";
    if let Some((cluster, id)) = once {
        // A leader that has exactly-once support writes its configuration in transactions with this id.
        let text = cluster.tool(live, Tool::Transactions, &["list"]).map_err(refused)?;
        if text.lines().any(|line| line.split_whitespace().next() == Some(id)) {
            mode = ", exactly-once support";
        } else {
            wrong.push(format!(
                "exactly-once support is declared, and no worker has used the transactional id `{id}`"
            ));
        }
    }
    none(wrong)?;
    Ok(format!(
        "{}, {}{mode}",
        of(pods.len(), pods.len(), "workers answer"),
        counted(count, "connector")
    ))
}

/// The connectors and tasks that do not run, and how many connectors there are.
fn connector_states(connectors: &Value) -> (Vec<String>, usize) {
    let mut wrong = Vec::new();
    let all = connectors.as_object().into_iter().flatten();
    for (name, connector) in all.clone() {
        let status = &connector["status"];
        let mut told = |what: String, part: &Value| {
            let state = part["state"].as_str().unwrap_or("in no state");
            if state != "RUNNING" {
                let cause = part["trace"].as_str().and_then(|trace| trace.lines().next());
                let cause = cause.map_or_else(String::new, |cause| format!(": {cause}"));
                wrong.push(format!("{what} of `{name}` is {state}{cause}"));
            }
        };
        told("the connector".to_owned(), &status["connector"]);
        for task in items(&status["tasks"]) {
            told(format!("task {}", task["id"]), task);
        }
        if items(&status["tasks"]).next().is_none() {
            wrong.push(format!("`{name}` has no tasks"));
        }
    }
    (wrong, all.count())
}
