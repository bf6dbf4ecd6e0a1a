"""The end-to-end probe of a closed cluster: it writes to each broker and reads again, may do nothing else, and its alert tells when it cannot.

Asked for by name (`--checks boot,probe`), with a stack that has a `Probe`: brokers are killed and permissions are taken away.
"""

import json
import time

from ..prometheus import FETCH, Prometheus, clock, program
from ..stack import permissions
from ..world import Failure
from . import metrics
from .faults import full_isr
from .permissions_job import again
from .security import DENIED, Application, words_of_secrets

CLOCK = 6  # of the rules and the scrapes
SERIES = "kminion_end_to_end_"
PRODUCED, FAILED, LOST, RECEIVED = (f"{SERIES}messages_{name}_total" for name in ("produced", "produced_failed", "lost", "received"))
FAST = f"{SERIES}roundtrip_latency_seconds_bucket"
SLOW = "1.28"  # as `le` of the alert on slow records
SHARE = 0.3  # of the alert on records that are refused or lost
LOOK = 20  # seconds between two looks at series
OTHER = "proof.probe"


def before(_):
    program()


def run(stack):
    found = stack.deployments("/kminion:")
    if not found:
        raise Failure("the stack has no probe")
    Proof(stack, found[0]).run()


def last(output):
    return (output.strip().splitlines() or ["it said nothing"])[-1]


class Proof:
    def __init__(self, stack, obj):
        self.stack, self.workload, self.name = stack, stack.workload(obj), obj["metadata"]["name"]
        env = {e["name"]: e.get("value") for e in obj["spec"]["template"]["spec"]["containers"][0]["env"]}
        self.topic = env["MINION_ENDTOEND_TOPICMANAGEMENT_NAME"]
        self.prefix = env["MINION_ENDTOEND_CONSUMER_GROUPIDPREFIX"]
        self.partitions = []

    def run(self):
        old = self.groups()
        with clock(CLOCK):
            self.prometheus = Prometheus(self.stack)
        self.restart()
        self.sound()
        self.series()
        self.nothing_else()
        self.prometheus.wait("the alerts of the start are over", lambda: "KafkaProbeFailing" not in self.prometheus.now and self.scraped(), 300)
        self.prometheus.fired.clear()
        self.one_killed()
        self.two_killed()
        self.refused()
        left = set(old) & set(self.groups())
        self.stack.fact("probe", "the group of its earlier start is deleted", old and not left, f"it was {', '.join(old)}; there is {', '.join(self.groups())}")
        said, secrets = self.pod().containers[0].log(), set(words_of_secrets(self.stack.world))
        self.stack.fact("probe", "no password in what it says", said and secrets and not any(word in said for word in secrets), f"{len(said.splitlines())} lines")

    # -- what is seen ----------------------------------------------------------------------------------------------------------------

    def pod(self):
        return self.workload.pods()[0]

    def groups(self):
        return [group for group in self.stack.client.ask("groups") if group.startswith(self.prefix)]

    def exported(self):
        pod = self.pod()
        return self.stack.world.from_pod(self.prometheus.pod, FETCH, f"http://{pod.address}:{pod.named_ports['http-metrics']}/metrics")

    def look(self):
        """(series, partition) → value, of what it exports now."""
        seen = {}
        for line in self.exported().splitlines():
            for name, labels in metrics.parse(line):
                if labels.get("le", SLOW) == SLOW:
                    seen[name, labels.get("partition_id")] = float(line.rsplit(" ", 1)[1])
        return seen

    def growth(self, seconds, meanwhile=lambda: None):
        """By how much each series grows within this time: (series, partition) → records."""
        first = self.look()
        meanwhile()
        time.sleep(seconds)
        return {key: value - first.get(key, 0) for key, value in self.look().items()}

    def of(self, grown, name):
        return [int(grown.get((name, partition), 0)) for partition in self.partitions]

    def failing(self, grown):
        """The share of records of each partition that the alert counts."""
        return [(failed + lost) / max(produced, 1) for failed, lost, produced in
                zip(self.of(grown, FAILED), self.of(grown, LOST), self.of(grown, PRODUCED))]

    def told(self, grown):
        return (f"in {LOOK} s produced {self.of(grown, PRODUCED)}, refused {self.of(grown, FAILED)}, lost {self.of(grown, LOST)}, "
                f"read again {self.of(grown, RECEIVED)}")

    def scraped(self):
        return self.prometheus.get("query", query=f'count(rate({PRODUCED}[1m]) > 0) == {len(self.partitions)}')["result"]

    def fires(self, cause, name, within):
        try:
            seen, seconds = self.prometheus.wait(name, lambda: self.prometheus.fired.get(name), within)
            self.stack.fact("probe", f"{cause}: `{name}` fires", True, seen[1][0], seconds)
        except Failure as error:
            self.stack.fact("probe", f"{cause}: `{name}` fires", False, error)

    def clears(self, cause, name, within=300):
        try:
            seconds = self.prometheus.wait(f"`{name}` clears", lambda: name not in self.prometheus.now, within)[1]
            self.stack.fact("probe", f"{cause}: `{name}` clears", True, "", seconds)
        except Failure as error:
            self.stack.fact("probe", f"{cause}: `{name}` clears", False, error)
        self.prometheus.fired.clear()

    # -- what is done ----------------------------------------------------------------------------------------------------------------

    def restart(self):
        """Another pod, as after a drain."""
        self.pod().delete()
        self.workload.create()
        pod = self.pod()
        self.stack.world.wait("the probe is ready again", lambda: pod.ready, 200, lambda: pod.problem)

    def sound(self):
        leaders = self.stack.client.ask("leaders", self.topic)
        self.partitions = [str(partition) for partition in range(len(leaders))]
        brokers = self.stack.client.ask("cluster")["nodes"]
        self.stack.fact("probe", "its topic has a partition for each broker, which leads it", sorted(leaders) == brokers,
                        f"leaders {leaders}, brokers {brokers}; {json.dumps(self.stack.client.ask('topics')[self.topic]['configs'])}")
        time.sleep(5)
        grown = self.growth(LOOK)
        good = all(n >= LOOK // 2 for name in (PRODUCED, RECEIVED) for n in self.of(grown, name)) and not sum(self.of(grown, FAILED) + self.of(grown, LOST))
        self.stack.fact("probe", "it writes to each broker and reads again", good, self.told(grown))
        self.stack.fact("probe", "most records are fast", sum(self.of(grown, FAST)) >= 0.9 * sum(self.of(grown, RECEIVED)) > 0,
                        f"{sum(self.of(grown, FAST))} of {sum(self.of(grown, RECEIVED))} within {SLOW} s")

    def series(self):
        """What its rules name, among what it exports."""
        samples = list(metrics.parse(self.exported()))
        named = {(name, tuple(wanted)) for rule in metrics.rules(self.stack) for name, wanted in metrics.series(str(rule["expr"])) if name.startswith(SERIES)}
        absent = sorted({name for name, wanted in named if not any(metrics.fits(name, wanted, *sample) for sample in samples)})
        self.stack.fact("probe", "each series that a rule names has a sample", named and not absent, ", ".join(absent) or f"{len({n for n, _ in named})} series")

    def nothing_else(self):
        """Its user may do what the probe does, and nothing else."""
        self.stack.client.ask("create", OTHER, 1, 3)
        self.stack.client.ask("produce", "-", OTHER, 3)
        app = Application(self.stack, self.name)
        own = f"{self.prefix}-proof"
        asked = [
            ("write its topic", True, ("write", self.topic)),
            ("read its topic as a group of its own", True, ("read", own, self.topic)),
            ("read its topic as another group", False, ("read", "proof-group", self.topic)),
            ("write another topic", False, ("write", OTHER)),
            ("read another topic", False, ("read", own, OTHER)),
            ("delete another topic", False, ("delete", OTHER)),
            ("change another topic", False, ("alter", OTHER, "retention.ms=1000")),
            ("add partitions to another topic", False, ("grow", OTHER, 2)),
            ("create another topic", False, ("create", f"{OTHER}.stolen", 1, 3)),
            ("create a topic that begins like its own", False, ("create", f"{self.topic}-2", 1, 3)),
            ("delete its topic", False, ("delete", self.topic)),
            ("change its topic", False, ("alter", self.topic, "retention.ms=1000")),
        ]
        for what, may, words in asked:
            refusal = app.attempt(*words)
            good = refusal is None if may else refusal is not None and (DENIED in refusal or "UnknownTopicOrPartition" in refusal)
            self.stack.fact("probe", f"its user may {'' if may else 'not '}{what}", good, (refusal or "done")[:120])
        app.end()
        self.stack.client.ask("delete", OTHER)

    def one_killed(self):
        """The controllers make others leaders once its session is over, which is 9 s."""
        brokers = self.stack.workload(self.stack.brokers()[0])
        victim = brokers.pods()[-1]
        led = self.stack.client.ask("leaders", self.topic).index(int(victim.name.rsplit("-", 1)[1]))
        began = time.time()
        grown = self.growth(2 * LOOK, victim.lose)
        late = self.of(grown, RECEIVED)[led] - self.of(grown, FAST)[led]
        bad = self.of(grown, FAILED)[led] + self.of(grown, LOST)[led]
        self.stack.fact("probe", "a broker is killed: records of the partition that it led come late", late + bad > 0,
                        f"{late} take longer than {SLOW} s, {bad} are refused or lost", time.time() - began)
        self.stack.fact("probe", "which is less than three of ten records in two minutes", bad < SHARE * 120, f"{bad} of 120")
        after = self.growth(LOOK)
        self.stack.fact("probe", "`KafkaProbeFailing` does not fire", "KafkaProbeFailing" not in self.prometheus.fired, "")
        self.stack.fact("probe", "and then others lead it, and records come back as before", max(self.failing(after)) == 0 and min(self.of(after, RECEIVED)) > 0, self.told(after))

    def two_killed(self):
        """The topic asks for two replicas in sync."""
        brokers = self.stack.workload(self.stack.brokers()[0])
        self.prometheus.fired.clear()
        victim = brokers.pods()[-2]
        victim.lose()
        time.sleep(30)  # a client tries again for 17 s
        grown = self.growth(LOOK)
        self.stack.fact("probe", "two brokers of three are killed: more than three of ten records of each partition are refused or lost",
                        min(self.failing(grown)) > SHARE, self.told(grown))
        self.fires("two brokers of three are killed", "KafkaProbeFailing", 200)
        for pod in brokers.pods():
            pod.release()
        self.stack.world.wait("every broker is back", brokers.ready, 400)
        full_isr(self.stack)
        self.clears("they are back", "KafkaProbeFailing")
        grown = self.growth(LOOK)
        self.stack.fact("probe", "and records come back", max(self.failing(grown)) == 0 and min(self.of(grown, RECEIVED)) > 0, self.told(grown))

    def refused(self):
        """Its edges are no longer declared, and the Job of `Permissions` has run."""
        mine = [f"{self.name} {fact}\n" for fact in permissions(self.stack)[self.name] if fact.startswith("acl topic") and fact.split()[-1] != "DESCRIBE"]

        def without(text):
            for line in mine:
                text = text.replace(line, "")
            return text

        state, output, seconds = again(self.stack, without)
        self.stack.fact("probe", "the permissions on its topic are no longer declared: the next run of the Job takes them", state == "Complete" and len(mine) == 4,
                        last(output), seconds)
        grown = self.growth(LOOK)
        self.stack.fact("probe", "every record is refused then", min(self.failing(grown)) > 0.9, self.told(grown))
        line = next((line for line in reversed(self.pod().containers[0].log().splitlines()) if "failed to produce" in line), "nothing")
        self.stack.fact("probe", "and its log says why", "AUTHORIZATION_FAILED" in line, line[:200])
        self.fires("its permissions are gone", "KafkaProbeFailing", 200)
        state, output, seconds = again(self.stack)
        self.stack.fact("probe", "they are declared again, and the Job has run", state == "Complete", last(output), seconds)
        self.clears("it has its permissions again", "KafkaProbeFailing")
        grown = self.growth(LOOK)
        self.stack.fact("probe", "and records come back, without a restart", max(self.failing(grown)) == 0 and min(self.of(grown, RECEIVED)) > 0
                        and not self.pod().restarts, self.told(grown))
