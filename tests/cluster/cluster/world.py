"""What the checks ask of a cluster: pods with their processes, logs and volumes, and brokers that are lost."""

import calendar
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import types

from real import secrets

from . import network, outside
from .control_plane import ClusterError

LOOK_SECONDS = 0.3
# Why a container may wait although nothing will come that helps it.
STUCK = {"CrashLoopBackOff", "CreateContainerConfigError", "CreateContainerError", "RunContainerError", "ErrImagePull", "ImagePullBackOff"}
# What an event says of a pod that will never start; how often events are asked for; and for how long it must be so, since cert-manager may still make
# a Secret. The kubelet looks half a minute and a whole one after the pod's start.
HOPELESS = r'(configmap|secret) "[^"]+" not found$|references non-existent \w+ key|probe errored'
WARNING_SECONDS, HOPELESS_SECONDS = 5, 25
GONE_SECONDS = 90
RENEWED_SECONDS = 240  # the kubelet looks about once a minute
WORKLOADS = ("StatefulSet", "Deployment", "Job")


class Failure(Exception):
    """The stack is not what it has to be."""


class World:
    """The objects of a stack on the nodes of a cluster."""

    def __init__(self, cluster, folder):
        self.cluster, self.folder = cluster, folder
        self.state = pathlib.Path(tempfile.mkdtemp(prefix="world-", dir=cluster.state))
        (self.state / "pods").mkdir()
        self.objects, self.more_namespaces = [], set()
        self.hopeless = None  # words in a log after which nothing gets better
        self.condition = threading.Condition(threading.RLock())
        self.lock, self.began, self.events = self.condition, time.time(), []
        self.pods, self.workloads = [], {}
        self.images = {name: types.SimpleNamespace(name=name, note=note, replaces=name in cluster.images.replaced)
                       for name, note in cluster.images.notes.items()}
        self.ended = threading.Event()
        threading.Thread(target=self.look_always, daemon=True).start()

    @property
    def authority(self):
        """What the issuer of a closed stack signs with."""
        return self.cluster.authority

    # -- what there is ---------------------------------------------------------------------------------------------------------------

    def look_always(self):
        while not self.ended.wait(LOOK_SECONDS):
            try:
                found = self.cluster.api("/api/v1/pods")["items"]
                with self.condition:
                    self.look(found)
                    self.condition.notify_all()
            except (OSError, http.client.HTTPException):  # the API server may be busy, and a log may be gone
                continue

    def look(self, found):
        watched = self.namespaces() | self.more_namespaces
        here = {(o["metadata"]["namespace"], o["metadata"]["name"]): o for o in found if o["metadata"]["namespace"] in watched}
        for pod in list(self.pods):
            obj = here.pop((pod.namespace, pod.name), None)
            if obj:
                pod.update(obj)
            elif pod.held or pod.owner and pod.owner.kind == "StatefulSet":
                pod.missing()  # its successor has its name
            else:
                pod.missing()
                self.pods.remove(pod)
        for obj in here.values():
            self.pods.append(Pod(self, obj))

    def pod(self, name):
        with self.lock:
            return next((p for p in self.pods if p.name == name), None)

    def of_kind(self, kind):
        return [o for o in self.objects if o["kind"] == kind]

    def wait(self, what, test, timeout, stop=lambda: None):
        """Waits until `test()` holds. `stop()` may give the reason why it never will."""
        deadline = time.time() + timeout
        with self.condition:
            while not self.holds(test):
                if reason := stop():
                    raise Failure(f"{what}: {reason}")
                if time.time() > deadline:
                    raise Failure(f"{what}: not within {timeout} s")
                self.condition.wait(0.2)

    @staticmethod
    def holds(test):
        """What the API server does not answer now, it does later."""
        try:
            return test()
        except (OSError, http.client.HTTPException):
            return False

    @staticmethod
    def from_pod(pod, code, *arguments, timeout=60):
        """Runs a few lines of Python in the pod's network: the way to ask what the pod itself has no tool for."""
        done = subprocess.run(["nsenter", f"--net={pod.netns}", sys.executable, "-I", "-S", "-c", code, *map(str, arguments)],
                              capture_output=True, text=True, timeout=timeout)
        if done.returncode != 0:
            raise Failure(f"from `{pod.name}`: {(done.stderr.strip().splitlines() or ['?'])[-1]}")
        return done.stdout

    def secret(self, namespace, name):
        """The files of a Secret."""
        return secrets.files(self.cluster.api(f"/api/v1/namespaces/{namespace}/secrets/{name}"))

    def secrets(self):
        """The files of every Secret of the stack's namespaces."""
        return [secrets.files(obj) for obj in self.cluster.get("secrets", "--all-namespaces") if obj["metadata"]["namespace"] in self.namespaces()]

    def namespaces(self):
        return {obj["metadata"]["namespace"] for obj in self.objects}

    def readable(self):
        """(name, text) of what is no Secret: objects and events as the API server shows them, and what the pods have said."""
        for obj in self.cluster.get("configmaps,pods,jobs,statefulsets,deployments,events,certificaterequests", "--all-namespaces"):
            yield f"{obj['kind']}/{obj['metadata']['name']}", json.dumps(obj)
        for pod in list(self.pods):
            for container in pod.init_containers + pod.containers:
                yield f"{pod.name}/{container.name}", container.log()

    def logs(self):
        """What all pods have said."""
        return "\n".join(container.log() for pod in list(self.pods) for container in pod.init_containers + pod.containers)

    def renew(self, certificate):
        """As `cmctl renew`: cert-manager makes a new one. Then waits until the kubelet has brought it into the pods."""
        name, namespace, secret = certificate["metadata"]["name"], certificate["metadata"]["namespace"], certificate["spec"]["secretName"]
        before = self.secret(namespace, secret)["tls.crt"]
        path = f"/apis/cert-manager.io/v1/namespaces/{namespace}/certificates/{name}"

        def ask():
            """False where cert-manager has changed it meanwhile."""
            found = self.cluster.api(path)
            conditions = [c for c in found["status"]["conditions"] if c["type"] != "Issuing"]
            found["status"]["conditions"] = [*conditions, {"type": "Issuing", "status": "True", "reason": "ManuallyTriggered", "message": "renewed by hand",
                                                           "lastTransitionTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}]
            return self.holds(lambda: self.cluster.api(f"{path}/status", "PUT", found))

        self.cluster.wait(f"`{name}` is to be renewed", ask)
        self.cluster.wait(f"`{secret}` has a new certificate", lambda: self.secret(namespace, secret)["tls.crt"] != before, RENEWED_SECONDS)
        now = self.secret(namespace, secret)["tls.crt"].decode().strip()
        for pod in list(self.pods):
            for volume in (v["name"] for v in pod.spec.get("volumes") or [] if (v.get("secret") or {}).get("secretName") == secret):
                container, folder = next((c, m["mountPath"]) for c in pod.containers for m in c.spec.get("volumeMounts") or [] if m["name"] == volume)
                read = lambda: self.cluster.kubectl("exec", f"--namespace={namespace}", pod.name, f"--container={container.name}", "--", "cat",
                                                    f"{folder}/tls.crt", check=False).stdout.strip()
                self.cluster.wait(f"`{pod.name}` has it", lambda: read() == now, RENEWED_SECONDS)

    # -- what is done ----------------------------------------------------------------------------------------------------------------

    def apply(self, objects):
        """As a user does: the folder, by kubectl."""
        self.objects = objects
        with self.lock:
            for obj in objects:
                if obj["kind"] in WORKLOADS:
                    self.workloads[obj["kind"], obj["metadata"]["name"]] = Workload(self, obj)
        self.cluster.apply(self.folder)

    def start(self, obj):
        """Creates one more workload. It is known before its pods are seen, as whose owner it is looked for."""
        with self.lock:
            self.workloads[obj["kind"], obj["metadata"]["name"]] = workload = Workload(self, obj)
        self.create(obj)
        return workload

    def create(self, obj):
        self.cluster.kubectl("create", "-f", "-", text=json.dumps(obj))

    def put(self, obj):
        """Creates an object, or replaces what it says; before the stack is there, its namespace too."""
        self.cluster.kubectl("create", "namespace", obj["metadata"]["namespace"], check=False)
        self.cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", text=json.dumps(obj))

    def start_pod(self, name, namespace, template):
        """A pod that no controller made."""
        self.more_namespaces.add(namespace)
        self.cluster.kubectl("create", "namespace", namespace, check=False)
        account = lambda: self.cluster.kubectl("get", "serviceaccount/default", f"--namespace={namespace}", check=False).returncode == 0
        self.cluster.wait("the namespace has its account", account)
        self.create({"apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"] | {"name": name, "namespace": namespace}, "spec": template["spec"]})
        self.wait(f"`{name}` there", lambda: self.pod(name), GONE_SECONDS)
        return self.pod(name)

    def volume(self, namespace, claim):
        """The folder in which a claim's file system is mounted."""
        found = self.cluster.api(f"/api/v1/namespaces/{namespace}/persistentvolumeclaims/{claim}")
        return pathlib.Path(self.cluster.api(f"/api/v1/persistentvolumes/{found['spec']['volumeName']}")["spec"]["local"]["path"])

    # -- what is outside -------------------------------------------------------------------------------------------------------------

    place_outside = network.HUB  # where a server of this process is reached from pods

    def know(self, name, address):
        """What the DNS of the cluster answers, as it would ask others."""
        with self.cluster.names.open("a") as file:
            file.write(f"{address} {name}\n")

    def know_in(self, pod, names):
        """What the file of hosts of a pod has besides."""
        with open(pod.node.store / "kubelet/pods" / pod.uid / "etc-hosts", "a") as file:
            file.write("".join(f"{address}\t{name}\n" for name, address in names.items()))

    def move_out(self, pod, address):
        """Makes a pod a machine outside of the cluster, with this address."""
        outside.move_out(self.cluster, pod, address)

    def balanced(self):
        """The Services of load balancers, each with the address of its own."""
        return [(service, address) for service in self.cluster.get("services", "--all-namespaces") if (address := outside.address_of(service))]

    def address(self, namespace, service):
        """Of a Service inside of the cluster."""
        return self.cluster.api(f"/api/v1/namespaces/{namespace}/services/{service}")["spec"]["clusterIP"]

    def event(self, pod, message):
        self.events.append((time.time() - self.began, pod.name, message))


class Workload:
    """A StatefulSet, a Deployment or a Job; what it made is seen in its pods."""

    def __init__(self, world, obj):
        self.world, self.obj, self.spec, self.kind, self.began = world, obj, obj["spec"], obj["kind"], time.time()
        self.name, self.namespace, self.replicas = obj["metadata"]["name"], obj["metadata"]["namespace"], obj["spec"].get("replicas", 1)
        first = (self.spec.get("ordinals") or {}).get("start", 0)
        self.ordinals = range(first, first + self.replicas)
        self.path = f"/apis/{obj['apiVersion']}/namespaces/{self.namespace}/{self.kind.lower()}s/{self.name}"

    def pods(self):
        with self.world.lock:
            return sorted((p for p in self.world.pods if p.owner is self and not p.leaving), key=lambda p: (p.ordinal, p.created))

    def ready(self):
        if self.kind == "Job":
            return self.state == "Complete"
        return len([p for p in self.pods() if p.ready]) == self.replicas

    def create(self, ordinal=None):
        """What was deleted may come back; its controller makes it."""
        if ordinal is None:
            self.world.wait(f"`{self.name}` has its pods", lambda: len(self.pods()) == self.replicas, GONE_SECONDS)
            return None
        pod = self.world.pod(f"{self.name}-{ordinal}")
        pod.release()
        return pod

    def scale(self, replicas):
        self.world.cluster.kubectl("scale", f"{self.kind.lower()}/{self.name}", f"--namespace={self.namespace}", f"--replicas={replicas}")
        self.world.wait(f"`{self.name}` has {replicas} pods", lambda: len(self.pods()) == replicas, GONE_SECONDS)

    def roll(self, each_within):
        """A rolling update by the controller, after a change of the template."""
        change = {"spec": {"template": {"metadata": {"annotations": {"proof/changed": str(time.time())}}}}}
        self.world.cluster.kubectl("patch", "statefulset", self.name, f"--namespace={self.namespace}", "--patch", json.dumps(change))
        try:
            self.world.cluster.kubectl("rollout", "status", f"statefulset/{self.name}", f"--namespace={self.namespace}", f"--timeout={each_within * self.replicas}s")
        except ClusterError as error:
            raise Failure(str(error)) from None

    # -- of a Job --------------------------------------------------------------------------------------------------------------------

    @property
    def state(self):
        for condition in self.status().get("conditions") or []:
            if condition["status"] == "True" and condition["type"] in ("Complete", "Failed"):
                return "Complete" if condition["type"] == "Complete" else f"Failed: {condition['reason']}"
        return "Running"

    def status(self):
        return self.world.cluster.api(self.path)["status"]

    @property
    def seconds(self):
        status = self.status()
        ends = [c["lastTransitionTime"] for c in status.get("conditions") or [] if c["type"] in ("Complete", "Failed")]
        return seconds(ends[-1]) - seconds(status["startTime"])

    def log(self):
        return "".join(c.log() for pod in self.pods() for c in pod.containers)


class Pod:
    """A pod by its name: one of a StatefulSet goes on in its successor."""

    def __init__(self, world, obj):
        self.world, self.name, self.namespace = world, obj["metadata"]["name"], obj["metadata"]["namespace"]
        self.dir, self.held, self.uid, self.losing, self.ready, self.asked = world.state / "pods" / self.name, False, None, False, False, time.time() + HOPELESS_SECONDS
        self.owner = owner_of(world, obj)
        self.ordinal = int(obj["metadata"]["labels"].get("apps.kubernetes.io/pod-index", 0)) if self.owner else 0
        self.containers, self.init_containers = ([Container(self, spec) for spec in obj["spec"].get(key) or []] for key in ("containers", "initContainers"))
        self.update(obj)

    def update(self, obj):
        meta, status = obj["metadata"], obj["status"]
        if meta["uid"] != self.uid:
            for container in self.init_containers + self.containers:
                container.forget(keep=self.losing)
            self.uid, self.created, self.losing, self.problem, self.became_ready = meta["uid"], meta["creationTimestamp"], False, None, None
        self.spec, self.labels, self.address, self.phase = obj["spec"], meta.get("labels") or {}, status.get("podIP"), status["phase"]
        self.leaving = "deletionTimestamp" in meta
        self.node = self.world.cluster.nodes.get(obj["spec"].get("nodeName"))
        self.named_ports = {p["name"]: p["containerPort"] for c in self.spec["containers"] for p in c.get("ports") or [] if "name" in p}
        self.claims = {v["name"]: v["persistentVolumeClaim"]["claimName"] for v in self.spec.get("volumes") or [] if "persistentVolumeClaim" in v}
        for container in self.init_containers + self.containers:
            found = [s for key in ("initContainerStatuses", "containerStatuses") for s in status.get(key) or [] if s["name"] == container.name]
            container.update(found[0] if found else {})
        self.restarts = sum(c.starts - 1 for c in self.init_containers + self.containers if c.starts)
        self.problem = self.problem or next((c.problem for c in self.init_containers + self.containers if c.problem), None) or self.warning()
        self.set_ready(not self.leaving and any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions") or []))

    def warning(self):
        """What the kubelet says of a pod that waits, where it will not get better."""
        if self.ready or self.leaving or time.time() < self.asked + WARNING_SECONDS:
            return None
        self.asked = time.time()
        return next((message for message in self.messages(seconds(self.created) + HOPELESS_SECONDS) if re.search(HOPELESS, message)), None)

    def messages(self, since=0):
        """Of the pod's events that were seen last after that time."""
        found = self.world.cluster.api(f"/api/v1/namespaces/{self.namespace}/events?fieldSelector=involvedObject.uid={self.uid}")["items"]
        return [event["message"] for event in found if seconds(event["lastTimestamp"] or event["metadata"]["creationTimestamp"]) >= since]

    def missing(self):
        self.leaving, self.problem = not self.held, None
        for container in self.containers:
            container.started = False
        self.set_ready(False)

    def set_ready(self, ready):
        if ready != self.ready:
            self.world.event(self, "ready" if ready else "not ready")
        self.ready = ready
        if ready and self.became_ready is None:
            self.became_ready = time.time()

    @property
    def netns(self):
        pid = next((c.pid for c in self.containers if c.pid), None)
        if not pid:
            raise Failure(f"no container of `{self.name}` runs")
        return f"/proc/{pid}/ns/net"

    @property
    def volumes(self):
        """name → folder on the node, of what is there yet."""
        if not self.node:
            return {}
        empty = self.node.store / "kubelet/pods" / self.uid / "volumes/kubernetes.io~empty-dir"
        folders = {path.name: path for path in empty.iterdir()} if empty.exists() else {}
        return folders | {name: self.world.volume(self.namespace, claim) for name, claim in self.claims.items()}

    # -- its end ---------------------------------------------------------------------------------------------------------------------

    def delete(self, wait=True, grace=None):
        """Deletes it; one of a StatefulSet does not come back before it is released."""
        if self.owner and self.owner.kind == "StatefulSet":
            self.hold()
        uid = self.uid
        self.ask_to_delete(grace)
        if wait:
            self.world.wait(f"`{self.name}` is gone", lambda: self.uid != uid or self not in self.world.pods or self.leaving and not self.exists(uid), GONE_SECONDS + (grace or 60))

    def ask_to_delete(self, grace):
        force = ["--force"] if grace == 0 else []
        period = [f"--grace-period={grace}"] if grace is not None else []
        pids = [c.pid for c in self.containers] if grace == 0 else []
        self.world.cluster.kubectl("delete", "pod", self.name, f"--namespace={self.namespace}", "--wait=false", "--ignore-not-found", *force, *period)
        for pid in filter(None, pids):
            send(pid, signal.SIGKILL)

    def exists(self, uid):
        found = self.world.cluster.kubectl("get", "pod", self.name, f"--namespace={self.namespace}", "--ignore-not-found", "--output=jsonpath={.metadata.uid}")
        return found.stdout == uid

    def hold(self):
        """Nothing new is placed on its node, to which its volume binds it."""
        if not self.held and self.node:
            self.world.cluster.kubectl("cordon", self.node.name)
            self.held = self.node.name

    def lose(self):
        """kill -9 of everything, and nothing comes back until `release`: the machine is gone."""
        for container in self.containers:
            container.keep()
        self.losing, pids = True, [c.pid for c in self.containers if c.pid]
        self.hold()
        self.ask_to_delete(0)
        self.world.wait(f"`{self.name}` dead", lambda: not self.ready and not any(pathlib.Path(f"/proc/{pid}").exists() for pid in pids), GONE_SECONDS)

    def release(self):
        if self.held:
            self.world.cluster.kubectl("uncordon", self.held)
            self.held = False


class Container:
    """One container of a pod, with the process that the node runs for it."""

    def __init__(self, pod, spec):
        self.pod, self.spec, self.name = pod, spec, spec["name"]
        self.id = self.problem = None
        self.former, self.known, self.starts, self.started = "", (None, None), 0, False

    def update(self, status):
        self.id = (status.get("containerID") or "").removeprefix("containerd://") if "running" in status.get("state", {}) else None
        self.started, self.starts = status.get("started", False), status.get("restartCount", -1) + 1
        waiting = status.get("state", {}).get("waiting") or {}
        ended = [e for key in ("state", "lastState") if (e := (status.get(key) or {}).get("terminated")) and e["exitCode"] != 0]
        # That a pod ends which was told to is none; its successor may not have been seen yet.
        if ended and not self.problem and not self.pod.leaving:
            killed = [message for message in self.pod.messages() if re.search(f"^Container {self.name} failed .* probe", message)]
            why = [ended[0]["reason"]] if ended[0].get("reason") not in (None, "Error") else killed
            self.problem = f"{self.name}: exit code {ended[0]['exitCode']}: {'; '.join([*why, last_words(self.log())])}"
        elif waiting.get("reason") in STUCK:
            self.problem = f"{self.name}: {waiting['reason']}: {waiting.get('message', '')[:300]}"

    def keep(self):
        """What it said goes before the log of its successor."""
        self.former = self.log()

    def forget(self, keep):
        self.id, self.problem, self.known = None, None, (None, None)
        if not keep:
            self.former = ""

    @property
    def pid(self):
        """Its first process as this machine numbers it."""
        wanted, (known, pid) = self.id, self.known
        if wanted and wanted != known:
            pid = first_process(wanted)
            self.known = (wanted, pid) if pid else (None, None)
        return pid if wanted and pid and os.path.exists(f"/proc/{pid}") else None

    def signal(self, number):
        if pid := self.pid:
            send(pid, number)

    def attach(self, command, errors=subprocess.STDOUT):
        """Starts a command in the container, with its standard streams at the caller."""
        pod, cluster = self.pod, self.pod.world.cluster
        arguments = ["exec", f"--namespace={pod.namespace}", "-i", pod.name, f"--container={self.name}", "--", *command]
        return subprocess.Popen([cluster.bin / "kubectl", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, env=cluster.environment())

    def execute(self, command, timeout):
        """(status, output) of a command that ends."""
        process = self.attach(command)
        try:
            said = process.communicate(timeout=timeout)[0]
            return process.returncode, said
        except subprocess.TimeoutExpired:
            process.kill()
            return None

    def log(self):
        """What all its runs in this pod said, as the node has it."""
        pod = self.pod
        if not pod.uid or not pod.node:
            return self.former
        folder = pod.node.folder / "log/pods" / f"{pod.namespace}_{pod.name}_{pod.uid}" / self.name
        files = sorted(folder.glob("*.log"), key=lambda path: int(path.stem)) if folder.exists() else []
        return self.former + "".join(plain(path.read_text(errors="replace")) for path in files)


def seconds(text):
    """A time of the API server, as the clock here counts."""
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def plain(text):
    """The log of a container without what the runtime puts before each line."""
    lines = []
    for line in text.splitlines():
        _, _, mark, words = (line.split(" ", 3) + [""] * 4)[:4]
        lines.append(words + ("\n" if mark == "F" else ""))
    return "".join(lines)


def last_words(text):
    """The line of the log that most likely says why it ended: the last that names an error, else the last."""
    lines = [line for line in text.splitlines()[-200:] if line.strip() and not line.startswith(("\tat ", "\t..."))]
    loud = [line for line in lines if re.search(r"\b(ERROR|FATAL|[Ee]rror|[Ee]xception|exec|cannot)\b|Exception", line)]
    return (loud or lines or ["no output"])[-1][:300]


def first_process(container):
    """The process of a container that all its others descend from."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cgroup"):
        try:
            if container in path.read_text():
                found.append(int(path.parent.name))
        except OSError:  # it has ended
            continue
    return min(found, default=None)


def send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def owner_of(world, obj):
    """The workload that made a pod; a Deployment does it through a ReplicaSet."""
    for reference in obj["metadata"].get("ownerReferences") or []:
        kind, name = reference["kind"], reference["name"]
        if kind == "ReplicaSet":
            kind, name = "Deployment", name.rpartition("-")[0]
        return world.workloads.get((kind, name))
    return None
