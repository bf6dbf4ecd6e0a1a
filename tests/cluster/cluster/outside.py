"""What is outside of the cluster: load balancers of a cloud, names that its DNS asks others for, and machines with addresses of their own.

A load balancer leads to a node that has a ready pod of its Service, as the health checks of a cloud have it where `externalTrafficPolicy` is `Local`.
"""

import subprocess

from . import network

BALANCERS = "198.51.100"  # RFC 5737, for documentation
LINKS = "169.254.{}.{}"


class Cloud:
    """Gives each Service of type LoadBalancer an address, one look at a time."""

    def __init__(self, cluster):
        self.cluster, self.count = cluster, 0

    def look(self):
        for service in self.cluster.api("/api/v1/services")["items"]:
            if service["spec"]["type"] == "LoadBalancer" and not service["status"].get("loadBalancer", {}).get("ingress"):
                self.count += 1
                status = {"loadBalancer": {"ingress": [{"ip": f"{BALANCERS}.{self.count}"}]}}
                path = f"/api/v1/namespaces/{service['metadata']['namespace']}/services/{service['metadata']['name']}/status"
                self.cluster.request(path, "PATCH", {"status": status}, "application/merge-patch+json")


def address_of(service):
    """Where its load balancer is; None before the cloud has seen it."""
    found = service["status"].get("loadBalancer", {}).get("ingress") or [{}]
    return found[0].get("ip")


def node_of(cluster, service):
    """A node with a ready pod of the Service."""
    meta = service["metadata"]
    slices = cluster.api(f"/apis/discovery.k8s.io/v1/namespaces/{meta['namespace']}/endpointslices?labelSelector=kubernetes.io/service-name={meta['name']}")["items"]
    return next((e["nodeName"] for s in slices for e in s["endpoints"] or [] if e["conditions"].get("ready")), None)


def move_out(cluster, pod, address):
    """Makes a pod a machine outside: it has this address too, and reaches load balancers from it by a link to each node."""
    inside = ["nsenter", f"--net={pod.netns}", "ip"]
    run = lambda *command: subprocess.run(list(map(str, command)), check=True)
    run(*inside, "address", "add", f"{address}/32", "dev", "lo")
    for name, node in cluster.nodes.items():
        link, far = LINKS.format(node.number, 1), LINKS.format(node.number, 2)
        run("ip", "link", "add", f"out{node.number}", "netns", pod.netns, "type", "veth", "peer", "name", f"out{node.number}", "netns", f"/run/netns/{name}")
        run(*inside, "address", "add", f"{link}/30", "dev", f"out{node.number}")
        run(*inside, "link", "set", f"out{node.number}", "up")
        network.ip("address", "add", f"{far}/30", "dev", f"out{node.number}", node=name)
        network.ip("link", "set", f"out{node.number}", "up", node=name)
        network.ip("route", "add", f"{address}/32", "via", link, node=name)
    for service in cluster.api("/api/v1/services")["items"]:
        node = address_of(service) and node_of(cluster, service)
        if node:
            number = cluster.nodes[node].number
            run(*inside, "route", "add", f"{address_of(service)}/32", "via", LINKS.format(number, 2), "src", address)
