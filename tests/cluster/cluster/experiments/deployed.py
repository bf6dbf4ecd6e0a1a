"""`deploy` brings a stack up from nothing, with the real API server, controllers and kubectl, and the binary of this checkout. No node runs: the test
says of each pod that it is ready, or does not."""

import json
import subprocess
import time

from ..attendant import Attendant
from ..control_plane import ClusterError
from .accepted import unchanged
from .verify import BINARY

DEPLOY_SECONDS = 600
SHORT = "--timeout=15s"


def run(cluster, folder, report):
    Trial(cluster, folder, report).run()


class Trial:
    def __init__(self, cluster, folder, report):
        self.cluster, self.folder, self.stack, self.report = cluster, folder, folder.name, report
        self.namespace = "kafka"

    def command(self, *arguments):
        return [BINARY, "deploy", self.stack, f"--out={self.folder.parent}", *arguments]

    def deploy(self, *arguments):
        """Exit status, and all that was said."""
        done = subprocess.run(self.command(*arguments), env=self.cluster.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=DEPLOY_SECONDS, text=True, check=False)
        print(done.stdout, flush=True)
        return done.returncode, done.stdout

    def fact(self, what, done, status, *said):
        missing = [one for one in said if one not in done[1]]
        good = done[0] == status and not missing
        self.report.fact(what, good, "; ".join(said) if good else f"exit {done[0]}: {' | '.join(done[1].splitlines()[-6:])}")

    def run(self):
        done = self.deploy("--dry-run")
        self.fact("a dry run shows the waves", done, 1, "wave brokers: statefulset/kafka")
        there = self.cluster.kubectl("get", "namespace", self.namespace, check=False).returncode == 0
        self.report.fact("it changes nothing", not there)
        self.stops()
        with Attendant(self.cluster, self.namespace):
            self.interrupted()
            began = time.monotonic()
            self.fact("the next run completes it", self.deploy(), 0, "wave clients", f"deployed: `verify {self.stack}`")
            self.report.note("it took", f"{time.monotonic() - began:.0f} s")
            unchanged(self.cluster, self.folder, self.report)
            self.fact("a further run finds nothing to change", self.deploy(), 0, "the cluster has every object as the stack has it")
            self.conflict()
            self.prune()
            self.without_monitoring()

    def stops(self):
        """No pod gets ready."""
        done = self.deploy(SHORT)
        first = next(line for line in done[1].splitlines() if line.startswith("error: "))
        self.fact("a wave without ready pods ends it, with the pod and why", done, 2, "did not become healthy", "  pod/kafka-", " is Pending")
        jobs = self.cluster.get("jobs", f"--namespace={self.namespace}")
        self.report.fact("no later wave is applied", not jobs, first)

    def interrupted(self):
        """Killed as soon as each wave begins."""
        for wave in ("configuration", "brokers", "topics", "clients"):
            process = subprocess.Popen(self.command(), env=self.cluster.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.PIPE, text=True)
            reached = any(line.startswith(f"wave {wave}:") for line in process.stderr)
            process.kill()
            process.wait()
            self.report.fact(f"killed at wave {wave}", reached)

    def conflict(self):
        self.cluster.kubectl("scale", "deployment/schema-registry", f"--namespace={self.namespace}", "--replicas=1")
        self.fact("a field that someone else set is told", self.deploy(), 2, "Apply failed with 1 conflict", "--force-conflicts", "nothing was changed")
        self.fact("it is taken over when told", self.deploy("--force-conflicts"), 0, "deployed")

    def prune(self):
        for name, manager in (("old", f"kafka-stacks-{self.stack}"), ("foreign", "someone")):
            config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": self.namespace}, "data": {"a": "b"}}
            self.cluster.kubectl("apply", "--server-side", f"--field-manager={manager}", "-f", "-", text=json.dumps(config))
        self.fact("what the stack no longer has is told", self.deploy(), 0, "1 object of earlier deploys", "configmap/old")
        self.fact("it is deleted when told", self.deploy("--prune", "--yes=data-loss"), 0, "configmap/old: deleted")
        left = {config["metadata"]["name"] for config in self.cluster.get("configmaps", f"--namespace={self.namespace}")}
        self.report.fact("nothing of anyone else is deleted", "foreign" in left and "old" not in left)

    def without_monitoring(self):
        kinds = ("podmonitors", "prometheusrules", "servicemonitors")
        self.cluster.kubectl("delete", "crd", *(f"{kind}.monitoring.coreos.com" for kind in kinds))
        self.fact("without the Prometheus operator it ends", self.deploy(), 2, "the cluster has no `", "--without-monitoring")
        self.fact("it goes on when told", self.deploy("--without-monitoring"), 0, "nothing is scraped and no alert fires")
