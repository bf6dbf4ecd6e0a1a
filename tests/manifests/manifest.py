"""Reading one YAML file: PyYAML's YAML 1.1 reader, which is strict here where YAML and PyYAML are lenient, and the rules of text."""

import dataclasses
import json
import pathlib
import re

import yaml

KINDS_OF_SCALAR = {"bool": "a boolean", "int": "an integer", "float": "a number", "str": "a string"}


@dataclasses.dataclass
class Manifest:
    """A file that holds exactly one object. `scalars` maps each JSON path to the text of the scalar there, as written."""

    file: pathlib.Path
    value: dict
    scalars: dict


def key(value):
    """What tells one object from another in a cluster: two versions of a group are the same object."""
    group = value["apiVersion"].rpartition("/")[0]
    metadata = value.get("metadata", {})
    return group, value["kind"], metadata.get("namespace"), metadata.get("name")


def json_path(steps):
    """`("data", "a.b", 0)` as `data["a.b"][0]`."""
    text = ""
    for step in steps:
        if isinstance(step, str) and re.fullmatch(r"[A-Za-z_$][\w$-]*", step):
            text += f".{step}"
        else:
            text += f"[{json.dumps(step)}]"
    return text.removeprefix(".") or "."


def read(file):
    """The manifest in `file`, or None, and what is wrong with it as pairs of JSON path and message."""
    try:
        text = file.read_bytes().decode()
        nodes = list(yaml.compose_all(text, yaml.CSafeLoader))
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        return None, [(".", syntax_problem(error))]
    problems = text_problems(text)
    if len(nodes) != 1:
        return None, [*problems, (".", f"{len(nodes)} YAML documents, and a file holds one")]

    reading = Reading()
    reading.visit(nodes[0], ())
    literals = {line for first, end in reading.literals for line in range(first, end)}
    problems += [
        (".", f"line {number + 1}: tab outside a literal block")
        for number, line in enumerate(text.split("\n"))
        if "\t" in line and number not in literals
    ]
    problems += reading.style_problems
    if reading.problems:
        return None, problems + reading.problems

    value = yaml.CSafeLoader("").construct_document(nodes[0])
    problem = shape_problem(value)
    if problem:
        return None, [*problems, problem]
    return Manifest(file, value, reading.scalars), problems


def syntax_problem(error):
    if isinstance(error, yaml.MarkedYAMLError):
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return " ".join(str(error).split())


def text_problems(text):
    problems = [(".", f"line {number + 1}: trailing white space") for number, line in enumerate(text.split("\n")) if line != line.rstrip()]
    if not text.endswith("\n") or text.endswith("\n\n"):
        problems.append((".", "the file does not end in exactly one newline"))
    return problems


def shape_problem(value):
    if not isinstance(value, dict):
        return ".", "not an object"
    for field in "apiVersion", "kind":
        if not isinstance(value.get(field), str):
            return field, "missing, or not a string"
    is_kustomization = value["kind"] == "Kustomization" and value["apiVersion"].startswith("kustomize.config.k8s.io/")
    metadata = value.get("metadata")
    if not is_kustomization and not (isinstance(metadata, dict) and isinstance(metadata.get("name"), str)):
        return "metadata.name", "missing, or not a string"
    return None


class Reading:
    """One walk over the nodes of a document, which still know what the values forget: styles, tags, duplicate keys."""

    def __init__(self):
        self.scalars = {}
        self.literals = []
        self.style_problems = []
        self.problems = []

    def visit(self, node, path):
        if isinstance(node, yaml.MappingNode):
            seen = set()
            for key, value in node.value:
                self.visit_key(key, seen, path)
                self.visit(value, (*path, str(key.value)))
        elif isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                self.visit(item, (*path, index))
        else:
            self.visit_scalar(node, path)

    def visit_key(self, key, seen, path):
        where = json_path(path)
        if key.tag != "tag:yaml.org,2002:str":
            self.problems.append((where, f"the key `{key.value}` is not a string in YAML 1.1"))
        elif key.value in seen:
            self.problems.append((where, f"duplicate key `{key.value}`"))
        seen.add(str(key.value))

    def visit_scalar(self, node, path):
        where = json_path(path)
        kind = node.tag.removeprefix("tag:yaml.org,2002:")
        if kind == "null":
            self.problems.append((where, "null: leave the field out"))
        elif kind not in KINDS_OF_SCALAR:
            self.problems.append((where, f"`{node.value}` is a {kind} in YAML 1.1"))
        self.scalars[path] = node.value

        if node.style == "|":
            self.literals.append((node.start_mark.line + 1, node.end_mark.line))
        elif node.start_mark.line != node.end_mark.line:
            self.style_problems.append((where, "a text of several lines that is not a literal block"))
