"""The parts of Kubernetes, built by `install` into a cache outside the tree."""

import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parents[1]
PROJECT = HERE.parents[1]


class Missing(Exception):
    """Something could not be installed; `install` has said what."""


def install(kubernetes=None):
    """The folder with `bin/` and `crds/` of a version of Kubernetes, by default the one that `install` names, and with those of cert-manager."""
    folder, cert_manager = built("install", *([kubernetes] if kubernetes else [])), built("install-cert-manager")
    for file in [cert_manager / "bin/cert-manager", *(cert_manager / "crds").iterdir()]:
        link = folder / file.relative_to(cert_manager)
        link.unlink(missing_ok=True)
        link.symlink_to(file)
    return folder


def built(script, *arguments):
    """The folder that a script fills and prints."""
    result = subprocess.run([HERE / script, *arguments], stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode != 0:
        raise Missing("cannot tell: the parts of the cluster are not installed")
    return pathlib.Path(result.stdout.strip())
