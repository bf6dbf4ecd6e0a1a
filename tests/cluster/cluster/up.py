"""`tests/cluster/up`: a control plane, and in it a command or a shell."""

import argparse
import os
import pathlib
import signal
import subprocess
import sys

from . import isolated, tools
from .control_plane import ClusterError, ControlPlane


def main():
    parser = argparse.ArgumentParser(prog="tests/cluster/up", description="Starts a Kubernetes control plane and runs a command in it; the cluster "
                                     "ends with the command. Other terminals enter with `nsenter --all --target PID`, where PID is the command's.")
    parser.add_argument("--kubernetes", metavar="VERSION", help="such as 1.34.4, which is the default")
    parser.add_argument("--tools", type=pathlib.Path, help=argparse.SUPPRESS)  # set for the process inside the namespaces
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND", help="by default a shell")
    options = parser.parse_args()
    if not options.tools:
        try:
            return isolated.run("cluster.up", "--tools", tools.install(options.kubernetes), *options.command)
        except tools.Missing as error:
            print(error, file=sys.stderr)
            return 2
    isolated.prepare()
    signal.signal(signal.SIGINT, lambda *_: sys.exit(130))
    try:
        with ControlPlane(options.tools) as cluster:
            signal.signal(signal.SIGINT, lambda *_: None)  # what Ctrl-C means is for the command to say
            command = options.command[options.command[:1] == ["--"]:] or [os.environ.get("SHELL", "/bin/sh")]
            return subprocess.run(command, env=cluster.environment(), check=False).returncode
    except ClusterError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
