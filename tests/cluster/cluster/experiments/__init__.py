"""What is tried on a cluster, a module each: `run(cluster, folder, report)` states what it sees of the stack in a folder."""

from ..control_plane import ClusterError
from ..report import Report
from . import accepted, boot, changes, checks, deployed, drain, handbook, kept, operated, pairs, policies, power, roll, verify

OF_CONTROL_PLANE = {"accepted": accepted.run, "deployed": deployed.run, "kept": kept.run, "pairs": pairs.run}
ON_NODES = {"boot": boot.run, "changes": changes.run, "checks": checks.run, "drain": drain.run, "handbook": handbook.run, "operated": operated.run,
            "operated-replace": operated.replaced, "operated-move": operated.moved, "operated-roll": operated.rolled, "operated-verify": operated.verified,
            "operated-careless": operated.careless, "policies": policies.run, "power": power.run, "roll": roll.run, "roll-slow": roll.slow,
            "roll-drain": roll.drain, "roll-down": roll.down, "roll-ungated": roll.ungated, "verify": verify.run}
EXPERIMENTS = OF_CONTROL_PLANE | ON_NODES


def report(stack, experiment, cluster, run):
    """The report of `run(cluster, report)`, on a cluster that is started for it."""
    result = Report(stack, experiment)
    try:
        with cluster:
            run(cluster, result)
    except ClusterError as error:
        result.fact("the cluster works", False, str(error))
    return result
