"""The controllers that make pods: StatefulSet, Deployment, Job."""

import hashlib
import threading
import time

from .container import BACK_OFF
from .pod import Pod


class Workload:
    """What all have in common."""

    def __init__(self, world, obj):
        self.world, self.obj, self.spec = world, obj, obj["spec"]
        self.name, self.namespace, self.kind = obj["metadata"]["name"], obj["metadata"]["namespace"], obj["kind"]
        self.replicas = self.spec.get("replicas", 1)

    def pods(self):
        with self.world.lock:
            return sorted((p for p in self.world.pods if p.owner is self), key=lambda p: p.number)

    def ready(self):
        return len([p for p in self.pods() if p.ready]) == self.replicas

    def add(self, pod):
        """Under the lock: nobody may see a pod that is not in the list."""
        self.world.pods.append(pod)
        self.world.changed()
        return pod

    def suffix(self, number):
        """A name part as random as the real one, and the same in every run."""
        return hashlib.sha256(f"{self.name}{number}".encode()).hexdigest()[:5]

    def stop(self):
        for pod in self.pods():
            pod.delete(wait=False)
        for pod in self.pods():
            pod.gone.wait()


class StatefulSet(Workload):
    def start(self):
        first = (self.spec.get("ordinals") or {}).get("start", 0)
        self.ordinals = range(first, first + self.replicas)
        if self.spec.get("podManagementPolicy", "OrderedReady") == "Parallel":
            for ordinal in self.ordinals:
                self.create(ordinal)
        else:
            threading.Thread(target=self.start_in_order, daemon=True).start()

    def start_in_order(self):
        for ordinal in self.ordinals:
            pod = self.create(ordinal)
            while not pod.ready:
                time.sleep(0.1)

    def create(self, ordinal):
        name = f"{self.name}-{ordinal}"
        claims = {t["metadata"]["name"]: (f"{t['metadata']['name']}-{name}", t) for t in self.spec.get("volumeClaimTemplates") or []}
        with self.world.lock:
            return self.add(Pod(self.world, name, self.namespace, self.spec["template"], ordinal, self.spec.get("serviceName"), claims, self))

    def replace(self, ordinal, grace=None):
        """Deletes the pod and makes it anew, with the same volumes."""
        old = self.world.pod(f"{self.name}-{ordinal}")
        if old:
            old.delete(grace=grace)
        return self.create(ordinal)

    def roll(self, each_within, settled):
        """A rolling update: from the last ordinal to the first, each after the one before is available. `settled()` may end the wait of
        `minReadySeconds`: it is the time that the replicas get to be in sync, and no more is needed once they are."""
        for ordinal in reversed(self.ordinals):
            pod = self.replace(ordinal)
            self.world.wait(f"`{pod.name}` ready again", lambda p=pod: p.ready, each_within, lambda p=pod: p.problem)
            available = time.time() + self.spec.get("minReadySeconds", 0)
            while time.time() < available and not settled():
                time.sleep(0.5)


class Deployment(Workload):
    count = 0

    def start(self):
        for _ in range(self.replicas):
            self.create()

    def create(self):
        with self.world.lock:
            self.count += 1
            name = f"{self.name}-{self.suffix(0)}-{self.suffix(self.count)}"
            return self.add(Pod(self.world, name, self.namespace, self.spec["template"], owner=self))


class Job(Workload):
    """One completion; a failed pod is tried again as often as `backoffLimit` says."""

    def start(self):
        self.state, self.tries = "Running", 0
        self.began = time.time()
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        limit, wait = self.spec.get("backoffLimit", 6), BACK_OFF
        deadline = time.time() + self.spec.get("activeDeadlineSeconds", 10**9)
        while self.state == "Running":
            with self.world.lock:
                self.tries += 1
                pod = self.add(Pod(self.world, f"{self.name}-{self.suffix(self.tries)}", self.namespace, self.spec["template"], owner=self))
            while pod.phase in ("Pending", "Running"):
                if time.time() > deadline:
                    return self.end("Failed: DeadlineExceeded")
                if pod.restarts > limit:  # `OnFailure` restarts in the same pod; they count as well
                    return self.end("Failed: BackoffLimitExceeded")
                time.sleep(0.1)
            if pod.phase == "Succeeded":
                return self.end("Complete")
            if self.fails_at_once(pod):
                return self.end("Failed: PodFailurePolicy")
            if self.tries > limit:
                return self.end("Failed: BackoffLimitExceeded")
            time.sleep(wait)
            wait *= 2

    def fails_at_once(self, pod):
        """Whether a rule of `podFailurePolicy` says that this exit code will not change by trying again."""
        for rule in (self.spec.get("podFailurePolicy") or {}).get("rules", []):
            codes = rule.get("onExitCodes", {})
            for container in pod.containers:
                if codes.get("containerName", container.name) == container.name and container.exit_code and \
                        (container.exit_code in codes.get("values", [])) == (codes.get("operator") == "In"):
                    return rule["action"] == "FailJob"
        return False

    def end(self, state):
        self.seconds = time.time() - self.began
        with self.world.condition:
            self.state = state
            self.world.condition.notify_all()
        if state != "Complete":
            for pod in self.pods():
                pod.delete(wait=False)

    def ready(self):
        return self.state == "Complete"

    def log(self):
        return "".join(c.log() for pod in self.pods() for c in pod.containers)
