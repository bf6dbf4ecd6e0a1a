"""The experiments can fail: a stack with one thing broken fails for that reason."""

import contextlib
import re
import shutil
import tempfile
from pathlib import Path

from . import broken
from .control_plane import ControlPlane
from .experiments import accepted, argo, flux, report
from .tools import PROJECT

STACK = PROJECT / "out/dev"
BROKER = "kafka/statefulset-kafka.yaml"
RULES = "monitoring/prometheusrule-kafka.yaml"

# What is broken: the file, what is replaced there and by what; the fact that must fail, and a part of what the server says.
BROKEN = {
    "a misspelt field": (
        BROKER, r"readinessProbe:", "readynessProbe:",
        "`kubectl apply -k` succeeds", 'unknown field "spec.template.spec.containers[0].readynessProbe"'),
    "an API that is no longer served": (
        BROKER, r"apiVersion: apps/v1", "apiVersion: apps/v1beta2",
        "`kubectl apply -k` succeeds", "no matches for kind"),
    "a duration that the operator's definition refuses": (
        RULES, r"for: 5m", "for: 5 minutes",
        "`kubectl apply -k` succeeds", "spec.groups[0].rules"),
    "an order that kubectl replaces": (
        "kustomization.yaml", r"kind: Kustomization\n", "kind: Kustomization\nsortOptions:\n  order: fifo\n",
        "the server warns of nothing", "sortOptions"),
    "a variable that is set twice": (
        BROKER, r"( +)env:\n", r"\1env:\n\1- name: POD_NAME\n\1  value: twice\n",
        "the server warns of nothing", "hides previous definition"),
    "a container that may gain privileges": (
        BROKER, r"allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true",
        "the pods of every workload are admitted", "allowPrivilegeEscalation"),
    "a namespace that enforces nothing": (
        "namespace/namespace-kafka.yaml", r" +pod-security.kubernetes.io/enforce: restricted\n", "",
        "Pod Security is enforced as `restricted`", "none"),
}

# What is changed after the stack was applied.
CHANGED = {
    "a change that was not applied": (
        BROKER, r"terminationGracePeriodSeconds: \d+", "terminationGracePeriodSeconds: 7",
        "`kubectl diff -k` is empty afterwards", "+      terminationGracePeriodSeconds: 7"),
}

NAMESPACE = "namespace/namespace-kafka.yaml"

UNDER_FLUX = {
    "a Namespace that Flux may prune": (
        NAMESPACE, r" +kustomize.toolkit.fluxcd.io/prune: disabled\n", "",
        "its file goes: the Namespace stays", ""),
    "a script that Flux substitutes in": (
        "kafka-topics/configmap-kafka-topics.yaml", r" +annotations:\n +kustomize.toolkit.fluxcd.io/substitute: disabled\n", "",
        "with `postBuild` it still builds", "envsubst"),
    "a file of Kafka that Flux substitutes in": (
        "kafka/configmap-kafka.yaml", r" +annotations:\n +kustomize.toolkit.fluxcd.io/substitute: disabled\n", "",
        "`${…}` is as committed", "${env:"),
}
UNDER_ARGO_CD = {
    "a Namespace that Argo CD may delete": (
        NAMESPACE, r" +argocd.argoproj.io/sync-options: .*\n", "",
        "its file goes: the Namespace stays", ""),
    "a Deployment without a wave": (
        "kafka-connect/deployment-kafka-connect.yaml", r" +argocd.argoproj.io/sync-wave: .*\n", "",
        "what is later waits for wave 3", "kafka-connect"),
}
# Its claims have the name in the label by which Argo CD tracks.
NAMED_AS_THE_CLUSTER = {"an application with the name of the cluster": ("", "", "", "`kafka` is deleted with `--cascade=orphan`, and comes back: the claims stay", "0 of 1")}
NO_SERVER_SIDE_DIFF = {"an application without `ServerSideDiff`": ("", "", "", "both applications are Synced and Healthy", "StatefulSet/kafka")}


def cases(experiments):
    """What is broken, and the experiment with it: `run(cluster, folder, report)`."""
    changed = lambda cluster, folder, seen: (cluster.apply(STACK), accepted.unchanged(cluster, folder, seen))
    named = lambda cluster, folder, seen: argo.run(cluster, folder, seen, lambda text: text.replace("name: kafka-prod\n", "name: kafka\n"))
    plain = lambda cluster, folder, seen: argo.run(cluster, folder, seen, lambda text: text.replace("ServerSideDiff=true", "ServerSideDiff=false"))
    of = {"accepted": [(accepted.run, BROKEN), (changed, CHANGED)],
          "argo": [(argo.run, UNDER_ARGO_CD), (plain, NO_SERVER_SIDE_DIFF), (named, NAMED_AS_THE_CLUSTER)], "flux": [(flux.run, UNDER_FLUX)]}
    return [(name, run, case) for experiment in experiments for run, group in of.get(experiment, []) for name, case in group.items()]


def run(options, nodes):
    """Whether each broken stack fails as it must, and on a cluster with nodes each broken pod."""
    wrong, all_cases = 0, cases(options.only)
    for name, experiment, (file, pattern, replacement, fact, reason) in all_cases:
        with tempfile.TemporaryDirectory() as scratch:
            folder = with_one_change(Path(scratch), file, pattern, replacement)
            failed = report(name, "broken", ControlPlane(options.tools), lambda cluster, seen: until(fact, seen, lambda: experiment(cluster, folder, seen))).failed
        if fact not in failed or reason not in failed[fact]:
            print(f"FAIL {name}: `{fact}` must fail with `{reason}`")
            wrong += 1
    if all_cases:
        print(f"{len(all_cases) - wrong} of {len(all_cases)} broken stacks failed for their own reason")
    if "checks" in options.only:
        names = options.stacks or list(broken.CASES)
        with nodes() as cluster:
            wrong += len(names) - broken.run(cluster, names)
    return not wrong


class Enough(Exception):
    """The fact that matters was stated."""


def until(fact, seen, experiment):
    """Runs an experiment until it has stated a fact. What comes after it would wait for what is broken."""
    state = seen.fact

    def stop(what, *more):
        state(what, *more)
        if what == fact:
            raise Enough

    seen.fact = stop
    with contextlib.suppress(Enough):
        experiment()


def with_one_change(scratch, file, pattern, replacement):
    """A copy of the stack with one thing replaced in one file, if one is named."""
    folder = Path(shutil.copytree(STACK, scratch / "broken"))
    if not file:
        return folder
    text = (folder / file).read_text()
    changed = re.sub(pattern, replacement, text, count=1)
    if changed == text:
        raise ValueError(f"`{file}` has no `{pattern}`")
    (folder / file).write_text(changed)
    return folder
