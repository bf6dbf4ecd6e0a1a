"""The checks of `../checks`: topics, clients, Connect, the registry, metrics, policies and faults; `alerts` and `quiet` with a Prometheus."""

import contextlib
import fcntl
import functools

from .. import manifest, plan
from ..stack import Stack
from ..world import World


@contextlib.contextmanager
def alone(path):
    """Runs that stand side by side boot one after another: twenty JVMs that start at once are more than two cores can do in the time that a stack
    gives its pods."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def run(cluster, folder, report, checks=plan.USUAL):
    world = World(cluster, folder)
    cluster.cleanup.callback(world.ended.set)
    stack = Stack(folder.name, manifest.load(folder), world, lambda text: print(text, flush=True))
    plan.run(stack, checks, alone(cluster.images.tools / "boot.lock"))
    for row in stack.rows:
        if row["good"] is not None:
            report.count(f"{row['check']}: {row['what']}", row["good"], row["detail"])


alerts, quiet = (functools.partial(run, checks=("boot", check)) for check in ("alerts", "quiet"))
