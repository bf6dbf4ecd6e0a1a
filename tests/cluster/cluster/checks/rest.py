"""REST interfaces that are closed: who shows no password, or a wrong one, is refused, nothing answers in plaintext, the Jobs get in, workers ask
each other, and no password is where everyone can read it."""

import json
import re
import time

from ..world import Failure

PATIENCE = 200
# For each question (scheme, name, address, port, method, path, user): the status, or what went wrong.
ASK = """
import base64, http.client, json, socket, ssl, sys
found = []
for scheme, name, address, port, method, path, user in json.loads(sys.argv[1]):
    try:
        raw = socket.create_connection((address, port), 20)
        if scheme == "https":
            raw = ssl.create_default_context(cadata=sys.argv[2]).wrap_socket(raw, server_hostname=name)
        connection = http.client.HTTPConnection(name, port, timeout=20)
        connection.sock = raw
        headers = {"Authorization": "Basic " + base64.b64encode(user.encode()).decode()} if user else {}
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        found.append([answer.status, answer.read().decode()])
    except (OSError, ssl.SSLError, http.client.HTTPException) as error:
        found.append([0, f"{type(error).__name__}: {error}"])
print(json.dumps(found))
"""


def interfaces(stack):
    """name → (Service's address, port, path, password) of each closed interface."""
    found = {}
    for obj in stack.objects:
        if obj["kind"] == "Certificate" and obj["spec"]["secretName"].endswith("-rest-tls"):
            name = obj["spec"]["secretName"].removesuffix("-rest-tls")
            service, password = stack.get("Service", name), stack.world.secret(stack.namespace, f"{name}-rest")["password"].decode()
            path = "/apis/ccompat/v7/subjects" if "apicurio" in name else "/subjects" if "registry" in name else "/connectors"
            found[name] = (stack.world.address(stack.namespace, name), service["spec"]["ports"][0]["port"], path, password)
    return found


def run(stack):
    found = interfaces(stack)
    if not found:
        return
    world, authority = stack.world, stack.world.authority.certificate.read_text()
    pod = stack.client_pod("proof-rest")
    ask = lambda *questions: json.loads(world.from_pod(pod, ASK, json.dumps(questions), authority, timeout=200))
    for name, (address, port, path, password) in found.items():
        host = f"{name}.{stack.namespace}.svc.cluster.local"
        https = lambda user, path=path, method="GET", host=host, address=address, port=port: ("https", host, address, port, method, path, user)
        refused = [a[0] for a in ask(https(None), https("platform:wrong"), https(f"someone:{password}"), https(None, "/"))]
        stack.fact("rest", f"`{name}`: no password, a wrong one, another user", refused == [401] * 4, f"status {refused}")
        status, body = ask(https(f"platform:{password}"))[0]
        stack.fact("rest", f"`{name}`: with the password", status == 200, f"status {status} {body[:100]}")
        answers = [a for p in (port, port + 1) for a in ask(("http", host, address if p == port else workload(stack, name).pods()[0].address, p, "GET", path, f"platform:{password}"))]
        stack.fact("rest", f"`{name}`: nothing answers in plaintext", all(a[0] == 0 for a in answers), "; ".join(a[1] for a in answers))
        other = ask(("https", "another.example.com", address, port, "GET", path, None))[0]
        stack.fact("rest", f"`{name}`: its certificate has no other name", other[0] == 0 and "ertificate" in other[1], other[1])
    if "kafka-connect" in found:
        workers(stack, ask, *found["kafka-connect"])
    jobs(stack)
    nowhere(stack, {name: one[3] for name, one in found.items()})
    pod.delete(grace=0)


def workload(stack, name):
    return stack.workload(next(o for o in stack.objects if o["kind"] == "Deployment" and o["metadata"]["name"] == name))


def workers(stack, ask, address, port, path, password):
    """Each worker takes a change, which only the leader writes, and the task of a source that writes exactly once asks the leader first."""
    host = f"kafka-connect.{stack.namespace}.svc.cluster.local"
    user, pods = f"platform:{password}", workload(stack, "kafka-connect").pods()
    deadline = time.time() + PATIENCE
    while True:
        _, body = ask(("https", host, address, port, "GET", "/connectors?expand=status", user))[0]
        status = json.loads(body) if body.startswith("{") else {}
        running = [task["worker_id"] for one in status.values() for task in one["status"]["tasks"] if task["state"] == "RUNNING"]
        if running:
            break
        if time.time() > deadline:
            raise Failure(f"no task runs: {body[:400]}")
        time.sleep(1)
    stack.fact("rest", "a task that writes exactly once runs", True, ", ".join(running))
    name = next(iter(status))
    answers = [ask(("https", host, pod.address, port, method, f"/connectors/{name}/{verb}", user))[0] for pod in pods
               for method, verb in (("POST", "restart?includeTasks=true"), ("PUT", "pause"), ("PUT", "resume"))]
    stack.fact("rest", "each worker hands on to the leader what only the leader does", all(a[0] in (202, 204) for a in answers), [a[0] for a in answers])
    script = [pod.containers[0].execute(["bash", "/etc/kafka-stacks/ask.sh", "/connectors?expand=status"], 20) for pod in pods]
    stack.fact("rest", "a pod asks itself", all(done and done[0] == 0 and name in done[1] for done in script), script[0][1][:80] if script[0] else "")
    logs = "".join(container.log() for pod in pods for container in pod.containers)
    errors = re.findall(r"IO error forwarding REST request.*|Failed to reconfigure connector.*|.*PKIX path.*", logs)
    stack.fact("rest", "no call from worker to worker failed", not errors, errors[:2])


def jobs(stack):
    """The Jobs that connect to closed interfaces have ended well."""
    for (kind, name), job in list(stack.world.workloads.items()):
        if kind == "Job" and name.startswith(("connectors", "schemas")):
            stack.world.wait(f"`{name}` ends", lambda job=job: job.state != "Running", PATIENCE)
            lines = job.log().strip().splitlines() or [""]
            stack.fact("rest", f"the Job `{name.rsplit('-', 1)[0]}` gets in", job.state == "Complete", lines[-1], job.seconds)


def nowhere(stack, passwords):
    """Neither in objects, nor in logs, nor among the arguments of processes."""
    words = set(passwords.values())
    told = [name for name, text in stack.world.readable() if any(word in text for word in words)]
    for pid in [p for p in __import__("os").listdir("/proc") if p.isdigit()]:
        try:
            command = open(f"/proc/{pid}/cmdline", errors="replace").read()
        except OSError:
            continue
        if any(w in command for w in words) and "import base64, http.client" not in command:
            told.append(f"arguments of process {pid}: {command[:80]!r}")
    stack.fact("rest", "passwords are in no object but Secrets, no log, no arguments", not told, "; ".join(told))
