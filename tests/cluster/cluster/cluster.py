"""A whole cluster: the control plane with its scheduler, nodes in their zones, DNS and volumes. Needs root."""

import contextlib
import json
import shutil
import subprocess
import threading

from . import certificates, cgroups, network, outside, volumes
from .control_plane import START_SECONDS, ClusterError, ControlPlane
from .node import NODES, ZONE, ZONE_PODS, Node

# What the Node object says of each machine, since the files ask for more than this one has.
SIZE = {"cpu": "16", "memory": "64Gi"}
# What pods request is also their weight where processors are short. On this machine they always are, and a broker of 15 cores would leave
# nothing for a controller. Requests of more than these cores are set to them.
CORES = 2
# And for the stand-ins that are JVMs in the place of Go programs: so much the first container of their pods may take.
STAND_INS = {"kminion": {"cpu": "2", "memory": "320Mi"}, "kafka-exporter": {"cpu": "2", "memory": "320Mi"}}
PODS = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}  # what a policy is about


class Cluster(ControlPlane):
    """`group` is the name of its control groups, `store` a folder on disk for what is on the nodes, `images` an `images.Store`, `zones` the zone of each
    node by its name."""

    address = network.HUB
    # Without the address type, `exec` and `logs` look up the node's name. The feature is for `size_policy`.
    api_options = ("--kubelet-preferred-address-types=InternalIP", "--feature-gates=MutatingAdmissionPolicy=true",
                   "--runtime-config=admissionregistration.k8s.io/v1beta1=true")

    def __init__(self, tools, store, images, zones=NODES):
        super().__init__(tools)
        self.zones = zones
        self.groups = ControlPlane.groups | {"system:kube-scheduler": "", "system:kube-proxy": ""} | {f"system:node:{node}": "system:nodes" for node in zones}
        self.store, self.group, self.images, self.authority = store, store.name, images, None

    def start(self):
        self.cleanup.callback(shutil.rmtree, self.store, ignore_errors=True)
        cgroups.create(self.group, self.zones)
        self.cleanup.callback(cgroups.remove, self.group)
        network.build(self.zones)
        self.cleanup.callback(network.remove, self.zones)
        super().start()
        self.daemon("kube-scheduler", f"--kubeconfig={self.kubeconfig('system:kube-scheduler')}", "--leader-elect=false", "--secure-port=0")
        self.kubectl("create", "-f", "-", text=json.dumps({"apiVersion": "v1", "kind": "List", "items": [*size_policy(), *request_policy(), *zone_policies(self.zones), *stand_in_policies(), *dns_service(), volumes.CLASS]}))
        self.start_dns()
        certificates.start(self)
        self.provide_volumes()
        self.nodes = {name: Node(self, name, number, zone) for number, (name, zone) in enumerate(self.zones.items(), 1)}
        for node in self.nodes.values():
            self.images.copy(node.store / "containerd")
            self.cleanup.callback(node.cut_power)
            node.start()
        self.wait("the nodes are ready", self.nodes_ready, START_SECONDS * len(self.nodes) / len(NODES))

    def provide_volumes(self):
        """And load balancers, as a cloud does."""
        provisioner, cloud, ending = volumes.Provisioner(self), outside.Cloud(self), threading.Event()

        def work():
            while not ending.wait(0.5):
                with contextlib.suppress(OSError, subprocess.CalledProcessError):  # the API server may be busy; the next look sees the same claims
                    provisioner.look()
                    cloud.look()

        thread = threading.Thread(target=work, daemon=True)
        self.cleanup.callback(provisioner.remove)
        self.cleanup.callback(lambda: (ending.set(), thread.join()))
        thread.start()

    def provide(self, folder):
        certificates.provide(self, folder)

    def nodes_ready(self):
        for node in self.nodes.values():
            if node.process.poll() is not None:
                raise ClusterError(f"`{node.name}` ended: {(node.folder / 'machine.log').read_text().strip()}")
        conditions = [c for node in self.api("/api/v1/nodes")["items"] for c in node["status"].get("conditions", [])]
        return sum(c["type"] == "Ready" and c["status"] == "True" for c in conditions) == len(self.nodes)

    def size(self):
        return f"{SIZE['cpu']} cores and {SIZE['memory']}, requests of more than {CORES} cores are cut to that, and sets of one zone to {ZONE_PODS} pods, for which a topics Job waits"

    def start_dns(self):
        corefile, self.names = self.state / "Corefile", self.state / "names"
        self.names.touch()
        corefile.write_text(f""".:53 {{
    bind {network.HUB}
    errors
    hosts {self.names} {{
        ttl 5
        reload 1s
        fallthrough
    }}
    kubernetes cluster.local in-addr.arpa {{
        kubeconfig {self.admin}
        pods insecure
        ttl 5
    }}
}}
""")
        self.daemon("coredns", "-conf", corefile)


def size_policy():
    """Nodes report the machine's size, and the API server keeps this one."""
    patches = ", ".join(f'JSONPatch{{op: "add", path: "/status/{part}/{resource}", value: "{amount}"}}'
                        for part in ("capacity", "allocatable") for resource, amount in SIZE.items())
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["nodes", "nodes/status"]}
    return admission("node-size", rule, "has(object.status.capacity) && has(object.status.allocatable)", patches)


def request_policy():
    resources = "object.spec.containers[0].resources"
    request = f"{resources}.requests.cpu"
    condition = f"has({resources}) && has({resources}.requests) && has({request}) && quantity(string({request})).isGreaterThan(quantity('{CORES}'))"
    return admission("processor-requests", PODS, condition, f'JSONPatch{{op: "replace", path: "/spec/containers/0/resources/requests/cpu", value: "{CORES}"}}')


def zone_policies(zones):
    """Fewer pods than the files say, and a topics Job that waits for so many brokers."""
    rule = {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["statefulsets"]}
    selector, brokers = "object.spec.template.spec.nodeSelector", ZONE_PODS * len(set(zones.values()))
    condition = f"has({selector}) && '{ZONE}' in {selector} && object.spec.replicas > {ZONE_PODS}"
    yield from admission("pods-of-a-zone", rule, condition, f'JSONPatch{{op: "replace", path: "/spec/replicas", value: {ZONE_PODS}}}')
    container = "object.spec.containers[0]"
    condition = f"has({container}.env) && {container}.env.exists(e, e.name == 'BROKERS' && int(e.value) > {brokers})"
    merged = f'Object{{spec: Object.spec{{containers: [Object.spec.containers{{name: {container}.name, env: [Object.spec.containers.env{{name: "BROKERS", value: "{brokers}"}}]}}]}}}}'
    yield from admission("brokers-of-zones", PODS, condition, merged=merged)


def stand_in_policies():
    """A JVM does not start in time with a fifth of a core, and does not fit into the memory of a Go program."""
    for name, limits in STAND_INS.items():
        patches = ", ".join(f'JSONPatch{{op: "add", path: "/spec/containers/0/resources/limits/{resource}", value: "{amount}"}}' for resource, amount in limits.items())
        condition = f'object.spec.containers[0].image.contains("/{name}:") && has(object.spec.containers[0].resources.limits)'
        yield from admission(f"{name}-limits", PODS, condition, patches)


def admission(name, rule, condition, patches="", merged=""):
    """A policy of the API server that changes an object before it is stored: by patches, or by what is merged into it."""
    api = "admissionregistration.k8s.io/v1beta1"
    mutation = {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": merged}} if merged \
        else {"patchType": "JSONPatch", "jsonPatch": {"expression": f"[{patches}]"}}
    return [
        {"apiVersion": api, "kind": "MutatingAdmissionPolicy", "metadata": {"name": name}, "spec": {
            "matchConstraints": {"resourceRules": [rule]}, "failurePolicy": "Fail", "reinvocationPolicy": "Never",
            "matchConditions": [{"name": "this", "expression": condition}], "mutations": [mutation]}},
        {"apiVersion": api, "kind": "MutatingAdmissionPolicyBinding", "metadata": {"name": name}, "spec": {"policyName": name}},
    ]


def dns_service():
    """The address that pods ask leads to the DNS server on the hub."""
    ports = [{"name": f"dns-{protocol.lower()}", "port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")]
    name = {"name": "kube-dns", "namespace": "kube-system"}
    return [
        {"apiVersion": "v1", "kind": "Service", "metadata": name, "spec": {"clusterIP": network.DNS, "ports": ports}},
        {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4", "ports": ports, "endpoints": [{"addresses": [network.HUB]}],
         "metadata": name | {"labels": {"kubernetes.io/service-name": "kube-dns"}}},
    ]
