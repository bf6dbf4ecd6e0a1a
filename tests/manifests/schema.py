"""The schemas of Kubernetes and of custom resources, made strict."""

import functools
import json
import re

import jsonschema
import referencing
from kubernetes_validate import utils as kubernetes

from manifest import KINDS_OF_SCALAR, json_path

OLDEST = "1.33"
NEWEST = kubernetes.major_minor(kubernetes.latest_version())
VERSIONS = (OLDEST, NEWEST)

DEFINITIONS = "https://kubernetes.io/api/_definitions.json"
QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
OBJECT_META = {"$ref": f"{DEFINITIONS}#/$defs/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}


def problems(manifest, custom_schemas):
    """Pairs of JSON path and message. `custom_schemas` is a folder of `<group>/<kind>_<version>.json`."""
    found = {}
    for label, schema, registry in schemas_of(manifest, custom_schemas):
        if schema is None:
            found.setdefault(("kind", "no schema for this kind and apiVersion"), {})[label] = None
            continue
        for error in Validator(schema, registry=registry).iter_errors(manifest.value):
            for path, message in describe(error, manifest.scalars):
                found.setdefault((json_path(path), message), {})[label] = None
    return [(path, f"{message} (schema {', '.join(labels)})") for (path, message), labels in found.items()]


def schemas_of(manifest, custom_schemas):
    """The schemas that a manifest has to fit: a label, the schema or None, and the definitions that it refers to."""
    api_version, kind = manifest.value["apiVersion"], manifest.value["kind"]
    group, _, version = api_version.rpartition("/")
    custom = custom_schemas / group / f"{kind.lower()}_{version}.json"
    if group and custom.is_file():
        yield api_version, custom_schema(custom), definitions(NEWEST)
        return
    for release in VERSIONS:
        yield release, kubernetes_schema(release, api_version, kind), definitions(release)


def release_folder(release):
    return f"kubernetes-json-schema/v{release}.0-local-strict"


@functools.cache
def definitions(release):
    contents = kubernetes.schema_contents(f"{release_folder(release)}/_definitions.json", release)
    # The published schema lets any string be a quantity; only the API server would refuse `8Gig`.
    contents["$defs"][QUANTITY] = {
        "anyOf": [
            {"type": "string", "pattern": r"^[+-]?\d+(\.\d+)?([numk]|[MGTPE]|[KMGTPE]i|[eE][+-]?\d+)?$"},
            {"type": "number"},
        ]
    }
    return referencing.Registry().with_resource(DEFINITIONS, referencing.Resource.from_contents(contents))


@functools.cache
def kubernetes_schema(release, api_version, kind):
    # The files are named `statefulset-apps-v1.json`, `networkpolicy-networking-v1.json`, `service-v1.json`.
    group, _, version = api_version.rpartition("/")
    name = "-".join(part for part in (kind.lower(), group.split(".")[0], version) if part)
    try:
        schema = kubernetes.schema_contents(f"{release_folder(release)}/{name}.json", release)
    except FileNotFoundError:
        return None
    kinds = schema.get("x-kubernetes-group-version-kind", [])
    return schema if {"group": group, "version": version, "kind": kind} in kinds else None


@functools.cache
def custom_schema(file):
    schema = json.loads(file.read_text())
    # What every object has is known to the API server, so that CRDs leave it out or only say that the metadata is an object.
    schema["properties"] = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}} | schema["properties"]
    if schema["properties"].get("metadata", {"type": "object"}) == {"type": "object"}:
        schema["properties"]["metadata"] = OBJECT_META
    return close(schema)


def close(schema):
    """The schema with every object closed that lists its fields and doesn't say that others are welcome.

    The API server drops unknown fields of custom resources, so that a misspelt one would go unnoticed. Branches of `oneOf` and its
    like stay as they are: they add conditions, and don't list fields.
    """
    closed = dict(schema)
    for keyword in "properties", "patternProperties", "definitions":
        if keyword in closed:
            closed[keyword] = {name: close(field) for name, field in closed[keyword].items()}
    for keyword in "items", "additionalProperties":
        if isinstance(closed.get(keyword), dict):
            closed[keyword] = close(closed[keyword])
    if "properties" in closed and not closed.get("x-kubernetes-preserve-unknown-fields"):
        closed.setdefault("additionalProperties", False)
    return closed


def unique_keys(validator, keys, items, schema):
    """Kubernetes' lists that are maps, such as `env` by name: its server-side apply refuses two items with one key."""
    if not isinstance(items, list):
        return
    seen = set()
    for item in items:
        if not isinstance(item, dict):
            continue
        # The only key with a default is a port's protocol.
        key = tuple(item.get(name, "TCP" if name == "protocol" else None) for name in keys)
        if key in seen:
            fields = ", ".join(f"`{name}` {json.dumps(value)}" for name, value in zip(keys, key, strict=True))
            yield jsonschema.ValidationError(f"two items with {fields}")
        seen.add(key)


Validator = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"x-kubernetes-list-map-keys": unique_keys})


def describe(error, scalars):
    """jsonschema's error as pairs of path and a message that doesn't print whole objects."""
    path = tuple(error.absolute_path)
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        patterns = error.schema.get("patternProperties", {})
        for field in error.instance:
            if field not in known and not any(re.search(pattern, field) for pattern in patterns):
                yield (*path, field), "unknown field"
    elif error.validator == "required":
        for field in error.validator_value:
            if field not in error.instance:
                yield (*path, field), "required, but missing"
    elif error.validator == "type":
        types = [error.validator_value] if isinstance(error.validator_value, str) else error.validator_value
        wanted = " or ".join(name for name in types if name != "null")
        yield path, f"{found(error.instance, scalars.get(path))}, but the schema wants {wanted}"
    elif error.validator in ("oneOf", "anyOf"):
        yield path, f"{found(error.instance, scalars.get(path))}, which fits no branch, or more than one, of the schema"
    else:
        yield path, error.message


def found(value, text):
    """A scalar as written and as read, because the difference is often the fault: `no` is a boolean."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an array"
    return f"`{text}` is {KINDS_OF_SCALAR[type(value).__name__]}"
