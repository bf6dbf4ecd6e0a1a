"""ZooKeeper's alerts in a real Prometheus: servers are lost, and a session ends.

Asked for by name (`--checks boot,zookeeper`), like `alerts`, and may follow it.
"""

import signal
import time

from ..prometheus import program
from .alerts import sound_proof
from .faults import full_isr

# Longer than the session, by the time that a server takes to see its end.
SPARE_SECONDS = 7


def before(_):
    program()


def run(stack):
    if stack.controllers():
        return
    proof = sound_proof(stack)
    ensemble = next(stack.workload(s) for s in stack.sets if "zookeeper" in s["spec"]["template"]["spec"]["containers"][0]["image"])
    first, second = ensemble.pods()[:2]
    first.lose()
    proof.fires("one ZooKeeper server of three is lost", "KafkaZooKeeperServerDown")
    proof.silent("two ZooKeeper servers are left", "KafkaZooKeeperQuorumLost", "KafkaZooKeeperSessionLost")
    second.lose()
    proof.fires("two ZooKeeper servers are lost", "KafkaZooKeeperQuorumLost", "KafkaZooKeeperSessionLost")
    first.release()
    second.release()
    stack.world.wait("both ZooKeeper servers back", ensemble.ready, 100)
    # A session does not end while there is no quorum: a new leader gives all of them their whole time again.
    broker = proof.workload.pods()[0].containers[0]
    broker.signal(signal.SIGSTOP)
    time.sleep(int(stack.settings(proof.workload.obj).get("zookeeper.session.timeout.ms", 18000)) / 1000 + SPARE_SECONDS)
    broker.signal(signal.SIGCONT)
    proof.fires("a broker stands still for longer than its session", "KafkaZooKeeperSessionExpired")
    full_isr(stack)
    proof.mended("ZooKeeper is back, and the broker")
