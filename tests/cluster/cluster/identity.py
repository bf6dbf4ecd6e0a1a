"""An identity provider: it has the keys that sign tokens, and gives a client a token for its id and its secret. It is outside of the cluster, with a
certificate of its own authority."""

import base64
import http.server
import json
import ssl
import threading
import time
import urllib.parse

from real import secrets

PORT = 443
LIFE_SECONDS = 150  # of a token: clients ask for another one after 120


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Provider:
    """`give` is what is wrong with the next tokens of a client, by its id; `asked` is when it was asked, and for what."""

    def __init__(self, world, issuer, audience):
        self.issuer, self.audience, self.give, self.asked = issuer, audience, {}, []
        self.clients = {}  # id → secret
        self.folder = world.state / "identity"
        self.authority = secrets.Authority(self.folder, "identity-ca")
        name = urllib.parse.urlsplit(issuer).hostname
        for file, data in self.authority.issue("identity", names=[name], usages=["digital signature", "server auth"]).items():
            (self.folder / file).write_bytes(data)
        for key in ("signs", "unknown"):
            (self.folder / key).write_bytes(secrets.openssl("genrsa", "2048"))
        world.know(name, world.place_outside)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "tls.crt", self.folder / "tls.key")
        server = http.server.ThreadingHTTPServer((world.place_outside, PORT), Answers)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.provider, server.daemon_threads = self, True
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def keys(self):
        modulus = secrets.openssl("rsa", "-in", self.folder / "signs", "-noout", "-modulus").decode().strip().partition("=")[2]
        return {"keys": [{"kty": "RSA", "kid": "one", "use": "sig", "alg": "RS256", "n": encoded(bytes.fromhex(modulus)), "e": "AQAB"}]}

    def token(self, client):
        now, give = int(time.time()), self.give.get(client)
        claims = {"iss": self.issuer, "aud": self.audience, "sub": f"id-of-{client}", "azp": client, "iat": now, "exp": now + LIFE_SECONDS}
        claims |= {"another audience": {"aud": "another-service"}, "another issuer": {"iss": "https://another.example.com"}, "no audience": {"aud": []},
                   "expired": {"iat": now - 900, "exp": now - 600}}.get(give, {})
        header = {"alg": "none" if give == "no signer" else "RS256", "kid": "one", "typ": "JWT"}
        text = f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(claims).encode())}"
        key = self.folder / ("unknown" if give == "unknown signer" else "signs")
        return f"{text}.{encoded(secrets.openssl('dgst', '-sha256', '-sign', key, stdin=text.encode()))}"


class Answers(http.server.BaseHTTPRequestHandler):
    timeout = 10

    def reply(self, code, body):
        data = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.server.provider.asked.append((time.time(), "keys"))
        self.reply(200, self.server.provider.keys())

    def do_POST(self):
        provider = self.server.provider
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        client, _, secret = base64.b64decode(self.headers.get("Authorization", "").removeprefix("Basic ")).decode().partition(":")
        provider.asked.append((time.time(), f"{client}: {body}"))
        if "grant_type=client_credentials" not in body or provider.clients.get(client) != secret:
            return self.reply(401, {"error": "invalid_client", "error_description": "Invalid client or Invalid client credentials"})
        return self.reply(200, {"access_token": provider.token(client), "token_type": "Bearer", "expires_in": LIFE_SECONDS})

    def log_message(self, *_):
        pass
