"""The experiments can fail: a stack with one thing broken fails for that reason."""

import re
import shutil
import tempfile
from pathlib import Path

from .control_plane import ControlPlane
from .experiments import accepted, report
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


def run(tools):
    """Whether each broken stack fails as it must."""
    applied = lambda folder: lambda cluster, seen: accepted.run(cluster, folder, seen)
    changed = lambda folder: lambda cluster, seen: (cluster.apply(STACK), accepted.unchanged(cluster, folder, seen))
    wrong, cases = 0, [(case, applied) for case in BROKEN.items()] + [(case, changed) for case in CHANGED.items()]
    for (name, (file, pattern, replacement, fact, reason)), experiment in cases:
        with tempfile.TemporaryDirectory() as scratch:
            folder = broken(Path(scratch), file, pattern, replacement)
            failed = report(name, "accepted", ControlPlane(tools), experiment(folder)).failed
        if reason not in failed.get(fact, ""):
            print(f"FAIL {name}: `{fact}` must fail with `{reason}`")
            wrong += 1
    print(f"{len(cases) - wrong} of {len(cases)} broken stacks failed for their own reason")
    return not wrong


def broken(scratch, file, pattern, replacement):
    """A copy of the stack with one thing replaced in one file."""
    folder = Path(shutil.copytree(STACK, scratch / "broken"))
    text = (folder / file).read_text()
    changed = re.sub(pattern, replacement, text, count=1)
    if changed == text:
        raise ValueError(f"`{file}` has no `{pattern}`")
    (folder / file).write_text(changed)
    return folder
