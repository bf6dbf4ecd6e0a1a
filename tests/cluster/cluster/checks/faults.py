"""Faults: nothing that was acknowledged is lost, writes go on where they have to, and a node that must not start does not."""

import os
import shutil
import threading
import time

from ..stack import ClientError
from ..world import Failure
from . import boot, clients, security

TOPIC = "proof.faults"
READY_WITHIN = 400


def run(stack):
    brokers = [stack.workload(s) for s in stack.brokers()]
    pods = [p for w in brokers for p in w.pods()]
    if len(pods) < 3:
        restart_single(stack, brokers[0])
        return
    client = stack.client
    combined = set(boot.declared_voters(stack)) & set(boot.declared_ids(stack))
    load(stack, TOPIC)
    one_lost(stack, pods, combined)
    two_lost(stack, brokers[0], pods, combined)
    verify(stack, strict=False)
    load(stack, TOPIC + ".roll")
    renewed = security.renew(stack)
    if renewed:
        not_yet_loaded(stack, brokers[0], renewed)
    roll(stack, brokers[0])
    verify(stack)
    if renewed:
        shown = [security.certificate(stack, pod) for pod in brokers[0].pods()]
        good = [each == renewed[brokers[0].name] for each in shown]
        stack.fact("faults", "certificates that were renewed meanwhile are those that the brokers show", all(good), f"{sum(good)} of {len(good)}")
    empty_volume(stack, brokers[0])
    for topic in (TOPIC, TOPIC + ".roll"):
        client.ask("delete", topic)


def not_yet_loaded(stack, workload, renewed):
    """The files in the pods are new. What the nodes show, and whether a dynamic change, which makes Kafka read its files again, is enough."""
    shown = lambda: [security.certificate(stack, pod) == renewed[workload.name] for pod in workload.pods()]
    before = shown()
    stack.client.ask("throttle", 1 << 30)
    time.sleep(10)  # network threads take it one after the other
    after = shown()
    stack.fact("faults", "a renewed certificate waits for the restart of its node, whatever is set dynamically", not any(before + after),
               f"{sum(before)} of {len(before)} show it after the files have changed, {sum(after)} after a dynamic change of each broker")


def load(stack, topic):
    """Writes without a pause with the emitted producer file, until `verify`."""
    brokers = len(stack.client.ask("cluster")["nodes"])
    stack.client.ask("create", topic, 6, min(3, brokers), f"min.insync.replicas={min(2, brokers)}")
    stack.client.ask("load", clients.emitted(stack, "producer"), topic)
    if not acknowledged_grows(stack, 60, 200):
        raise Failure("the load did not begin")


def verify(stack, strict=True):
    """Ends the load. An idempotent producer whose partition had fewer replicas than it needs may give up its sequence and start a new one, and
    then write again what was written: so after that fault only the loss is judged, and the rest is told."""
    ended = stack.client.ask("unload", timeout=250)
    stack.fact("faults", "no write under load failed in the end", ended["failures"] == 0, 
               f"{ended['acknowledged']} acknowledged, {ended['failures']} failed {ended['first']}".rstrip())
    seen = stack.client.ask("verify", clients.emitted(stack, "consumer"))
    good = seen["lost"] == 0 and (not strict or seen["twice"] == seen["disordered"] == 0)
    stack.fact("faults", "every acknowledged record survived" + (", once and in order" if strict else ""), good,
               f"{seen['acknowledged']} acknowledged, {seen['lost']} lost, {seen['twice']} twice, {seen['disordered']} out of order")


def acknowledged_grows(stack, seconds, by=50):
    """Whether writes go on: that many more within that time."""
    before, deadline = stack.client.ask("acknowledged"), time.time() + seconds
    while time.time() < deadline:
        if stack.client.ask("acknowledged") >= before + by:
            return True
        time.sleep(0.2)
    return False


def in_sync(stack):
    """Whether no partition is offline or under-replicated, as far as a broker answers."""
    try:
        return stack.client.ask("health") == {"offline": 0, "under": 0}
    except ClientError:
        return False


def full_isr(stack, within=150):
    """Waits until every replica is in sync."""
    deadline = time.time() + within
    while not in_sync(stack):
        if time.time() > deadline:
            raise Failure(f"not every replica was in sync within {within} s")
        time.sleep(0.5)


def leader_pod(stack, pods):
    """The active controller where brokers are controllers, else any."""
    if set(boot.declared_voters(stack)) & set(boot.declared_ids(stack)):
        leader = stack.client.ask("quorum")["leader"]
        return next(p for p in pods if p.name.endswith(f"-{leader}"))
    return pods[0]


def one_lost(stack, pods, combined):
    victim = leader_pod(stack, pods)
    victim.lose()
    began = time.time()
    good = acknowledged_grows(stack, 60)
    stack.fact("faults", "one broker killed: writes go on", good, f"kill -9 of `{victim.name}`{', the active controller' if combined else ''}", time.time() - began)


def two_lost(stack, workload, pods, combined):
    second = next(p for p in pods if not p.held)
    second.lose()
    expected = "TimeoutException" if combined else "NotEnoughReplicas"
    seen, deadline = "", time.time() + 60
    while expected not in seen and time.time() < deadline:  # the ISR shrinks only after the broker's session has ended
        try:
            stack.client.ask("produce", "-", TOPIC, 6, "acks=all", "retries=0", "enable.idempotence=false", "request.timeout.ms=6000",
                             "delivery.timeout.ms=8000", "linger.ms=0", "max.block.ms=8000")
            seen = "the write was acknowledged"
        except ClientError as error:
            seen = str(error)
    stack.fact("faults", f"two brokers killed: a write fails with `{expected}`", expected in seen, seen[:120])
    began = time.time()
    next(p for p in pods if p.held and p is not second).release()
    wrong_cluster_id(stack, workload, second)
    stack.world.wait("both brokers back", workload.ready, READY_WITHIN, lambda: boot.trouble(stack.world))
    full_isr(stack)
    stack.fact("faults", "both return: every replica in sync again", acknowledged_grows(stack, 30), "", time.time() - began)


def roll(stack, workload):
    """A rolling restart in the order of a StatefulSet, under load, with an eye on every partition."""
    began, offline, done, known = time.time(), 0, threading.Event(), len(stack.world.events)
    seen = [0, 0, 0]  # a broker that has just started knows no leader for a moment; one that is missing is missing three times
    problem = []
    def restart():
        try:
            workload.roll(READY_WITHIN)
        except Failure as error:
            problem.append(str(error))
        done.set()
    threading.Thread(target=restart, daemon=True).start()
    while not done.wait(0.5):
        try:
            seen = [*seen[1:], stack.client.ask("health")["offline"]]
            offline = max(offline, min(seen))
        except ClientError:
            pass  # the node that was asked is the one that goes
    went = list(dict.fromkeys(name for _, name, message in stack.world.events[known:] if message == "not ready" and name.startswith(f"{workload.name}-")))
    order = [f"{workload.name}-{ordinal}" for ordinal in reversed(workload.ordinals)]
    stack.fact("faults", "rolling restart in StatefulSet order", not problem and [name for name in went if name in order] == order,
               "; ".join(problem) or ", ".join(went), time.time() - began)
    stack.fact("faults", "no partition was offline meanwhile", offline == 0, offline or "")
    full_isr(stack)
    formats = [c.log() for p in workload.pods() for c in p.init_containers if "format" in c.name]
    if formats:
        stack.fact("faults", "the same volume is not formatted again", all("already formatted" in text.lower() and "Formatting" not in text for text in formats))


def volume_of(workload, pod):
    name = workload.spec["volumeClaimTemplates"][0]["metadata"]["name"]
    return workload.world.volume(pod.namespace, f"{name}-{pod.name}")


def as_new(path):
    """Makes a volume what it was when it came: root's, with `lost+found` and nothing else."""
    for entry in path.iterdir():
        if entry.name != "lost+found":
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    os.chown(path, 0, 0)
    path.chmod(0o755)


def empty_volume(stack, workload):
    """A disk is lost and comes back empty; the other nodes hold everything."""
    began, ordinal = time.time(), workload.ordinals[-1]
    pod = stack.world.pod(f"{workload.name}-{ordinal}")
    pod.delete()
    as_new(volume_of(workload, pod))
    new = workload.create(ordinal)
    stack.world.wait(f"`{new.name}` ready on an empty volume", lambda: new.ready, READY_WITHIN, lambda: new.problem)
    full_isr(stack)
    stack.fact("faults", "an empty volume in one node of three recovers", True, "", time.time() - began)


def wrong_cluster_id(stack, workload, pod):
    """A dead pod comes back, first with a volume of another cluster, with which it must refuse to start, and then with its own."""
    ordinal = int(pod.name.rsplit("-", 1)[1])
    pod.delete(grace=0)
    files = list(volume_of(workload, pod).rglob("meta.properties"))
    texts = {path: path.read_text() for path in files}
    for path, text in texts.items():
        path.write_text("".join("cluster.id=AAAAAAAAAAAAAAAAAAAAAA\n" if line.startswith("cluster.id=") else line + "\n" for line in text.splitlines()))
    new, began = workload.create(ordinal), time.time()
    while not new.problem and not new.ready and time.time() - began < READY_WITHIN:
        time.sleep(0.2)
    words = "".join(c.log() for c in new.init_containers + new.containers)
    reason = next((line for line in reversed(words.splitlines()) if "cluster" in line.lower() and ("invalid" in line.lower() or "inconsistent" in line.lower() or "doesn't match" in line)), "")
    stack.fact("faults", "a volume of another cluster: the node refuses to start", bool(new.problem) and reason, reason[:160])
    new.delete(grace=0)
    for path, text in texts.items():
        path.write_text(text)
    workload.create(ordinal)


def restart_single(stack, workload):
    """One broker only: no redundancy to prove, but what was acknowledged survives kill -9."""
    pod = workload.pods()[0]
    load(stack, TOPIC)
    pod.lose()
    began = time.time()
    pod.release()
    stack.world.wait("the broker is back", lambda: pod.ready, READY_WITHIN, lambda: pod.problem)
    stack.fact("faults", "the broker killed: writes go on when it is back", acknowledged_grows(stack, 60), "", time.time() - began)
    verify(stack)
    stack.client.ask("delete", TOPIC)
