"""A broker that recovers its log for longer than its liveness probe would wait is not killed.

The broker is killed with unflushed segments and started on a machine that is slow: its process is stopped most of the time, until it has
taken longer than the liveness probe's patience. A real recovery, only slower; the other brokers go on.
"""

import re
import signal
import time

from .faults import READY_WITHIN, full_isr

TOPIC, MEBIBYTES = "proof.recovery", 40


def run(stack):
    workload = stack.workload(stack.brokers()[0])
    pods = workload.pods()
    if len(pods) < 3:
        return
    pod = pods[-1]
    stack.client.ask("create", TOPIC, 1, 3, "segment.bytes=1048576", "min.insync.replicas=2", "compression.type=producer")
    stack.client.ask("fill", TOPIC, MEBIBYTES)
    probe = pod.spec["containers"][0].get("livenessProbe") or {}
    patience = probe.get("initialDelaySeconds", 0) + probe.get("periodSeconds", 10) * (probe.get("failureThreshold", 3) + 1)
    known, restarts = len(pod.containers[0].log()), pod.restarts
    pod.lose()
    pod.release()
    began = time.time()
    slow_down(pod, began + patience, known)
    stack.world.wait(f"`{pod.name}` ready after its recovery", lambda: pod.ready, READY_WITHIN + patience, lambda: pod.problem)
    segments = recovered(pod, known)
    stack.fact("recovery", f"a recovery that outlasts the liveness probe ({patience} s) is not killed",
               pod.restarts == restarts and segments >= 10 and time.time() - began > patience,
               f"{segments} segments recovered, {pod.restarts - restarts} restarts", time.time() - began)
    full_isr(stack)
    stack.client.ask("delete", TOPIC)


def recovered(pod, known):
    """How many segments the log tells of, beyond its first `known` characters."""
    return len(re.findall(r"Recovering unflushed segment", pod.containers[0].log()[known:]))


def slow_down(pod, until, known):
    """One twentieth of the time the process runs, and once it recovers segments one two-hundredth: however fast the machine, it takes
    longer than the probe waits. It is never stopped for long, so that its session with ZooKeeper lives."""
    container = pod.containers[0]
    while time.time() < until and not container.started:
        container.signal(signal.SIGSTOP)
        time.sleep(1.9)
        runs = 0.1 if recovered(pod, known) < 10 else 0.01
        container.signal(signal.SIGCONT)
        time.sleep(runs)
