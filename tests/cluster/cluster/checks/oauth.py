"""Clients that show tokens: who has a good one may do what is declared for the name in it, and every other token is refused, with the message
that `docs/security.md` gives. Connect's workers and the registries show tokens too, and outlive them. The identity provider is our own, over TLS,
with tokens signed by openssl."""

import secrets as random
import time

from real import secrets

from .. import identity
from ..stack import Client, ClientError, permissions, properties
from ..world import Failure
from . import topics
from .security import login_servers

ALLOWED = "-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls="
INVALID = '{"status":"invalid_token"}'


def settings(stack):
    """What the brokers are told of their provider: key without its prefix → value; empty where no listener takes tokens."""
    mark = ".oauthbearer.sasl.oauthbearer."
    found = stack.settings(stack.brokers()[0]).items()
    return {key.partition(mark)[2]: value for key, value in found if mark in key}


def before(stack):
    """The provider is there before the brokers are: they ask it when they start."""
    stack.provider, told = None, settings(stack)
    if not told:
        return
    stack.provider = identity.Provider(stack.world, told["expected.issuer"], told["expected.audience"])
    authority = stack.provider.authority.certificate.read_bytes()
    volumes = stack.brokers()[0]["spec"]["template"]["spec"]["volumes"]
    name = next(v["secret"]["secretName"] for v in volumes if v.get("secret", {}).get("secretName") == "identity-provider")
    stack.world.put(secrets.secret(stack.namespace, name, {"ca.crt": authority}))
    stack.world.cluster.provide(stack.world.folder)  # for the authority of the brokers' certificates
    for each in components(stack):
        stack.world.put(secrets.secret(stack.namespace, f"{each}-kafka", client(stack, each)))


def components(stack):
    """The Deployments that show tokens, by the name of each, which is what the provider calls it."""
    mounts = lambda obj: {v["secret"]["secretName"] for v in obj["spec"]["template"]["spec"]["volumes"] if "secretName" in v.get("secret", {})}
    found = [o for o in stack.objects if o["kind"] == "Deployment"]
    return [o["metadata"]["name"] for o in found if f"{o['metadata']['name']}-kafka" in mounts(o)]


def client(stack, name):
    """Registers a client at the provider: the files of its Secret."""
    secret = random.token_urlsafe(18)
    stack.provider.clients[name] = secret
    return {"client-id": name.encode(), "client-secret": secret.encode(), "ca.crt": stack.world.authority.certificate.read_bytes()}


class Application:
    """A client with the files and the Secret of an application, and the id by which the provider knows it."""

    def __init__(self, stack, name, known_as):
        self.stack, self.name, self.known_as, self.count = stack, name, known_as, 0
        stack.world.put(secrets.secret(stack.namespace, f"{name}-kafka", client(stack, known_as)))
        data = stack.get("ConfigMap", f"{name}-kafka")["data"]
        self.file, text = next(iter(sorted(data.items())))
        self.file, self.endpoint = f"/etc/maps/{name}-kafka/{self.file}", properties(text)["sasl.oauthbearer.token.endpoint.url"]
        self.pod = stack.client_pod(f"as-{name}", secret=f"{name}-kafka", labels={"app": name}, mounts={"identity-provider": "/etc/kafka-identity-provider"})

    def attempt(self, *words, give=None, allowed=None):
        """None, or the message of the refusal. Each attempt logs in again, with a token of its own."""
        self.count += 1
        self.stack.provider.give[self.known_as] = give
        errors = self.pod.dir.parent / f"{self.pod.name}-{self.count}.errors"
        option = ALLOWED + self.endpoint if allowed is None else allowed
        attach = lambda command, printed: self.pod.containers[0].attach(["env", f"JDK_JAVA_OPTIONS={option}", *command], printed)
        client = Client(attach, errors, login_servers(self.stack), self.file)
        try:
            client.ask(*words, timeout=120)
            return None
        except (ClientError, Failure, OSError) as error:
            client.process.wait(10) if isinstance(error, OSError) else None
            return f"{error} {errors.read_text(errors='replace')}"
        finally:
            try:
                client.process.stdin.close()
            except OSError:
                pass  # it has ended
            client.process.wait(60)

    def end(self):
        self.pod.delete(grace=0)


def said(message, words):
    """What a row shows of a message: the words that it must have, or its end."""
    if message is None:
        return "was let in"
    return words if words in message else message[-400:].replace("\n", " ")


def component(stack, name):
    """It has outlived its first token by another one, on the connections that it has; with a wrong secret it would not have begun."""
    provider, workload = stack.provider, stack.workload(next(o for o in stack.objects if o["kind"] == "Deployment" and o["metadata"]["name"] == name))
    asked = lambda: [at for at, words in provider.asked if words.startswith(f"{name}: ")]
    # Its process logs in several times at its start: what counts is a token that it asked for after the first had ended.
    outlived = lambda: asked()[-1] - asked()[0] > identity.LIFE_SECONDS / 2 and time.time() - asked()[0] > identity.LIFE_SECONDS
    try:
        stack.world.wait("it asks for another token", outlived, 2 * identity.LIFE_SECONDS)
    except Failure:
        pass
    logs = "".join(c.log() for p in workload.pods() for c in p.containers)
    times = [f"{at - asked()[0]:.0f}" for at in asked()]
    stack.fact("oauth", f"`{name}` got new tokens, and went on with them", outlived() and workload.ready() and "SaslAuthenticationException" not in logs,
               f"asked after {', '.join(times)} s; a token lives for {identity.LIFE_SECONDS} s")
    good, provider.clients[name] = provider.clients[name], "another"
    again(workload)
    refused = lambda: any("invalid_client" in c.log() for p in workload.pods() for c in p.init_containers + p.containers)
    try:
        stack.world.wait("it is refused", refused, 240)
    except Failure:
        pass
    stack.fact("oauth", f"`{name}` is not there with a wrong secret", refused() and not workload.ready(), "invalid_client" if refused() else "it is not in its log")
    provider.clients[name] = good
    again(workload)
    stack.world.wait(f"`{name}` is ready again", workload.ready, 400, lambda: next((p.problem for p in workload.pods() if p.problem), None))
    stack.fact("oauth", f"and `{name}` is with its own again", True)


def again(workload):
    for pod in workload.pods():
        pod.delete(grace=0)
    workload.create()


def run(stack):
    if not stack.provider:
        return
    topic, users = sorted(topics.declared(stack))[0], permissions(stack)
    named = {user for user, facts in users.items() if "token" in facts}
    declared = {"shop", "client-7f3a", *components(stack)}
    stack.fact("oauth", "users with tokens are declared", named == declared, ", ".join(sorted(named)))
    began = time.time()
    shop, billing = Application(stack, "shop", "shop"), Application(stack, "billing", "client-7f3a")

    message = shop.attempt("write", topic)
    stack.fact("oauth", "`shop` writes with a token for its id and secret", message is None, said(message, "-")[-600:], time.time() - began)
    message = billing.attempt("read", "billing", topic)
    stack.fact("oauth", "`billing` reads, as the user that its token names", message is None, said(message, "-")[-600:])
    for application, words, refusal in (
        (shop, ("read", "billing", topic), "AuthorizationException"),
        (billing, ("write", topic), "AuthorizationException"),
    ):
        message = application.attempt(*words)
        stack.fact("oauth", f"`{application.name}` may not {words[0]}", message is not None and refusal in message, said(message, refusal))

    for give in ("another audience", "no audience", "another issuer", "unknown signer", "no signer", "expired"):
        message = shop.attempt("write", topic, give=give)
        stack.fact("oauth", f"a token is refused: {give}", message is not None and INVALID in message, said(message, INVALID))

    good = stack.provider.clients["shop"]
    stack.provider.clients["shop"] = "another"
    message, words = shop.attempt("write", topic), "invalid_client"
    stack.fact("oauth", "a wrong secret gets no token", message is not None and words in message, said(message, words))
    stack.provider.clients["shop"] = good
    message, words = shop.attempt("write", topic, allowed="-Dproof=1"), "The URL cannot be accessed due to restrictions"
    stack.fact("oauth", "a client whose JVM may not ask the provider is not made", message is not None and words in message, said(message, words))
    asked = [words for _, words in stack.provider.asked]
    stack.fact("oauth", "the brokers asked for the keys, and clients for tokens", "keys" in asked and any("client_credentials" in words for words in asked), f"asked {len(asked)} times")
    for name in components(stack):
        component(stack, name)
    seen = [f"{p.name}/{c.name}" for p in list(stack.world.pods) for c in p.init_containers + p.containers
            if any(secret in c.log() for secret in stack.provider.clients.values())]
    stack.fact("oauth", "no secret of a client is in a log", not seen, ", ".join(seen))
    shop.end()
    billing.end()
