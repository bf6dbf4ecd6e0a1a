"""A node: containerd, kubelet and kube-proxy in namespaces of their own. Its end is that of a machine whose power is cut."""

import collections
import json
import signal
import string
import subprocess
import sys

from . import manifest, network
from .images import PAUSE

ZONES = ("a", "b", "c")  # unless a stack names its own
ZONE_PODS = 2  # that a set of one zone has at most: fifteen brokers become ready on this machine's two cores, and starve
ZONE, HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"


def named(zones, each=1):
    """The nodes of some zones, so many in each: the zone of each by its name, such as `node-a`, and `node-a2` for the second."""
    return {f"node-{letter}{number if number > 1 else ''}": zone for letter, zone in zip(string.ascii_lowercase, zones) for number in range(1, each + 1)}


NODES = named(ZONES)


def needed(folder):
    """The nodes that the pods of a stack find a place on: in the zones that it names, or in three, and so many in each that pods which must
    not share a node do not."""
    apart, zones = collections.defaultdict(collections.Counter), set()
    for workload in (o for o in manifest.load(folder) if o["kind"] == "StatefulSet"):
        pod = workload["spec"]["template"]["spec"]
        zone = pod.get("nodeSelector", {}).get(ZONE)
        zones |= {zone} if zone else set()
        for term in pod.get("affinity", {}).get("podAntiAffinity", {}).get("requiredDuringSchedulingIgnoredDuringExecution", []):
            if term["topologyKey"] == HOST:
                replicas = workload["spec"].get("replicas", 1)
                apart[json.dumps(term["labelSelector"], sort_keys=True)][zone] += min(replicas, ZONE_PODS) if zone else replicas
    zones = sorted(zones) or ZONES
    # What names no zone is spread over all of them.
    return named(zones, max([1, *(pods[zone] + -(-pods[None] // len(zones)) for pods in apart.values() for zone in zones)]))


class Node:
    def __init__(self, cluster, name, number, zone):
        self.cluster, self.name, self.number, self.zone = cluster, name, number, zone
        self.folder = cluster.state / name
        self.store = cluster.store / name  # what survives a power cut
        self.process = None

    def start(self):
        """Switches the node on, for the first time or again."""
        (self.folder / "cni").mkdir(parents=True, exist_ok=True)
        for name, text in self.configuration().items():
            (self.folder / name).write_text(text)
        # `unshare` is killed with this process, and the node's first process with `unshare`.
        inside = ["unshare", "--mount", "--propagation=slave", "--uts", "--ipc", "--pid", "--fork", "--mount-proc", "--kill-child=KILL",
                  sys.executable, "-m", "cluster.machine", self.name, self.folder, self.store, self.cluster.bin]
        with (self.folder / "machine.log").open("a") as log:
            self.process = subprocess.Popen(["nsenter", f"--net=/run/netns/{self.name}", *map(str, inside)], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, start_new_session=True)

    def cut_power(self):
        """Ends everything on the node at once."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def configuration(self):
        """The files of the node's parts, by name."""
        address = network.address(self.number)
        kubelet = {
            "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
            "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}}, "authorization": {"mode": "AlwaysAllow"},
            "cgroupDriver": "cgroupfs", "cgroupRoot": f"/{self.cluster.group}/{self.name}",
            "failCgroupV1": False, "failSwapOn": False, "oomScoreAdj": 0, "makeIPTablesUtilChains": False,
            "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
            "clusterDNS": [network.DNS], "clusterDomain": "cluster.local", "resolvConf": f"{self.folder}/resolv.conf",
            # The machine's disk is not the node's: what fills it must not evict pods.
            "imageGCHighThresholdPercent": 100, "evictionHard": {"memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        }
        proxy = {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration", "mode": "nftables",
            "clientConnection": {"kubeconfig": str(self.cluster.kubeconfig("system:kube-proxy"))}, "hostnameOverride": self.name,
            "clusterCIDR": "10.244.0.0/16", "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        }
        addresses = {"type": "host-local", "ranges": [[{"subnet": network.pods(self.number)}]], "routes": [{"dst": "0.0.0.0/0"}]}
        cni = {"cniVersion": "0.4.0", "name": "pods", "plugins": [{"type": "ptp", "ipMasq": False, "mtu": 1500, "ipam": addresses}]}
        containerd = f"""version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.aufs"]
[grpc]
address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{PAUSE}"
# The machine may lack the capability to lower it.
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"
default_runtime_name = "runc"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
BinaryName = "{self.cluster.bin}/runc"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{self.cluster.bin}/cni"
conf_dir = "{self.folder}/cni"
"""
        kubeconfig = self.cluster.kubeconfig(f"system:node:{self.name}")
        arguments = [f"--config={self.folder}/kubelet.json", f"--kubeconfig={kubeconfig}", f"--hostname-override={self.name}", f"--node-ip={address}",
                     f"--node-labels={ZONE}={self.zone},topology.kubernetes.io/region=proof"]
        # Of kube-router only the part that enforces NetworkPolicy.
        firewall = [f"--kubeconfig={self.cluster.admin}", f"--hostname-override={self.name}", "--run-firewall=true", "--run-router=false",
                    "--run-service-proxy=false", f"--service-cluster-ip-range={network.SERVICES}", "--health-port=0"]
        return {"kube-router.arguments": "\n".join(firewall), "kubelet.json": json.dumps(kubelet), "kube-proxy.json": json.dumps(proxy), "cni/pods.conflist": json.dumps(cni),
                "containerd.toml": containerd, "kubelet.arguments": "\n".join(arguments), "resolv.conf": ""}
