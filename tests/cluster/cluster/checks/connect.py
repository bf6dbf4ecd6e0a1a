"""Connect: one group, exactly-once source, a sink, and a task that moves when its worker is killed."""

import re
import time

from ..stack import ClientError, permissions
from ..world import Failure
from . import boot
from .permissions_job import again
from .registry import address

TOPIC, PATIENCE = "proof.connect", 150
SOURCE = {"name": "proof-source", "connector.class": "org.apache.kafka.connect.file.FileStreamSourceConnector", "tasks.max": "1",
          "file": "/tmp/source.txt", "topic": TOPIC, "exactly.once.support": "required", "transaction.boundary": "poll"}
SINK = {"name": "proof-sink", "connector.class": "org.apache.kafka.connect.file.FileStreamSinkConnector", "tasks.max": "1",
        "file": "/tmp/sink.txt", "topics": TOPIC}


def prepare(stack):
    """What needs every broker: `recovery` goes on beside the rest."""
    found = stack.deployments("kafka-connect")
    if not found:
        return
    obj, client = found[0], stack.client
    workload, base = stack.workload(obj), address(stack, obj)
    if not permitted(stack, obj):
        client.ask("create", TOPIC, 1, min(3, len(boot.declared_ids(stack))))
        lend(stack, obj)
    lines(workload, 0, 100)
    for config in (SOURCE, SINK):
        settled(lambda c=config: client.http("PUT", f"{base}/connectors/{c['name']}/config", c), f"`{config['name']}` accepted", lambda r: r[0] in (200, 201))
    status = running(stack, base)
    workers = {s["tasks"][0]["worker_id"] for s in status.values()} | {s["connector"]["worker_id"] for s in status.values()}
    stack.fact("connect", "source (exactly-once `required`) and sink run", True, f"on {len(workers)} of {workload.replicas} workers")
    expected = {p.address for p in workload.pods()}
    stack.fact("connect", "all workers share one group", {w.rsplit(":", 1)[0] for w in workers} == expected or workload.replicas == 1, ", ".join(sorted(workers)))
    answers = [client.http("GET", f"http://{worker}/")[0] for worker in sorted(workers)]
    stack.fact("connect", "advertised addresses answer from another pod", set(answers) == {200}, answers)
    wait_for_sink(workload, 100)
    stack.fact("connect", "every line went through source and sink", True, "100 lines")


def permitted(stack, obj):
    """In a closed cluster the connectors use a topic, and the sink has a name, for which the workers' user has the permissions."""
    global TOPIC
    facts = [fact.split() for fact in permissions(stack).get(obj["metadata"]["name"], ())]
    group = next((f[3] for f in facts if f[:2] == ["acl", "group"] and f[3].startswith("connect-")), None)
    if group:
        reads, writes = ({f[3] for f in facts if f[:2] == ["acl", "topic"] and f[4] == operation} for operation in ("READ", "WRITE"))
        internal = {f[3] for f in facts if f[4:] == ["CREATE"]}
        TOPIC = SOURCE["topic"] = SINK["topics"] = (reads & writes - internal).pop()
        SINK["name"] = group.removeprefix("connect-")
    return bool(group)


def lend(stack, obj):
    """In a closed cluster that declares no connector: what the two would need, as if they were declared."""
    if stack.closed:
        user = obj["metadata"]["name"]
        needs = (f"topic literal {TOPIC} READ", f"topic literal {TOPIC} WRITE", f"group literal connect-{SINK['name']} READ")
        stack.lent = [f"{user} acl {need}" for need in needs]
        state, output, seconds = again(stack)
        stack.fact("connect", "connectors that are declared get their permissions", state == "Complete", output.strip()[-200:], seconds)


def give_back(stack):
    """The end of the connectors that no stack declares, and of their permissions. They live until their metrics were looked at."""
    if stack.lent:
        base = address(stack, stack.deployments("kafka-connect")[0])
        for config in (SOURCE, SINK):
            stack.client.http("DELETE", f"{base}/connectors/{config['name']}")
        stack.lent = []
        state, output, seconds = again(stack)
        stack.fact("connect", "and lose them when they are declared no more", state == "Complete", output.splitlines()[0], seconds)


def run(stack):
    found = stack.deployments("kafka-connect")
    if not found:
        return
    client, workload, base = stack.client, stack.workload(found[0]), address(stack, found[0])
    began, (victim, connector) = time.time(), follower_with_task(workload, running(stack, base))
    kept = sink_lines([victim])
    victim.delete(grace=0)
    workload.create()
    lines(workload, 0, 150)
    gone = lambda worker: worker.startswith(victim.address + ":")
    moved = running(stack, base, lambda s: not any(gone(t["worker_id"]) for each in s.values() for t in each["tasks"]))
    wait_for_sink(workload, 150, kept)
    stack.fact("connect", "a worker killed (not the leader): its task moves", True, f"`{connector}` to {moved[connector]['tasks'][0]['worker_id']}", time.time() - began)
    values = [int(n) for part in client.ask("consume", "-", TOPIC, "isolation.level=read_committed", "group.id=proof-connect").values()
              for v in part for n in re.findall(r"line-(\d+)", v)]
    stack.fact("connect", "each source line is committed exactly once, in order", values == list(range(150)), f"{len(values)} records, {len(set(values))} different")


def follower_with_task(workload, status):
    """A worker that does not lead the group, and a connector whose task it runs; the only worker, where there is one. When a leader goes, its
    successor knows nothing of the delay that the tasks of a lost worker are kept for, and the test would show less."""
    leaders = re.findall(r"leaderUrl='http://([^:/]+)", "".join(c.log() for p in workload.pods() for c in p.containers))
    chosen = [(p, name) for p in workload.pods() for name, s in status.items() if s["tasks"][0]["worker_id"].startswith(p.address + ":")]
    return next((c for c in chosen if c[0].address != leaders[-1]), chosen[0])


def lines(workload, first, end):
    """The source file in every worker's /tmp: a task must find it wherever it runs."""
    for pod in workload.pods():
        deadline = time.time() + PATIENCE
        while "tmp" not in pod.volumes:
            if time.time() > deadline:
                raise Failure(f"`{pod.name}` has no volume `tmp`")
            time.sleep(0.1)
        (pod.volumes["tmp"] / "source.txt").write_text("".join(f"line-{n}\n" for n in range(first, end)))


def sink_lines(pods):
    return {line for p in pods if (p.volumes["tmp"] / "sink.txt").exists() for line in (p.volumes["tmp"] / "sink.txt").read_text().splitlines()}


def wait_for_sink(workload, count, kept=frozenset()):
    deadline = time.time() + PATIENCE
    while len(sink_lines(workload.pods()) | kept) < count:
        if time.time() > deadline:
            raise Failure(f"the sink has {len(sink_lines(workload.pods()) | kept)} of {count} lines")
        time.sleep(0.5)


def settled(ask, what, good):
    """Asks until the answer is good: a rebalance answers 409 for a while."""
    deadline = time.time() + PATIENCE
    while True:
        try:
            reply = ask()
            if good(reply):
                return reply
        except ClientError as error:
            reply = error
        if time.time() > deadline:
            raise Failure(f"{what}: {str(reply)[:300]}")
        time.sleep(1)


def running(stack, base, also=lambda status: True):
    """The status of both connectors once every task of them runs."""
    def ask():
        return {c["name"]: stack.client.http("GET", f"{base}/connectors/{c['name']}/status")[1] for c in (SOURCE, SINK)}
    def good(status):
        return all(s.get("tasks") and s["connector"]["state"] == "RUNNING" and all(t["state"] == "RUNNING" for t in s["tasks"]) for s in status.values()) \
            and also(status)
    return settled(ask, "source and sink running", good)
