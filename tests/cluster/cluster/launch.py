"""From a command line to the process inside of the namespaces: `run` and `up` start in the same way."""

import argparse
import os
import pathlib
import subprocess
import sys

from real import software

from . import cgroups, images, isolated, leftovers, tools


def add_options(parser):
    parser.add_argument("--out", type=pathlib.Path, default=tools.PROJECT / "out", help="where the manifests are")
    parser.add_argument("--kubernetes", metavar="VERSION", help="such as 1.34.4, which is the default")
    # Set for the process inside of the namespaces: the parts of the cluster, and a folder on disk.
    parser.add_argument("--tools", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--store", type=pathlib.Path, help=argparse.SUPPRESS)


def launch(module, options, nodes, *more):
    """Runs a module again with the same command line, inside of namespaces, with what further scripts install; its exit status."""
    try:
        if nodes and os.geteuid() != 0:
            raise tools.Missing("cannot tell: nodes need root")
        if nodes and not cgroups.version_1():
            raise tools.Missing("cannot tell: nodes need control groups of version 1, and this machine has version 2")
        folder = tools.install(options.kubernetes, *more)
        if not nodes:
            return isolated.run(module, "--tools", folder, *sys.argv[1:])
        images.fetch()
    except (tools.Missing, software.Missing) as error:
        print(error, file=sys.stderr)
        return 2
    except (subprocess.CalledProcessError, OSError) as error:
        print(f"cannot tell: {error}", file=sys.stderr)
        return 2
    group = f"kafka-stacks-{os.getpid()}"
    with leftovers.removed(group, folder / "state" / group):
        return isolated.run(module, "--tools", folder, "--store", folder / "state" / group, *sys.argv[1:])
