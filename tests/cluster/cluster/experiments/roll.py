"""Every broker and controller is restarted under writes with acks=all: no partition is below its minimum in sync, no write fails, no record is lost.

`roll` changes an annotation, `roll-slow` does so while each restarted broker has to copy for longer than a minute, `roll-drain` drains a node,
`roll-down` begins while a broker is down. `roll-ungated` is `roll-slow` without the restart gates: partitions have to fall below their minimum.
Pods that restart only when they are deleted are deleted one at a time over all sets, as `README.md` of the stack says.
"""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time

import yaml

from ..images import CLIENT
from ..control_plane import ClusterError
from ..stack import Client, ClientError
from .boot import name, wait_for_workloads
from .broker import CLIENT_PORT, PLATFORM_PORT, closed
from .drain import DRAIN, DRAIN_SECONDS

ROLL_SECONDS = 2400
CONTROLLER_SECONDS = 20  # in which the controller would have begun to restart a pod
DOWN_SECONDS = 60
BULK_MIB, RATE = 75, 1 << 20  # a restarted broker copies for longer than a minute
MINIMUM = "min.insync.replicas=2"


def run(cluster, folder, report):
    with Trial(cluster, folder, report) as trial:
        trial.change()


def slow(cluster, folder, report):
    with Trial(cluster, folder, report) as trial:
        trial.copy_slowly()
        trial.change()


def drain(cluster, folder, report):
    with Trial(cluster, folder, report) as trial:
        trial.drain()


def down(cluster, folder, report):
    with Trial(cluster, folder, report) as trial:
        trial.change_while_one_is_down()


def ungated(cluster, folder, report):
    with tempfile.TemporaryDirectory() as scratch:
        stripped = pathlib.Path(shutil.copytree(folder, pathlib.Path(scratch, folder.name)))
        for file in stripped.glob("**/statefulset-*.yaml"):
            file.write_text(yaml.safe_dump(without_gate(yaml.safe_load(file.read_text()))))
        with Trial(cluster, stripped, report) as trial:
            trial.copy_slowly()
            trial.gated = False
            trial.change()


def without_gate(workload):
    """The set as it was without the gates: it stops at once, and is ready when its port answers."""
    container = workload["spec"]["template"]["spec"]["containers"][0]
    if container.pop("lifecycle", None):
        container["startupProbe"] = container["readinessProbe"] | {"failureThreshold": 360}
        workload["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 330
    return workload


def client_pod(cluster, brokers, image):
    """A pod for an application, and how it connects: (namespace, pod, port, file). In a closed cluster it is the administrator, whose
    certificate is in the namespace of the brokers."""
    namespace = brokers["metadata"]["namespace"]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "client"}, "spec": {"containers": [{"name": "client", "image": image, "command": ["sleep", "100000"]}]}}
    if not closed(brokers):
        return "default", pod | {"metadata": {"name": "client", "namespace": "default"}}, CLIENT_PORT, ""
    folders = {"identity": "/etc/kafka-identity", "files": "/etc/files"}
    cluster_name = brokers["metadata"]["labels"]["app.kubernetes.io/instance"]
    pod["metadata"] |= {"namespace": namespace, "labels": {"app.kubernetes.io/managed-by": "kafka-stacks"}}
    pod["spec"] |= {"securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}}, "volumes": [
        {"name": "identity", "secret": {"secretName": f"{cluster_name}-admin"}}, {"name": "files", "configMap": {"name": name(brokers)}}]}
    pod["spec"]["containers"][0] |= {"securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                                     "volumeMounts": [{"name": volume, "mountPath": path} for volume, path in folders.items()]}
    return namespace, pod, PLATFORM_PORT, "/etc/files/client.properties"


class Trial:
    """A stack that runs, with an application that writes and looks during each change."""

    def __init__(self, cluster, folder, report):
        self.cluster, self.folder, self.report = cluster, folder, report
        self.number, self.ended, self.gated = 0, threading.Event(), True

    def __enter__(self):
        self.bring_up()
        waiting, seconds = wait_for_workloads(self.cluster)
        self.report.fact("every workload is ready", not waiting, "; ".join(waiting) or f"{max(seconds.values(), default=0):.0f} s")
        self.sets = [s for s in self.cluster.get("statefulsets", "--all-namespaces")]
        brokers = next(s for s in self.sets if s["metadata"]["labels"]["app.kubernetes.io/component"] == "broker")
        self.brokers, self.namespace = name(brokers), brokers["metadata"]["namespace"]
        if self.cluster.logs:
            self.cluster.logs.mkdir(parents=True, exist_ok=True)
            threading.Thread(target=self.keep_logs, daemon=True).start()
        self.client = self.start_client(brokers)
        self.ask("create", "proof.load", 12, 3, MINIMUM)
        return self

    def bring_up(self):
        self.cluster.apply(self.folder)

    def __exit__(self, *_):
        self.ended.set()
        self.client.process.kill()

    def start_client(self, brokers):
        line = "kafka-3" if ":7." in brokers["spec"]["template"]["spec"]["containers"][0]["image"] else "kafka-4"
        namespace, pod, port, base = client_pod(self.cluster, brokers, CLIENT[line])
        self.cluster.kubectl("create", "-f", "-", text=json.dumps(pod))
        self.cluster.kubectl("wait", "pod/client", f"--namespace={namespace}", "--for=condition=Ready", "--timeout=120s")
        attach = lambda command, errors: subprocess.Popen(
            [self.cluster.bin / "kubectl", "exec", f"--namespace={namespace}", "-i", "client", "--", *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=errors, text=True, env=self.cluster.environment())
        return Client(attach, self.cluster.state / "client.log", f"{brokers['spec']['serviceName'].removesuffix('-headless')}.{self.namespace}.svc.cluster.local:{port}", base)

    def ask(self, *words, timeout=300):
        return self.client.ask(*words, timeout=timeout)

    def copy_slowly(self):
        """From now on a restarted broker has to copy, at a throttled rate."""
        self.ask("create", "proof.bulk", 6, 3, MINIMUM, "follower.replication.throttled.replicas=*")
        self.ask("throttle", RATE)
        threading.Thread(target=self.fill, daemon=True).start()

    def fill(self):
        """Each time that replicas begin to be missing, there is more for them to copy."""
        full = False
        while not self.ended.wait(1):
            try:
                under = self.ask("health")["under"]
            except ClientError:
                continue
            if under and not full:
                self.ask("fill", "proof.bulk", BULK_MIB)
            full = bool(under)

    def keep_logs(self):
        """What each pod of Kafka says goes to a file of its own, also that of a pod which is replaced later."""
        followed = set()
        while not self.ended.wait(1):
            try:
                pods = self.nodes()
            except ClusterError:  # the cluster may end first
                continue
            for pod in pods:
                uid = pod["metadata"]["uid"]
                if uid in followed or pod["status"]["phase"] != "Running":
                    continue
                followed.add(uid)
                with open(self.cluster.logs / f"{name(pod)}-{len(followed)}.log", "w") as file:
                    subprocess.Popen([self.cluster.bin / "kubectl", "logs", "--follow", "--container=kafka", name(pod), f"--namespace={self.namespace}"],
                                     stdout=file, stderr=subprocess.STDOUT, env=self.cluster.environment())

    # -- the changes -----------------------------------------------------------------------------------------------------------------

    def change(self):
        self.watched("a changed annotation", self.roll_all)

    def roll_all(self):
        held = [workload for workload in self.sets if workload["spec"]["updateStrategy"]["type"] == "OnDelete"]
        for workload in self.sets:
            if workload not in held:
                self.patch(workload)
                self.rolled(workload)
        if held:
            self.deleted_one_by_one(held)

    def deleted_one_by_one(self, sets):
        for workload in sets:
            self.patch(workload)
        began, before = time.monotonic(), self.uids()
        pods = [name(pod) for workload in sets for pod in reversed(self.nodes()) if pod["metadata"]["ownerReferences"][0]["name"] == name(workload)]
        time.sleep(CONTROLLER_SECONDS)
        restarted = [pod for pod, uid in self.uids().items() if before.get(pod) != uid]
        self.report.fact("no pod of a set that restarts on deletion restarts by itself", not restarted, ", ".join(restarted))
        for pod in pods:
            self.cluster.kubectl("delete", "pod", pod, f"--namespace={self.namespace}")
            self.cluster.wait(f"`{pod}` is there", lambda: self.cluster.kubectl(
                "wait", f"pod/{pod}", f"--namespace={self.namespace}", "--for=condition=Ready", "--timeout=30s", check=False).returncode == 0, ROLL_SECONDS)
            self.in_sync()
        self.whole()
        self.report.note(f"{', '.join(pods)} restart", f"{time.monotonic() - began:.0f} s")

    def nodes(self):
        """The pods of brokers and controllers."""
        return self.cluster.get("pods", f"--namespace={self.namespace}", "--selector=app.kubernetes.io/name=kafka")

    def uids(self):
        return {name(pod): pod["metadata"]["uid"] for pod in self.nodes()}

    def drain(self):
        node = next(iter(self.cluster.nodes))

        def drained():
            self.cluster.kubectl("drain", node, *DRAIN, f"--timeout={DRAIN_SECONDS}s")
            self.cluster.kubectl("uncordon", node)
            self.whole()

        self.watched(f"`kubectl drain {node}`", drained)

    def change_while_one_is_down(self):
        self.watched("a changed annotation while a broker is down", self.roll_without_one)

    def roll_without_one(self):
        first, last = (f"{self.brokers}-{ordinal}" for ordinal in (0, 2))
        pod = self.pod(first)
        self.cluster.kubectl("cordon", pod["spec"]["nodeName"])
        self.cluster.kubectl("delete", "pod", first, f"--namespace={self.namespace}")
        running = self.pod(last)["metadata"]["uid"]
        brokers = next(s for s in self.sets if name(s) == self.brokers)
        self.patch(brokers)
        time.sleep(DOWN_SECONDS)
        now = self.pod(last)
        held = now["metadata"]["uid"] == running and all("running" in c["state"] for c in now["status"]["containerStatuses"])
        log = self.cluster.kubectl("logs", last, f"--namespace={self.namespace}", "--container=kafka", "--tail=400", check=False).stdout
        said = [line for line in log.splitlines() if line.startswith("restart gate:")]
        self.report.fact(f"`{last}` still runs after {DOWN_SECONDS} s without `{first}`", held, said[-1] if said else "")
        self.cluster.kubectl("uncordon", pod["spec"]["nodeName"])
        self.rolled(brokers)

    def patch(self, workload):
        self.number += 1
        change = {"spec": {"template": {"metadata": {"annotations": {"proof/changed": str(self.number)}}}}}
        self.cluster.kubectl("patch", "statefulset", name(workload), f"--namespace={workload['metadata']['namespace']}", "--patch", json.dumps(change))

    def rolled(self, workload):
        began = time.monotonic()
        self.cluster.kubectl("rollout", "status", f"statefulset/{name(workload)}", f"--namespace={workload['metadata']['namespace']}", f"--timeout={ROLL_SECONDS}s")
        self.whole()
        self.report.note(f"`{name(workload)}` is rolled", f"{time.monotonic() - began:.0f} s")

    def whole(self):
        """Waits until all pods are there and all replicas in sync."""
        waiting, _ = wait_for_workloads(self.cluster)
        self.report.fact("every workload is ready again", not waiting, "; ".join(waiting))
        self.in_sync()

    def in_sync(self):
        self.cluster.wait("every replica is in sync", lambda: self.ask("health")["under"] == 0, 600)

    def show_replicas(self):
        """What the brokers that run now said of replicas and of the quorum, the last of each kind."""
        for pod in self.nodes():
            log = self.cluster.kubectl("logs", name(pod), f"--namespace={self.namespace}", "--container=kafka", check=False).stdout.splitlines()
            for word, most in (("Shrinking ISR", 2), ("Completed transition to", 12), ("could not be established", 4), ("restart gate", 4)):
                for line in [line for line in log if word in line][-most:]:
                    self.report.note(name(pod), line[:300])

    def pod(self, pod):
        return self.cluster.api(f"/api/v1/namespaces/{self.namespace}/pods/{pod}")

    def watched(self, what, change):
        """Makes a change, and states what an application and a look each second saw of it."""
        self.ask("load", "-", "proof.load", "acks=all", "delivery.timeout.ms=120000")
        self.ask("watch")
        began = time.monotonic()
        change()
        seconds, seen, written = time.monotonic() - began, self.ask("unwatch"), self.ask("unload")
        if seen["secondsBelow"] and self.gated:
            self.show_replicas()
        self.report.note(f"{what}: load of the machine", f"{os.getloadavg()[0]:.0f}, and {os.getloadavg()[1]:.0f} over five minutes, on {os.cpu_count()} cores")
        kept = self.ask("verify", "-", timeout=600)
        looks = (f"{seen['samples']} looks in {seconds:.0f} s, {seen['unanswered']} without an answer; a replica was missing in {seen['secondsUnder']}; "
                 f"below the minimum in {seen['secondsBelow']}, at most {seen['mostBelow']} partitions{''.join(f'; {each}' for each in seen['seen'])}")
        if not self.gated:
            self.report.fact(f"{what}: without the gates partitions are below their minimum in sync", seen["secondsBelow"] > 0, looks)
            self.report.note(f"{what}: writes", f"{written['acknowledged']} acknowledged, {written['failures']} failed {written['first']}")
            return
        self.report.fact(f"{what}: no partition is below its minimum in sync", not seen["secondsBelow"] and seen["samples"] > 0.9 * seconds, looks)
        self.report.fact(f"{what}: no write fails", not written["failures"], f"{written['acknowledged']} acknowledged, {written['failures']} failed {written['first']}")
        self.report.fact(f"{what}: no acknowledged record is lost", not kept["lost"], f"{kept['lost']} lost")
