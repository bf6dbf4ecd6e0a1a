"""`tests/cluster/run`: each experiment with each stack, on a control plane of its own."""

import argparse
import pathlib
import signal
import sys

from . import isolated, selftest, tools
from .experiments import EXPERIMENTS
from .report import report


def arguments():
    parser = argparse.ArgumentParser(prog="tests/cluster/run", description="Tries committed manifests on a real Kubernetes.")
    parser.add_argument("stacks", nargs="*", metavar="STACK", help="folders of `out/`; all of them if none is named")
    parser.add_argument("--out", type=pathlib.Path, default=tools.PROJECT / "out", help="where the manifests are")
    parser.add_argument("--only", default=",".join(EXPERIMENTS), help=f"experiments, separated by commas: {', '.join(EXPERIMENTS)}")
    parser.add_argument("--kubernetes", metavar="VERSION", help="such as 1.34.4, which is the default")
    parser.add_argument("--self-test", action="store_true", help="broken stacks, each of which must fail for its own reason")
    parser.add_argument("--tools", type=pathlib.Path, help=argparse.SUPPRESS)  # set for the process inside the namespaces
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
    for name in options.stacks:
        for experiment in options.only:
            run = lambda cluster, fact: EXPERIMENTS[experiment](cluster, options.out / name, fact)
            reports.append(report(options.tools, name, experiment, run))
    print(f"{sum(r.passed for r in reports)} passed, {sum(len(r.failed) for r in reports)} failed")
    return all(r.passed and not r.failed for r in reports)


def main():
    options = arguments()
    if not options.tools:
        try:
            return isolated.run("cluster.main", *sys.argv[1:], "--tools", tools.install(options.kubernetes))
        except tools.Missing as error:
            print(error, file=sys.stderr)
            return 2
    isolated.prepare()
    signal.signal(signal.SIGINT, lambda *_: sys.exit(130))
    good = selftest.run(options.tools) if options.self_test else stacks(options)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
