"""Reads the committed manifests: the files that `kustomization.yaml` lists, those that are applied before it first, and nothing else."""

import pathlib

import yaml

# What the runner understands. A field that it does not know could change how a pod runs, so it is an error and not a guess.
KNOWN = {
    "StatefulSet": "serviceName replicas selector template podManagementPolicy updateStrategy ordinals volumeClaimTemplates "
                   "revisionHistoryLimit minReadySeconds persistentVolumeClaimRetentionPolicy",
    "Deployment": "replicas selector template strategy revisionHistoryLimit minReadySeconds progressDeadlineSeconds",
    "Job": "template backoffLimit activeDeadlineSeconds ttlSecondsAfterFinished completions parallelism podFailurePolicy",
    "Service": "selector ports type clusterIP publishNotReadyAddresses ipFamilies ipFamilyPolicy internalTrafficPolicy sessionAffinity "
               # Of a load balancer: a Service here keeps the address of a client, and the network policy alone knows ranges.
               "externalTrafficPolicy loadBalancerSourceRanges",
    "pod": "containers initContainers volumes restartPolicy securityContext terminationGracePeriodSeconds enableServiceLinks "
           "serviceAccountName automountServiceAccountToken affinity topologySpreadConstraints nodeSelector tolerations hostname subdomain "
           "priorityClassName",
    "container": "name image imagePullPolicy command args env envFrom ports volumeMounts workingDir resources securityContext lifecycle "
                 "startupProbe readinessProbe livenessProbe terminationMessagePolicy",
    "probe": "exec tcpSocket httpGet initialDelaySeconds periodSeconds timeoutSeconds successThreshold failureThreshold "
             "terminationGracePeriodSeconds",
    "pod security": "runAsUser runAsGroup runAsNonRoot fsGroup fsGroupChangePolicy supplementalGroups seccompProfile",
    "container security": "runAsUser runAsGroup runAsNonRoot readOnlyRootFilesystem allowPrivilegeEscalation capabilities privileged "
                          "seccompProfile",
    "volume": "name configMap secret emptyDir projected persistentVolumeClaim",
    "volume mount": "name mountPath subPath readOnly",
    "environment variable": "name value valueFrom",
}
# Kinds that change nothing about how a pod runs. What a CronJob runs is the Job beside it, later.
INERT = {"CronJob", "Namespace", "ServiceAccount", "PodDisruptionBudget", "ServiceMonitor", "PodMonitor", "PrometheusRule", "NetworkPolicy", "ConfigMap",
         "GrafanaDashboard", "PeerAuthentication", "Secret", "Certificate", "ResourceQuota", "LimitRange"}


class ManifestError(Exception):
    """A manifest that the API server would refuse, or that the runner does not understand."""


class Loader(yaml.SafeLoader):
    """Refuses a key that is given twice."""


def _mapping(loader, node):
    keys = [loader.construct_object(key) for key, _ in node.value]
    twice = {key for key in keys if keys.count(key) > 1}
    if twice:
        raise ManifestError(f"the key `{twice.pop()}` is given twice{node.start_mark}")
    return {loader.construct_object(k, deep=True): loader.construct_object(v, deep=True) for k, v in node.value}


Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def load(folder):
    """All objects of a stack in the order of its kustomization."""
    folder = pathlib.Path(folder)
    listing = folder / "kustomization.yaml"
    if not listing.exists():
        raise ManifestError(f"`{listing}` does not exist")
    objects = []
    for path in [*apart(listing.read_text()), *yaml.load(listing.read_text(), Loader)["resources"]]:
        for obj in yaml.load_all((folder / path).read_text(), Loader):
            if obj:
                obj["metadata"].setdefault("namespace", "default" if obj["kind"] != "Namespace" else "")
                objects.append(obj)
    for obj in objects:
        check(obj)
    return objects


def apart(listing):
    """The files that are applied before the kustomization, which lists them in comments."""
    return [line.removeprefix("# + ").split(" # ")[0] for line in listing.splitlines() if line.startswith("# + ")]


def check(obj):
    kind, where = obj["kind"], f"{obj['kind']}/{obj['metadata']['name']}"
    if kind in INERT:
        return
    if kind not in KNOWN:
        raise ManifestError(f"{where}: the runner does not know this kind")
    spec = obj["spec"]
    known(where, kind, spec)
    if kind == "Service":
        return
    pod = spec["template"]["spec"]
    known(where, "pod", pod)
    known(where, "pod security", pod.get("securityContext") or {})
    for volume in pod.get("volumes") or []:
        known(where, "volume", volume)
    for container in (pod.get("initContainers") or []) + pod["containers"]:
        here = f"{where}/{container['name']}"
        known(here, "container", container)
        known(here, "container security", container.get("securityContext") or {})
        for entry in container.get("env") or []:
            known(here, "environment variable", entry)
            if not isinstance(entry.get("value", ""), str):
                raise ManifestError(f"{here}: the value of `{entry['name']}` is not a string")
        for entry in container.get("volumeMounts") or []:
            known(here, "volume mount", entry)
        for name in ("startupProbe", "readinessProbe", "livenessProbe"):
            known(here, "probe", container.get(name) or {})
    if kind != "Job":
        labels, selector = spec["template"]["metadata"].get("labels") or {}, spec["selector"]["matchLabels"]
        if any(labels.get(key) != value for key, value in selector.items()):
            raise ManifestError(f"{where}: `selector` does not match template `labels`")


def known(where, what, fields):
    unknown = set(fields) - set(KNOWN[what].split())
    if unknown:
        raise ManifestError(f"{where}: the runner does not know the {what} field `{sorted(unknown)[0]}`")
