"""The node's network: one namespace and address per pod, Services, NetworkPolicies.

Every pod hangs on a routed pair (no bridge), so that all traffic between pods passes the node's own hooks. Services are addresses that
only the hooks know: a declared port goes to a random ready endpoint, anything else is refused. Policies are what most network plugins
make of them: they see the pod's address after a Service was resolved, and drop.
"""

import ipaddress
import subprocess

POD_NET, SERVICE_NET, NODE, GATEWAY, DNS = "10.244.0.0/16", "10.96.0.0/16", "10.244.0.1", "169.254.1.1", "10.96.0.10"


def sh(*command, stdin=None):
    done = subprocess.run(command, input=stdin, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"`{' '.join(command)}`: {done.stderr.strip()}")
    return done.stdout


def set_up_node():
    commands = ["link set lo up"] + [f"addr add {address}/32 dev lo" for address in (NODE, GATEWAY, DNS)]
    sh("ip", "-batch", "-", stdin="\n".join(commands))
    with open("/proc/sys/net/ipv4/ip_forward", "w") as file:
        file.write("1")


def add_pod(number, address):
    """Makes the namespace `pod<number>` with its address; returns the path of the namespace."""
    name, inside = f"pod{number}", f"in{number}"
    sh("ip", "netns", "add", name)
    sh("ip", "-batch", "-", stdin="\n".join((
        f"link add {name} type veth peer name {inside} netns {name}",
        f"link set {name} up",
        f"route add {address}/32 dev {name} src {NODE}")))
    sh("ip", "-n", name, "-batch", "-", stdin="\n".join((
        "link set lo up", f"link set {inside} name eth0", f"addr add {address}/32 dev eth0", "link set eth0 up",
        f"route add {GATEWAY} dev eth0 scope link", f"route add default via {GATEWAY} dev eth0")))
    return f"/run/netns/{name}"


def remove_pod(number):
    sh("ip", "link", "del", f"pod{number}")
    sh("ip", "netns", "del", f"pod{number}")


def rules(services, pods, policies, namespaces):
    """The whole rule set as text: `services` is [(address, protocol, port, [(pod address, port)])]."""
    nat, hairpin = [], sorted({address for *_, ends in services for address, _ in ends})
    for address, protocol, port, ends in services:
        if ends:
            targets = ", ".join(f"{i} : {pod} . {number}" for i, (pod, number) in enumerate(ends))
            nat.append(f"ip daddr {address} {protocol} dport {port} dnat to numgen random mod {len(ends)} map {{ {targets} }}")
    lines = ["flush ruleset", "table ip kube {",
             "chain to_services {", "type nat hook prerouting priority -100;", *nat, "}",
             "chain from_services {", "type nat hook postrouting priority 100;",
             *(f"ip saddr {a} ip daddr {a} masquerade" for a in hairpin), "}"]
    filters, chains = [], []
    for pod in pods:
        for direction, key in (("Ingress", "daddr"), ("Egress", "saddr")):
            chosen = [p for p in policies if p.applies_to(pod, direction)]
            if chosen:
                chain = f"{direction.lower()}_{pod.number}"
                filters.append(f"ip {key} {pod.address} jump {chain}")
                chains += [f"chain {chain} {{", *(rule for p in chosen for rule in p.rules(pod, direction, pods, namespaces)), "drop", "}"]
    lines += [*chains,
              "chain across {", "type filter hook forward priority 0;", "ct state established,related accept",
              f"ip daddr {SERVICE_NET} reject", *filters, "}",
              "chain to_dns {", "type filter hook input priority 0;", "ct state established,related accept",
              *(f for f in filters if "saddr" in f), f"ip daddr {SERVICE_NET} ip daddr != {DNS} reject", "}", "}"]
    return "\n".join(lines)


def matches(selector, labels):
    """A label selector: all of `matchLabels` and all of `matchExpressions`; an empty one selects everything."""
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    for term in selector.get("matchExpressions") or []:
        value, wanted, how = labels.get(term["key"]), term.get("values", []), term["operator"]
        if not {"In": value in wanted, "NotIn": value not in wanted, "Exists": value is not None, "DoesNotExist": value is None}[how]:
            return False
    return True


class Policy:
    """One NetworkPolicy."""

    def __init__(self, obj):
        self.namespace, self.spec = obj["metadata"]["namespace"], obj["spec"]
        self.types = self.spec.get("policyTypes") or ["Ingress"] + (["Egress"] if "egress" in self.spec else [])

    def applies_to(self, pod, direction):
        return direction in self.types and pod.namespace == self.namespace and matches(self.spec["podSelector"], pod.labels)

    def rules(self, pod, direction, pods, namespaces):
        """Accepted traffic of `pod` returns to the chain before, so that the other side's policy is asked too."""
        side, peers, end = ("ingress", "from", "saddr") if direction == "Ingress" else ("egress", "to", "daddr")
        for rule in self.spec.get(side) or []:
            if not rule.get(peers):
                for port in self.ports(rule, [pod] if direction == "Ingress" else pods):
                    yield f"{port} return"
                continue
            for peer in rule[peers]:
                for address, found in self.peers(peer, pods, namespaces):
                    targets = [pod] if direction == "Ingress" else found
                    for port in self.ports(rule, targets):
                        yield f"ip {end} {address.replace('{end}', end)} {port} return"

    def peers(self, peer, pods, namespaces):
        if "ipBlock" in peer:
            block = peer["ipBlock"]
            hole = "".join(f" ip {{end}} != {ipaddress.ip_network(cidr)}" for cidr in block.get("except", []))
            yield block["cidr"] + hole, []
            return
        for other in pods:
            if "namespaceSelector" in peer:
                if not matches(peer["namespaceSelector"], namespaces.get(other.namespace, {})):
                    continue
            elif other.namespace != self.namespace:
                continue
            if matches(peer.get("podSelector") or {}, other.labels):
                yield other.address, [other]

    @staticmethod
    def ports(rule, targets):
        if not rule.get("ports"):
            yield ""
            return
        for port in rule["ports"]:
            protocol, wanted = port.get("protocol", "TCP").lower(), port.get("port")
            if wanted is None:
                yield f"meta l4proto {protocol}"
            elif isinstance(wanted, int):
                yield f"{protocol} dport {wanted}-{port['endPort']}" if "endPort" in port else f"{protocol} dport {wanted}"
            else:  # a named port is the number that each target pod gives that name
                for number in sorted({pod.named_ports[wanted] for pod in targets if wanted in pod.named_ports}):
                    yield f"{protocol} dport {number}"
