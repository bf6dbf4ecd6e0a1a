//! The restricted level of the Pod Security Standards, as the admission controller of the API server judges a pod.

use super::node::Node;

/// What the restricted level refuses about a pod; nothing if it passes.
pub(crate) fn violations(pod: &Node<'_, '_>) -> Vec<String> {
    let mut found = Vec::new();
    for field in ["hostNetwork", "hostPID", "hostIPC"] {
        if pod.get(field).bool() == Some(true) {
            found.push(format!("`{field}` is set"));
        }
    }
    let volumes = pod.get("volumes");
    for volume in volumes.items() {
        const ALLOWED: [&str; 9] = [
            "name",
            "configMap",
            "csi",
            "downwardAPI",
            "emptyDir",
            "ephemeral",
            "persistentVolumeClaim",
            "projected",
            "secret",
        ];
        for (source, _) in volume
            .entries()
            .filter(|(source, value)| value.is_set() && !ALLOWED.contains(source))
        {
            found.push(format!("volume `{}` is a `{source}`", volume.get("name").text()));
        }
    }
    let security = pod.get("securityContext");
    for list in ["initContainers", "containers"] {
        let list = pod.get(list);
        for container in list.items() {
            self::container(&container, &security, &mut found);
        }
    }
    found
}

fn container(container: &Node<'_, '_>, pod: &Node<'_, '_>, found: &mut Vec<String>) {
    let own = container.get("securityContext");
    let name = container.get("name").text();
    let mut say = |what: &str| found.push(format!("container `{name}` {what}"));
    if own.get("privileged").bool() == Some(true) {
        say("is privileged");
    }
    if own.get("allowPrivilegeEscalation").bool() != Some(false) {
        say("does not set `allowPrivilegeEscalation: false`");
    }
    let capabilities = own.get("capabilities");
    if !capabilities.get("drop").items().any(|dropped| dropped.text() == "ALL") {
        say("does not drop `ALL` capabilities");
    }
    if capabilities
        .get("add")
        .items()
        .any(|added| added.text() != "NET_BIND_SERVICE")
    {
        say("adds capabilities");
    }
    if own.get("runAsNonRoot").bool().or(pod.get("runAsNonRoot").bool()) != Some(true) {
        say("does not set `runAsNonRoot: true`");
    }
    if own.get("runAsUser").int().or(pod.get("runAsUser").int()) == Some(0) {
        say("runs as root");
    }
    let seccomp = [&own, pod].into_iter().find_map(|security| {
        let profile = security.get("seccompProfile");
        profile.get("type").str().map(str::to_owned)
    });
    if !matches!(seccomp.as_deref(), Some("RuntimeDefault" | "Localhost")) {
        say("has no `seccompProfile`");
    }
    let ports = container.get("ports");
    if ports
        .items()
        .any(|port| port.get("hostPort").int().is_some_and(|number| number != 0))
    {
        say("has a `hostPort`");
    }
}
