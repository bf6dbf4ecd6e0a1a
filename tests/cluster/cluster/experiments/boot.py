"""Every pod of a stack starts and becomes ready on its nodes, from empty volumes, with nothing but what is committed."""

import time

BOOT_SECONDS = 300  # for each node: they share the cores of this machine


def run(cluster, folder, report):
    for image, note in cluster.images.notes.items():
        if any(image in path.read_text() for path in folder.glob("**/*.yaml")):
            report.note(f"stand-in for `{image}`", note)
    report.note("for the machine", f"each node says that it has {cluster.size()}; heaps are cut to {cluster.images.heap_mib} MiB; only the first compiler of the JVM")
    cluster.apply(folder)
    waiting, seconds = wait_for_workloads(cluster)
    report.fact("every workload is ready", not waiting, "; ".join(waiting) or ", ".join(f"{name} {after:.0f} s" for name, after in seconds.items()))
    pods = cluster.get("pods", "--all-namespaces")
    restarted = [f"{name(pod)} {count} times" for pod in pods if (count := sum(c["restartCount"] for c in pod["status"].get("containerStatuses", [])))]
    report.fact("no container was restarted", not restarted, ", ".join(restarted))
    if not waiting:
        spread(cluster, pods, report)
        volumes(cluster, pods, report)


def name(thing):
    return thing["metadata"]["name"]


def wait_for_workloads(cluster):
    """For each workload that is not ready in time, why; and the seconds after which the others were."""
    began, seconds = time.monotonic(), {}
    while True:
        found = cluster.get("statefulsets,deployments,jobs", "--all-namespaces")
        for workload in found:
            if ready(workload):
                seconds.setdefault(name(workload), time.monotonic() - began)
        if len(seconds) == len(found):
            return [], seconds
        failed = [name(w) for w in found if any(c["type"] == "Failed" and c["status"] == "True" for c in w["status"].get("conditions", []))]
        if failed or time.monotonic() > began + BOOT_SECONDS * len(cluster.nodes):
            return [f"`{name(w)}`: {trouble(cluster, w)}" for w in found if name(w) not in seconds], seconds
        time.sleep(1)


def ready(workload):
    status = workload["status"]
    if workload["kind"] == "Job":
        return status.get("succeeded", 0) >= workload["spec"].get("completions", 1)
    return status.get("readyReplicas", 0) == workload["spec"]["replicas"] and status.get("updatedReplicas", 0) == workload["spec"]["replicas"]


def trouble(cluster, workload):
    """What a person would look at first: the last warning about the workload's pods, and the last lines of their logs."""
    namespace = workload["metadata"]["namespace"]
    events = [e for e in cluster.get("events", f"--namespace={namespace}", "--field-selector=type=Warning") if e["involvedObject"]["name"].startswith(name(workload))]
    log = cluster.kubectl("logs", f"--namespace={namespace}", "--all-containers", "--tail=5", f"{workload['kind']}/{name(workload)}", check=False)
    return " | ".join([*(e["message"] for e in events[-1:]), *(log.stdout or log.stderr).splitlines()]) or "not ready, and nothing was said about it"


def spread(cluster, pods, report):
    """The pods of a set with volumes are in as many zones as it has pods, up to all."""
    for workload in cluster.get("statefulsets", "--all-namespaces"):
        nodes = {pod["spec"]["nodeName"] for pod in pods if pod["metadata"]["ownerReferences"][0]["uid"] == workload["metadata"]["uid"]}
        report.fact(f"the pods of `{name(workload)}` are on different nodes", len(nodes) == min(len(cluster.nodes), workload["spec"]["replicas"]), ", ".join(sorted(nodes)))


def volumes(cluster, pods, report):
    """`kubectl exec` works; each claim is a file system of its own, whose root and `lost+found` belong to root, with the pod's group."""
    wrong, claims = [], [(pod, volume["name"]) for pod in pods for volume in pod["spec"].get("volumes", []) if "persistentVolumeClaim" in volume]
    for pod, volume in claims:
        container, group = pod["spec"]["containers"][0], pod["spec"]["securityContext"].get("fsGroup", 0)
        mount = next(m for m in container["volumeMounts"] if m["name"] == volume)
        path = mount["mountPath"]
        script = f"df --output=fstype {path} | tail -n 1; stat --format='%u:%g' {path}; cd {path}; stat --format='%u %n' lost+found"
        seen = cluster.kubectl("exec", f"--namespace={pod['metadata']['namespace']}", name(pod), f"--container={container['name']}", "--", "bash", "-c", script,
                               check=False).stdout.split("\n")
        if seen[:1] != ["ext4"] or "subPath" not in mount and seen[1:3] != [f"0:{group}", "0 lost+found"]:
            wrong.append(f"{name(pod)} {path}: {', '.join(seen)}")
    if claims:
        report.fact("each claim has a file system of its own: root's, with the pod's group", not wrong, "; ".join(wrong) or f"{len(claims)} claims")
