"""`tests/cluster/run`: each experiment with each stack, on a cluster of its own."""

import argparse
import pathlib
import signal
import sys

from real.software import Missing

from . import broken, interrupts, isolated, results, selftest
from .cluster import Cluster
from .control_plane import ControlPlane
from .experiments import ALL, EXPERIMENTS, GITOPS, ON_NODES, need, report
from .images import Store
from .launch import add_options, launch
from .node import needed
from .plan import CHECKS
from .tools import PROJECT


def arguments():
    parser = argparse.ArgumentParser(prog="tests/cluster/run", description="Tries committed manifests on a real Kubernetes.")
    parser.add_argument("stacks", nargs="*", metavar="STACK", help="folders of `out/`; all of them if none is named; with `--self-test` cases of `checks`")
    add_options(parser)
    parser.add_argument("--only", default="accepted", help=f"experiments, separated by commas: {', '.join(EXPERIMENTS)}; `accepted` by default; `all` for those that every stack on three nodes can be asked, which are all but `scale`")
    parser.add_argument("--checks", help=f"which of them `checks` makes, separated by commas: {', '.join(CHECKS)}; by default all but the last ones, which take long; implies `--only checks`")
    parser.add_argument("--agent", default="jmx-0", choices=("jmx-0", "jmx-1"), help="which line of the metrics agent the images carry: 0.20, which is the default, or 1.0")
    parser.add_argument("--logs", type=pathlib.Path, metavar="DIR", help="keep there what the containers of Kafka say while they are rolled, and what Prometheus answered to the queries of dashboards")
    parser.add_argument("--self-test", action="store_true", help="broken stacks, each of which must fail for its own reason: of `accepted`, `argo`, `flux` or `checks`")
    parser.add_argument("--record", action="store_true", help="note in `results.tsv` what was shown of the committed stacks, or by `--self-test --only checks`, if all of it held")
    parser.add_argument("--covered", action="store_true", help="only say whether `results.tsv` still covers what is committed")
    options = parser.parse_args()
    options.only = ALL if options.only == "all" else options.only.split(",")
    if options.checks is not None:
        if options.only not in (["accepted"], ["checks"]):
            parser.error("`--checks` is for the experiment `checks`")
        options.only, options.checks = ["checks"], options.checks.split(",")
        if "boot" not in options.checks:
            parser.error("the checks need `boot`, which applies the stack")
        if unknown := set(options.checks) - set(CHECKS):
            parser.error(f"unknown check `{unknown.pop()}`; checks: {', '.join(CHECKS)}")
    if unknown := set(options.only) - EXPERIMENTS.keys():
        parser.error(f"unknown experiment `{unknown.pop()}`; experiments: {', '.join(EXPERIMENTS)}")
    options.out = options.out.resolve()
    if options.record and options.out != PROJECT / "out":
        parser.error("`--record` is for the stacks of `out/`")
    if options.record and options.checks:
        parser.error("`--record` is for whole experiments")
    if options.self_test:
        if wrong := set(options.only) - {"accepted", "argo", "flux", "checks"}:
            parser.error(f"`{wrong.pop()}` has no self-test: they are of accepted, argo, flux and checks")
        if options.checks:
            parser.error("`--self-test` takes no `--checks`")
        if options.record and (options.only != ["checks"] or options.stacks):
            parser.error("`--self-test` takes `--record` with `--only checks` and without names")
        if unknown := set(options.stacks) - broken.CASES.keys():
            parser.error(f"unknown case `{unknown.pop()}`; cases: {', '.join(broken.CASES)}")
        return options
    options.stacks = options.stacks or sorted(path.parent.name for path in options.out.glob("*/kustomization.yaml"))
    if not options.stacks:
        parser.error(f"`{options.out}` has no stack: no folder in it has a kustomization.yaml")
    if missing := [name for name in options.stacks if not (options.out / name / "kustomization.yaml").exists()]:
        parser.error(f"`{options.out / missing[0]}` has no kustomization.yaml")
    return options


def stacks(options):
    """Whether every fact holds for every stack."""
    reports = []
    images = Store(options.tools, options.out, options.agent) if options.store else None
    for name in options.stacks:
        for experiment in options.only:
            cluster = Cluster(options.tools, options.store, images, needed(options.out / name)) if experiment in ON_NODES else ControlPlane(options.tools)
            cluster.logs = options.logs and options.logs.resolve()
            more = {"checks": options.checks} if options.checks else {}
            run = lambda cluster, seen: EXPERIMENTS[experiment](cluster, options.out / name, seen, **more)
            output = results.digest(options.out / name, experiment)  # it may change meanwhile
            reports.append(report(name, experiment, cluster, run))
            if options.record and reports[-1].passed and not reports[-1].failed:
                results.record(name, experiment, reports[-1].passed, output)
    for seen in reports:
        seen.repeat()
    print(f"{sum(r.passed for r in reports)} passed, {sum(len(r.failed) for r in reports)} failed")
    return all(r.passed and not r.failed for r in reports)


def needs_nodes(options):
    return "checks" in options.only if options.self_test else bool(ON_NODES.keys() & set(options.only))


def main():
    options = arguments()
    if options.covered:
        missing = list(results.uncovered(options.out))
        print("\n".join(missing) or f"{sum(1 for _ in results.rows())} results cover what is committed")
        return 1 if missing else 0
    if not options.tools:
        try:
            need(options.only, options.checks)
        except Missing as error:
            print(error, file=sys.stderr)
            return 2
        more = ["install-gitops"] if GITOPS.keys() & set(options.only) else []
        more += ["install-gateway"] if any(next((options.out / name).glob("**/tlsroute-*.yaml"), None) for name in options.stacks) else []
        sources = results.digest_of_sources()  # they may change meanwhile
        status = launch("cluster.main", options, needs_nodes(options), *more)
        if options.self_test and "checks" in options.only and not options.stacks and status in (0, 1):
            status = 1 if interrupts.run() else status
            if options.record and not status:
                results.record(selftest.STACK.name, results.BROKEN, len(broken.CASES) + len(interrupts.INTERRUPTS), sources)
        return status
    isolated.prepare()
    signal.signal(signal.SIGINT, lambda *_: sys.exit(130))
    nodes = lambda: Cluster(options.tools, options.store, Store(options.tools, options.out, options.agent))
    good = selftest.run(options, nodes) if options.self_test else stacks(options)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
