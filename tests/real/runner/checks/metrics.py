"""7. Metrics: every target that a monitor selects answers, and every series that an alert names has a sample there."""

import re

from ..network import matches
from ..world import Failure

# Series that no part of the stack gives.
ELSEWHERE = {"kubelet_": "the kubelet", "up": "Prometheus itself", "kube_": "kube-state-metrics"}
TARGET_LABELS = ("namespace", "job", "kafka_cluster", "pod", "instance", "container", "service", "endpoint")
# A series has the state as a label, and is there only in it: an alert asks for one that a sound cluster has not.
STATE_LABELS = ("state", "status")
KEYWORDS = "by without on ignoring group_left group_right and or unless bool offset inf nan".split()
FETCH = "import sys, urllib.request; sys.stdout.write(urllib.request.urlopen(sys.argv[1], timeout=20).read().decode())"


def run(stack):
    prometheus = stack.client_pod("prometheus", "monitoring")
    samples = {}  # job → [(name, labels)]
    for obj in stack.objects:
        if obj["kind"] not in ("PodMonitor", "ServiceMonitor"):
            continue
        pods, failures = list(targets(stack, obj)), []
        for pod, port, endpoint in pods:
            try:
                text = stack.world.from_pod(prometheus, FETCH, f"http://{pod.address}:{port}{endpoint.get('path', '/metrics')}")
                samples.setdefault(job(obj, endpoint), []).extend(parse(text))
            except Failure as error:
                failures.append(f"{pod.name}: {error}")
        stack.fact("metrics", f"every target of `{obj['metadata']['name']}` answers", pods and not failures, "; ".join(failures[:2]) or f"{len(pods)} targets")
    absent, seen, elsewhere = [], [], []
    for alert, expression in alerts(stack):
        for name, wanted in series(expression):
            owner = next((who for prefix, who in ELSEWHERE.items() if name == prefix or name.startswith(prefix) and prefix.endswith("_")), None)
            if owner:
                elsewhere.append(f"`{name}` comes from {owner}")
            elif any(name == n and all(re.fullmatch(v, labels.get(k, "")) if op == "=~" else labels.get(k) == v for k, op, v in wanted if k not in TARGET_LABELS + STATE_LABELS)
                     and all(k in labels for k, _, _ in wanted if k in STATE_LABELS)
                     for j, found in samples.items() if (dict((k, v) for k, _, v in wanted).get("job", j)) == j for n, labels in found):
                seen.append(name)
            else:
                absent.append(f"{alert}: `{name}`")
    stack.fact("metrics", "every series that an alert names has a sample", not absent and seen, "; ".join(sorted(set(absent))[:5]) or f"{len(set(seen))} series")
    if elsewhere:
        stack.note("metrics", "series from outside the stack are not proven here", "; ".join(sorted(set(elsewhere))))


def job(obj, endpoint):
    """The `job` label: set by relabeling, or the monitor's own."""
    return next((r["replacement"] for r in endpoint.get("relabelings") or [] if r.get("targetLabel") == "job"), obj["metadata"]["name"])


def targets(stack, obj):
    """(pod, port, endpoint) as the operator would find them: by labels and by the name of the port."""
    spec = obj["spec"]
    for endpoint in spec.get("podMetricsEndpoints") or spec.get("endpoints") or []:
        if obj["kind"] == "PodMonitor":
            for pod in stack.world.pods:
                if pod.namespace == obj["metadata"]["namespace"] and matches(spec["selector"], pod.labels) and endpoint["port"] in pod.named_ports and pod.phase == "Running":
                    yield pod, pod.named_ports[endpoint["port"]], endpoint
        else:
            for service in stack.world.of_kind("Service"):
                if matches(spec["selector"], service["metadata"].get("labels") or {}):
                    for port in service["spec"]["ports"]:
                        if port.get("name") == endpoint["port"]:
                            for pod in stack.world.endpoints(service):
                                target = port.get("targetPort", port["port"])
                                yield pod, pod.named_ports.get(target, target), endpoint


def parse(text):
    """The samples of an exposition: (name, labels)."""
    for line in text.splitlines():
        found = re.match(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ", line)
        if found:
            yield found[1], dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', found[2] or ""))


def alerts(stack):
    for obj in stack.objects:
        for group in obj["spec"]["groups"] if obj["kind"] == "PrometheusRule" else ():
            for rule in group["rules"]:
                if "alert" in rule:
                    yield rule["alert"], str(rule["expr"])


def series(expression):
    """The selectors of an expression: (name, [(label, operator, value)])."""
    expression = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", " ", expression)
    for found in re.finditer(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(?:\{([^}]*)\})?(\s*\()?", re.sub(r"\[[^\]]*\]", " ", expression)):
        if not found[3] and found[1] not in KEYWORDS and not re.search(r"\d$", expression[:found.start()]):
            yield found[1], re.findall(r'(\w+)\s*(=~|!=|!~|=)\s*"([^"]*)"', found[2] or "")
