//! What the Kubernetes API server refuses, or takes and then silently breaks on. These rules judge finished objects: what a
//! stack renders, after its amendments, and manifests read with `check --dir`.

use crate::diagnostics::{
    Rule,
    Severity::{self, Error, Warning},
};

const fn rule(
    id: &'static str,
    severity: Severity,
    summary: &'static str,
    explanation: &'static str,
    source: &'static str,
) -> Rule {
    Rule {
        id,
        production: severity,
        development: severity,
        summary,
        explanation,
        source,
    }
}

/// A file that holds no manifests.
pub const UNREADABLE: Rule = rule(
    "KS-A01",
    Error,
    "a file that cannot be read as manifests",
    "A folder of manifests holds YAML or JSON: one object or several, separated by `---`, or a List of them. A file that is \
     none of that stops `kubectl apply` in the middle, with the files before it applied and those after it not.",
    "YAML 1.2; Kubernetes, kubectl apply",
);

/// A key that a mapping has twice.
pub const DUPLICATE_KEY: Rule = rule(
    "KS-A02",
    Error,
    "a key that a mapping has twice",
    "YAML forbids it. One reader refuses the file (kustomize, Flux), another takes the last value and forgets the first \
     (kubectl): half of what was written is silently gone.",
    "YAML 1.2, 3.2.1.1; sigs.k8s.io/yaml",
);

/// A value that readers of YAML take for different things.
pub const AMBIGUOUS: Rule = rule(
    "KS-A03",
    Warning,
    "a value that YAML readers take for different things",
    "Kubernetes reads YAML 1.1: a bare `yes`, `on` or `n` is a boolean, `010` is eight and `1_000` a thousand. A reader of \
     YAML 1.2 takes them for text and for ten. What was reviewed is then not what is applied. Quotes make it a text for \
     everyone.",
    "YAML 1.1 bool and int types; YAML 1.2 core schema; sigs.k8s.io/yaml",
);

/// Something that is no object of the API.
pub const NO_OBJECT: Rule = rule(
    "KS-A04",
    Error,
    "something that is no object of the API",
    "An object has an `apiVersion`, a `kind` that exists in it, and a `metadata.name`. The API server knows the built-in \
     kinds under the versions that it serves, and answers anything else with `no matches for kind`: among them the beta \
     versions that were removed, as policy/v1beta1 in 1.25.",
    "Kubernetes API reference; Deprecated API Migration Guide",
);

/// A field that does not exist, or has another type.
pub const SCHEMA: Rule = rule(
    "KS-A05",
    Error,
    "a field that does not exist, or a value of another type",
    "A field that the kind does not have is refused by kubectl's strict validation, and dropped without a word by clients \
     without it: what it was meant to set stays at its default. A value of another type, as a number or a boolean where a \
     text is expected, is refused by everyone.",
    "Kubernetes API reference, field validation",
);

/// A kustomization that cannot be built.
pub const KUSTOMIZATION: Rule = rule(
    "KS-A06",
    Error,
    "a kustomization that names what is not there",
    "`kubectl apply -k` stops at a resource that it cannot find, and applies nothing of the whole folder.",
    "kustomize, resources",
);

/// A kustomization that applies something else than the files.
pub const TRANSFORMED: Rule = rule(
    "KS-A07",
    Warning,
    "a kustomization that applies something else than the files",
    "Patches, generators, prefixes and the like change objects on their way to the cluster, and a file that no kustomization \
     lists is not applied at all. What is judged here are the files as they are. Build first, and judge the result: \
     `kubectl kustomize DIR > built.yaml`, then `check --dir built.yaml`.",
    "kustomize, kustomization file",
);

/// A label or an annotation that is not one.
pub const LABEL: Rule = rule(
    "KS-A08",
    Error,
    "a label or an annotation that is not one",
    "A key is a name of up to 63 letters, digits, `-`, `_` and `.`, with a DNS name and `/` before it if there is one. The \
     value of a label follows the same rule and may be empty; that of an annotation is any text, 256 KiB for all of them.",
    "Kubernetes, Labels and Selectors; Annotations",
);

/// A name within an object that is not one.
pub const INNER_NAME: Rule = rule(
    "KS-A09",
    Error,
    "a name within an object that is not one",
    "Containers and volumes are named by DNS labels, ports by up to 15 characters with a letter, keys of a ConfigMap by \
     letters, digits, `-`, `_` and `.`, and what refers to another object by what that object may be called. The API server \
     refuses anything else, though no schema says so.",
    "Kubernetes, API validation (ValidateContainers, ValidatePorts, ValidateConfigMap)",
);

/// Two entries of a list that must differ.
pub const LISTED_TWICE: Rule = rule(
    "KS-A10",
    Error,
    "two entries of a list that must differ",
    "Containers, volumes, ports, variables and mounts are lists to YAML and maps to the API server. It refuses two with \
     the same key, or applies one of them and drops the other.",
    "Kubernetes API reference, list-map keys; API validation",
);

/// A number that is out of its range.
pub const RANGE: Rule = rule(
    "KS-A11",
    Error,
    "a number that is out of its range",
    "A port is 1 to 65535, a replica count not negative, a probe's period at least a second, and so on. The schema only \
     says `integer`, and the API server refuses the object.",
    "Kubernetes, API validation (ValidatePortNum, validateProbe, ValidateNonnegativeField)",
);

/// A word that a field does not know.
pub const WORD: Rule = rule(
    "KS-A12",
    Error,
    "a word that a field does not know",
    "Such fields take a few words, spelt exactly: `IfNotPresent`, `ClusterIP`, `TCP`. The schema only says `string`, and the \
     API server refuses anything else.",
    "Kubernetes API reference",
);

/// An amount that is not one.
pub const QUANTITY: Rule = rule(
    "KS-A13",
    Error,
    "an amount that cannot be read, or that nothing can have",
    "An amount is a number with one of the suffixes m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei: `8Gi` and neither `8GB` nor \
     `8 Gi`. Memory below a mebibyte is nearly always a slip (`512m` is half a byte), and a claim for no storage is refused.",
    "Kubernetes, Quantity; Resource Management for Pods and Containers",
);

/// Not exactly one of several.
pub const ONE_OF: Rule = rule(
    "KS-A14",
    Error,
    "none or several where exactly one is allowed",
    "A probe has one handler, a volume one source, a variable a value or one place that it comes from. The API server \
     refuses none as well as two.",
    "Kubernetes, API validation (validateHandler, validateVolumeSource, validateEnv)",
);

/// A field that is missing.
pub const REQUIRED: Rule = rule(
    "KS-A15",
    Error,
    "a field that the API server insists on",
    "Without it the object is refused, though many schemas let it pass because an empty text or list is of the right type.",
    "Kubernetes, API validation",
);

/// Fields that exclude each other.
pub const EXCLUDES: Rule = rule(
    "KS-A16",
    Error,
    "fields that exclude each other",
    "Each field is valid by itself, and the API server refuses the two together: a Job that restarts `Always`, a Deployment \
     that does not, a headless Service with a load balancer, a rolling update that may neither add nor remove a pod.",
    "Kubernetes, API validation",
);

/// A workload that does not select its own pods.
pub const OWN_PODS: Rule = rule(
    "KS-A17",
    Error,
    "a workload that does not select its own pods",
    "The labels of the template must satisfy the selector. The API server refuses a workload otherwise: it would create pods \
     for ever and find none of them.",
    "Kubernetes, API validation (ValidateDeploymentSpec, ValidateStatefulSetSpec)",
);

/// A volume that the pod does not have.
pub const VOLUME: Rule = rule(
    "KS-A18",
    Error,
    "a mount of a volume that the pod does not have",
    "A mount names a volume of the same pod, or a claim template of the same StatefulSet. The API server refuses any other \
     name: `volumeMounts[0].name: Not found`.",
    "Kubernetes, API validation (ValidateVolumeMounts)",
);

/// A reference that leads nowhere.
pub const REFERENCE: Rule = rule(
    "KS-A19",
    Warning,
    "a reference to an object that is not there",
    "A pod that mounts a ConfigMap or a Secret which does not exist waits in ContainerCreating for ever; one with an unknown \
     ServiceAccount is never created. Nothing refuses it. In a stack the object may be someone else's: acknowledge it with \
     the reason. In a folder it is an error, unless `--assume KIND/NAME` says that the cluster has it.",
    "Kubernetes, Configure a Pod to Use a ConfigMap; Secrets; Service Accounts",
);

/// A key that is not there.
pub const MISSING_KEY: Rule = rule(
    "KS-A20",
    Error,
    "a reference to a key that a ConfigMap or Secret does not have",
    "The object is there and the key is not: the container waits in CreateContainerConfigError, or the volume is never set \
     up.",
    "Kubernetes, Configure a Pod to Use a ConfigMap",
);

/// A selector that selects nothing.
pub const SELECTS_NOTHING: Rule = rule(
    "KS-A21",
    Warning,
    "a selector that selects nothing",
    "A Service without pods refuses every connection, a budget without pods guards nothing, a policy without pods leaves \
     them open, and a monitor without targets is an empty dashboard. Nothing refuses any of them. In a stack the pods may be \
     someone else's: acknowledge it. In a folder it is an error, unless `--assume Pod` says that the cluster has them.",
    "Kubernetes, Labels and Selectors",
);

/// A port by a name that nobody has.
pub const PORT_NAME: Rule = rule(
    "KS-A22",
    Error,
    "a port by a name that nobody there has",
    "A named port is looked up in each pod, or in the Service. Where no container declares the name, a Service has no \
     endpoint, a probe fails, a policy admits nobody and a monitor finds no target; and nothing refuses it.",
    "Kubernetes, Service, port definitions; Prometheus operator, API reference",
);

/// A port that no container declares.
pub const PORT_NUMBER: Rule = rule(
    "KS-A23",
    Warning,
    "a port that none of the selected pods declares",
    "A container may listen on ports that it does not declare, so this is no error; but where pods declare others, a \
     number that none of them has is usually a slip, and connections to it are refused.",
    "Kubernetes, Service, targetPort",
);

/// A StatefulSet without the Service that names its pods.
pub const GOVERNING_SERVICE: Rule = rule(
    "KS-A24",
    Error,
    "a StatefulSet whose Service does not name its pods",
    "The Service in `serviceName` gives each pod its DNS name. It must be headless and select the pods; otherwise \
     `kafka-0.kafka-headless` never resolves, and members of a quorum do not find each other.",
    "Kubernetes, StatefulSet, stable network ID",
);

/// A budget that blocks every eviction.
pub const NO_EVICTION: Rule = rule(
    "KS-A25",
    Error,
    "a disruption budget that blocks every eviction",
    "With as many pods required as there are, or none allowed away, no node can ever be drained: an upgrade of the cluster \
     waits for ever, or someone deletes the budget.",
    "Kubernetes, Specifying a Disruption Budget for your Application",
);

/// A pod with two budgets.
pub const TWO_BUDGETS: Rule = rule(
    "KS-A26",
    Error,
    "pods with two disruption budgets",
    "The eviction API answers 500 for a pod that more than one budget selects, so its node cannot be drained.",
    "Kubernetes, API-initiated Eviction",
);

/// A variable that is used before it is defined.
pub const UNDEFINED: Rule = rule(
    "KS-A27",
    Error,
    "a variable that is not defined where it is used",
    "`$(NAME)` in a variable is replaced only by variables that come before it in the list, and in a command only by those \
     of the container. Otherwise the text `$(NAME)` itself stays, without a warning: an address, an id or a path that is not \
     one.",
    "Kubernetes, Define Dependent Environment Variables",
);

/// An object that does not fit into the store.
pub const TOO_LARGE: Rule = rule(
    "KS-A28",
    Error,
    "an object that is larger than the API server stores",
    "The data of a ConfigMap or a Secret may have 1 MiB, and etcd takes no request above 1.5 MiB: `Request entity too \
     large`.",
    "Kubernetes, ConfigMaps; etcd, system limits",
);

/// An object that `kubectl apply` cannot annotate.
pub const TOO_LARGE_TO_APPLY: Rule = rule(
    "KS-A29",
    Warning,
    "an object that a plain `kubectl apply` cannot annotate",
    "Client-side apply keeps the whole object as JSON in an annotation, and all annotations of an object may have 256 KiB. \
     Apply it with `--server-side`, or split it.",
    "Kubernetes, Server-Side Apply; Annotations",
);

/// Workloads that fight for pods.
pub const SHARED_PODS: Rule = rule(
    "KS-A30",
    Error,
    "two workloads that select the same pods",
    "Each of the two takes the other's pods for its own, and deletes what it thinks are too many. The API server does not \
     look at other objects, so nothing refuses it.",
    "Kubernetes, Deployments, selector",
);

/// Alert rules that the operator refuses.
pub const ALERT_RULES: Rule = rule(
    "KS-A31",
    Error,
    "alert rules that Prometheus does not load",
    "Groups have different names, a rule has an expression and is either an alert or a recording, and its times are written \
     as `5m` or `1h30m`. Prometheus drops the whole file otherwise, and with it every other alert in it.",
    "Prometheus, defining recording and alerting rules; Prometheus operator, API reference",
);
