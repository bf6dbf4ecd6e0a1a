"""`tests/cluster/run`: each experiment with each stack, on a cluster of its own."""

import argparse
import pathlib
import signal
import sys

from . import isolated, selftest
from .cluster import Cluster
from .control_plane import ControlPlane
from .experiments import EXPERIMENTS, ON_NODES, report
from .images import Store
from .launch import add_options, launch


def arguments():
    parser = argparse.ArgumentParser(prog="tests/cluster/run", description="Tries committed manifests on a real Kubernetes.")
    parser.add_argument("stacks", nargs="*", metavar="STACK", help="folders of `out/`; all of them if none is named")
    add_options(parser)
    parser.add_argument("--only", default="accepted", help=f"experiments, separated by commas: {', '.join(EXPERIMENTS)}; `accepted` by default")
    parser.add_argument("--logs", type=pathlib.Path, metavar="DIR", help="keep there what the containers of Kafka say while they are rolled")
    parser.add_argument("--self-test", action="store_true", help="broken stacks, each of which must fail for its own reason")
    options = parser.parse_args()
    options.only = options.only.split(",")
    if unknown := set(options.only) - EXPERIMENTS.keys():
        parser.error(f"unknown experiment `{unknown.pop()}`; experiments: {', '.join(EXPERIMENTS)}")
    options.out = options.out.resolve()
    options.stacks = options.stacks or sorted(path.parent.name for path in options.out.glob("*/kustomization.yaml"))
    if missing := [name for name in options.stacks if not (options.out / name / "kustomization.yaml").exists()]:
        parser.error(f"`{options.out / missing[0]}` has no kustomization.yaml")
    return options


def stacks(options):
    """Whether every fact holds for every stack."""
    reports = []
    images = Store(options.tools, options.out) if options.store else None
    for name in options.stacks:
        for experiment in options.only:
            cluster = Cluster(options.tools, options.store, images) if experiment in ON_NODES else ControlPlane(options.tools)
            cluster.logs = options.logs and options.logs.resolve()
            run = lambda cluster, seen: EXPERIMENTS[experiment](cluster, options.out / name, seen)
            reports.append(report(name, experiment, cluster, run))
    print(f"{sum(r.passed for r in reports)} passed, {sum(len(r.failed) for r in reports)} failed")
    return all(r.passed and not r.failed for r in reports)


def main():
    options = arguments()
    if not options.tools:
        return launch("cluster.main", options, nodes=bool(ON_NODES.keys() & set(options.only)) and not options.self_test)
    isolated.prepare()
    signal.signal(signal.SIGINT, lambda *_: sys.exit(130))
    good = selftest.run(options.tools) if options.self_test else stacks(options)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
