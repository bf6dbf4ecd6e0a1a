"""Flux's kustomize-controller syncs a stack with the Kustomizations of `docs/gitops.md`. Its source is a stand-in: an artifact that this process serves."""

import hashlib
import http.server
import json
import threading
import time

from .accepted import said
from .gitops import SECONDS, Trial

NAMESPACE = "flux-system"
KIND = "kustomization.kustomize.toolkit.fluxcd.io"


def run(cluster, folder, report, change=lambda text: text):
    trial = Flux(cluster, folder, report, change)
    trial.start()
    trial.synced()
    trial.quiet()
    trial.substitutes()
    trial.heals()
    trial.made_anew()
    trial.pruned()
    trial.deleted()


class Flux(Trial):
    def __init__(self, cluster, folder, report, change):
        super().__init__(cluster, folder, report, "Flux", change)
        self.asked = 0

    def start(self):
        self.cluster.kubectl("create", "-f", self.cluster.crds.parent / "gitops-crds")
        self.cluster.kubectl("create", "namespace", NAMESPACE)
        self.archive = b""
        trial = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(trial.archive)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{server.server_port}/artifact.tar.gz"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.cluster.cleanup.callback(server.shutdown)
        self.cluster.daemon("kustomize-controller", "--watch-all-namespaces", "--enable-leader-election=false", "--requeue-dependency=1s",
                            environment=self.cluster.environment() | {"RUNTIME_NAMESPACE": NAMESPACE})

    def publish(self):
        """What source-controller does: the artifact of the last commit, and the source's status that says so."""
        self.archive = self.repository.git("archive", "--format=tar.gz", "HEAD")
        commit = self.repository.git("rev-parse", "HEAD").decode().strip()
        artifact = {"url": self.address, "path": "artifact.tar.gz", "revision": f"main@sha1:{commit}", "size": len(self.archive),
                    "digest": f"sha256:{hashlib.sha256(self.archive).hexdigest()}", "lastUpdateTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        self.cluster.kubectl("patch", "gitrepository", self.stack["spec"]["sourceRef"]["name"], f"--namespace={NAMESPACE}", "--subresource=status",
                             "--type=merge", f"--patch={json.dumps({'status': {'artifact': artifact}})}")

    def synced(self):
        source = {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "spec": {"url": "https://git.example.com/kafka", "interval": "10m"},
                  "metadata": {"name": self.stack["spec"]["sourceRef"]["name"], "namespace": NAMESPACE}}
        self.create(source, self.namespace, self.stack)
        began = time.monotonic()
        self.publish()
        self.wait("both Kustomizations are ready", lambda: all(self.condition(k)["status"] == "True" for k in (self.namespace, self.stack)))
        count = len(self.kustomization(self.stack)["status"]["inventory"]["entries"])
        self.report.fact("the Namespace comes first, then all objects", count == len(self.objects) - 1, f"{count} in {time.monotonic() - began:.0f} s")
        self.as_committed("they are as committed")

    def as_committed(self, what):
        diff = self.cluster.kubectl("diff", "--server-side", "--force-conflicts", "-k", self.repository.stack, check=False)
        self.report.fact(what, diff.returncode == 0, diff.stdout or said(diff))

    def kubectl(self, verb, wanted, *arguments):
        return self.cluster.kubectl(verb, f"{KIND}/{wanted['metadata']['name']}", f"--namespace={NAMESPACE}", *arguments).stdout

    def kustomization(self, wanted):
        return json.loads(self.kubectl("get", wanted, "--output=json"))

    def patch(self, wanted, spec):
        self.kubectl("patch", wanted, "--type=merge", f"--patch={json.dumps({'spec': spec})}")

    def condition(self, wanted):
        """What was said last of its present form."""
        found = self.kustomization(wanted)
        ready = [c for c in found.get("status", {}).get("conditions", []) if c["type"] == "Ready" and c["observedGeneration"] == found["metadata"]["generation"]]
        return ready[0] if ready else {"status": "Unknown"}

    def handled(self, wanted):
        """Whether it is reconciled as asked, or cannot be."""
        asked = self.kustomization(wanted)["status"].get("lastHandledReconcileAt") == str(self.asked)
        return self.condition(wanted)["status"] in (["True", "False"] if asked else ["False"])

    def reconcile(self):
        self.publish()
        self.asked += 1
        for wanted in (self.namespace, self.stack):
            self.kubectl("annotate", wanted, "--overwrite", f"reconcile.fluxcd.io/requestedAt={self.asked}")
            self.wait(f"reconciliation {self.asked}", lambda: self.handled(wanted))

    def substitutes(self):
        """Every text with `${` would be changed, or the build fail."""
        self.patch(self.stack, {"postBuild": {"substitute": {"env": "replaced", "topic": "replaced"}}})
        self.reconcile()
        condition = self.condition(self.stack)
        self.report.fact("with `postBuild` it still builds", condition["status"] == "True", condition["message"])
        self.as_committed("`${…}` is as committed")

    def prune_namespace(self):
        self.patch(self.namespace, {"prune": True})

    def delete(self):
        for wanted in (self.stack, self.namespace):
            self.kubectl("delete", wanted, f"--timeout={SECONDS}s")
