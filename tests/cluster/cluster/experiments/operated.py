"""`deploy` from nothing; `replace`, `drain`, `rebalance` and `roll` under writes with acks=all, each ended at several points by SIGTERM, by SIGKILL or as
by Ctrl-C, and run again; then `verify` passes, and names the cause of each fault. The stack is the example `pools`, whose brokers restart only when
they are told to, and the binary is the example's own. `operated-replace`, `operated-move`, `operated-roll` and `operated-verify` do a part of it.

`operated-careless` deletes two brokers in the place of `roll`: it has to fail.
"""

import collections
import functools
import json
import os
import signal
import subprocess
import threading
import time

from ..control_plane import ClusterError
from ..stack import ClientError
from ..tools import PROJECT
from ..world import Failure
from . import roll, verify
from .boot import name, wait_for_workloads
from .broker import Broker

BINARY = PROJECT / "target/debug/examples/pools"
VERB_SECONDS = 1500
# Replicas are on their way for long enough to be interrupted: a broker has three quarters of this, and copies so many bytes per second.
BULK_MIB, RATE = 120, 1 << 20
DRAINED, REPLACED = 1, 11

TERMINATE, KILL, CTRL_C = signal.SIGTERM, signal.SIGKILL, signal.SIGINT


class End:
    """Ends a verb at a line of what it tells, that has this text or one of these; or at a later such line; or some seconds after it."""

    def __init__(self, text, how, times=1, after=0):
        self.texts, self.signal, self.times, self.after = (text,) if isinstance(text, str) else text, how, times, after

    def __str__(self):
        return f"`{'` or `'.join(self.texts)}`{f', {self.times} times' if self.times > 1 else ''}{f', and {self.after} s' if self.after else ''}"


def run(cluster, folder, report, parts=("replace", "move", "roll", "verify")):
    with Trial(cluster, folder, report) as trial:
        if {"replace", "move"} & set(parts):
            trial.ask("create", "proof.bulk", 6, 3, roll.MINIMUM, "follower.replication.throttled.replicas=*")
            trial.ask("fill", "proof.bulk", BULK_MIB)
        for part in parts:
            trial.attempt(part)


replaced, moved, rolled, verified = (functools.partial(run, parts=(part,)) for part in ("replace", "move", "roll", "verify"))


def careless(cluster, folder, report):
    with Trial(cluster, folder, report) as trial:
        trial.watched("two brokers are deleted at once", trial.two_deleted)


class Trial(roll.Trial):
    def bring_up(self):
        self.interrupted("deploy", "pools", f"--out={self.folder.parent}", "--timeout=15m", ends=[
            End("wave configuration", TERMINATE), End("wave controllers", KILL), End("wave brokers", CTRL_C, after=5), End("wave topics", KILL)])

    def attempt(self, part):
        """One part; if it does not come to its end, the next ones are still tried."""
        try:
            if part == "replace":
                self.watched(f"`replace` of broker {REPLACED}, whose volume is gone", self.replaced)
            elif part == "move":
                self.watched(f"`drain` of broker {DRAINED}, and `rebalance`", self.moved)
            elif part == "roll":
                self.watched("`roll` of all pools", self.rolled_by_us)
            else:
                Looks(self.cluster, self.folder, self.report, BINARY).all()
        except (ClusterError, ClientError, Failure, subprocess.SubprocessError) as error:
            self.report.fact(f"{part}: it comes to its end", False, str(error))

    # -- the verbs -------------------------------------------------------------------------------------------------------------------

    def verb(self, *words, end=None, status=0):
        """Runs a verb to its end, or until it has told a line: then it is ended. What it told, and how it ended."""
        began, told, met = time.monotonic(), [], 0
        # In a session of its own: Ctrl-C ends it together with the kubectl that it runs.
        process = subprocess.Popen([BINARY, *words], env=self.cluster.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, start_new_session=True)
        limit = threading.Timer(VERB_SECONDS, process.kill)
        limit.start()
        for line in process.stdout:
            told.append(line.rstrip())
            print(f"    {time.monotonic() - began:5.1f} s  {told[-1]}", flush=True)
            met += bool(end and any(text in line for text in end.texts))
            if end and met == end.times:
                time.sleep(end.after)
                (os.killpg if end.signal == CTRL_C else os.kill)(process.pid, end.signal)
                break
        process.stdout.read()
        ended, line = process.wait(), f"`{' '.join(words)}`"
        limit.cancel()
        if end:
            how = f"is ended at {end} by {end.signal.name}" if ended == -end.signal else f"did not tell {end}"
            self.report.note(f"{line} {how}", f"after {time.monotonic() - began:.0f} s, status {ended}")
        else:
            self.report.fact(f"{line} ends with {status}", ended == status, f"{time.monotonic() - began:.0f} s: {(told or [''])[-1]}")
        return told, ended

    def interrupted(self, *words, ends):
        """Ended at each of these points, one after the other, and then run to its end."""
        missed = [str(end) for end in ends if self.verb(*words, end=end)[1] != -end.signal]
        self.report.fact(f"`{words[0]}` is ended at {len(ends)} points", not missed, f"not at {', '.join(missed)}" if missed else ", ".join(map(str, ends)))
        return self.verb(*words)[0]

    def held(self):
        """How many replicas each broker has."""
        counts = {}
        for line in self.tool("kafka-topics", "--describe").splitlines():
            if "\tReplicas: " in line:
                for broker in line.split("\tReplicas: ")[1].split("\t")[0].split(","):
                    counts[int(broker)] = counts.get(int(broker), 0) + 1
        return counts

    @functools.cached_property
    def tool(self):
        return Broker(self.cluster).tool

    def moved(self):
        limit = f"--throttle={RATE}"
        self.interrupted("drain", "pools", str(DRAINED), limit, ends=[
            End("to move", TERMINATE), End("to move", KILL, after=4), End("to go", CTRL_C), End("to go", KILL, times=2), End("has arrived", TERMINATE)])
        held = self.held()
        self.report.fact(f"broker {DRAINED} holds nothing", not held.get(DRAINED), json.dumps(held))
        self.no_throttle()
        # The fewest moves that make numbers even are moves of empty partitions here: all arrive at once, so there is no third point.
        self.interrupted("rebalance", "pools", limit, ends=[End("to move", KILL), End("to move", CTRL_C, after=2)])
        held = self.held()
        self.report.fact("every broker has as many replicas as the others", max(held.values()) - min(held.values()) <= 1, json.dumps(held))
        self.no_throttle()

    def no_throttle(self):
        left = [line.strip() for kind in ("brokers", "topics") for line in self.tool("kafka-configs", "--describe", f"--entity-type={kind}").splitlines() if "throttled" in line]
        self.report.fact("no throttle is left", not left, "; ".join(left))

    def rolled_by_us(self):
        before = self.uids()
        for workload in self.sets:
            self.patch(workload)
        time.sleep(5)
        order = [line.split()[0] for line in self.verb("roll", "pools", "--dry-run")[0] if line.startswith("kafka-")]
        # Controllers restart by themselves, and one may have begun.
        self.report.fact("a dry run names every broker", set(self.brokers_of(before)) <= set(order), ", ".join(order))
        with Generations(self) as seen:
            self.interrupted("roll", "pools", ends=[
                End("kafka-a-0: restarts", TERMINATE), End("kafka-a-1: waits", KILL), End("kafka-b-10: is back", CTRL_C), End("kafka-b-11: restarts", KILL),
                End("kafka-b-11: ", TERMINATE)])
            self.whole()
        after = self.uids()
        same = [pod for pod, uid in after.items() if before.get(pod) == uid]
        self.report.fact("every node was restarted", not same and after.keys() == before.keys(), ", ".join(same))
        often = [f"{pod} {len(uids) - 1} times" for pod, uids in seen.uids.items() if len(uids) > 2]
        self.report.fact("none was restarted twice", not often, ", ".join(often))
        self.verb("roll", "pools")
        self.report.fact("a further run restarts none", self.uids() == after)

    @staticmethod
    def brokers_of(pods):
        return [pod for pod in pods if not pod.startswith("kafka-controller")]

    def replaced(self):
        pod = f"kafka-b-{REPLACED}"
        claim = self.cluster.api(f"/api/v1/namespaces/kafka/persistentvolumeclaims/data-{pod}")
        volume = claim["spec"]["volumeName"]
        before = {name(one): one["metadata"]["uid"] for one in self.claims()}
        self.ask("throttle", RATE)
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
        # What the verb has started when it ends may still be done, so its successor may find the claim gone.
        waits = f"{pod}: waits"
        self.interrupted(*words, ends=[End("is noted", TERMINATE), End((": is deleted", waits), KILL), End(waits, CTRL_C), End(waits, KILL, after=5),
                                       End("is back", TERMINATE)])
        after = {name(one): one["metadata"]["uid"] for one in self.claims()}
        new = sorted(claim for claim, uid in after.items() if before.get(claim) != uid)
        self.report.fact("its claim is new, once, and no other one", new == [f"data-{pod}"], ", ".join(new))
        self.whole()
        noted = [key for one in self.cluster.get("statefulsets", "--namespace=kafka") for key in one["metadata"].get("annotations", {}) if "replaces" in key]
        self.report.fact("no annotation is left", not noted, ", ".join(noted))
        self.verb(*words, "--dry-run")

    def claims(self):
        return self.cluster.get("persistentvolumeclaims", "--namespace=kafka")

    def two_deleted(self):
        self.cluster.kubectl("delete", "pods", "kafka-a-0", "kafka-b-10", "--namespace=kafka", "--grace-period=0", "--force")
        self.whole()


class Generations:
    """The pods of each name that were there, looked at once a second."""

    def __init__(self, trial):
        self.trial, self.uids, self.ended = trial, collections.defaultdict(set), threading.Event()

    def __enter__(self):
        self.thread = threading.Thread(target=self.look)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def look(self):
        while not self.ended.wait(1):
            try:
                for pod, uid in self.trial.uids().items():
                    self.uids[pod].add(uid)
            except ClusterError:  # the API server may be busy
                continue


class Looks(verify.Trial):
    """The faults that this stack can have, and the experiment `verify` has not."""

    def all(self):
        self.healthy("a healthy stack")
        for fault in self.faults():
            self.meet(*fault)
        self.healthy("all of it mended")

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
