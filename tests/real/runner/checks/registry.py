"""6. The registry: up, BACKWARD in force, an incompatible schema refused, and its state outlives it."""

import json

from ..world import Failure

PATIENCE = 120
FIRST = {"type": "record", "name": "Proof", "fields": [{"name": "id", "type": "string"}]}
COMPATIBLE = {"type": "record", "name": "Proof", "fields": [{"name": "id", "type": "string"}, {"name": "note", "type": "string", "default": ""}]}
INCOMPATIBLE = {"type": "record", "name": "Proof", "fields": [{"name": "id", "type": "string"}, {"name": "amount", "type": "long"}]}
SUBJECT = "proof-value"


def run(stack):
    found = stack.deployments("schema-registry") or stack.deployments("apicurio")
    if not found:
        return
    obj, image = found[0], found[0]["spec"]["template"]["spec"]["containers"][0]["image"]
    real = "apicurio" in image
    base = address(stack, obj) + ("/apis/ccompat/v7" if real else "")
    post = lambda schema: stack.client.http("POST", f"{base}/subjects/{SUBJECT}/versions", {"schema": json.dumps(schema)}, "application/vnd.schemaregistry.v1+json")
    label = "Apicurio" if real else "stand-in"
    status, level = stack.client.http("GET", f"{base}/config")
    stack.fact("registry", f"{label}: BACKWARD is in force", status == 200 and level.get("compatibilityLevel") == "BACKWARD", level)
    status, reply = post(FIRST)
    stack.fact("registry", f"{label}: a schema is registered", status == 200 and "id" in reply, reply)
    status, reply = post(INCOMPATIBLE)
    stack.fact("registry", f"{label}: an incompatible schema is refused", status == 409, f"{status} {str(reply)[:100]}")
    status, reply = post(COMPATIBLE)
    stack.fact("registry", f"{label}: a compatible one is accepted", status == 200, f"{status} {str(reply)[:100]}")
    workload = stack.workload(obj)
    for pod in workload.pods():
        pod.delete(grace=5)
        workload.create()
    stack.world.wait("the registry is ready again", workload.ready, PATIENCE, lambda: next((p.problem for p in workload.pods() if p.problem), None))
    status, versions = stack.client.http("GET", f"{base}/subjects/{SUBJECT}/versions")
    stack.fact("registry", f"{label}: its state survives a restart of every pod", status == 200 and len(versions) == 2, f"versions {versions}")


def address(stack, obj):
    """The URL of the Service with an address that selects a workload's pods."""
    labels = obj["spec"]["template"]["metadata"]["labels"]
    for service in stack.objects:
        spec = service.get("spec", {})
        if service["kind"] == "Service" and spec.get("clusterIP") != "None" and all(labels.get(k) == v for k, v in (spec.get("selector") or {"": 1}).items()):
            return f"http://{service['metadata']['name']}.{service['metadata']['namespace']}.svc.cluster.local:{spec['ports'][0]['port']}"
    raise Failure(f"no Service selects `{obj['metadata']['name']}`")
