"""kubectl, promtool and a YAML reader for Rust as judges. Neither asks a cluster or a Prometheus server."""

import json
import os
import pathlib
import subprocess
import tempfile

PROJECT = pathlib.Path(__file__).resolve().parents[2]


def run(*command, text=""):
    # The user's own configuration of kubectl must not take part.
    environment = os.environ | {"KUBECONFIG": os.devnull}
    return subprocess.run(command, check=False, input=text, capture_output=True, text=True, env=environment)


def one_line(text):
    return " ".join(text.split())


# `patch --local` reads with kubectl's own YAML reader, changes nothing, and is the one verb that does so for every kind without a server.
READ = ("kubectl", "patch", "--local", "--type=merge", "--patch={}", "--output=json")


def json_documents(text):
    decoder = json.JSONDecoder()
    documents = []
    text = text.strip()
    while text:
        document, end = decoder.raw_decode(text)
        documents.append(document)
        text = text[end:].lstrip()
    return documents


def read(files):
    """For each file the value that kubectl reads and None, or None and kubectl's complaint."""
    together = run(*READ, *(f"--filename={file}" for file in files))
    if together.returncode == 0:
        values = json_documents(together.stdout)
        if len(values) == len(files):
            return [(value, None) for value in values]
    # kubectl goes on after a fault without saying what belongs to which file.
    return [read_one(file) for file in files]


def read_one(file):
    result = run(*READ, f"--filename={file}")
    values = json_documents(result.stdout)
    if result.returncode != 0:
        return None, one_line(result.stderr)
    if len(values) != 1:
        return None, f"{len(values)} objects, and a file holds one"
    return values[0], None


def read_in_rust(files):
    """The values that a YAML reader for Rust reads and None, or None and its complaint."""
    example = ("cargo", "run", "--quiet", "--locked", f"--manifest-path={PROJECT / 'Cargo.toml'}", "--example", "yaml_to_json", "--")
    result = run(*example, *files)
    if result.returncode != 0:
        return None, one_line(result.stderr)
    return json.loads(result.stdout), None


def kustomize(folder):
    """The objects that `kubectl apply -k` would send and None, or None and a complaint."""
    built = run("kubectl", "kustomize", folder)
    if built.returncode != 0:
        return None, one_line(built.stderr)
    result = run(*READ, "--filename=-", text=built.stdout)
    if result.returncode != 0:
        return None, one_line(result.stderr)
    return json_documents(result.stdout), None


def promtool(spec):
    """promtool's complaint about the spec of a PrometheusRule, which is a rule file, or None."""
    with tempfile.TemporaryDirectory() as scratch:
        file = pathlib.Path(scratch) / "rules"
        file.write_text(json.dumps(spec))
        result = run("promtool", "check", "rules", "--lint=all", "--lint-fatal", file)
        if result.returncode == 0:
            return None
        return one_line(result.stderr.replace(f"{file}: ", "").removeprefix("  FAILED:"))
