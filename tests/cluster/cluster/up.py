"""`tests/cluster/up`: a cluster, and in it a command or a shell."""

import argparse
import os
import signal
import subprocess
import sys

from . import isolated
from .cluster import Cluster
from .control_plane import ClusterError, ControlPlane
from .images import Store
from .launch import add_options, launch


def main():
    parser = argparse.ArgumentParser(prog="tests/cluster/up", description="Starts a Kubernetes cluster and runs a command in it; the cluster ends "
                                     "with the command. Other terminals enter with `nsenter --all --target PID`, where PID is the command's.")
    add_options(parser)
    parser.add_argument("--without-nodes", action="store_true", help="only the control plane: pods are created, and stay pending")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND", help="by default a shell")
    options = parser.parse_args()
    if not options.tools:
        return launch("cluster.up", options, nodes=not options.without_nodes)
    isolated.prepare()
    signal.signal(signal.SIGINT, lambda *_: sys.exit(130))
    try:
        with start(options) as cluster:
            signal.signal(signal.SIGINT, lambda *_: None)  # what Ctrl-C means is for the command to say
            command = options.command[options.command[:1] == ["--"]:] or [os.environ.get("SHELL", "/bin/sh")]
            return subprocess.run(command, env=cluster.environment(), check=False).returncode
    except ClusterError as error:
        print(error, file=sys.stderr)
        return 2


def start(options):
    if options.without_nodes:
        return ControlPlane(options.tools)
    images = Store(options.tools, options.out)
    for name, note in images.notes.items():
        print(f"stand-in for `{name}`: {note}", file=sys.stderr)
    return Cluster(options.tools, options.store, images)


if __name__ == "__main__":
    sys.exit(main())
