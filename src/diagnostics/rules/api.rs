//! What the Kubernetes API server refuses, or takes and then silently breaks on. These rules judge finished objects: what a
//! stack renders, after its amendments, and manifests read with `check --dir`.

use crate::diagnostics::{
    Severity::{Error, Warning},
    family::rules,
};

rules! { rules::api;
    /// A file that holds no manifests.
    pub const UNREADABLE: Rule = Rule {
        id: "KS-A01",
        production: Error,
        development: Error,
        summary: "a file that cannot be read as manifests",
        explanation: "A folder of manifests holds YAML or JSON: one object or several, separated by `---`, or a List \
            of them. A file that is none of that stops `kubectl apply` in the middle, with the files before it applied \
            and those after it not.",
        source: "YAML 1.2; Kubernetes, kubectl apply",
    };

    /// A key that a mapping has twice.
    pub const DUPLICATE_KEY: Rule = Rule {
        id: "KS-A02",
        production: Error,
        development: Error,
        summary: "a key that a mapping has twice",
        explanation: "YAML forbids it. One reader refuses the file (kustomize, Flux), another takes the last value and \
            forgets the first (kubectl): half of what was written is silently gone.",
        source: "YAML 1.2, 3.2.1.1; sigs.k8s.io/yaml",
    };

    /// A value that readers of YAML take for different things.
    pub const AMBIGUOUS: Rule = Rule {
        id: "KS-A03",
        production: Warning,
        development: Warning,
        summary: "a value that YAML readers take for different things",
        explanation: "Kubernetes reads YAML 1.1: a bare `yes`, `on` or `n` is a boolean, `010` is eight and `1_000` a \
            thousand. A reader of YAML 1.2 takes them for text and for ten. What was reviewed is then not what is \
            applied. Quotes make it a text for everyone.",
        source: "YAML 1.1 bool and int types; YAML 1.2 core schema; sigs.k8s.io/yaml",
    };

    /// Something that is no object of the API.
    pub const NO_OBJECT: Rule = Rule {
        id: "KS-A04",
        production: Error,
        development: Error,
        summary: "something that is no object of the API",
        explanation: "An object has an `apiVersion`, a `kind` that exists in it, and a `metadata.name`. The API server \
            knows the built-in kinds under the versions that it serves, and answers anything else with `no matches for \
            kind`: among them the beta versions that were removed, as policy/v1beta1 in 1.25.",
        source: "Kubernetes API reference; Deprecated API Migration Guide",
    };

    /// A field that does not exist, or has another type.
    pub const SCHEMA: Rule = Rule {
        id: "KS-A05",
        production: Error,
        development: Error,
        summary: "a field that does not exist, or a value of another type",
        explanation: "A field that the kind does not have is refused by kubectl's strict validation, and dropped \
            without a word by clients without it: what it was meant to set stays at its default. A value of another \
            type, as a number or a boolean where a text is expected, is refused by everyone.",
        source: "Kubernetes API reference, field validation",
    };

    /// A kustomization that cannot be built.
    pub const KUSTOMIZATION: Rule = Rule {
        id: "KS-A06",
        production: Error,
        development: Error,
        summary: "a kustomization that names what is not there",
        explanation: "`kubectl apply -k` stops at a resource that it cannot find, and applies nothing of the whole \
            folder.",
        source: "kustomize, resources",
    };

    /// A kustomization that applies something else than the files.
    pub const TRANSFORMED: Rule = Rule {
        id: "KS-A07",
        production: Warning,
        development: Warning,
        summary: "a kustomization that applies something else than the files",
        explanation: "Patches, generators, prefixes and the like change objects on their way to the cluster, and a \
            file that no kustomization lists is not applied at all. What is judged here are the files as they are. \
            Build first, and judge the result: `kubectl kustomize DIR > built.yaml`, then `check --dir built.yaml`.",
        source: "kustomize, kustomization file",
    };

    /// A label or an annotation that is not one.
    pub const LABEL: Rule = Rule {
        id: "KS-A08",
        production: Error,
        development: Error,
        summary: "a label or an annotation that is not one",
        explanation: "A key is a name of up to 63 letters, digits, `-`, `_` and `.`, with a DNS name and `/` before it \
            if there is one. The value of a label follows the same rule and may be empty; that of an annotation is any \
            text, 256 KiB for all of them.",
        source: "Kubernetes, Labels and Selectors; Annotations",
    };

    /// A name within an object that is not one.
    pub const INNER_NAME: Rule = Rule {
        id: "KS-A09",
        production: Error,
        development: Error,
        summary: "a name within an object that is not one",
        explanation: "Containers and volumes are named by DNS labels, ports by up to 15 characters with a letter, keys \
            of a ConfigMap by letters, digits, `-`, `_` and `.`, and what refers to another object by what that object \
            may be called. The API server refuses anything else, though no schema says so.",
        source: "Kubernetes, API validation (ValidateContainers, ValidatePorts, ValidateConfigMap)",
    };

    /// Two entries of a list that must differ.
    pub const LISTED_TWICE: Rule = Rule {
        id: "KS-A10",
        production: Error,
        development: Error,
        summary: "two entries of a list that must differ",
        explanation: "Containers, volumes, ports, variables and mounts are lists to YAML and maps to the API server. \
            It refuses two with the same key, or applies one of them and drops the other.",
        source: "Kubernetes API reference, list-map keys; API validation",
    };

    /// A number that is out of its range.
    pub const RANGE: Rule = Rule {
        id: "KS-A11",
        production: Error,
        development: Error,
        summary: "a number that is out of its range",
        explanation: "A port is 1 to 65535, a replica count not negative, a probe's period at least a second, and so \
            on. The schema only says `integer`, and the API server refuses the object.",
        source: "Kubernetes, API validation (ValidatePortNum, validateProbe, ValidateNonnegativeField)",
    };

    /// A word that a field does not know.
    pub const WORD: Rule = Rule {
        id: "KS-A12",
        production: Error,
        development: Error,
        summary: "a word that a field does not know",
        explanation: "Such fields take a few words, spelt exactly: `IfNotPresent`, `ClusterIP`, `TCP`. The schema only \
            says `string`, and the API server refuses anything else.",
        source: "Kubernetes API reference",
    };

    /// An amount that is not one.
    pub const QUANTITY: Rule = Rule {
        id: "KS-A13",
        production: Error,
        development: Error,
        summary: "an amount that cannot be read, or that nothing can have",
        explanation: "An amount is a number with one of the suffixes m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei: \
            `8Gi` and neither `8GB` nor `8 Gi`. Memory below a mebibyte is nearly always a slip (`512m` is half a \
            byte), and a claim for no storage is refused.",
        source: "Kubernetes, Quantity; Resource Management for Pods and Containers",
    };

    /// Not exactly one of several.
    pub const ONE_OF: Rule = Rule {
        id: "KS-A14",
        production: Error,
        development: Error,
        summary: "none or several where exactly one is allowed",
        explanation: "A probe has one handler, a volume one source, a variable a value or one place that it comes \
            from. The API server refuses none as well as two.",
        source: "Kubernetes, API validation (validateHandler, validateVolumeSource, validateEnv)",
    };

    /// A field that is missing.
    pub const REQUIRED: Rule = Rule {
        id: "KS-A15",
        production: Error,
        development: Error,
        summary: "a field that the API server insists on",
        explanation: "Without it the object is refused, though many schemas let it pass because an empty text or list \
            is of the right type.",
        source: "Kubernetes, API validation",
    };

    /// Fields that exclude each other.
    pub const EXCLUDES: Rule = Rule {
        id: "KS-A16",
        production: Error,
        development: Error,
        summary: "fields that exclude each other",
        explanation: "Each field is valid by itself, and the API server refuses the two together: a Job that restarts \
            `Always`, a Deployment that does not, a headless Service with a load balancer, a rolling update that may \
            neither add nor remove a pod.",
        source: "Kubernetes, API validation",
    };

    /// A workload that does not select its own pods.
    pub const OWN_PODS: Rule = Rule {
        id: "KS-A17",
        production: Error,
        development: Error,
        summary: "a workload that does not select its own pods",
        explanation: "The labels of the template must satisfy the selector. The API server refuses a workload \
            otherwise: it would create pods for ever and find none of them.",
        source: "Kubernetes, API validation (ValidateDeploymentSpec, ValidateStatefulSetSpec)",
    };

    /// A volume that the pod does not have.
    pub const VOLUME: Rule = Rule {
        id: "KS-A18",
        production: Error,
        development: Error,
        summary: "a mount of a volume that the pod does not have",
        explanation: "A mount names a volume of the same pod, or a claim template of the same StatefulSet. The API \
            server refuses any other name: `volumeMounts[0].name: Not found`.",
        source: "Kubernetes, API validation (ValidateVolumeMounts)",
    };

    /// A reference that leads nowhere.
    pub const REFERENCE: Rule = Rule {
        id: "KS-A19",
        production: Warning,
        development: Warning,
        summary: "a reference to an object that is not there",
        explanation: "A pod that mounts a ConfigMap or a Secret which does not exist waits in ContainerCreating for \
            ever; one with an unknown ServiceAccount is never created. Nothing refuses it. In a stack the object may \
            be someone else's: acknowledge it with the reason. In a folder it is an error, unless `--assume KIND/NAME` \
            says that the cluster has it.",
        source: "Kubernetes, Configure a Pod to Use a ConfigMap; Secrets; Service Accounts",
    };

    /// A key that is not there.
    pub const MISSING_KEY: Rule = Rule {
        id: "KS-A20",
        production: Error,
        development: Error,
        summary: "a reference to a key that a ConfigMap or Secret does not have",
        explanation: "The object is there and the key is not: the container waits in CreateContainerConfigError, or \
            the volume is never set up.",
        source: "Kubernetes, Configure a Pod to Use a ConfigMap",
    };

    /// A selector that selects nothing.
    pub const SELECTS_NOTHING: Rule = Rule {
        id: "KS-A21",
        production: Warning,
        development: Warning,
        summary: "a selector that selects nothing",
        explanation: "A Service without pods refuses every connection, a budget without pods guards nothing, a policy \
            without pods leaves them open, and a monitor without targets is an empty dashboard. Nothing refuses any of \
            them. In a stack the pods may be someone else's: acknowledge it. In a folder it is an error, unless \
            `--assume Pod` says that the cluster has them.",
        source: "Kubernetes, Labels and Selectors",
    };

    /// A port by a name that nobody has.
    pub const PORT_NAME: Rule = Rule {
        id: "KS-A22",
        production: Error,
        development: Error,
        summary: "a port by a name that nobody there has",
        explanation: "A named port is looked up in each pod, or in the Service. Where no container declares the name, \
            a Service has no endpoint, a probe fails, a policy admits nobody and a monitor finds no target; and \
            nothing refuses it.",
        source: "Kubernetes, Service, port definitions; Prometheus operator, API reference",
    };

    /// A port that no container declares.
    pub const PORT_NUMBER: Rule = Rule {
        id: "KS-A23",
        production: Warning,
        development: Warning,
        summary: "a port that none of the selected pods declares",
        explanation: "A container may listen on ports that it does not declare, so this is no error; but where pods \
            declare others, a number that none of them has is usually a slip, and connections to it are refused.",
        source: "Kubernetes, Service, targetPort",
    };

    /// A StatefulSet without the Service that names its pods.
    pub const GOVERNING_SERVICE: Rule = Rule {
        id: "KS-A24",
        production: Error,
        development: Error,
        summary: "a StatefulSet whose Service does not name its pods",
        explanation: "The Service in `serviceName` gives each pod its DNS name. It must be headless and select the \
            pods; otherwise `kafka-0.kafka-headless` never resolves, and members of a quorum do not find each other.",
        source: "Kubernetes, StatefulSet, stable network ID",
    };

    /// A budget that blocks every eviction.
    pub const NO_EVICTION: Rule = Rule {
        id: "KS-A25",
        production: Error,
        development: Error,
        summary: "a disruption budget that blocks every eviction",
        explanation: "With as many pods required as there are, or none allowed away, no node can ever be drained: an \
            upgrade of the cluster waits for ever, or someone deletes the budget.",
        source: "Kubernetes, Specifying a Disruption Budget for your Application",
    };

    /// A pod with two budgets.
    pub const TWO_BUDGETS: Rule = Rule {
        id: "KS-A26",
        production: Error,
        development: Error,
        summary: "pods with two disruption budgets",
        explanation: "The eviction API answers 500 for a pod that more than one budget selects, so its node cannot be \
            drained.",
        source: "Kubernetes, API-initiated Eviction",
    };

    /// A variable that is used before it is defined.
    pub const UNDEFINED: Rule = Rule {
        id: "KS-A27",
        production: Error,
        development: Error,
        summary: "a variable that is not defined where it is used",
        explanation: "`$(NAME)` in a variable is replaced only by variables that come before it in the list, and in a \
            command only by those of the container. Otherwise the text `$(NAME)` itself stays, without a warning: an \
            address, an id or a path that is not one.",
        source: "Kubernetes, Define Dependent Environment Variables",
    };

    /// An object that does not fit into the store.
    pub const TOO_LARGE: Rule = Rule {
        id: "KS-A28",
        production: Error,
        development: Error,
        summary: "an object that is larger than the API server stores",
        explanation: "The data of a ConfigMap or a Secret may have 1 MiB, and etcd takes no request above 1.5 MiB: \
            `Request entity too large`.",
        source: "Kubernetes, ConfigMaps; etcd, system limits",
    };

    /// An object that `kubectl apply` cannot annotate.
    pub const TOO_LARGE_TO_APPLY: Rule = Rule {
        id: "KS-A29",
        production: Warning,
        development: Warning,
        summary: "an object that a plain `kubectl apply` cannot annotate",
        explanation: "Client-side apply keeps the whole object as JSON in an annotation, and all annotations of an \
            object may have 256 KiB. Apply it with `--server-side`, or split it.",
        source: "Kubernetes, Server-Side Apply; Annotations",
    };

    /// Workloads that fight for pods.
    pub const SHARED_PODS: Rule = Rule {
        id: "KS-A30",
        production: Error,
        development: Error,
        summary: "two workloads that select the same pods",
        explanation: "Each of the two takes the other's pods for its own, and deletes what it thinks are too many. The \
            API server does not look at other objects, so nothing refuses it.",
        source: "Kubernetes, Deployments, selector",
    };

    /// Alert rules that the operator refuses.
    pub const ALERT_RULES: Rule = Rule {
        id: "KS-A31",
        production: Error,
        development: Error,
        summary: "alert rules that Prometheus does not load",
        explanation: "Groups have different names, a rule has an expression and is either an alert or a recording, and \
            its times are written as `5m` or `1h30m`. Prometheus drops the whole file otherwise, and with it every \
            other alert in it.",
        source: "Prometheus, defining recording and alerting rules; Prometheus operator, API reference",
    };
}
