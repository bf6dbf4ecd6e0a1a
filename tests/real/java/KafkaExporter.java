import com.sun.net.httpserver.HttpServer;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;

/** Stands in for kafka_exporter: the same flags, the same metric names and labels, from an AdminClient. */
public final class KafkaExporter {
    private static final Set<String> FLAGS = Set.of("kafka.server", "kafka.version", "web.listen-address", "web.telemetry-path", "topic.filter",
        "topic.exclude", "group.filter", "group.exclude", "refresh.metadata", "offset.show-all", "concurrent.enable", "topic.workers",
        "kafka.labels", "verbosity", "use.consumelag.zookeeper", "zookeeper.server", "sasl.enabled", "sasl.username", "sasl.password",
        "sasl.mechanism", "sasl.handshake", "tls.enabled", "tls.ca-file", "tls.cert-file", "tls.key-file", "tls.insecure-skip-tls-verify",
        "server.tls.enabled", "log.enable-sarama", "kafka.allow-concurrent", "kafka.allow-auto-topic-creation");
    private static Admin admin;

    public static void main(String[] args) throws Exception {
        List<String> servers = new ArrayList<>();
        String address = ":9308";
        Map<String, String> files = new HashMap<>();
        for (String arg : args) {
            String name = arg.replaceFirst("^--(no-)?", "").split("=", 2)[0];
            if (!arg.startsWith("--") || !FLAGS.contains(name)) {
                System.err.println("kafka_exporter: error: unknown long flag '" + arg + "', try --help");
                System.exit(1);
            }
            if (name.equals("kafka.server")) {
                servers.add(arg.split("=", 2)[1]);
            } else if (name.endsWith("-file")) {
                files.put(name, java.nio.file.Files.readString(java.nio.file.Path.of(arg.split("=", 2)[1])));
            } else if (name.equals("web.listen-address")) {
                address = arg.split("=", 2)[1];
            }
        }
        Properties properties = new Properties();
        // A question that nobody answers costs its own samples only, as with the real one; all of them must end before the next scrapes.
        properties.setProperty("default.api.timeout.ms", "10000");
        properties.setProperty("request.timeout.ms", "5000");
        properties.setProperty("bootstrap.servers", servers.isEmpty() ? "kafka:9092" : String.join(",", servers));
        if (List.of(args).contains("--tls.enabled")) {
            properties.setProperty("security.protocol", "SSL");
            properties.setProperty("ssl.keystore.type", "PEM");
            properties.setProperty("ssl.truststore.type", "PEM");
            properties.setProperty("ssl.keystore.key", files.get("tls.key-file"));
            properties.setProperty("ssl.keystore.certificate.chain", files.get("tls.cert-file"));
            properties.setProperty("ssl.truststore.certificates", files.get("tls.ca-file"));
        }
        try { // it listens only once it has a connection, as the real one
            Admin made = Admin.create(properties);
            for (int more = 5; ; more--) { // one try ends after ten seconds, and the real one waits thirty for a connection alone
                try {
                    made.describeCluster().nodes().get();
                    break;
                } catch (ExecutionException error) {
                    if (more == 0) {
                        throw error;
                    }
                }
            }
            admin = made;
        } catch (Exception error) { // the real one ends as well
            System.err.println("Error Init Kafka Client: " + error);
            System.exit(255);
        }
        HttpServer server = HttpServer.create(new InetSocketAddress(Integer.parseInt(address.substring(address.lastIndexOf(':') + 1))), 0);
        server.setExecutor(Executors.newFixedThreadPool(4));
        server.createContext("/", exchange -> {
            String text;
            try {
                text = exchange.getRequestURI().getPath().equals("/metrics") ? collect() : "ok";
            } catch (Exception error) {
                text = "";
            }
            byte[] body = text.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length == 0 ? -1 : body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
    }

    private static String collect() throws Exception {
        Map<String, List<String>> samples = new TreeMap<>();
        Set<Node> nodes = new TreeSet<>((a, b) -> a.id() - b.id());
        nodes.addAll(admin.describeCluster().nodes().get());
        add(samples, "kafka_brokers", "", nodes.size());
        add(samples, "process_start_time_seconds", "", ManagementFactory.getRuntimeMXBean().getStartTime() / 1000);
        nodes.forEach(n -> add(samples, "kafka_broker_info", "address=\"" + n.host() + ":" + n.port() + "\",id=\"" + n.id() + "\"", 1));
        Map<TopicPartition, OffsetSpec> first = new HashMap<>();
        Map<TopicPartition, OffsetSpec> last = new HashMap<>();
        admin.describeTopics(admin.listTopics().names().get()).allTopicNames().get().values().forEach(topic -> {
            add(samples, "kafka_topic_partitions", "topic=\"" + topic.name() + "\"", topic.partitions().size());
            topic.partitions().forEach(p -> {
                String labels = labels(topic.name(), p.partition());
                if (p.leader() == null || p.leader().isEmpty()) {
                    return;
                }
                add(samples, "kafka_topic_partition_leader", labels, p.leader().id());
                add(samples, "kafka_topic_partition_replicas", labels, p.replicas().size());
                add(samples, "kafka_topic_partition_in_sync_replica", labels, p.isr().size());
                add(samples, "kafka_topic_partition_leader_is_preferred", labels, p.leader().id() == p.replicas().get(0).id() ? 1 : 0);
                add(samples, "kafka_topic_partition_under_replicated_partition", labels, p.isr().size() < p.replicas().size() ? 1 : 0);
                first.put(new TopicPartition(topic.name(), p.partition()), OffsetSpec.earliest());
                last.put(new TopicPartition(topic.name(), p.partition()), OffsetSpec.latest());
            });
        });
        Map<TopicPartition, Long> ends = new HashMap<>();
        offsets(first).forEach((p, offset) -> add(samples, "kafka_topic_partition_oldest_offset", labels(p.topic(), p.partition()), offset));
        offsets(last).forEach((p, offset) -> {
            ends.put(p, offset);
            add(samples, "kafka_topic_partition_current_offset", labels(p.topic(), p.partition()), offset);
        });
        for (var listing : admin.listConsumerGroups().valid().get()) {
            try {
                collect(samples, listing.groupId(), ends);
            } catch (ExecutionException error) {
                System.err.println("Cannot describe consumer group " + listing.groupId() + ": " + error.getCause());
            }
        }
        StringBuilder text = new StringBuilder();
        samples.forEach((name, lines) -> {
            text.append("# TYPE ").append(name).append(" gauge\n");
            lines.forEach(line -> text.append(line).append('\n'));
        });
        return text.toString();
    }

    /** The offsets of the partitions whose leader answers. */
    private static Map<TopicPartition, Long> offsets(Map<TopicPartition, OffsetSpec> wanted) throws Exception {
        Map<TopicPartition, Long> found = new HashMap<>();
        var result = admin.listOffsets(wanted);
        for (TopicPartition partition : wanted.keySet()) {
            try {
                found.put(partition, result.partitionResult(partition).get().offset());
            } catch (ExecutionException error) {
                System.err.println("Cannot get offset of " + partition + ": " + error.getCause());
            }
        }
        return found;
    }

    private static void collect(Map<String, List<String>> samples, String name, Map<TopicPartition, Long> ends) throws Exception {
        String group = "consumergroup=\"" + name + "\"";
        add(samples, "kafka_consumergroup_members", group, admin.describeConsumerGroups(List.of(name)).all().get().get(name).members().size());
        Map<String, long[]> sums = new TreeMap<>();
        admin.listConsumerGroupOffsets(name).partitionsToOffsetAndMetadata().get().forEach((p, o) -> {
            if (o == null || !ends.containsKey(p)) {
                return;
            }
            long lag = ends.get(p) - o.offset();
            add(samples, "kafka_consumergroup_current_offset", group + "," + labels(p.topic(), p.partition()), o.offset());
            add(samples, "kafka_consumergroup_lag", group + "," + labels(p.topic(), p.partition()), lag);
            long[] sum = sums.computeIfAbsent(p.topic(), k -> new long[2]);
            sum[0] += o.offset();
            sum[1] += lag;
        });
        sums.forEach((topic, sum) -> {
            add(samples, "kafka_consumergroup_current_offset_sum", group + ",topic=\"" + topic + "\"", sum[0]);
            add(samples, "kafka_consumergroup_lag_sum", group + ",topic=\"" + topic + "\"", sum[1]);
        });
    }

    private static String labels(String topic, int partition) {
        return "partition=\"" + partition + "\",topic=\"" + topic + "\"";
    }

    private static void add(Map<String, List<String>> samples, String name, String labels, long value) {
        samples.computeIfAbsent(name, k -> new ArrayList<>()).add(name + (labels.isEmpty() ? "" : "{" + labels + "}") + " " + value);
    }
}
