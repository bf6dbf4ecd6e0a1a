"""An ordinary hour of a cluster of three combined nodes with one incident: the node of `kafka-1` fails at 10:22 and is back at 10:38.

The series are generated, as the pods of `out/prod` export them. What Prometheus would record and which alerts would fire is not
invented: promtool evaluates the stack's rules on the series.
"""

import json
import math
import random
import re
import subprocess
from datetime import datetime, timezone
from pathlib import Path

from .files import Problem

STEP = 30
# The hour that is shown, and the time before it that rules look back at.
END = int(datetime(2026, 3, 10, 11, 0, tzinfo=timezone.utc).timestamp())
START = END - 3600
FIRST = START - 90 * 60
TIMES = range(FIRST, END + 1, STEP)

NODES = ["kafka-0", "kafka-1", "kafka-2"]
LOST = "kafka-1"
DOWN, UP = START + 22 * 60, START + 38 * 60
# The returned broker has fetched what it missed.
IN_SYNC = UP + 4 * 60
# Kafka moves leaders back to their preferred broker every five minutes.
BALANCED = UP + 7 * 60
# Its session ends after 9 s, and clients have found the new leaders a little later.
MOVED = DOWN + STEP
EXPORTER = "kafka-exporter-6c9f7d5b8-x2k4q"
PODS = {
    "kafka": NODES,
    "kafka-exporter": [EXPORTER],
    "kafka-connect": ["kafka-connect-7d6b54f6c9-4hzvm", "kafka-connect-7d6b54f6c9-tq8ns"],
    "schema-registry": ["schema-registry-5b8c7f9d64-9mw2f", "schema-registry-5b8c7f9d64-kx7dl"],
}
PARTITIONS = 384
PLACE = {"cluster": "prod", "namespace": "kafka", "kafka_cluster": "kafka"}
# What each group reads, and its part of the records of the topic.
GROUPS = {"analytics": "call.events", "billing": "billing.transactions", "crm-service": "crm.events", "notification-service": "notification.events"}
RECORDS = {"call.events": 1500, "billing.transactions": 160, "crm.events": 420, "notification.events": 320}
BYTES_OF_RECORD = 1700


class Hour:
    """All series: (name, labels) → a value or None at each of `TIMES`."""

    def __init__(self):
        self.random = random.Random(2026)
        self.series = {}
        # Daytime: the load grows a little within the hours, and wavers.
        waves = [(self.random.uniform(0, 6.3), length) for length in (2700, 1100, 420)]
        self.load = [
            1 + 0.06 * (time - FIRST) / (END - FIRST) + sum(0.025 * math.sin(time / length * 6.28 + phase) for phase, length in waves) for time in TIMES
        ]
        self.brokers()
        self.topics()
        self.processes()
        self.controllers()
        self.beside()
        self.latency()
        self.clients()
        self.platform()

    def near(self, value, share=0.03):
        return value * self.random.gauss(1, share)

    def add(self, name, labels, values):
        self.series[name, tuple(sorted({**PLACE, **labels}.items()))] = list(values)

    def gauge(self, name, pod, value, job="kafka", **labels):
        """`value(time, load)`; nothing while the pod's node is down."""
        values = (None if pod == LOST and not is_up(time) else value(time, load) for time, load in zip(TIMES, self.load))
        self.add(name, {"job": job, "pod": pod, **labels}, values)

    def counter(self, name, pod, rate, **labels):
        """Grows by `rate(time, load)` each second; from 0 after a restart."""
        total, values = self.random.randrange(10**6, 10**7), []
        for time, load in zip(TIMES, self.load):
            if pod == LOST and not is_up(time):
                total = 0
                values.append(None)
                continue
            total += max(0, rate(time, load)) * STEP
            values.append(round(total, 3))
        self.add(name, {"job": "kafka", "pod": pod, **labels}, values)

    def brokers(self):
        for pod in NODES:
            weight = 1 + 0.05 * (NODES.index(pod) - 1)
            lead = lambda time, pod=pod, weight=weight: leads(time, pod) * 3 * weight
            records = lambda time, load, lead=lead: self.near(sum(RECORDS.values()) / 3 * load * lead(time) * stall(time))
            size = BYTES_OF_RECORD
            self.counter("kafka_server_brokertopicmetrics_messagesin_total", pod, records)
            self.counter("kafka_server_brokertopicmetrics_bytesin_total", pod, lambda time, load, r=records: r(time, load) * size)
            self.counter("kafka_server_brokertopicmetrics_bytesout_total", pod, lambda time, load, r=records: r(time, load) * size * 2.1)
            self.counter("kafka_server_brokertopicmetrics_replicationbytesin_total", pod, lambda time, load, pod=pod: self.replicated(time, load, pod))
            for request, of in (("Produce", 210), ("FetchConsumer", 340), ("FetchFollower", 130)):
                follower = request == "FetchFollower"
                rate = lambda time, load, of=of, follower=follower, lead=lead: self.near(of * (1 if follower else load * lead(time) * stall(time)) * (0.5 if follower and not is_up(time) else 1))
                self.counter("kafka_network_requestmetrics_totaltimems_count_total", pod, rate, request=request)
                self.counter("kafka_network_requestmetrics_errors_total", pod, rate, request=request, error="NONE")
            moved = lambda time, load: self.near(45) if time in (MOVED, UP + STEP) or BALANCED <= time < BALANCED + STEP else 0
            for request in ("Produce", "FetchConsumer"):
                self.counter("kafka_network_requestmetrics_errors_total", pod, moved, request=request, error="NOT_LEADER_OR_FOLLOWER")
            joins = lambda time, load: self.near(3) if time in (DOWN + 2 * STEP, DOWN + 3 * STEP) else 0
            self.counter("kafka_network_requestmetrics_errors_total", pod, joins, request="JoinGroup", error="MEMBER_ID_REQUIRED")
            self.counter("kafka_network_requestmetrics_errors_total", pod, joins, request="Heartbeat", error="REBALANCE_IN_PROGRESS")
            self.counter("kafka_server_brokertopicmetrics_failedproducerequests_total", pod, moved)
            self.counter("kafka_server_brokertopicmetrics_failedfetchrequests_total", pod, lambda time, load: moved(time, load) * 0.8)
            shared = lambda time: PARTITIONS / 2 if DOWN < time < IN_SYNC else 0
            under = lambda time, load, pod=pod: 0 if pod == LOST else shared(time) * catching_up(time)
            self.gauge("kafka_server_replicamanager_underreplicatedpartitions", pod, lambda time, load, under=under: round(under(time, load)))
            self.gauge("kafka_server_replicamanager_atminisrpartitioncount", pod, lambda time, load, under=under: round(under(time, load)))
            self.gauge("kafka_server_replicamanager_underminisrpartitioncount", pod, lambda time, load: 0)
            self.gauge("kafka_server_replicamanager_leadercount", pod, lambda time, load, pod=pod: round(PARTITIONS * leads(time, pod)))
            self.gauge("kafka_server_replicamanager_partitionswithlatetransactionscount", pod, lambda time, load: 0)
            left = lambda time, load, pod=pod: PARTITIONS / 2 / STEP if pod != LOST and time == MOVED else 0
            back = lambda time, load, pod=pod: PARTITIONS / 2 / (IN_SYNC - UP - 60) if pod != LOST and UP + 60 < time <= IN_SYNC else 0
            self.counter("kafka_server_replicamanager_isrshrinks_total", pod, left)
            self.counter("kafka_server_replicamanager_isrexpands_total", pod, back)
            behind = lambda time, load, pod=pod: sum(RECORDS.values()) / 36 * (UP - DOWN) * catching_up(time) if pod == LOST and UP <= time < IN_SYNC else self.near(12, 0.4)
            self.gauge("kafka_server_replicafetchermanager_maxlag", pod, lambda time, load, behind=behind: max(0, round(behind(time, load))))
            self.gauge("kafka_log_logflushstats_logflushrateandtimems", pod, lambda time, load: round(self.near(6, 0.2), 2), quantile="0.99")
            self.gauge("kafka_server_kafkaserver_brokerstate", pod, lambda time, load: 3)
            self.gauge("kafka_jvm_start_time_seconds", pod, lambda time, load, pod=pod: UP - 22 if pod == LOST and time >= UP else FIRST - 9 * 86400 - NODES.index(pod) * 400)
            busy = lambda time, pod=pod: 0.5 if pod == LOST and UP <= time < IN_SYNC else leads(time, pod) * 3
            self.gauge("kafka_server_kafkarequesthandlerpool_brokerrequesthandleravgidlepercent", pod, lambda time, load, busy=busy: min(1, self.near(1 - 0.16 * load * busy(time), 0.006)))
            for listener in ("CLIENT", "CONTROLLER", "REPLICATION"):
                for thread in range(2):
                    use = {"CLIENT": 0.22, "CONTROLLER": 0.02, "REPLICATION": 0.1}[listener]
                    self.gauge(
                        "kafka_server_socketservermetrics_io_wait_ratio", pod, lambda time, load, use=use, busy=busy: min(1, self.near(1 - use * load * busy(time), 0.006)),
                        listener=listener, network_processor=str(thread),
                    )
                    open_ = {"CLIENT": 24, "CONTROLLER": 4, "REPLICATION": 3}[listener]
                    self.gauge(
                        "kafka_server_socketservermetrics_connection_count", pod,
                        lambda time, load, open_=open_, pod=pod, listener=listener: round(open_ * (1 if is_up(time) else 0.67 if listener != "CLIENT" else 1.3) * (0.6 if pod == LOST and UP <= time < BALANCED and listener == "CLIENT" else 1)),
                        listener=listener, network_processor=str(thread),
                    )

    def topics(self):
        """What each broker counts of topics, and the leaders as the exporter sees them."""
        for number, (topic, records) in enumerate(RECORDS.items()):
            for pod in NODES:
                rate = lambda time, load, pod=pod, records=records: self.near(records * load * leads(time, pod) * stall(time))
                self.counter("kafka_server_brokertopicmetrics_topic_messagesin_total", pod, rate, topic=topic)
                self.counter("kafka_server_brokertopicmetrics_topic_bytesin_total", pod, lambda time, load, rate=rate: rate(time, load) * BYTES_OF_RECORD, topic=topic)
                self.counter("kafka_server_brokertopicmetrics_topic_bytesout_total", pod, lambda time, load, rate=rate: rate(time, load) * BYTES_OF_RECORD * 2.1, topic=topic)
                for partition in range(12):
                    # Together what a broker's volume holds.
                    size = 40 * 2**30 * records / sum(RECORDS.values()) / 12
                    self.gauge("kafka_log_log_size", pod, lambda time, load, size=size: round(size), topic=topic, partition=str(partition))
            for partition in range(12):
                preferred = (number + partition) % 3
                spare = next(node for node in (0, 2) if node != preferred or preferred == 1)
                leader = lambda time, preferred=preferred, spare=spare: spare if preferred == 1 and DOWN < time < BALANCED else preferred
                self.add("kafka_topic_partition_leader", {"job": "kafka-exporter", "pod": EXPORTER, "topic": topic, "partition": str(partition)}, (leader(time) for time in TIMES))

    def processes(self):
        for job, pods in PODS.items():
            for pod in pods if job != "kafka-exporter" else []:
                most = 4 * 2**30 if job == "kafka" else 2**30
                saw = lambda time, load, most=most, pod=pod: round(most * (0.3 + 0.3 * ((time + len(pod) * 97) % 1500) / 1500))
                self.gauge("kafka_jvm_heap_used_bytes", pod, saw, job)
                self.gauge("kafka_jvm_heap_max_bytes", pod, lambda time, load, most=most: most, job)
                self.gauge("kafka_jvm_open_file_descriptors", pod, lambda time, load: 1800, job)
                self.gauge("kafka_jvm_max_file_descriptors", pod, lambda time, load: 100000, job)
                if job == "kafka":
                    self.counter("kafka_jvm_gc_collection_seconds_total", pod, lambda time, load: self.near(0.012, 0.2), gc="G1 Young Generation")
                    self.counter("kafka_jvm_process_cpu_seconds_total", pod, lambda time, load, pod=pod: 1 + 2 * load * leads(time, pod))

    def beside(self):
        """The registry and Connect: no connector runs."""
        for pod in PODS["kafka-connect"]:
            self.gauge("kafka_connect_worker_connector_count", pod, lambda time, load: 0, "kafka-connect")
        for pod in PODS["schema-registry"]:
            for name, value in (("jersey_metrics_request_rate", 14), ("jersey_metrics_request_error_rate", 0), ("jersey_metrics_request_latency_99", 11)):
                self.gauge(f"kafka_schema_registry_{name}", pod, lambda time, load, value=value: round(self.near(value, 0.1), 2), "schema-registry")

    def replicated(self, time, load, pod):
        """Each record is fetched by both followers; a broker that returns fetches what it missed, too."""
        usual = sum(RECORDS.values()) * BYTES_OF_RECORD * load * stall(time)
        if pod == LOST:
            missed = usual * (UP - DOWN) / (IN_SYNC - UP) if UP <= time < IN_SYNC else 0
            return self.near(usual * 2 / 3 + missed, 0.02)
        # The others follow each other's partitions, and lead more of them meanwhile.
        return self.near(usual * (2 / 3 if is_up(time) else 1 / 2), 0.02)

    def controllers(self):
        for pod in NODES:
            # The leader of the quorum is not the one that is lost.
            self.gauge("kafka_controller_kafkacontroller_activecontrollercount", pod, lambda time, load, pod=pod: int(pod == "kafka-2"))
            self.gauge("kafka_controller_kafkacontroller_offlinepartitionscount", pod, lambda time, load: 0)
            self.gauge("kafka_controller_kafkacontroller_activebrokercount", pod, lambda time, load: 3 if is_up(time) else 2)
            self.gauge("kafka_controller_kafkacontroller_fencedbrokercount", pod, lambda time, load: 0 if is_up(time) else 1)
            self.gauge("kafka_controller_kafkacontroller_lastappliedrecordlagms", pod, lambda time, load: round(self.near(240, 0.3)))
            self.gauge("kafka_controller_kafkacontroller_metadataerrorcount", pod, lambda time, load: 0)
            self.gauge("kafka_server_raftmetrics_current_leader", pod, lambda time, load: 2)
            self.gauge("kafka_server_raftmetrics_current_epoch", pod, lambda time, load: 17)
            self.gauge("kafka_server_raftmetrics_log_end_offset", pod, lambda time, load: (time - FIRST) * 2 + 5 * 10**6)
            self.gauge("kafka_server_raftmetrics_current_state", pod, lambda time, load: 1, state="leader" if pod == "kafka-2" else "follower")
            self.gauge("kafka_server_brokermetadatametrics_last_applied_record_lag_ms", pod, lambda time, load: round(self.near(260, 0.3)))
            self.gauge("kafka_controller_kafkacontroller_globalpartitioncount", pod, lambda time, load: PARTITIONS)
            self.gauge("kafka_controller_kafkacontroller_preferredreplicaimbalancecount", pod, lambda time, load: 0 if time < DOWN or time >= BALANCED else PARTITIONS // 3)

    def latency(self):
        # A produce request waits until the lost broker is out of the in-sync sets. The histograms forget it within minutes.
        waited = lambda time, most, minutes: most * math.exp(-(time - MOVED) / 60 / minutes) if time >= MOVED else 0
        copied = lambda time: 1.5 if UP <= time < IN_SYNC else 1
        produce = {"0.50": (4, 0, 1), "0.95": (11, 60, 1), "0.99": (24, 700, 1.4), "0.999": (70, 1500, 2)}
        fetch = {"0.50": (22, 0, 1), "0.95": (280, 60, 2), "0.99": (480, 160, 2), "0.999": (510, 420, 2.5)}
        for pod in NODES:
            for request, quantiles in (("Produce", produce), ("FetchConsumer", fetch)):
                for quantile, (usual, most, minutes) in quantiles.items():
                    value = lambda time, load, usual=usual, most=most, minutes=minutes, pod=pod: self.near(usual * load * copied(time), 0.05) + (0 if pod == LOST else waited(time, most, minutes))
                    self.gauge("kafka_network_requestmetrics_totaltimems", pod, lambda time, load, value=value: round(value(time, load), 1), request=request, quantile=quantile)
            parts = {"requestqueuetimems": (1.6, 0), "localtimems": (7, 0), "remotetimems": (15, 700)}
            for part, (usual, most) in parts.items():
                value = lambda time, load, usual=usual, most=most, pod=pod: self.near(usual * load * copied(time), 0.06) + (0 if pod == LOST else waited(time, most, 1.4))
                for request in ("Produce", "FetchConsumer"):
                    self.gauge(f"kafka_network_requestmetrics_{part}", pod, lambda time, load, value=value: round(value(time, load), 1), request=request, quantile="0.99")

    def clients(self):
        """The exporter's view: offsets of each partition, and what groups have committed."""
        exporter = {"job": "kafka-exporter", "pod": EXPORTER}
        self.add("kafka_brokers", exporter, (3 if is_up(time) else 2 for time in TIMES))
        for group, topic in GROUPS.items():
            self.add("kafka_consumergroup_members", {**exporter, "consumergroup": group}, (3 for _ in TIMES))
            of_partitions = []
            for partition in range(12):
                end, committed, ends, commits = self.random.randrange(10**6, 10**7), 0, [], []
                pause = MOVED + self.random.choice((0, 1, 2)) * STEP
                for time, load in zip(TIMES, self.load):
                    rate = RECORDS[topic] / 12 * load * stall(time)
                    end += max(0, round(self.near(rate, 0.05) * STEP))
                    # Members of a group find each other again; then they catch up.
                    behind = round(self.near(rate * 0.4, 0.3))
                    if DOWN <= time <= pause:
                        behind = end - committed
                    elif pause < time <= pause + 2 * STEP:
                        behind = round((end - committed) * 0.3)
                    committed = max(committed, end - max(0, behind))
                    ends.append(end)
                    commits.append(committed)
                labels = {**exporter, "topic": topic, "partition": str(partition)}
                self.add("kafka_topic_partition_current_offset", labels, ends)
                self.add("kafka_consumergroup_current_offset", {**labels, "consumergroup": group}, commits)
                self.add("kafka_consumergroup_lag", {**labels, "consumergroup": group}, (end - committed for end, committed in zip(ends, commits)))
                of_partitions.append(commits)
            self.add("kafka_consumergroup_current_offset_sum", {**exporter, "topic": topic, "consumergroup": group}, map(sum, zip(*of_partitions)))

    def platform(self):
        """What Prometheus says of its targets, and the kubelets of volumes."""
        for job, names in PODS.items():
            for pod in names:
                self.add("up", {"job": job, "pod": pod}, (0 if pod == LOST and not is_up(time) else 1 for time in TIMES))
                if job == "schema-registry":
                    self.add("kafka_schema_registry_master_slave_role", {"job": job, "pod": pod}, (int(pod == names[0]) for _ in TIMES))
        capacity = 100 * 2**30
        for index, pod in enumerate(NODES):
            # The labels that the kubelet's series have; the cluster's name is the monitors'.
            labels = (("job", "kubelet"), ("namespace", "kafka"), ("persistentvolumeclaim", f"data-{pod}"))
            here = [pod != LOST or is_up(time) for time in TIMES]
            written = lambda time: min(time, DOWN) - FIRST if pod == LOST and time < UP else time - FIRST
            free = [round(capacity * (0.58 + 0.02 * index) - written(time) * 0.9e5) if up else None for time, up in zip(TIMES, here)]
            self.series["kubelet_volume_stats_available_bytes", labels] = free
            self.series["kubelet_volume_stats_capacity_bytes", labels] = [capacity if up else None for up in here]


def is_up(time):
    return not DOWN < time < UP


def leads(time, pod):
    """The share of the partitions that a broker leads."""
    if time <= DOWN or time >= BALANCED:
        return 1 / 3
    return 0 if pod == LOST else 1 / 2


def stall(time):
    """What clients send while they look for the new leaders, and what they send late."""
    return {DOWN + STEP: 0.7, DOWN + 2 * STEP: 1.25}.get(time, 1)


def catching_up(time):
    """The share of partitions that the returned broker has not caught up with."""
    return 1 if time < UP + 60 else max(0, (IN_SYNC - time) / (IN_SYNC - UP - 60))


def selector(name, labels):
    return name + "{" + ",".join(f"{key}={json.dumps(value)}" for key, value in labels) + "}"


def evaluated(hour, rules, promtool, folder):
    """What the rules record, and the alerts that they raise, in the hour that is shown: (name, labels) → values at `TIMES`."""
    inputs = []
    for (name, labels), values in hour.series.items():
        words, before = [], None
        for value in values:
            # Prometheus marks the end of a series at the first scrape without it.
            words.append(repr(value) if value is not None else "stale" if before is not None else "_")
            before = value
        inputs.append({"series": selector(name, labels), "values": " ".join(words)})
    points = range(START - FIRST, END - FIRST + 1, STEP)
    asked = '{__name__=~"ALERTS|.+:.+:.+"}'
    # An expectation that is never met, so that promtool says what is there.
    nothing = [{"labels": "nothing", "value": 0}]
    test = {
        "rule_files": [str(rules)],
        "evaluation_interval": f"{STEP}s",
        "tests": [{
            "interval": f"{STEP}s",
            "input_series": inputs,
            "promql_expr_test": [{"expr": asked, "eval_time": f"{point}s", "exp_samples": nothing} for point in points],
        }],
    }
    path = Path(folder) / "hour.json"  # JSON is YAML
    path.write_text(json.dumps(test))
    run = subprocess.run([promtool, "test", "rules", path], capture_output=True, text=True)
    said = run.stdout + run.stderr
    found, empty = {}, 0
    for point, got in re.findall(r"time: (\w+),\s*exp:.*?\n\s*got:\s*(.*?)(?=\n\s*expr:|\n\s*\n|\Z)", said, re.S):
        empty += 1
        index = (duration(point)) // STEP
        for name, labels, value in re.findall(r"([\w:]+)?\{(.*?)\} ([-+.\w]+)(?:,|\n|$|\s)", got):
            pairs = dict((key, json.loads(text)) for key, text in re.findall(r'([\w]+)=("(?:[^"\\]|\\.)*")', labels))
            name = pairs.pop("__name__", name)
            values = found.setdefault((name, tuple(sorted(pairs.items()))), [None] * len(TIMES))
            values[index] = float(value)
    if empty != len(points) or not found:
        raise Problem(f"promtool answered {empty} of {len(points)} questions:\n{said[:2000]}")
    return found


def duration(text):
    seconds = {"h": 3600, "m": 60, "s": 1}
    return sum(int(number) * seconds[unit] for number, unit in re.findall(r"(\d+)([hms])", text))


def with_history(recorded):
    """The error budgets are those of 30 days, of which the generated series are two hours: before them a part was spent."""
    before = {"produce-availability": 0.06, "consume-latency": 0.19, "freshness-billing": 0.31}
    samples = 30 * 86400 // STEP
    for (name, labels), values in recorded.items():
        if name == "slo:kafka_slo_burn_rate:over30d":
            spent = before[dict(labels)["slo"]]
            for index, value in enumerate(values):
                if value is not None:
                    values[index] = (spent * (samples - index - 1) + value * (index + 1)) / samples
    return recorded


def openmetrics(series):
    lines = []
    for (name, labels), values in series.items():
        lines.extend(f"{selector(name, labels)} {value!r} {time}" for time, value in zip(TIMES, values) if value is not None)
    return "\n".join(lines) + "\n# EOF\n"
