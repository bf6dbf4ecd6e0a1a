//! The restricted level of the Pod Security Standards, as the admission controller of the API server judges a pod.

use super::node::Node;

/// Something that the restricted level refuses.
#[derive(Clone, Debug)]
pub(crate) struct Violation {
    pub(crate) what: String,
    /// Whether a field is only missing, so that a platform may fill it in.
    pub(crate) missing: bool,
}

/// What the restricted level refuses about a pod; nothing if it passes.
pub(crate) fn violations(pod: &Node<'_, '_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for field in ["hostNetwork", "hostPID", "hostIPC"] {
        if pod.get(field).bool() == Some(true) {
            found.push(Violation {
                what: format!("`{field}` is set"),
                missing: false,
            });
        }
    }
    let volumes = pod.get("volumes");
    for volume in volumes.items() {
        const ALLOWED: [&str; 10] = [
            "name",
            "configMap",
            "csi",
            "downwardAPI",
            "emptyDir",
            "ephemeral",
            "image",
            "persistentVolumeClaim",
            "projected",
            "secret",
        ];
        for (source, _) in volume
            .entries()
            .filter(|(source, value)| value.is_set() && !ALLOWED.contains(source))
        {
            found.push(Violation {
                what: format!("volume `{}` is a `{source}`", volume.get("name").text()),
                missing: false,
            });
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

fn container(container: &Node<'_, '_>, pod: &Node<'_, '_>, found: &mut Vec<Violation>) {
    let own = container.get("securityContext");
    let name = container.get("name").text();
    let mut say = |what: &str, missing: bool| {
        found.push(Violation {
            what: format!("container `{name}` {what}"),
            missing,
        });
    };
    if own.get("privileged").bool() == Some(true) {
        say("is privileged", false);
    }
    let escalation = own.get("allowPrivilegeEscalation").bool();
    if escalation != Some(false) {
        say("does not set `allowPrivilegeEscalation: false`", escalation.is_none());
    }
    let capabilities = own.get("capabilities");
    if !capabilities.get("drop").items().any(|dropped| dropped.text() == "ALL") {
        say("does not drop `ALL` capabilities", true);
    }
    if capabilities
        .get("add")
        .items()
        .any(|added| added.text() != "NET_BIND_SERVICE")
    {
        say("adds capabilities", false);
    }
    let non_root = own.get("runAsNonRoot").bool().or(pod.get("runAsNonRoot").bool());
    if non_root != Some(true) {
        say("does not set `runAsNonRoot: true`", non_root.is_none());
    }
    if own.get("runAsUser").int().or(pod.get("runAsUser").int()) == Some(0) {
        say("runs as root", false);
    }
    let seccomp = [&own, pod].into_iter().find_map(|security| {
        let profile = security.get("seccompProfile");
        profile.get("type").str().map(str::to_owned)
    });
    if !matches!(seccomp.as_deref(), Some("RuntimeDefault" | "Localhost")) {
        say("has no `seccompProfile`", seccomp.is_none());
    }
    let ports = container.get("ports");
    if ports
        .items()
        .any(|port| port.get("hostPort").int().is_some_and(|number| number != 0))
    {
        say("has a `hostPort`", false);
    }
}
