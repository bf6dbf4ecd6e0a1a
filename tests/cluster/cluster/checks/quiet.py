"""An ordinary hour, on the clock of the wall: a real Prometheus tells of nothing, nor while every broker is restarted in turn, nor while one
is away for as long as a drained node may keep it away.

Asked for by name (`--checks boot,quiet`): it takes an hour and three quarters. `QUIET_MINUTES` shortens its three waits, and is in what it states.
"""

import os
import time

from .. import prometheus
from ..prometheus import Prometheus
from . import connect, metrics
from .alerts import NOT_WAITED_FOR
from .faults import full_isr, load, roll

TOPIC = "proof.quiet"
# The hour; after the restarts longer than any rule leaves them out and then waits; the same after the drain.
MINUTES = [int(m) for m in os.environ.get("QUIET_MINUTES", "60,20,20").split(",")]
AWAY_SECONDS = 60
SETTLED_SECONDS = 1200


def before(_):
    prometheus.real_time()
    prometheus.program()


def run(stack):
    workload = stack.workload(stack.brokers()[0])
    server, known = Prometheus(stack), [rule["alert"] for rule in metrics.rules(stack) if "alert" in rule]
    connect.prepare(stack)
    load(stack, TOPIC)
    server.wait("every target answers", lambda: not server.get("query", query="up == 0 or absent(up)")["result"], 300)
    server.wait("no alert of the start is left", lambda: not server.now - NOT_WAITED_FOR, SETTLED_SECONDS)
    server.fired.clear()
    hour, after_roll, after_drain = MINUTES

    silent(stack, server, known, hour, f"{hour} minutes with traffic")
    roll(stack, workload)
    silent(stack, server, known, after_roll, f"every broker was restarted in turn, and {after_roll} minutes went by")
    ordinal = workload.ordinals[-1]
    stack.world.pod(f"{workload.name}-{ordinal}").delete()
    time.sleep(AWAY_SECONDS)
    back = workload.create(ordinal)
    stack.world.wait(f"`{back.name}` is back", lambda: back.ready, 300, lambda: back.problem)
    full_isr(stack)
    silent(stack, server, known, after_drain, f"a broker was away for {AWAY_SECONDS} s as in a drain, and {after_drain} minutes went by")
    done = stack.client.ask("unload", timeout=250)
    stack.fact("quiet", "the writer saw nothing of it", done["failures"] == 0, f"{done['acknowledged']} acknowledged, {done['failures']} failed")
    stack.client.ask("delete", TOPIC)


def silent(stack, server, known, minutes, what):
    time.sleep(60 * minutes)
    loud = sorted(set(known) & set(server.fired))
    stack.fact("quiet", f"{what}: none of {len(known)} alerts fires", not loud, "; ".join(f"{name}: {server.fired[name][1][0]}" for name in loud))
    server.fired.clear()
