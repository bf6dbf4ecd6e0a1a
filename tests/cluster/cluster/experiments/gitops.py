"""What the experiments with Argo CD and with Flux have in common: a repository, the objects of `docs/gitops.md`, and what must hold with both."""

import json
import re
import shutil
import subprocess
import time

import yaml

from .. import manifest
from ..tools import PROJECT
from . import kept

WAVE = "argocd.argoproj.io/sync-wave"
CLIENTS = 5
SECONDS = 240  # for either of them to do what it is to do
# In JSON, since Argo CD takes a file for that if it begins with a brace.
OTHER = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "other", "namespace": "default"}})
AGAIN = 3  # reconciliations that must change nothing


class Repository:
    """A git repository with one stack, where the page has it."""

    def __init__(self, path, folder):
        self.path, self.stack = path, path / "out" / folder.name
        shutil.copytree(folder, self.stack)
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit()

    def git(self, *arguments):
        command = ["git", "-C", self.path, "-c", "user.name=proof", "-c", "user.email=proof@example.com", *arguments]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout

    def commit(self):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message=change")

    def remove(self, *files):
        """Files go, and their lines of the index. A folder without any would be an error of another kind."""
        index = self.stack / "kustomization.yaml"
        for file in files:
            (self.stack / file).unlink()
            index.write_text("".join(line for line in index.read_text().splitlines(True) if file not in line))
        (self.stack / "namespace/other.yaml").write_text(OTHER)
        self.commit()

    def revert(self):
        self.git("revert", "--no-edit", "HEAD")


def page(heading, repository, change=lambda text: text):
    """The objects that `docs/gitops.md` has under a heading, for the stack of a repository."""
    section = (PROJECT / "docs/gitops.md").read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    text = re.search(r"```yaml\n(.*?)```", section, re.DOTALL)[1].replace("out/prod", f"out/{repository.stack.name}")
    return list(yaml.safe_load_all(change(text)))


class Trial:
    """One stack under one of them. `namespace` and `stack` are the two objects of the page; `reconcile` makes it look at both again, and waits."""

    def __init__(self, cluster, folder, report, heading, change):
        self.cluster, self.report = cluster, report
        self.repository = Repository(cluster.state / "repository", folder)
        self.namespace, self.stack = page(heading, self.repository, change)
        self.objects = manifest.load(folder)
        # One without a wave counts as one of the last.
        self.waves = {o["metadata"]["name"]: int(o["metadata"].get("annotations", {}).get(WAVE, CLIENTS))
                      for o in self.objects if o["kind"] in ("StatefulSet", "Deployment", "Job", "CronJob")}

    def wait(self, what, holds):
        self.cluster.wait(what, holds, SECONDS)

    def create(self, *objects):
        self.cluster.kubectl("create", "-f", "-", text=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))

    def live(self):
        """The objects of the stack as the API server has them, without what controllers say of them."""
        found = {}
        for where in (["-k", self.repository.stack], ["-f", self.repository.stack / "namespace"]):
            for obj in self.cluster.get(*where, "--show-managed-fields"):
                name, fields = f"{obj['kind']}/{obj['metadata']['name']}", obj["metadata"].pop("managedFields")
                obj["metadata"]["managedFields"] = [field for field in fields if field.get("subresource") != "status"]
                del obj["metadata"]["resourceVersion"]
                found[name] = {key: value for key, value in obj.items() if key != "status"}
        return found

    def quiet(self):
        before = self.live()
        for _ in range(AGAIN):
            self.reconcile()
        after = self.live()
        moved = sorted(name for name in before | after if before.get(name) != after.get(name))
        self.report.fact(f"{AGAIN} more reconciliations write nothing", not moved, ", ".join(moved) or f"{len(before)} objects")

    def heals(self):
        """Two edits by hand: the replicas of a StatefulSet, and a text of a ConfigMap."""
        workload = next(o for o in self.objects if o["kind"] == "StatefulSet")
        config = next(o for o in self.objects if o["kind"] == "ConfigMap" and "${" in json.dumps(o))
        where, (key, text), replicas = f"--namespace={config['metadata']['namespace']}", next(iter(config["data"].items())), workload["spec"]["replicas"]
        edited = lambda: [self.cluster.kubectl("get", kind, obj["metadata"]["name"], where, "--output=json").stdout
                          for kind, obj in (("statefulset", workload), ("configmap", config))]
        state = lambda: [value["spec"]["replicas"] if value["kind"] == "StatefulSet" else value["data"][key] for value in map(json.loads, edited())]
        began = time.monotonic()
        self.cluster.kubectl("scale", f"statefulset/{workload['metadata']['name']}", where, f"--replicas={replicas - 1}")
        self.cluster.kubectl("patch", f"configmap/{config['metadata']['name']}", where, "--type=merge", f"--patch={json.dumps({'data': {key: 'by hand'}})}")
        self.reconcile()
        self.wait("edits by hand are undone", lambda: state() == [replicas, text])
        self.report.fact("edits by hand are undone", True, f"{time.monotonic() - began:.0f} s: replicas, ConfigMap `{config['metadata']['name']}`")

    def all_claims(self):
        """The claims, once every pod of the StatefulSets has its own."""
        wanted = sum(s["spec"]["replicas"] * len(s["spec"]["volumeClaimTemplates"]) for s in self.objects if s["kind"] == "StatefulSet")
        self.wait("every pod of a StatefulSet has its claim", lambda: len(kept.claims(self.cluster)) >= wanted)
        return kept.claims(self.cluster)

    def made_anew(self):
        """A StatefulSet is deleted without its pods, as for a change that the API server refuses, and comes back."""
        claims, obj = self.all_claims(), next(o for o in self.objects if o["kind"] == "StatefulSet")
        name, where = obj["metadata"]["name"], f"--namespace={obj['metadata']['namespace']}"
        there = lambda: name in {s["metadata"]["name"] for s in kept.sets(self.cluster)}
        self.cluster.kubectl("delete", "statefulset", name, where, "--cascade=orphan")
        self.reconcile()
        self.wait(f"StatefulSet `{name}` is made anew", there)
        for _ in range(AGAIN):
            self.reconcile()
        self.stays(claims, f"`{name}` is deleted with `--cascade=orphan`, and comes back", "meanwhile")

    def pruned(self):
        """The files of a StatefulSet and of the Namespace go and come back. The Namespace's object prunes here, too, which on the page it does not."""
        self.prune_namespace()
        claims, name = self.all_claims(), next(o for o in self.objects if o["kind"] == "StatefulSet")["metadata"]["name"]
        files = [next(self.repository.stack.glob(pattern)) for pattern in (f"*/statefulset-{name}.yaml", "namespace/*.yaml")]
        there = lambda: name in {s["metadata"]["name"] for s in kept.sets(self.cluster)}
        self.repository.remove(*(str(file.relative_to(self.repository.stack)) for file in files))
        self.reconcile()
        self.wait(f"StatefulSet `{name}` is pruned", lambda: not there())
        self.wait("the folder of the Namespace is applied", lambda: self.cluster.kubectl("get", "configmap/other", "--namespace=default", check=False).returncode == 0)
        for _ in range(AGAIN):
            self.reconcile()
        self.stays(claims, f"the file of `{name}` goes, and it is pruned", "its file goes")
        self.repository.revert()
        self.reconcile()
        self.wait(f"StatefulSet `{name}` is back", there)

    def deleted(self):
        claims = self.all_claims()
        self.delete()
        self.wait("the workloads are gone", lambda: not kept.sets(self.cluster))
        self.stays(claims, "all is deleted", "all is deleted")

    def stays(self, claims, of_claims, of_namespace):
        left, name = kept.claims(self.cluster), next(o for o in self.objects if o["kind"] == "Namespace")["metadata"]["name"]
        self.report.fact(f"{of_claims}: the claims stay", claims <= left, f"{len(claims & left)} of {len(claims)}")
        alive = [n["metadata"]["name"] for n in self.cluster.get("namespaces") if "deletionTimestamp" not in n["metadata"]]
        self.report.fact(f"{of_namespace}: the Namespace stays", name in alive)
