"""From empty volumes every workload becomes ready, with the identities that the manifests declare, and nothing in the logs."""

import re
import time

from .. import images

PATIENCE = 600
# What a sound start may log as an error, each with its reason. A pattern begins to match in the line itself, and may go on in the one after it. Of
# a line only the message is looked for: where the logger's name stands is up to the layout.
EXPECTED_ERRORS = {
    r"EventPerformanceMonitor|Exceptionally slow controller event": "more than two seconds for an event: a loaded machine, not the manifest",
    r"controller event queue overloaded\. Timed out heartbeat from broker": "a heartbeat that waited for longer than half its interval: a loaded machine; the broker keeps its session",
    r"Unexpected error REQUEST_TIMED_OUT in UPDATE_RAFT_VOTER response": "a controller that answers late: a loaded machine; it is asked again",
    r"Unexpected error handling request .*\n.*NotControllerException": "a request that meets an election is answered so and sent again",
    r"Unexpected error handling request .*\n.*Direct-to-controller communication is not supported": "a controller that has not read the metadata yet, and is asked again",
    r"Unsuccessful handshake with session 0x0": "who looks whether ZooKeeper's port is open, and says nothing: a broker that waits for it",
    r"Error getting peer certificates": "a connection to ZooKeeper that is closed as soon as it is made, as to a server that is not part of the quorum yet; "
                                        "`security` shows who gets in",
    r"Received unknown topic error for topic connect-": "a topic just made, of which a broker does not know yet; asked again",
}


def run(stack):
    cluster, began = stack.world, time.time()
    cluster.apply(stack.objects)
    cluster.wait("every workload ready", lambda: all(w.ready() for w in cluster.workloads.values()), PATIENCE, lambda: trouble(cluster))
    seconds = {w.name: w.seconds if w.kind == "Job" else max(p.became_ready for p in w.pods()) - began for w in cluster.workloads.values()}
    stack.fact("boot", "every workload ready from empty volumes", True, ", ".join(f"{n} {s:.0f} s" for n, s in seconds.items()), time.time() - began)
    restarts = {p.name: p.restarts for p in cluster.pods if p.restarts}
    stack.fact("boot", "no container was restarted", not restarts, restarts or "")
    concessions(stack)
    spread(stack)
    identity(stack)
    errors = unexpected_errors(cluster)
    stack.fact("boot", "no errors in the logs", not errors, "; ".join(errors[:3]))


def concessions(stack):
    """What is not as in a cluster: the stand-ins by name, and what the machine takes from the JVMs."""
    notes = sorted({f"`{image.name.rpartition('/')[2]}`: {image.note}" for image in stack.world.images.values() if image.note})
    if notes:
        stack.note("boot", "stand-ins", "; ".join(notes))
    if stack.closed:
        stack.note("boot", "certificates", "by the real cert-manager, from an authority made here")
    cuts = {f"{c.name} {' to '.join(found[-1])} MiB" for p in stack.world.pods for c in p.containers
            if (found := re.findall(r"^the machine cuts the heap of (\d+) MiB to (\d+) MiB", c.log(), re.M))}
    stack.note("boot", "for the machine", f"heaps above {images.HEAP_CAP} MiB are cut to that ({', '.join(sorted(cuts)) or 'none was'}); "
                                          "no optimising compiler; classes from an archive")


def trouble(world):
    """A pod that had to be restarted, or could not start, will not pass whatever comes later."""
    if world.hopeless and re.search(world.hopeless, world.logs()):
        return "the log says why"
    with world.lock:
        return next((f"`{p.name}`: {p.problem}" for p in world.pods if p.problem), None)


def declared_ids(stack):
    ids = []
    for obj in stack.brokers():
        first = (obj["spec"].get("ordinals") or {}).get("start", 0)
        ids += range(first, first + obj["spec"]["replicas"])
    return ids


def declared_voters(stack):
    ids = []
    for obj in stack.controllers():
        first = (obj["spec"].get("ordinals") or {}).get("start", 0)
        ids += range(first, first + obj["spec"]["replicas"])
    return sorted(ids)


def declared_cluster_id(stack):
    """From the command of the init container that formats; ZooKeeper mode makes its own."""
    for obj in stack.brokers():
        for container in obj["spec"]["template"]["spec"].get("initContainers") or []:
            found = re.search(r"--cluster-id[= ]+(\S+)|\s-t[= ]*(\S+)", " ".join((container.get("command") or []) + (container.get("args") or [])))
            if found:
                return (found[1] or found[2]).strip("\"'")
    return None


def spread(stack):
    """Pods that ask for it are on as many nodes as there are, or as they are."""
    shared = {}
    for workload in stack.world.workloads.values():
        asks = workload.spec["template"]["spec"].keys() & {"affinity", "topologySpreadConstraints"}
        pods = workload.pods() if asks else []
        on = {pod.node.name for pod in pods}
        if len(on) < min(len(pods), len(stack.world.cluster.nodes)):
            shared[workload.name] = f"{len(pods)} pods of `{workload.name}` on {', '.join(sorted(on))}"
    stack.fact("boot", "replicas are on different nodes", not shared, "; ".join(shared.values()))


def identity(stack):
    cluster, wanted = stack.client.ask("cluster"), declared_cluster_id(stack)
    stack.fact("boot", "the cluster id is the declared one", wanted is None or cluster["id"] == wanted, cluster["id"])
    stack.fact("boot", "the broker ids are the pods' ordinals", cluster["nodes"] == declared_ids(stack), cluster["nodes"])
    if stack.controllers():
        quorum = stack.client.ask("quorum")
        stack.fact("boot", "the quorum has every declared voter and a leader",
                   quorum["voters"] == declared_voters(stack) and quorum["leader"] in quorum["voters"], f"voters {quorum['voters']}, leader {quorum['leader']}")


def unexpected_errors(world):
    found = []
    for pod in list(world.pods):
        for container in pod.init_containers + pod.containers:
            lines = container.log().splitlines() + [""]
            for line, following in zip(lines, lines[1:]):
                if re.search(r"\b(ERROR|FATAL|SEVERE)\b", line) and not any(re.match(f".*?(?:{known})", f"{line}\n{following}") for known in EXPECTED_ERRORS):
                    found.append(f"{pod.name}: {line[:200]}")
    return found
