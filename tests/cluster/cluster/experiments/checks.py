"""The checks of `tests/real` on real nodes: topics, clients, Connect, the registry, metrics, policies and faults."""

from runner import manifest, one
from runner.stack import Stack

from ..world import World


def run(cluster, folder, report):
    world = World(cluster, folder)
    cluster.cleanup.callback(world.ended.set)
    stack = Stack(folder.name, manifest.load(folder), world, lambda text: print(text, flush=True))
    one.run(stack, one.USUAL)
    for row in stack.rows:
        if row["good"] is not None:
            report.count(f"{row['check']}: {row['what']}", row["good"], row["detail"])
