"""A closed cluster, attacked: each application can do what it declares and nothing else; no port of Kafka answers in plaintext; who is unknown
is refused, with the message that `docs/security.md` gives; what is no longer declared is gone after the next run of the Job; no secret is seen."""

import concurrent.futures
import json
import pathlib
import threading
import time

from real import secrets

from ..stack import Client, ClientError, bootstrap, permissions, properties
from . import connect, topics
from .permissions_job import again, job_of

# Users that ask side by side: each has a JVM.
AT_ONCE = 3
# The words that a server of ZooKeeper may answer.
WORDS = ("srvr", "ruok", "stat", "mntr", "conf", "cons", "dump", "envi", "crst", "srst", "wchs", "wchc", "wchp", "dirs", "isro", "hash", "gtmk", "stmk")
# What a refusal by the authorizer says, whatever was asked.
DENIED = "AuthorizationException"
PLAINTEXT = """
import json, socket, struct, sys
def answers(target):
    body = struct.pack(">hhih", 18, 0, 4711, -1)  # ApiVersions, version 0, without a client id
    try:
        with socket.create_connection(target, 5) as connection:
            connection.settimeout(5)
            connection.sendall(struct.pack(">i", len(body)) + body)
            return connection.recv(8)[4:8] == struct.pack(">i", 4711)
    except OSError:
        return False
print(json.dumps([answers(tuple(t)) for t in json.loads(sys.argv[1])]))
"""

# What ZooKeeper says to who opens a session and asks for something: `-` for a session that is refused, and otherwise the number of the answer.
ZOOKEEPER = """
import json, pathlib, socket, ssl, struct, sys
def exchange(connection, body):
    connection.sendall(struct.pack(">i", len(body)) + body)
    return received(connection, struct.unpack(">i", received(connection, 4))[0])
def received(connection, size):
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise ConnectionError("closed")
        data += more
    return data
def text(value):
    return struct.pack(">i", len(value)) + value.encode()
def ask(host, port, folder, operation, path):
    try:
        with socket.create_connection((host, port), 5) as connection:
            connection.settimeout(20)
            if folder:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                context.check_hostname = False
                context.load_verify_locations(folder + "/ca.crt")
                if pathlib.Path(folder, "tls.crt").exists():
                    context.load_cert_chain(folder + "/tls.crt", folder + "/tls.key")
                connection = context.wrap_socket(connection)
            exchange(connection, struct.pack(">iqiqi", 0, 0, 20000, 0, 16) + bytes(16) + bytes(1))
            anyone = struct.pack(">ii", 1, 31) + text("world") + text("anyone")
            body = {"get": (4, text(path) + bytes(1)), "create": (1, text(path) + text("x") + anyone + struct.pack(">i", 0)),
                    "delete": (2, text(path) + struct.pack(">i", -1))}[operation]
            return struct.unpack(">iqi", exchange(connection, struct.pack(">ii", 1, body[0]) + body[1])[:16])[2]
    except (OSError, struct.error) as error:
        return f"- {error}"
def word(port, command):
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(command.encode())
        connection.settimeout(20)
        return b"".join(iter(lambda: connection.recv(4096), b"")).decode()
print(json.dumps([ask(*one) if len(one) > 2 else word(*one) for one in json.loads(sys.argv[1])]))
"""
NO_PERMISSION = -102  # KeeperException.NoAuth

CERTIFICATE = """
import ssl, sys
print(ssl.get_server_certificate((sys.argv[1], int(sys.argv[2])), timeout=10))
"""


def login_servers(stack):
    """Where users log in."""
    return next(e["value"] for e in job_of(stack)["spec"]["template"]["spec"]["containers"][0]["env"] if e["name"] == "LOGIN_SERVERS")


def component(stack, user):
    """Whether a user is a part of the stack, such as Connect, and not an application, which has files for its clients."""
    return not any(o["kind"] == "ConfigMap" and o["metadata"]["name"] == f"{user}-kafka" for o in stack.objects)


class Application:
    """A client with the identity of an application, in a pod that its network policy knows."""

    def __init__(self, stack, name, identity=None, files=None, labels=()):
        policy = next((o for o in stack.objects if o["kind"] == "NetworkPolicy" and o["metadata"]["name"] == f"{name}-kafka"), None)
        known = policy["spec"]["ingress"][0]["from"][0]["podSelector"]["matchLabels"] if policy else {}
        if component(stack, name):  # the policy of the brokers knows the stack's own pods
            known = {"app.kubernetes.io/managed-by": "kafka-stacks"}
        count = sum(p.name.startswith(f"as-{name}") for p in stack.world.pods)
        self.pod = stack.client_pod(f"as-{name}-{count}", secret=identity or f"{name}-kafka", labels=dict(known) | dict(labels))
        maps = next((o for o in stack.objects if o["kind"] == "ConfigMap" and o["metadata"]["name"] == f"{name}-kafka"), {"data": {}})
        self.files = {key: f"/etc/maps/{name}-kafka/{key}" for key, text in maps["data"].items()}
        self.transactional = next((path for key, path in self.files.items() if "transactional.id" in properties(maps["data"][key])), None)
        plain = [path for key, path in sorted(self.files.items()) if path != self.transactional]
        base = files or (plain[0] if plain else self.transactional) or f"/etc/maps/{name}/client.properties"
        servers = bootstrap(stack) if files else login_servers(stack)
        self.client = Client(self.pod.containers[0].attach, self.pod.dir.parent / f"{self.pod.name}.errors", servers, base)

    def attempt(self, *words):
        """None, or the message of the refusal."""
        try:
            self.client.ask(*words, timeout=120)
            return None
        except ClientError as error:
            return str(error)

    def end(self):
        self.pod.delete(grace=0)


def matrix(stack, users):
    """Each user × each operation × each topic, group and transactional id: (what, whether it may, the refusal). What a component may do with
    its own topics and groups is left out: records of someone else would break it, and it does all of that itself, or the other checks fail."""
    asked = [user for user, facts in sorted(users.items()) if user != "*" and not user.startswith("platform:") and facts != ["retired"]]
    for topic in sorted(topics.declared(stack)):
        stack.client.ask("produce", "-", topic, 3)
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        return [row for rows in pool.map(lambda user: list(operations(stack, users, user)), asked) for row in rows]


def operations(stack, users, user):
    """The rows of the matrix for one user. It has one process, which keeps its clients: logins take longer than requests."""
    names = sorted(topics.declared(stack))
    internal = sorted({f.split()[3] for facts in users.values() for f in facts if f.startswith("acl topic literal")} - {*names, "*"})
    groups = sorted({f.split()[3] for facts in users.values() for f in facts if f.startswith("acl group literal") and f.split()[3] != "*"})
    facts = users[user]
    part = component(stack, user)
    app, may = Application(stack, user), lambda fact: f"acl {fact}" in facts
    own = next((f.split()[3] for f in facts if f.startswith("acl group literal")), "none")
    readable = next((t for t in names if may(f"topic literal {t} READ")), names[0])
    for topic in names + internal:
        if topic in internal and may(f"topic literal {topic} WRITE"):
            continue
        writes = ("transact", app.transactional, topic) if app.transactional else ("write", topic)
        yield f"{user} writes {topic}", may(f"topic literal {topic} WRITE"), app.attempt(*writes)
        if not (part and may(f"topic literal {topic} READ")):  # its sink would have to share the partitions
            yield f"{user} reads {topic}", may(f"topic literal {topic} READ") and may(f"group literal {own} READ"), app.attempt("read", own, topic)
        yield f"{user} deletes {topic}", may(f"topic literal {topic} DELETE"), app.attempt("delete", topic)
        yield f"{user} changes {topic}", may(f"topic literal {topic} ALTER_CONFIGS"), app.attempt("alter", topic, "retention.ms=1000")
    for group in [*groups, "foreign"]:
        allowed = may(f"topic literal {readable} READ") and may(f"group literal {group} READ")
        if part and may(f"group literal {group} READ"):
            continue
        yield f"{user} uses group {group}", allowed, app.attempt("commit", group, readable)
    yield f"{user} creates a topic", False, app.attempt("create", "proof.stolen", 1, 3)
    writable = next((t for t in names if may(f"topic literal {t} WRITE")), None)
    if writable and any("transactional-id" in fact for fact in facts):
        yield f"{user} uses a transactional id of another", False, app.attempt("transactions", "-", writable, "transactional.id=proof.stolen", "+1")
    app.end()


def unencrypted(stack):
    """The ports of Kafka, dialled in their own pods where no policy stands between, that answer a request in plaintext."""
    found, asked = [], 0
    for obj in stack.sets:
        pod = stack.workload(obj).pods()[0]
        ports = {name: number for name, number in pod.named_ports.items() if "metrics" not in name}
        answers = json.loads(stack.world.from_pod(pod, PLAINTEXT, json.dumps([[pod.address, number] for number in ports.values()])))
        asked += len(ports)
        found += [f"{pod.name}:{name}" for name, answer in zip(ports, answers) if answer]
    return found, asked


def ensemble(stack):
    """What a closed ZooKeeper refuses, and to whom: (what, whether it holds, what was seen)."""
    found = [s for s in stack.sets if "secureClientPort" in stack.settings(s)]
    if not found:
        return
    settings, server, broker = stack.settings(found[0]), stack.workload(found[0]).pods()[0], stack.workload(stack.brokers()[0]).pods()[0]
    at, local, authority = (server.address, int(settings["secureClientPort"])), int(settings["clientPort"]), stack.world.authority
    node = next(o["spec"] for o in stack.objects if o["kind"] == "Certificate" and o["spec"]["commonName"].startswith("node.") and
                o["spec"]["secretName"].startswith(stack.brokers()[0]["metadata"]["name"]))
    who = {"nobody": {"ca.crt": authority.certificate.read_bytes()}, "application": authority.issue("billing", usages=["client auth"]),
           "broker": authority.issue(node["commonName"], node["subject"]["organizations"], usages=node["usages"])}
    other = secrets.Authority(stack.world.state / "zookeeper-another-ca", "another-ca")
    who["foreign"] = other.issue(node["commonName"], node["subject"]["organizations"], usages=node["usages"]) | {"ca.crt": who["nobody"]["ca.crt"]}
    for name, files in who.items():
        folder = stack.world.state / f"zookeeper-{name}"
        folder.mkdir()
        for key, value in files.items():
            (folder / key).write_bytes(value)
        who[name] = str(folder)
    ask = lambda pod, *questions: json.loads(stack.world.from_pod(pod, ZOOKEEPER, json.dumps(questions)))
    refused = lambda answer: isinstance(answer, str)
    plain, nobody, foreign = ask(broker, [*at, "", "get", "/brokers/ids"], [*at, who["nobody"], "get", "/brokers/ids"],
                                 [*at, who["foreign"], "get", "/brokers/ids"])
    yield "ZooKeeper refuses a client in plaintext", refused(plain), plain
    yield "ZooKeeper refuses a client without a certificate", refused(nobody), nobody
    yield "ZooKeeper refuses a certificate of another CA", refused(foreign), foreign
    operations = [("get", "/config/users"), ("create", "/kafka-acl/Topic/stolen"), ("create", "/config/users/stolen"), ("delete", "/brokers/seqid")]
    answers = ask(broker, *([*at, who["application"], *each] for each in operations))
    yield "an application's certificate reads no users and changes no permission in ZooKeeper", answers == [NO_PERMISSION] * len(answers), answers
    answers = ask(broker, [*at, who["broker"], "get", "/config/users"], [*at, who["broker"], "create", "/kafka-acl/Topic/proof"],
                  [*at, who["broker"], "delete", "/kafka-acl/Topic/proof"])
    yield "a broker's certificate does", answers == [0, 0, 0], answers
    words = dict(zip(WORDS, ask(server, *([local, word] for word in WORDS))))
    answered = [word for word, answer in words.items() if "not in the whitelist" not in answer]
    yield "ZooKeeper answers its pod `srvr` and no other word", answered == ["srvr"] and "Mode: " in words["srvr"], answered
    session, = ask(server, ["127.0.0.1", local, "", "get", "/brokers/ids"])
    yield "and no session without a certificate, in its own pod either", refused(session) or session != 0, session
    elsewhere, = ask(broker, [server.address, local, "", "get", "/brokers/ids"])
    yield "its port in plaintext is closed to others", refused(elsewhere), elsewhere


def strangers(stack, users):
    """Who must not get in, or may do nothing: (who, what the refusal has to say, what it says)."""
    cluster, authority = stack.world, stack.world.authority
    user = next(u for u, facts in sorted(users.items()) if "password" in facts)
    topic = sorted(topics.declared(stack))[0]
    base = f"/etc/maps/{stack.brokers()[0]['metadata']['name']}/client.properties"
    organization = next(o for o in stack.objects if o["kind"] == "Certificate" and o["spec"]["commonName"] == "admin")["spec"]["subject"]["organizations"]
    module = "org.apache.kafka.common.security.scram.ScramLoginModule"
    login = lambda name, password: f'sasl.jaas.config={module} required username="{name}" password="{password}";'
    app = Application(stack, user)
    write = ("produce", "-", topic, 1)
    yield "a wrong password", "invalid credentials with SASL mechanism SCRAM-SHA-512", app.attempt(*write, login(user, "wrong"))
    yield "an unknown user", "invalid credentials with SASL mechanism SCRAM-SHA-512", app.attempt(*write, login("nobody", "wrong"))
    app.end()
    other = secrets.Authority(cluster.state / "another-ca", "another-ca")
    ca = {"ca.crt": authority.certificate.read_bytes()}
    people = {
        "a certificate of another CA": (other.issue("admin", organization, usages=["client auth"]) | ca, "SslAuthenticationException"),
        "an expired certificate": (authority.issue("admin", organization, usages=["client auth"], days=-1), "SslAuthenticationException"),
        "a certificate without client auth": (authority.issue("admin", organization, usages=["server auth"]), "SslAuthenticationException"),
        "`CN=admin` without the organization": (authority.issue("admin", usages=["client auth"]), DENIED),
        "an administrator of another cluster": (authority.issue("admin", ["other.kafka"], usages=["client auth"]), DENIED),
        "the exporter, which may only look": (authority.issue("exporter", organization, usages=["client auth"]), DENIED),
        "who trusts another CA": (authority.issue("admin", organization, usages=["client auth"]) | {"ca.crt": other.certificate.read_bytes()},
                                  "PKIX path building failed"),
    }
    for number, (who, (files, expected)) in enumerate(people.items()):
        cluster.put(secrets.secret(stack.namespace, f"impostor-{number}", files))
        impostor = Application(stack, f"impostor-{number}", identity=f"impostor-{number}", files=base,
                               labels={"app.kubernetes.io/managed-by": "kafka-stacks"})
        yield who, expected, impostor.attempt(*write)
        impostor.end()


def renew(stack):
    """Certificates of nodes, renewed as cert-manager does it: the set of pods → the new one, in PEM without line breaks."""
    renewed = {}
    for obj in stack.objects:
        if obj["kind"] == "Certificate" and obj["spec"]["commonName"].startswith("node."):
            stack.world.renew(obj)
            text = stack.world.secret(stack.namespace, obj["spec"]["secretName"])["tls.crt"]
            renewed[obj["spec"]["commonName"].removeprefix("node.")] = "".join(text.decode().split())
    return renewed


def certificate(stack, pod):
    """The certificate that a node shows, in PEM without line breaks."""
    port = next(number for name, number in pod.named_ports.items() if "metrics" not in name)
    return "".join(stack.world.from_pod(pod, CERTIFICATE, pod.address, port).split())


class Watch(threading.Thread):
    """Looks for words in the command lines of all processes, while it runs."""

    def __init__(self, words):
        super().__init__(daemon=True)
        self.words, self.found, self.looked, self.ended = words, set(), 0, threading.Event()

    def run(self):
        while not self.ended.wait(0.1):
            for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    text = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
                except OSError:
                    continue
                self.looked += 1
                self.found |= {text[:200] for word in self.words if word in text}


def words_of_secrets(world):
    """What no one may see: passwords, and a line of each private key."""
    for files in world.secrets():
        for key, content in files.items():
            if key == "password":
                yield content.decode()
            elif key == "tls.key":
                yield content.decode().splitlines()[1]


def seen(stack, words):
    """Where a secret is to be seen: objects that are no Secret, and logs."""
    for name, text in stack.world.readable():
        if any(word in text for word in words):
            yield name


def run(stack):
    if not stack.closed:
        return
    everyone, cluster = permissions(stack), stack.world
    users = {user: facts for user, facts in everyone.items() if not component(stack, user)}
    connect.give_back(stack)
    state, output, seconds = again(stack)
    stack.fact("security", "a second run of the Job changes nothing", state == "Complete" and output.startswith("as declared"), output.strip()[-200:], seconds)

    asked = list(matrix(stack, everyone))
    wrong = [f"{what}: {'refused: ' + refusal if refusal else 'allowed'}" for what, may, refusal in asked
             if may != (refusal is None) or (refusal and DENIED not in refusal)]
    allowed = sum(may for _, may, _ in asked)
    stack.fact("security", "each application and component can do what it declares, and nothing else", allowed and not wrong,
               "; ".join(wrong[:4]) or f"{allowed} of {len(asked)} allowed and the others refused")

    found, ports = unencrypted(stack)
    stack.fact("security", "no port of Kafka answers in plaintext", ports and not found, ", ".join(found) or f"{ports} ports")

    for what, held, seen_there in ensemble(stack):
        stack.fact("security", what, held, str(seen_there)[:160])

    for who, expected, refusal in strangers(stack, users):
        stack.fact("security", f"refused: {who}", refusal is not None and expected in refusal, (refusal or "was let in")[:160])

    reader = next(u for u, facts in sorted(users.items()) if any(f.startswith("acl topic literal") and f.endswith("READ") for f in facts) and "password" in facts)
    fact = next(f for f in users[reader] if f.startswith("acl topic literal") and f.endswith("READ"))
    group = next(f.split()[3] for f in users[reader] if f.startswith("acl group literal"))
    line, topic, app = f"{reader} {fact}\n", fact.split()[3], Application(stack, reader)
    reads = lambda client=app: client.attempt("consume", "-", topic, f"group.id={group}")
    before = reads()
    state, output, seconds = again(stack, lambda text: text.replace(line, ""))
    after = reads()
    stack.fact("security", "an edge that is removed loses its permission at the next run", state == "Complete" and before is None and after and DENIED in after,
               f"{output.splitlines()[0]}; then: {after}", seconds)
    state, output, seconds = again(stack)
    stack.fact("security", "and has it again once it is declared again", state == "Complete" and reads() is None, output.splitlines()[0], seconds)

    default = next((f"* {fact}" for fact in everyone.get("*", [])), None)
    if default:
        state, output, seconds = again(stack, lambda text: text.replace(default, "* quota none"))
        stack.fact("security", "default quotas that are declared to be none are removed", state == "Complete" and output.startswith(f"- {default}\n"),
                   output.strip()[:160], seconds)

    # A password is changed while its user writes.
    writer = next(u for u, facts in sorted(users.items()) if any(f.endswith("WRITE") and f.startswith("acl topic") for f in facts)
                  and not any("transactional" in f for f in facts) and "password" in facts)
    target = next(f.split()[3] for f in users[writer] if f.startswith("acl topic") and f.endswith("WRITE"))
    old = Application(stack, writer)
    old.client.ask("load", "-", target)
    name = f"{writer}-kafka"
    files = cluster.secret(stack.namespace, name)
    former = files["password"].decode()
    cluster.put(secrets.secret(stack.namespace, name, files | {"password": former.swapcase().encode()}))
    watch = Watch(set(words_of_secrets(cluster)) | {former})
    watch.start()
    state, output, seconds = again(stack)
    watch.ended.set()
    new = Application(stack, writer)
    accepted = new.attempt("produce", "-", target, 1)
    module = "org.apache.kafka.common.security.scram.ScramLoginModule"
    refused = new.attempt("produce", "-", target, 1, f'sasl.jaas.config={module} required username="{writer}" password="{former}";')
    time.sleep(2)
    ended = old.client.ask("unload", timeout=250)
    stack.fact("security", "a changed password holds for new logins after the next run, and the old one is refused",
               state == "Complete" and accepted is None and refused and "invalid credentials" in refused, f"{output.splitlines()[0]}; {accepted}; {refused}", seconds)
    stack.fact("security", "while its user wrote: no record was refused", ended["failures"] == 0 and ended["acknowledged"] > 100, json.dumps(ended))

    words = set(words_of_secrets(cluster)) | {former}
    where = sorted(set(seen(stack, words)) | watch.found)
    stack.fact("security", "no password and no key in objects, logs and command lines", words and watch.looked and not where,
               ", ".join(where[:4]) or f"{len(words)} secrets, {watch.looked} looks at command lines")
