"""The registry: up, BACKWARD in force, an incompatible schema refused, and its state outlives it."""

import copy
import json

from ..world import Failure

PATIENCE = 240
FIRST = {"type": "record", "name": "Proof", "fields": [{"name": "id", "type": "string"}]}
COMPATIBLE = {"type": "record", "name": "Proof", "fields": [{"name": "id", "type": "string"}, {"name": "note", "type": "string", "default": ""}]}
INCOMPATIBLE = {"type": "record", "name": "Proof", "fields": [{"name": "id", "type": "string"}, {"name": "amount", "type": "long"}]}
SUBJECT = "proof-value"


def run(stack):
    for obj in stack.deployments("schema-registry") + stack.deployments("apicurio"):
        one(stack, obj)


def one(stack, obj):
    image = obj["spec"]["template"]["spec"]["containers"][0]["image"]
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
    the_job(stack, base, label)


def the_job(stack, base, label):
    """What the schemas Job declared is there, and a second run of it changes nothing."""
    obj = next((o for o in stack.objects if o["kind"] == "Job" and o["metadata"]["name"].startswith("schemas")), None)
    if not obj:
        return
    lines = next(o["data"]["schemas.txt"] for o in stack.objects if o["kind"] == "ConfigMap" and "schemas.txt" in (o.get("data") or {})).splitlines()
    declared = {}
    for subject in (line.split()[0] for line in lines if "level=" not in line):
        declared[subject] = declared.get(subject, 0) + 1
    registered = lambda: {subject: stack.client.http("GET", f"{base}/subjects/{subject}/versions")[1] for subject in declared}
    before = registered()
    # Not the numbers: the stand-in's are those of the whole registry.
    counts = {subject: len(versions) for subject, versions in before.items()}
    total = sum(declared.values())
    stack.fact("registry", f"{label}: the schemas Job registered {total} versions of {len(declared)} subjects", counts == declared, before)
    # As an apply does after its name changed.
    obj = copy.deepcopy(obj)
    obj["metadata"]["name"] += "-again"
    job = stack.world.start(obj)
    stack.world.wait("the schemas Job ends", lambda: job.state != "Running", PATIENCE)
    output = job.log()
    for pod in job.pods():
        pod.delete(grace=0)
    stack.fact("registry", f"{label}: run again, it changes nothing", job.state == "Complete" and f"0 registered, {total} unchanged; 0 levels set" in output and registered() == before,
               f"{job.state}: {output[-300:]}", job.seconds)


def address(stack, obj):
    """The URL of the Service with an address that selects a workload's pods."""
    labels = obj["spec"]["template"]["metadata"]["labels"]
    for service in stack.objects:
        spec = service.get("spec", {})
        if service["kind"] == "Service" and spec.get("clusterIP") != "None" and all(labels.get(k) == v for k, v in (spec.get("selector") or {"": 1}).items()):
            return f"http://{service['metadata']['name']}.{service['metadata']['namespace']}.svc.cluster.local:{spec['ports'][0]['port']}"
    raise Failure(f"no Service selects `{obj['metadata']['name']}`")
