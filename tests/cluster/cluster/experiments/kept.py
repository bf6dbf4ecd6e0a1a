"""Deleting a stack takes neither its Namespace nor its volume claims, and applying it again finds them."""

from .accepted import said

SECONDS = 60


def run(cluster, folder, report):
    cluster.apply(folder)
    namespaces = {s["metadata"]["namespace"] for s in sets(cluster)}
    wanted = sum(s["spec"]["replicas"] * len(s["spec"]["volumeClaimTemplates"]) for s in sets(cluster))
    cluster.wait("every pod of a StatefulSet has its claim", lambda: len(claims(cluster)) == wanted, SECONDS)
    before = claims(cluster)
    deleted = cluster.kubectl("delete", "-k", folder, "--wait=false", check=False)
    report.fact("`kubectl delete -k` succeeds", deleted.returncode == 0, said(deleted))
    cluster.wait("the StatefulSets are gone", lambda: not sets(cluster), SECONDS)
    alive = {n["metadata"]["name"] for n in cluster.get("namespaces") if "deletionTimestamp" not in n["metadata"]}
    report.fact("the Namespace stays", namespaces <= alive, ", ".join(sorted(namespaces)))
    report.fact("the volume claims stay", claims(cluster) == before, f"{len(claims(cluster))} of {len(before)}")
    again = cluster.apply(folder, check=False)
    report.fact("the stack can be applied again", again.returncode == 0, said(again))
    cluster.wait("the StatefulSets are back", lambda: sets(cluster), SECONDS)
    report.fact("its claims are those of before", claims(cluster) == before, f"{len(before)}")


def sets(cluster):
    return cluster.get("statefulsets", "--all-namespaces")


def claims(cluster):
    """What makes each claim the same one."""
    return {c["metadata"]["uid"] for c in cluster.get("persistentvolumeclaims", "--all-namespaces") if "deletionTimestamp" not in c["metadata"]}
