"""An archive of parsed classes for each set of jars: a JVM that maps it starts with two thirds of the processor time.

Made once, in a pod, for the paths of the jars are part of it; kept in the cache. What a JVM cannot use it ignores: then it only starts slower.
"""

import pathlib
import shutil
import sys
import zipfile

from . import software
from .pod import Pod
from .world import World

COMMAND = f"exec java -Xshare:dump -Xmx1g -Xlog:cds*=off -XX:SharedClassListFile=/list/classes -XX:SharedArchiveFile=/out/classes.jsa -cp '/usr/share/java/kafka/*'"


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
    world, target = World(software), software.archive(line)
    world.put({"kind": "ConfigMap", "metadata": {"name": "list", "namespace": "default"}, "data": {"classes": classes(software, line)}})
    template = {"spec": {
        "restartPolicy": "Never", "volumes": [{"name": "list", "configMap": {"name": "list"}}, {"name": "out", "emptyDir": {}}],
        "containers": [{"name": "archive", "image": f"proof-client:{line}", "command": ["bash", "-c", COMMAND],
                        "volumeMounts": [{"name": "list", "mountPath": "/list"}, {"name": "out", "mountPath": "/out"}]}]}}
    with world.lock:
        pod = Pod(world, "archive", "default", template)
        world.pods.append(pod)
    pod.thread.join()
    if pod.phase != "Succeeded":
        print(f"no archive of the classes of {line}, so every JVM starts slower: {pod.containers[0].last_words()}", file=sys.stderr)
        return
    scratch = target.with_suffix(".new")
    shutil.copy(pod.volumes["out"] / "classes.jsa", scratch)
    scratch.rename(target)


if __name__ == "__main__":
    build(software.Software(), sys.argv[1])
