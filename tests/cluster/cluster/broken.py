"""A small sound cluster, `tests/cluster/fixture`, with one thing broken at a time, on three nodes: each must fail for its own reason, or `checks` is worth
nothing. Several cases at a time, each in a namespace of its own.
"""

import concurrent.futures
import contextlib
import json
import pathlib
import re
import tempfile
import threading
import time

from . import manifest
from .plan import run as run_checks
from .stack import Stack
from .tools import HERE, PROJECT
from .world import World

FIXTURE = HERE / "fixture"
FORMAT = ("format", "--cluster-id=kZ5nV0yNTc2u8rTzYyDjVw", "--config=/etc/stack/server.properties", "--ignore-formatted")
SIDE_BY_SIDE = 2
MONITORING = threading.Lock()  # a namespace that cases share


class Objects:
    """Those of the sound cluster, with the few edits that the cases make."""

    def __init__(self):
        self.objects = manifest.load(FIXTURE)

    def get(self, kind, name="kafka"):
        return next(o for o in self.objects if o["kind"] == kind and o["metadata"]["name"] == name)

    @property
    def pod(self):
        return self.get("StatefulSet")["spec"]["template"]["spec"]

    @property
    def broker(self):
        return self.pod["containers"][0]

    def setting(self, old, new):
        """Replaces part of server.properties; the old text has to be there, or the case would test nothing."""
        data = self.get("ConfigMap")["data"]
        assert old in data["server.properties"], old
        data["server.properties"] = data["server.properties"].replace(old, new)

    def entrypoint(self, **env):
        """Goes through the image's own entrypoint, as hand-written manifests do."""
        self.pod["initContainers"] = []
        self.pod["containers"][0] = self.broker | {"env": [e for e in self.broker["env"] if e["name"] in ("NODE_ID", "POD_NAME", "KAFKA_HEAP_OPTS")]}
        del self.broker["command"]
        settings = {"KAFKA_PROCESS_ROLES": "broker,controller", "KAFKA_NODE_ID": "$(NODE_ID)", "KAFKA_ADVERTISED_LISTENERS": "CLIENT://$(POD_NAME):9092",
                    "KAFKA_LISTENERS": "CLIENT://:9092,CONTROLLER://:9093", "CLUSTER_ID": "kZ5nV0yNTc2u8rTzYyDjVw"} | env
        self.broker["env"] += [{"name": k, "value": v} for k, v in settings.items() if v]
        self.broker["securityContext"] = {}
        self.broker["volumeMounts"] = [{"name": "data", "mountPath": "/var/lib/kafka/data"}]


CASES = {}


def case(expected, checks="boot", words=None):
    """Registers a broken cluster: exactly one row must fail, and match `expected` (or as many as it has patterns, in order); where that does
    not say why, the pods' logs must: `words`."""
    def register(function):
        CASES[function.__name__] = (function, expected, checks.split(), words)
        return function
    return register


@case((), "boot")
def sound(c):
    """Nothing is broken: this one has to pass, or the others prove nothing."""


@case("Invalid value kafka-[0-9] for configuration (broker|node).id")
def id_is_the_pod_name(c):
    c.setting("node.id=${env:NODE_ID}", "node.id=${env:POD_NAME}")


@case(r"^boot: .*`kafka-\d`: kafka: exit code 1: ", words="INCONSISTENT_CLUSTER_ID")
def cluster_id_per_pod(c):
    init = c.pod["initContainers"][0]
    init["command"] = ["bash", "-c", "kafka-storage format --cluster-id=$(KAFKA_LOG4J_OPTS= kafka-storage random-uuid) --config=/etc/stack/server.properties --ignore-formatted"]


@case("^boot: every workload ready: the log says why", words="Voter key .* didn't match the receiver's replica key")
def constant_node_id(c):
    c.setting("node.id=${env:NODE_ID}", "node.id=0")


@case(r"^boot: .*`kafka-0`: kafka: exit code 1: ", words=r"UnknownHostException: kafka-1\.")
def ordered_start_without_addresses(c):
    c.pod["initContainers"][0]["command"] = ["kafka-storage", *FORMAT]  # it waits for nothing
    c.get("StatefulSet")["spec"]["podManagementPolicy"] = "OrderedReady"
    c.get("Service", "kafka-headless")["spec"]["publishNotReadyAddresses"] = False


@case("/etc/kafka is not writable")
def config_map_over_the_entrypoints_folder(c):
    c.entrypoint()
    c.broker["volumeMounts"].append({"name": "config", "mountPath": "/etc/kafka"})


@case("CLUSTER_ID is required")
def no_cluster_id(c):
    c.entrypoint(CLUSTER_ID="")


@case("KAFKA_PORT is deprecated")
def service_link_variables(c):
    c.entrypoint()
    c.pod["enableServiceLinks"] = True


@case("No resolvable bootstrap urls", "boot")
def job_at_another_variants_brokers(c):
    c.objects.append({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "topics", "namespace": "kafka"}, "spec": {"backoffLimit": 0, "template": {
        "spec": {"restartPolicy": "Never", "containers": [{"name": "topics", "image": c.broker["image"], "command": [
            "kafka-topics", "--bootstrap-server", "kafka-zookeeper-mode.kafka.svc.cluster.local:9092", "--list"]}]}}}})


@case(r"\$\(POD_NAME\)")
def variable_used_before_it_is_defined(c):
    c.setting("CLIENT://${env:POD_NAME}.kafka-headless.kafka.svc.cluster.local:9092,", "${env:CLIENT_ADDRESS},")
    for container in (c.pod["initContainers"][0], c.broker):
        container["env"] = [{"name": "CLIENT_ADDRESS", "value": "CLIENT://$(POD_NAME).kafka-headless.kafka.svc.cluster.local:9092"}, *container["env"]]


@case("lost\\+found")
def log_directory_is_the_volume(c):
    c.setting("log.dirs=/var/lib/kafka/data/kafka-logs", "log.dirs=/var/lib/kafka/data")


@case(r"format: exit code 1: .*AccessDenied")
def no_fs_group(c):
    del c.pod["securityContext"]["fsGroup"]


@case("non-numeric user")
def user_by_name_only(c):
    del c.pod["securityContext"]["runAsUser"]
    for container in (c.pod["initContainers"][0], c.broker):
        container["image"] = "confluentinc/cp-kafka:7.9.6"


@case("kafka: (ErrImagePull|ImagePullBackOff)")
def latest_image(c):
    c.broker["image"] = "confluentinc/cp-kafka:latest"


@case(r"^boot: .*`kafka-\d`: kafka: exit code 1: ", words=r"Initialization of output 'file=\S*kafkaServer-gc\.log")
def garbage_collector_log_on_the_read_only_root(c):
    """The JVM names the file on its standard output and gives up on its standard error: which line is the last one differs from run to run."""
    c.broker["env"] = [e for e in c.broker["env"] if e["name"] not in ("EXTRA_ARGS", "LOG_DIR")]


@case("Startup probe errored.*broker")
def probe_of_a_port_name_that_does_not_exist(c):
    """The kubelet neither counts this as a failure nor restarts anything: the pod is never ready."""
    c.broker["startupProbe"] = {"tcpSocket": {"port": "broker"}, "periodSeconds": 1, "failureThreshold": 3}


@case("^boot: TimeoutException: .*listNodes")
def service_of_a_port_name_that_does_not_exist(c):
    c.get("Service")["spec"]["ports"][0]["targetPort"] = "broker"


@case("^boot: no Service with an address selects the brokers")
def selector_that_matches_nothing(c):
    c.get("Service")["spec"]["selector"] = {"app": "kafka", "tier": "broker"}


@case('configmap "kafka-config" not found')
def missing_config_map(c):
    c.pod["volumes"][0]["configMap"]["name"] = "kafka-config"


@case("kafka failed liveness probe, will be restarted")
def liveness_without_startup(c):
    """A port that opens only after the recovery, asked from the start: the death spiral."""
    del c.broker["startupProbe"]
    c.broker["livenessProbe"] = {"tcpSocket": {"port": "client"}, "periodSeconds": 1, "failureThreshold": 2}
    c.pod["terminationGracePeriodSeconds"] = 2


@case("^clients: (NotLeaderOrFollower|Timeout)", "boot clients")
def shared_host_name(c):
    c.setting("CLIENT://${env:POD_NAME}.kafka-headless", "CLIENT://kafka")
    c.get("ConfigMap")["data"] |= {"producer.properties": "acks=all\n", "consumer.properties": "isolation.level=read_committed\n"}


@case("OOMKilled")
def limit_below_what_the_jvm_takes(c):
    c.broker["resources"] = {"limits": {"memory": "200Mi"}}


@case((), "boot registry")
def two_instances_of_apicurio(c):
    """The registry of `dev` as a pair: both make the same topics at their first start, and neither may end by that."""
    c.objects = [o for o in manifest.load(PROJECT / "out/dev") if o["kind"] == "Namespace" or o["metadata"]["name"].startswith(("kafka", "schema-registry"))
                 and o["kind"] not in ("Job", "Deployment") or o["metadata"]["name"] == "schema-registry"]
    c.get("Deployment", "schema-registry")["spec"]["replicas"] = 2


TOPICS = {"metadata": {"name": "topics", "namespace": "kafka"}, "kind": "ConfigMap", "apiVersion": "v1", "data": {
    "topics.txt": "events partitions=3\nevents replication.factor=3\nevents retention.ms=86400000\n",
    "topics.sh": "kafka-topics --bootstrap-server kafka:9092 --create --if-not-exists --topic events --partitions 3 --replication-factor 3 "
                 "--config retention.ms=86400000\n"}}


def job(c, name, script, image=None):
    c.objects.append({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "namespace": "kafka"}, "spec": {"backoffLimit": 3, "template": {"spec": {
        "restartPolicy": "Never", "volumes": [{"name": "topics", "configMap": {"name": "topics"}}], "containers": [{
            "name": "topics", "image": image or c.broker["image"], "command": ["bash", "-c", script],
            "volumeMounts": [{"name": "topics", "mountPath": "/topics"}]}]}}}})


@case(("^topics: retention converges.* — `events` has 2 partitions", "^topics: fewer partitions are refused.* — Complete: ", "^topics: another replication"), "boot topics")
def create_only_job(c):
    """The Job that every tutorial has: what exists is never changed."""
    c.objects.append(TOPICS)
    job(c, "topics", "until (: >/dev/tcp/kafka/9092) 2>/dev/null; do sleep 1; done; exec bash /topics/topics.sh")


@case(r"^metrics: every series that a rule names has a sample — kafka: `kafka_controller_kafkacontroller_offlinepartitionscount`$", "boot metrics")
def alert_on_what_nothing_exports(c):
    """The target answers, but its rules drop what the alert is about."""
    c.get("ConfigMap")["data"]["metrics.yaml"] = "rules: [{pattern: 'kafka.server<type=BrokerTopicMetrics, name=MessagesInPerSec><>Count', name: messages}]\n"
    agent = "-javaagent:/usr/share/java/cp-base-java/jmx_prometheus_javaagent-0.20.0.jar=9404:/etc/stack/metrics.yaml"
    c.pod["containers"][0] = c.broker | {"env": [*c.broker["env"], {"name": "KAFKA_OPTS", "value": agent}],
                                         "ports": [*c.broker["ports"], {"name": "metrics", "containerPort": 9404}]}
    c.objects += [
        {"apiVersion": "monitoring.coreos.com/v1", "kind": "PodMonitor", "metadata": {"name": "kafka", "namespace": "kafka"}, "spec": {
            "selector": {"matchLabels": {"app": "kafka"}}, "podMetricsEndpoints": [{"port": "metrics"}]}},
        {"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "metadata": {"name": "kafka", "namespace": "kafka"}, "spec": {"groups": [{"name": "kafka", "rules": [
            {"alert": "kafka", "expr": "kafka_controller_kafkacontroller_offlinepartitionscount > 0"}]}]}}]


@case("^policy: .*a stranger reaches kafka:replication", "boot policy")
def policy_that_selects_nothing(c):
    c.objects.append({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "kafka", "namespace": "kafka"}, "spec": {
        "podSelector": {"matchLabels": {"app": "broker"}}, "policyTypes": ["Ingress"], "ingress": []}})


@case("^connect: ", "boot connect", words="UnknownHost|cannot be resolved|UnresolvedAddress")
def advertised_deployment_pod_name(c):
    """A worker that tells the others the name of its pod, which no DNS knows."""
    c.get("ConfigMap")["data"]["worker.properties"] = """bootstrap.servers=kafka:9092
config.providers=env
config.providers.env.class=org.apache.kafka.common.config.provider.EnvVarConfigProvider
group.id=connect
config.storage.topic=connect-configs
offset.storage.topic=connect-offsets
status.storage.topic=connect-status
offset.storage.partitions=3
exactly.once.source.support=enabled
key.converter=org.apache.kafka.connect.storage.StringConverter
value.converter=org.apache.kafka.connect.storage.StringConverter
plugin.path=/usr/share/confluent-hub-components
plugin.discovery=service_load
rest.advertised.host.name=${env:POD_NAME}
"""
    pod = {"enableServiceLinks": False, "volumes": c.pod["volumes"], "initContainers": [
        {"name": "wait", "image": c.broker["image"], "command": ["bash", "-c", "until (: >/dev/tcp/kafka/9092) 2>/dev/null; do sleep 1; done"]}],
        "containers": [{"name": "connect", "image": "confluentinc/cp-kafka-connect:8.3.1", "command": ["connect-distributed", "/etc/stack/worker.properties"],
                        "env": [e for e in c.broker["env"] if e["name"] in ("POD_NAME", "LOG_DIR")], "ports": [{"name": "http", "containerPort": 8083}],
                        "readinessProbe": {"httpGet": {"path": "/health", "port": "http"}, "periodSeconds": 2},
                        "volumeMounts": [m for m in c.broker["volumeMounts"] if m["name"] != "data"]}]}
    c.objects += [
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "kafka-connect", "namespace": "kafka"}, "spec": {"selector": {"app": "connect"}, "ports": [{"port": 8083}]}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "kafka-connect", "namespace": "kafka"}, "spec": {
            "replicas": 2, "selector": {"matchLabels": {"app": "connect"}}, "template": {"metadata": {"labels": {"app": "connect"}}, "spec": pod}}}]


def one(cluster, name):
    """Runs one case. What fails must be what was expected, no more and no less; whether it is so, and what was seen."""
    change, expected, checks, words = CASES[name]
    objects, said = Objects(), []
    change(objects)
    with tempfile.TemporaryDirectory(dir=cluster.state) as folder:
        world = World(cluster, written(pathlib.Path(folder), moved(objects.objects, name.replace("_", "-"))))
        if "the log says why" in expected:  # where nothing ends by itself, and only the words tell it from a slow start
            world.hopeless = words
        stack = Stack(name, manifest.load(world.folder), world, say=said.append)
        try:
            run_checks(stack, checks)
            logs = world.logs()
        finally:
            world.ended.set()
            cluster.kubectl("delete", f"namespace/{stack.namespace}", "--wait=false", "--ignore-not-found")
            for pod in list(world.pods):
                cluster.kubectl("delete", f"pod/{pod.name}", f"--namespace={pod.namespace}", "--force", "--grace-period=0", "--ignore-not-found", check=False)
    bad = [f"{r['check']}: {r['what']} — {r['detail']}" for r in stack.rows if r["good"] is False]
    wanted = [expected] if isinstance(expected, str) else expected
    good = len(bad) == len(wanted) and all(map(re.search, wanted, bad)) and (not words or bool(re.search(words, logs)))
    return good, "\n".join([f"fails: {bad[0][:160]}" if bad else "passes", *([] if good else [*said, f"expected: {expected} {words or ''}", *bad])])


def moved(objects, namespace):
    """The same in another namespace, under the names that it has there."""
    text = json.dumps(objects).replace('"namespace": "kafka"', f'"namespace": "{namespace}"').replace(".kafka.svc", f".{namespace}.svc")
    found = json.loads(text)
    for obj in found:
        if obj["kind"] == "Namespace":
            obj["metadata"] = {"name": namespace}  # without what `dev` enforces there: the fixture is not restricted
    return found


def written(folder, objects):
    """A folder of manifests, as `synth` writes one."""
    for obj in objects:
        (folder / f"{obj['kind']}-{obj['metadata']['name']}.json".lower()).write_text(json.dumps(obj))
    (folder / "kustomization.yaml").write_text(json.dumps({"resources": sorted(path.name for path in folder.glob("*.json"))}))
    return folder


def run(cluster, names):
    """How many of these cases were as they must be."""
    def case_of(name):
        began = time.monotonic()
        with MONITORING if {"metrics", "policy"} & set(CASES[name][2]) else contextlib.nullcontext():
            good, seen = one(cluster, name)
        print(f"{'ok  ' if good else 'FAIL'} {name} ({time.monotonic() - began:.0f} s): {seen}", flush=True)
        return good

    with concurrent.futures.ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        right = sum(pool.map(case_of, names))
    print(f"{right} of {len(names)} broken clusters failed for their own reason")
    return right
