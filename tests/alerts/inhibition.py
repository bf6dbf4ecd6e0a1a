"""Sends the alerts of scenarios to Alertmanager with the rules of docs/monitoring.md, and compares which of them call someone."""

import json
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import yaml

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "monitoring.md"

# Scenarios, and what calls someone in them.
CALLS = {
    "a broker is lost for an hour": {"KafkaBrokerDown"},
    "a rolling restart that hangs": {"KafkaBrokerDown"},
    "the pod of a broker cannot be scheduled": {"KafkaBrokerDown"},
    "a volume is full at once": {"KafkaDiskAlmostFull"},
    "zookeeper: the quorum is lost": {"KafkaZooKeeperQuorumLost", "KafkaScrapeFailing"},
}


def rules():
    (block,) = re.findall(r"```yaml\n(inhibit_rules:\n.*?)```", PAGE.read_text(), re.DOTALL)
    return block


def fired(test):
    """The alerts that fire in a scenario, each once: all series of one have the same effect here."""
    (last,) = [check for check in test["promql_expr_test"] if check["expr"].startswith("count by (alertname)")]
    return [re.search('alertname="([^"]+)"', sample["labels"]).group(1) for sample in last["exp_samples"]]


def labels(alert, severities, cluster):
    of_all = {"alertname": alert, "severity": severities[alert], "cluster": cluster, "namespace": "kafka", "kafka_cluster": "kafka"}
    if alert == "KafkaScrapeFailing":
        of_all |= {"job": "kafka", "pod": "kafka-2"}
    if alert.startswith("KafkaDisk"):
        of_all |= {"persistentvolumeclaim": "data-kafka-2"}
    return of_all


class Alertmanager:
    """A process of its own, which reaches no one."""

    def __init__(self, folder, inhibit):
        config = pathlib.Path(folder) / "alertmanager.yaml"
        config.write_text("route: {receiver: none}\nreceivers: [{name: none}]\n" + inhibit)
        subprocess.run(["amtool", "check-config", config], check=True, stdout=subprocess.DEVNULL)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/api/v2/alerts"
        # Debian's reads its templates from this folder, in which nothing is installed.
        in_place = ["unshare", "--map-root-user", "--mount", "sh", "-c", 'mount --bind "$TEMPLATES" /usr/share && exec "$@"', "sh"]
        self.process = subprocess.Popen(
            [*in_place, "prometheus-alertmanager", f"--config.file={config}", f"--storage.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}",
             "--cluster.listen-address="],
            stderr=subprocess.DEVNULL,
        )
        for _ in range(300):
            try:
                self.alerts()
                return
            except urllib.error.URLError:
                time.sleep(0.2)
        self.stop()
        sys.exit("inhibition: Alertmanager does not start")

    def alerts(self):
        with urllib.request.urlopen(self.url) as answer:
            return json.load(answer)

    def send(self, alerts):
        body = json.dumps([{"labels": alert} for alert in alerts]).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        urllib.request.urlopen(request).close()

    def stop(self):
        self.process.terminate()
        self.process.wait()


def calls(alerts, inhibit, expected):
    """Those of these alerts that call someone, by Kubernetes cluster. Alertmanager takes what inhibits in by itself, after it has the alerts: what is
    not as expected is asked for again."""
    with tempfile.TemporaryDirectory() as folder:
        manager = Alertmanager(folder, inhibit)
        try:
            manager.send(alerts)
            for _ in range(150):
                found = manager.alerts()
                active = {}
                for alert in found:
                    if alert["status"]["state"] == "active":
                        active.setdefault(alert["labels"]["cluster"], set()).add(alert["labels"]["alertname"])
                if len(found) == len(alerts) and active == expected:
                    break
                time.sleep(0.2)
            if len(found) != len(alerts):
                sys.exit(f"inhibition: Alertmanager has {len(found)} of {len(alerts)} alerts")
        finally:
            manager.stop()
    return active


def main(folders):
    failed = 0
    for folder in map(pathlib.Path, folders):
        tests = folder / "tests"
        if not (tests / "scenarios.yaml").is_file():
            continue
        read = lambda name: yaml.load((tests / name).read_text(), Loader=yaml.CSafeLoader)
        severities = {
            rule["alert"]: rule["labels"]["severity"]
            for group in read("rules.yaml")["groups"] for rule in group["rules"] if "alert" in rule
        }
        scenarios = {test["name"]: fired(test) for test in read("scenarios.yaml")["tests"] if test["name"] in CALLS}
        # Each scenario is a Kubernetes cluster of its own, so that none silences another one.
        alerts = [labels(alert, severities, name) for name, names in scenarios.items() for alert in names]
        if not alerts:
            continue
        active = calls(alerts, rules(), {name: CALLS[name] for name in scenarios})
        without = calls(alerts, "", {name: set(names) for name, names in scenarios.items()})
        for name, names in scenarios.items():
            found = active.get(name, set())
            right = found == CALLS[name] and without.get(name) == set(names) and len(names) > len(found)
            failed += not right
            print(f"{'ok' if right else 'FAILED'} {folder.name}: {name}: {len(names)} fire, {', '.join(sorted(found)) or 'none'} calls")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
