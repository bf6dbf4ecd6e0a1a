"""Metrics: every target that a monitor selects answers, and every series that a rule names has a sample there."""

import re
import time

from ..prometheus import FETCH, monitors, pods
from ..world import Failure

TOPIC = "proof.metrics"
FIREWALL_SECONDS = 30
# Series that no part of the stack gives.
ELSEWHERE = {"ALERTS": "Prometheus itself", "certmanager_": "cert-manager", "kubelet_": "the kubelet", "scrape_": "Prometheus itself", "up": "Prometheus itself",
             "kube_": "kube-state-metrics"}
TARGET_LABELS = ("namespace", "job", "kafka_cluster", "pod", "instance", "container", "service", "endpoint")
# A series has the state as a label, and is there only in it: an alert asks for one that a sound cluster has not.
STATE_LABELS = ("state", "status", "error")
MATCHES = {
    "=": lambda wanted, value: value == wanted,
    "!=": lambda wanted, value: value != wanted,
    "=~": lambda wanted, value: re.fullmatch(wanted, value),
    "!~": lambda wanted, value: not re.fullmatch(wanted, value),
}
KEYWORDS = "by without on ignoring group_left group_right and or unless bool offset inf nan".split()


def run(stack):
    read_as_named_groups(stack)
    prometheus = stack.client_pod("prometheus", "monitoring")
    samples, stand_ins = {}, set()  # job → [(name, labels)]; the jobs whose program is not the real one
    for obj, _, endpoint in monitors(stack):
        found, failures = pods(stack, obj, endpoint), []
        for pod, port, _ in found:
            try:
                text = fetch(stack, prometheus, f"http://{pod.address}:{port}{endpoint.get('path', '/metrics')}")
                samples.setdefault(job(obj, endpoint), []).extend(parse(text))
                if stack.world.images[pod.spec["containers"][0]["image"]].replaces:
                    stand_ins.add(job(obj, endpoint))
            except Failure as error:
                failures.append(f"{pod.name}: {error}")
        stack.fact("metrics", f"every target of `{obj['metadata']['name']}` answers", found and not failures, "; ".join(failures[:2]) or f"{len(found)} targets")
    absent, seen, elsewhere, stood_in = [], [], [], set()
    recorded = {rule["record"] for rule in rules(stack) if "record" in rule}
    for rule in rules(stack):
        for name, wanted in series(str(rule["expr"])):
            if name in recorded:
                continue  # its own rule is looked at
            owner = next((who for prefix, who in ELSEWHERE.items() if name == prefix or name.startswith(prefix) and prefix.endswith("_")), None)
            if owner:
                elsewhere.append(f"`{name}` comes from {owner}")
            elif jobs := {j for j, found in samples.items() if all(MATCHES[op](v, j) for k, op, v in wanted if k == "job") and any(fits(name, wanted, *s) for s in found)}:
                seen.append(name)
                stood_in |= {f"`{name}`"} if jobs <= stand_ins else set()
            else:
                absent.append(f"{rule.get('alert') or rule['record']}: `{name}`")
    stack.fact("metrics", "every series that a rule names has a sample", not absent and seen, "; ".join(sorted(set(absent))[:20]) or f"{len(set(seen))} series")
    if stood_in:
        stack.note("metrics", "series of stand-ins, proven as far as these are like the real ones", ", ".join(sorted(stood_in)))
    if elsewhere:
        stack.note("metrics", "series from outside the stack are not proven here", "; ".join(sorted(set(elsewhere))))


def fetch(stack, prometheus, url):
    """What a target answers. The pod that asks is new: the firewall of a node learns its address a moment later, and refuses it until then."""
    end = time.monotonic() + FIREWALL_SECONDS
    while True:
        try:
            return stack.world.from_pod(prometheus, FETCH, url)
        except Failure:
            if time.monotonic() > end:
                raise
            time.sleep(2)


def read_as_named_groups(stack):
    """A group has offsets once it has read something, as its application would."""
    named = {v for rule in rules(stack) for _, wanted in series(str(rule["expr"])) for k, op, v in wanted if k == "consumergroup" and op == "="}
    if named:
        client = stack.client
        client.ask("create", TOPIC, 1, min(3, len(client.ask("cluster")["nodes"])))
        client.ask("produce", "-", TOPIC, 10)
        for group in sorted(named):
            client.ask("consume", "-", TOPIC, f"group.id={group}")


def fits(name, wanted, other, labels):
    """Whether a sample is one of the series that are wanted."""
    return name == other and all(k in labels for k, _, _ in wanted if k in STATE_LABELS) and all(
        MATCHES[op](v, labels.get(k, "")) for k, op, v in wanted if k not in TARGET_LABELS + STATE_LABELS)


def job(obj, endpoint):
    """The `job` label: set by relabeling, or the monitor's own."""
    return next((r["replacement"] for r in endpoint.get("relabelings") or [] if r.get("targetLabel") == "job"), obj["metadata"]["name"])


def parse(text):
    """The samples of an exposition: (name, labels)."""
    for line in text.splitlines():
        found = re.match(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ", line)
        if found:
            yield found[1], dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', found[2] or ""))


def rules(stack):
    return [rule for obj in stack.objects if obj["kind"] == "PrometheusRule" for group in obj["spec"]["groups"] for rule in group["rules"]]


def series(expression):
    """The selectors of an expression: (name, [(label, operator, value)])."""
    expression = re.sub(r',\s*"[^"]*"(?=\s*[,)])', " ", expression)  # arguments of functions
    expression = re.sub(r'("[^"]*")|\[[^\]]*\]', lambda found: found[1] or " ", expression)  # ranges, and no classes of characters in a value
    expression = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", " ", expression)
    for found in re.finditer(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(?:\{([^}]*)\})?(\s*\()?", expression):
        if not found[3] and found[1] not in KEYWORDS and not re.search(r"\d$", expression[:found.start()]):
            yield found[1], re.findall(r'(\w+)\s*(=~|!=|!~|=)\s*"([^"]*)"', found[2] or "")
