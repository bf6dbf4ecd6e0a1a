"""One stack under test: its world, what its manifests say, an application in the cluster, and the rows of the report."""

import json
import queue
import threading
import time

from .world import Failure


class ClientError(Exception):
    """The broker, or the client library, said no; the message is its own."""


def properties(text):
    """A Java property file as a dictionary; the files here use no escapes."""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line and not line.lstrip().startswith("#"))
    return {key.strip(): value.strip() for key, value in pairs}


def permissions(stack):
    """user → its facts, from the file that the Job reads; empty for an open cluster."""
    users = {}
    for obj in stack.objects:
        for line in ((obj.get("data") or {}).get("permissions.txt") or "").splitlines() if obj["kind"] == "ConfigMap" else ():
            user, fact = line.split(None, 1)
            users.setdefault(user, []).append(fact)
    return users


class Stack:
    def __init__(self, name, objects, world, say=print):
        self.name, self.objects, self.say, self.began, self.rows = name, objects, say, time.time(), []
        self.world = world
        self.sets = [o for o in self.objects if o["kind"] == "StatefulSet"]
        self.namespace = self.sets[0]["metadata"]["namespace"]
        self.alerts = None  # the proof of them, once a check asks
        self.lent = []  # lines of permissions that the stack does not declare, while connectors need them
        self._client, self.starting = None, threading.Lock()

    # -- the report ------------------------------------------------------------------------------------------------------------------

    def fact(self, check, what, good, detail="", seconds=None):
        """One row: what was seen, and whether that is what has to be."""
        self.row("ok  " if good else "FAIL", {"check": check, "what": what, "good": bool(good), "detail": str(detail), "seconds": seconds})
        return bool(good)

    def note(self, check, what, detail):
        """A row that proves nothing: what the reader of the others has to know."""
        self.row("note", {"check": check, "what": what, "good": None, "detail": detail, "seconds": None})

    def row(self, word, row):
        self.rows.append(row)
        took = f" ({row['seconds']:.0f} s)" if row["seconds"] is not None else ""
        detail = f" — {row['detail']}" if row["detail"] else ""
        self.say(f"{self.name}: {time.time() - self.began:5.0f} s  {word} {row['check']}: {row['what']}{took}{detail}")

    def first_cause(self, lines=15):
        """The first trouble of any pod and the last words of its containers: what a person has to read."""
        with self.world.lock:
            pods = list(self.world.pods)
        pod = next((p for p in pods if p.problem), None) or next((p for p in pods if not p.ready and p.phase != "Succeeded"), None)
        if not pod:
            return "no pod had trouble"
        text = [f"`{pod.name}`: {pod.problem}" if pod.problem else f"`{pod.name}` never became ready"]
        for container in pod.init_containers + pod.containers:
            last = [line[:300] for line in container.log().splitlines() if line.strip()][-lines:]
            text += [f"  --- the last lines of {pod.name}/{container.name}", *("  " + line for line in last)] if last else []
        return "\n".join(text)

    # -- what the manifests say ------------------------------------------------------------------------------------------------------

    def config(self, workload, suffix=".properties"):
        """The property file that the first container of a workload names on its command line: (path, text)."""
        pod = workload["spec"]["template"]["spec"]
        container = pod["containers"][0]
        words = " ".join((container.get("command") or []) + (container.get("args") or [])).replace('"', " ").replace("'", " ").split()
        mounts = {m["mountPath"].rstrip("/") + "/": m["name"] for m in container.get("volumeMounts") or []}
        found = [(w, mount) for w in words for mount in mounts if w.startswith(mount) and w.endswith(suffix)]
        if not found:
            return None, ""
        path, mount = found[-1]
        volume = next(v for v in pod["volumes"] if v["name"] == mounts[mount])
        return path, self.get("ConfigMap", volume["configMap"]["name"])["data"][path.removeprefix(mount)]

    def get(self, kind, name):
        return next(o for o in self.objects if o["kind"] == kind and o["metadata"]["name"] == name)

    def brokers(self):
        """The StatefulSets whose nodes are brokers: with the role, or with ZooKeeper's address."""
        return [s for s in self.sets if "broker" in self.settings(s).get("process.roles", "") or "zookeeper.connect" in self.settings(s)]

    def controllers(self):
        return [s for s in self.sets if "controller" in self.settings(s).get("process.roles", "")]

    def settings(self, workload):
        return properties(self.config(workload)[1])

    def workload(self, obj):
        return self.world.workloads[obj["kind"], obj["metadata"]["name"]]

    def line(self):
        """Which Kafka the brokers' image stands for."""
        return "kafka-3" if ":7." in self.brokers()[0]["spec"]["template"]["spec"]["containers"][0]["image"] else "kafka-4"

    # -- the application -------------------------------------------------------------------------------------------------------------

    def deployments(self, image):
        """The Deployments whose image's name contains this."""
        return [o for o in self.objects if o["kind"] == "Deployment" and image in o["spec"]["template"]["spec"]["containers"][0]["image"]]

    @property
    def closed(self):
        """Whether clients have to show who they are: the Secret of the administrator, or None."""
        return next((o["spec"]["secretName"] for o in self.objects if o["kind"] == "Certificate" and o["spec"]["commonName"] == "admin"), None)

    def client_pod(self, name="proof-client", namespace=None, secret=None, labels=(), mounts=()):
        """A pod of our own that nothing selects, with every ConfigMap of its namespace under /etc/maps/, a Secret as its identity, and other
        Secrets by their paths."""
        namespace = namespace or self.namespace
        maps = [o["metadata"]["name"] for o in self.objects if o["kind"] == "ConfigMap" and o["metadata"]["namespace"] == namespace]
        mounted = dict(mounts) | ({secret: "/etc/kafka-identity"} if secret else {})
        mounts = [{"name": name, "mountPath": path} for name, path in mounted.items()]
        volumes = [{"name": name, "secret": {"secretName": name}} for name in mounted]
        template = {"metadata": {"labels": {"app": name} | dict(labels)}, "spec": {
            "enableServiceLinks": False, "terminationGracePeriodSeconds": 0, "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{"name": "client", "image": f"proof-client:{self.line()}", "command": ["sleep", "infinity"],
                            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                            "env": [{"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
                            "volumeMounts": [{"name": f"map-{i}", "mountPath": f"/etc/maps/{m}"} for i, m in enumerate(maps)] + mounts}],
            "volumes": [{"name": f"map-{i}", "configMap": {"name": m}} for i, m in enumerate(maps)] + volumes}}
        pod = self.world.start_pod(name, namespace, template)
        self.world.wait(f"`{name}` ready", lambda: pod.ready, 20, lambda: pod.problem)
        return pod

    @property
    def client(self):
        with self.starting:
            if self._client is None:
                # One of the stack's own pods, which the HTTP interfaces admit; in a closed cluster it is the administrator.
                pod = self.client_pod(secret=self.closed, labels={"app.kubernetes.io/managed-by": "kafka-stacks"})
                base = f"/etc/maps/{self.brokers()[0]['metadata']['name']}/client.properties" if self.closed else ""
                self._client = Client(pod.containers[0].attach, pod.dir.parent / "application.log", bootstrap(self), base)
                self._client.pod = pod
            return self._client


class Client:
    """The program of `java/Client.java` in a pod of the cluster: `attach(command, errors)` starts it there."""

    def __init__(self, attach, errors, bootstrap, base=""):
        self.lock, self.errors = threading.Lock(), errors
        command = ["bash", "-c", ". /etc/machine-options; exec java $OPTIONS -XX:+UseSerialGC -Xmx256m $(cat /etc/kafka/tools-log4j.option) "
                                 f"-cp '/usr/share/java/kafka/*:/opt/helpers' Client {bootstrap} {base}"]
        self.printed = open(errors, "a")
        self.process = attach(command, self.printed)
        self.open, self.count = {}, 0  # the questions that wait, by number
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for line in self.process.stdout:
            # What the JVM itself prints is no answer.
            if not line.startswith('{"to"'):
                self.printed.write(line)
                self.printed.flush()
                continue
            answer = json.loads(line)
            self.open.pop(answer["to"]).put(answer)
        for waiting in list(self.open.values()):
            waiting.put(None)

    def ask(self, *words, timeout=180):
        with self.lock:
            self.count += 1
            number, waiting = str(self.count), queue.Queue()
            self.open[number] = waiting
            self.process.stdin.write("\t".join([number, *map(str, words)]) + "\n")
            self.process.stdin.flush()
        try:
            reply = waiting.get(timeout=timeout)
        except queue.Empty:
            raise Failure(f"the client did not answer `{words[0]}` within {timeout} s") from None
        if reply is None:
            raise Failure("the client ended: " + self.errors.read_text()[-500:])
        if "error" in reply:
            raise ClientError(reply["error"])
        return reply["result"]

    def http(self, method, url, body=None, content="application/json"):
        """(status, parsed body or text)."""
        reply = self.ask("http", method, url, json.dumps(body) if body is not None else "", content)
        try:
            return reply["status"], json.loads(reply["body"])
        except ValueError:
            return reply["status"], reply["body"]


def bootstrap(stack):
    """The address that clients are told: the Service of the brokers that has an address of its own."""
    labels = stack.brokers()[0]["spec"]["template"]["metadata"]["labels"]
    routed = {b["name"] for o in stack.objects if o["kind"] == "TLSRoute" for rule in o["spec"]["rules"] for b in rule["backendRefs"]}
    for obj in stack.objects:
        inside = obj["kind"] == "Service" and obj["metadata"]["name"] not in routed and obj["spec"].get("clusterIP") != "None" and obj["spec"].get("type", "ClusterIP") == "ClusterIP"
        if inside and obj["spec"].get("selector"):
            if all(labels.get(k) == v for k, v in obj["spec"]["selector"].items()):
                ports = {port.get("name"): port["port"] for port in obj["spec"]["ports"]}
                port = ports.get("tcp-platform") or obj["spec"]["ports"][0]["port"]
                return f"{obj['metadata']['name']}.{obj['metadata']['namespace']}.svc.cluster.local:{port}"
    raise Failure("no Service with an address selects the brokers")
