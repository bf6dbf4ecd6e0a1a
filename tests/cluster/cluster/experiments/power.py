"""A node loses its power for good: what Kubernetes does by itself, what it does not, and what a person must do."""

import time

from .accepted import said
from .boot import name, wait_for_workloads

NOT_READY_SECONDS = 120  # the node lifecycle controller waits 40 s for a kubelet
BACK_SECONDS = 400  # half a minute on an idle machine
EVICTED_SECONDS = 420  # pods tolerate a lost node for 300 s
TAINT = "node.kubernetes.io/out-of-service=nodeshutdown:NoExecute"


def run(cluster, folder, report):
    cluster.apply(folder)
    waiting, _ = wait_for_workloads(cluster)
    report.fact("every workload is ready", not waiting, "; ".join(waiting))
    lost, other = list(cluster.nodes)[:2]
    pods = on(cluster, lost)
    stuck = sorted(name(pod) for pod in pods if pod["metadata"]["ownerReferences"][0]["kind"] == "StatefulSet")
    began = time.monotonic()
    after = lambda: f"after {time.monotonic() - began:.0f} s"
    cluster.nodes[lost].cut_power()
    cluster.wait("the node is not ready", lambda: not node_ready(cluster, lost), NOT_READY_SECONDS)
    report.fact(f"`{lost}` is not ready", True, after())
    cluster.wait("the lost pods are terminating", lambda: all("deletionTimestamp" in pod["metadata"] for pod in on(cluster, lost)), EVICTED_SECONDS)
    report.fact("its pods are terminating", True, after())
    time.sleep(30)
    left = sorted(name(pod) for pod in on(cluster, lost) if name(pod) in stuck)
    report.fact(f"{', '.join(stuck)} is not replaced", left == stuck, ", ".join(left))
    drained = cluster.kubectl("drain", other, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=20s", check=False)
    report.fact(f"the budget refuses `kubectl drain {other}`", "disruption budget" in drained.stderr, said(drained) if drained.returncode == 0 else "")
    cluster.kubectl("uncordon", other)
    cluster.kubectl("taint", "node", lost, TAINT)
    cluster.wait("the lost pods are gone", lambda: not on(cluster, lost), NOT_READY_SECONDS)
    report.fact(f"with the taint `{TAINT}` they are replaced", True, after())
    cluster.nodes[lost].start()
    cluster.wait("the node is ready", lambda: node_ready(cluster, lost), BACK_SECONDS)
    cluster.kubectl("taint", "node", lost, f"{TAINT}-")
    waiting, _ = wait_for_workloads(cluster)
    report.fact("the node is back, its taint removed: every workload is ready again", not waiting, "; ".join(waiting) or after())


def on(cluster, node):
    """The pods of a node that have not ended by themselves."""
    pods = cluster.get("pods", "--all-namespaces", f"--field-selector=spec.nodeName={node}")
    return [pod for pod in pods if pod["status"]["phase"] not in ("Succeeded", "Failed")]


def node_ready(cluster, node):
    conditions = cluster.api(f"/api/v1/nodes/{node}")["status"]["conditions"]
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
