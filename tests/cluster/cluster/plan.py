"""The order of the checks, and what goes on side by side."""

import importlib
import threading
import traceback

from real.software import Missing

from .control_plane import ClusterError
from .stack import ClientError
from .world import Failure

# In order; what stands in one line goes on side by side, each lane in order. `recovery` has a broker away for most of its time, while Connect
# waits for its lost worker; `topics` and `registry` need every broker; `metrics` and `policy` need every pod, and the connectors that
# `security` ends; the others leave nothing alone.
PLAN = (
    (("boot",),),
    (("recovery",), ("connect",)),
    (("topics", "clients"), ("registry",)),
    (("metrics", "policy", "security", "rest", "outside", "gateway", "oauth", "faults"),),
    (("alerts",),),
    (("zookeeper",),),
    (("quiet",),),
    (("probe",),),
)
CHECKS = [check for stage in PLAN for lane in stage for check in lane]
ON_A_CLOCK = {"alerts", "zookeeper", "quiet", "probe"}  # with a Prometheus: they take as long as all others together, and need only `boot`
USUAL = [check for check in CHECKS if check not in ON_A_CLOCK]


def run(stack, checks):
    """Runs checks as planned. A stack that does not boot has nothing else to show; any other failure leaves the next check to run."""
    for check in checks:
        module = importlib.import_module(f".checks.{check}", __package__)
        if hasattr(module, "before") and not attempt(stack, check, module.before):
            return
    for stage in PLAN:
        lanes = [[c for c in lane if c in checks] for lane in stage]
        modules = {c: importlib.import_module(f".checks.{c}", __package__) for lane in lanes for c in lane}
        ready = {c: attempt(stack, c, m.prepare) if hasattr(m, "prepare") else True for c, m in modules.items()}
        results = []
        work = lambda lane: results.extend(ready[c] and attempt(stack, c, modules[c].run) for c in lane)
        beside = [threading.Thread(target=work, args=(lane,)) for lane in lanes[1:]]
        for thread in beside:
            thread.start()
        work(lanes[0])  # in this thread: what `boot` starts, such as the client, ends with the thread that started it
        for thread in beside:
            thread.join()
        if "boot" in modules:
            if not all(results):
                return
            if "quiet" not in checks:
                suspend(stack)


def suspend(stack):
    """A run of an hourly Job in the midst of a check would take back what the check has changed."""
    crons = [o["metadata"] for o in stack.objects if o["kind"] == "CronJob"]
    for each in crons:
        stack.world.cluster.kubectl("patch", "cronjob", each["name"], f"--namespace={each['namespace']}", "--type=merge", '--patch={"spec": {"suspend": true}}')
    if crons:
        stack.note("boot", "for the checks", f"suspended: {', '.join(each['name'] for each in crons)}")


def attempt(stack, check, run):
    try:
        run(stack)
        return True
    except Exception as error:
        known = isinstance(error, (Failure, ClientError, ClusterError, Missing))
        stack.fact(check, str(error) if known else "the check itself failed", False, "" if known else repr(error))
        stack.say(stack.first_cause() if known else traceback.format_exc())
        return False
