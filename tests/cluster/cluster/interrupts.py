"""A run that is interrupted leaves nothing on the machine, whatever interrupts it."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import time

from . import cgroups, isolated, network
from .tools import HERE
from real import software

# A terminal's Ctrl-C goes to the whole group, the others to the process that was started.
INTERRUPTS = {f"interrupted by {number.name}": number for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)}
CACHE = software.CACHE.parent
JVMS = 3  # that run when it is interrupted
START_SECONDS, END_SECONDS = 300, 90


def run():
    """How many of them left something."""
    wrong = 0
    for name, number in INTERRUPTS.items():
        began = time.monotonic()
        left = interrupt(number)
        print(f"{'FAIL' if left else 'ok  '} {name} ({time.monotonic() - began:.0f} s): {'; '.join(left) or 'nothing is left'}", flush=True)
        wrong += bool(left)
    return wrong


def interrupt(number):
    """What is left of it."""
    before = traces("")
    process = subprocess.Popen([sys.executable, "-m", "cluster.main", "prod", "--only", "boot"], env=os.environ | {"PYTHONPATH": str(HERE)},
                               start_new_session=True, preexec_fn=isolated.die_with_parent, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + START_SECONDS
        while sum(name(pid) == "java" for pid, _ in family(process.pid)) < JVMS:
            if process.poll() is not None or time.monotonic() > end:
                return [f"it did not start {JVMS} JVMs"]
            time.sleep(0.5)
        return left_by(process, number, before)
    finally:
        process.kill()
        process.wait()


def left_by(process, number, before):
    """Interrupts a run that is under way."""
    members = family(process.pid)
    group = f"kafka-stacks-{process.pid}"
    (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
    process.wait(END_SECONDS)
    end = time.monotonic() + END_SECONDS
    while time.monotonic() < end and (any(map(alive, members)) or traces(group) - before):
        time.sleep(0.2)
    return [f"{name(pid)} ({pid}) runs" for pid, start in members if alive((pid, start))] + sorted(traces(group) - before)


def traces(group):
    """What the run with this control group could leave beside processes: the group, the disks of its nodes and the devices of their volumes; and
    what none may: mounts, links, named namespaces."""
    found = {f"control group {path}" for hierarchy in cgroups.hierarchies() for path in hierarchy.glob(f"{group}*")} if group else set()
    found |= {f"folder {path}" for path in (CACHE / "cluster").glob(f"*/state/{group}")} if group else set()
    devices = [path.read_text().strip() for path in pathlib.Path("/sys/block").glob("loop*/loop/backing_file")]
    found |= {f"device for {path}" for path in devices if group and group in path}
    found |= {f"mount {line}" for line in pathlib.Path("/proc/self/mounts").read_text().splitlines() if "/cluster-" in line or "kafka-stacks-" in line}
    found |= {f"link {path.name}" for path in pathlib.Path("/sys/class/net").iterdir() if re.match("hub|out", path.name)}
    found |= {f"folder {path}" for path in (pathlib.Path.home() / ".kube/cache/discovery").glob(f"{network.HUB}_*")}  # of kubectl, a cluster each
    return found | {f"namespace {path}" for path in pathlib.Path("/run/netns").glob("node-*")}


def name(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def started(stat):
    """The time of a process's start, which tells it from a later one with its number."""
    return stat.rsplit(")", 1)[1].split()[19]


def family(root):
    """All that descend from a process, and itself: (number, start)."""
    children, starts = {}, {}
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            stat = path.read_text()
        except OSError:
            continue
        pid, parent = int(path.parent.name), int(stat.rsplit(")", 1)[1].split()[1])
        children.setdefault(parent, []).append(pid)
        starts[pid] = started(stat)
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append((pid, starts.get(pid)))
        todo += children.get(pid, [])
    return found


def alive(process):
    try:
        return started(pathlib.Path(f"/proc/{process[0]}/stat").read_text()) == process[1]
    except OSError:
        return False
