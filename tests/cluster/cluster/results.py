"""`results.tsv`: what experiments have shown, and of which output. So a change of a stack that a long result no longer covers does not go unseen.

A row is written by `--record` when every fact held. Where the output has changed since, somebody runs the experiment again, or says in the last column
why the result still holds: the digest of the new output, a blank, and the reason. The row `broken` is of the broken clusters of the self-test: they are
about the proof itself, so its digest is of the sources of the proof and of `out/dev`.
"""

import datetime
import hashlib
import subprocess

from .tools import HERE, PROJECT

FILE = HERE / "results.tsv"
COLUMNS = ["stack", "experiment", "date", "commit", "facts", "output", "still holds"]
# The folders of a stack that an experiment is about; the others are about all of it.
BROKERS = ("kafka/", "zookeeper/")
ABOUT = {name: BROKERS for name in ("changes", "drain", "handbook", "power", "roll", "roll-down", "roll-drain", "roll-slow", "roll-ungated")}

BROKEN = "broken"
SOURCES = (HERE, HERE.parent / "real", PROJECT / "out/dev")


def digest(folder, experiment):
    """Of the files that the stack's index lists, each with its own."""
    if experiment == BROKEN:
        return digest_of_sources()
    listed = [line[2:].removeprefix("+ ") for line in (folder / "kustomization.yaml").read_text().splitlines() if line.startswith(("- ", "# + "))]
    about = [line for line in listed if line.startswith(ABOUT.get(experiment, ("",)))]
    return hashlib.sha256("\n".join(sorted(about)).encode()).hexdigest()[:12]


def digest_of_sources():
    all_files = sorted(path for folder in SOURCES for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts and path != FILE)
    digest = hashlib.sha256()
    for path in all_files:
        digest.update(f"{path.relative_to(PROJECT)} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()[:12]


def rows():
    """Each row as a dictionary."""
    lines = [line for line in FILE.read_text().splitlines() if not line.startswith("#")]
    for line in lines[1:]:
        fields = line.split("\t")
        if len(fields) != len(COLUMNS):
            raise ValueError(f"{FILE.name}: a row has {len(COLUMNS)} fields, separated by tabs: `{line}`")
        yield dict(zip(COLUMNS, fields))


def record(stack, experiment, facts, output):
    """Writes the row of an experiment whose facts all held, in the place of an earlier one; `output` is the digest of what it was run on."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout.strip()
    new = dict(zip(COLUMNS, [stack, experiment, datetime.date.today().isoformat(), commit, str(facts), output, ""]))
    key = lambda row: (row["stack"], row["experiment"])
    kept = [row for row in rows() if key(row) != key(new)]
    comments = [line for line in FILE.read_text().splitlines() if line.startswith("#")]
    lines = ["\t".join(row[column] for column in COLUMNS) for row in sorted([*kept, new], key=key)]
    FILE.write_text("\n".join([*comments, "\t".join(COLUMNS), *lines]) + "\n")


def uncovered(out):
    """What the results do not cover any more, a sentence each."""
    for row in rows():
        folder = out / row["stack"]
        if not (folder / "kustomization.yaml").exists():
            yield f"`{row['stack']}` is not in `{out.name}/`: remove its row `{row['experiment']}` from {FILE.relative_to(PROJECT)}"
            continue
        now = digest(folder, row["experiment"])
        accepted, _, reason = row["still holds"].partition(" ")
        if now != row["output"] and not (accepted == now and reason.strip()):
            broken = row["experiment"] == BROKEN
            what = "the proof or `out/dev`" if broken else f"out/{row['stack']}"
            again = "--self-test --only checks" if broken else f"{row['stack']} --only {row['experiment']}"
            yield (f"{what} has changed since `{row['experiment']}` was run ({row['date']}, {row['commit']}): run `tests/cluster/run {again} --record`, "
                   f"or write `{now} REASON` in the last column of its row in {FILE.relative_to(PROJECT)}, if it still holds")
