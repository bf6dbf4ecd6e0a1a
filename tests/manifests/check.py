"""Judges the manifests of every stack with readers and schemas that share no code with the emitter: see README.md."""

import json
import os
import pathlib
import sys

import yaml

import manifest
import schema
import tools
from manifest import json_path

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
CUSTOM_SCHEMAS = pathlib.Path(os.environ.get("KAFKA_STACKS_SCHEMAS") or CHECKOUT.parent / "shared/schemas")

INDEX = "kustomization.yaml"
# `kubectl apply` copies the object into an annotation, and annotations may hold 256 KiB.
LARGEST_OBJECT = 256 * 1024


def main(arguments):
    if len(arguments) != 1:
        sys.exit("usage: check OUT_DIR")
    out = pathlib.Path(arguments[0])
    if not CUSTOM_SCHEMAS.is_dir():
        sys.exit(f"check: no folder `{CUSTOM_SCHEMAS}`: set KAFKA_STACKS_SCHEMAS to the schemas of custom resources")
    stacks = sorted(entry for entry in out.iterdir() if entry.is_dir()) if out.is_dir() else []
    if not stacks:
        sys.exit(f"check: no stack in `{out}`")

    failed = False
    for stack in stacks:
        problems, summary = check_stack(stack)
        for file, path, message in problems:
            print(f"{file.relative_to(out)}: {path}: {message}")
        if problems:
            failed = True
        else:
            print(f"{stack.name}: {summary}: ok")
    return 1 if failed else 0


def documents(stack):
    """Files that go with the objects and are none: the index lists them in comments."""
    return commented(stack, "# - ")


def apart(stack):
    """Files of objects that are applied before the kustomization: the index lists them in other comments."""
    return commented(stack, "# + ")


def commented(stack, mark):
    index = stack / INDEX
    lines = index.read_text().splitlines() if index.is_file() else []
    return {stack / line.removeprefix(mark).split(" # ")[0] for line in lines if line.startswith(mark)}


def check_stack(stack):
    """Triples of file, JSON path and message, and a line that says what was checked."""
    files = sorted(file for file in stack.rglob("*") if file.suffix in (".yaml", ".yml") and file not in documents(stack))
    problems = []
    manifests = []
    for file in files:
        read, found = manifest.read(file)
        problems += [(file, *problem) for problem in found]
        if read:
            manifests.append(read)
    objects = [one for one in manifests if one.file != stack / INDEX]
    rules = [one for one in objects if one.value["kind"] == "PrometheusRule"]

    problems += index_problems(stack, files, manifests)
    problems += duplicate_problems(objects)
    # kustomize stops at the first of the faults so far, and would only say them again.
    kustomizes = not problems
    for one in manifests:
        problems += [(one.file, *problem) for problem in schema.problems(one, CUSTOM_SCHEMAS)]
    for one in objects:
        problems += [(one.file, *problem) for problem in content_problems(one.value)]
    problems += reader_problems(manifests)
    if kustomizes:
        problems += kustomize_problems(stack, [one for one in objects if one.file not in apart(stack)])
    for one in rules:
        complaint = tools.promtool(one.value.get("spec"))
        if complaint:
            problems.append((one.file, "spec", f"promtool: {complaint}"))

    checks = [f"schemas {' '.join(schema.VERSIONS)}", "kustomize", "readers", *(["promtool"] if rules else [])]
    return problems, f"{len(objects)} objects, {', '.join(checks)}"


def index_problems(stack, files, manifests):
    """The index lists every file, each once, and nothing else."""
    index = stack / INDEX
    if index not in files:
        return [(index, ".", "missing")]
    listed = next((one.value.get("resources", []) for one in manifests if one.file == index), None)
    if not isinstance(listed, list):
        return []  # unreadable, or a fault that the schema names
    problems = []
    for position, entry in enumerate(listed):
        path = json_path(("resources", position))
        if entry in listed[:position]:
            problems.append((index, path, f"`{entry}` is listed twice"))
        elif stack / str(entry) not in files:
            problems.append((index, path, f"`{entry}` is no YAML file of this stack"))
    for file in files:
        if file != index and str(file.relative_to(stack)) not in listed and file not in apart(stack):
            problems.append((file, ".", f"not listed in `{INDEX}`"))
    return problems


def duplicate_problems(objects):
    problems = []
    first = {}
    for one in objects:
        other = first.setdefault(manifest.key(one.value), one)
        if other is not one:
            problems.append((one.file, "metadata.name", f"the same object as in `{other.file.name}`"))
    return problems


def content_problems(value):
    """What the API server, kubectl or the reader of a mounted file would stumble on, and no schema says."""
    problems = []
    if len(json.dumps(value, ensure_ascii=False).encode()) > LARGEST_OBJECT:
        problems.append((".", f"larger than {LARGEST_OBJECT} bytes: `kubectl apply` cannot annotate it"))
    data = value.get("data")
    if value["kind"] == "ConfigMap" and isinstance(data, dict):
        for name, text in data.items():
            try:
                if name.endswith(".json"):
                    json.loads(text)
                elif name.endswith((".yaml", ".yml")):
                    yaml.load(text, yaml.CSafeLoader)
            except (ValueError, yaml.YAMLError) as error:
                problems.append((json_path(("data", name)), manifest.syntax_problem(error)))
    return problems


def reader_problems(manifests):
    """kubectl, and a YAML reader for Rust, read every file to the value that PyYAML reads."""
    problems = []
    for one, (value, complaint) in zip(manifests, tools.read([one.file for one in manifests]), strict=True):
        if complaint:
            problems.append((one.file, ".", f"kubectl: {complaint}"))
            continue
        for path, ours, theirs in differences(one.value, value):
            problems.append((one.file, json_path(path), f"PyYAML reads {ours}, kubectl {theirs}"))
    values, complaint = tools.read_in_rust([one.file for one in manifests])
    if complaint:
        return [*problems, (manifests[0].file.parent, ".", f"serde_yaml: {complaint}")]
    for one, value in zip(manifests, values, strict=True):
        for path, ours, theirs in differences(one.value, value):
            problems.append((one.file, json_path(path), f"PyYAML reads {ours}, serde_yaml {theirs}"))
    return problems


def kustomize_problems(stack, objects):
    """`kubectl apply -k` sends exactly what the files hold."""
    built, complaint = tools.kustomize(stack)
    if complaint:
        return [(stack / INDEX, ".", f"kustomize: {complaint}")]
    built = {manifest.key(value): value for value in built}
    problems = []
    for one in objects:
        value = built.pop(manifest.key(one.value), ABSENT)
        for path, ours, theirs in differences(one.value, value):
            problems.append((one.file, json_path(path), f"the file has {ours}, kustomize makes {theirs}"))
    for _, kind, _, name in built:
        problems.append((stack / INDEX, ".", f"kustomize makes a {kind} `{name}` that no file holds"))
    return problems


ABSENT = object()


def differences(left, right, path=()):
    """Where two JSON values differ: the path, and both values there, shortened."""
    if isinstance(left, dict) and isinstance(right, dict):
        for name in sorted(left.keys() | right.keys()):
            yield from differences(left.get(name, ABSENT), right.get(name, ABSENT), (*path, name))
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for index, (one, other) in enumerate(zip(left, right, strict=True)):
            yield from differences(one, other, (*path, index))
    # To Python, `True == 1`. To JSON, 1 and 1.0 are the same number.
    elif left != right or isinstance(left, bool) != isinstance(right, bool):
        yield path, shortened(left), shortened(right)


def shortened(value):
    if value is ABSENT:
        return "nothing"
    text = json.dumps(value)
    return f"`{text if len(text) <= 60 else text[:60] + '…'}`"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
