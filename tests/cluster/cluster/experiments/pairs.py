"""The API server takes or refuses the pairs of `tests/diff/pairs.yaml` as `kafka-stacks diff` says. It looks at no stack: its pairs are its own."""

import tempfile
from pathlib import Path

import yaml

from ..tools import PROJECT

PAIRS = PROJECT / "tests/diff"
# Not asked: no definition is installed for the kind; the version is not served; nothing binds a claim here, and only a bound one grows.
LEFT_OUT = {"unknown-field", "api-version", "claim-grown"}


def run(cluster, _, seen):
    base = documents((PAIRS / "base.yaml").read_text())
    pairs = yaml.safe_load((PAIRS / "pairs.yaml").read_text())
    for pair in pairs:
        after = edited(base, pair["edits"])
        if after is None or pair["row"] in LEFT_OUT:
            continue
        before = {name: text for name, text in base.items() if name in after and text != after[name]}
        changed = {name: text for name, text in after.items() if text != base.get(name)}
        for way in ("client-side", "server-side"):
            clean(cluster)
            for text in before.values():
                apply(cluster, text, way, must=True)
            answers = [apply(cluster, text, way, dry_run=True) for text in changed.values()]
            refused = "; ".join(" ".join(answer.stderr.split()) for answer in answers if answer.returncode != 0)
            expected = way in pair.get("refused", [])
            said = f"refused: {refused}" if refused else "taken"
            seen.fact(f"{pair['row']}, {way}: {'refused' if expected else 'taken'}", bool(refused) == expected, said[:300])


def documents(text):
    found = {}
    for document in text.split("\n---\n"):
        value = yaml.safe_load(document)
        found[f"{value['kind']}/{value['metadata']['name']}"] = document
    return found


def edited(base, edits):
    """The objects after the edits; none if one only goes, which the server is not asked about."""
    after = dict(base)
    for edit in edits:
        name, old, new = edit["object"], edit.get("from"), edit.get("to")
        if old is None and new is None:
            return None
        if old is None:
            after[name] = new
        elif (old := old.rstrip()) in after[name]:
            after[name] = after[name].replace(old, new.rstrip(), 1)
        else:
            raise ValueError(f"`{old}` is not in {name}")
    return after


def clean(cluster):
    """Nothing of the pair before is left."""
    kinds = "statefulsets,deployments,jobs,cronjobs,services,configmaps,secrets,poddisruptionbudgets,networkpolicies,roles,rolebindings,serviceaccounts"
    if cluster.kubectl("get", "namespace", "pairs", check=False).returncode != 0:
        cluster.kubectl("create", "namespace", "pairs")
    cluster.kubectl("-n", "pairs", "delete", kinds, "--all", "--cascade=orphan", "--ignore-not-found", "--wait=false", check=False)
    cluster.kubectl("-n", "pairs", "delete", "persistentvolumeclaims,prometheusrules,podmonitors", "--all", "--wait=false", check=False)
    cluster.kubectl("-n", "pairs", "patch", "persistentvolumeclaim", "files", "--type=merge", "-p", '{"metadata":{"finalizers":null}}', check=False)
    cluster.kubectl("delete", "storageclasses", "--all", check=False)


def apply(cluster, text, way, must=False, dry_run=False):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "object.yaml"
        file.write_text(text + "\n")
        words = ["apply", "-f", file]
        if way == "server-side":
            words += ["--server-side", "--force-conflicts"]
        if dry_run:
            words.append("--dry-run=server")
        return cluster.kubectl(*words, check=must)
