"""What was seen of a stack, printed as it is seen."""

import time

from .control_plane import ClusterError, ControlPlane


class Report:
    """Of one stack: the facts that held, counted, and those that did not, with the reason."""

    def __init__(self, stack):
        self.stack, self.began, self.passed, self.failed = stack, time.monotonic(), 0, {}

    def fact(self, experiment, what, good, detail=""):
        """States what was seen, whether that is what has to be, and what the reader needs besides: of a failure, the reason."""
        word, detail = "ok  " if good else "FAIL", f" — {detail}" if detail else ""
        print(f"{self.stack}: {time.monotonic() - self.began:5.1f} s  {word} {experiment}: {what}{detail}", flush=True)
        if good:
            self.passed += 1
        else:
            self.failed[what] = detail


def report(tools, stack, experiment, run):
    """The report of `run(cluster, fact)` on a control plane of its own."""
    result = Report(stack)
    state = lambda *fact: result.fact(experiment, *fact)
    try:
        with ControlPlane(tools) as cluster:
            run(cluster, state)
    except ClusterError as error:
        state("the cluster works", False, str(error))
    return result
