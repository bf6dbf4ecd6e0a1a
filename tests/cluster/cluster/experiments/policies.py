"""What NetworkPolicies allow answers, and what none allows is refused: asked from a foreign namespace, and from that of the monitoring."""

from .boot import name, wait_for_workloads

SOURCES = ("default", "monitoring")
SECONDS = 3  # for a connection


def run(cluster, folder, report):
    cluster.apply(folder)
    waiting, _ = wait_for_workloads(cluster)
    report.fact("every workload is ready", not waiting, "; ".join(waiting))
    pods = cluster.get("pods", "--all-namespaces", "--field-selector=status.phase=Running")
    policies, seen = cluster.get("networkpolicies", "--all-namespaces"), set()
    for source in SOURCES:
        start_client(cluster, source, pods[0]["spec"]["containers"][0]["image"])
    for pod in pods:
        of_pod = [p for p in policies if p["metadata"]["namespace"] == pod["metadata"]["namespace"]
                  and p["spec"]["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()]
        owner = pod["metadata"]["ownerReferences"][0]["uid"]
        if not of_pod or owner in seen:  # the pods of a set are alike
            continue
        seen.add(owner)
        ports = sorted({port["containerPort"] for container in pod["spec"]["containers"] for port in container.get("ports", [])})
        for source in SOURCES:
            # A connection is allowed that one of them allows.
            allowed = [port for port in ports if any(port in admitted(policy, source) for policy in of_pod)]
            answers = answering(cluster, source, pod["status"]["podIP"], ports)
            report.fact(f"`{name(pod)}` with {len(of_pod)} policies: from namespace `{source}`, {allowed or 'nothing'} of {ports} answers", answers == allowed,
                        "" if answers == allowed else f"{answers}")


def start_client(cluster, namespace, image):
    cluster.kubectl("create", "namespace", namespace, check=False)
    cluster.wait("the namespace has its account", lambda: cluster.kubectl("get", "serviceaccount/default", f"--namespace={namespace}", check=False).returncode == 0)
    cluster.kubectl("run", "client", f"--namespace={namespace}", f"--image={image}", "--command", "--", "sleep", "100000")
    cluster.kubectl("wait", "pod/client", f"--namespace={namespace}", "--for=condition=Ready", "--timeout=120s")


def admitted(policy, source):
    """The ports that a policy opens to a pod of a namespace, which has no label but the namespace's name."""
    rules = [rule for rule in policy["spec"].get("ingress", []) if "from" not in rule or any(selects(peer, source) for peer in rule["from"])]
    return {port["port"] for rule in rules for port in rule.get("ports", [])}


def selects(peer, source):
    labels = {"kubernetes.io/metadata.name": source}
    return "podSelector" not in peer and peer.get("namespaceSelector", {}).get("matchLabels", {"": ""}).items() <= labels.items()


def answering(cluster, source, address, ports):
    """Those of the ports that take a connection."""
    script = f'for port in {" ".join(map(str, ports))}; do timeout {SECONDS} bash -c "</dev/tcp/{address}/$port" 2>/dev/null && echo $port; done; true'
    return [int(port) for port in cluster.kubectl("exec", f"--namespace={source}", "client", "--", "bash", "-c", script).stdout.split()]
