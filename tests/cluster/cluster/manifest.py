"""Reads the committed manifests: the files that `kustomization.yaml` lists, those that are applied before it first, and nothing else."""

import pathlib

import yaml


def load(folder):
    """All objects of a stack in the order of its kustomization."""
    folder = pathlib.Path(folder)
    listing = folder / "kustomization.yaml"
    objects = []
    for path in [*apart(listing.read_text()), *yaml.safe_load(listing.read_text())["resources"]]:
        for obj in yaml.safe_load_all((folder / path).read_text()):
            if obj:
                obj["metadata"].setdefault("namespace", "default" if obj["kind"] != "Namespace" else "")
                objects.append(obj)
    return objects


def apart(listing):
    """The files that are applied before the kustomization, which lists them in comments."""
    return [line.removeprefix("# + ").split(" # ")[0] for line in listing.splitlines() if line.startswith("# + ")]
