"""The real software, resolved by Maven from the committed pom into a cache outside the tree."""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tarfile

HERE = pathlib.Path(__file__).parent.parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "kafka-stacks/real"
PROFILES = ("kafka-4", "kafka-3", "jmx-0", "jmx-1", "apicurio")
TOOLS = {"mvn": "maven", "ip": "iproute2", "unshare": "util-linux", "javac": "a JDK (17 or newer)"}


class Missing(Exception):
    """Something that the machine lacks; the message says how to get it."""


def find_jdks():
    """Major version → home, of the JDKs in the usual places."""
    homes = {}
    for home in [os.environ.get("JAVA_HOME", ""), *sorted(str(p) for p in pathlib.Path("/usr/lib/jvm").glob("*"))]:
        release = pathlib.Path(home, "release")
        if home and release.exists() and pathlib.Path(home, "bin/javac").exists():
            major = re.search(r'JAVA_VERSION="(\d+)', release.read_text())
            homes.setdefault(int(major[1]), os.path.realpath(home))
    return homes


class Software:
    """Paths of everything; building one resolves what the cache does not hold yet."""

    JAVA = {"kafka-4": (25, 17), "kafka-3": (17, 17), "apicurio": (21, 21)}  # the version that the image has, and the oldest that will do

    def __init__(self):
        missing = [f"`{tool}` ({package})" for tool, package in TOOLS.items() if not shutil.which(tool)]
        if missing:
            raise Missing(f"missing: {', '.join(missing)}; `tests/real/install` installs them on Debian")
        pom = HERE / "pom.xml"
        key = hashlib.sha256(pom.read_bytes()).hexdigest()[:12]
        self.root = CACHE / key
        self.jdks = find_jdks()
        if not any(major >= 17 for major in self.jdks):
            raise Missing("no JDK of version 17 or newer in /usr/lib/jvm or JAVA_HOME")
        with self.alone():
            for profile in PROFILES:
                self.resolve(pom, profile)
            self.helpers = self.compile()

    @contextlib.contextmanager
    def alone(self):
        """Of programs that start side by side one fills the cache, and the others wait."""
        CACHE.mkdir(parents=True, exist_ok=True)
        with (CACHE / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def resolve(self, pom, profile):
        target = self.root / profile
        if target.exists():
            return
        scratch = target.with_name(f"{profile}.{os.getpid()}")
        goal = "copy" if profile == "apicurio" else "copy-dependencies"
        subprocess.run(["mvn", "-q", "-B", "-f", str(pom), "-P", profile, f"dependency:{goal}", "-DincludeScope=runtime",
                        f"-DoutputDirectory={scratch}"], check=True)
        for archive in scratch.glob("*.tar.gz"):
            with tarfile.open(archive) as file:
                file.extractall(scratch, filter="data")
            archive.unlink()
        scratch.rename(target)

    def compile(self):
        """The helper programs, against the older client so that they run with both."""
        sources = sorted(HERE.glob("java/**/*.java"))
        key = hashlib.sha256(b"".join(s.read_bytes() for s in sources)).hexdigest()[:12]
        target = self.root / f"helpers-{key}"
        if sources and not target.exists():
            scratch = target.with_name(f"{target.name}.{os.getpid()}")
            home = self.jdk(17, 17)[1]
            subprocess.run([f"{home}/bin/javac", "--release", "17", "-nowarn", "-cp", f"{self.libs('kafka-3')}/*", "-d", str(scratch),
                            *map(str, sources)], check=True)
            scratch.rename(target)
        return target

    def libs(self, profile):
        return self.root / profile

    def archive(self, line):
        """Where the archive of the classes of a line lies (see `archives`); its name tells the JDK, which must be the very same."""
        key = hashlib.sha256(pathlib.Path(self.jdk(*self.JAVA[line])[1], "release").read_bytes()).hexdigest()[:12]
        return self.root / f"classes-{line}-{key}.jsa"

    def agent(self, profile):
        return next(self.libs(profile).glob("jmx_prometheus_javaagent-*.jar"))

    def jdk(self, wanted, least):
        """The wanted major version, or the next best that is at least `least`: (version, home)."""
        fitting = sorted((abs(major - wanted), major) for major in self.jdks if major >= least)
        if not fitting:
            raise Missing(f"no JDK of version {least} or newer in /usr/lib/jvm or JAVA_HOME")
        return fitting[0][1], self.jdks[fitting[0][1]]
