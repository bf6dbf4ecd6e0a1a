"""What is tried on a cluster, a module each: `run(cluster, folder, report)` states what it sees of the stack in a folder."""

import shutil
import subprocess

from real.software import Missing

from .. import prometheus
from ..control_plane import ClusterError
from ..plan import ON_A_CLOCK
from ..report import Report
from ..stack import ClientError
from ..world import Failure
from . import accepted, apart, argo, boot, changes, checks, deployed, drain, flux, handbook, kept, operated, pairs, policies, power, roll, verify

OF_CONTROL_PLANE = {"accepted": accepted.run, "deployed": deployed.run, "kept": kept.run, "pairs": pairs.run}
GITOPS = {"argo": argo.run, "flux": flux.run}  # of a control plane, with what `install-gitops` builds
ON_NODES = {
    "alerts": checks.alerts, "apart": apart.run, "boot": boot.run, "changes": changes.run, "checks": checks.run, "drain": drain.run, "handbook": handbook.run,
    "operated": operated.run, "operated-replace": operated.replaced, "operated-move": operated.moved, "operated-roll": operated.rolled,
    "operated-verify": operated.verified, "operated-careless": operated.careless, "policies": policies.run, "power": power.run, "quiet": checks.quiet,
    "roll": roll.run, "roll-slow": roll.slow, "roll-drain": roll.drain, "roll-down": roll.down, "roll-ungated": roll.ungated, "verify": verify.run,
}
EXPERIMENTS = OF_CONTROL_PLANE | GITOPS | ON_NODES
# What every stack can be asked, in hours: `--only all`. The others are about one stack, or about the API server alone.
ALL = [name for name in EXPERIMENTS if not name.startswith(("operated", "changes", "pairs"))]

# The programs of this checkout that an experiment runs, and the command that makes them.
BINARIES = {"changes": verify.BINARY, "deployed": verify.BINARY, "verify": verify.BINARY} \
    | {name: operated.BINARY for name in EXPERIMENTS if name.startswith("operated")}
BUILDS = {verify.BINARY: "cargo build", operated.BINARY: "cargo build --example pools"}


def need(only, checks):
    """Missing, if a program that these experiments or checks need besides the cluster's is not there: said before minutes are spent."""
    for binary in {BINARIES[name] for name in only if name in BINARIES}:
        if not binary.exists():
            raise Missing(f"missing: `{binary}`; `{BUILDS[binary]}` makes it")
    if ON_A_CLOCK & {*only, *(checks or ())}:
        prometheus.program()
    if "changes" in only and not shutil.which("mkfs.xfs"):
        raise Missing("missing: `mkfs.xfs`; Debian's package xfsprogs brings it")


def report(stack, experiment, cluster, run):
    """The report of `run(cluster, report)`, on a cluster that is started for it."""
    result = Report(stack, experiment)
    try:
        with cluster:
            run(cluster, result)
    except (ClusterError, ClientError, Failure, OSError, subprocess.SubprocessError) as error:
        result.fact("the cluster works", False, str(error))
    return result
