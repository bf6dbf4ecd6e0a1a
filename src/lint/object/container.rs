//! Containers: image, ports, variables, probes, resources, mounts.

use super::{
    environment,
    fields::{by_name, distinct, not_negative, port, quantity, range, required, syntax, word},
    image,
};
use crate::diagnostics::Diagnostics;
use crate::diagnostics::rules::memory;
use crate::lint::model::{node::Node, syntax as text};
use crate::lint::object::fields::{EXCLUDES, INNER_NAME, ONE_OF, QUANTITY, REQUIRED};
use crate::lint::set::selectors::PORT_NAME;

/// Where a container runs, which decides what it may have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Main,
    Init,
}

pub(crate) fn check(container: &Node<'_, '_>, role: Role, findings: &mut Diagnostics) {
    if required(container, "name", findings) {
        syntax(&container.get("name"), &INNER_NAME, text::dns_label, findings);
    }
    image::check(&container.get("image"), findings);
    word(
        container,
        "imagePullPolicy",
        &["Always", "IfNotPresent", "Never"],
        findings,
    );
    word(
        container,
        "terminationMessagePolicy",
        &["File", "FallbackToLogsOnError"],
        findings,
    );
    ports(&container.get("ports"), findings);
    environment::check(container, findings);
    resources(&container.get("resources"), findings);
    mounts(&container.get("volumeMounts"), findings);
    let sidecar = role == Role::Init && container.get("restartPolicy").text() == "Always";
    if role == Role::Init {
        word(container, "restartPolicy", &["Always"], findings);
    }
    for kind in ["startupProbe", "readinessProbe", "livenessProbe"] {
        let probe = container.get(kind);
        if !probe.is_set() {
            continue;
        }
        if role == Role::Init && !sidecar {
            findings.at(
                &probe,
                &EXCLUDES,
                "is set: an init container has no probes unless it is a sidecar",
            );
        }
        self::probe(&probe, kind, findings);
        named_port(&probe, container, findings);
    }
    let lifecycle = container.get("lifecycle");
    for (_, hook) in lifecycle.entries() {
        if hook.map().is_some() {
            handler(&hook, &["exec", "httpGet", "tcpSocket", "sleep"], findings);
            named_port(&hook, container, findings);
        }
    }
    security(&container.get("securityContext"), findings);
}

fn ports(ports: &Node<'_, '_>, findings: &mut Diagnostics) {
    for item in ports.items() {
        if !item.get("containerPort").is_set() {
            findings.at(&item.get("containerPort"), &REQUIRED, "is missing");
        }
        port(&item, "containerPort", findings);
        if item.get("hostPort").int() != Some(0) {
            port(&item, "hostPort", findings);
        }
        syntax(&item.get("name"), &INNER_NAME, text::port_name, findings);
        word(&item, "protocol", &["TCP", "UDP", "SCTP"], findings);
    }
    distinct(ports, "name", by_name, findings);
    distinct(
        ports,
        "port",
        |item| {
            let protocol = item.get("protocol").str().unwrap_or("TCP");
            Some(format!("{}/{protocol}", item.get("containerPort").int()?))
        },
        findings,
    );
}

fn probe(probe: &Node<'_, '_>, kind: &str, findings: &mut Diagnostics) {
    handler(probe, &["exec", "httpGet", "tcpSocket", "grpc"], findings);
    for field in ["periodSeconds", "timeoutSeconds", "failureThreshold"] {
        range(probe, field, 1, i64::MAX, findings);
    }
    not_negative(probe, "initialDelaySeconds", findings);
    if kind == "readinessProbe" {
        range(probe, "successThreshold", 1, i64::MAX, findings);
        if probe.get("terminationGracePeriodSeconds").is_set() {
            findings.at(
                &probe.get("terminationGracePeriodSeconds"),
                &EXCLUDES,
                "is set: not allowed in a readiness probe",
            );
        }
    } else {
        range(probe, "successThreshold", 1, 1, findings);
    }
}

/// Exactly one handler, and its parts.
fn handler(node: &Node<'_, '_>, kinds: &[&'static str], findings: &mut Diagnostics) {
    let set: Vec<&str> = kinds.iter().copied().filter(|kind| node.get(kind).is_set()).collect();
    if set.len() != 1 {
        let what = if set.is_empty() {
            "has no handler".to_owned()
        } else {
            format!("has {} handlers, `{}`", set.len(), set.join("` and `"))
        };
        findings.at(
            node,
            &ONE_OF,
            format!("{what}: it needs one of `{}`", kinds.join("`, `")),
        );
    }
    let exec = node.get("exec");
    if exec.is_set() && exec.get("command").len() == 0 {
        findings.at(&exec.get("command"), &REQUIRED, "is missing or empty");
    }
    for kind in ["httpGet", "tcpSocket", "grpc"] {
        let action = node.get(kind);
        if !action.is_set() {
            continue;
        }
        let target = action.get("port");
        if !target.is_set() {
            findings.at(&target, &REQUIRED, "is missing");
        }
        port(&action, "port", findings);
        if target.str().is_some() {
            syntax(&target, &INNER_NAME, text::port_name, findings);
        }
        if kind == "httpGet" {
            word(&action, "scheme", &["HTTP", "HTTPS"], findings);
        }
    }
}

/// A port by its name has to be one of the same container.
fn named_port(probe: &Node<'_, '_>, container: &Node<'_, '_>, findings: &mut Diagnostics) {
    let ports = container.get("ports");
    for kind in ["httpGet", "tcpSocket"] {
        let action = probe.get(kind);
        let target = action.get("port");
        let Some(name) = target.str() else { continue };
        if text::port_name(name).is_none() && !ports.items().any(|port| port.get("name").str() == Some(name)) {
            let named: Vec<&str> = ports.items().filter_map(|port| port.get("name").str()).collect();
            let finding = findings.at(
                &target,
                &PORT_NAME,
                format!("is `{name}`: the container has no port of that name"),
            );
            if !named.is_empty() {
                finding.hint(format!("the container has `{}`", named.join("`, `")));
            }
        }
    }
}

fn resources(resources: &Node<'_, '_>, findings: &mut Diagnostics) {
    let (requests, limits) = (resources.get("requests"), resources.get("limits"));
    for (what, amounts) in [("request", &requests), ("limit", &limits)] {
        for (name, amount) in amounts.entries() {
            let read = quantity(&amount, findings);
            // Told of the limit, which is the same.
            if what == "request" && limits.get(name).value() == amount.value() {
                continue;
            }
            // Half a byte, or a few: `512m` where `512Mi` was meant.
            if matches!(name, "memory" | "ephemeral-storage")
                && read.is_some_and(|read| (1..1_048_576_000_000_000).contains(&read))
            {
                findings
                    .at(
                        &amount,
                        &QUANTITY,
                        format!(
                            "is `{}`, less than 1 MiB: no container can run with that {what}",
                            amount.text()
                        ),
                    )
                    .hint("write memory as `512Mi` or `8Gi`");
            }
        }
    }
    for (name, request) in requests.entries() {
        let limit = limits.get(name);
        if let (Some(asked), Some(most)) = (text::quantity(request.value()), text::quantity(limit.value()))
            && asked > most
        {
            let shown = |node: &Node<'_, '_>| {
                node.value()
                    .as_str()
                    .map_or_else(|| node.value().to_string(), str::to_owned)
            };
            findings
                .at(
                    &request,
                    &memory::REQUEST_ABOVE_LIMIT,
                    format!("is {}, above the limit of {}", shown(&request), shown(&limit)),
                )
                .hint("raise the limit or lower the request in `.resources(…)`")
                .yaml_hint("raise the limit, or lower the request");
        }
    }
}

fn mounts(mounts: &Node<'_, '_>, findings: &mut Diagnostics) {
    for mount in mounts.items() {
        required(&mount, "name", findings);
        let path = mount.get("mountPath");
        if path.str().is_none_or(str::is_empty) {
            findings.at(&path, &REQUIRED, "is missing or empty");
        } else if path.text().contains(':') {
            findings.at(&path, &INNER_NAME, format!("is `{}`: a path has no `:`", path.text()));
        } else if !path.text().starts_with('/') {
            findings.at(
                &path,
                &INNER_NAME,
                format!("is `{}`: a path in a container begins with `/`", path.text()),
            );
        }
        sub_path(&mount.get("subPath"), findings);
        sub_path(&mount.get("subPathExpr"), findings);
        if mount.get("subPath").is_set() && mount.get("subPathExpr").is_set() {
            findings.at(&mount, &EXCLUDES, "has `subPath` and `subPathExpr`");
        }
        word(
            &mount,
            "mountPropagation",
            &["None", "HostToContainer", "Bidirectional"],
            findings,
        );
    }
    distinct(
        mounts,
        "path",
        |mount| {
            mount
                .get("mountPath")
                .str()
                .map(|path| path.trim_end_matches('/').to_owned())
        },
        findings,
    );
}

/// A path within a volume.
pub(crate) fn sub_path(path: &Node<'_, '_>, findings: &mut Diagnostics) {
    let text = path.text();
    if text.starts_with('/') || text.split('/').any(|part| part == "..") {
        findings.at(
            path,
            &INNER_NAME,
            format!("is `{text}`: a path within a volume is relative and has no `..`"),
        );
    }
}

fn security(security: &Node<'_, '_>, findings: &mut Diagnostics) {
    if security.get("privileged").bool() == Some(true) && security.get("allowPrivilegeEscalation").bool() == Some(false)
    {
        findings.at(
            security,
            &EXCLUDES,
            "is privileged, but `allowPrivilegeEscalation` is false",
        );
    }
    let capabilities = security.get("capabilities");
    let adds_admin = capabilities
        .get("add")
        .items()
        .any(|name| matches!(name.text(), "SYS_ADMIN" | "CAP_SYS_ADMIN"));
    if adds_admin && security.get("allowPrivilegeEscalation").bool() == Some(false) {
        findings.at(
            security,
            &EXCLUDES,
            "adds SYS_ADMIN, but `allowPrivilegeEscalation` is false",
        );
    }
    user(security, findings);
}

/// User and group of a pod or a container.
pub(crate) fn user(security: &Node<'_, '_>, findings: &mut Diagnostics) {
    for field in ["runAsUser", "runAsGroup", "fsGroup"] {
        range(security, field, 0, i64::from(i32::MAX), findings);
    }
    if security.get("runAsNonRoot").bool() == Some(true) && security.get("runAsUser").int() == Some(0) {
        findings.at(
            &security.get("runAsUser"),
            &EXCLUDES,
            "is 0, but `runAsNonRoot` is true: the container is never started",
        );
    }
    let seccomp = security.get("seccompProfile");
    word(
        &seccomp,
        "type",
        &["RuntimeDefault", "Unconfined", "Localhost"],
        findings,
    );
    if seccomp.is_set() {
        required(&seccomp, "type", findings);
        let localhost = seccomp.get("localhostProfile");
        if (seccomp.get("type").text() == "Localhost") != localhost.is_set() {
            findings.at(
                &localhost,
                &EXCLUDES,
                "is allowed and required only with the type `Localhost`",
            );
        }
    }
}
