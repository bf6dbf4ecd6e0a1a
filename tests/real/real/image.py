"""Stand-ins for the container images: the real jars behind the image's paths and commands, on tools of the host, and nothing else."""

import os
import pathlib
import re
import shutil

from .software import HERE

# What the images have: bash, coreutils, findutils. The newest are built on UBI's micro image, so sed, grep and awk are only in the older ones;
# no image has curl, wget, nc, tar or openssl. A manifest that uses what is not there must fail.
TOOLS = ("bash [ basename cat chgrp chmod chown cksum cp cut date df dirname du echo env expr false find head hostname id ln ls md5sum mkdir mktemp "
         "mv nproc printenv printf pwd readlink realpath rm rmdir seq sha256sum sleep sort stat tail tee test timeout touch tr true uname uniq wc "
         "xargs base64 comm join paste").split()
OLDER_TOOLS = "awk grep egrep sed".split()
CURL = ["curl"]  # of the image that asks REST interfaces
# Commands that run a tool: the class. Where the class moved between the lines, both.
TOOL_COMMANDS = {
    "kafka-storage": "kafka.tools.StorageTool",
    "kafka-topics": "org.apache.kafka.tools.TopicCommand",
    "kafka-configs": "kafka.admin.ConfigCommand",
    "kafka-acls": {"kafka-3": "kafka.admin.AclCommand", "kafka-4": "org.apache.kafka.tools.AclCommand"},
    "kafka-features": "org.apache.kafka.tools.FeatureCommand",
    "kafka-metadata-quorum": "org.apache.kafka.tools.MetadataQuorumCommand",
    "kafka-broker-api-versions": {"kafka-3": "kafka.admin.BrokerApiVersionsCommand",
                                  "kafka-4": "org.apache.kafka.tools.BrokerApiVersionsCommand"},
    "kafka-console-producer": {"kafka-3": "kafka.tools.ConsoleProducer", "kafka-4": "org.apache.kafka.tools.ConsoleProducer"},
    "kafka-reassign-partitions": "org.apache.kafka.tools.reassign.ReassignPartitionsCommand",
    "kafka-log-dirs": "org.apache.kafka.tools.LogDirsCommand",
    "kafka-leader-election": "org.apache.kafka.tools.LeaderElectionCommand",
    "kafka-get-offsets": "org.apache.kafka.tools.GetOffsetShell",
    "kafka-cluster": "org.apache.kafka.tools.ClusterTool",
    "kafka-producer-perf-test": "org.apache.kafka.tools.ProducerPerformance",
    "kafka-transactions": "org.apache.kafka.tools.TransactionsCommand",
    "kafka-verifiable-producer": "org.apache.kafka.tools.VerifiableProducer",
    "kafka-console-consumer": "org.apache.kafka.tools.consumer.ConsoleConsumer",
    "kafka-consumer-groups": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
}
# Commands that start a server: the class, and the heap and the extra arguments that its script sets where the manifest does not.
SERVER_COMMANDS = {
    "kafka-server-start": ("kafka.Kafka", "-Xmx1G -Xms1G", "-name kafkaServer -loggc"),
    "zookeeper-server-start": ("org.apache.zookeeper.server.quorum.QuorumPeerMain", "-Xmx512M -Xms512M", "-name zookeeper -loggc"),
    "connect-distributed": ("org.apache.kafka.connect.cli.ConnectDistributed", "-Xms256M -Xmx2G", "-name connectDistributed"),
}
LOG4J = {"kafka-4": ("log4j2.yaml", "-Dlog4j2.configurationFile=", """Configuration:
  Appenders:
    Console: {name: STDOUT, target: %s, PatternLayout: {pattern: "[%%d] %%p %%m (%%c)%%n"}}
  Loggers:
    Root: {level: %s, AppenderRef: {ref: STDOUT}}
"""), "kafka-3": ("log4j.properties", "-Dlog4j.configuration=file:", """log4j.rootLogger=%s, stdout
log4j.appender.stdout=org.apache.log4j.ConsoleAppender
log4j.appender.stdout.Target=%s
log4j.appender.stdout.layout=org.apache.log4j.PatternLayout
log4j.appender.stdout.layout.ConversionPattern=[%%d] %%p %%m (%%c)%%n
""")}


class Image:
    """What a runtime knows of an image, and where its files are."""

    def __init__(self, name, folder, user="appuser", uid=1000, gid=1000, workdir="/home/appuser"):
        self.name, self.folder, self.user, self.uid, self.gid, self.workdir = name, folder, user, uid, gid, workdir
        self.binds, self.entrypoint, self.cmd, self.note = {}, [], [], ""
        self.replaces = False  # whether the program itself is a stand-in, and not only the image around it
        self.env, self.volumes, self.options = {"LANG": "C.UTF-8"}, [], ""

    def path(self, name):
        return pathlib.Path(str(self.folder) + name)

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def owned(self, *folders):
        for folder in folders:
            self.path(folder).mkdir(parents=True, exist_ok=True)
            os.chown(self.path(folder), self.uid, 0)
            self.path(folder).chmod(0o775)


def build(name, folder, software, agent):
    """The stand-in for the image `name`; KeyError-like `LookupError` if there is none."""
    repository, _, tag = name.rpartition(":")
    confluent = re.fullmatch(r"(?:docker\.io/)?confluentinc/cp-(kafka|zookeeper|kafka-connect|schema-registry)", repository)
    if confluent and (line := {"8.3": "kafka-4", "7.9": "kafka-3"}.get(".".join(tag.split(".")[:2]))):
        return confluent_image(name, folder, software, confluent[1], line, agent)
    if re.fullmatch(r"(?:docker\.io/)?danielqsj/kafka-exporter", repository):
        return exporter_image(name, folder, software)
    if re.fullmatch(r"(?:docker\.io/)?redpandadata/kminion", repository):
        return kminion_image(name, folder, software)
    if re.fullmatch(r"(?:docker\.io/|quay\.io/)?apicurio/apicurio-registry", repository):
        return apicurio_image(name, folder, software)
    if re.fullmatch(r"(?:docker\.io/)?library/buildpack-deps", repository) and tag.endswith("-curl"):
        image = Image(name, folder)
        base(image, software, "kafka-4", TOOLS + OLDER_TOOLS + CURL)
        return image
    if repository == "proof-client" and tag in LOG4J:  # the checks' own application, on the Kafka of the line that the tag names
        image = confluent_image(name, folder, software, "kafka", tag, agent)
        image.binds["/opt/helpers"] = software.helpers
        return image
    raise LookupError(f"ErrImagePull: there is no stand-in for the image `{name}`")


def base(image, software, line, tools=TOOLS):
    """The tools, the libraries of the host, Java, the jars, and the few files that a C library reads."""
    version, home = software.jdk(*software.JAVA[line])
    image.path("/usr/bin").mkdir(parents=True)
    for tool in tools:
        found = shutil.which(tool, path="/usr/bin:/bin")
        if found:
            shutil.copy(os.path.realpath(found), image.path(f"/usr/bin/{tool}"))
    os.symlink("bash", image.path("/usr/bin/sh"))
    for name in ("bin", "lib", "lib64"):
        os.symlink(f"usr/{name}", image.path(f"/{name}"))
    os.symlink(f"{home}/bin/java", image.path("/usr/bin/java"))
    for host in ("/usr/lib", "/usr/lib64", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ssl/certs", f"/etc/java-{version}-openjdk", home):
        if os.path.exists(host) and not (host == home and home.startswith("/usr/lib/")):
            image.binds[host] = host
    image.write("/etc/passwd", f"root:x:0:0:root:/root:/bin/bash\nappuser:x:{image.uid}:{image.gid}::/home/appuser:/bin/bash\n")
    image.write("/etc/group", f"root:x:0:\nappuser:x:{image.gid}:\n")
    image.write("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")
    image.path("/tmp").mkdir()
    image.path("/tmp").chmod(0o1777)
    image.owned(*[image.workdir] if image.workdir != "/" else [])


def kafka_jars(image, software, line):
    """The jars of a line and, where it is made, the archive of their classes."""
    image.binds["/usr/share/java/kafka"] = software.libs(line)
    archive = software.archive(line)
    if archive.exists():
        image.binds["/opt/classes.jsa"] = archive
        # At the address that it was made for: to move 150 MB of it costs a third of a second at each start.
        image.options = " -Xlog:cds=off -XX:SharedArchiveFile=/opt/classes.jsa -XX:+UnlockDiagnosticVMOptions -XX:ArchiveRelocationMode=0"


def confluent_image(name, folder, software, component, line, agent):
    newer = line == "kafka-4"
    image = Image(name, folder, user="1000" if newer else "appuser")
    base(image, software, line, TOOLS if newer else TOOLS + OLDER_TOOLS)
    kafka_jars(image, software, line)
    image.env |= {"COMPONENT": component, "container": "oci"}
    image.owned("/etc/kafka", "/etc/kafka/secrets", "/etc/schema-registry", "/etc/kafka-connect", "/var/lib/kafka", "/var/lib/kafka/data",
                "/var/lib/zookeeper", "/var/lib/zookeeper/data", "/var/lib/zookeeper/log", "/var/log/kafka")
    image.volumes = {"kafka": ["/var/lib/kafka/data"], "zookeeper": ["/var/lib/zookeeper/data", "/var/lib/zookeeper/log"]}.get(component, [])
    jar = software.agent(agent)
    agents = "/usr/share/java/cp-base-java" if newer else "/usr/share/java/cp-base-new"
    image.path(agents).mkdir(parents=True)
    shutil.copy(jar, image.path(f"{agents}/{jar.name}"))
    if newer:
        os.symlink("cp-base-java", image.path("/usr/share/java/cp-base-new"))
    shutil.copy(HERE / "image/kafka-run-class", image.path("/usr/bin/kafka-run-class"))
    for command, cls in TOOL_COMMANDS.items():
        image.write(f"/usr/bin/{command}", f'#!/usr/bin/env bash\nexec kafka-run-class {cls if isinstance(cls, str) else cls[line]} "$@"\n', 0o755)
    for command, (cls, heap, extra) in SERVER_COMMANDS.items():
        image.write(f"/usr/bin/{command}", f"""#!/usr/bin/env bash
export KAFKA_LOG4J_OPTS=${{KAFKA_LOG4J_OPTS:-$(cat /etc/kafka/log4j.option)}} KAFKA_HEAP_OPTS=${{KAFKA_HEAP_OPTS:-{heap}}}
exec kafka-run-class ${{EXTRA_ARGS-{extra}}} {cls} "$@"
""", 0o755)
    file, option, text = LOG4J[line]
    image.write(f"/etc/kafka/{file}", text % (("SYSTEM_OUT", "INFO") if newer else ("INFO", "System.out")))
    image.write(f"/etc/kafka/tools-{file}", text % (("SYSTEM_ERR", "WARN") if newer else ("WARN", "System.err")))
    image.write("/etc/kafka/log4j.option", f"{option}/etc/kafka/{file}")
    image.write("/etc/kafka/tools-log4j.option", f"{option}/etc/kafka/tools-{file}")
    image.write("/etc/kafka/classpath", "/usr/share/java/kafka/*")
    image.cmd = ["/etc/confluent/docker/run"]
    if component == "kafka":
        image.path("/etc/confluent/docker").mkdir(parents=True)
        shutil.copy(HERE / "image/cp-kafka-run", image.path("/etc/confluent/docker/run"))
    if component == "kafka-connect":  # Confluent's converter is not to be had; the classes of the same name are ours
        image.binds["/opt/helpers"] = software.helpers
        image.write("/etc/kafka/classpath", "/usr/share/java/kafka/*:/opt/helpers")
        image.path("/usr/share/confluent-hub-components/file-stream").mkdir(parents=True)
        for jar in software.libs(line).glob("connect-file-*.jar"):
            shutil.copy(jar, image.path("/usr/share/confluent-hub-components/file-stream"))
        plugin = image.path("/usr/share/confluent-hub-components/failing")  # for the alert on a connector that cannot start
        (plugin / "META-INF/services").mkdir(parents=True)
        shutil.copy(software.helpers / "FailingConnector.class", plugin)
        (plugin / "META-INF/services/org.apache.kafka.connect.sink.SinkConnector").write_text("FailingConnector\n")
        image.note = "`AvroConverter` is a stand-in: JSON behind Confluent's header, schemas really registered"
    if component == "schema-registry":
        image.binds["/opt/helpers"] = software.helpers
        image.write("/etc/kafka/classpath", "/usr/share/java/kafka/*:/opt/helpers")
        image.write("/usr/bin/schema-registry-start", """#!/usr/bin/env bash
export KAFKA_HEAP_OPTS=${SCHEMA_REGISTRY_HEAP_OPTS:--Xmx512M} KAFKA_OPTS=$SCHEMA_REGISTRY_OPTS
export KAFKA_LOG4J_OPTS=${SCHEMA_REGISTRY_LOG4J_OPTS:-$(cat /etc/kafka/log4j.option)}
export KAFKA_JVM_PERFORMANCE_OPTS=$SCHEMA_REGISTRY_JVM_PERFORMANCE_OPTS
exec kafka-run-class ${EXTRA_ARGS--name schemaRegistry} SchemaRegistry "$@"
""", 0o755)
        image.replaces = True
        image.note = "Confluent's registry is a stand-in: a store in `_schemas` behind Confluent's API, compatibility by the rules of Avro for records"
    return image


def exporter_image(name, folder, software):
    """kafka_exporter is written in Go and not to be had: a program that gives the same metrics, and knows the same flags."""
    return program_image(name, folder, software, "/usr/bin/kafka_exporter", "/bin/kafka_exporter", "KafkaExporter", 128,
                         "kafka_exporter is a stand-in with its metrics and flags; a JVM, so admission raises its limits")


def kminion_image(name, folder, software):
    """The same for kminion, of which there is the end-to-end part."""
    return program_image(name, folder, software, "/app/kminion", "/app/kminion", "KMinion", 64,
                         "kminion is a stand-in with the variables and metrics of its end-to-end part; a JVM, so admission raises its limits")


def program_image(name, folder, software, file, entrypoint, program, heap, note):
    """One of our own programs, in place of the image's."""
    image = Image(name, folder, user="nobody", uid=65534, gid=65534, workdir="/")
    base(image, software, "kafka-4")
    kafka_jars(image, software, "kafka-4")
    image.binds["/opt/helpers"] = software.helpers
    image.write("/usr/share/quiet.yaml", LOG4J["kafka-4"][2] % ("SYSTEM_ERR", "WARN"))
    image.write(file, f"""#!/usr/bin/bash
. /etc/machine-options
exec java $OPTIONS -XX:+UseSerialGC -Xmx{heap}m -Dlog4j2.configurationFile=/usr/share/quiet.yaml -cp '/usr/share/java/kafka/*:/opt/helpers' {program} "$@"
""", 0o755)
    image.entrypoint = [entrypoint]
    image.replaces = True
    image.note = note
    return image


def apicurio_image(name, folder, software):
    """Apicurio Registry itself, as its image starts it."""
    image = Image(name, folder, user="1001", uid=1001, gid=0, workdir="/home/apicurio")
    base(image, software, "apicurio")
    image.binds["/deployments"] = software.libs("apicurio")
    image.write("/usr/bin/apicurio", """#!/usr/bin/bash
. /etc/machine-options
exec java $JAVA_OPTIONS $JAVA_OPTS $OPTIONS -Xms64m -Xmx${HEAP_CAP}m -jar /deployments/quarkus-run.jar
""", 0o755)
    image.entrypoint = ["/usr/bin/apicurio"]
    return image
