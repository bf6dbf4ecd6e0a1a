"""Judges the dashboards of all stacks in a folder: types, rules, and whether the preview draws them."""

import sys
from pathlib import Path

from board import draw, files, rules, schema


def faults(dashboards):
    """(what is judged, what is wrong) of the dashboards of one stack."""
    uids = [dashboard["uid"] for _, dashboard in dashboards]
    if len(set(uids)) < len(uids):
        yield "all", "two dashboards have the same uid"
    for path, dashboard in dashboards:
        # The rest takes the types for granted.
        found = schema.faults(dashboard) or list(rules.faults(dashboard, uids))
        for fault in found:
            yield f"{path}: `{dashboard['uid']}`", fault
        if found:
            continue
        try:
            page = draw.page([(path, dashboard)], {}, unfold=True)
            assert page.count('class="panel"') == sum(1 for _ in files.panels(dashboard)), "the preview drew another number of panels"
        except files.Problem as problem:
            yield f"{path}: `{dashboard['uid']}`", str(problem)


def main(out):
    folders = sorted(folder for folder in Path(out).iterdir() if folder.is_dir())
    number, bad = 0, 0
    for folder in folders:
        dashboards = files.dashboards(folder)
        number += len(dashboards)
        for place, fault in faults(dashboards):
            bad += 1
            print(f"error: {place}: {fault}", file=sys.stderr)
    print(f"dashboards: {number} of {len(folders)} stacks, {bad} faults")
    return 1 if bad or not number else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
