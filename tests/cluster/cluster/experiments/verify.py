"""`verify` passes on a healthy stack, and names the cause of each fault that is made: the binary of this checkout, with the real kubectl."""

import json
import os
import subprocess
import time

from ..tools import PROJECT
from .boot import name, wait_for_workloads
from .broker import Broker

BINARY = PROJECT / "target/debug/kafka-stacks"
VERIFY_SECONDS = 400
FAILING_CONNECTOR = {"connector.class": "FailingConnector", "tasks.max": "1", "topics": "call.events"}
# Its task opens a file in a folder that is not there; the connector itself starts.
FAILING_TASK = {"connector.class": "org.apache.kafka.connect.file.FileStreamSinkConnector", "tasks.max": "1", "topics": "call.events", "file": "/nowhere/x"}
FULL_PERCENT = 85


def run(cluster, folder, report):
    cluster.apply(folder)
    waiting, seconds = wait_for_workloads(cluster)
    report.fact("every workload is ready", not waiting, "; ".join(waiting) or f"{max(seconds.values()):.0f} s")
    trial = Trial(cluster, folder, report)
    trial.healthy("a healthy stack")
    trial.refusals()
    trial.role()
    for fault in trial.faults():
        trial.meet(*fault)
    trial.healthy("all of it mended")


class Trial:
    def __init__(self, cluster, folder, report, binary=BINARY):
        self.cluster, self.folder, self.stack, self.report, self.binary = cluster, folder, folder.name, report, binary
        self.brokers = [name(pod) for pod in cluster.get("pods", "--namespace=kafka", "--selector=app.kubernetes.io/component=broker")]
        self.made, self.tool = 0, Broker(cluster).tool

    def verify(self, *arguments, environment=None):
        """Exit status, standard output and standard error."""
        done = subprocess.run([self.binary, "verify", self.stack, *arguments], env=environment or self.cluster.environment(), cwd=PROJECT, timeout=VERIFY_SECONDS,
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    def healthy(self, what):
        began = time.monotonic()
        status, out, err = self.verify()
        self.report.fact(f"{what} passes", status == 0, f"{time.monotonic() - began:.0f} s: {(out.splitlines() or [err])[-1]}")
        print(out, err, sep="", flush=True)
        left = [topic for topic in self.tool("kafka-topics", "--list").splitlines() if topic.startswith("kafka-stacks-verify-")]
        self.report.fact(f"{what}: no scratch topic is left", not left, ", ".join(left))

    def refusals(self):
        """What is told where kubectl cannot answer."""
        admin = json.loads(self.cluster.admin.read_text())
        admin["users"][0]["user"]["as"] = "jane"
        nobody = self.cluster.state / "jane.kubeconfig"
        nobody.write_text(json.dumps(admin))
        empty = os.environ | {"PATH": "/nowhere"}
        for what, words, environment, expected in [
            ("a user who may do nothing", [f"--kubeconfig={nobody}"], None, "access denied"),
            ("a context that is not there", ["--context=nowhere"], None, "nowhere"),
            ("a machine without kubectl", [], empty, "cannot run kubectl"),
        ]:
            status, out, err = self.verify(*words, environment=environment)
            said = next((line for line in (out + err).splitlines() if expected in line), "")
            self.report.fact(f"{what}: it cannot be told", status == 2 and bool(said), said or f"status {status}: {out}{err}")

    def role(self):
        """A user who may do what the page about `verify` says, and nothing else."""
        text = (PROJECT / "docs/verify.md").read_text()
        role = text.split("```yaml\n")[1].split("```")[0]
        self.cluster.kubectl("create", "-f", "-", text=role)
        self.cluster.kubectl("create", "rolebinding", "jane", "--namespace=kafka", "--role=kafka-verify", "--user=jane")
        status, out, err = self.verify(f"--kubeconfig={self.cluster.state / 'jane.kubeconfig'}")
        self.report.fact("a user with the documented role: it passes", status == 0, (out.splitlines() or [err])[-1] if status == 0 else out + err)

    def meet(self, what, check, expected, make, mend):
        """Makes a fault, looks, and mends it."""
        make()
        status, out, err = self.verify("--format=json")
        try:
            checks = {one["check"]: one for one in json.loads(out)["checks"]}
            failed = {check: one["seen"] for check, one in checks.items() if one["result"] != "passed"}
        except (ValueError, KeyError):
            failed = {"": [out + err]}
        cause = [line for line in failed.get(check, []) if expected in line]
        self.report.fact(f"{what}: `{check}` says so", status == 1 and bool(cause), cause[0] if cause else json.dumps(failed))
        others = [f"{other}: {'; '.join(seen)}" for other, seen in failed.items() if other != check]
        if others:
            self.report.note(f"{what}: also told", " | ".join(others)[:600])
        mend()

    # -- faults ----------------------------------------------------------------------------------------------------------------------

    def faults(self):
        topic = "call.events"
        yield "a topic deleted", "topics/kafka-topics", f"`{topic}` does not exist", lambda: self.tool("kafka-topics", "--delete", "--topic", topic), self.apply_topics
        yield ("a config altered by hand", "configs/kafka-topics", f"`{topic}` has retention.ms=60000", lambda: self.tool(
            "kafka-configs", "--alter", "--entity-type=topics", f"--entity-name={topic}", "--add-config=retention.ms=60000"), self.apply_topics)
        yield ("a Service without endpoints", "services", "`kafka-connect` has no ready endpoints", lambda: self.select("nothing"), lambda: self.select(None))
        yield ("the registry stopped", "pods/schema-registry", "replicas, and", lambda: self.scale("schema-registry", 0), lambda: self.scale("schema-registry", None))
        yield ("a connector failed", "connect/kafka-connect", "the connector of `fails` is FAILED", lambda: self.connector("PUT", FAILING_CONNECTOR),
               lambda: self.connector("DELETE"))
        yield ("a connector's task failed", "connect/kafka-connect", "task 0 of `fails` is FAILED", lambda: self.connector("PUT", FAILING_TASK),
               lambda: self.connector("DELETE"))
        yield "a disk is full", "volumes", f"of `{self.brokers[-1]}` is {FULL_PERCENT} % full", self.fill_disk, self.empty_disk
        yield ("a metric missing", "metrics", "no target has `kafka_server_replicamanager_underminisrpartitioncount`", lambda: self.silence(
            "kafka_server_replicamanager_underminisrpartitioncount"), self.apply)
        if len(self.brokers) > 1:
            yield "the factor lowered", "topics/kafka-topics", f"`{topic}` has 2 replicas", lambda: self.reassign(topic, 2), lambda: self.reassign(topic, 3)
            yield "a broker killed", "brokers/kafka", "is not there", self.kill, self.revive
            yield "a quorum voter gone", "quorum/kafka", f"`{self.brokers[-1]}`", self.kill, self.revive

    def inside(self, pod, container, *command):
        return self.cluster.kubectl("exec", "--namespace=kafka", pod, f"--container={container}", "--", *command).stdout

    def apply_topics(self):
        self.made += 1
        job = f"mend-{self.made}"
        self.cluster.kubectl("create", "job", f"--namespace=kafka", f"--from=cronjob/kafka-topics", job)
        self.cluster.kubectl("wait", f"job/{job}", "--namespace=kafka", "--for=condition=Complete", "--timeout=300s")

    def silence(self, metric):
        """Takes a rule out of what the agents of brokers read. They read it again when the kubelet has replaced the file."""
        config = self.cluster.api("/api/v1/namespaces/kafka/configmaps/kafka")["data"]["metrics.yaml"]
        less = config.replace(f"name: {metric}\n", f"name: {metric}_gone\n")
        self.cluster.kubectl("patch", "configmap/kafka", "--namespace=kafka", "--patch", json.dumps({"data": {"metrics.yaml": less}}))
        self.cluster.wait("the agents read the other file", lambda: all(
            f"{metric}_gone" in self.inside(pod, "kafka", "cat", "/etc/kafka-stacks/metrics.yaml") for pod in self.brokers), 240)
        time.sleep(5)

    def apply(self):
        self.cluster.apply(self.folder)
        self.cluster.wait("the agents read the file again", lambda: all(
            "_gone" not in self.inside(pod, "kafka", "cat", "/etc/kafka-stacks/metrics.yaml") for pod in self.brokers), 240)

    def select(self, value):
        label = {"app.kubernetes.io/nothing": value}
        self.cluster.kubectl("patch", "service/kafka-connect", "--namespace=kafka", "--patch", json.dumps({"spec": {"selector": label}}))
        time.sleep(5)

    def scale(self, deployment, replicas):
        if replicas is None:
            replicas = self.declared
        else:
            self.declared = self.cluster.api(f"/apis/apps/v1/namespaces/kafka/deployments/{deployment}")["spec"]["replicas"]
        self.cluster.kubectl("scale", f"deployment/{deployment}", "--namespace=kafka", f"--replicas={replicas}")
        self.cluster.kubectl("rollout", "status", f"deployment/{deployment}", "--namespace=kafka", "--timeout=600s")
        time.sleep(5)

    def fill_disk(self):
        """A file on the volume of the last broker, on the node: the size is taken, nothing is written."""
        claim = self.cluster.api(f"/api/v1/namespaces/kafka/persistentvolumeclaims/data-{self.brokers[-1]}")
        folder = self.cluster.api(f"/api/v1/persistentvolumes/{claim['spec']['volumeName']}")["spec"]["local"]["path"]
        self.file, space = f"{folder}/full", os.statvfs(folder)
        # As `df` counts: of what is used and what is free for users.
        usable = space.f_blocks - space.f_bfree + space.f_bavail
        # It rounds up, and a running broker writes meanwhile: half a percent less.
        wanted = usable * (2 * FULL_PERCENT - 1) // 200 - (space.f_blocks - space.f_bfree)
        with open(self.file, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, wanted * space.f_frsize)

    def empty_disk(self):
        os.remove(self.file)

    def connector(self, method, config=None):
        """By the REST interface of a worker; the image has bash, and no client for HTTP."""
        pod = name(self.cluster.get("pods", "--namespace=kafka", "--selector=app.kubernetes.io/name=kafka-connect")[0])
        body = json.dumps(config) if config else ""
        path = "/connectors/fails/config" if method == "PUT" else "/connectors/fails"
        head = f"{method} {path} HTTP/1.0\\r\\nHost: localhost\\r\\nContent-Type: application/json\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n"
        script = "exec 3<>/dev/tcp/127.0.0.1/8083; printf \"$0\" >&3; printf %s \"$1\" >&3; cat <&3"
        print(self.inside(pod, "connect", "bash", "-c", script, head, body).splitlines()[:1], flush=True)
        time.sleep(20)

    def reassign(self, topic, factor):
        text = self.tool("kafka-topics", "--describe", "--topic", topic)
        leaders = {int(line.split("Partition: ")[1].split("\t")[0]): int(line.split("Leader: ")[1].split("\t")[0]) for line in text.splitlines() if "\tPartition: " in line}
        ids = sorted(int(pod.rsplit("-", 1)[1]) for pod in self.brokers)
        plan = {"version": 1, "partitions": [
            {"topic": topic, "partition": number, "replicas": [leader, *(other for other in ids if other != leader)][:factor]} for number, leader in leaders.items()]}
        self.inside(self.brokers[0], "kafka", "bash", "-c", 'printf %s "$0" >/tmp/plan.json', json.dumps(plan))
        self.tool("kafka-reassign-partitions", "--execute", "--reassignment-json-file=/tmp/plan.json")
        self.cluster.wait("the reassignment is complete", lambda: "still in progress" not in self.tool(
            "kafka-reassign-partitions", "--verify", "--reassignment-json-file=/tmp/plan.json"), 300)

    def kill(self):
        pod = self.brokers[-1]
        self.node = self.cluster.api(f"/api/v1/namespaces/kafka/pods/{pod}")["spec"]["nodeName"]
        self.cluster.kubectl("cordon", self.node)
        self.cluster.kubectl("delete", "pod", pod, "--namespace=kafka", "--grace-period=0", "--force")
        time.sleep(30)  # until the cluster knows that it is gone

    def revive(self):
        self.cluster.kubectl("uncordon", self.node)
        waiting, _ = wait_for_workloads(self.cluster)
        self.report.fact("every workload is ready again", not waiting, "; ".join(waiting))
        self.cluster.wait("every replica is in sync", lambda: not self.tool("kafka-topics", "--describe", "--under-replicated-partitions").strip(), 600)
