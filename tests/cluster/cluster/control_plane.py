"""A Kubernetes control plane: etcd, the API server and the controllers, without a node. Pods are created and stay pending.

    with ControlPlane(tools) as cluster:
        cluster.apply(folder)

Several can run side by side. It has to be inside of `isolated.run`, which ends what is left of it if this process is killed.
"""

import contextlib
import json
import os
import pathlib
import secrets
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.request

from . import manifest

START_SECONDS = 120  # on a busy machine; an idle one takes less than ten


class ClusterError(Exception):
    """A part of the cluster ended or did not answer, or a command that has to work did not."""


class ControlPlane:
    address = "127.0.0.1"
    groups = {"admin": "system:masters", "system:kube-controller-manager": ""}  # the users, and the group of each
    api_options = ()  # of the API server, besides those that it always has

    def __init__(self, tools):
        self.bin, self.crds = tools / "bin", tools / "crds"
        self.cleanup = contextlib.ExitStack()

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.cleanup.close()
            raise
        return self

    def __exit__(self, *_):
        self.cleanup.close()

    def start(self):
        self.state = pathlib.Path(self.cleanup.enter_context(tempfile.TemporaryDirectory(prefix="cluster-", ignore_cleanup_errors=True)))
        self.processes = {}
        etcd, peer, api = free_ports(3)
        self.url = f"https://{self.address}:{api}"
        self.tokens = {user: secrets.token_hex(16) for user in self.groups}
        self.write_keys()
        self.admin = self.kubeconfig("admin")
        self.daemon("etcd", f"--data-dir={self.state}/etcd", f"--listen-client-urls=http://127.0.0.1:{etcd}",
                    f"--advertise-client-urls=http://127.0.0.1:{etcd}", f"--listen-peer-urls=http://127.0.0.1:{peer}",
                    f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}", f"--initial-cluster=default=http://127.0.0.1:{peer}")
        self.daemon("kube-apiserver", f"--etcd-servers=http://127.0.0.1:{etcd}", f"--bind-address={self.address}", f"--secure-port={api}",
                    f"--advertise-address={self.address}", f"--cert-dir={self.state}/tls", f"--token-auth-file={self.state}/tokens.csv",
                    "--authorization-mode=Node,RBAC",
                    "--enable-admission-plugins=NodeRestriction", "--service-cluster-ip-range=10.96.0.0/16",
                    "--service-account-issuer=https://kubernetes.default.svc", f"--service-account-signing-key-file={self.state}/accounts.key",
                    f"--service-account-key-file={self.state}/accounts.key", *self.api_options)
        self.wait("the API server is ready", self.ready)
        self.daemon("kube-controller-manager", f"--kubeconfig={self.kubeconfig('system:kube-controller-manager')}", "--leader-elect=false",
                    "--use-service-account-credentials", f"--service-account-private-key-file={self.state}/accounts.key",
                    f"--root-ca-file={self.state}/tls/apiserver.crt", "--secure-port=0")
        self.wait("the default account is there", lambda: self.kubectl("get", "serviceaccount/default", check=False).returncode == 0)
        self.kubectl("create", "-f", self.crds)
        # It ends at once, with an error, if one of them has no conditions yet.
        self.wait("the definitions are established", lambda: self.kubectl("wait", "--for=condition=Established", "crd", "--all",
                                                                          f"--timeout={START_SECONDS}s", check=False).returncode == 0)

    def write_keys(self):
        key = self.state / "accounts.key"
        subprocess.run(["openssl", "genpkey", "-quiet", "-algorithm", "RSA", "-out", key], check=True)
        (self.state / "tokens.csv").write_text("".join(f'{self.tokens[user]},{user},{user},"{group}"\n' for user, group in self.groups.items()))

    def kubeconfig(self, user):
        """The file with which a user reaches the API server."""
        path = self.state / f"{user.replace(':', '-')}.kubeconfig"
        cluster = {"server": self.url, "certificate-authority": f"{self.state}/tls/apiserver.crt"}
        path.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "proof",
            "clusters": [{"name": "proof", "cluster": cluster}],
            "users": [{"name": user, "user": {"token": self.tokens[user]}}],
            "contexts": [{"name": "proof", "context": {"cluster": "proof", "user": user}}],
        }))
        return path

    def environment(self):
        """For commands that use the cluster. The user's own configuration of kubectl takes no part, and its cache is left alone."""
        return os.environ | {"KUBECONFIG": str(self.admin), "HOME": str(self.state), "PATH": f"{self.bin}:{os.environ['PATH']}"}

    def kubectl(self, *arguments, check=True, text=None):
        """Runs kubectl as administrator. Its output, its warnings and errors and its exit status are those of the result."""
        command = [self.bin / "kubectl", *map(str, arguments)]
        result = subprocess.run(command, input=text, stdin=None if text else subprocess.DEVNULL, capture_output=True, text=True,
                                env=self.environment(), check=False)
        if check and result.returncode != 0:
            raise ClusterError(f"`kubectl {' '.join(map(str, arguments))}`: {result.stderr.strip()}")
        return result

    def apply(self, folder, check=True):
        """Applies a stack as a user does: what its index lists as apart first. The result is that of `kubectl apply -k`, with the warnings of both."""
        warnings = "".join(self.kubectl("apply", "-f", folder / path).stderr for path in manifest.apart((folder / "kustomization.yaml").read_text()))
        self.provide(folder)
        result = self.kubectl("apply", "-k", folder, check=check)
        result.stderr = warnings + result.stderr
        return result

    def provide(self, folder):
        """What a stack needs and does not bring. Without nodes nothing waits for it."""

    def ready(self):
        with contextlib.suppress(OSError):
            return self.request("/readyz") == b"ok"

    def request(self, path, method="GET", body=None, kind="application/json"):
        """What the API server answers to a request; OSError if it refuses."""
        headers = {"Authorization": f"Bearer {self.tokens['admin']}", "Content-Type": kind}
        request = urllib.request.Request(self.url + path, json.dumps(body).encode() if body else None, headers, method=method)
        trust = ssl.create_default_context(cafile=self.state / "tls/apiserver.crt")
        with urllib.request.urlopen(request, context=trust, timeout=30) as answer:
            return answer.read()

    def api(self, *arguments):
        """The object that the API server answers with."""
        return json.loads(self.request(*arguments))

    def get(self, *arguments):
        """The objects that `kubectl get` finds."""
        found = json.loads(self.kubectl("get", *arguments, "--output=json").stdout)
        return found.get("items", [found])  # no list where one file or one name was asked for

    def daemon(self, name, *arguments, environment=None):
        log = self.state / f"{name}.log"
        with log.open("w") as file:
            # In a session of its own, so that Ctrl-C ends the command that a person waits for, and not the cluster.
            process = subprocess.Popen([self.bin / name, *arguments], stdout=file, stderr=file, stdin=subprocess.DEVNULL, env=environment,
                                       start_new_session=True)
        self.processes[name] = process
        self.cleanup.callback(lambda: (process.kill(), process.wait()))

    def wait(self, what, holds, seconds=START_SECONDS):
        """Asks until it holds; fails when a part of the cluster has ended, or the time is over."""
        end = time.monotonic() + seconds
        while not holds():
            for name, process in self.processes.items():
                if process.poll() is not None:
                    log = (self.state / f"{name}.log").read_text().splitlines()
                    raise ClusterError("\n  ".join([f"`{name}` ended with status {process.returncode}:", *log[-10:]]))
            if time.monotonic() > end:
                raise ClusterError(f"not within {seconds} s: {what}")
            time.sleep(0.2)


def free_ports(count):
    """Ports that nothing listens on; the namespace is this run's own, so nothing else takes them meanwhile."""
    with contextlib.ExitStack() as sockets:
        opened = [sockets.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [opened_socket.getsockname()[1] for opened_socket in opened]
