"""What outlives namespaces: control groups, and the folder on disk. A process of its own waits for the end of a run, however it ends, and removes them.

`python3 -m cluster.leftovers GROUP FOLDER`, which ends when its standard input does.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import time

from . import cgroups
from .tools import HERE

SECONDS = 60  # for what was killed to be gone


@contextlib.contextmanager
def removed(group, folder):
    """Removes them after the block, or after the death of this process."""
    command = [sys.executable, "-m", "cluster.leftovers", group, str(folder)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(HERE)}, start_new_session=True)
    try:
        yield
    finally:
        process.stdin.close()
        process.wait()


def main():
    group, folder = sys.argv[1:]
    sys.stdin.read()
    end = time.monotonic() + SECONDS
    while (cgroups.exists(group) or os.path.exists(folder)) and time.monotonic() < end:
        cgroups.remove(group)
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.1)


if __name__ == "__main__":
    main()
