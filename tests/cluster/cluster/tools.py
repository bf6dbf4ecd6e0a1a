"""The parts of Kubernetes, built by `install` into a cache outside the tree."""

import fcntl
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parents[1]
PROJECT = HERE.parents[1]


class Missing(Exception):
    """Something could not be installed; `install` has said what."""


def install(kubernetes=None, *more):
    """The folder with `bin/` and `crds/` of a version of Kubernetes, by default the one that `install` names, and with what cert-manager and further
    scripts install."""
    folder = built("install", *([kubernetes] if kubernetes else []))
    parts = list(map(built, ("install-cert-manager", *more)))
    with (folder / "lock").open("w") as lock:  # runs that start side by side
        fcntl.flock(lock, fcntl.LOCK_EX)
        for part in parts:
            for file in part.glob("*/*"):
                link = folder / file.relative_to(part)
                link.parent.mkdir(exist_ok=True)
                if not link.exists() or link.resolve() != file.resolve():
                    link.unlink(missing_ok=True)
                    link.symlink_to(file)
    return folder


def built(script, *arguments):
    """The folder that a script fills and prints."""
    result = subprocess.run([HERE / script, *arguments], stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode != 0:
        raise Missing("cannot tell: the parts of the cluster are not installed")
    return pathlib.Path(result.stdout.strip())
