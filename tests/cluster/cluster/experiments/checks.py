"""The checks of `../checks`: topics, clients, Connect, the registry, metrics, policies and faults; `alerts` and `quiet` with a Prometheus."""

import functools

from .. import manifest, plan
from ..stack import Stack
from ..world import World


def run(cluster, folder, report, checks=plan.USUAL):
    world = World(cluster, folder)
    cluster.cleanup.callback(world.ended.set)
    stack = Stack(folder.name, manifest.load(folder), world, lambda text: print(text, flush=True))
    plan.run(stack, checks)
    for row in stack.rows:
        if row["good"] is not None:
            report.count(f"{row['check']}: {row['what']}", row["good"], row["detail"])


alerts, quiet = (functools.partial(run, checks=("boot", check)) for check in ("alerts", "quiet"))
