"""Finds the dashboards in the manifests of a stack."""

import json
import re
from pathlib import Path


class Problem(Exception):
    """Something that a dashboard says and that cannot be shown, or must not be."""


def dashboards(folder):
    """(file, dashboard) for each that a stack emits: a ConfigMap with one key that ends in `.json`, as a literal block."""
    found = []
    for path in sorted(Path(folder).glob("*/configmap-*.yaml")):
        lines = path.read_text().splitlines()
        for number, line in enumerate(lines):
            if re.fullmatch(r"  \S+\.json: \|-?", line):
                block = []
                for inner in lines[number + 1:]:
                    if inner and not inner.startswith("    "):
                        break
                    block.append(inner[4:])
                found.append((path, json.loads("\n".join(block))))
    if not found:
        raise Problem(f"no dashboard in `{folder}`")
    # The overview first: its uid is the beginning of the others'.
    return sorted(found, key=lambda one: one[1]["uid"])


def panels(dashboard):
    """All panels but rows, those of folded rows too."""
    for panel in dashboard["panels"]:
        yield from panel.get("panels", []) if panel["type"] == "row" else [panel]
