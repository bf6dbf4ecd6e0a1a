"""Argo CD's controller and repo server sync a stack with the Applications of `docs/gitops.md`, from a repository in a folder; cert-manager is the real one.
No node runs: the test says of each pod that it is ready, wave by wave, or that it failed."""

import json
import time

from .. import certificates
from ..attendant import Attendant
from .accepted import WORKLOADS, start_cron_jobs
from .gitops import CLIENTS, SECONDS, Trial

NAMESPACE = "argocd"
CONFIGURATION, TOPICS = 0, 4
EARLY_SECONDS = 10  # in which nothing of a later wave may appear
SYNC_SECONDS = 120  # of which two or three are enough
INSTANCE = "app.kubernetes.io/instance"
FINALIZER = "resources-finalizer.argocd.argoproj.io"


def run(cluster, folder, report, change=lambda text: text):
    trial = Argo(cluster, folder, report, change)
    trial.start()
    with Attendant(cluster, trial.objects[-1]["metadata"]["namespace"], trial.fate):
        trial.waves_wait()
        trial.synced()
        trial.quiet()
        trial.monitors_select()
        trial.heals()
        trial.made_anew()
        trial.pruned()
        trial.deleted()


class Argo(Trial):
    def __init__(self, cluster, folder, report, change):
        super().__init__(cluster, folder, report, "Argo CD", lambda text: change(text.replace("https://git.example.com/kafka.git", f"file://{cluster.state}/repository")))
        self.ready, self.failing = CONFIGURATION, True  # the last wave whose pods are ready; whether the Job of topics fails

    def start(self):
        self.cluster.kubectl("create", "-f", self.cluster.crds.parent / "gitops-crds")
        self.cluster.authority = None  # of the certificates, made when a stack has any
        certificates.start(self.cluster)
        self.cluster.kubectl("create", "namespace", NAMESPACE)
        of_argo = lambda name: {"name": name, "namespace": NAMESPACE, "labels": {"app.kubernetes.io/part-of": "argocd"}}
        anything = [{"group": "*", "kind": "*"}]
        self.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": of_argo("argocd-cm")},
                    {"apiVersion": "v1", "kind": "Secret", "metadata": of_argo("argocd-secret"), "stringData": {"server.secretkey": "none"}},
                    {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": of_argo("default"), "spec": {
                        "sourceRepos": ["*"], "destinations": [{"namespace": "*", "server": "*"}], "clusterResourceWhitelist": anything}})
        environment = self.cluster.environment() | {"ARGOCD_FAKE_IN_CLUSTER": "true", "ARGOCD_GPG_ENABLED": "false"}
        self.cluster.daemon("redis-server", "--save", "", "--bind", "127.0.0.1")
        self.cluster.daemon("argocd-repo-server", "--redis=127.0.0.1:6379", "--address=127.0.0.1", environment=environment)
        self.cluster.daemon("argocd-application-controller", f"--kubeconfig={self.cluster.admin}", f"--namespace={NAMESPACE}", "--redis=127.0.0.1:6379",
                            "--repo-server=127.0.0.1:8081", environment=environment)

    def fate(self, pod):
        """What becomes of a pod: ready if its wave is to be."""
        name = pod["metadata"]["name"]
        workload = max((w for w in self.waves if name.startswith(f"{w}-")), key=len)
        if self.waves[workload] > self.ready:
            return None
        if "job-name" not in pod["metadata"]["labels"]:
            return "Running"
        return "Failed" if self.failing and workload == self.topics() else "Succeeded"

    def topics(self):
        return next((o["metadata"]["name"] for o in self.objects if o["kind"] == "Job" and o["metadata"]["name"].startswith("kafka-topics")), None)

    def applied(self):
        """The workloads of the stack that are there."""
        return {o["metadata"]["name"] for o in self.cluster.get(f"{WORKLOADS},cronjobs", "--all-namespaces")} & self.waves.keys()

    def waves_wait(self):
        self.create(self.namespace, self.stack)
        name = self.objects[0]["metadata"]["name"]
        self.wait("the Namespace is there", lambda: self.cluster.kubectl("get", "namespace", name, check=False).returncode == 0)
        certificates.provide(self.cluster, self.repository.stack)
        for wave in sorted(set(self.waves.values())):
            of_wave = {name for name, number in self.waves.items() if number <= wave}
            # Or something of a later wave, on whose pods this one may wait in vain.
            self.wait(f"wave {wave} is applied", lambda: of_wave <= (there := self.applied()) or there - of_wave)
            if wave != CLIENTS:
                self.waits(f"what is later waits for wave {wave}", of_wave)
            self.ready = wave
            if wave == TOPICS and self.topics():
                self.job_fails(of_wave)
        self.failing = False

    def waits(self, what, expected):
        end, early = time.monotonic() + EARLY_SECONDS, set()
        while time.monotonic() < end and not early:
            time.sleep(1)
            early = self.applied() - expected
        self.report.fact(what, not early, ", ".join(sorted(early or expected)))

    def job_fails(self, expected):
        job = lambda: json.loads(self.cluster.kubectl("get", "job", self.topics(), "--namespace=kafka", "--output=json").stdout)
        self.wait("the Job of topics has failed", lambda: job()["status"].get("failed"))
        self.waits("what is later waits for a Job that has failed", expected)
        self.wait("the application is Degraded", lambda: self.application(self.stack)["status"]["health"]["status"] == "Degraded")
        ended = [c["type"] for c in job()["status"].get("conditions", []) if c["status"] == "True"]
        pods = self.cluster.get("pods", "--namespace=kafka", f"--selector=job-name={self.topics()}")
        self.report.fact("the failed Job stays, and its pod, and the application is Degraded", "Failed" in ended and pods)
        self.failing = False
        self.cluster.kubectl("delete", "job", self.topics(), "--namespace=kafka")

    def synced(self):
        began = time.monotonic()
        state = lambda: [(status.get("sync", {}).get("status"), status.get("health", {}).get("status"))
                         for status in (self.application(wanted).get("status", {}) for wanted in (self.namespace, self.stack))]
        while not (good := state() == [("Synced", "Healthy")] * 2) and time.monotonic() - began < SYNC_SECONDS:
            time.sleep(1)
        self.report.fact("both applications are Synced and Healthy", good,
                         f"{time.monotonic() - began:.0f} s after the last wave" if good else f"{state()} {', '.join(self.different())}")
        start_cron_jobs(self.cluster)
        self.reconcile()
        # The CronJob itself can be, for seconds: its status changes between what Argo CD has seen last and what the server answers to the comparison.
        moment = self.different()
        self.wait("it is Synced", lambda: state()[1][0] == "Synced")
        left = {o["metadata"]["name"] for o in self.cluster.get("jobs", "--namespace=kafka")}
        wanted = {f"{o['metadata']['name']}-now" for o in self.objects if o["kind"] == "CronJob"}
        self.report.fact("a CronJob's Job is no difference, and stays", wanted <= left, f"out of sync at first: {', '.join(moment) or 'nothing'}")

    def quiet(self):
        """Nor is anything applied, which would not be seen of what is the same already."""
        last = lambda: self.application(self.stack)["status"]["operationState"]["startedAt"]
        before = last()
        super().quiet()
        status = self.application(self.stack)["status"]["sync"]["status"]
        self.report.fact("nothing is applied again", last() == before and status == "Synced", f"{status}, last at {last()}")

    def different(self):
        """The objects of the stack that are not as in the repository."""
        return [f"{r['kind']}/{r['name']}" for r in self.application(self.stack)["status"].get("resources", []) if r.get("status") != "Synced"]

    def application(self, wanted):
        return self.cluster.api(f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/applications/{wanted['metadata']['name']}")

    def kubectl(self, verb, wanted, *arguments):
        return self.cluster.kubectl(verb, f"application.argoproj.io/{wanted['metadata']['name']}", f"--namespace={NAMESPACE}", *arguments).stdout

    def reconcile(self):
        for wanted in (self.namespace, self.stack):
            self.kubectl("annotate", wanted, "--overwrite", "argocd.argoproj.io/refresh=hard")
            self.wait("reconciled", lambda: "argocd.argoproj.io/refresh" not in self.application(wanted)["metadata"].get("annotations", {}))

    def monitors_select(self):
        """With tracking by label, which is this version's default, every object has the application's name in a label."""
        name = self.stack["metadata"]["name"]
        for monitor in (o for o in self.objects if o["kind"] in ("ServiceMonitor", "PodMonitor")):
            kind = "services" if monitor["kind"] == "ServiceMonitor" else "pods"
            selector = ",".join(f"{key}={value}" for key, value in monitor["spec"]["selector"]["matchLabels"].items())
            found = self.cluster.get(kind, f"--namespace={monitor['metadata']['namespace']}", f"--selector={selector}")
            written = {o["metadata"]["labels"][INSTANCE] for o in found}
            good = found and (kind == "pods" or written == {name})
            self.report.fact(f"{monitor['kind']} `{monitor['metadata']['name']}` selects {kind}", good, f"{len(found)}, `{INSTANCE}`: {', '.join(sorted(written))}")

    def prune_namespace(self):
        self.kubectl("patch", self.namespace, "--type=merge", '--patch={"spec":{"syncPolicy":{"automated":{"prune":true}}}}')

    def delete(self):
        """With the finalizer, which deletes what an application has applied; without it nothing would be."""
        for wanted in (self.stack, self.namespace):
            self.kubectl("patch", wanted, "--type=merge", f'--patch={{"metadata":{{"finalizers":["{FINALIZER}"]}}}}')
            self.kubectl("delete", wanted, f"--timeout={SECONDS}s")
