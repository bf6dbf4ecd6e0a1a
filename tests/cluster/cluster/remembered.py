"""Which broken clusters have failed as they must before, with the same programs, sources and manifests: what a case shows follows from them. It is
remembered beside the programs, outside the checkout; without that file every case is run, and a case that is asked for by name is run always."""

import hashlib
import os
import tempfile

from .tools import HERE, PROJECT

SOURCES = (HERE, HERE.parent / "real", PROJECT / "out/dev")
NO_SOURCES = {"results.tsv"}


class Remembered:
    """The names of cases, of the programs in `tools` with one line of the metrics agent."""

    def __init__(self, tools, agent):
        key = hashlib.sha256(f"{os.uname().release} {agent}\n".encode() + (tools / "installed").read_bytes())
        for path in sorted(path for folder in SOURCES for path in folder.rglob("*") if path.is_file()):
            if "__pycache__" not in path.parts and path.name not in NO_SOURCES:
                key.update(f"\n{path.relative_to(PROJECT)}\n".encode() + path.read_bytes())
        self.file = tools / f"broken-{key.hexdigest()[:12]}"
        self.names = set(self.file.read_text().splitlines()) if self.file.exists() else set()

    def add(self, names):
        """Those of other sources are forgotten."""
        self.names |= set(names)
        for other in self.file.parent.glob("broken-*"):
            if other != self.file:
                other.unlink(missing_ok=True)
        # Two runs may end at once: each leaves a whole file.
        with tempfile.NamedTemporaryFile("w", dir=self.file.parent, delete=False) as new:
            new.write("".join(f"{name}\n" for name in sorted(self.names)))
        os.replace(new.name, self.file)
