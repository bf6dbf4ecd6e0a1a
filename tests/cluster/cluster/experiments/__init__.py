"""What is tried on a cluster, a module each: `run(cluster, folder, report)` states what it sees of the stack in a folder."""

from ..control_plane import ClusterError
from ..report import Report
from . import accepted, boot, changes, deployed, drain, kept, operated, pairs, policies, power, roll, verify

EXPERIMENTS = {"accepted": accepted.run, "boot": boot.run, "changes": changes.run, "deployed": deployed.run, "drain": drain.run,
               "kept": kept.run, "operated": operated.run, "operated-careless": operated.careless, "pairs": pairs.run, "policies": policies.run, "power": power.run,
               "roll": roll.run, "roll-slow": roll.slow, "roll-drain": roll.drain, "roll-down": roll.down, "roll-ungated": roll.ungated,
               "verify": verify.run}
ON_NODES = {"boot", "changes", "drain", "operated", "operated-careless", "policies", "power", "roll", "roll-slow", "roll-drain", "roll-down", "roll-ungated", "verify"}  # the others need the control plane alone


def report(stack, experiment, cluster, run):
    """The report of `run(cluster, report)`, on a cluster that is started for it."""
    result = Report(stack, experiment)
    try:
        with cluster:
            run(cluster, result)
    except ClusterError as error:
        result.fact("the cluster works", False, str(error))
    return result
