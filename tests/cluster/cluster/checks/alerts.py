"""Alerts and dashboards in a real Prometheus: nothing fires while nothing is wrong, what is broken fires, and what is mended clears.

Asked for by name (`--checks boot,alerts`): it takes several minutes and leaves nothing alone.
"""

import contextlib
import json
import os
import re
import time

from ..prometheus import CLOCK, SCRAPES, Prometheus, faster_expression, program
from ..world import Failure
from . import boot, clients, connect, metrics, topics
from .faults import full_isr, leader_pod, load, volume_of
from .registry import address

TOPIC, FRAGILE, UNCLEAN, GROUP = "proof.alerts", "proof.fragile", "proof.unclean", "proof-behind"
BACKLOG = 200_000  # records: at the load's pace, more than ten minutes of them
FIRES_WITHIN, CLEARS_WITHIN = 200, 400
STANDS_STILL = 75 * 60 // CLOCK  # some groups commit once an hour, so a group that does nothing is told after that, within 75 minutes
SOUND_FOR = round(1.5 * 15 * 60 / CLOCK)  # longer than any alert waits, but for those that wait an hour
WARM = 6 * 30 // SCRAPES  # six scrapes
FAILING = [
    {"name": "proof-failing-connector", "connector.class": "FailingConnector", "tasks.max": "1", "topics": connect.TOPIC},
    {"name": "proof-failing-task", "connector.class": "org.apache.kafka.connect.file.FileStreamSinkConnector", "tasks.max": "1",
     "file": "/tmp/failing.txt", "topics": connect.TOPIC, "value.converter": "org.apache.kafka.connect.json.JsonConverter"},
]
# They look back six hours: what happened here stays in their sight for longer than the run.
NOT_WAITED_FOR = {"KafkaDiskFullSoon", "KafkaErrorBudgetBurns", "KafkaErrorBudgetBurnsSlowly"}


def before(_):
    program()


def run(stack):
    workload = stack.workload(stack.brokers()[0])
    if len(workload.pods()) < 3:
        raise Failure("the alerts are proven on a cluster that can lose brokers: it takes three")
    proof = sound_proof(stack)
    proof.without_a_broker_lost()
    proof.brokers_lost()
    proof.mended("consumers, connectors, Job, registry and brokers are mended")
    proof.dashboards()
    proof.disk_full()
    proof.summary()


def sound_proof(stack):
    """The Prometheus of a stack, which has seen its sound cluster for a while; one for all checks that ask it."""
    if stack.alerts is None:
        stack.alerts = Proof(stack, stack.workload(stack.brokers()[0]))
        stack.alerts.sound()
    return stack.alerts


class Proof:
    def __init__(self, stack, workload):
        self.stack, self.workload, self.known = stack, workload, [rule["alert"] for rule in metrics.rules(stack) if "alert" in rule]
        self.prometheus = Prometheus(stack)
        self.proven = set()

    # -- what is seen ----------------------------------------------------------------------------------------------------------------

    def fires(self, cause, *names, within=FIRES_WITHIN):
        """Those of these alerts that the stack has fire within that time; what they say is part of the fact."""
        began, names = time.time(), [name for name in names if name in self.known]
        for name in names:
            try:
                at, words = self.prometheus.wait(name, lambda n=name: (seen := self.prometheus.fired.get(n)) and seen[0] > began and seen, within)[0]
                good, detail, seconds = not any("no value" in w or "error expanding" in w for w in words), words[0], at - began
            except Failure as error:
                good, detail, seconds = False, str(error), None
            if good:
                self.proven.add(name)
            self.stack.fact("alerts", f"{cause}: `{name}` fires", good, detail, seconds)

    def silent(self, when, *names):
        loud = sorted(set(names or self.known) & set(self.prometheus.fired) - NOT_WAITED_FOR)
        self.stack.fact("alerts", f"{when}: {', '.join(f'`{n}`' for n in names if n in self.known) or 'no alert'} {'does not fire' if names else 'fires'}", not loud,
                        "; ".join(f"{n}: {self.prometheus.fired[n][1][0]}" for n in loud))

    def mended(self, what):
        began = time.time()
        try:
            self.prometheus.wait("every alert clears", lambda: not self.prometheus.now - NOT_WAITED_FOR, CLEARS_WITHIN)
            self.stack.fact("alerts", f"{what}: every alert clears", True, "", time.time() - began)
        except Failure as error:
            self.stack.fact("alerts", f"{what}: every alert clears", False, f"{error}: {', '.join(sorted(self.prometheus.now - NOT_WAITED_FOR))}")

    # -- what is done ----------------------------------------------------------------------------------------------------------------

    def sound(self):
        """Traffic of every kind, and time for the slowest alert."""
        stack = self.stack
        connect.prepare(stack)
        load(stack, TOPIC)
        # A JVM that has just started compiles what a scrape runs, and takes longer for it than the faster clock gives: its first scrapes time out.
        failing = f"min_over_time(up[{WARM}s]) == 0 or count_over_time(up[{WARM}s]) < 5 or absent(up)"
        self.prometheus.wait("every target answers five times in a row", lambda: not self.prometheus.get("query", query=failing)["result"], 180)
        self.prometheus.wait("no alert of the start is left", lambda: not self.prometheus.now - NOT_WAITED_FOR, CLEARS_WITHIN)
        self.prometheus.fired.clear()  # before its first scrapes it took everything for gone
        time.sleep(SOUND_FOR)
        slowest = self.prometheus.get("query", query=f"topk(1, max_over_time(scrape_duration_seconds[{SOUND_FOR}s]))")["result"][0]
        stack.note("alerts", "the slowest scrape of a sound cluster", f"{float(slowest['value'][1]):.1f} s, of {slowest['metric'].get('pod', 'outside')}; "
                   f"a scrape may take {25 / SCRAPES:.1f} s")
        self.silent("a sound cluster with traffic")

    def without_a_broker_lost(self):
        stack, client = self.stack, self.stack.client
        client.ask("consume", clients.emitted(stack, "consumer"), TOPIC, f"group.id={GROUP}")
        client.ask("produce", clients.emitted(stack, "producer"), TOPIC, BACKLOG)
        worker = stack.deployments("kafka-connect")
        for config in FAILING if worker else []:
            connect.settled(lambda c=config: client.http("PUT", f"{address(stack, worker[0])}/connectors/{c['name']}/config", c),
                            f"`{config['name']}` accepted", lambda r: r[0] in (200, 201))
        job, topic = topics.job_of(stack), sorted(topics.declared(stack))[0]
        client.ask("grow", topic, int(topics.declared(stack)[topic]["partitions"]) + 1)
        failing = {**job, "metadata": {**job["metadata"], "name": job["metadata"]["name"] + "0"}}
        stack.world.start(failing)
        registry = stack.deployments("schema-registry") or stack.deployments("apicurio")
        if registry:
            stack.workload(registry[0]).scale(0)
        self.undo = (worker, failing, topic)
        self.fires("a connector and a task fail", "KafkaConnectConnectorFailed", "KafkaConnectTaskFailed")
        self.fires("more partitions than are declared", "KafkaTopicsJobFailed")
        self.fires("the registry is gone", "KafkaMetricsAbsent")
        if registry:
            stack.workload(registry[0]).scale(registry[0]["spec"].get("replicas", 1))
        self.fires("a group falls behind and has no member", "KafkaConsumerGroupWithoutMembers", within=STANDS_STILL)
        self.silent("all brokers are there", "KafkaBrokerDown", "KafkaUnderReplicatedPartitions", "KafkaScrapeFailing", "KafkaOfflinePartitions")

    def brokers_lost(self):
        """Two of three, one after the other; the one that was lost first comes back first, and leads what it does not know."""
        stack, client, pods = self.stack, self.stack.client, self.workload.pods()
        # With ZooKeeper a lost controller is missed until its session ends, which takes longer than an alert waits on the faster clock.
        keeper = leader_pod(stack, pods) if stack.controllers() else next(p for p in pods if number(p) == client.ask("cluster")["controller"])
        first, second = [p for p in pods if p is not keeper]
        client.ask("create", FRAGILE, 6, 1)
        client.ask("place", UNCLEAN, f"{number(first)},{number(second)}", "unclean.leader.election.enable=true", "min.insync.replicas=1")
        client.ask("produce", "-", UNCLEAN, 100)
        first.lose()
        self.fires("one broker is lost", "KafkaBrokerDown", "KafkaScrapeFailing", "KafkaFencedBrokers", "KafkaOfflinePartitions", "KafkaUnderReplicatedPartitions")
        self.silent("two brokers of three are left", "KafkaUnderMinIsrPartitions", "KafkaNoActiveController", "KafkaQuorumWithoutLeader")
        client.ask("produce", "-", UNCLEAN, 100)
        client.ask("alter", TOPIC, "min.insync.replicas=3")
        self.fires("a topic asks for more replicas in sync than are left", "KafkaUnderMinIsrPartitions")
        client.ask("alter", TOPIC, "min.insync.replicas=2")
        second.lose()
        if self.combined():  # without a quorum nobody takes replicas out of the ISR
            self.fires("two brokers, which are controllers, are lost", "KafkaQuorumWithoutLeader")
        else:
            self.fires("two brokers are lost", "KafkaOfflinePartitions")
        first.release()
        self.fires("the broker returns that knows less", "KafkaUncleanLeaderElection")
        second.release()
        stack.world.wait("both brokers back", self.workload.ready, 200)
        client.ask("unload", timeout=250)
        for topic in (FRAGILE, UNCLEAN):
            client.ask("delete", topic)
        self.mend()
        full_isr(stack)

    def mend(self):
        stack, client = self.stack, self.stack.client
        worker, failing, topic = self.undo
        client.ask("consume", clients.emitted(stack, "consumer"), TOPIC, f"group.id={GROUP}")
        for config in FAILING if worker else []:
            connect.settled(lambda c=config: client.http("DELETE", f"{address(stack, worker[0])}/connectors/{c['name']}"), f"`{config['name']}` deleted",
                            lambda r: r[0] in (204, 404))
        for config in (connect.SOURCE, connect.SINK) if worker else []:  # a task that failed without brokers stays so until someone restarts it
            connect.settled(lambda c=config: client.http("POST", f"{address(stack, worker[0])}/connectors/{c['name']}/restart?includeTasks=true&onlyFailed=true"),
                            f"failed tasks of `{config['name']}` restarted", lambda r: r[0] in (200, 202, 204))
        with stack.world.lock:
            del stack.world.workloads["Job", failing["metadata"]["name"]]
        settings = topics.declared(stack)[topic]
        topics.recreate(client, topic, int(settings["partitions"]), int(settings["replication.factor"]), settings)

    def combined(self):
        return bool(set(boot.declared_voters(self.stack)) & set(boot.declared_ids(self.stack)))

    def disk_full(self):
        """A volume fills up; the broker ends, and starts and ends again until there is room."""
        stack, pod = self.stack, self.workload.pods()[-1]
        ballast = volume_of(self.workload, pod) / "ballast"
        load(stack, TOPIC + ".disk")
        fill(ballast)
        self.fires("a volume is full", "KafkaDiskUsageHigh", "KafkaBrokerDown", "KafkaBrokerRestarts")
        ballast.unlink()
        stack.world.wait(f"`{pod.name}` ready again", lambda: pod.ready, 400)
        stack.client.ask("unload", timeout=250)
        full_isr(stack)
        self.mended("there is room on the volume")

    # -- dashboards ------------------------------------------------------------------------------------------------------------------

    def dashboards(self):
        """Asks for what every panel shows of the run so far; `--logs` keeps the answers, in the form that the preview of dashboards reads."""
        empty, count, data, end, start = [], 0, {}, time.time(), self.prometheus.began
        for board, panel, target in queries(self.stack):
            found = self.prometheus.get("query_range", query=runnable(target["expr"]), start=start, end=end, step=max(2, (end - start) / 300))["result"]
            data.setdefault(board["uid"], {}).setdefault(str(panel["id"]), {})[target["refId"]] = found
            count += 1
            if not found:
                empty.append(f"{board['title']}/{panel['title']}")
        self.stack.fact("alerts", "every query of every dashboard has something to show", not empty and count, "; ".join(empty) or f"{count} queries")
        if logs := self.stack.world.cluster.logs:
            (logs / self.stack.name).mkdir(parents=True, exist_ok=True)
            (logs / self.stack.name / "dashboards.json").write_text(json.dumps({"dashboards": data}))

    def summary(self):
        others = sorted(set(self.prometheus.fired) - self.proven)
        self.stack.fact("alerts", "at least ten alerts fired and cleared", len(self.proven) >= 10, f"{len(self.proven)} of {len(self.known)}")
        if others:
            self.stack.note("alerts", "others fired too", ", ".join(f"`{n}`" for n in others))
        self.stack.note("alerts", "on a faster clock", f"the durations of rules are divided by {CLOCK} (`for: 5m` is {300 // CLOCK} s), those of scrapes by {SCRAPES}; "
                        "thresholds are as they are. volumes, containers and Jobs are told by the checks, with what the nodes and the API server say, under the names of the kubelet and kube-state-metrics")


def queries(stack):
    """(dashboard, panel, target) of every query."""
    for obj in stack.objects:
        if obj["kind"] == "ConfigMap" and "grafana_dashboard" in (obj["metadata"].get("labels") or {}):
            for text in obj["data"].values():
                board = json.loads(text)
                for panel in [q for p in board["panels"] for q in (p, *p.get("panels", []))]:
                    for target in panel.get("targets", []):
                        yield board, panel, target


def runnable(expression):
    """As Grafana asks: its interval of four scrapes put in, on the faster clock, and every value of a variable."""
    return re.sub(r"\$\{?[a-z]+\}?", ".*", faster_expression(re.sub(r"\$__rate_interval|\$__range", "5m", expression)))


def fill(path):
    """Takes what is free on a file system with a file that is not written: it may be 100 GiB, and others may take and give room meanwhile."""
    with open(path, "wb", buffering=0) as file:
        part = 1 << 40
        while part >= 1 << 20:
            try:
                os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), part)
            except OSError:  # not that much
                part //= 2
        with contextlib.suppress(OSError):  # the last of it
            while True:
                file.write(bytes(4096))


def number(pod):
    return int(pod.name.rsplit("-", 1)[1])
