"""The control groups of the nodes, one for all of them, in every hierarchy of the machine. A kubelet demands that its own exists."""

import contextlib
import pathlib

ROOT = pathlib.Path("/sys/fs/cgroup")
# A group weighs 1024 as a whole, a single process outside of it as much: three nodes would starve beside a compiler. And so does a thread of the kernel
# that writes the disks of the nodes. With 8192 a vote of the quorum, which is on disk before it is given, took up to ten seconds, on a disk in memory too.
SHARES = 2048


def version_1():
    return (ROOT / "memory/cgroup.procs").exists() and (ROOT / "cpu/cgroup.procs").exists()


def hierarchies():
    return [path for path in ROOT.iterdir() if (path / "cgroup.procs").exists()]


def create(group, nodes):
    for hierarchy in hierarchies():
        top = hierarchy / group
        top.mkdir(exist_ok=True)
        if (top / "cpu.shares").exists():
            (top / "cpu.shares").write_text(str(SHARES))
        for folder in (top, *(top / node for node in nodes)):
            folder.mkdir(exist_ok=True)
            for file in ("cpuset.cpus", "cpuset.mems"):  # empty in a new group, which then takes no process
                if (folder / file).exists():
                    (folder / file).write_text((folder.parent / file).read_text())


def remove(group):
    """Removes what is empty, from the innermost group outwards; what still has a process stays."""
    for hierarchy in hierarchies():
        top = hierarchy / group
        for folder in sorted([top, *top.glob("**/")], key=lambda path: -len(path.parts)):
            with contextlib.suppress(OSError):
                folder.rmdir()


def exists(group):
    return any((hierarchy / group).exists() for hierarchy in hierarchies())
