"""What is tried on a cluster, a module each: `run(cluster, folder, fact)` states what it sees of the stack in a folder."""

from . import accepted

EXPERIMENTS = {"accepted": accepted.run}
