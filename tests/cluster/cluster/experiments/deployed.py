"""`deploy` brings a stack up from nothing, with the real API server, controllers and kubectl, and the binary of this checkout. No node runs: the test
says of each pod that it is ready, or does not."""

import contextlib
import json
import subprocess
import threading
import time

from ..control_plane import ClusterError
from ..tools import PROJECT
from .accepted import unchanged
from .verify import BINARY

DEPLOY_SECONDS = 600
SHORT = "--timeout=15s"


def run(cluster, folder, report):
    if not BINARY.exists():
        raise ClusterError(f"`{BINARY}` is not there: run `cargo build`")
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
        self.cluster.kubectl("delete", "-f", self.cluster.crds)
        self.fact("without the Prometheus operator it ends", self.deploy(), 2, "the cluster has no `", "--without-monitoring")
        self.fact("it goes on when told", self.deploy("--without-monitoring"), 0, "nothing is scraped and no alert fires")


class Attendant:
    """Says of each pod what a kubelet would: that it runs and is ready, and of a Job's that it has succeeded."""

    def __init__(self, cluster, namespace):
        self.cluster, self.path, self.ending = cluster, f"/api/v1/namespaces/{namespace}/pods", threading.Event()
        self.thread = threading.Thread(target=self.work, daemon=True)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()

    def work(self):
        while not self.ending.wait(1):
            with contextlib.suppress(OSError):  # the API server may be busy; the next look sees the same pods
                for pod in self.cluster.api(self.path)["items"]:
                    self.attend(pod)

    def attend(self, pod):
        is_job = "job-name" in pod["metadata"]["labels"]
        phase = "Succeeded" if is_job else "Running"
        if pod["status"].get("phase") == phase:
            return
        ready = {"type": "Ready", "status": "False" if is_job else "True", "lastTransitionTime": "2020-01-01T00:00:00Z"}
        status = {"phase": phase, "conditions": [ready]}
        self.cluster.request(f"{self.path}/{pod['metadata']['name']}/status", "PATCH", {"status": status}, "application/merge-patch+json")
