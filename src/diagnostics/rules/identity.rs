//! Images, and what the service mesh makes of a pod. These rules judge finished objects: those of a stack after its
//! amendments, and manifests read with `check --dir`.

use crate::diagnostics::{
    Severity::{Error, Warning},
    family::rules,
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
        explanation: "The proxy runs on when the Job's own container is done, so the Job never completes. The label \
            `sidecar.istio.io/inject: \"false\"` on the pod keeps it away.",
        source: "Istio, Installing the Sidecar; Kubernetes, Sidecar Containers",
    };

    /// Brokers that get a sidecar by accident.
    pub const MESH_UNDECIDED: Rule = Rule {
        id: "KS-I03",
        production: Error,
        development: Error,
        summary: "Kafka pods in an injected namespace that decide nothing",
        explanation: "The namespace injects Istio's proxy into every pod. Clients of Kafka dial each broker by its own \
            address, and members of a quorum start before any proxy is ready: neither works by accident. Decide with \
            the label `sidecar.istio.io/inject` on the pod.",
        source: "Istio, Installing the Sidecar; Strimzi #4604",
    };

    /// The user of the proxy.
    pub const MESH_USER: Rule = Rule {
        id: "KS-I04",
        production: Error,
        development: Error,
        summary: "a container with the user id of Istio's proxy",
        explanation: "Traffic of user 1337 bypasses the proxy, because it is the proxy's own: such a container speaks \
            in plain text where the mesh promises mTLS.",
        source: "Istio, Application Requirements",
    };

    /// An image that changes under its name.
    pub const FLOATING_IMAGE: Rule = Rule {
        id: "KS-I05",
        production: Error,
        development: Warning,
        summary: "an image without a version",
        explanation: "`latest`, or no tag at all, is another image tomorrow: two pods of one set run different \
            versions, and a restart is an upgrade. Name a version, or a digest.",
        source: "Kubernetes, Configuration Best Practices; Images",
    };

    /// An image that cannot be pulled.
    pub const IMAGE: Rule = Rule {
        id: "KS-I06",
        production: Error,
        development: Error,
        summary: "an image that no runtime can pull",
        explanation: "A reference is `[host[:port]/]name[:tag][@digest]`, the name in lower case. Anything else stays \
            in InvalidImageName for ever.",
        source: "Distribution, reference grammar; Kubernetes, Images",
    };
}
