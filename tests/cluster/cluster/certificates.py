"""What a closed stack needs and does not bring: the real cert-manager, an issuer, and the passwords of users and of REST interfaces."""

import json

from real import secrets

from . import manifest

ISSUERS = "cert-manager"  # the namespace of the Secrets of issuers that serve all namespaces


def start(cluster):
    cluster.kubectl("create", "namespace", ISSUERS)
    cluster.daemon("cert-manager", f"--kubeconfig={cluster.admin}", f"--cluster-resource-namespace={ISSUERS}")


def provide(cluster, folder):
    """Makes what a person makes before a stack is applied for the first time; what is there already stays."""
    objects = manifest.load(folder)
    certificates = [o for o in objects if o["kind"] == "Certificate"]
    if not certificates:
        return
    if not cluster.authority:
        cluster.authority = secrets.Authority(cluster.state / "authority")
    wanted = []
    for name, kind, namespace in sorted({(*issuer(o), o["metadata"]["namespace"]) for o in certificates}):
        where = ISSUERS if kind == "ClusterIssuer" else namespace
        files = {"tls.crt": cluster.authority.certificate.read_bytes(), "tls.key": cluster.authority.key.read_bytes()}
        wanted.append(secrets.secret(where, name, files))
        place = {} if kind == "ClusterIssuer" else {"namespace": namespace}
        wanted.append({"apiVersion": "cert-manager.io/v1", "kind": kind, "metadata": {"name": name} | place, "spec": {"ca": {"secretName": name}}})
    wanted += [beside for beside in map(secrets.of_rest, certificates) if beside]
    wanted += secrets.of_users(cluster.authority, objects)
    here = {o["metadata"]["name"] for o in cluster.get("secrets,issuers,clusterissuers", "--all-namespaces")}
    missing = [o for o in wanted if o["metadata"]["name"] not in here]
    for namespace in {o["metadata"]["namespace"] for o in missing if "namespace" in o["metadata"]}:
        cluster.kubectl("create", "namespace", namespace, check=False)
    if missing:
        cluster.kubectl("create", "-f", "-", text=json.dumps({"apiVersion": "v1", "kind": "List", "items": missing}))


def issuer(certificate):
    reference = certificate["spec"]["issuerRef"]
    return reference["name"], reference.get("kind", "Issuer")

