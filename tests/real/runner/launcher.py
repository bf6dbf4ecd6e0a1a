"""Starts one process of a container: namespaces, root file system, user, then exec.

A program of its own, because it leaves the runner's namespaces for good. The spec comes as JSON in a file; the exit status is the
process's own, or 128 + signal. `start` makes a container whose first process is pid 1 of its pid namespace, as a container runtime
does (so a shell that ignores SIGTERM ignores it here too); `join` enters a running one, as an exec probe does.
"""

import ctypes
import json
import os
import resource
import signal
import sys

libc = ctypes.CDLL(None, use_errno=True)
NEWNS, NEWUTS, NEWIPC, NEWPID, NEWNET = 0x20000, 0x4000000, 0x8000000, 0x20000000, 0x40000000
RDONLY, NOSUID, NODEV, NOEXEC, REMOUNT, BIND, REC, PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
DETACH = 2
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 24, 38
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}[os.uname().machine]


def call(name, *args):
    args = [a.encode() if isinstance(a, str) else a for a in args]
    if getattr(libc, name)(*args) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name} {args}: {os.strerror(error)}")


def mount(source, target, kind=None, flags=0, data=None):
    call("mount", source, target, kind, ctypes.c_ulong(flags), data)


def bind(source, target, readonly=False):
    """Mounts a file or a folder; the mount point is made, as a container runtime does."""
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    elif not os.path.lexists(target):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        open(target, "w").close()
    mount(source, target, None, BIND | REC)
    if readonly:
        mount(None, target, None, REMOUNT | BIND | RDONLY)


def build_root(spec):
    root = spec["root"]
    mount(None, "/", None, REC | PRIVATE)
    os.makedirs(root["merged"], exist_ok=True)
    mount("overlay", root["merged"], "overlay", 0, f"lowerdir={root['lower']},upperdir={root['upper']},workdir={root['work']}")
    new = root["merged"]
    for path in ("proc", "dev", "sys", "tmp"):
        os.makedirs(f"{new}/{path}", exist_ok=True)
    mount("proc", f"{new}/proc", "proc", NOSUID | NODEV | NOEXEC)
    mount("tmpfs", f"{new}/dev", "tmpfs", NOSUID, "mode=755,size=1m")
    for device in ("null", "zero", "full", "random", "urandom", "tty"):
        bind(f"/dev/{device}", f"{new}/dev/{device}")
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        os.symlink(f"/proc/self/fd/{number}", f"{new}/dev/{name}")
    os.symlink("/proc/self/fd", f"{new}/dev/fd")
    os.mkdir(f"{new}/dev/shm")
    mount("tmpfs", f"{new}/dev/shm", "tmpfs", NOSUID | NODEV, "mode=1777,size=64m")
    for entry in spec["mounts"]:
        bind(entry["source"], new + entry["target"], entry["readonly"])
    os.chdir(new)
    if libc.syscall(PIVOT_ROOT, b".", b".") != 0:
        raise OSError(ctypes.get_errno(), "pivot_root")
    call("umount2", ".", DETACH)
    os.chdir("/")
    if root["readonly"]:
        mount(None, "/", None, REMOUNT | BIND | RDONLY)


def become(spec):
    """Drops to the container's user; a process that is not root loses every capability by that."""
    if spec["drop_all"]:
        capability = 0
        while libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0:
            capability += 1
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1048576, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    os.setgroups(spec["groups"])
    os.setgid(spec["gid"])
    os.setuid(spec["uid"])
    if spec["no_new_privs"]:
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def execute(spec):
    os.makedirs(spec["cwd"], exist_ok=True) if not os.path.isdir(spec["cwd"]) else None
    os.chdir(spec["cwd"])
    become(spec)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    argv, env = spec["argv"], spec["env"]
    for number in (signal.SIGPIPE, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    os.umask(0o022)
    candidates = [argv[0]] if "/" in argv[0] else [f"{folder}/{argv[0]}" for folder in env["PATH"].split(":")]
    reason = "executable file not found in $PATH"
    for path in candidates:
        try:
            os.execve(path, argv, env)
        except PermissionError:
            reason = "permission denied"
        except OSError as error:
            if "/" in argv[0]:
                reason = error.strerror.lower()
    print(f'exec: "{argv[0]}": {reason}', file=sys.stderr)
    os._exit(128)


def main():
    with open(sys.argv[1]) as file:
        spec = json.load(file)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if "join" in spec:
        handles = [(os.open(f"/proc/{spec['join']}/ns/{name}", os.O_RDONLY), flag) for name, flag in
                   (("net", NEWNET), ("uts", NEWUTS), ("ipc", NEWIPC), ("pid", NEWPID), ("mnt", NEWNS))]
        for handle, flag in handles:
            call("setns", handle, flag)
    else:
        handle = os.open(spec["netns"], os.O_RDONLY)
        call("setns", handle, NEWNET)
        call("unshare", NEWNS | NEWUTS | NEWIPC | NEWPID)
    ready, tell = os.pipe()  # the child waits: its pivot_root takes this process's view of the files away as well
    child = os.fork()
    if child == 0:
        os.close(tell)
        os.read(ready, 1)
        try:
            if "join" not in spec:
                call("sethostname", spec["hostname"], len(spec["hostname"]))
                build_root(spec)
            execute(spec)
        except BaseException as error:  # the last word of the container must reach its log
            print(f"cannot start the container: {error}", file=sys.stderr, flush=True)
            os._exit(128)
    if "pidfile" in spec:
        with open(spec["pidfile"] + ".new", "w") as file:
            file.write(str(child))
        os.rename(spec["pidfile"] + ".new", spec["pidfile"])
    os.close(ready)
    os.close(tell)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os._exit(status if status >= 0 else 128 - status)


if __name__ == "__main__":
    main()
