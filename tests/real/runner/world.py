"""One cluster: its objects, its pods, and what the control plane makes of them."""

import base64
import os
import pathlib
import resource
import subprocess
import sys
import threading
import time

from . import dns, image, network, secrets
from .container import Refused, quantity
from .pod import Pod
from .workload import Deployment, Job, StatefulSet

HEAP_CAP = 512  # MiB: a machine for tests has less memory than the cluster that the manifests are for
WORKLOADS = {"StatefulSet": StatefulSet, "Deployment": Deployment, "Job": Job}


class DnsPod:
    """The resolver as policies see it."""

    namespace, labels, address, number, named_ports = "kube-system", {"k8s-app": "kube-dns"}, network.DNS, 0, {"dns": 53, "dns-tcp": 53}


class Failure(Exception):
    """The stack is not what it has to be."""


class World:
    """Runs in namespaces of its own; everything in it ends with its first process."""

    def __init__(self, software, agent="jmx-0"):
        self.software, self.agent = software, agent
        self.state = pathlib.Path("/run/world")
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "real", "/run"], check=True)
        (self.state / "pods").mkdir(parents=True)
        network.set_up_node()
        self.lock = threading.RLock()
        self.condition = threading.Condition(self.lock)
        self.objects, self.pods, self.workloads, self.images = {}, [], {}, {}
        self.authority = None  # of the first `Certificate`
        self.events, self.began, self.last_rules, self.pod_count, self.service_count = [], time.time(), None, 0, 0
        self.namespaces = {name: {"kubernetes.io/metadata.name": name} for name in ("default", "kube-system")}
        dns.serve(network.DNS, self.resolve)

    # -- objects ---------------------------------------------------------------------------------------------------------------------

    def apply(self, objects):
        """As `kubectl apply`: everything that is no workload first, for the order of files is not the order of starts."""
        with self.lock:
            for obj in objects:
                self.put(obj)
            for obj in secrets.of_users(self.authority, objects) if self.authority else ():
                self.put(obj)
            self.changed()
        for obj in objects:
            if obj["kind"] in WORKLOADS:
                self.start(obj)

    def put(self, obj):
        kind, meta = obj["kind"], obj["metadata"]
        if kind == "Namespace":
            self.namespaces[meta["name"]] = {"kubernetes.io/metadata.name": meta["name"]} | (meta.get("labels") or {})
        elif meta["namespace"] not in self.namespaces:
            self.namespaces[meta["namespace"]] = {"kubernetes.io/metadata.name": meta["namespace"]}
        if kind == "Service" and obj["spec"].get("clusterIP") != "None":
            old = self.objects.get((kind, meta["namespace"], meta["name"]))
            if old:
                obj["address"] = old["address"]
            else:
                self.service_count += 1
                obj["address"] = f"10.96.1.{self.service_count}"
        if kind == "Certificate":
            self.authority = self.authority or secrets.Authority(self.state / "ca")
            self.put(secrets.of_certificate(self.authority, obj))
        self.objects[kind, meta["namespace"], meta["name"]] = obj
        if kind in ("ConfigMap", "Secret"):
            for pod in list(self.pods):
                if pod.namespace == meta["namespace"]:
                    pod.refresh(obj)

    def start(self, obj):
        workload = WORKLOADS[obj["kind"]](self, obj)
        self.workloads[obj["kind"], obj["metadata"]["name"]] = workload
        workload.start()
        return workload

    def of_kind(self, kind):
        return [obj for (k, _, _), obj in self.objects.items() if k == kind]

    # -- pods ------------------------------------------------------------------------------------------------------------------------

    def new_address(self):
        with self.lock:
            self.pod_count += 1
            return self.pod_count, f"10.244.{1 + self.pod_count // 250}.{1 + self.pod_count % 250}"

    def pod(self, name):
        with self.lock:
            return next((p for p in self.pods if p.name == name), None)

    def forget(self, pod):
        with self.lock:
            self.pods.remove(pod)
            self.changed()

    def event(self, pod, message, quiet=False):
        with self.condition:
            self.events.append((time.time() - self.began, pod.name, message, quiet))
            self.condition.notify_all()

    def wait(self, what, test, timeout, stop=lambda: None):
        """Waits until `test()` holds. `stop()` may give the reason why it never will."""
        deadline = time.time() + timeout
        with self.condition:
            while not test():
                reason = stop()
                if reason:
                    raise Failure(f"{what}: {reason}")
                if time.time() > deadline:
                    raise Failure(f"{what}: not within {timeout} s")
                self.condition.wait(0.2)

    @staticmethod
    def from_pod(pod, code, *arguments, timeout=60):
        """Runs a few lines of Python in the pod's network; the runner's way to ask what the pod itself has no tool for."""
        done = subprocess.run(["nsenter", f"--net={pod.netns}", sys.executable, "-I", "-S", "-c", code, *map(str, arguments)],
                              capture_output=True, text=True, timeout=timeout)
        if done.returncode != 0:
            raise Failure(f"from `{pod.name}`: {(done.stderr.strip().splitlines() or ['?'])[-1]}")
        return done.stdout

    @staticmethod
    def cpu_seconds():
        """What everything in this world has used so far: what a run costs on a machine that does nothing else."""
        ticks = 0
        for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                ticks += sum(map(int, path.read_text().rsplit(")", 1)[1].split()[11:13]))
            except OSError:
                pass
        return ticks / os.sysconf("SC_CLK_TCK") + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])

    def start_pod(self, name, namespace, template):
        """A pod that no controller made."""
        with self.lock:
            self.namespaces.setdefault(namespace, {"kubernetes.io/metadata.name": namespace})
            pod = Pod(self, name, namespace, template)
            self.pods.append(pod)
            self.changed()
        return pod

    # -- Services, names, rules ------------------------------------------------------------------------------------------------------

    def endpoints(self, service):
        """The pods behind a Service: selected, with an address, and ready unless the Service says otherwise."""
        spec, selector = service["spec"], service["spec"].get("selector")
        return [p for p in self.pods if selector and p.namespace == service["metadata"]["namespace"]
                and all(p.labels.get(k) == v for k, v in selector.items())
                and p.phase in ("Pending", "Running") and not p.held and (p.ready or spec.get("publishNotReadyAddresses"))]

    def changed(self):
        """Brings the node's rules in line with the endpoints, and wakes who waits."""
        with self.condition:
            services = []
            for service in self.of_kind("Service"):
                if "address" not in service:
                    continue
                pods = self.endpoints(service)
                for port in service["spec"].get("ports") or []:
                    target = port.get("targetPort", port["port"])
                    ends = [(p.address, p.named_ports.get(target) if isinstance(target, str) else target) for p in pods]
                    services.append((service["address"], port.get("protocol", "TCP").lower(), port["port"], [e for e in ends if e[1]]))
            policies = [network.Policy(obj) for obj in self.of_kind("NetworkPolicy")]
            text = network.rules(services, [*self.pods, DnsPod], policies, self.namespaces)
            if text != self.last_rules:
                network.sh("nft", "-f", "-", stdin=text)
                self.last_rules = text
            self.condition.notify_all()

    def resolve(self, name):
        """What cluster DNS knows: None for an unknown name."""
        with self.lock:
            if name.startswith("PTR:"):
                pod = next((p for p in self.pods if p.address == name[4:] and p.subdomain), None)
                return [f"{pod.hostname}.{pod.subdomain}.{pod.namespace}.svc.cluster.local"] if pod else None
            parts = name.removesuffix(".svc.cluster.local").split(".") if name.endswith(".svc.cluster.local") else []
            if len(parts) not in (2, 3):
                return None
            *host, service, namespace = parts
            found = self.objects.get(("Service", namespace, service))
            if not found:
                return None
            if "address" in found:
                return None if host else [found["address"]]
            pods = self.endpoints(found)
            if host:
                pods = [p for p in pods if p.hostname == host[0] and p.subdomain == service]
            return [p.address for p in pods] or None

    def service_links(self, namespace, wanted):
        """The variables that a pod gets for every Service of its namespace, in the format of Docker's links."""
        links = {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443", "KUBERNETES_PORT": "tcp://10.96.0.1:443"}
        for service in self.of_kind("Service") if wanted else []:
            if service["metadata"]["namespace"] != namespace or "address" not in service:
                continue
            name, address, ports = service["metadata"]["name"].upper().replace("-", "_"), service["address"], service["spec"]["ports"]
            links |= {f"{name}_SERVICE_HOST": address, f"{name}_SERVICE_PORT": str(ports[0]["port"]),
                      f"{name}_PORT": f"tcp://{address}:{ports[0]['port']}"}
            for port in ports:
                key, protocol = f"{name}_PORT_{port['port']}_TCP", port.get("protocol", "TCP").lower()
                links |= {key: f"tcp://{address}:{port['port']}", f"{key}_PROTO": protocol, f"{key}_PORT": str(port["port"]),
                          f"{key}_ADDR": address}
                if "name" in port:
                    links[f"{name}_SERVICE_PORT_{port['name'].upper().replace('-', '_')}"] = str(port["port"])
        return links

    # -- what pods ask for -----------------------------------------------------------------------------------------------------------

    def files(self, namespace, source):
        """The files of a ConfigMap or Secret as a volume or variables see them: name → (content, mode)."""
        kind, details = ("ConfigMap", source["configMap"]) if "configMap" in source else ("Secret", source["secret"])
        name = details.get("name") or details.get("secretName")
        found = self.objects.get((kind, namespace, name))
        if not found:
            if details.get("optional"):
                return {}
            raise Refused(f'{kind.lower()} "{name}" not found')
        content = {k: v.encode() for k, v in (found.get("data") or {}).items()} if kind == "ConfigMap" else \
                  {k: v.encode() for k, v in (found.get("stringData") or {}).items()} | \
                  {k: base64.b64decode(v) for k, v in (found.get("data") or {}).items()}
        content |= {k: base64.b64decode(v) for k, v in (found.get("binaryData") or {}).items()}
        if "items" not in details:
            return {key: (value, None) for key, value in content.items()}
        for item in details["items"]:
            if item["key"] not in content and not details.get("optional"):
                raise Refused(f'{kind.lower()} "{name}" references non-existent config key: {item["key"]}')
        return {item["path"]: (content[item["key"]], item.get("mode")) for item in details["items"] if item["key"] in content}

    def volume(self, namespace, claim, template):
        """A block volume as it comes from a new disk: owned by root, with `lost+found`."""
        path = self.state / "volumes" / namespace / claim
        if not path.exists():
            if template is None:
                raise Refused(f'persistentvolumeclaim "{claim}" not found')
            path.mkdir(parents=True)
            (path / "lost+found").mkdir(mode=0o700)
        return path

    def image(self, name):
        with self.lock:
            if name not in self.images:
                try:
                    self.images[name] = image.build(name, self.state / "images" / str(len(self.images)), self.software, self.agent)
                except LookupError as error:
                    raise Refused(str(error)) from error
            return self.images[name]

    def machine_options(self, container, image):
        """What this machine adds to a JVM: a ceiling for the heap, the memory limit as the machine's size, only the cheap compiler, and the
        archive of its classes."""
        limit = int(quantity(((container.get("resources") or {}).get("limits") or {}).get("memory", "0")) / 2**20)
        ram = f" -XX:MaxRAM={limit}m" if limit else ""
        path = self.state / f"options-{limit}-{'archive' if image.options else 'plain'}"
        with self.lock:  # written once and put there whole: containers that start meanwhile read it
            if not path.exists():
                scratch = path.with_name(path.name + ".new")
                scratch.write_text(f'HEAP_CAP={HEAP_CAP}\nLIMIT={limit}\nOPTIONS="-XX:TieredStopAtLevel=1{ram}{image.options}"\n')
                scratch.rename(path)
        return path
