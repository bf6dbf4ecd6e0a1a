"""Container images, made here: the stand-ins of `tests/real`, as archives that a container runtime imports.

A layer each for the machine's C libraries, a JDK, the jars of a line, and what is the image's own.
"""

import contextlib
import fcntl
import hashlib
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import tarfile
import tempfile
import time

from real import archives, image as standin, software

LINES = ("kafka-4", "kafka-3")
HEAP_CAP = 512  # MiB: a machine for tests has less memory than the cluster that the manifests are for
# What a stand-in takes from the machine whole; an archive has only the part that is needed.
SYSTEM = ("/usr/lib", "/etc/ld.so")

# The program of `tests/real/java/Client.java`, on the Kafka of each line.
CLIENT = {line: f"proof-client:{line}" for line in LINES}
PAUSE = "localhost/pause:1"  # holds a pod's namespaces
# Loaded by name only, so that no program says that it needs them.
LOADED = ("libstdc++.so.6", "libgcc_s.so.1", "libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2", "libz.so.1", "libdl.so.2", "librt.so.1",
          "libpthread.so.0", "libm.so.6")
LIBRARIES = "usr/lib/x86_64-linux-gnu"
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SKIPPED = re.compile(r"/(jmods|include|man|legal|docs|demo)(/|$)|/(src\.zip|ct\.sym)$")


def named(folder):
    """The images that the manifests of a folder name."""
    texts = [path.read_text() for path in sorted(pathlib.Path(folder).glob("**/*.yaml"))]
    return {image for text in texts for image in re.findall(r"^\s+(?:- )?image: (\S+)$", text, re.MULTILINE)}


class Archive:
    """An archive in the layout of `docker save`, with the layers that images share only once."""

    def __init__(self, path):
        self.file, self.manifest, self.layers = tarfile.open(path, "w"), [], {}

    def layer(self, key, fill):
        """The digest of the layer that `fill` adds its files to; made once for a key."""
        if key not in self.layers:
            with tempfile.TemporaryFile() as scratch:
                with tarfile.open(fileobj=scratch, mode="w") as tar:
                    fill(tar)
                scratch.seek(0)
                digest = hashlib.file_digest(scratch, "sha256").hexdigest()
                info = tarfile.TarInfo(f"{digest}.tar")
                info.size = scratch.seek(0, io.SEEK_END)
                scratch.seek(0)
                self.file.addfile(info, scratch)
            self.layers[key] = digest
        return self.layers[key]

    def text(self, name, text):
        info = tarfile.TarInfo(name)
        info.size = len(text.encode())
        self.file.addfile(info, io.BytesIO(text.encode()))

    def image(self, name, layers, config):
        text = json.dumps({"architecture": "amd64", "os": "linux", "config": config, "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in layers]}})
        path = f"{hashlib.sha256(text.encode()).hexdigest()}.json"
        self.text(path, text)
        self.manifest.append({"Config": path, "RepoTags": [name], "Layers": [f"{digest}.tar" for digest in layers]})

    def close(self):
        self.text("manifest.json", json.dumps(self.manifest))
        self.file.close()


def fetch():
    """Brings what the images are made of into the cache; the only part that needs a network."""
    subprocess.run([standin.HERE / "install"], check=True)
    found = software.Software()
    with found.alone():
        for line in LINES:
            if not found.archive(line).exists():
                archives.build(found, line)


def write(path, names, pause, agent):
    """Writes an archive with stand-ins for the named images, and the image that holds a pod's namespaces. What each stands in for, by name, and
    those whose program itself is a stand-in."""
    archive, real, notes, replaced = Archive(path), software.Software(), {}, []
    archive.image(PAUSE, [archive.layer("pause", lambda tar: tar.add(pause, "pause"))], {"Entrypoint": ["/pause"]})
    for name in names:
        with tempfile.TemporaryDirectory() as scratch:
            try:
                image = standin.build(name, pathlib.Path(scratch), real, agent)
            except LookupError:
                notes[name] = "has no stand-in: its pods cannot start"
                continue
            notes[name] = image.note or "the real jars, with tools of this machine"
            replaced += [name] if image.replaces else []
            image.write("/etc/machine-options", f'HEAP_CAP={HEAP_CAP}\nOPTIONS="-XX:TieredStopAtLevel=1{image.options}"\n')
            archive.image(f"docker.io/{name if '/' in name else f'library/{name}'}", layers(archive, image, scratch), {
                "Entrypoint": image.entrypoint, "Cmd": image.cmd, "User": image.user, "WorkingDir": image.workdir,
                "Env": [PATH, *(f"{key}={value}" for key, value in image.env.items())], "Volumes": {volume: {} for volume in image.volumes}})
    archive.close()
    return notes, replaced


def layers(archive, image, folder):
    home = os.path.realpath(f"{folder}/usr/bin/java").removesuffix("/bin/java")
    own = lambda tar: [tar.add(f"{folder}/{entry}", entry) for entry in sorted(os.listdir(folder))]
    binds = {target: str(source) for target, source in image.binds.items() if target != home and not str(source).startswith(SYSTEM)}
    return [archive.layer("libraries", libraries), archive.layer(home, lambda tar: jdk(tar, home)),
            *(archive.layer(bind, lambda tar: tar.add(bind[1], bind[0].lstrip("/"))) for bind in sorted(binds.items())),
            archive.layer(image.name, own)]


def libraries(tar):
    """The C libraries that the tools and the JDKs need, at Debian's places."""
    programs = [f"/usr/bin/{tool}" for tool in (*standin.TOOLS, *standin.OLDER_TOOLS, *standin.CURL)]
    programs += [str(path) for path in pathlib.Path("/usr/lib/jvm").glob("*/lib/**/*.so")]
    found = subprocess.run(["ldd", *programs], check=False, capture_output=True, text=True).stdout
    needed = {name: path for name, path in re.findall(r"(\S+) => (/\S+)", found) if not path.startswith("/usr/lib/jvm")}
    for name in LOADED:
        needed.setdefault(name, f"/{LIBRARIES}/{name}")
    for name, path in sorted(needed.items()):
        if os.path.exists(path):
            tar.add(os.path.realpath(path), f"{LIBRARIES}/{name}")
    tar.add(os.path.realpath("/lib64/ld-linux-x86-64.so.2"), "usr/lib64/ld-linux-x86-64.so.2")
    tar.add("/usr/lib/locale/C.utf8", "usr/lib/locale/C.utf8")


def jdk(tar, home):
    tar.add(home, home.lstrip("/"), filter=lambda info: None if SKIPPED.search(f"/{info.name}".removeprefix(home)) else info)


class Store:
    """A containerd root folder in the cache, with the images of a folder of stacks unpacked. Inside of `isolated.run` only."""

    heap_mib = HEAP_CAP  # what the images cut heaps to

    def __init__(self, tools, folder, agent="jmx-0"):
        self.names = sorted(named(folder) | {CLIENT[line] for line in LINES})
        sources = [pathlib.Path(__file__), standin.HERE / "real/image.py", standin.HERE / "real/software.py", standin.HERE / "pom.xml", *standin.HERE.glob("image/*"), *standin.HERE.glob("java/**/*.java")]
        key = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(sources)) + " ".join(self.names).encode()).hexdigest()[:12]
        self.tools, self.agent, self.root, self.lock = tools, agent, tools / "images" / agent / key, tools / "images.lock"
        with self.made():
            self.notes, self.replaced = json.loads((self.root / "notes.json").read_text())

    @contextlib.contextmanager
    def made(self):
        """The folder is there during the block. Only the newest of each agent is kept, so another run may have removed this one."""
        with self.lock.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if not (self.root / "notes.json").exists():
                self.make()
            yield

    def make(self):
        shutil.rmtree(self.root.parent, ignore_errors=True)
        self.root.mkdir(parents=True)
        archive, run = self.root / "archive.tar", tempfile.mkdtemp()
        notes = write(archive, self.names, self.tools / "bin/pause", self.agent)
        address = f"{run}/containerd.sock"
        command = [self.tools / "bin/containerd", f"--root={self.root}/containerd", f"--state={run}/state", f"--address={address}"]
        with open(f"{run}/log", "w") as log:
            server = subprocess.Popen(command, env=os.environ | {"PATH": f"{self.tools}/bin:{os.environ['PATH']}"}, stdout=log, stderr=log)
        while not os.path.exists(address):
            if server.poll() is not None:
                raise RuntimeError(pathlib.Path(run, "log").read_text())
            time.sleep(0.05)
        client = [self.tools / "bin/ctr", f"--address={address}", "--namespace=k8s.io"]
        subprocess.run([*client, "images", "import", archive], check=True, stdout=subprocess.DEVNULL)
        server.terminate()
        server.wait()
        archive.unlink()
        (self.root / "notes.json").write_text(json.dumps(notes))

    def copy(self, target):
        """The root folder of a node's containerd: files of images are shared with the cache, since nothing writes to them; databases are not."""
        target.parent.mkdir(parents=True, exist_ok=True)
        with self.made():
            subprocess.run(["cp", "--archive", "--link", self.root / "containerd", target], check=True)
        for database in target.glob("io.containerd.*/*.db"):
            content = database.read_bytes()
            database.unlink()
            database.write_bytes(content)
