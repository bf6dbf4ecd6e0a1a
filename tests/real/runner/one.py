"""Runs one stack in the namespaces that the driver made for it. The first process there: when it ends, everything ends."""

import argparse
import importlib
import json
import os
import shutil
import sys
import threading
import traceback

from . import manifest, software
from .stack import ClientError, Stack
from .world import Failure, World

# In order; what stands in one line goes on side by side, each lane in order. `recovery` has a broker away for most of its time, while Connect
# waits for its lost worker; `topics` and `registry` need every broker; `metrics` and `policy` need every pod, and the connectors that
# `security` ends; the others leave nothing alone.
PLAN = (
    (("boot",),),
    (("recovery",), ("connect",)),
    (("topics", "clients"), ("registry",)),
    (("metrics", "policy", "security", "outside", "faults"),),
    (("alerts",),),
    (("zookeeper",),),
    (("quiet",),),
)
CHECKS = [check for stage in PLAN for lane in stage for check in lane]
ON_A_CLOCK = {"alerts", "zookeeper", "quiet"}  # with a Prometheus: they take as long as all others together, and need only `boot`
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
        if "boot" in modules and not all(results):
            return


def attempt(stack, check, run):
    try:
        run(stack)
        return True
    except Exception as error:
        known = isinstance(error, (Failure, ClientError, software.Missing))
        stack.fact(check, str(error) if known else "the check itself failed", False, "" if known else repr(error))
        stack.say(stack.first_cause() if known else traceback.format_exc())
        return False


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("folder")
    arguments.add_argument("--name")
    arguments.add_argument("--agent", default="jmx-0")
    arguments.add_argument("--only", default=",".join(USUAL))
    arguments.add_argument("--result", type=int, help="write the rows of the report to this descriptor")
    arguments.add_argument("--logs", help="copy the pods' logs there at the end")
    options = arguments.parse_args()
    say = lambda text: print(text, flush=True)
    try:
        stack = Stack(options.name or options.folder, manifest.load(options.folder), World(software.Software(), options.agent), say)
    except (manifest.ManifestError, software.Missing) as error:
        say(f"{options.name}: {error}")
        return 1
    run(stack, [c for c in CHECKS if c in options.only.split(",")])
    stack.say(f"{stack.name}: {stack.world.cpu_seconds():.0f} s of processor time")
    if options.logs:
        for path in [*(stack.world.state / "pods").glob("*.log"), *stack.world.state.glob("*.json")]:
            shutil.copy(path, options.logs)
    if options.result:
        os.set_inheritable(options.result, False)
        with open(options.result, "w") as file:
            json.dump(stack.rows, file)
    return 0 if all(row["good"] is not False for row in stack.rows) else 1


if __name__ == "__main__":
    sys.exit(main())
