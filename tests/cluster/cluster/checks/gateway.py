"""Clients outside behind a Gateway: one address for all brokers. A proxy in the Gateway's namespace reads the name in the handshake and passes the
connection on, as the TLSRoutes say; HAProxy, with a configuration that is made of them, stands in for a Gateway and its controller."""

import json
import shutil
import subprocess
import time

from real.software import Missing

from ..world import Failure
from . import policy, topics
from .outside import Outside, application, certificates


def takes(stack, pod, address, port):
    """Whether a connection from a pod is taken."""
    return json.loads(stack.world.from_pod(pod, policy.DIAL, json.dumps([[address, port]])))[0]

def before(stack):
    if any(obj["kind"] == "TLSRoute" for obj in stack.objects) and not shutil.which("haproxy"):
        raise Missing("missing: `haproxy`; `tests/cluster/install-gateway` brings it")


def configuration(stack, routes, port):
    """HAProxy's: each name leads to the Service of its route, within the cluster; a name without a route is closed."""
    lines = ["defaults", "  mode tcp", "  timeout connect 5s", "  timeout client 10m", "  timeout server 10m",
             "frontend edge", f"  bind :{port}", "  tcp-request inspect-delay 5s", "  tcp-request content accept if { req_ssl_hello_type 1 }"]
    backends = []
    for route in routes:
        name, (rule,) = route["metadata"]["name"], route["spec"]["rules"]
        (service,) = rule["backendRefs"]
        lines += [f"  use_backend {name} if {{ req.ssl_sni -i {host} }}" for host in route["spec"]["hostnames"]]
        backends += [f"backend {name}", f"  server one {stack.world.address(route['metadata']['namespace'], service['name'])}:{service['port']}"]
    return "\n".join([*lines, *backends, ""])


class Proxy:
    """HAProxy in the network of a pod of the Gateway's namespace."""

    def __init__(self, stack, pod, routes, port):
        self.file = stack.world.state / f"haproxy-{len(routes)}-{time.time():.0f}.cfg"
        self.file.write_text(configuration(stack, routes, port))
        with self.file.with_suffix(".log").open("w") as log:
            self.process = subprocess.Popen(["nsenter", f"--net={pod.netns}", "haproxy", "-db", "-f", self.file], stdout=log, stderr=log)
        deadline = time.time() + 20
        while not takes(stack, pod, "127.0.0.1", port):
            if self.process.poll() is not None or time.time() > deadline:
                raise Failure(f"HAProxy does not listen: {self.file.with_suffix('.log').read_text()[-300:]}")
            time.sleep(0.2)

    def end(self):
        self.process.kill()
        self.process.wait()


def run(stack):
    routes = stack.world.of_kind("TLSRoute")
    if not routes:
        return
    (parent,) = {(p["namespace"], p["name"]) for route in routes for p in route["spec"]["parentRefs"]}
    names = sorted(host for route in routes for host in route["spec"]["hostnames"])
    partner, port = application(stack, names)
    if not partner:
        raise Failure("no application begins at a name of a route")
    brokers = stack.workload(stack.brokers()[0]).pods()
    edge = stack.client_pod("edge", parent[0])
    stack.note("gateway", "stand-in", f"HAProxy for the Gateway `{parent[0]}/{parent[1]}` and its controller, in a pod of its namespace")
    proxy = Proxy(stack, edge, routes, port)
    client = Outside(stack, partner, "outside-client", {name: edge.address for name in [*names, "other.example.com"]})

    shown = certificates(stack, client.pod, [[name, edge.address, port] for name in [*names, "other.example.com"]])
    other = shown.pop("other.example.com")
    wrong = {name: found for name, found in shown.items() if name not in found}
    stack.fact("gateway", "at one address each name leads to a certificate that has it", not wrong, json.dumps(wrong) if wrong else ", ".join(sorted(shown)))
    stack.fact("gateway", "a name without a route is closed", isinstance(other, str), other)

    topic = sorted(topics.declared(stack))[0]
    began = time.time()
    written, message = client.attempt(topic, 30)
    leaders = set(stack.client.ask("leaders", topic))
    stack.fact("gateway", f"`{partner}` writes with its own file, to partitions that {len(leaders)} brokers lead", written is not None and len(leaders) == len(brokers),
               message[:300] or json.dumps(written)[:120], time.time() - began)
    there = [value for values in stack.client.ask("consume", "-", topic).values() for value in values]
    stack.fact("gateway", "and each record is there", len(there) == 30, f"{len(there)} of 30")

    listener = next(number for name, number in brokers[0].named_ports.items() if name == "tcp-external")
    seen = {place: takes(stack, pod, brokers[0].address, listener) for place, pod in (("the client", client.pod), ("the proxy", edge))}
    stack.fact("gateway", "the brokers take connections of the Gateway's namespace, and no other", seen == {"the client": False, "the proxy": True}, json.dumps(seen))

    # It can fail: without the route of one broker, clients of its partitions wait in vain.
    proxy.end()
    proxy = Proxy(stack, edge, [route for route in routes if not route["metadata"]["name"].startswith(f"{brokers[-1].name}-")], port)
    written, message = client.attempt(topic, 30, "delivery.timeout.ms=12000", "request.timeout.ms=5000", "max.block.ms=12000")
    stack.fact("gateway", f"without the route of `{brokers[-1].name}` records of its partitions fail", written is None and "Timeout" in message, message[:160] or "was written")
    client.end()
    proxy.end()
