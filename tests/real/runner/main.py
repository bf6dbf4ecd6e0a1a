"""The driver: each stack in namespaces of its own, several at a time where memory allows, and the table of results."""

import argparse
import ctypes
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

from . import proof, software
from .one import ON_A_CLOCK

ROOT = software.HERE.parent.parent
STACK_MIB = 6144  # what the JVMs of a stack with three brokers take at the runner's heap ceiling, with room to spare
ISOLATE = ["unshare", "--mount", "--net", "--pid", "--ipc", "--fork", "--kill-child", "--mount-proc"]


def isolated(arguments, **options):
    """Starts a module in new namespaces. They end with it, and it ends with this process, whatever ends that."""
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user", "--map-auto"]
    die_with_parent = lambda: ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    return subprocess.Popen([*ISOLATE[:1], *user, *ISOLATE[1:], sys.executable, "-m", *arguments], cwd=software.HERE, preexec_fn=die_with_parent,
                            stdin=subprocess.DEVNULL, **options)


def memory_mib():
    text = pathlib.Path("/proc/meminfo").read_text()
    return int(next(line.split()[1] for line in text.splitlines() if line.startswith("MemAvailable"))) // 1024


def main():
    parser = argparse.ArgumentParser(prog="tests/real/run", description="Runs the pods of committed manifests on real Kafka.")
    parser.add_argument("stacks", nargs="*", metavar="STACK", help="folders of `out/`; all of them if none is named")
    parser.add_argument("--out", default=str(ROOT / "out"), help="where the manifests are")
    parser.add_argument("--only", help="checks to run, separated by commas")
    parser.add_argument("--jobs", type=int, help="stacks at a time; as many as memory and cores allow if not given")
    parser.add_argument("--agent", default="jmx-0", choices=("jmx-0", "jmx-1"), help="which line of the metrics agent the images carry")
    parser.add_argument("--logs", help="keep the pods' logs in this folder")
    parser.add_argument("--proof", help="write the table of results to this file")
    parser.add_argument("--self-test", action="store_true", help="run the broken manifests, which must fail, instead of stacks")
    options = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):  # the children end with this process, whatever ends it
        signal.signal(number, lambda caught, _: sys.exit(128 + caught))
    try:
        found = software.Software()
        for line in ("kafka-4", "kafka-3"):
            if not found.archive(line).exists():
                isolated(["runner.archives", line]).wait()
    except software.Missing as error:
        print(error, file=sys.stderr)
        return 2
    if options.self_test:
        from . import selftest
        return selftest.run_all(options.stacks)
    stacks = options.stacks or sorted(p.name for p in pathlib.Path(options.out).iterdir() if (p / "kustomization.yaml").exists())
    jobs = options.jobs or max(1, min(len(stacks), (os.cpu_count() or 1) // 2, memory_mib() // STACK_MIB))
    began, results, gate = time.time(), {}, threading.Semaphore(jobs)

    def one(name):
        arguments = ["runner.one", str(pathlib.Path(options.out).resolve() / name), "--name", name, "--agent", options.agent]
        arguments += ["--only", options.only] if options.only else []
        if options.logs:
            path = pathlib.Path(options.logs, name).resolve()
            path.mkdir(parents=True, exist_ok=True)
            arguments += ["--logs", str(path)]
        with gate:
            started, (reading, writing) = time.time(), os.pipe()
            process = isolated([*arguments, "--result", str(writing)], pass_fds=(writing,))
            os.close(writing)
            with open(reading) as pipe:
                rows = json.loads(pipe.read() or "[]")
            process.wait()
            results[name] = {"rows": rows, "seconds": time.time() - started}

    threads = [threading.Thread(target=one, args=(name,), daemon=True) for name in stacks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    good = [r for result in results.values() for r in result["rows"] if r["good"]]
    bad = [(name, r) for name, result in results.items() for r in result["rows"] if r["good"] is False]
    crashed = [name for name, result in results.items() if not result["rows"]]
    for name, row in bad:
        print(f"FAIL {name}/{row['check']}: {row['what']} — {row['detail']}")
    if options.proof:
        proof.write(pathlib.Path(options.proof), results, "alerts" if ON_A_CLOCK & set((options.only or "").split(",")) else "results")
    times = ", ".join(f"{name} {result['seconds']:.0f} s" for name, result in sorted(results.items()))
    print(f"{times}; all in {time.time() - began:.0f} s")
    print(f"{len(good)} passed, {len(bad) + len(crashed)} failed")
    return 1 if bad or crashed or not good else 0


if __name__ == "__main__":
    sys.exit(main())
