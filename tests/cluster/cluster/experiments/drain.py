"""Each node in turn is drained, as for its maintenance: its pods leave, a second node is refused meanwhile, and all are ready again afterwards."""

import time

from .accepted import said
from .boot import name, wait_for_workloads

DRAIN = ("--ignore-daemonsets", "--delete-emptydir-data")
DRAIN_SECONDS = 900
REFUSED_SECONDS = 20  # `kubectl drain` asks every five seconds again


def run(cluster, folder, report):
    cluster.apply(folder)
    waiting, _ = wait_for_workloads(cluster)
    report.fact("every workload is ready", not waiting, "; ".join(waiting))
    guarded = [name(s) for s in cluster.get("statefulsets", "--all-namespaces") if s["spec"]["replicas"] >= len(cluster.nodes)]
    if not guarded:
        report.note("no set has a pod on each node", "a drain takes all of it away, and no budget can help")
    nodes = list(cluster.nodes)
    for node, other in zip(nodes, [*nodes[1:], nodes[0]]):
        began = time.monotonic()
        first = cluster.kubectl("drain", node, *DRAIN, f"--timeout={DRAIN_SECONDS}s", check=False)
        report.fact(f"`kubectl drain {node}` succeeds", first.returncode == 0, f"{time.monotonic() - began:.0f} s" if first.returncode == 0 else said(first))
        if guarded:
            second = cluster.kubectl("drain", other, *DRAIN, f"--timeout={REFUSED_SECONDS}s", check=False)
            refused = {pod for pod in guarded if f"{pod}-" in second.stderr and "disruption budget" in second.stderr}
            report.fact(f"the budgets refuse `kubectl drain {other}` meanwhile", refused == set(guarded), "" if refused == set(guarded) else said(second))
        cluster.kubectl("uncordon", node, other)
        waiting, seconds = wait_for_workloads(cluster)
        report.fact("every workload is ready again", not waiting, "; ".join(waiting) or f"{max(seconds.values()):.0f} s")
