//! Containers: image, ports, variables, probes, resources, mounts.

use super::fields::{by_name, distinct, not_negative, port, quantity, range, required, syntax, word};
use crate::diagnostics::Diagnostics;
use crate::diagnostics::rules::{api, identity, kraft, memory};
use crate::lint::model::{container::references, node::Node, syntax as text};

/// Where a container runs, which decides what it may have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Main,
    Init,
}

pub(crate) fn check(container: &Node<'_, '_>, role: Role, findings: &mut Diagnostics) {
    if required(container, "name", findings) {
        syntax(&container.get("name"), &api::INNER_NAME, text::dns_label, findings);
    }
    let image = container.get("image");
    if image.str().is_none_or(str::is_empty) {
        findings.at(
            &image,
            &api::REQUIRED,
            if image.is_set() { "is empty" } else { "is missing" },
        );
    } else if let Some(reason) = text::image(image.text()) {
        findings.at(&image, &identity::IMAGE, format!("cannot be pulled: {reason}"));
    } else {
        floating(&image, findings);
    }
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
    environment(container, findings);
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
                &api::EXCLUDES,
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

fn floating(image: &Node<'_, '_>, findings: &mut Diagnostics) {
    let (reference, digest) = match image.text().split_once('@') {
        Some((reference, _)) => (reference, true),
        None => (image.text(), false),
    };
    let tag = text::split_tag(reference).1;
    if !digest && tag.is_none_or(|tag| tag == "latest") {
        findings
            .at(
                image,
                &identity::FLOATING_IMAGE,
                format!("is `{}`, which has no version", image.text()),
            )
            .hint("name a version, as `confluentinc/cp-kafka:8.3.1`, or a digest");
    }
    if reference.contains("apache/kafka-native") {
        findings.at(
            image,
            &kraft::NATIVE_IMAGE,
            format!("is `{}`, which is experimental", image.text()),
        );
    }
}

fn ports(ports: &Node<'_, '_>, findings: &mut Diagnostics) {
    for item in ports.items() {
        if !item.get("containerPort").is_set() {
            findings.at(&item.get("containerPort"), &api::REQUIRED, "is missing");
        }
        port(&item, "containerPort", findings);
        if item.get("hostPort").int() != Some(0) {
            port(&item, "hostPort", findings);
        }
        syntax(&item.get("name"), &api::INNER_NAME, text::port_name, findings);
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

fn environment(container: &Node<'_, '_>, findings: &mut Diagnostics) {
    let env = container.get("env");
    for variable in env.items() {
        let name = variable.get("name");
        if name.str().is_none_or(str::is_empty) {
            findings.at(&name, &api::REQUIRED, "is missing or empty");
        } else {
            syntax(&name, &api::INNER_NAME, text::variable_name, findings);
        }
        let from = variable.get("valueFrom");
        if !from.is_set() {
            continue;
        }
        if variable.get("value").str().is_some_and(|value| !value.is_empty()) {
            findings.at(
                &variable,
                &api::ONE_OF,
                "has both a value and a place that it comes from",
            );
        }
        let sources: Vec<&str> = from
            .entries()
            .filter(|(_, source)| source.is_set())
            .map(|(key, _)| key)
            .collect();
        if sources.len() != 1 {
            findings.at(
                &from,
                &api::ONE_OF,
                format!(
                    "has {} sources: one of `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef`",
                    sources.len()
                ),
            );
        }
        for source in ["configMapKeyRef", "secretKeyRef"] {
            let source = from.get(source);
            if source.is_set() {
                required(&source, "key", findings);
                required(&source, "name", findings);
            }
        }
        let field = from.get("fieldRef");
        if field.is_set() && required(&field, "fieldPath", findings) {
            let path = field.get("fieldPath");
            let known = [
                "metadata.name",
                "metadata.namespace",
                "metadata.uid",
                "spec.nodeName",
                "spec.serviceAccountName",
                "status.hostIP",
                "status.hostIPs",
                "status.podIP",
                "status.podIPs",
            ];
            let keyed = ["metadata.labels['", "metadata.annotations['"];
            let sound = known.contains(&path.text())
                || keyed
                    .iter()
                    .any(|prefix| path.text().starts_with(prefix) && path.text().ends_with("']"));
            if !sound {
                findings.at(
                    &path,
                    &api::WORD,
                    format!("is `{}`, which no pod tells a variable", path.text()),
                );
            }
        }
    }
    distinct(&env, "name", by_name, findings);
    let from = container.get("envFrom");
    for item in from.items() {
        let sources = ["configMapRef", "secretRef"]
            .into_iter()
            .filter(|source| item.get(source).is_set())
            .count();
        if sources != 1 {
            findings.at(
                &item,
                &api::ONE_OF,
                format!("has {sources} sources: one of `configMapRef`, `secretRef`"),
            );
        }
    }
    undefined(container, findings);
}

/// `$(NAME)` where NAME is not defined, or not yet.
fn undefined(container: &Node<'_, '_>, findings: &mut Diagnostics) {
    let env = container.get("env");
    let defined: Vec<&str> = env.items().filter_map(|variable| variable.get("name").str()).collect();
    // What comes from elsewhere, or from a Service, cannot be seen here.
    let open = container.get("envFrom").len() > 0;
    let from_service =
        |name: &str| name.ends_with("_SERVICE_HOST") || name.contains("_SERVICE_PORT") || name.contains("_PORT_");
    for (index, variable) in env.items().enumerate() {
        let value = variable.get("value");
        for name in references(value.text()) {
            if defined[..index.min(defined.len())].contains(&name) {
                continue;
            }
            if let Some(later) = defined.iter().position(|other| *other == name) {
                let what = if later == index {
                    "itself"
                } else {
                    "a variable that is defined after it"
                };
                findings
                    .at(
                        &value,
                        &api::UNDEFINED,
                        format!("uses `$({name})`, {what}: the text stays as it is"),
                    )
                    .hint(format!("move `{name}` before `{}`", variable.get("name").text()));
            } else if !open && !from_service(name) {
                findings
                    .at(
                        &value,
                        &api::UNDEFINED,
                        format!("uses `$({name})`, which is not defined: the text stays as it is"),
                    )
                    .hint(format!(
                        "define `{name}` before it, or write `$$({name})` for the text itself"
                    ));
            }
        }
    }
    let shell = container.get("command").items().any(|word| word.text() == "-c")
        || container.get("args").items().any(|word| word.text() == "-c");
    for list in ["command", "args"] {
        let list = container.get(list);
        for word in list.items() {
            for name in references(word.text()) {
                // In a script, `$(name)` runs a program; only variables are written in capitals.
                let program = shell
                    && !name
                        .chars()
                        .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
                if !defined.contains(&name) && !open && !from_service(name) && !program {
                    findings
                        .at(
                            &word,
                            &api::UNDEFINED,
                            format!("uses `$({name})`, which the container does not define: the text stays as it is"),
                        )
                        .hint(format!("define `{name}` in the container's `env`"));
                }
            }
        }
    }
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
                &api::EXCLUDES,
                "is set: a readiness probe kills nothing",
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
            &api::ONE_OF,
            format!("{what}: it needs one of `{}`", kinds.join("`, `")),
        );
    }
    let exec = node.get("exec");
    if exec.is_set() && exec.get("command").len() == 0 {
        findings.at(&exec.get("command"), &api::REQUIRED, "is missing or empty");
    }
    for kind in ["httpGet", "tcpSocket", "grpc"] {
        let action = node.get(kind);
        if !action.is_set() {
            continue;
        }
        let target = action.get("port");
        if !target.is_set() {
            findings.at(&target, &api::REQUIRED, "is missing");
        }
        port(&action, "port", findings);
        if target.str().is_some() {
            syntax(&target, &api::INNER_NAME, text::port_name, findings);
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
                &api::PORT_NAME,
                format!("is `{name}`, and no port of the container is called that"),
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
            // Half a byte, or a few: `512m` where `512Mi` was meant.
            if matches!(name, "memory" | "ephemeral-storage")
                && read.is_some_and(|read| (1..1_048_576_000_000_000).contains(&read))
            {
                findings
                    .at(
                        &amount,
                        &api::QUANTITY,
                        format!(
                            "is `{}`, less than a mebibyte: no container runs with that {what}",
                            amount.text()
                        ),
                    )
                    .hint("memory is written as `512Mi` or `8Gi`");
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
                .hint("raise the limit, or ask for less");
        }
    }
}

fn mounts(mounts: &Node<'_, '_>, findings: &mut Diagnostics) {
    for mount in mounts.items() {
        required(&mount, "name", findings);
        let path = mount.get("mountPath");
        if path.str().is_none_or(str::is_empty) {
            findings.at(&path, &api::REQUIRED, "is missing or empty");
        } else if path.text().contains(':') {
            findings.at(
                &path,
                &api::INNER_NAME,
                format!("is `{}`: a path has no `:`", path.text()),
            );
        } else if !path.text().starts_with('/') {
            findings.at(
                &path,
                &api::INNER_NAME,
                format!("is `{}`: a path in a container begins with `/`", path.text()),
            );
        }
        sub_path(&mount.get("subPath"), findings);
        sub_path(&mount.get("subPathExpr"), findings);
        if mount.get("subPath").is_set() && mount.get("subPathExpr").is_set() {
            findings.at(&mount, &api::EXCLUDES, "has `subPath` and `subPathExpr`");
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
            &api::INNER_NAME,
            format!("is `{text}`: a path within a volume is relative and has no `..`"),
        );
    }
}

fn security(security: &Node<'_, '_>, findings: &mut Diagnostics) {
    if security.get("privileged").bool() == Some(true) && security.get("allowPrivilegeEscalation").bool() == Some(false)
    {
        findings.at(security, &api::EXCLUDES, "is privileged and allows no escalation");
    }
    let capabilities = security.get("capabilities");
    let adds_admin = capabilities
        .get("add")
        .items()
        .any(|name| matches!(name.text(), "SYS_ADMIN" | "CAP_SYS_ADMIN"));
    if adds_admin && security.get("allowPrivilegeEscalation").bool() == Some(false) {
        findings.at(security, &api::EXCLUDES, "adds SYS_ADMIN and allows no escalation");
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
            &api::EXCLUDES,
            "is 0, which `runAsNonRoot` forbids: the container is never started",
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
                &api::EXCLUDES,
                "goes with the type `Localhost`, and with no other",
            );
        }
    }
}
