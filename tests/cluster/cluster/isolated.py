"""A run in namespaces of its own: what it starts, mounts and listens on ends with it, however it ends."""

import ctypes
import os
import signal
import subprocess
import sys

from .tools import HERE

PR_SET_PDEATHSIG = 1
UNSHARE = ["--mount", "--net", "--pid", "--ipc", "--fork", "--kill-child", "--mount-proc"]


def die_with_parent():
    """Of a process that was just started."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def run(module, *arguments):
    """Runs a module as the first process of new namespaces; its exit status. SIGKILL of this process or of that one ends all of them."""
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    command = ["unshare", *user, *UNSHARE, sys.executable, "-m", module, *map(str, arguments)]

    # The terminal sends Ctrl-C to all of them, and the module decides what it means.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda caught, _: sys.exit(128 + caught))
    process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(HERE)}, preexec_fn=die_with_parent)
    try:
        return process.wait()
    finally:
        process.kill()
        signal.signal(signal.SIGINT, before)


def prepare():
    """Inside: loopback, and a folder in memory for state. Nothing of it exists outside. What is mounted later also appears on the nodes."""
    subprocess.run(["mount", "--make-rshared", "/"], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "cluster", "/run"], check=True)
    os.environ["TMPDIR"] = "/run"  # kubectl leaves files there when it is killed
