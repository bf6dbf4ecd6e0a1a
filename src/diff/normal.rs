//! Objects as they are compared: without what the API server fills in, so that a default that is written out, a live object and
//! another way to write an amount are not a change.
//!
//! This is what decides about a restart, too: the controllers compare templates after the API server has filled in the defaults.

use serde_json::{Map, Value};

/// Fields of `metadata` that only the API server sets.
const OF_SERVER: [&str; 8] = [
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// Annotations that controllers and kubectl set.
const OF_TOOLS: [&str; 3] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    "deployment.kubernetes.io/revision",
    "deprecated.daemonset.template.generation",
];

/// Fields, each with the value that it has without being set, as JSON.
type Defaults = &'static [(&'static str, &'static str)];

const STATEFUL_SET: Defaults = &[
    ("podManagementPolicy", "\"OrderedReady\""),
    ("replicas", "1"),
    ("revisionHistoryLimit", "10"),
    ("minReadySeconds", "0"),
];

const DEPLOYMENT: Defaults = &[
    ("replicas", "1"),
    ("revisionHistoryLimit", "10"),
    ("progressDeadlineSeconds", "600"),
    ("minReadySeconds", "0"),
];

const SERVICE: Defaults = &[
    ("type", "\"ClusterIP\""),
    ("sessionAffinity", "\"None\""),
    ("internalTrafficPolicy", "\"Cluster\""),
    ("ipFamilies", "[\"IPv4\"]"),
    ("ipFamilyPolicy", "\"SingleStack\""),
    ("allocateLoadBalancerNodePorts", "true"),
    ("externalTrafficPolicy", "\"Cluster\""),
    ("publishNotReadyAddresses", "false"),
];

const POD: Defaults = &[
    ("restartPolicy", "\"Always\""),
    ("dnsPolicy", "\"ClusterFirst\""),
    ("schedulerName", "\"default-scheduler\""),
    ("terminationGracePeriodSeconds", "30"),
    ("hostNetwork", "false"),
    ("hostPID", "false"),
    ("hostIPC", "false"),
];

const PROBE: Defaults = &[
    ("timeoutSeconds", "1"),
    ("periodSeconds", "10"),
    ("successThreshold", "1"),
    ("failureThreshold", "3"),
    ("initialDelaySeconds", "0"),
];

/// The value that a field of an object has where no manifest sets it, by the kind and by the field's pattern; `null` if it has none,
/// or none that is known here.
pub(super) fn unset(kind: &str, pattern: &str) -> Value {
    let Some((parent, key)) = pattern.rsplit_once('.') else {
        return Value::Null;
    };
    let list = match (kind, parent) {
        ("StatefulSet", "spec") => STATEFUL_SET,
        ("Deployment", "spec") => DEPLOYMENT,
        ("Service", "spec") => SERVICE,
        _ if parent.ends_with("template.spec") => POD,
        _ if parent.ends_with("Probe") => PROBE,
        _ => return Value::Null,
    };
    let default = list.iter().find(|(field, _)| *field == key);
    default.map_or(Value::Null, |(_, json)| serde_json::from_str(json).unwrap_or_default())
}

/// Leaves out of an object what makes no difference.
pub(super) fn normalize(body: &mut Value) {
    leave_out_null(body);
    let kind = body["kind"].as_str().unwrap_or_default().to_owned();
    let Some(root) = body.as_object_mut() else { return };
    root.remove("status");
    if let Some(metadata) = map(root, "metadata") {
        metadata_of_object(metadata);
    }
    match kind.as_str() {
        "Service" => with(root, "spec", service),
        "StatefulSet" => with(root, "spec", |spec| {
            defaults(spec, STATEFUL_SET);
            with(spec, "updateStrategy", |strategy| {
                with(strategy, "rollingUpdate", |rolling| {
                    defaults(rolling, &[("partition", "0"), ("maxUnavailable", "1")]);
                });
                without_empty(strategy, &["rollingUpdate"]);
                defaults(strategy, &[("type", "\"RollingUpdate\"")]);
            });
            with(spec, "persistentVolumeClaimRetentionPolicy", |policy| {
                defaults(policy, &[("whenDeleted", "\"Retain\""), ("whenScaled", "\"Retain\"")]);
            });
            without_empty(spec, &["updateStrategy", "persistentVolumeClaimRetentionPolicy"]);
            for claim in items(spec, "volumeClaimTemplates") {
                for field in ["apiVersion", "kind", "status"] {
                    claim.remove(field);
                }
                with(claim, "metadata", metadata_of_object);
                with(claim, "spec", claim_spec);
            }
            with(spec, "template", template);
        }),
        "Deployment" => with(root, "spec", |spec| {
            defaults(spec, DEPLOYMENT);
            with(spec, "strategy", |strategy| {
                with(strategy, "rollingUpdate", |rolling| {
                    defaults(rolling, &[("maxSurge", "\"25%\""), ("maxUnavailable", "\"25%\"")]);
                });
                without_empty(strategy, &["rollingUpdate"]);
                defaults(strategy, &[("type", "\"RollingUpdate\"")]);
            });
            without_empty(spec, &["strategy"]);
            with(spec, "template", template);
        }),
        "TLSRoute" => with(root, "spec", route),
        "DaemonSet" | "ReplicaSet" => with(root, "spec", |spec| {
            defaults(spec, &[("revisionHistoryLimit", "10"), ("minReadySeconds", "0")]);
            with(spec, "template", template);
        }),
        "Job" => with(root, "spec", job),
        "CronJob" => with(root, "spec", |spec| {
            with(spec, "jobTemplate", |inner| with(inner, "spec", job));
        }),
        "Pod" => with(root, "spec", pod),
        "PersistentVolumeClaim" => with(root, "spec", claim_spec),
        "NetworkPolicy" => with(root, "spec", |spec| {
            for list in ["ingress", "egress"] {
                for admission in items(spec, list) {
                    for port in items(admission, "ports") {
                        defaults(port, &[("protocol", "\"TCP\"")]);
                    }
                }
            }
        }),
        _ => {}
    }
}

fn metadata_of_object(metadata: &mut Map<String, Value>) {
    for field in OF_SERVER {
        metadata.remove(field);
    }
    if let Some(annotations) = map(metadata, "annotations") {
        annotations.retain(|key, _| !OF_TOOLS.contains(&key.as_str()));
    }
    without_empty(metadata, &["annotations", "labels", "finalizers"]);
}

/// A route of the Gateway API: its names are a set.
fn route(spec: &mut Map<String, Value>) {
    const PARENT: Defaults = &[("group", "\"gateway.networking.k8s.io\""), ("kind", "\"Gateway\"")];
    const BACKEND: Defaults = &[("group", "\"\""), ("kind", "\"Service\""), ("weight", "1")];
    if let Some(Value::Array(names)) = spec.get_mut("hostnames") {
        names.sort_by_key(Value::to_string);
    }
    for parent in items(spec, "parentRefs") {
        defaults(parent, PARENT);
    }
    for rule in items(spec, "rules") {
        for backend in items(rule, "backendRefs") {
            defaults(backend, BACKEND);
        }
    }
}

fn service(spec: &mut Map<String, Value>) {
    // An address that the API server chose is not in the manifest.
    if spec
        .get("clusterIP")
        .and_then(Value::as_str)
        .is_some_and(|address| address != "None")
    {
        spec.remove("clusterIP");
        spec.remove("clusterIPs");
    }
    if spec
        .get("clusterIPs")
        .is_some_and(|list| *list == serde_json::json!(["None"]))
    {
        spec.remove("clusterIPs");
    }
    defaults(spec, SERVICE);
    for port in items(spec, "ports") {
        defaults(port, &[("protocol", "\"TCP\"")]);
        if port.get("targetPort") == port.get("port") {
            port.remove("targetPort");
        }
    }
}

fn claim_spec(spec: &mut Map<String, Value>) {
    defaults(spec, &[("volumeMode", "\"Filesystem\"")]);
    with(spec, "resources", resources);
}

fn job(spec: &mut Map<String, Value>) {
    defaults(
        spec,
        &[
            ("backoffLimit", "6"),
            ("completionMode", "\"NonIndexed\""),
            ("completions", "1"),
            ("parallelism", "1"),
            ("suspend", "false"),
            ("podReplacementPolicy", "\"TerminatingOrFailed\""),
            ("manualSelector", "false"),
        ],
    );
    // The controller selects the pods of a Job by labels that it makes.
    let made = "batch.kubernetes.io/controller-uid";
    let selector = spec.get("selector").map(|selector| &selector["matchLabels"]);
    if selector.is_some_and(|labels| labels.get(made).is_some()) {
        spec.remove("selector");
    }
    with(spec, "template", |template| {
        with(template, "metadata", |metadata| {
            with(metadata, "labels", |labels| {
                labels.retain(|key, _| {
                    !key.starts_with("batch.kubernetes.io/") && key != "controller-uid" && key != "job-name"
                });
            });
        });
        self::template(template);
    });
}

fn template(template: &mut Map<String, Value>) {
    with(template, "metadata", metadata_of_object);
    without_empty(template, &["metadata"]);
    with(template, "spec", pod);
}

fn pod(spec: &mut Map<String, Value>) {
    defaults(spec, POD);
    // The older name of `serviceAccountName`.
    if spec.contains_key("serviceAccountName") {
        spec.remove("serviceAccount");
    }
    for volume in items(spec, "volumes") {
        for source in ["configMap", "secret", "projected", "downwardAPI"] {
            with(volume, source, |source| {
                defaults(source, &[("defaultMode", "420")]);
                for item in items(source, "items") {
                    with(item, "fieldRef", field_ref);
                }
            });
        }
        with(volume, "emptyDir", |empty| canonical(empty, "sizeLimit"));
        with(volume, "hostPath", |host| defaults(host, &[("type", "\"\"")]));
    }
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        for one in items(spec, list) {
            container(one);
        }
    }
    let lists = [
        "volumes",
        "initContainers",
        "imagePullSecrets",
        "tolerations",
        "hostAliases",
    ];
    without_empty(spec, &lists);
    without_empty(
        spec,
        &[
            "securityContext",
            "nodeSelector",
            "affinity",
            "topologySpreadConstraints",
        ],
    );
}

fn container(one: &mut Map<String, Value>) {
    defaults(
        one,
        &[
            ("terminationMessagePath", "\"/dev/termination-log\""),
            ("terminationMessagePolicy", "\"File\""),
            ("stdin", "false"),
            ("tty", "false"),
            ("stdinOnce", "false"),
        ],
    );
    let image = one.get("image").and_then(Value::as_str).unwrap_or_default();
    let name = image.rsplit('/').next().unwrap_or_default();
    let latest = !image.contains('@') && (!name.contains(':') || name.ends_with(":latest"));
    let policy = if latest { "Always" } else { "IfNotPresent" };
    if one.get("imagePullPolicy").and_then(Value::as_str) == Some(policy) {
        one.remove("imagePullPolicy");
    }
    for port in items(one, "ports") {
        defaults(port, &[("protocol", "\"TCP\"")]);
    }
    for variable in items(one, "env") {
        defaults(variable, &[("value", "\"\"")]);
        with(variable, "valueFrom", |from| {
            with(from, "fieldRef", field_ref);
        });
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        with(one, probe, |probe| {
            defaults(probe, PROBE);
            with(probe, "httpGet", |get| {
                defaults(get, &[("scheme", "\"HTTP\""), ("path", "\"/\"")]);
            });
            with(probe, "grpc", |grpc| defaults(grpc, &[("service", "\"\"")]));
        });
    }
    for mount in items(one, "volumeMounts") {
        defaults(mount, &[("readOnly", "false"), ("subPath", "\"\"")]);
    }
    with(one, "resources", resources);
    without_empty(
        one,
        &[
            "resources",
            "securityContext",
            "env",
            "envFrom",
            "ports",
            "volumeMounts",
            "args",
            "command",
        ],
    );
}

fn field_ref(field: &mut Map<String, Value>) {
    defaults(field, &[("apiVersion", "\"v1\"")]);
}

fn resources(resources: &mut Map<String, Value>) {
    // The API server asks for what is allowed, where nothing else is asked for.
    for part in ["limits", "requests"] {
        with(resources, part, |amounts| {
            let names: Vec<String> = amounts.keys().cloned().collect();
            for name in names {
                canonical(amounts, &name);
            }
        });
    }
    let limits = resources.get("limits").cloned();
    if let Some(Value::Object(limits)) = limits {
        with(resources, "requests", |requests| {
            requests.retain(|name, amount| limits.get(name) != Some(amount));
        });
    }
    without_empty(resources, &["limits", "requests"]);
}

fn leave_out_null(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(leave_out_null);
        }
        Value::Array(items) => items.iter_mut().for_each(leave_out_null),
        _ => {}
    }
}

fn map<'m>(parent: &'m mut Map<String, Value>, key: &str) -> Option<&'m mut Map<String, Value>> {
    parent.get_mut(key)?.as_object_mut()
}

fn with(parent: &mut Map<String, Value>, key: &str, work: impl FnOnce(&mut Map<String, Value>)) {
    if let Some(inner) = map(parent, key) {
        work(inner);
    }
}

fn items<'m>(parent: &'m mut Map<String, Value>, key: &str) -> impl Iterator<Item = &'m mut Map<String, Value>> {
    let list = parent.get_mut(key).and_then(Value::as_array_mut);
    list.into_iter().flatten().filter_map(Value::as_object_mut)
}

/// Whether a value is this JSON.
fn is(value: &Value, json: &str) -> bool {
    match value {
        Value::String(text) => json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) == Some(text),
        other => {
            let text = other.to_string();
            text == json
        }
    }
}

/// Leaves out fields that have the value that they have without being set; values are JSON.
fn defaults(parent: &mut Map<String, Value>, list: &[(&str, &str)]) {
    for (key, value) in list {
        if parent.get(*key).is_some_and(|found| is(found, value)) {
            parent.remove(*key);
        }
    }
}

fn without_empty(parent: &mut Map<String, Value>, keys: &[&str]) {
    for key in keys {
        let empty = match parent.get(*key) {
            Some(Value::Object(map)) => map.is_empty(),
            Some(Value::Array(items)) => items.is_empty(),
            _ => false,
        };
        if empty {
            parent.remove(*key);
        }
    }
}

/// Writes an amount as the API server does.
fn canonical(parent: &mut Map<String, Value>, key: &str) {
    let Some(value) = parent.get_mut(key) else { return };
    let text = match &value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return,
    };
    if let Some(amount) = amount(&text) {
        *value = Value::String(amount);
    }
}

/// The canonical text of an amount: the largest unit of its kind that leaves a whole number. None for one that is not valid, and for
/// one with an exponent, which stays as it is.
fn amount(text: &str) -> Option<String> {
    const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    const DECIMAL: [(&str, u32); 10] = [
        ("n", 0),
        ("u", 3),
        ("m", 6),
        ("", 9),
        ("k", 12),
        ("M", 15),
        ("G", 18),
        ("T", 21),
        ("P", 24),
        ("E", 27),
    ];
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.len() > 15 || fraction.len() > 9 || whole.is_empty() && fraction.is_empty() {
        return None;
    }
    // In billionths of the unit.
    let billionths: i128 = format!("{whole}{fraction:0<9}").parse().ok()?;
    if billionths == 0 {
        return Some("0".to_owned());
    }
    if let Some(power) = BINARY
        .iter()
        .position(|known| *known == unit)
        .filter(|power| *power > 0)
    {
        let bytes = billionths.checked_mul(1024_i128.checked_pow(u32::try_from(power).ok()?)?)?;
        let bytes = (bytes % 1_000_000_000 == 0).then_some(bytes / 1_000_000_000)?;
        let largest = (0..BINARY.len())
            .rev()
            .find(|power| bytes % (1_i128 << (10 * power)) == 0)?;
        return Some(format!("{}{}", bytes >> (10 * largest), BINARY[largest]));
    }
    let (_, power) = DECIMAL.iter().find(|(known, _)| *known == unit)?;
    // In billionths of one.
    let value = if *power >= 9 {
        billionths.checked_mul(10_i128.checked_pow(power - 9)?)?
    } else {
        let divisor = 10_i128.pow(9 - power);
        (billionths % divisor == 0).then_some(billionths / divisor)?
    };
    let (unit, power) = DECIMAL
        .iter()
        .rev()
        .find(|(_, power)| value % 10_i128.pow(*power) == 0)?;
    Some(format!("{}{unit}", value / 10_i128.pow(*power)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_amount_is_written_as_the_api_server_does() {
        for (text, expected) in [
            ("1024Mi", "1Gi"),
            ("0.5Gi", "512Mi"),
            ("1000Mi", "1000Mi"),
            ("1000m", "1"),
            ("0.5", "500m"),
            ("1500m", "1500m"),
            ("2", "2"),
            ("1000", "1k"),
            ("0", "0"),
            ("1073741824", "1073741824"),
            ("100G", "100G"),
        ] {
            assert_eq!(amount(text).as_deref(), Some(expected), "{text}");
        }
        for text in ["", "x", "1e3", "Gi", "-1", "1.2.3"] {
            assert_eq!(amount(text), None, "{text}");
        }
    }

    #[test]
    fn defaults_that_are_written_out_are_no_difference() {
        let mut live = json!({
            "kind": "StatefulSet",
            "metadata": {"name": "a", "uid": "1", "managedFields": [], "annotations": {OF_TOOLS[0]: "{}"}},
            "spec": {
                "replicas": 3, "podManagementPolicy": "OrderedReady", "revisionHistoryLimit": 10,
                "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
                "template": {"metadata": {"creationTimestamp": null, "labels": {"a": "b"}}, "spec": {
                    "containers": [{"name": "a", "image": "x:1", "imagePullPolicy": "IfNotPresent",
                        "resources": {"limits": {"cpu": "1000m"}, "requests": {"cpu": 1}},
                        "ports": [{"containerPort": 1, "protocol": "TCP"}]}],
                    "restartPolicy": "Always", "securityContext": {},
                }},
            },
            "status": {"replicas": 3},
        });
        normalize(&mut live);
        let mut written = json!({
            "kind": "StatefulSet",
            "metadata": {"name": "a"},
            "spec": {
                "replicas": 3,
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {
                    "containers": [{"name": "a", "image": "x:1", "resources": {"limits": {"cpu": "1"}},
                        "ports": [{"containerPort": 1}]}],
                }},
            },
        });
        normalize(&mut written);
        assert_eq!(live, written);
    }

    #[test]
    fn the_order_of_names_and_the_defaults_of_a_route_are_no_difference() {
        let route = |names: &[&str], parent: &Value, backend: &Value| {
            let spec = json!({"hostnames": names, "parentRefs": [parent], "rules": [{"backendRefs": [backend]}]});
            let mut route = json!({"kind": "TLSRoute", "spec": spec});
            normalize(&mut route);
            route
        };
        let (parent, backend) = (json!({"name": "edge"}), json!({"name": "kafka-0", "port": 9094}));
        let whole = json!({"name": "edge", "group": "gateway.networking.k8s.io", "kind": "Gateway"});
        let full = json!({"name": "kafka-0", "port": 9094, "group": "", "kind": "Service", "weight": 1});
        assert_eq!(route(&["a", "b"], &parent, &backend), route(&["b", "a"], &whole, &full));
        let none = json!({"name": "kafka-0", "port": 9094, "weight": 0});
        assert_ne!(route(&["a"], &parent, &backend), route(&["a"], &parent, &none));
    }
}
