//! Pods that get the sidecar of a service mesh.

use crate::diagnostics::{Severity::Error, family::rules};
use crate::lint::model::{
    ObjectDetail, ObjectModel,
    program::Program,
    selector::selects,
    service::PortRef,
    set::{ObjectSet, SetFindings},
    workload::Workload,
};

rules! { rules::identity;
    /// A port that the mesh does not know.
    pub const MESH_PORT: Rule = Rule {
        id: "KS-I01",
        production: Error,
        development: Error,
        summary: "a pod with a sidecar whose ports its Service does not declare as TCP",
        explanation: "Istio takes a port's protocol from its name (`tcp-client`) or `appProtocol`, and lets a port \
            that no Service declares through as it is, without mTLS. A Kafka protocol that is taken for HTTP is \
            broken.",
        source: "Istio, Application Requirements; Protocol Selection",
    };

    /// A Job with a sidecar.
    pub const MESH_JOB: Rule = Rule {
        id: "KS-I02",
        production: Error,
        development: Error,
        summary: "a Job that gets a sidecar",
        explanation: "The proxy keeps running after the Job's own container has completed, so the Job never \
            completes. The label \
            `sidecar.istio.io/inject: \"false\"` on the pod prevents it.",
        source: "Istio, Installing the Sidecar; Kubernetes, Sidecar Containers",
    };

    /// Brokers that get a sidecar by accident.
    pub const MESH_UNDECIDED: Rule = Rule {
        id: "KS-I03",
        production: Error,
        development: Error,
        summary: "Kafka pods that do not decide about Istio in a namespace with injection",
        explanation: "The namespace injects Istio's proxy into every pod. Clients of Kafka connect to each broker by \
            its own address, and members of a quorum start before any proxy is ready: neither works without further \
            configuration. Decide with \
            the label `sidecar.istio.io/inject` on the pod.",
        source: "Istio, Installing the Sidecar; Strimzi #4604",
    };

    /// The user of the proxy.
    pub const MESH_USER: Rule = Rule {
        id: "KS-I04",
        production: Error,
        development: Error,
        summary: "a container with the user id of Istio's proxy",
        explanation: "Traffic of user 1337 bypasses the proxy, because it is the proxy's own: such a container sends \
            plain text although the mesh requires mTLS.",
        source: "Istio, Application Requirements",
    };
}

pub(super) fn check(
    set: &ObjectSet<'_>,
    findings: &mut SetFindings,
    index: usize,
    object: &ObjectModel,
    workload: &Workload,
) {
    let namespace = object.identity.namespace.clone();
    let injects = matches!(
        set.find("Namespace", "", &namespace).map(|found| &found.detail),
        Some(ObjectDetail::Namespace { injects: true, .. })
    );
    let injected = workload.injected.unwrap_or(injects);
    if !injected {
        return;
    }
    if object.identity.kind == "Job" || object.identity.kind == "CronJob" {
        findings
            .add(
                index,
                "/spec/template/metadata",
                &MESH_JOB,
                "its pods get a sidecar, which keeps running when the Job has finished",
            )
            .hint("set the label `sidecar.istio.io/inject: \"false\"` on its pods");
    }
    if let Some(pointer) = &workload.proxy_user {
        findings
            .add(
                index,
                pointer.clone(),
                &MESH_USER,
                "a container runs as user 1337, whose traffic bypasses the proxy",
            )
            .hint("choose another `runAsUser`");
    }
    let Some(kafka) = workload
        .kafka
        .as_ref()
        .filter(|kafka| matches!(kafka.program, Program::Broker | Program::ZooKeeper))
    else {
        return;
    };
    if workload.injected.is_none() {
        findings.add(
            index,
            "/spec/template/metadata",
            &MESH_UNDECIDED,
            format!(
                "namespace `{namespace}` injects a sidecar, and container `{}` uses a protocol that the sidecar does \
                not know",
                kafka.container
            ),
        )
        .hint("set the label `sidecar.istio.io/inject: \"false\"` on the pods, or `\"true\"` if that is intended");
        return;
    }
    let services: Vec<&ObjectModel> = set
        .objects
        .iter()
        .copied()
        .filter(|other| other.identity.namespace == namespace)
        .filter(|other| {
            other
                .service()
                .and_then(|service| service.selector.as_ref())
                .is_some_and(|selector| selects(selector, &workload.pods))
        })
        .collect();
    for port in &workload.ports {
        let declared = services
            .iter()
            .filter_map(|other| other.service())
            .flat_map(|service| &service.ports)
            .find(|known| {
                known.target == PortRef::Number(port.number) || known.target == PortRef::Name(port.name.clone())
            });
        let spoken = |name: &str| {
            let protocol = name.split('-').next().unwrap_or_default();
            ["tcp", "tls", "http", "https", "grpc", "mongo", "redis"].contains(&protocol)
        };
        let message = match declared {
            None => format!(
                "no Service declares port {} of the pods: the sidecar passes it through without mTLS",
                port.number
            ),
            Some(known) if !spoken(&known.name) && known.protocol.is_empty() => {
                format!(
                    "the name `{1}` of port {0} does not tell the sidecar its protocol",
                    port.number, known.name
                )
            }
            Some(_) => continue,
        };
        findings
            .add(index, "/spec/template/spec", &MESH_PORT, message)
            .hint("declare every port in the headless Service, with a name that begins with `tcp-`");
    }
}
