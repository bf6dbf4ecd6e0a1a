"""Scrapes a generated cluster with a real Prometheus, and says what it takes. See `run`."""
import argparse
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

import yaml

from generator import BROKERS, GROUPS, PARTITIONS, TOPICS, Agent, Exporter, serve

MOST = 2.0  # seconds of the rules
RELABEL = {"sourceLabels": "source_labels", "targetLabel": "target_label"}


def objects(folder):
    for path in sorted(pathlib.Path(folder).rglob("*.yaml")):
        if path.parent.name != "tests":
            yield from (one for one in yaml.safe_load_all(path.read_text()) if isinstance(one, dict) and "kind" in one)


def relabel(found):
    return [{RELABEL.get(key, key): value for key, value in one.items()} for one in found or []]


def configuration(all_objects, ports):
    """Prometheus' own form of the monitors. Targets are on loopback, with the labels that the operator would give them."""
    jobs = []
    for monitor in all_objects:
        if monitor["kind"] not in ("PodMonitor", "ServiceMonitor"):
            continue
        name, spec = monitor["metadata"]["name"], monitor["spec"]
        endpoint = (spec.get("podMetricsEndpoints") or spec["endpoints"])[0]
        targets = [{"targets": [f"127.0.0.1:{port}"], "labels": {"namespace": monitor["metadata"]["namespace"], "pod": pod}}
                   for pod, port in ports[name].items()]
        jobs.append({"job_name": name, "scrape_interval": endpoint["interval"], "scrape_timeout": endpoint["scrapeTimeout"],
                     "sample_limit": spec.get("sampleLimit", 0), "relabel_configs": relabel(endpoint["relabelings"]),
                     "metric_relabel_configs": relabel(endpoint.get("metricRelabelings")), "static_configs": targets})
    return {"global": {"evaluation_interval": "30s"}, "rule_files": ["rules.yaml"], "scrape_configs": jobs}


class Prometheus:
    def __init__(self, folder):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        log = open(folder / "log", "w")
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={folder / 'prometheus.yaml'}", f"--storage.tsdb.path={folder / 'data'}",
             f"--web.listen-address={self.address}", "--log.level=warn"], stdout=log, stderr=log, env=os.environ | {"GOMAXPROCS": "2"})

    def get(self, path):
        with urllib.request.urlopen(f"http://{self.address}{path}", timeout=60) as answer:
            return answer.read().decode()

    def ask(self, expression):
        found = json.loads(self.get("/api/v1/query?query=" + urllib.parse.quote(expression)))["data"]["result"]
        return [(one["metric"], float(one["value"][1])) for one in found]

    def own(self, name):
        return sum(float(line.rsplit(" ", 1)[1]) for line in self.get("/metrics").splitlines() if line.startswith((name + " ", name + "{")))

    def rules(self):
        return json.loads(self.get("/api/v1/rules"))["data"]["groups"]

    def peak(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


def measure(folder, minutes):
    all_objects = list(objects(folder))
    rules = [one for one in all_objects if one["kind"] == "PrometheusRule"]
    agents = {(one["metadata"]["name"]): yaml.safe_load(one["data"]["metrics.yaml"])["rules"]
              for one in all_objects if one["kind"] == "ConfigMap" and "metrics.yaml" in (one.get("data") or {})}
    brokers = next(found for name, found in agents.items() if "controller" not in name)
    controllers = next(found for name, found in agents.items() if "controller" in name)
    exporter = next(one["metadata"]["name"] for one in all_objects if one["kind"] == "ServiceMonitor")
    nodes = next(one["metadata"]["name"] for one in all_objects if one["kind"] == "PodMonitor")
    ports, sizes = {exporter: {}, nodes: {}}, {exporter: [], nodes: []}

    def start(job, pod, source):
        ports[job][pod], of_pod = serve(source)
        sizes[job].append(of_pod)

    start(exporter, "kafka-exporter-0", Exporter())
    for number in range(BROKERS):
        start(nodes, f"kafka-{number}", Agent(brokers, number, False))
    for number in range(3):
        start(nodes, f"kafka-controller-{300 + number}", Agent(controllers, number, number == 0))
    work = pathlib.Path(tempfile.mkdtemp(prefix="kafka-stacks-size-"))
    prometheus = None
    try:
        (work / "rules.yaml").write_text(yaml.safe_dump({"groups": [group for one in rules for group in one["spec"]["groups"]]}))
        (work / "prometheus.yaml").write_text(yaml.safe_dump(configuration(all_objects, ports)))
        prometheus = Prometheus(work)
        end, longest, slowest, evaluations = time.time() + 60 * minutes, 0.0, {}, {}
        while time.time() < end:
            time.sleep(10)
            if prometheus.process.poll() is not None:
                sys.exit(f"Prometheus ended: {(work / 'log').read_text()[-500:]}")
            groups = prometheus.rules()
            longest = max([longest, *(group.get("evaluationTime", 0) for group in groups)])
            evaluations |= {(group["name"], group["lastEvaluation"]): group.get("evaluationTime", 0) for group in groups}
            for rule in (rule for group in groups for rule in group["rules"]):
                name = (rule["name"], rule.get("labels", {}).get("slo", ""))
                slowest[name] = max(slowest.get(name, 0), rule.get("evaluationTime", 0))
        print(f"{folder}: {TOPICS * PARTITIONS} partitions, {GROUPS} groups, {BROKERS} brokers, after {minutes} minutes")
        kept = {job: prometheus.ask(f'scrape_samples_post_metric_relabeling{{job="{job}"}}') for job in ports}
        for job, of_job in sizes.items():
            scraped = prometheus.ask(f'max(scrape_samples_scraped{{job="{job}"}})')[0][1]
            took = prometheus.ask(f'max(scrape_duration_seconds{{job="{job}"}})')[0][1]
            print(f"  {job}: {max(max(one) for one in of_job if one) / 1e6:.1f} MB, {scraped:.0f} samples, "
                  f"{max(value for _, value in kept[job]):.0f} kept, {took:.1f} s for the longest of {len(of_job)} scrapes")
        missed = prometheus.own("prometheus_rule_group_iterations_missed_total")
        failed = [metric["pod"] for metric, value in prometheus.ask("up == 0 or min_over_time(up[2m]) == 0")]
        firing = sorted({metric["alertname"] for metric, _ in prometheus.ask('ALERTS{alertstate="firing"}')})
        print(f"  series {prometheus.own('prometheus_tsdb_head_series'):.0f}, memory {prometheus.peak():.0f} MiB at most, "
              f"{prometheus.own('process_resident_memory_bytes') / 2**20:.0f} MiB at the end, "
              f"CPU {prometheus.own('process_cpu_seconds_total') / minutes / 60:.2f} cores")
        late = list(evaluations.values())[len(evaluations) // 2:]
        print(f"  rules: {longest:.2f} s at most, {statistics.median(late):.2f} s in the middle of the later half, {missed:.0f} evaluations missed; firing: {', '.join(firing) or 'nothing'}")
        for (name, level), seconds in sorted(slowest.items(), key=lambda item: -item[1])[:10]:
            print(f"    {seconds:.3f} s {name} {level}")
        if failed:
            print(f"  failed scrapes: {', '.join(failed)}")
        return longest <= MOST and not missed and not failed
    finally:
        if prometheus:
            prometheus.process.kill()
            prometheus.process.wait()
        shutil.rmtree(work, ignore_errors=True)


class Samples:
    def __init__(self, number):
        self.number = number

    def text(self):
        return "".join(f'kafka_a{{number="{n}"}} 1\ndropped{{number="{n}"}} 1\n' for n in range(self.number)).encode()


def limited():
    """What KafkaScrapeSampleLimit relies on: the samples that are left are counted, more than the limit too, and then `up` is 0."""
    work = pathlib.Path(tempfile.mkdtemp(prefix="kafka-stacks-size-"))
    kept = [{"source_labels": ["__name__"], "regex": "kafka_a", "action": "keep"}]
    jobs = [{"job_name": f"of-{number}", "sample_limit": 100, "metric_relabel_configs": kept, "scrape_interval": "1s", "scrape_timeout": "1s",
             "static_configs": [{"targets": [f"127.0.0.1:{serve(Samples(number))[0]}"]}]} for number in (90, 120)]
    (work / "prometheus.yaml").write_text(yaml.safe_dump({"scrape_configs": jobs}))
    prometheus = Prometheus(work)
    try:
        time.sleep(8)
        found = {name: {metric["job"]: value for metric, value in prometheus.ask(name)} for name in ("up", "scrape_samples_post_metric_relabeling")}
        print(f"sampleLimit of 100: {found}")
        return found == {"up": {"of-90": 1, "of-120": 0}, "scrape_samples_post_metric_relabeling": {"of-90": 90, "of-120": 120}}
    finally:
        prometheus.process.kill()
        prometheus.process.wait()
        shutil.rmtree(work, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=12)
    parser.add_argument("folders", nargs="*")
    arguments = parser.parse_args()
    well = [limited(), *(measure(folder, arguments.minutes) for folder in arguments.folders)]
    sys.exit(0 if all(well) else 1)


main()
