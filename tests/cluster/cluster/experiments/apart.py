"""Two replicas of a Deployment never stay on one node: not after drains, and not after an update while few nodes are there."""

import time

from .accepted import said
from .boot import name, wait_for_workloads
from .drain import DRAIN, DRAIN_SECONDS

WAITS_SECONDS = 45  # for as long a pod that has no node of its own is looked at
ROLLOUT_SECONDS = 600


def run(cluster, folder, report):
    cluster.apply(folder)
    waiting, _ = wait_for_workloads(cluster)
    report.fact("every workload is ready", not waiting, "; ".join(waiting))
    several = [d for d in cluster.get("deployments", "--all-namespaces") if d["spec"]["replicas"] > 1]
    if not several or waiting:
        report.note("no Deployment has several replicas" if not several else "the rest needs them", "")
        return
    first, second, third, *others = cluster.nodes
    if others:
        report.note("the rest is about three nodes, and this stack has more", ", ".join(cluster.nodes))
        return
    move(cluster, third, several)
    waiting, _ = wait_for_workloads(cluster)
    together = shared(cluster, several)
    report.fact(f"`{third}` is cordoned and its replicas are drained: those of each Deployment are on `{first}` and `{second}`",
                not waiting and not together, "; ".join(waiting + together))
    for deployment in several:
        target = f"deployment/{name(deployment)}", f"--namespace={deployment['metadata']['namespace']}"
        cluster.kubectl("rollout", "restart", *target)
        began = time.monotonic()
        done = cluster.kubectl("rollout", "status", *target, f"--timeout={ROLLOUT_SECONDS}s", check=False)
        report.fact(f"a rolling update of `{name(deployment)}` needs no third node", done.returncode == 0, f"{time.monotonic() - began:.0f} s" if done.returncode == 0 else said(done))
    together = shared(cluster, several)
    report.fact("and its replicas are on different nodes afterwards", not together, "; ".join(together))
    move(cluster, first, several)
    time.sleep(WAITS_SECONDS)
    together = shared(cluster, several)
    report.fact(f"`{first}` is drained too: no replica joins the other on `{second}`, it waits", not together, "; ".join(together))
    began = time.monotonic()
    cluster.kubectl("uncordon", first, third)
    waiting, _ = wait_for_workloads(cluster)
    together = shared(cluster, several)
    report.fact("both nodes are back: every replica is ready, each on a node of its own", not waiting and not together,
                "; ".join(waiting + together) or f"{time.monotonic() - began:.0f} s")


def move(cluster, node, deployments):
    """Drains a node of the pods of these Deployments alone; it stays cordoned."""
    names = ",".join(sorted({labels(d)["app.kubernetes.io/name"] for d in deployments}))
    cluster.kubectl("drain", node, *DRAIN, f"--pod-selector=app.kubernetes.io/name in ({names})", f"--timeout={DRAIN_SECONDS}s")


def shared(cluster, deployments):
    """Of which Deployment one node has two pods that stay, in words."""
    found = []
    pods = [p for p in cluster.get("pods", "--all-namespaces") if "nodeName" in p["spec"] and "deletionTimestamp" not in p["metadata"]]
    for deployment in deployments:
        nodes = [p["spec"]["nodeName"] for p in pods if p["metadata"]["namespace"] == deployment["metadata"]["namespace"]
                 and labels(deployment).items() <= p["metadata"]["labels"].items()]
        found += [f"{nodes.count(node)} of `{name(deployment)}` on {node}" for node in sorted(set(nodes)) if nodes.count(node) > 1]
    return found


def labels(deployment):
    return deployment["spec"]["selector"]["matchLabels"]
