"""Clients outside: by the names that brokers advertise, at the addresses of their Services, with the certificate that has these names. The
client has an address of the source ranges and no DNS of the cluster: its file of hosts has the records that external-dns makes."""

import ipaddress
import json
import time

from ..stack import Client, ClientError, properties
from . import topics

HOSTNAME = "external-dns.alpha.kubernetes.io/hostname"
# For each name: the subject's names of the certificate that answers there.
DIAL = """
import json, ssl, sys, tempfile
found = {}
for name, address, port in json.loads(sys.argv[1]):
    context = ssl.create_default_context(cadata=sys.argv[2])
    try:
        with context.wrap_socket(__import__("socket").create_connection((address, port), 10), server_hostname=name) as connection:
            found[name] = sorted(value for kind, value in connection.getpeercert()["subjectAltName"] if kind == "DNS")
    except (OSError, ssl.SSLError) as error:
        found[name] = str(error)
print(json.dumps(found))
"""


def records(stack):
    """What external-dns makes of the Services of load balancers: name → (address, port)."""
    found = {}
    for service, address in stack.world.balanced():
        if name := (service["metadata"].get("annotations") or {}).get(HOSTNAME):
            found[name] = (address, service["spec"]["ports"][0]["port"])
    return found


def ranges(stack):
    """The source ranges of the load balancers."""
    return sorted({r for s in stack.world.of_kind("Service") for r in s["spec"].get("loadBalancerSourceRanges") or []})


class Outside:
    """A client with the files of an application outside, at an address of its own, which knows these names."""

    def __init__(self, stack, application, name, names, address=None):
        self.pod, self.address = stack.client_pod(name, secret=f"{application}-kafka"), address
        if address:  # one that is not of the cluster
            stack.world.move_out(self.pod, address)
        stack.world.know_in(self.pod, names)
        self.file = f"/etc/maps/{application}-kafka/producer.properties"
        text = stack.get("ConfigMap", f"{application}-kafka")["data"]["producer.properties"]
        self.servers = properties(text)["bootstrap.servers"]
        self.stack, self.count = stack, 0

    def attempt(self, topic, records, *overrides):
        """The answer, or the message of the refusal."""
        self.count += 1
        errors = self.pod.dir.parent / f"{self.pod.name}-{self.count}.errors"
        client = Client(self.pod.containers[0].attach, errors, self.servers, self.file)
        try:
            return client.ask("produce", "-", topic, records, *overrides, timeout=120), ""
        except ClientError as error:
            return None, f"{error} {errors.read_text(errors='replace')}"
        finally:
            client.process.stdin.close()  # it ends when there is nothing more to do
            client.process.wait(60)

    def end(self):
        self.pod.delete(grace=0)


def application(stack, names):
    """An application whose clients begin at one of these names, and the port that they dial there; two times None without one."""
    for obj in stack.objects:
        text = (obj.get("data") or {}).get("producer.properties", "") if obj["kind"] == "ConfigMap" else ""
        host, _, port = properties(text).get("bootstrap.servers", "").rpartition(":")
        if host in names:
            return obj["metadata"]["name"].removesuffix("-kafka"), int(port)
    return None, None


def certificates(stack, pod, asked):
    """The names in the certificate that answers, for each (name, address, port), or why none does."""
    return json.loads(stack.world.from_pod(pod, DIAL, json.dumps(asked), stack.world.authority.certificate.read_text()))


def run(stack):
    names = records(stack)
    partner, port = application(stack, names)
    if not names or not partner:
        return
    topic = sorted(topics.declared(stack))[0]
    inside = next(ipaddress.ip_network(r) for r in ranges(stack))
    addresses = {name: address for name, (address, _) in names.items()}

    client = Outside(stack, partner, "outside-client", addresses, str(inside[9]))
    shown = certificates(stack, client.pod, [[name, *place] for name, place in sorted(names.items())])
    wrong = {name: found for name, found in shown.items() if name not in found}
    stack.fact("outside", "each name leads to a certificate that has it", not wrong, json.dumps(wrong) if wrong else ", ".join(sorted(shown)))

    began = time.time()
    written, message = client.attempt(topic, 30)
    stack.fact("outside", f"`{partner}` writes from outside, with its own file, through every advertised name", written is not None,
               message[:300] or f"{json.dumps(written)[:120]}, from {client.address}", time.time() - began)
    there = [value for values in stack.client.ask("consume", "-", topic).values() for value in values]
    stack.fact("outside", "and each record is there", len(there) == 30, f"{len(there)} of 30")

    # The same address under a name that the certificate does not have.
    stack.world.know_in(client.pod, {"wrong.example.com": addresses[client.servers.rpartition(":")[0]]})
    written, message = client.attempt(topic, 1, f"bootstrap.servers=wrong.example.com:{port}", "max.block.ms=20000")
    refusal = "No subject alternative DNS name matching wrong.example.com found"
    stack.fact("outside", "a name that the certificate does not have is refused", written is None and refusal in message,
               refusal if refusal in message else message[:300] or "was let in")
    client.end()

    elsewhere = Outside(stack, partner, "elsewhere-client", addresses)
    written, message = elsewhere.attempt(topic, 1, "max.block.ms=15000")
    stack.fact("outside", f"an address that is not in {inside} does not get in", written is None, f"{elsewhere.pod.address}: {message.splitlines()[0][:160] if message else 'was let in'}")
    elsewhere.end()
