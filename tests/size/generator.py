"""What exporters of a large cluster export: 2,000 topics of 50 partitions, which two of 500 groups read each, on 15 brokers. `TOPICS` in the
environment is another number of topics."""
import http.server
import itertools
import os
import threading
import time

TOPICS, PARTITIONS, GROUPS, READERS, BROKERS, COPIES = int(os.environ.get("TOPICS", "2000")), 50, 500, 2, 15, 3

# Of a healthy cluster; what is not here is 0, and a counter grows.
VALUES = {"kafka_server_kafkaserver_brokerstate": 3, "kafka_controller_kafkacontroller_activebrokercount": BROKERS, "kafka_jvm_heap_used_bytes": 3e9,
          "kafka_controller_kafkacontroller_globalpartitioncount": TOPICS * PARTITIONS, "kafka_jvm_heap_max_bytes": 6e9,
          "kafka_server_replicamanager_leadercount": TOPICS * PARTITIONS // BROKERS, "kafka_jvm_start_time_seconds": time.time() - 1e6,
          "kafka_server_kafkarequesthandlerpool_requesthandleravgidlepercent": 0.9, "kafka_log_log_size": 1e9,
          "kafka_server_kafkarequesthandlerpool_brokerrequesthandleravgidlepercent": 0.9, "kafka_jvm_max_file_descriptors": 1e6,
          "kafka_network_socketserver_networkprocessoravgidlepercent": 0.9, "kafka_server_socketservermetrics_io_wait_ratio": 0.9,
          "kafka_jvm_open_file_descriptors": 3e4}
# The values of labels, as many as a broker has of each.
LABELS = {"quantile": ["0.50", "0.95", "0.99", "0.999"], "request": ["Produce", "FetchConsumer", "FetchFollower"], "gc": ["G1 Young", "G1 Old", "G1 Mixed"],
          "listener": ["CLIENT", "REPLICATION"], "network_processor": [str(n) for n in range(8)], "state": ["follower"],
          "error": ["NONE", "NOT_LEADER_OR_FOLLOWER", "NOT_ENOUGH_REPLICAS", "REQUEST_TIMED_OUT"]}
# Counters that stay at 0.
FAULTS = ("unclean", "isrshrinks", "failed", "timedout")
OF_PARTITIONS = ("current_offset", "oldest_offset", "leader", "replicas", "in_sync_replica", "leader_is_preferred", "under_replicated_partition")


def topic(number):
    return f"team-{number % 100:03}.events.topic-{number:04}"


def groups(number):
    return [f"team-{number % 100:03}.application-{(number + 251 * reader) % GROUPS:03}" for reader in range(READERS)]


def head(name, metric_type="gauge"):
    return f"# HELP {name} What it is.\n# TYPE {name} {metric_type}\n"


class Exporter:
    """kafka_exporter 1.9: every topic grows by 10 records per second and partition, and its groups commit what they read each time."""

    def __init__(self):
        self.began = time.time()
        self.labels = [f'{{partition="{p}",topic="{topic(t)}"}}' for t in range(TOPICS) for p in range(PARTITIONS)]
        self.read = [f'{{consumergroup="{group}",partition="{p}",topic="{topic(t)}"}}'
                     for t in range(TOPICS) for group in groups(t) for p in range(PARTITIONS)]
        self.sums = [f'{{consumergroup="{group}",topic="{topic(t)}"}}' for t in range(TOPICS) for group in groups(t)]
        members = sorted({group for t in range(TOPICS) for group in groups(t)})
        fixed = [head("kafka_brokers"), f"kafka_brokers {BROKERS}\n", head("kafka_topic_partitions")]
        fixed += [f'kafka_topic_partitions{{topic="{topic(t)}"}} {PARTITIONS}\n' for t in range(TOPICS)]
        fixed += [head("kafka_consumergroup_members")] + [f'kafka_consumergroup_members{{consumergroup="{g}"}} 3\n' for g in members]
        for name in OF_PARTITIONS[1:]:
            value = {"replicas": COPIES, "in_sync_replica": COPIES, "leader_is_preferred": 1}.get(name, 0)
            name = f"kafka_topic_partition_{name}"
            fixed += [head(name)] + [f"{name}{labels} {value}\n" for labels in self.labels]
        self.fixed = "".join(fixed).encode()

    def text(self):
        end = int(10 * (time.time() - self.began)) + 1_000_000
        committed = end - 50
        parts = [(f"kafka_topic_partition_{OF_PARTITIONS[0]}", self.labels, end), ("kafka_consumergroup_current_offset", self.read, committed),
                 ("kafka_consumergroup_lag", self.read, end - committed), ("kafka_consumergroup_lag_sum", self.sums, PARTITIONS * (end - committed)),
                 ("kafka_consumergroup_current_offset_sum", self.sums, PARTITIONS * committed)]
        return self.fixed + b"".join((head(name) + "".join(f"{name}{labels} {value}\n" for labels in of)).encode() for name, of, value in parts)


class Agent:
    """The agent of a node: what the rules in its file make of the beans of such a cluster."""

    def __init__(self, rules, number, active):
        self.began, self.parts = time.time(), []
        for rule in rules:
            if not rule["name"]:
                continue
            labels = rule.get("labels") or {}
            if set(labels) == {"topic", "partition"}:
                replicas = [n for n in range(TOPICS * PARTITIONS) if (n + number) % BROKERS < COPIES]
                series = [f'{{partition="{n % PARTITIONS}",topic="{topic(n // PARTITIONS)}"}}' for n in replicas]
            else:
                values = [[f'{label}="{value}"' for value in ([topic(t) for t in range(TOPICS)] if label == "topic" else LABELS[label])] for label in labels]
                series = ["{" + ",".join(one) + "}" if one else "" for one in itertools.product(*values)]
            value = VALUES.get(rule["name"], 0)
            if rule["name"] == "kafka_controller_kafkacontroller_activecontrollercount":
                value = int(active)
            name, kind = rule["name"], rule["type"].lower()
            grows = kind == "counter" and not any(word in name for word in FAULTS)
            if "error" in labels:
                # No answer but NONE.
                self.parts.append((False, head(name, kind), [f"{name}{one} " for one in series if 'error="NONE"' not in one], 0))
                series = [one for one in series if 'error="NONE"' in one]
            first = "" if "error" in labels else head(name, kind)
            self.parts.append((grows, first, [f"{name}{one} " for one in series], value))

    def text(self):
        grown = int(100 * (time.time() - self.began))
        return "".join(first + "".join(f"{one}{grown if grows else value}\n" for one in series)
                       for grows, first, series, value in self.parts).encode()


def serve(source):
    """Serves a source on loopback; returns the port, and the sizes of what was asked for."""
    sizes = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = source.text()
            sizes.append(len(body))
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1], sizes
