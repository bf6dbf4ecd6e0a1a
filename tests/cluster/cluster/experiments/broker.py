"""Kafka's own tools in the pod of a broker, connected as the commands of the runbooks are."""

PLATFORM = "tcp-platform"  # the port on which the platform shows a certificate: only closed clusters have it
CLIENT_PORT, PLATFORM_PORT = 9092, 9090
FILE = "/etc/kafka-stacks/client.properties"


def closed(workload):
    """Whether the brokers of this StatefulSet let in only who shows who they are."""
    return any(port.get("name") == PLATFORM for port in workload["spec"]["template"]["spec"]["containers"][0]["ports"])


class Broker:
    """The first broker of a cluster, which is in the namespace `kafka`."""

    def __init__(self, cluster):
        self.cluster = cluster
        workload = cluster.get("statefulsets", "--namespace=kafka", "--selector=app.kubernetes.io/component=broker")[0]
        first = workload["spec"].get("ordinals", {}).get("start", 0)
        self.pod, instance = f"{workload['metadata']['name']}-{first}", workload["metadata"]["labels"]["app.kubernetes.io/instance"]
        platform = (f"--bootstrap-server={instance}.kafka.svc.cluster.local:{PLATFORM_PORT}", f"--command-config={FILE}")
        self.server = platform if closed(workload) else (f"--bootstrap-server=localhost:{CLIENT_PORT}",)

    def command(self, tool, *words):
        """What comes after `kubectl`."""
        return ["exec", "--namespace=kafka", "-i", self.pod, "--container=kafka", "--", "env", "KAFKA_HEAP_OPTS=-Xmx128m", tool, *self.server, *words]

    def tool(self, tool, *words, text=None, check=True):
        """What the tool says."""
        return self.cluster.kubectl(*self.command(tool, *words), text=text, check=check).stdout
