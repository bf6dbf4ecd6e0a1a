"""The network of the nodes: a bridge, a namespace a node with an address on it, and a route to each node's pods.

The control plane has the bridge's own address. Every packet between pods of two nodes passes both nodes' rules.
"""

import pathlib
import subprocess

HUB = "10.200.0.1"
SERVICES = "10.96.0.0/16"
DNS = "10.96.0.10"


def ip(*arguments, node=None):
    subprocess.run(["ip", *(["-n", node] if node else []), *arguments], check=True)


def address(number):
    return f"10.200.0.{10 + number}"


def pods(number):
    """The addresses of a node's pods."""
    return f"10.244.{number}.0/24"


def build(nodes):
    pathlib.Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    ip("link", "add", "hub", "type", "bridge")
    ip("address", "add", f"{HUB}/24", "dev", "hub")
    ip("link", "set", "hub", "up")
    for number, node in enumerate(nodes, 1):
        attach(node, number)


def remove(nodes):
    """At once, even where a process of a node has not ended yet."""
    for node in nodes:
        ip("link", "delete", f"hub-{node}")
        ip("netns", "delete", node)
    ip("link", "delete", "hub")


def attach(node, number):
    """A namespace for a node, attached to the hub."""
    ip("netns", "add", node)
    ip("link", "add", f"hub-{node}", "type", "veth", "peer", "name", "eth0", "netns", node)
    ip("link", "set", f"hub-{node}", "master", "hub", "up")
    ip("link", "set", "lo", "up", node=node)
    ip("address", "add", f"{address(number)}/24", "dev", "eth0", node=node)
    ip("link", "set", "eth0", "up", node=node)
    ip("route", "add", "default", "via", HUB, node=node)
    ip("route", "add", pods(number), "via", address(number))
    subprocess.run(["nsenter", f"--net=/run/netns/{node}", "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward"], check=True)
