"""The commands that `kafka-stacks diff` prints are run as printed, with records in the cluster: larger volumes, new volumes for the controllers one after
the other, and a broker less after its drain. The manifests are those of a stack with dedicated controllers, edited. It needs `mkfs.xfs` (xfsprogs)."""

import json
import re
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import yaml

from ..control_plane import ClusterError
from ..volumes import GROWING
from .boot import name, wait_for_workloads
from .broker import Broker
from .verify import BINARY

BROKERS, CONTROLLERS, CERTIFICATE = "statefulset-kafka.yaml", "statefulset-kafka-controller.yaml", "certificate-kafka-tls.yaml"
RECORDS = 5000
COMMAND_SECONDS = 900


def run(cluster, folder, report):
    with tempfile.TemporaryDirectory() as scratch:
        versions = list(states(folder / "kafka", Path(scratch)))
        report.note("stand-in for a storage driver", "volumes of the class `growing` are XFS, grown by `xfs_growfs`; the kubelet fills in the claims' status")
        cluster.kubectl("apply", "-f", folder / "namespace")
        cluster.provide(folder)
        cluster.kubectl("apply", "-f", versions[0])
        waiting, _ = wait_for_workloads(cluster)
        report.fact("four brokers and three controllers are ready", not waiting, "; ".join(waiting))
        writer = Writer(cluster)
        for before, after, check in zip(versions, versions[1:], (grown, replaced, removed)):
            pods = {name(pod): pod["metadata"]["uid"] for pod in cluster.get("pods", "-n", "kafka")}
            follow(cluster, before, after, report)
            waiting, _ = wait_for_workloads(cluster)
            report.fact(f"{after.name}: every workload is ready", not waiting, "; ".join(waiting))
            check(cluster, pods, report)
            behind = tool(cluster, "kafka-topics", "--describe", "--under-replicated-partitions").split("\n")
            report.fact(f"{after.name}: no partition is under-replicated", not any(behind), "; ".join(line for line in behind if line)[:300])
        writer.end(report)


def states(source, scratch):
    """The manifests, step by step: four brokers; larger volumes; another class for the controllers' volumes; three brokers."""
    brokers, controllers = (yaml.safe_load((source / file).read_text()) for file in (BROKERS, CONTROLLERS))
    request = lambda workload: workload["spec"]["volumeClaimTemplates"][0]["spec"]
    for workload in (brokers, controllers):
        request(workload)["storageClassName"] = GROWING["metadata"]["name"]
        pod = workload["spec"]["template"]["spec"]
        pod.pop("affinity", None), pod.pop("topologySpreadConstraints", None)  # there are four brokers on three nodes
    brokers["spec"]["replicas"] = 4
    yield written(source, scratch / "before", brokers, controllers)
    for workload in (brokers, controllers):
        request(workload)["resources"]["requests"]["storage"] = "150Gi"
    yield written(source, scratch / "larger volumes", brokers, controllers)
    request(controllers)["storageClassName"] = "standard"
    yield written(source, scratch / "other volumes for the controllers", brokers, controllers)
    brokers["spec"]["replicas"] = 3
    yield written(source, scratch / "a broker less", brokers, controllers)


def written(source, folder, brokers, controllers):
    shutil.copytree(source, folder)
    for file, workload in ((BROKERS, brokers), (CONTROLLERS, controllers)):
        (folder / file).write_text(yaml.safe_dump(workload, sort_keys=False))
    certificate = folder / CERTIFICATE
    if certificate.exists():  # of four brokers from the beginning
        certificate.write_text(re.sub(r"^( *- kafka-)2(\..*\n)", r"\g<0>\g<1>3\2", certificate.read_text(), flags=re.MULTILINE))
    return folder


def follow(cluster, before, after, report):
    """Does what `diff` says, change by change: its commands in a shell, and the steps that it leaves to a person."""
    diff = subprocess.run([BINARY, "diff", "--from", before, "--to", after, "--format", "json"], capture_output=True, text=True, check=False)
    if diff.returncode != 1:
        raise ClusterError(f"`kafka-stacks diff` ended with {diff.returncode}: {diff.stderr}")
    changes = [change for change in json.loads(diff.stdout)["changes"] if change["commands"]]
    report.note(f"{after.name}: `diff` says", "; ".join(f"{c['class']} {c['rule']} {c['object']['name']}" for c in changes))
    for change in changes:
        for command in change["commands"]:
            if command.startswith("#"):
                by_hand(cluster, command, after)
                continue
            result = shell(cluster, command)
            while "again until it is complete" in command and "still in progress" in result.stdout:
                time.sleep(2)
                result = shell(cluster, command)
            # `grep` ends with 1 if it prints nothing, which is what has to be.
            good = not result.stdout if "prints nothing" in command else result.returncode == 0
            said = " ".join((result.stdout + result.stderr).split())
            report.fact(f"{after.name}: `{command[:110]}`", good, said[-200:])
    left = cluster.kubectl("diff", "-f", after, check=False)
    report.fact(f"{after.name}: nothing is left to apply", left.returncode == 0, (left.stdout + left.stderr)[-300:])


def by_hand(cluster, step, after):
    if "apply the new manifests" in step:
        cluster.kubectl("apply", "-f", after, check=False)  # another set may still be refused: its commands come later
    elif not step.startswith(("# then, one pod after the other", "# before the merge: move all partitions")):
        raise ClusterError(f"a step for a person that this experiment does not know: `{step}`")


def shell(cluster, command):
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=cluster.environment(), timeout=COMMAND_SECONDS, check=False,
                          stdin=subprocess.DEVNULL)


def grown(cluster, pods, report):
    small = []
    for pod in pods:
        path = "/var/lib/kafka/data"
        size = cluster.kubectl("-n", "kafka", "exec", pod, "-c", "kafka", "--", "df", "--block-size=1G", "--output=size", path).stdout.split()[-1]
        if int(size) < 145:
            small.append(f"{pod} {size} GiB")
    report.fact("every pod has a file system of 150 GiB", not small, ", ".join(small))
    same = {name(pod): pod["metadata"]["uid"] for pod in cluster.get("pods", "-n", "kafka")} == pods
    report.fact("no pod was replaced", same)


def replaced(cluster, pods, report):
    classes = {name(c): c["spec"]["storageClassName"] for c in cluster.get("pvc", "-n", "kafka") if "controller" in name(c)}
    report.fact("every controller has a volume of the new class", set(classes.values()) == {"standard"}, str(classes))
    lines = tool(cluster, "kafka-metadata-quorum", "describe", "--replication").splitlines()
    voters = [line.split() for line in lines if line.split()[-1:] in (["Leader"], ["Follower"])]
    late = [voter[0] for voter in voters if int(voter[3]) > 10]
    report.fact("three voters follow the log", len(voters) == 3 and not late, "; ".join(" ".join(voter) for voter in voters))


def removed(cluster, pods, report):
    known = tool(cluster, "kafka-broker-api-versions").count("(id: ")
    report.fact("the cluster has three brokers", known == 3, str(known))


def tool(cluster, command, *arguments):
    return Broker(cluster).tool(command, *arguments)


class Writer:
    """Writes all the time to a topic of three replicas, and once to a topic whose only replica is on the broker that leaves."""

    def __init__(self, cluster):
        self.cluster, self.acknowledged = cluster, set()
        tool(cluster, "kafka-topics", "--create", "--topic", "kept", "--partitions", "6", "--replication-factor", "3", "--config", "min.insync.replicas=2")
        tool(cluster, "kafka-topics", "--create", "--topic", "single", "--replica-assignment", "3", "--config", "min.insync.replicas=1")
        numbers = "".join(f"{number}\n" for number in range(RECORDS))
        self.broker = Broker(cluster)
        self.broker.tool("kafka-console-producer", "--topic", "single", text=numbers)
        command = [cluster.bin / "kubectl", *self.broker.command("kafka-verifiable-producer", "--topic", "kept", "--throughput", "50", "--acks", "-1")]
        self.process = subprocess.Popen(command, env=cluster.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            if '"producer_send_success"' in line:
                self.acknowledged.add(json.loads(line)["value"])

    def end(self, report):
        self.process.kill()
        self.thread.join()
        single = self.records("single")
        report.fact("the records of the topic with one replica are there", single == {str(number) for number in range(RECORDS)}, f"{len(single)} of {RECORDS}")
        kept = self.records("kept")
        lost = self.acknowledged - kept
        report.fact("no acknowledged record is lost", self.acknowledged and not lost, f"{len(self.acknowledged)} acknowledged, {len(lost)} lost")

    def records(self, topic):
        read = self.broker.tool("kafka-console-consumer", "--topic", topic, "--from-beginning", "--timeout-ms", "20000", check=False)
        return set(read.split())
