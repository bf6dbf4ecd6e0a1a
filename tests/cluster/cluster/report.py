"""What was seen of a stack in an experiment, printed as it is seen."""

import time


class Report:
    """The facts that held, counted, and those that did not, with the reason."""

    def __init__(self, stack, experiment):
        self.stack, self.experiment, self.began, self.passed, self.failed = stack, experiment, time.monotonic(), 0, {}

    def fact(self, what, good, detail=""):
        """States what was seen, whether that is what has to be, and what the reader needs besides: of a failure, the reason."""
        self.say("ok  " if good else "FAIL", what, detail)
        self.count(what, good, detail)

    def count(self, what, good, detail):
        """Counts a fact that was printed already."""
        if good:
            self.passed += 1
        else:
            self.failed[what] = detail

    def note(self, what, detail=""):
        """Proves nothing: what the reader of the facts has to know."""
        self.say("note", what, detail)

    def repeat(self):
        """Says again what failed: a long output is cut at its start, and several runs may print at once."""
        for what, detail in self.failed.items():
            print(f"{self.stack}: failed: {self.experiment}: {what}{f' — {detail}' if detail else ''}", flush=True)

    def say(self, word, what, detail):
        print(f"{self.stack}: {time.monotonic() - self.began:5.1f} s  {word} {self.experiment}: {what}{f' — {detail}' if detail else ''}", flush=True)
