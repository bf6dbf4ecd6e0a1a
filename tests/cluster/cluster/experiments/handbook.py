"""Every command of a stack's handbook, `out/STACK/README.md`, as it is written there: each block in a shell of its own, in the folder of the stack.

What a block is for is made first: a machine is gone, a container has restarted. What is not executed is told with its reason.
"""

import contextlib
import re
import subprocess
import threading
import time

from .boot import name, wait_for_workloads
from .broker import Broker

BLOCK_SECONDS = 1500
AWAY_SECONDS = 90
# In the place of these comments someone does something; the experiment does it.
APPLY = "# apply the new manifests"
NOT_THERE = {
    "Grow the disks": "the volumes of this class do not grow; `changes` executes these commands as `diff` prints them",
    "kubectl -n kafka top": "no metrics server is there",
}
LONELY = "a fourth broker finds no place on three machines; `pools` executes it"


def run(cluster, folder, report):
    cluster.apply(folder)
    waiting, seconds = wait_for_workloads(cluster)
    report.fact("every workload is ready", not waiting, "; ".join(waiting) or f"{max(seconds.values()):.0f} s")
    Handbook(cluster, folder, report).execute()


def blocks(text):
    """(title, commands) of the parts on operations and troubleshooting, in their order."""
    part = re.search(r"^## Operations$(.*)^## Alerts$", text, re.MULTILINE | re.DOTALL)[1]
    for section in re.split(r"^### ", part, flags=re.MULTILINE)[1:]:
        for block in re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL):
            yield section.splitlines()[0], block.splitlines()


class Handbook:
    def __init__(self, cluster, folder, report):
        self.cluster, self.folder, self.report, self.scaled = cluster, folder, report, None
        self.executed, self.left_out, self.broker = 0, {}, Broker(cluster)

    def execute(self):
        found = list(blocks((self.folder / "README.md").read_text()))
        # Last, and the one that was removed comes back before another is added.
        found.sort(key=lambda block: {"Remove a broker": 1, "Add a broker": 2}.get(block[0], 0))
        for title, lines in found:
            reason = self.reason(title)
            lines = [line for line in lines if not self.leaves_out(line, reason)]
            if lines:
                with self.situation(title, lines):
                    self.block(title, lines)
        total = sum(not line.startswith("#") for _, lines in blocks((self.folder / "README.md").read_text()) for line in lines)
        accounted = self.executed + sum(self.left_out.values())
        self.report.fact("every command was executed, or it is told why not", accounted == total > 0, f"{self.executed} of {total}")
        for reason, count in self.left_out.items():
            self.report.note(f"{count} not executed", reason)

    def reason(self, title):
        if title in ("Add a broker", "Remove a broker") and not self.shares_machines():
            return LONELY
        return NOT_THERE.get(title)

    def leaves_out(self, line, reason):
        reason = reason or next((why for start, why in NOT_THERE.items() if line.startswith(start)), None)
        if reason and not line.startswith("#"):
            self.left_out[reason] = self.left_out.get(reason, 0) + 1
        return bool(reason)

    def shares_machines(self):
        """Whether the pods of brokers may stand on a machine together."""
        brokers = self.cluster.get("statefulsets", "--namespace=kafka", "--selector=app.kubernetes.io/component=broker")
        spread = [one for workload in brokers for one in workload["spec"]["template"]["spec"].get("topologySpreadConstraints", [])]
        affinity = [workload for workload in brokers if "requiredDuringScheduling" in str(workload["spec"]["template"]["spec"].get("affinity"))]
        return not affinity and all(one["whenUnsatisfiable"] == "ScheduleAnyway" for one in spread)

    # -- a block ---------------------------------------------------------------------------------------------------------------------

    def block(self, title, lines):
        """The commands between two things that someone does are one script."""
        part = []
        for line in [*lines, APPLY]:
            if not line.startswith(APPLY):
                part.append(line)
                continue
            if part:
                self.script(title, part)
            part = []
            if line is not APPLY or lines[-1].startswith(APPLY):
                self.apply_new_manifests(title)

    def script(self, title, lines):
        commands = [line for line in lines if not line.startswith("#")]
        text = "\n".join(["set -eo pipefail", *map(checked, commands)])
        began = time.monotonic()
        try:
            # A shell with jobs, as a person has one: `kill %1` ends the first.
            done = subprocess.run(["bash", "-m", "-c", text], cwd=self.folder, env=self.cluster.environment(), stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=BLOCK_SECONDS, check=False)
            status, said = done.returncode, done.stdout
        except subprocess.TimeoutExpired as error:
            status, said = "none in time", (error.stdout or b"").decode(errors="replace")
        self.executed += len(commands)
        last = " | ".join(said.splitlines()[-6:])[-600:]
        self.report.fact(f"{title}: {' ⏎ '.join(short(command) for command in commands)}", status == 0,
                         f"{time.monotonic() - began:.0f} s" if status == 0 else f"status {status}: {last}")

    # -- what a block is for ---------------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def situation(self, title, lines):
        if title == "Replace a broker whose machine is gone" and (pod := deleted(lines)):
            with self.machine_is_gone(pod):
                yield
        elif title.startswith("A pod does not start"):
            self.restart_container(next(re.search(r"logs (\S+)", line)[1] for line in lines if "--previous" in line))
            yield
        else:
            if self.scaled and title == "Add a broker":
                self.scale(*self.scaled)
                self.scaled = None
                wait_for_workloads(self.cluster)
            yield
        waiting, _ = wait_for_workloads(self.cluster)
        if waiting:
            self.report.fact(f"{title}: every workload is ready afterwards", False, "; ".join(waiting))
        self.cluster.wait("every replica is in sync", self.in_sync, 600)

    def in_sync(self):
        seen = self.cluster.kubectl(*self.broker.command("kafka-topics", "--describe", "--under-replicated-partitions"), check=False)
        return seen.returncode == 0 and not seen.stdout.strip()

    @contextlib.contextmanager
    def machine_is_gone(self, pod):
        """Its power is cut; a while after the commands have begun it is on again, since its volumes are on it."""
        found = self.cluster.api(f"/api/v1/namespaces/kafka/pods/{pod}")
        node = self.cluster.nodes[found["spec"]["nodeName"]]
        node.cut_power()
        self.cluster.wait(f"`{node.name}` is not ready", lambda: any(
            c["type"] == "Ready" and c["status"] == "Unknown" for c in self.cluster.api(f"/api/v1/nodes/{node.name}")["status"]["conditions"]), 180)
        timer = threading.Timer(AWAY_SECONDS, node.start)
        timer.start()
        try:
            yield
        finally:
            timer.join()
            self.cluster.wait("the nodes are ready", self.cluster.nodes_ready, 180)

    def restart_container(self, pod):
        """Its process ends by itself, and the kubelet starts it again."""
        before = self.restarts(pod)
        self.cluster.kubectl("exec", "--namespace=kafka", pod, "--container=kafka", "--", "bash", "-c", "kill -TERM 1", check=False)
        self.cluster.wait("its container was restarted", lambda: self.restarts(pod) > before, 300)

    def restarts(self, pod):
        return sum(c["restartCount"] for c in self.cluster.api(f"/api/v1/namespaces/kafka/pods/{pod}")["status"].get("containerStatuses", []))

    def apply_new_manifests(self, title):
        """A broker more or less in the first pool, as the text says."""
        sets = self.cluster.get("statefulsets", "--namespace=kafka", "--selector=app.kubernetes.io/component=broker")
        count = sets[0]["spec"]["replicas"] + (1 if title == "Add a broker" else -1)
        self.scale(name(sets[0]), count)
        if title == "Remove a broker":
            self.scaled = name(sets[0]), count + 1

    def scale(self, workload, count):
        self.cluster.kubectl("scale", f"statefulset/{workload}", "--namespace=kafka", f"--replicas={count}")


def checked(line):
    """A command whose comment says what it prints has to print that."""
    command, _, comment = line.partition("  # ")
    if comment == "prints nothing":
        nothing_found = " || [[ $? == 1 ]]" if "| grep" in command else ""
        return f"printed=$({command}){nothing_found}; [[ $printed == '' ]] || {{ echo \"printed: $printed\"; exit 9; }}"
    if comment == "must be true":
        return f"[[ $({command}) == true ]]"
    if comment.startswith("again until it is complete"):
        return f"for again in {{1..100}}; do printed=$({command}); echo \"$printed\"; [[ $printed == *'still in progress'* ]] || break; sleep 3; done; [[ $printed != *'still in progress'* ]]"
    return command


def deleted(lines):
    """The pod that a block deletes by force."""
    return next((found[1] for line in lines if (found := re.search(r"delete pod (\S+) --force", line))), None)


def short(command):
    return re.sub(r" --bootstrap-server \S+", "", command.replace("kubectl -n kafka ", ""))[:90]
