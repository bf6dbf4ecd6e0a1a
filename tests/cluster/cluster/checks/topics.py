"""The topics Job: creates what is declared, changes nothing twice, sets back what was altered, and refuses what Kafka cannot do."""

import copy
import time

from ..stack import ClientError
from ..world import Failure

PATIENCE = 240
UNDECLARED = "proof.undeclared"


def declared(stack):
    """topic → {setting: value}, from the file that the Job reads: one `TOPIC KEY=VALUE` a line."""
    topics = {}
    for obj in stack.objects:
        for name, text in (obj.get("data") or {}).items() if obj["kind"] == "ConfigMap" else ():
            if name == "topics.txt":
                for line in text.splitlines():
                    if line.strip() and not line.startswith("#"):
                        topic, setting = line.split(None, 1)
                        key, value = setting.split("=", 1)
                        topics.setdefault(topic, {})[key.strip()] = value.strip()
    return topics


def job_of(stack):
    return next((o for o in stack.objects if o["kind"] == "Job" and "topics" in o["metadata"]["name"]), None)


def again(stack):
    """Runs the Job once more, as an apply does after its name changed; (state, output, seconds)."""
    again.count += 1
    obj = copy.deepcopy(job_of(stack))
    obj["metadata"]["name"] += f"-{again.count}"
    job = stack.world.start(obj)
    stack.world.wait("the topics Job ends", lambda: job.state != "Running", PATIENCE)
    output = job.log()
    for pod in job.pods():
        pod.delete(grace=0)
    return job.state, output, job.seconds


again.count = 0


def differences(wanted, actual):
    """What is not as declared, in words."""
    for topic, settings in wanted.items():
        if topic not in actual:
            yield f"`{topic}` is missing"
            continue
        found, configs = actual[topic], {k: v for k, v in settings.items() if k not in ("partitions", "replication.factor")}
        if found["partitions"] != int(settings["partitions"]) or found["replicas"] != [int(settings["replication.factor"])]:
            yield f"`{topic}` has {found['partitions']} partitions and replicas {found['replicas']}"
        if found["configs"] != configs:
            yield f"`{topic}` has {sorted(set(found['configs'].items()) ^ set(configs.items()))}"


def run(stack):
    client, wanted = stack.client, declared(stack)
    if not wanted or not job_of(stack):
        return
    first = client.ask("topics")
    wrong = list(differences(wanted, first))
    stack.fact("topics", f"all {len(wanted)} topics with their partitions, replicas and configs", not wrong, "; ".join(wrong[:3]))
    state, output, seconds = again(stack)
    same = {t: first[t] for t in wanted} == {t: v for t, v in client.ask("topics").items() if t in wanted}
    stack.fact("topics", "a second run changes nothing", state == "Complete" and same, "" if state == "Complete" else output[-300:], seconds)
    # First those that can have fewer partitions and still have two.
    names = sorted(wanted, key=lambda topic: (int(wanted[topic]["partitions"]) < 3, topic))
    retention, altered, fewer, more, factor = names[:5] if len(names) >= 5 else names[:1] * 5
    brokers = len(client.ask("cluster")["nodes"])
    client.ask("alter", retention, "retention.ms=1234567")
    client.ask("alter", altered, "flush.messages=5")
    client.ask("create", UNDECLARED, 1, 1, "retention.ms=7654321")
    recreate(client, fewer, 2, int(wanted[fewer]["replication.factor"]), wanted[fewer])
    before = client.ask("topics")[UNDECLARED]
    state, output, seconds = again(stack)
    after = client.ask("topics")
    wrong = list(differences(wanted, after))
    stack.fact("topics", "retention converges, a hand-altered config is set back, partitions rise", state == "Complete" and not wrong,
               "; ".join(wrong[:3]) if state == "Complete" else output[-300:], seconds)
    stack.fact("topics", "an undeclared topic is untouched", after.get(UNDECLARED) == before)
    client.ask("grow", more, int(wanted[more]["partitions"]) + 1)
    if brokers > 1:
        recreate(client, factor, int(wanted[factor]["partitions"]), 1, wanted[factor])
    state, output, seconds = again(stack)
    stack.fact("topics", "fewer partitions are refused, and why is said", state.startswith("Failed") and f"`{more}`" in output and "cannot remove partitions" in output,
               f"{state}: {line_with(output, more)}", seconds)
    if brokers > 1:
        stack.fact("topics", "another replication factor is refused, and why is said", f"`{factor}` has replication factor 1" in output, line_with(output, factor))
    client.ask("delete", UNDECLARED)
    for topic in {more, factor}:  # as declared again, for the checks that follow
        recreate(client, topic, int(wanted[topic]["partitions"]), int(wanted[topic]["replication.factor"]), wanted[topic])


def recreate(client, topic, partitions, replicas, settings):
    client.ask("delete", topic)
    deadline = time.time() + 20
    while True:
        try:
            return client.ask("create", topic, partitions, replicas,
                              *(f"{k}={v}" for k, v in settings.items() if k not in ("partitions", "replication.factor", "min.insync.replicas" if replicas == 1 else "")))
        except ClientError as error:  # the deletion takes a moment
            if time.time() > deadline:
                raise Failure(str(error)) from None
            time.sleep(0.3)


def line_with(output, word):
    return next((line for line in output.splitlines() if f"`{word}`" in line), output[-200:])
