"""The first process of a node: gives the node folders of its own at the usual paths, and starts its parts.

`python3 -m cluster.machine NAME FOLDER STORE BIN`: FOLDER has the configuration and takes the logs, STORE outlives a power cut.
"""

import os
import pathlib
import socket
import subprocess
import sys
import time

# What a kubelet sets in the kernel. Here it finds it set, so that it does not change the machine.
KERNEL = {"vm/overcommit_memory": 1, "vm/panic_on_oom": 0, "kernel/panic": 10, "kernel/panic_on_oops": 1,
          "kernel/keys/root_maxkeys": 1000000, "kernel/keys/root_maxbytes": 25000000}
# kube-router ends where there is no Node object yet.
WHEN_REGISTERED = 'until kubectl "$2" get node "$0" >/dev/null 2>&1; do sleep 0.2; done; exec "$@"'


def mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True)


def bind(source, target):
    for folder in (source, target):
        folder.mkdir(parents=True, exist_ok=True)
    mount("--bind", source, target)


def separate(folder, store):
    """What the parts write to at its usual path is the node's own; the machine's is hidden."""
    mount("--make-rshared", "/")
    for path in ("/var/lib", "/run/netns", "/run/containerd"):
        os.makedirs(path, exist_ok=True)
        mount("-t", "tmpfs", "-o", "mode=755", "node", path)
    for name in ("containerd", "kubelet"):
        bind(store / name, pathlib.Path("/var/lib", name))
    bind(folder / "log", pathlib.Path("/var/log"))
    for name, value in KERNEL.items():
        file = folder / name.replace("/", ".")
        file.write_text(f"{value}\n")
        mount("--bind", file, f"/proc/sys/{name}")


def start(folder, name, *command):
    with (folder / f"{name}.log").open("a") as log:
        return subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def main():
    name, folder, store, tools = sys.argv[1], *map(pathlib.Path, sys.argv[2:5])
    socket.sethostname(name)
    separate(folder, store)
    os.environ["PATH"] = f"{tools}:{os.environ['PATH']}"
    os.environ["HOME"] = str(folder)  # kubectl keeps there what the API server serves
    containerd = start(folder, "containerd", tools / "containerd", "--config", folder / "containerd.toml")
    while containerd.poll() is None and not os.path.exists("/run/containerd/containerd.sock"):
        time.sleep(0.05)
    kubelet = start(folder, "kubelet", tools / "kubelet", *(folder / "kubelet.arguments").read_text().splitlines())
    proxy = start(folder, "kube-proxy", tools / "kube-proxy", "--config", folder / "kube-proxy.json")
    firewall = start(folder, "kube-router", "sh", "-c", WHEN_REGISTERED, name, tools / "kube-router",
                     *(folder / "kube-router.arguments").read_text().splitlines())
    parts = {containerd.pid: "containerd", kubelet.pid: "kubelet", proxy.pid: "kube-proxy", firewall.pid: "kube-router"}
    while True:  # processes whose parents have ended become this one's
        pid, status = os.wait()
        if pid in parts:
            last = (folder / f"{parts[pid]}.log").read_text().splitlines()[-5:]
            sys.exit("\n  ".join([f"`{parts[pid]}` ended with status {os.waitstatus_to_exitcode(status)}:", *last]))


if __name__ == "__main__":
    main()
