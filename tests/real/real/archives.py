"""An archive of parsed classes for each set of jars: a JVM that maps it starts with two thirds of the processor time.

Made once, for the path of the jars in the images, which is part of it, and kept in the cache. What a JVM cannot use it ignores: then it only starts slower.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

JARS = "/usr/share/java/kafka"
# In a mount namespace of its own the jars are where the images have them.
SCRIPT = """set -e
mount -t tmpfs none /usr/share
mkdir -p {jars}
mount --bind "$1" {jars}
exec "$2" -Xshare:dump -Xmx1g '-Xlog:cds*=off' -XX:SharedClassListFile="$3" -XX:SharedArchiveFile="$4" -cp '{jars}/*'
""".format(jars=JARS)


def classes(software, line):
    """The JDK's own list, with what it says of generated classes, and every class of the jars."""
    listed = pathlib.Path(software.jdk(*software.JAVA[line])[1], "lib/classlist")
    lines = [text for text in listed.read_text().splitlines() if not text.startswith("#")] if listed.exists() else []
    names = {text.split()[0] for text in lines}
    for jar in sorted(software.libs(line).glob("*.jar")):
        for entry in zipfile.ZipFile(jar).namelist():
            name = entry.removesuffix(".class")
            if name != entry and not entry.startswith("META-INF/") and not entry.endswith("module-info.class") and name not in names:
                names.add(name)
                lines.append(name)
    return "\n".join(lines) + "\n"


def build(software, line):
    target, home = software.archive(line), software.jdk(*software.JAVA[line])[1]
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        (listed := pathlib.Path(scratch, "classes")).write_text(classes(software, line))
        made = pathlib.Path(scratch, "classes.jsa")
        command = ["unshare", *user, "--mount", "bash", "-c", SCRIPT, "archive", software.libs(line), f"{home}/bin/java", listed, made]
        done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            print(f"no archive of the classes of {line}, so every JVM starts slower: {(done.stderr or done.stdout)[-300:]}", file=sys.stderr)
            return
        made.rename(target)
