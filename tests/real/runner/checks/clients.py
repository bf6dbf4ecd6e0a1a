"""3. The emitted client property files as they are: idempotent and transactional writes, and what `read_committed` sees."""

from ..world import Failure

TOPIC = "proof.clients"


def emitted(stack, what):
    """The path of the emitted property file for `producer` or `consumer` in the application's pod, or "-" with plain defaults."""
    found = files(stack, what)
    return found[0] if found else "-"


def files(stack, what):
    """All emitted client files of a kind: those whose settings only a producer or only a consumer has."""
    marks = {"producer": "acks=", "consumer": "isolation.level="}[what]
    return [f"/etc/maps/{o['metadata']['name']}/{key}" for o in stack.objects if o["kind"] == "ConfigMap"
            for key, text in sorted((o.get("data") or {}).items())
            if key.endswith(".properties") and any(line.startswith(marks) for line in text.splitlines())
            and not any(line.startswith(("process.roles", "zookeeper.connect", "group.id=connect", "config.storage.topic")) for line in text.splitlines())]


def run(stack):
    client = stack.client
    producers, consumers = files(stack, "producer"), files(stack, "consumer")
    stack.fact("clients", "the stack emits files for producers and consumers", producers and consumers,
               ", ".join(p.removeprefix("/etc/maps/") for p in producers + consumers))
    producer, consumer = emitted(stack, "producer"), emitted(stack, "consumer")
    client.ask("create", TOPIC, 3, 3 if len(client.ask("cluster")["nodes"]) >= 3 else 1)
    for number, path in enumerate(producers or ["-"]):
        client.ask("produce", path, TOPIC, 100)
        stack.fact("clients", f"idempotent writes with `{path.rsplit('/', 1)[-1]}`", True, "100 records acknowledged")
    values = [v for part in client.ask("consume", consumer, TOPIC).values() for v in part]
    stack.fact("clients", "every acknowledged record is read once", len(values) == 100 * max(1, len(producers)), f"{len(values)} records")
    order = client.ask("consume", consumer, TOPIC)
    wrong = [p for p, part in order.items() if [int(v[6:]) for v in part[:100 // 3]] != sorted(int(v[6:]) for v in part[:100 // 3])]
    stack.fact("clients", "order within a partition is kept", not wrong, f"partitions {sorted(order)}")
    topic = f"{TOPIC}.transactions"
    client.ask("create", topic, 3, 3 if len(client.ask("cluster")["nodes"]) >= 3 else 1)
    client.ask("transactions", producer, topic, "+10", "-7", "+5")
    seen = sorted(v for part in client.ask("consume", consumer, topic).values() for v in part)
    committed = sorted(f"committed-{n}" for n in [*range(10), *range(17, 22)])
    stack.fact("clients", "`read_committed` sees exactly the committed records", seen == committed, f"15 committed, 7 aborted, {len(seen)} seen")
    everything = [v for part in client.ask("consume", consumer, topic, "isolation.level=read_uncommitted").values() for v in part]
    stack.fact("clients", "the aborted records were really written", len(everything) == 22, f"{len(everything)} under `read_uncommitted`")
    for name in (TOPIC, topic):
        client.ask("delete", name)
