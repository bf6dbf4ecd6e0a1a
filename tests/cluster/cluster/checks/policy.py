"""NetworkPolicy, as rules of the node: what should connect does, and what should not cannot.

What should is read off the names of ports, not off the policies: a port of peers (replication, controller, ZooKeeper's own) is for its own
kind, metrics are for the namespace `monitoring`, ZooKeeper's clients are the brokers,
HTTP interfaces are for the stack's own pods, not for others of their namespace, and what is left is for everybody.
"""

import concurrent.futures
import json

PEERS = ("replication", "controller", "peer", "election", "quorum", "leader")
DIAL = """
import concurrent.futures, json, socket, sys
def dial(target):
    try:
        socket.create_connection(target, 3).close()
        return True
    except OSError:
        return False
with concurrent.futures.ThreadPoolExecutor(32) as pool:
    print(json.dumps(list(pool.map(dial, [tuple(t) for t in json.loads(sys.argv[1])]))))
"""


def run(stack):
    if not any(o["kind"] == "NetworkPolicy" for o in stack.objects):
        return
    world = stack.world
    strangers = {"a stranger": stack.client_pod("stranger", "default"), "a pod of the namespace": stack.client_pod("neighbour"),
                 "monitoring": world.pod("prometheus") or stack.client_pod("prometheus", "monitoring"), "an application": stack.client.pod}
    members = {o["metadata"]["name"]: stack.workload(o).pods()[0] for o in stack.sets + [o for o in stack.objects if o["kind"] == "Deployment"]}
    brokers = {s["metadata"]["name"] for s in stack.brokers()}
    targets = [(name, pod, port, number) for name, pod in members.items() for port, number in pod.named_ports.items()]
    wrong, opened, closed = [], 0, 0
    def dial(pod):
        chosen = [t for t in targets if t[1] is not pod]
        return chosen, json.loads(world.from_pod(pod, DIAL, json.dumps([[t[1].address, t[3]] for t in chosen])))
    sources = strangers | members
    with concurrent.futures.ThreadPoolExecutor(len(sources)) as pool:
        answers = list(pool.map(dial, sources.values()))
    for (source, pod), (chosen, results) in zip(sources.items(), answers):
        for (name, target, port, number), connects in zip(chosen, results):
            wanted = should(source, pod, name, target, port, brokers, stack.closed, strangers)
            opened, closed = opened + connects, closed + (not connects)
            if wanted is not None and connects != wanted:
                wrong.append(f"{source} {'reaches' if connects else 'cannot reach'} {name}:{port}")
    stack.fact("policy", "what should connect does, what should not cannot", not wrong, "; ".join(wrong[:6]) or f"{opened} pairs connect, {closed} cannot")


def should(source, pod, name, target, port, brokers, closed, strangers):
    outside = source in strangers and source != "an application"
    if any(word in port for word in PEERS):
        same = lambda key: pod.labels.get(key) == target.labels.get(key)
        return source not in strangers and same("app.kubernetes.io/name") and same("app.kubernetes.io/instance")
    if "metrics" in port:
        return source == "monitoring"
    if "zookeeper" in name:
        return source in brokers
    if closed and port in ("tcp-client", "tcp-platform"):
        return not outside  # the rest is the stack's own, or its administrator
    if "management" in port or "health" in port:
        return False  # the node's kubelet only
    if port == "http":
        return not outside
    return True
