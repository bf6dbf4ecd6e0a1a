"""A real Prometheus in the cluster, configured from the stack's monitors and rules as the operator does it, with a clock that runs faster.

Alerts wait for minutes, so every duration of a rule (ranges, `for`) is divided by `CLOCK`, and those of scrapes by `SCRAPES`, since a machine
for tests does not answer faster; thresholds stay as they are. What the cluster outside the stack would export (the kubelet's volumes, the state of Jobs) comes from here, with real values.
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.parse

import yaml

from real.software import CACHE, Missing

from .world import Failure

CLOCK, SCRAPES = 15, 6
API, OUTSIDE = "127.0.0.1:9090", "127.0.0.1:8000"
FETCH = "import sys, urllib.request; sys.stdout.write(urllib.request.urlopen(sys.argv[1], timeout=30).read().decode())"
UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
DURATION = r"(?:[0-9]+(?:ms|[smhdwy]))+"
ENDPOINT_FIELDS = {"port", "path", "interval", "scrapeTimeout", "relabelings", "metricRelabelings", "honorLabels", "scheme"}
RELABEL_FIELDS = {"sourceLabels": "source_labels", "targetLabel": "target_label", "regex": "regex", "replacement": "replacement", "action": "action",
                  "separator": "separator", "modulus": "modulus"}


def program():
    """Where Prometheus is: on the path, or where the manifest checks keep their tools."""
    found = shutil.which("prometheus", path=f"{os.environ.get('PATH', '')}:{CACHE.parent / 'tools/bin'}")
    if not found:
        raise Missing("missing: `prometheus`; `tests/manifests/install` brings it")
    return found


def milliseconds(duration):
    return round(1000 * sum(int(number) * UNITS[unit] for number, unit in re.findall(r"([0-9]+)(ms|[smhdwy])", duration)))


def real_time():
    """From now on the clock is that of the wall."""
    global CLOCK, SCRAPES
    CLOCK = SCRAPES = 1


@contextlib.contextmanager
def clock(factor):
    """Rules and scrapes of a server that is made meanwhile are faster by this factor, both: a range has as many scrapes as it has in life."""
    global CLOCK, SCRAPES
    before, CLOCK, SCRAPES = (CLOCK, SCRAPES), factor, factor
    try:
        yield
    finally:
        CLOCK, SCRAPES = before


def faster(duration, clock=None):
    """A duration on the faster clock."""
    return f"{milliseconds(duration) // (clock or CLOCK)}ms"


def faster_expression(text):
    """An expression on the faster clock: its ranges and offsets, how old something is, and how far it predicts."""
    text = re.sub(rf"\[({DURATION})\]", lambda m: f"[{faster(m[1])}]", text)
    text = re.sub(rf"\boffset\s+({DURATION})", lambda m: f"offset {faster(m[1])}", text)
    text = re.sub(r"(\btime\(\) - [^<>]*[<>] )([0-9.]+)", lambda m: f"{m[1]}{float(m[2]) / CLOCK:g}", text)
    return re.sub(r"(predict_linear\([^\[]*\[[^\]]*\],\s*)([0-9.]+)", lambda m: f"{m[1]}{float(m[2]) / CLOCK:g}", text)


def faster_wait(duration):
    """A `for`: one that outlasts a missed scrape still does."""
    return max(faster(duration), faster("1m", SCRAPES) if milliseconds(duration) >= 60_000 else "0s", key=milliseconds)


def faster_rules(groups):
    def rule(found):
        return {key: faster_wait(value) if key in ("for", "keep_firing_for") else faster_expression(str(value)) if key == "expr" else value
                for key, value in found.items()}
    return [{key: faster(value) if key == "interval" else [rule(r) for r in value] if key == "rules" else value for key, value in group.items()}
            for group in groups]


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


def relabelings(endpoint, *fields):
    return [r for field in fields or ("relabelings", "metricRelabelings") for r in endpoint.get(field) or []]


def monitors(stack):
    """(monitor, number of the endpoint, endpoint); a field that is not known here is an error."""
    for obj in stack.objects:
        if obj["kind"] in ("PodMonitor", "ServiceMonitor"):
            spec = obj["spec"]
            for number, endpoint in enumerate(spec.get("podMetricsEndpoints") or spec.get("endpoints") or []):
                unknown = set(endpoint) - ENDPOINT_FIELDS | {f for r in relabelings(endpoint) for f in r} - set(RELABEL_FIELDS) \
                    | set(spec) - {"selector", "podMetricsEndpoints", "endpoints", "sampleLimit"}
                if unknown:
                    raise Failure(f"{obj['kind']}/{obj['metadata']['name']}: not known here: {', '.join(sorted(unknown))}")
                yield obj, number, endpoint


def pods(stack, obj, endpoint):
    """(pod, port, Service) of what the operator's discovery finds for a monitor: every pod that is selected and has not ended, ready or not."""
    namespace, spec = obj["metadata"]["namespace"], obj["spec"]
    alive = [p for p in stack.world.pods if p.namespace == namespace and p.phase in ("Pending", "Running")]
    if obj["kind"] == "PodMonitor":
        return [(p, p.named_ports[endpoint["port"]], None) for p in alive if matches(spec["selector"], p.labels) and endpoint["port"] in p.named_ports]
    found = []
    for service in stack.world.of_kind("Service"):
        if service["metadata"]["namespace"] == namespace and matches(spec["selector"], service["metadata"].get("labels") or {}):
            for port in (port for port in service["spec"]["ports"] if port.get("name") == endpoint["port"]):
                target = port.get("targetPort", port["port"])
                found += [(p, p.named_ports.get(target, target), service["metadata"]["name"]) for p in alive
                          if all(p.labels.get(k) == v for k, v in (service["spec"].get("selector") or {"": ""}).items())]
    return found


def targets(stack, obj, endpoint):
    """The same with the labels that the operator gives, as Prometheus reads them."""
    for pod, port, service in pods(stack, obj, endpoint):
        container = next((c["name"] for c in pod.spec["containers"] for p in c.get("ports") or [] if p["containerPort"] == port), "")
        labels = {"namespace": pod.namespace, "pod": pod.name, "container": container, "endpoint": endpoint["port"],
                  "job": service or f"{pod.namespace}/{obj['metadata']['name']}"} | ({"service": service} if service else {})
        yield {"targets": [f"{pod.address}:{port}"], "labels": labels}


def outside(world):
    """What the kubelet tells of the volumes and kube-state-metrics of containers and Jobs, in their names."""
    for pod in list(world.pods):
        for container in pod.containers:
            labels = f'namespace="{pod.namespace}",pod="{pod.name}",container="{container.name}"'
            yield f"kube_pod_container_status_restarts_total{{{labels}}} {max(container.starts - 1, 0)}"
        for volume, path in list(pod.volumes.items()):
            if volume in pod.claims:
                stats, labels = os.statvfs(path), f'namespace="{pod.namespace}",persistentvolumeclaim="{pod.claims[volume]}"'
                yield f"kubelet_volume_stats_capacity_bytes{{{labels}}} {stats.f_blocks * stats.f_frsize}"
                yield f"kubelet_volume_stats_available_bytes{{{labels}}} {stats.f_bavail * stats.f_frsize}"
    for workload in list(world.workloads.values()):
        if workload.kind == "Job":
            for condition, holds in (("true", workload.state.startswith("Failed")), ("false", False), ("unknown", False)):
                yield f'kube_job_failed{{namespace="{workload.namespace}",job_name="{workload.name}",condition="{condition}"}} {int(holds)}'


class Prometheus:
    """The server, and what is known of its alerts since it started."""

    def __init__(self, stack):
        self.stack, self.dir, self.began = stack, stack.world.state / "prometheus", time.time()
        self.pod = stack.client_pod("prometheus", "monitoring")
        (self.dir / "outside").mkdir(parents=True)
        (self.dir / "rules.yaml").write_text(yaml.safe_dump({"groups": faster_rules(
            [group for obj in stack.objects if obj["kind"] == "PrometheusRule" for group in obj["spec"]["groups"]])}))
        (self.dir / "prometheus.yaml").write_text(yaml.safe_dump(self.configuration()))
        self.discover()
        inside = ["nsenter", f"--net={self.pod.netns}"]
        self.log = self.dir.parent / "pods" / "prometheus.log"
        with open(self.log, "w") as log:
            host, port = OUTSIDE.split(":")
            subprocess.Popen([*inside, sys.executable, "-m", "http.server", "--bind", host, "--directory", str(self.dir / "outside"), port],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.process = subprocess.Popen([*inside, program(), f"--config.file={self.dir / 'prometheus.yaml'}", f"--storage.tsdb.path={self.dir / 'data'}",
                                             f"--web.listen-address={API}", f"--query.lookback-delta={faster('5m')}", "--log.level=warn"], stdout=log, stderr=log)
        self.fired, self.now, self.problem = {}, set(), None  # alert → when it was last seen firing, and what it said; what fires
        threading.Thread(target=self.watch, daemon=True).start()

    def configuration(self):
        jobs = []
        for obj, number, endpoint in monitors(self.stack):
            relabel, kept = ([{RELABEL_FIELDS[key]: value for key, value in found.items()} for found in relabelings(endpoint, field)]
                             for field in ("relabelings", "metricRelabelings"))
            jobs.append({"job_name": self.job_name(obj, number), "scrape_interval": faster(endpoint.get("interval", "30s"), SCRAPES),
                         "scrape_timeout": faster(endpoint.get("scrapeTimeout", "10s"), SCRAPES), "metrics_path": endpoint.get("path", "/metrics"),
                         "honor_labels": endpoint.get("honorLabels", False), "relabel_configs": relabel,
                         "metric_relabel_configs": kept, "sample_limit": obj["spec"].get("sampleLimit", 0),
                         "file_sd_configs": [{"files": [str(self.file(obj, number))]}]})
        jobs.append({"job_name": "outside", "scrape_interval": faster("30s", SCRAPES), "scrape_timeout": faster("25s", SCRAPES), "honor_labels": True,
                     "metrics_path": "/metrics.txt", "static_configs": [{"targets": [OUTSIDE]}]})
        return {"global": {"evaluation_interval": faster("30s")}, "rule_files": [str(self.dir / "rules.yaml")], "scrape_configs": jobs}

    @staticmethod
    def job_name(obj, number):
        return f"{obj['kind'][0].lower()}{obj['kind'][1:]}/{obj['metadata']['namespace']}/{obj['metadata']['name']}/{number}"

    def file(self, obj, number):
        return self.dir / (self.job_name(obj, number).replace("/", "_") + ".json")

    def discover(self):
        """Tells Prometheus of the pods that there are, and writes down what the outside would export."""
        for obj, number, endpoint in monitors(self.stack):
            put(self.file(obj, number), json.dumps(list(targets(self.stack, obj, endpoint))))
        put(self.dir / "outside/metrics.txt", "".join(line + "\n" for line in outside(self.stack.world)))

    def watch(self):
        """Every second: the targets, and the alerts."""
        while self.process.poll() is None:
            try:
                self.discover()
                firing = {}
                for alert in self.get("alerts")["alerts"]:
                    if alert["state"] == "firing":
                        firing.setdefault(alert["labels"]["alertname"], set()).add(alert["annotations"].get("description", ""))
                self.fired.update({name: (time.time(), sorted(words)) for name, words in firing.items()})
                self.now = set(firing)
                self.problem = None
            except Exception as error:  # told by whoever waits for an alert
                self.problem = str(error)
            time.sleep(1)

    def get(self, path, **query):
        text = self.stack.world.from_pod(self.pod, FETCH, f"http://{API}/api/v1/{path}?{urllib.parse.urlencode(query)}")
        return json.loads(text)["data"]

    def wait(self, what, test, timeout):
        """Waits until `test()` holds; what it returned, and the seconds."""
        began = time.time()
        while not (result := test()):
            if self.process.poll() is not None:
                raise Failure(f"Prometheus ended: {self.log.read_text()[-500:]}")
            if time.time() - began > timeout:
                raise Failure(f"{what}: not within {timeout} s" + (f" ({self.problem})" if self.problem else ""))
            time.sleep(0.5)
        return result, time.time() - began


def put(path, text):
    """Whoever reads the file sees the old text or the new one."""
    if not path.exists() or path.read_text() != text:
        scratch = path.with_name("." + path.name)
        scratch.write_text(text)
        scratch.rename(path)
