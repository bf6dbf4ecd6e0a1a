"""The API server accepts a stack as it is committed: no error, no warning, nothing left to change, and its pods are admitted."""

import time

ADMITTED_SECONDS = 60
WORKLOADS = "statefulsets,deployments,daemonsets,jobs"


def run(cluster, folder, report):
    applied = cluster.apply(folder, check=False)
    if applied.returncode != 0:
        report.fact("`kubectl apply -k` succeeds", False, said(applied))
        return
    report.fact("`kubectl apply -k` succeeds", True, f"{len(applied.stdout.splitlines())} objects")
    report.fact("the server warns of nothing", not applied.stderr.strip(), said(applied))
    unchanged(cluster, folder, report)
    start_cron_jobs(cluster)
    levels, refused = pod_security(cluster), wait_for_pods(cluster)
    report.fact("Pod Security is enforced as `restricted`", levels == {"restricted"}, ", ".join(sorted(levels)))
    report.fact("the pods of every workload are admitted", not refused, "; ".join(refused))


def unchanged(cluster, folder, report):
    diff = cluster.kubectl("diff", "-k", folder, check=False)
    report.fact("`kubectl diff -k` is empty afterwards", diff.returncode == 0, "" if diff.returncode == 0 else diff.stdout.strip() or said(diff))


def said(result):
    return " ".join(result.stderr.split())


def workloads(cluster):
    found = cluster.get(WORKLOADS, "--all-namespaces")
    return [w for w in found if w["metadata"]["namespace"] != "kube-system"]


def pod_security(cluster):
    """The levels that the namespaces with workloads enforce."""
    labels = {n["metadata"]["name"]: n["metadata"].get("labels", {}) for n in cluster.get("namespaces")}
    return {labels[w["metadata"]["namespace"]].get("pod-security.kubernetes.io/enforce", "none") for w in workloads(cluster)}


def start_cron_jobs(cluster):
    """Their pods are judged now, and not when the schedule says."""
    for job in cluster.get("cronjobs", "--all-namespaces"):
        name, namespace = job["metadata"]["name"], job["metadata"]["namespace"]
        cluster.kubectl("create", "job", f"--from=cronjob/{name}", f"{name}-now", f"--namespace={namespace}")


def wait_for_pods(cluster):
    """Waits until every workload has a pod; for each that gets none, what its controller says."""
    end = time.monotonic() + ADMITTED_SECONDS
    while True:
        pods = cluster.get("pods", "--all-namespaces")
        waiting = [w for w in workloads(cluster) if not any(belongs(pod, w) for pod in pods)]
        refused = {w["metadata"]["name"]: reason for w in waiting if (reason := refusal(cluster, w))}
        if len(refused) == len(waiting):
            return [f"`{name}`: {reason}" for name, reason in refused.items()]
        if time.monotonic() > end:
            return [f"`{w['metadata']['name']}` has no pod after {ADMITTED_SECONDS} s" for w in waiting]
        time.sleep(0.5)


def belongs(pod, workload):
    """Whether a workload's selector, which is one of equalities, selects a pod."""
    labels = pod["metadata"].get("labels", {})
    same_namespace = pod["metadata"]["namespace"] == workload["metadata"]["namespace"]
    return same_namespace and workload["spec"]["selector"]["matchLabels"].items() <= labels.items()


def refusal(cluster, workload):
    """Why the API server refused a pod of a workload, by the last event of its controller; a Deployment's is its ReplicaSet."""
    name, namespace = workload["metadata"]["name"], workload["metadata"]["namespace"]
    events = cluster.get("events", f"--namespace={namespace}", "--field-selector=reason=FailedCreate")
    said = [e["message"] for e in events if e["involvedObject"]["name"].startswith(name)]
    return said[-1] if said else None
