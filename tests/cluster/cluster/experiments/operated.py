"""`deploy` from nothing; `roll`, `drain`, `rebalance` and `replace` under writes with acks=all, each ended by SIGTERM at several points and run again;
then `verify` passes, and names the cause of each fault. The stack is the example `pools`, whose brokers restart only when they are told to, and the binary is the example's own.

`operated-careless` deletes two brokers in the place of `roll`: it has to fail.
"""

import json
import signal
import subprocess
import time

from ..control_plane import ClusterError
from ..tools import PROJECT
from . import roll, verify
from .boot import name, wait_for_workloads

BINARY = PROJECT / "target/debug/examples/pools"
VERB_SECONDS = 1500
BULK_MIB, THROTTLE = 24, 1 << 20  # replicas are on their way for long enough to be interrupted
DRAINED, REPLACED = 1, 11


def run(cluster, folder, report):
    with Trial(cluster, folder, report) as trial:
        trial.ask("create", "proof.bulk", 6, 3, roll.MINIMUM)
        trial.ask("fill", "proof.bulk", BULK_MIB)
        trial.watched(f"`replace` of broker {REPLACED}, whose volume is gone", trial.replaced)
        trial.watched(f"`rebalance` and `drain` of broker {DRAINED}", trial.moved)
        trial.watched("`roll` of all pools", trial.rolled_by_us)
        looks = Looks(cluster, folder, report, BINARY)
        looks.healthy("after all of it")
        for fault in looks.faults():
            looks.meet(*fault)
        looks.healthy("all of it mended")


def careless(cluster, folder, report):
    with Trial(cluster, folder, report) as trial:
        trial.watched("two brokers are deleted at once", trial.two_deleted)


class Trial(roll.Trial):
    service = "kafka"

    def __enter__(self):
        if not BINARY.exists():
            raise ClusterError(f"`{BINARY}` is not there: run `cargo build --example pools`")
        return super().__enter__()

    def bring_up(self):
        self.verb("deploy", "pools", f"--out={self.folder.parent}", "--timeout=15m")

    # -- the verbs -------------------------------------------------------------------------------------------------------------------

    def verb(self, *words, until=None, status=0):
        """Runs a verb to its end, or until it has told a line with this text: then it is ended. What it told."""
        began, told = time.monotonic(), []
        process = subprocess.Popen([BINARY, *words], env=self.cluster.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        for line in process.stdout:
            told.append(line.rstrip())
            print(f"    {time.monotonic() - began:5.1f} s  {told[-1]}", flush=True)
            if until and until in line:
                process.send_signal(signal.SIGTERM)
                break
        process.stdout.read()
        ended, line = process.wait(VERB_SECONDS), f"`{' '.join(words)}`"
        if until:
            self.report.fact(f"{line} is ended at `{until}`", ended == -signal.SIGTERM, f"after {time.monotonic() - began:.0f} s")
        else:
            self.report.fact(f"{line} ends with {status}", ended == status, f"{time.monotonic() - began:.0f} s: {(told or [''])[-1]}")
        return told

    def interrupted(self, *words, points):
        """Ended at each of these points, one after the other, and then run to its end."""
        for point in points:
            self.verb(*words, until=point)
        return self.verb(*words)

    def held(self):
        """How many replicas each broker has."""
        counts = {}
        for line in self.tool("kafka-topics", "--describe").splitlines():
            if "\tReplicas: " in line:
                for broker in line.split("\tReplicas: ")[1].split("\t")[0].split(","):
                    counts[int(broker)] = counts.get(int(broker), 0) + 1
        return counts

    def tool(self, command, *words):
        return self.cluster.kubectl("exec", "--namespace=kafka", "kafka-a-0", "--container=kafka", "--", "env", "KAFKA_HEAP_OPTS=-Xmx128m", command,
                                    "--bootstrap-server=localhost:9092", *words).stdout

    def moved(self):
        limit = f"--throttle={THROTTLE}"
        self.interrupted("drain", "pools", str(DRAINED), limit, points=["to move", "begin to move", "to go"])
        held = self.held()
        self.report.fact(f"broker {DRAINED} holds nothing", not held.get(DRAINED), json.dumps(held))
        throttled = "throttled" in self.tool("kafka-configs", "--describe", "--entity-type=brokers")
        self.report.fact("no throttle is left", not throttled)
        self.interrupted("rebalance", "pools", limit, points=["begin to move", "to go"])
        held = self.held()
        self.report.fact("every broker has as many replicas as the others", max(held.values()) - min(held.values()) <= 1, json.dumps(held))

    def rolled_by_us(self):
        before = self.uids()
        for workload in self.sets:
            self.patch(workload)
        time.sleep(5)
        order = [line for line in self.verb("roll", "pools", "--dry-run") if line.startswith("kafka-")]
        self.interrupted("roll", "pools", points=["kafka-a-0: restarts", "kafka-a-1: waits", "kafka-b-10: is back", "kafka-b-11: restarts", "controller-100: waits"])
        self.whole()
        after = self.uids()
        same = [pod for pod, uid in after.items() if before.get(pod) == uid]
        self.report.fact("every node was restarted", not same and len(after) == len(order), ", ".join(same))
        self.verb("roll", "pools")
        self.report.fact("a further run restarts none", self.uids() == after)

    def uids(self):
        pods = self.cluster.get("pods", "--namespace=kafka", "--selector=app.kubernetes.io/name=kafka")
        return {name(pod): pod["metadata"]["uid"] for pod in pods}

    def replaced(self):
        pod = f"kafka-b-{REPLACED}"
        claim = self.cluster.api(f"/api/v1/namespaces/kafka/persistentvolumeclaims/data-{pod}")
        volume = claim["spec"]["volumeName"]
        before = {name(one): one["metadata"]["uid"] for one in self.claims()}
        # The volume is deleted behind the claim, and its pod ends: no pod can start with it again.
        self.cluster.kubectl("delete", "persistentvolume", volume, "--wait=false")
        self.cluster.kubectl("patch", "persistentvolume", volume, "--patch", '{"metadata":{"finalizers":null}}')
        self.cluster.kubectl("delete", "pod", pod, "--namespace=kafka", "--grace-period=0", "--force")
        self.cluster.wait("the claim has lost its volume", lambda: self.cluster.api(
            f"/api/v1/namespaces/kafka/persistentvolumeclaims/data-{pod}")["status"]["phase"] == "Lost", 120)
        words = ["replace", "pools", str(REPLACED)]
        self.verb(*words, "--dry-run")
        self.report.fact("a dry run deletes no claim", {name(one): one["metadata"]["uid"] for one in self.claims()} == before)
        self.verb(*words, status=2)
        words.append("--yes")
        self.interrupted(*words, points=["is noted", "claim", "pod is deleted", "waits", "not in sync"])
        after = {name(one): one["metadata"]["uid"] for one in self.claims()}
        new = sorted(claim for claim, uid in after.items() if before.get(claim) != uid)
        self.report.fact("its claim is new, once, and no other one", new == [f"data-{pod}"], ", ".join(new))
        self.whole()
        self.verb(*words, "--dry-run")

    def claims(self):
        return self.cluster.get("persistentvolumeclaims", "--namespace=kafka")

    def two_deleted(self):
        self.cluster.kubectl("delete", "pods", "kafka-a-0", "kafka-b-10", "--namespace=kafka", "--grace-period=0", "--force")
        self.whole()


class Looks(verify.Trial):
    """The faults that this stack can have, and the experiment `verify` has not."""

    def faults(self):
        topic = "call.events"
        yield "a topic deleted", "topics/kafka-topics", f"`{topic}` does not exist", lambda: self.tool("kafka-topics", "--delete", "--topic", topic), self.apply_topics
        yield ("a config altered by hand", "configs/kafka-topics", f"`{topic}` has retention.ms=60000", lambda: self.tool(
            "kafka-configs", "--alter", "--entity-type=topics", f"--entity-name={topic}", "--add-config=retention.ms=60000"), self.apply_topics)
        yield "a quorum voter gone", "quorum/kafka", "102", lambda: self.voters(2), lambda: self.voters(3)
        yield ("a Service without endpoints", "services", "`kafka-exporter` has no ready endpoints", lambda: self.exporter("nothing"), lambda: self.exporter(None))
        yield ("a metric missing", "metrics", "no target has `kafka_server_replicamanager_underminisrpartitioncount`", lambda: self.silence(
            "kafka_server_replicamanager_underminisrpartitioncount"), self.apply)
        yield "a broker killed", "brokers/kafka", "is not there", self.kill, self.revive

    def voters(self, count):
        self.cluster.kubectl("scale", "statefulset/kafka-controller", "--namespace=kafka", f"--replicas={count}")
        if count == 3:
            waiting, _ = wait_for_workloads(self.cluster)
            self.report.fact("every workload is ready again", not waiting, "; ".join(waiting))
        time.sleep(30)  # until the leader misses it, or has it back

    def exporter(self, value):
        label = {"app.kubernetes.io/nothing": value}
        self.cluster.kubectl("patch", "service/kafka-exporter", "--namespace=kafka", "--patch", json.dumps({"spec": {"selector": label}}))
        time.sleep(5)

    def silence(self, metric):
        """In the files of both pools."""
        for pool in ("kafka-a", "kafka-b"):
            config = self.cluster.api(f"/api/v1/namespaces/kafka/configmaps/{pool}")["data"]["metrics.yaml"]
            less = config.replace(f"name: {metric}\n", f"name: {metric}_gone\n")
            self.cluster.kubectl("patch", f"configmap/{pool}", "--namespace=kafka", "--patch", json.dumps({"data": {"metrics.yaml": less}}))
        self.cluster.wait("the agents read the other file", lambda: all(
            f"{metric}_gone" in self.inside(pod, "kafka", "cat", "/etc/kafka-stacks/metrics.yaml") for pod in self.brokers), 240)
        time.sleep(5)
