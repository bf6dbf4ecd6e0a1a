//! StatefulSets, Deployments, `DaemonSets` and Jobs: pod templates and what restarts, fields that cannot change, replicas.

use serde_json::Value;

use super::{Changed, certificate, object, restart::restart, storage};
use crate::{
    diff::{
        change::{Found, OTHER_CHANGE, ObjectName, Place},
        class::{Class, Flag},
        row::Row,
        sets::{Sets, WORKLOADS, When, Worker},
        walk::Field,
    },
    lint::quantity,
    manifest::Identity,
};

/// A field of the pod template.
static TEMPLATE: Row = Row {
    id: "pod-template",
    class: Class::RollingRestart,
    flags: &[],
    summary: "a field of the pod template",
    reason: "another template replaces the pods",
    commands: &[],
};

/// The order of a list in the pod template.
static ORDER: Row = Row {
    id: "pod-template-order",
    class: Class::RollingRestart,
    flags: &[],
    summary: "the order of a list in the pod template",
    reason: "the same items in another order are another template, which replaces the pods",
    commands: &[],
};

/// A checksum that changes and no file with it.
static CHECKSUM: Row = Row {
    id: "checksum-alone",
    class: Class::RollingRestart,
    flags: &[],
    summary: "a checksum or another annotation of the pod template, and no file with it",
    reason: "an annotation of the template replaces the pods, although no file that they read here differs",
    commands: &[],
};

/// Another image.
static IMAGE: Row = Row {
    id: "image",
    class: Class::RollingRestart,
    flags: &[],
    summary: "another image",
    reason: "pods start with the new image one after the other, so old and new run side by side meanwhile",
    commands: &[],
};

/// Requests or limits.
static RESOURCES: Row = Row {
    id: "resources",
    class: Class::RollingRestart,
    flags: &[],
    summary: "requests or limits of a container",
    reason: "the pods are scheduled again, and stay Pending where no node has room",
    commands: &[],
};

/// A lower limit of memory.
static MEMORY_LOWERED: Row = Row {
    id: "memory-lowered",
    class: Class::RollingRestart,
    flags: &[Flag::Availability],
    summary: "a lower limit of memory",
    reason: "a process that needs more than {after} is killed: compare its heap, and what it uses beside it",
    commands: &[],
};

/// A readiness probe that is gone.
static READINESS_REMOVED: Row = Row {
    id: "readiness-probe-removed",
    class: Class::RollingRestart,
    flags: &[Flag::Availability],
    summary: "a readiness probe is removed",
    reason: "a pod is Ready at once then, and the next one restarts before this one serves",
    commands: &[],
};

/// A startup probe that is gone.
static STARTUP_REMOVED: Row = Row {
    id: "startup-probe-removed",
    class: Class::RollingRestart,
    flags: &[Flag::Availability],
    summary: "a startup probe is removed",
    reason: "a liveness probe kills a process then that starts slowly, such as a broker that recovers its log",
    commands: &[],
};

/// A liveness probe that is gone.
static LIVENESS_REMOVED: Row = Row {
    id: "liveness-probe-removed",
    class: Class::RollingRestart,
    flags: &[Flag::Availability],
    summary: "a liveness probe is removed",
    reason: "a process that hangs stays then until someone ends it",
    commands: &[],
};

/// Another probe.
static PROBE: Row = Row {
    id: "probe",
    class: Class::RollingRestart,
    flags: &[],
    summary: "a probe",
    reason: "the pods restart, and are judged by the new probe from then on",
    commands: &[],
};

/// Less time to start.
static STARTUP_SHORTENED: Row = Row {
    id: "startup-budget-shortened",
    class: Class::RollingRestart,
    flags: &[Flag::Availability],
    summary: "a startup probe that waits less long",
    reason: "a container that does not serve {budget} s after its start is killed, and begins again: a broker that recovers its log may never finish, \
        and the rollout stops at the first one",
    commands: &[],
};

/// A user that the kubelet refuses.
static ROOT_REFUSED: Row = Row {
    id: "runs-as-root-refused",
    class: Class::RollingRestart,
    flags: &[Flag::Availability],
    summary: "`runAsUser: 0` under `runAsNonRoot: true`",
    reason: "the kubelet does not start a container that is root under `runAsNonRoot: true` (`CreateContainerConfigError`): the first pod that \
        restarts stays away, and the rollout stops there",
    commands: &[],
};

/// A Secret that may not be there.
static SECRET_ABSENT: Row = Row {
    id: "secret-not-in-manifests",
    class: Class::RollingRestart,
    flags: &[Flag::Availability],
    summary: "a Secret that pods mount newly, and that nothing in the manifests makes",
    reason: "nothing in these manifests makes the Secret `{absent}`: unless it is in the cluster already, the first pod that restarts does not start \
        (`FailedMount`), and the rollout stops there",
    commands: &[],
};

/// A shorter grace period.
static GRACE_SHORTENED: Row = Row {
    id: "grace-shortened",
    class: Class::RollingRestart,
    flags: &[Flag::Availability],
    summary: "a shorter grace period",
    reason: "a process that has not stopped after {after} s is killed; a broker takes up to 300 s to hand over its partitions, and \
        recovers its logs after it was killed",
    commands: &[],
};

/// A hook before the stop that is gone.
static PRE_STOP_REMOVED: Row = Row {
    id: "pre-stop-removed",
    class: Class::RollingRestart,
    flags: &[Flag::Availability],
    summary: "the `preStop` hook of a container is removed",
    reason: "the process is told to stop at once: what the hook waited for, such as other replicas or the end of connections, is no longer waited for",
    commands: &[],
};

/// A rule about the spread of pods that is gone.
static SPREAD_REMOVED: Row = Row {
    id: "spread-removed",
    class: Class::RollingRestart,
    flags: &[Flag::Availability],
    summary: "anti-affinity or a spread constraint is removed or changed",
    reason: "pods may be placed on the same node, whose loss then stops several of them",
    commands: &[],
};

/// A volume that is not what it was.
static VOLUME_REPLACED: Row = Row {
    id: "volume-replaced",
    class: Class::DataLoss,
    flags: &[Flag::Irreversible],
    summary: "a volume with data is replaced by one that goes with its pod, or by another",
    reason: "the pods start with an empty or another volume at the same path: what was in the old one is no longer read",
    commands: &[
        "# keep the volume; or copy its data first, while its pods are stopped",
        "kubectl -n {namespace} get persistentvolumeclaims",
    ],
};

/// The mount of a claim that is gone.
static MOUNT_REMOVED: Row = Row {
    id: "claim-mount-removed",
    class: Class::DataLoss,
    flags: &[],
    summary: "the mount of a volume with data is removed or moves to another path",
    reason: "the process finds nothing at the old path: unless its settings name the new one in the same change, it starts empty, in \
        the file system of the container",
    commands: &[
        "# change the path of the data in the settings in the same change (`log.dirs`, `dataDir`), or keep the mount",
    ],
};

/// Items that server-side apply takes for one.
static DOUBLED: Row = Row {
    id: "doubled-item",
    class: Class::RefusedByApiServer,
    flags: &[],
    summary: "two items of a list with the same key",
    reason: "server-side apply refuses two items with the key `{key}`; client-side apply keeps one of them without a word",
    commands: &["# keep one of the two", "# apply the new manifests"],
};

/// A change of a refused object that would replace pods.
static HELD: Row = Row {
    id: "refused-with-object",
    class: Class::RefusedByApiServer,
    flags: &[],
    summary: "a change in an object that the API server refuses for another one",
    reason: "is refused with the object; once that is applied, it takes effect with it",
    commands: &[OTHER_CHANGE],
};

/// A field that the API server refuses to change.
static IMMUTABLE: Row = Row {
    id: "statefulset-field",
    class: Class::RefusedByApiServer,
    flags: &[],
    summary: "a field of a StatefulSet that cannot change",
    reason: "the API server refuses the update (`updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', \
        … are forbidden`): the object stays as it was, and the others are applied",
    commands: &[
        "kubectl -n {namespace} delete statefulset {name} --cascade=orphan",
        "# apply the new manifests: the set adopts its pods",
    ],
};

/// The Service that names the pods.
static GOVERNING_SERVICE: Row = Row {
    id: "statefulset-service-name",
    class: Class::RefusedByApiServer,
    flags: &[Flag::Availability, Flag::ClientBreaking],
    summary: "the Service that names the pods of a StatefulSet",
    reason: "the API server refuses the update; a set that is made again restarts nothing, since the name is no part of the pod template: each pod \
        gets its new address (`POD.{after}`) whenever it is next made, after a drain or a crash too, and loses the old one (`POD.{before}`), which \
        voters, advertised listeners and certificates name",
    commands: &[
        "# keep `serviceName: {before}`; another one takes an outage, and voters, advertised listeners and names of certificates that change with it: \
         plan it, and suspend the deployer",
        "kubectl -n {namespace} scale statefulset {name} --replicas=0",
        "kubectl -n {namespace} wait --for=delete pod/{pod} --timeout=10m",
        "kubectl -n {namespace} delete statefulset {name} --cascade=orphan",
        "# apply the new manifests: all pods start with the new addresses, on the volumes that they had",
    ],
};

/// The selector of a StatefulSet.
static SET_SELECTOR: Row = Row {
    id: "statefulset-selector",
    class: Class::RefusedByApiServer,
    flags: &[],
    summary: "the selector of a StatefulSet",
    reason: "the API server refuses the update; a set that is made again adopts only pods that have the labels of its new selector",
    commands: &[
        "kubectl -n {namespace} delete statefulset {name} --cascade=orphan",
        "kubectl -n {namespace} label pod {pod} --overwrite LABEL=VALUE  # each label of the new selector",
        "# apply the new manifests: the set adopts its pods",
    ],
};

/// The selector of a Deployment or `DaemonSet`.
static SELECTOR: Row = Row {
    id: "workload-selector",
    class: Class::RefusedByApiServer,
    flags: &[],
    summary: "the selector of a Deployment, DaemonSet or ReplicaSet",
    reason: "the API server refuses the update (`spec.selector: field is immutable`): the object stays as it was",
    commands: &[
        "kubectl -n {namespace} delete {kind} {name} --cascade=orphan",
        "# apply the new manifests, and wait until the new pods are Ready",
        "kubectl -n {namespace} get replicasets,pods  # then delete what the old object left",
    ],
};

/// The template of a Job.
static JOB_TEMPLATE: Row = Row {
    id: "job-field",
    class: Class::RefusedByApiServer,
    flags: &[],
    summary: "the pod template or another field of a Job that cannot change",
    reason: "the API server refuses the update (`field is immutable`) as long as the Job is there, finished or not",
    commands: &[
        "kubectl -n {namespace} delete job {name}",
        "# apply the new manifests: the Job runs again",
    ],
};

/// The template of a Job that is deleted before it is created again.
static JOB_HOOK: Row = Row {
    id: "job-made-anew",
    class: Class::Metadata,
    flags: &[],
    summary: "a Job that its deployer deletes before it creates it again",
    reason: "its annotations have the deployer delete the Job first, so it runs again with the change; `kubectl apply` alone is refused (`field is immutable`) \
        as long as the Job is there",
    commands: &[],
};

/// The template of a `CronJob`.
static CRON_JOB: Row = Row {
    id: "cronjob",
    class: Class::Metadata,
    flags: &[],
    summary: "a field of a CronJob",
    reason: "the next run takes it",
    commands: &[],
};

/// More pods.
static SCALED_UP: Row = Row {
    id: "scaled-up",
    class: Class::Metadata,
    flags: &[],
    summary: "more pods",
    reason: "new pods start, and no pod that runs is replaced",
    commands: &[],
};

/// Fewer pods without claims.
static SCALED_DOWN: Row = Row {
    id: "scaled-down",
    class: Class::Metadata,
    flags: &[Flag::Availability],
    summary: "fewer pods",
    reason: "pods stop and the others are not replaced; fewer failures are tolerated",
    commands: &[],
};

/// Fewer pods of a StatefulSet with claims.
static SET_SCALED_DOWN: Row = Row {
    id: "statefulset-scaled-down",
    class: Class::DataLoss,
    flags: &[Flag::Availability],
    summary: "fewer pods of a StatefulSet with volumes",
    reason: "{removed} stop with the data that only they have; the claims ({claim}) stay, unless `whenScaled: Delete` is set. Let the \
        members leave first",
    commands: &[
        "# take {removed} out of what they are members of (voters of a quorum, servers of an ensemble), and check that the others have \
         the data",
        "# apply the new manifests",
    ],
};

/// No pods at all.
static STOPPED: Row = Row {
    id: "scaled-to-zero",
    class: Class::ManualSteps,
    flags: &[Flag::Availability, Flag::ClientBreaking],
    summary: "no pods at all",
    reason: "all pods stop at once; the volumes stay, and the pods find them when they start again",
    commands: &["# stop the clients first", "# apply the new manifests"],
};

/// Pods with other names.
static ORDINALS: Row = Row {
    id: "ordinals-start",
    class: Class::DataLoss,
    flags: &[Flag::Availability, Flag::ReassignmentNeeded],
    summary: "another first ordinal of a StatefulSet with volumes",
    reason: "{removed} stop and {added} start with empty volumes: each pod has its claim by its name, and a node id that is made of it \
        is another one",
    commands: &[
        "# keep `ordinals.start`; or scale up with the new ordinals in a set of its own, move the data, and remove the old set",
        "kubectl -n {namespace} get persistentvolumeclaims",
    ],
};

/// Claims that go with their set.
static RETENTION: Row = Row {
    id: "claims-deleted-later",
    class: Class::Metadata,
    flags: &[Flag::Irreversible],
    summary: "claims are deleted with their set or when it is scaled down",
    reason: "nothing is deleted now; from then on, `{path}: {after}` deletes volumes, which nothing brings back",
    commands: &[],
};

/// Pods that a partition or `OnDelete` held back.
static RELEASED: Row = Row {
    id: "restart-released",
    class: Class::RollingRestart,
    flags: &[],
    summary: "a partition or `OnDelete` no longer holds pods back",
    reason: "pods that still have an older template are replaced now; which ones, only the cluster knows",
    commands: &[],
};

/// Pods that no controller restarts by itself.
static ON_DELETE: Row = Row {
    id: "restart-on-delete",
    class: Class::Metadata,
    flags: &[],
    summary: "pods take a change only when they are deleted",
    reason: "nothing restarts, neither now nor with the next change of the template: a new image or setting waits in each pod until \
        that pod is deleted",
    commands: &[],
};

/// `OnDelete` beside the `rollingUpdate` that the server has filled in.
static ON_DELETE_REFUSED: Row = Row {
    id: "on-delete-refused",
    class: Class::RefusedByApiServer,
    flags: &[],
    summary: "`OnDelete` where the manifest before does not say `rollingUpdate`",
    reason: "the running set has `rollingUpdate` by default, applying does not remove it, and the API server refuses both together \
        (`only allowed for updateStrategy 'RollingUpdate'`); the patch restarts nothing, and from then on a new image or setting \
        waits in each pod until that pod is deleted",
    commands: &[
        "kubectl -n {namespace} patch statefulset {name} --type merge -p '{\"spec\":{\"updateStrategy\":{\"type\":\"OnDelete\",\"rollingUpdate\":null}}}'",
        "# apply the new manifests",
    ],
};

/// How the next change is rolled out.
static STRATEGY: Row = Row {
    id: "update-strategy",
    class: Class::Metadata,
    flags: &[],
    summary: "how the next change is rolled out",
    reason: "nothing restarts; the next change of the template follows it",
    commands: &[],
};

/// A shorter pause between pods.
static PAUSE_SHORTENED: Row = Row {
    id: "min-ready-shortened",
    class: Class::Metadata,
    flags: &[Flag::Availability],
    summary: "a shorter `minReadySeconds`",
    reason: "nothing restarts; the next roll goes on sooner, perhaps before a broker is in sync again",
    commands: &[],
};

/// A field that only the controller's bookkeeping uses.
static BOOKKEEPING: Row = Row {
    id: "revision-history",
    class: Class::Metadata,
    flags: &[],
    summary: "`revisionHistoryLimit` or another field of the controller's bookkeeping",
    reason: "nothing restarts; before Kubernetes 1.33 the API server refuses another `revisionHistoryLimit` of a StatefulSet",
    commands: &[],
};

pub(super) const ROWS: &[&Row] = &[
    &TEMPLATE,
    &ORDER,
    &CHECKSUM,
    &IMAGE,
    &RESOURCES,
    &MEMORY_LOWERED,
    &READINESS_REMOVED,
    &STARTUP_REMOVED,
    &LIVENESS_REMOVED,
    &PROBE,
    &STARTUP_SHORTENED,
    &ROOT_REFUSED,
    &SECRET_ABSENT,
    &GRACE_SHORTENED,
    &PRE_STOP_REMOVED,
    &SPREAD_REMOVED,
    &VOLUME_REPLACED,
    &MOUNT_REMOVED,
    &DOUBLED,
    &HELD,
    &IMMUTABLE,
    &GOVERNING_SERVICE,
    &SET_SELECTOR,
    &SELECTOR,
    &JOB_TEMPLATE,
    &JOB_HOOK,
    &CRON_JOB,
    &SCALED_UP,
    &SCALED_DOWN,
    &SET_SCALED_DOWN,
    &STOPPED,
    &ORDINALS,
    &RETENTION,
    &RELEASED,
    &ON_DELETE,
    &ON_DELETE_REFUSED,
    &STRATEGY,
    &PAUSE_SHORTENED,
    &BOOKKEEPING,
];

/// Whether an object has pods.
pub(super) fn is(identity: &Identity) -> bool {
    WORKLOADS.contains(&identity.kind.as_str())
}

/// A workload that differs.
pub(super) fn judge(changed: &Changed<'_>, found: &mut Found) {
    let name: ObjectName = changed.identity.into();
    let doubled = doubled(changed);
    let made_anew = name.kind == "Job" && is_made_anew(&changed.after);
    if !doubled.is_empty()
        || !made_anew
            && changed
                .fields
                .iter()
                .any(|field| is_refused(&name.kind, &field.pattern))
    {
        found.refused.insert(name.clone());
    }
    for (path, key) in doubled {
        found
            .add(&DOUBLED, Place::field(changed.identity, path, Value::Null, Value::Null))
            .word("key", key);
    }
    let of_template = |field: &Field| field.pattern.starts_with("spec.template");
    if changed.fields.iter().any(of_template)
        && !found.refused.contains(&name)
        && let Some(restart) = restart(changed.sets, changed.identity)
    {
        found.restarts.insert(name.clone(), restart);
    }
    let mut scaled = false;
    for field in &changed.fields {
        match name.kind.as_str() {
            "CronJob" if field.pattern.starts_with("spec") => {
                found.add(&CRON_JOB, changed.place(field));
            }
            _ if is_refused(&name.kind, &field.pattern) && made_anew => {
                found.add(&JOB_HOOK, changed.place(field));
            }
            _ if is_refused(&name.kind, &field.pattern) => refused(changed, field, found),
            _ if of_template(field) => template(changed, field, &name, found),
            _ => match field.pattern.as_str() {
                // Both say which pods there are.
                "spec.replicas" | "spec.ordinals" | "spec.ordinals.start" => {
                    if !std::mem::replace(&mut scaled, true) {
                        self::scaled(changed, field, found);
                    }
                }
                pattern => other(changed, field, pattern, found),
            },
        }
    }
}

/// Whether the annotations of an object have its deployer delete it before it is created again.
fn is_made_anew(body: &Value) -> bool {
    let of = |key: &str| body["metadata"]["annotations"][key].as_str();
    // Where a hook does not say when it is deleted, both delete it before the next one.
    let hook = |key: &str, policy: &str, before: &str| {
        of(key).is_some() && of(policy).is_none_or(|policies| policies.contains(before))
    };
    hook("helm.sh/hook", "helm.sh/hook-delete-policy", "before-hook-creation")
        || hook(
            "argocd.argoproj.io/hook",
            "argocd.argoproj.io/hook-delete-policy",
            "BeforeHookCreation",
        )
        || of("kustomize.toolkit.fluxcd.io/force").is_some_and(|force| force.eq_ignore_ascii_case("enabled"))
}

/// Whether the API server refuses another value of a field.
fn is_refused(kind: &str, pattern: &str) -> bool {
    const OF_SETS: [&str; 7] = [
        "minReadySeconds",
        "ordinals",
        "persistentVolumeClaimRetentionPolicy",
        "replicas",
        "revisionHistoryLimit",
        "template",
        "updateStrategy",
    ];
    const OF_JOBS: [&str; 6] = [
        "backoffLimitPerIndex",
        "completionMode",
        "podFailurePolicy",
        "selector",
        "successPolicy",
        "template",
    ];
    let Some(field) = pattern
        .strip_prefix("spec.")
        .and_then(|rest| rest.split(['.', '[']).next())
    else {
        return false;
    };
    match kind {
        "StatefulSet" => !OF_SETS.contains(&field),
        "Deployment" | "DaemonSet" | "ReplicaSet" => field == "selector",
        "Job" => OF_JOBS.contains(&field) || field == "completions",
        _ => false,
    }
}

/// A field that the API server refuses to change.
fn refused(changed: &Changed<'_>, field: &Field, found: &mut Found) {
    let kind = changed.identity.kind.as_str();
    if kind == "StatefulSet" {
        match field.pattern.as_str() {
            pattern if pattern.starts_with("spec.volumeClaimTemplates") => storage::template(changed, field, found),
            "spec.serviceName" => {
                let worker = changed.sets.worker(When::Before, changed.identity);
                let pods = worker.map(Worker::pods).unwrap_or_default();
                let draft = found.add(&GOVERNING_SERVICE, changed.place(field));
                let value = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                draft.words("pod", pods);
                draft
                    .word("before", value(&field.before))
                    .word("after", value(&field.after));
            }
            pattern if pattern.starts_with("spec.selector") => {
                let worker = changed.sets.worker(When::Before, changed.identity);
                let pods = worker.map(Worker::pods).unwrap_or_default();
                found.add(&SET_SELECTOR, changed.place(field)).words("pod", pods);
            }
            _ => {
                found.add(&IMMUTABLE, changed.place(field));
            }
        }
        return;
    }
    let row = if kind == "Job" { &JOB_TEMPLATE } else { &SELECTOR };
    found.add(row, changed.place(field));
}

/// A field of the pod template.
fn template(changed: &Changed<'_>, field: &Field, name: &ObjectName, found: &mut Found) {
    let annotation = field.pattern.starts_with("spec.template.metadata.annotations");
    // The change of the file tells it.
    if annotation && reads_what_changed(changed.sets, changed.identity) {
        found.checksums.push(changed.place(field));
        return;
    }
    let row = if annotation {
        &CHECKSUM
    } else if field.reordered {
        &ORDER
    } else {
        row_of_pod(changed, field)
    };
    if found.refused.contains(name) && row.class < Class::RefusedByApiServer {
        found.add(&HELD, changed.place(field));
        return;
    }
    let draft = found.add(row, changed.place(field)).restarts(name.clone());
    if let Some(budget) = startup_budget(&changed.after, field) {
        draft.word("budget", budget.to_string());
    }
    if let Some(secret) = absent_secret(changed, field) {
        draft.word("absent", secret);
    }
}

/// How many seconds a container has to start, by the startup probe that a field is of.
fn startup_budget(body: &Value, field: &Field) -> Option<i64> {
    if !field.pattern.contains("containers[].startupProbe.") {
        return None;
    }
    let name = field.items.first()?.as_str();
    let containers = body["spec"]["template"]["spec"]["containers"].as_array()?;
    let probe = &containers.iter().find(|one| one["name"] == name)?["startupProbe"];
    let number = |field: &str, unset: i64| probe[field].as_i64().unwrap_or(unset);
    let tries = number("failureThreshold", 3).saturating_mul(number("periodSeconds", 10));
    Some(tries.saturating_add(number("initialDelaySeconds", 0)))
}

/// The Secret that a volume takes newly, if nothing in the new manifests makes it.
fn absent_secret(changed: &Changed<'_>, field: &Field) -> Option<String> {
    let secret = match field.pattern.strip_prefix("spec.template.spec.")? {
        "volumes[].secret.secretName" => &field.after,
        "volumes[]" if field.before.is_null() && field.after["secret"]["optional"] != true => {
            &field.after["secret"]["secretName"]
        }
        _ => return None,
    };
    let identity = Identity {
        group: String::new(),
        kind: "Secret".to_owned(),
        namespace: changed.identity.namespace.clone(),
        name: secret.as_str()?.to_owned(),
    };
    let is_made = changed.sets.after.find(&identity).is_some()
        || certificate::is_written(changed.sets, &identity.namespace, &identity.name);
    (!is_made).then_some(identity.name)
}

/// Whether a container is root, and must not be.
fn is_refused_as_root(body: &Value) -> bool {
    let pod = &body["spec"]["template"]["spec"];
    let lists = ["initContainers", "containers"].map(|list| pod[list].as_array().cloned().unwrap_or_default());
    lists.iter().flatten().any(|container| {
        let of = |field: &str| {
            let own = &container["securityContext"][field];
            if own.is_null() {
                pod["securityContext"][field].clone()
            } else {
                own.clone()
            }
        };
        of("runAsUser") == 0 && of("runAsNonRoot") == true
    })
}

/// The row of a field of pods.
fn row_of_pod(changed: &Changed<'_>, field: &Field) -> &'static Row {
    let pattern = field.pattern.trim_start_matches("spec.template.spec.");
    let last = pattern.rsplit('.').next().unwrap_or_default();
    let of_container = pattern.starts_with("containers[]") || pattern.starts_with("initContainers[]");
    let probe = ["livenessProbe", "readinessProbe", "startupProbe"]
        .iter()
        .any(|probe| pattern.contains(probe));
    let lower = || match (quantity(&field.before), quantity(&field.after)) {
        (Some(before), Some(after)) => after < before,
        _ => false,
    };
    match pattern {
        "containers[].image" | "initContainers[].image" => &IMAGE,
        "containers[].resources.limits.memory" if lower() => &MEMORY_LOWERED,
        _ if of_container && pattern.contains("].resources") => &RESOURCES,
        _ if of_container && field.after.is_null() && last == "readinessProbe" => &READINESS_REMOVED,
        _ if of_container && field.after.is_null() && last == "startupProbe" => &STARTUP_REMOVED,
        _ if of_container && field.after.is_null() && last == "livenessProbe" => &LIVENESS_REMOVED,
        _ if matches!(
            (startup_budget(&changed.before, field), startup_budget(&changed.after, field)),
            (Some(before), Some(after)) if after < before
        ) =>
        {
            &STARTUP_SHORTENED
        }
        _ if of_container && probe => &PROBE,
        _ if ["runAsUser", "runAsNonRoot"].contains(&last)
            && is_refused_as_root(&changed.after)
            && !is_refused_as_root(&changed.before) =>
        {
            &ROOT_REFUSED
        }
        _ if absent_secret(changed, field).is_some() => &SECRET_ABSENT,
        "containers[].lifecycle" if field.before.get("preStop").is_some() && field.after.is_null() => &PRE_STOP_REMOVED,
        "containers[].lifecycle.preStop" if field.after.is_null() => &PRE_STOP_REMOVED,
        "terminationGracePeriodSeconds" => {
            let seconds = |value: &Value| value.as_i64().unwrap_or(30);
            if seconds(&field.after) < seconds(&field.before) {
                &GRACE_SHORTENED
            } else {
                &TEMPLATE
            }
        }
        _ if pattern.starts_with("affinity") || pattern.starts_with("topologySpreadConstraints") => {
            if field.before.is_null() {
                &TEMPLATE
            } else {
                &SPREAD_REMOVED
            }
        }
        _ if pattern.starts_with("volumes[]") && replaces_data(field) => &VOLUME_REPLACED,
        "containers[].volumeMounts[]" if field.after.is_null() && is_of_claim(changed, &field.before) => &MOUNT_REMOVED,
        "containers[].volumeMounts[].subPath" if is_of_claim_at(changed, field) => &MOUNT_REMOVED,
        _ => &TEMPLATE,
    }
}

/// Whether a volume had a claim, or was a folder of the node, and is something else now.
fn replaces_data(field: &Field) -> bool {
    let source = ["persistentVolumeClaim", "hostPath", "nfs", "csi"];
    let is_data = |part: &str| source.iter().any(|source| part.contains(source));
    let removed = field
        .before
        .as_object()
        .is_some_and(|volume| volume.keys().any(|key| is_data(key)));
    let within = is_data(&field.pattern) && !field.before.is_null();
    let is_claim_name = field.pattern.ends_with(".claimName");
    removed && !field.after.is_null()
        || within && (field.after.is_null() || is_claim_name || field.pattern.ends_with("path"))
}

/// Whether a mount is one of a claim.
fn is_of_claim(changed: &Changed<'_>, mount: &Value) -> bool {
    let name = mount["name"].as_str().unwrap_or_default();
    let templates = changed.before["spec"]["volumeClaimTemplates"]
        .as_array()
        .into_iter()
        .flatten();
    let volumes = changed.before["spec"]["template"]["spec"]["volumes"]
        .as_array()
        .into_iter()
        .flatten();
    templates.clone().any(|claim| claim["metadata"]["name"] == name)
        || volumes
            .clone()
            .any(|volume| volume["name"] == name && volume.get("persistentVolumeClaim").is_some())
}

/// The same for a field of a mount.
fn is_of_claim_at(changed: &Changed<'_>, field: &Field) -> bool {
    let [container, path] = field.items.as_slice() else {
        return false;
    };
    let containers = changed.before["spec"]["template"]["spec"]["containers"]
        .as_array()
        .into_iter()
        .flatten();
    let mounts = containers
        .filter(|one| one["name"] == container.as_str())
        .filter_map(|one| one["volumeMounts"].as_array())
        .flatten();
    mounts
        .clone()
        .any(|mount| mount["mountPath"] == path.as_str() && is_of_claim(changed, mount))
}

/// Items of the new pod template that server-side apply takes for one: the list and the key.
fn doubled(changed: &Changed<'_>) -> Vec<(String, String)> {
    let twice = |body: &Value| {
        let mut found = Vec::new();
        let pod = &body["spec"]["template"]["spec"];
        for list in ["initContainers", "containers"] {
            for container in pod[list].as_array().into_iter().flatten() {
                let name = container["name"].as_str().unwrap_or_default();
                for (items, fields) in [
                    ("ports", &["containerPort", "protocol"][..]),
                    ("volumeMounts", &["mountPath"]),
                    ("env", &["name"]),
                ] {
                    let mut keys: Vec<String> = Vec::new();
                    for item in container[items].as_array().into_iter().flatten() {
                        let parts = fields.iter().map(|field| match &item[*field] {
                            Value::String(text) => text.clone(),
                            Value::Null => "TCP".to_owned(),
                            other => other.to_string(),
                        });
                        let key = parts.collect::<Vec<_>>().join("/");
                        if keys.contains(&key) {
                            found.push((format!("spec.template.spec.{list}[{name}].{items}"), key));
                        } else {
                            keys.push(key);
                        }
                    }
                }
            }
        }
        found
    };
    let before = twice(&changed.before);
    let mut after = twice(&changed.after);
    after.retain(|doubled| !before.contains(doubled));
    after
}

/// The restarts of which no change of a file tells: where only a label of the ConfigMap differs, the checksum replaces the pods.
pub(super) fn checksums(found: &mut Found) {
    for place in std::mem::take(&mut found.checksums) {
        let workload = place.object.clone();
        if found.restarts.contains_key(&workload) && !found.is_restarted(&workload) {
            found.add(&CHECKSUM, place).restarts(workload);
        }
    }
}

/// Whether a file that the pods read differs.
fn reads_what_changed(sets: &Sets<'_>, identity: &Identity) -> bool {
    let Some(worker) = sets.worker(When::After, identity) else {
        return false;
    };
    let references = worker.model.workload().map_or(&[][..], |workload| &workload.references);
    references.iter().any(|reference| {
        let other = Identity {
            group: String::new(),
            kind: reference.kind.to_owned(),
            namespace: identity.namespace.clone(),
            name: reference.name.clone(),
        };
        match (sets.before.find(&other), sets.after.find(&other)) {
            (Some(old), Some(new)) => !sets.before.is_same(old, sets.after, new),
            (before, after) => before.is_some() != after.is_some(),
        }
    })
}

/// Other pods than before.
fn scaled(changed: &Changed<'_>, field: &Field, found: &mut Found) {
    let sets = changed.sets;
    let (Some(old), Some(new)) = (
        sets.worker(When::Before, changed.identity),
        sets.worker(When::After, changed.identity),
    ) else {
        return;
    };
    let place = changed.place(field);
    let (before, after) = (old.pods(), new.pods());
    if changed.identity.kind != "StatefulSet" {
        let row = match (after.len(), before.len()) {
            (0, _) => &STOPPED,
            (after, before) if after < before => &SCALED_DOWN,
            _ => &SCALED_UP,
        };
        found.add(row, place);
        return;
    }
    let removed: Vec<String> = before.iter().filter(|pod| !after.contains(pod)).cloned().collect();
    let added: Vec<String> = after.iter().filter(|pod| !before.contains(pod)).cloned().collect();
    let claims: Vec<String> = old
        .claims()
        .into_iter()
        .filter(|claim| removed.iter().any(|pod| claim.ends_with(&format!("-{pod}"))))
        .collect();
    let deletes = changed.after["spec"]["persistentVolumeClaimRetentionPolicy"]["whenScaled"] == "Delete";
    let row = match (removed.is_empty(), added.is_empty()) {
        (true, _) => &SCALED_UP,
        _ if claims.is_empty() => &SCALED_DOWN,
        (false, false) => &ORDINALS,
        _ if after.is_empty() && !deletes => &STOPPED,
        _ => &SET_SCALED_DOWN,
    };
    let draft = found.add(row, place);
    draft
        .word("removed", removed.join(", "))
        .word("added", added.join(", "))
        .word("claim", claims.join(", "));
    if deletes && !claims.is_empty() {
        draft
            .flag(Flag::Irreversible)
            .remark("`whenScaled: Delete` deletes the claims with the pods");
    }
}

/// A field beside the pod template.
fn other(changed: &Changed<'_>, field: &Field, pattern: &str, found: &mut Found) {
    let seconds = |value: &Value| value.as_i64().unwrap_or(0);
    let partition = |body: &Value| {
        body["spec"]["updateStrategy"]["rollingUpdate"]["partition"]
            .as_i64()
            .unwrap_or(0)
    };
    let held = |body: &Value| body["spec"]["updateStrategy"]["type"] == "OnDelete";
    let row = match pattern {
        "spec.minReadySeconds" if seconds(&field.after) < seconds(&field.before) => &PAUSE_SHORTENED,
        "spec.revisionHistoryLimit" | "spec.progressDeadlineSeconds" => &BOOKKEEPING,
        _ if pattern.starts_with("spec.persistentVolumeClaimRetentionPolicy")
            && field.after.to_string().contains("Delete") =>
        {
            &RETENTION
        }
        _ if pattern.starts_with("spec.updateStrategy") => {
            let released = held(&changed.before) && !held(&changed.after)
                || partition(&changed.after) < partition(&changed.before) && !held(&changed.after);
            if released {
                &RELEASED
            } else if held(&changed.after) && !held(&changed.before) {
                let said = changed.before["spec"]["updateStrategy"].get("rollingUpdate").is_some();
                let refused = changed.identity.kind == "StatefulSet" && !said;
                if refused { &ON_DELETE_REFUSED } else { &ON_DELETE }
            } else {
                &STRATEGY
            }
        }
        _ if pattern.starts_with("spec.") => &STRATEGY,
        _ => {
            object::other(changed, field, found);
            return;
        }
    };
    let draft = found.add(row, changed.place(field));
    if row.id == RELEASED.id && held(&changed.before) {
        draft.remark(
            "other sets of the cluster that are released by the same apply restart a pod of their own at the same time",
        );
    }
}
