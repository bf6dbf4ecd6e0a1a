"""The emitted client property files as they are: idempotent and transactional writes, and what `read_committed` sees."""

from ..stack import properties

TOPIC = "proof.clients"


def files(stack, mark, without="~"):
    """The emitted client files, as the application's pod has them, that set `mark` (and not `without`)."""
    return [f"/etc/maps/{o['metadata']['name']}/{key}" for o in stack.objects if o["kind"] == "ConfigMap" for key, text in sorted((o.get("data") or {}).items())
            if key.endswith(".properties") and mark in properties(text) and without not in properties(text) and "sasl.mechanism" not in properties(text) and "process.roles" not in properties(text)]


def emitted(stack, what):
    """The file for a `producer` or a `consumer` of no group of its own, or "-" where the stack has none."""
    found = files(stack, "acks", "transactional.id") if what == "producer" else files(stack, "isolation.level", "group.id")
    return found[0] if found else "-"


def run(stack):
    if stack.closed:
        return  # `security` looks at the files of each application, as that application
    client = stack.client
    producers, consumers, transactional = files(stack, "acks", "transactional.id"), files(stack, "isolation.level"), files(stack, "transactional.id")
    stack.fact("clients", "files for producers and consumers are emitted", producers and consumers,
               ", ".join(p.rsplit("/", 1)[-1] for p in producers + transactional + consumers))
    producer, consumer = emitted(stack, "producer"), emitted(stack, "consumer")
    client.ask("create", TOPIC, 3, 3 if len(client.ask("cluster")["nodes"]) >= 3 else 1)
    for number, path in enumerate(producers or ["-"]):
        client.ask("produce", path, TOPIC, 100)
        stack.fact("clients", f"idempotent writes with `{path.rsplit('/', 1)[-1]}`", True, "100 records acknowledged")
    values = [v for part in client.ask("consume", consumer, TOPIC).values() for v in part]
    stack.fact("clients", "every acknowledged record is read once", len(values) == 100 * max(1, len(producers)), f"{len(values)} records")
    order = client.ask("consume", consumer, TOPIC)
    # Each producer writes the same numbers after the one before it: within a partition they fall only where the next producer begins.
    wrong = [p for p, part in order.items() if sum(int(b[6:]) <= int(a[6:]) for a, b in zip(part, part[1:])) >= max(1, len(producers))]
    stack.fact("clients", "order within a partition is kept", not wrong, f"partitions {sorted(order)}")
    topic = f"{TOPIC}.transactions"
    client.ask("create", topic, 3, 3 if len(client.ask("cluster")["nodes"]) >= 3 else 1)
    client.ask("transactions", transactional[0] if transactional else producer, topic, "+10", "-7", "+5")
    seen = sorted(v for part in client.ask("consume", consumer, topic).values() for v in part)
    committed = sorted(f"committed-{n}" for n in [*range(10), *range(17, 22)])
    stack.fact("clients", "`read_committed` sees exactly the committed records", seen == committed, f"15 committed, 7 aborted, {len(seen)} seen")
    everything = [v for part in client.ask("consume", consumer, topic, "isolation.level=read_uncommitted").values() for v in part]
    stack.fact("clients", "the aborted records were really written", len(everything) == 22, f"{len(everything)} under `read_uncommitted`")
    client.ask("delete", topic)  # the other stays: its group's offsets are what the exporter's lag is made of
