"""The parts of Kubernetes, built by `install` into a cache outside the tree."""

import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parents[1]
PROJECT = HERE.parents[1]


class Missing(Exception):
    """Something could not be installed; `install` has said what."""


def install(kubernetes=None):
    """The folder with `bin/` and `crds/` of a version of Kubernetes, by default the one that `install` names."""
    result = subprocess.run([HERE / "install", *([kubernetes] if kubernetes else [])], stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode != 0:
        raise Missing("cannot tell: the parts of the cluster are not installed")
    return pathlib.Path(result.stdout.strip())
