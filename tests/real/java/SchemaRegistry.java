import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.FileInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.metrics.JmxReporter;
import org.apache.kafka.common.metrics.KafkaMetricsContext;
import org.apache.kafka.common.metrics.MetricConfig;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.Time;

/**
 * Stands in for Confluent's registry, which no public package registry has: its settings, its compacted topic, and as much of its API as a
 * converter and a probe use. It refuses settings that the real one does not document. The primary is elected by the group's
 * coordinator, as with the real one, but has nothing to do: the log's order decides what is written.
 */
public final class SchemaRegistry {
    private static final Set<String> KEYS = Set.of("host.name", "listeners", "kafkastore.bootstrap.servers", "kafkastore.topic",
        "kafkastore.topic.replication.factor", "kafkastore.group.id", "kafkastore.security.protocol", "kafkastore.timeout.ms",
        "kafkastore.init.timeout.ms", "schema.compatibility.level", "schema.registry.group.id", "schema.registry.inter.instance.protocol",
        "leader.eligibility", "master.eligibility", "debug", "config.providers", "inter.instance.protocol", "request.timeout.ms",
        "response.mediatype.default", "access.control.allow.origin", "access.control.allow.methods", "mode.mutability",
        "avro.compatibility.level", "authentication.method", "resource.extension.class", "metrics.jmx.prefix");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Metrics METRICS = new Metrics(new MetricConfig(), List.of(reporter()), Time.SYSTEM, new KafkaMetricsContext("kafka.schema.registry"));
    private static final Properties CREDENTIALS = new Properties();
    private static final List<String> schemas = new ArrayList<>();
    private static final Map<String, List<Integer>> subjects = new TreeMap<>();
    /** The levels that were set, by subject; that of the registry has no name. */
    private static final Map<String, String> levels = new TreeMap<>();
    private static String topic;
    private static String level;
    private static KafkaProducer<String, String> producer;
    private static KafkaConsumer<String, String> consumer;
    private static TopicPartition partition;
    private static volatile boolean primary;

    public static void main(String[] args) throws Exception {
        Properties file = new Properties();
        try (FileInputStream in = new FileInputStream(args[0])) {
            file.load(in);
        }
        Map<String, Object> settings = new LinkedHashMap<>();
        file.forEach((key, value) -> settings.put((String) key, value));
        Map<String, Object> resolved = new AbstractConfig(new ConfigDef(), settings, false).originals(); // resolves `${env:…}`
        for (String key : resolved.keySet()) {
            if (!KEYS.contains(key) && !key.startsWith("config.providers.") && !key.startsWith("kafkastore.s")) {
                throw new IllegalArgumentException("error: `" + key + "` is not a documented setting of the registry");
            }
        }
        String servers = ((String) resolved.get("kafkastore.bootstrap.servers")).replaceAll("[A-Z_]+://", "");
        topic = (String) resolved.getOrDefault("kafkastore.topic", "_schemas");
        level = ((String) resolved.getOrDefault("schema.compatibility.level", "backward")).toUpperCase();
        short factor = Short.parseShort((String) resolved.getOrDefault("kafkastore.topic.replication.factor", "3"));
        resolved.forEach((key, value) -> {
            if (key.startsWith("kafkastore.s")) { // security, SASL and TLS, as the real one hands them to its clients
                CREDENTIALS.put(key.substring("kafkastore.".length()), value);
            }
        });
        open(servers, factor);
        elect(servers, (String) resolved.getOrDefault("schema.registry.group.id", "schema-registry"));
        gauges("master-slave-role", "master-slave-role");
        gauges("registered-count", "registered-count");
        gauges("jetty-metrics", "connections-active");
        gauges("jersey-metrics", "request-rate", "request-error-rate", "request-latency-99");
        URI listener = URI.create(((String) resolved.getOrDefault("listeners", "http://0.0.0.0:8081")).split(",")[0]);
        HttpServer server = HttpServer.create(new InetSocketAddress(listener.getHost(), listener.getPort()), 0);
        server.setExecutor(Executors.newFixedThreadPool(4));
        server.createContext("/", SchemaRegistry::handle);
        server.start();
        System.out.println("the stand-in listens on " + listener + " as " + resolved.get("host.name"));
    }

    private static JmxReporter reporter() {
        JmxReporter reporter = new JmxReporter();
        reporter.configure(Map.of());
        return reporter;
    }

    private static Properties client(String servers) {
        Properties p = new Properties();
        p.putAll(CREDENTIALS);
        p.setProperty("bootstrap.servers", servers);
        return p;
    }

    private static void open(String servers, short factor) throws Exception {
        Properties p = client(servers);
        p.setProperty("isolation.level", "read_committed");
        try (Admin admin = Admin.create(p)) {
            if (!admin.listTopics().names().get().contains(topic)) {
                admin.createTopics(List.of(new NewTopic(topic, 1, factor).configs(Map.of("cleanup.policy", "compact")))).all().get();
            }
            // Like the real one, it starts only if nothing deletes its schemas.
            String policy = policy(admin);
            if (!policy.equals("compact")) {
                throw new IllegalStateException("`" + topic + "` has cleanup.policy=" + policy);
            }
        } catch (ExecutionException error) {
            if (!(error.getCause() instanceof TopicExistsException)) {
                throw error;
            }
        }
        producer = new KafkaProducer<>(p, new StringSerializer(), new StringSerializer());
        consumer = new KafkaConsumer<>(p, new StringDeserializer(), new StringDeserializer());
        partition = new TopicPartition(topic, 0);
        consumer.assign(List.of(partition));
        consumer.seekToBeginning(List.of(partition));
    }

    /** A broker that is asked at once may not know yet of a topic that was just made. */
    private static String policy(Admin admin) throws Exception {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        for (int tries = 0;; tries++) {
            try {
                return admin.describeConfigs(List.of(resource)).all().get().get(resource).get("cleanup.policy").value();
            } catch (ExecutionException error) {
                if (!(error.getCause() instanceof UnknownTopicOrPartitionException) || tries == 100) {
                    throw error;
                }
                Thread.sleep(100);
            }
        }
    }

    /** The primary is the instance to which the group gives the topic's only partition. */
    private static void elect(String servers, String group) {
        Properties p = client(servers);
        p.setProperty("group.id", group);
        p.setProperty("session.timeout.ms", "10000");
        p.setProperty("enable.auto.commit", "false");
        KafkaConsumer<String, String> member = new KafkaConsumer<>(p, new StringDeserializer(), new StringDeserializer());
        member.subscribe(List.of(topic));
        Thread thread = new Thread(() -> {
            while (true) {
                member.poll(Duration.ofSeconds(1));
                primary = !member.assignment().isEmpty();
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    /** Reads the topic to its end: after that this instance knows whatever any instance has written. */
    private static void catchUp() {
        long end = consumer.endOffsets(List.of(partition)).get(partition);
        while (consumer.position(partition) < end) {
            for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(100))) {
                if (record.key().startsWith("\n")) {
                    levels.put(record.key().substring(1), record.value());
                    continue;
                }
                int id = schemas.indexOf(record.value());
                if (id < 0) {
                    schemas.add(record.value());
                    id = schemas.size() - 1;
                }
                List<Integer> versions = subjects.computeIfAbsent(record.key().split("\n")[0], k -> new ArrayList<>());
                if (!versions.contains(id + 1)) {
                    versions.add(id + 1);
                }
            }
        }
    }

    private static void handle(HttpExchange exchange) throws IOException {
        int status = 200;
        Object reply;
        try {
            synchronized (SchemaRegistry.class) {
                catchUp();
                reply = answer(exchange.getRequestMethod(), exchange.getRequestURI().getPath(), exchange.getRequestBody().readAllBytes());
            }
        } catch (IllegalStateException refused) {
            status = Integer.parseInt(refused.getMessage().substring(0, 3));
            reply = Map.of("error_code", status, "message", refused.getMessage().substring(4));
        } catch (Exception error) {
            status = 500;
            reply = Map.of("error_code", 50001, "message", String.valueOf(error));
        }
        byte[] body = JSON.writeValueAsString(reply).getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/vnd.schemaregistry.v1+json");
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    private static Object answer(String method, String path, byte[] body) throws Exception {
        String[] part = path.substring(1).split("/");
        if (part[0].equals("config")) {
            return config(method, part.length > 1 ? part[1] : "", body);
        } else if (path.equals("/subjects")) {
            return subjects.keySet();
        } else if (part.length == 3 && path.startsWith("/schemas/ids/")) {
            int id = Integer.parseInt(part[2]);
            if (id > schemas.size()) {
                throw new IllegalStateException("404 Schema not found");
            }
            return Map.of("schema", schemas.get(id - 1));
        } else if (part.length == 3 && part[2].equals("versions") && method.equals("POST")) {
            return Map.of("id", register(part[1], JSON.readTree(body).get("schema").asText()));
        } else if (part.length == 2 && part[0].equals("subjects") && method.equals("POST")) {
            int id = schemas.indexOf(JSON.readTree(body).get("schema").asText()) + 1;
            int version = subjects.getOrDefault(part[1], List.of()).indexOf(id) + 1;
            if (version == 0) {
                throw new IllegalStateException("404 Schema not found");
            }
            return Map.of("subject", part[1], "version", version, "id", id, "schema", schemas.get(id - 1));
        } else if (part.length == 3 && part[2].equals("versions")) {
            return subjects.getOrDefault(part[1], List.of());
        }
        return Map.of();
    }

    private static Object config(String method, String subject, byte[] body) throws Exception {
        if (method.equals("PUT")) {
            producer.send(new ProducerRecord<>(topic, "\n" + subject, JSON.readTree(body).get("compatibility").asText())).get();
            catchUp();
            return Map.of("compatibility", levels.get(subject));
        }
        if (!subject.isEmpty() && !levels.containsKey(subject)) {
            throw new IllegalStateException("404 Subject '" + subject + "' does not have subject-level compatibility configured");
        }
        return Map.of("compatibilityLevel", levels.getOrDefault(subject, level));
    }

    private static int register(String subject, String schema) throws Exception {
        List<Integer> versions = subjects.getOrDefault(subject, List.of());
        int known = schemas.indexOf(schema) + 1;
        if (versions.contains(known)) {
            return known;
        }
        String rule = levels.getOrDefault(subject, levels.getOrDefault("", level));
        if (rule.startsWith("BACKWARD") && !versions.isEmpty() && !reads(schema, schemas.get(versions.get(versions.size() - 1) - 1))) {
            throw new IllegalStateException("409 Schema being registered is incompatible with an earlier schema for subject \"" + subject + "\"");
        }
        producer.send(new ProducerRecord<>(topic, subject + "\n" + schema.hashCode(), schema)).get();
        catchUp();
        return schemas.indexOf(schema) + 1;
    }

    /** Whether the new record schema reads old data: a field that the old one lacks needs a default. Other changes are not judged. */
    private static boolean reads(String next, String before) throws Exception {
        List<String> old = new ArrayList<>();
        JsonNode fields = JSON.readTree(before).path("fields");
        fields.forEach(f -> old.add(f.get("name").asText()));
        for (JsonNode field : JSON.readTree(next).path("fields")) {
            if (!old.contains(field.get("name").asText()) && !field.has("default")) {
                return false;
            }
        }
        return true;
    }

    /** Kafka's own reporter makes the beans as the real registry's does: the group is the type, the name is the attribute. */
    private static void gauges(String group, String... names) {
        for (String name : names) {
            METRICS.addMetric(METRICS.metricName(name, group), (config, now) ->
                name.equals("registered-count") ? schemas.size() : name.equals("master-slave-role") ? (primary ? 1.0 : 0.0) : name.equals("request-error-rate") ? 0.0 : 1.0);
        }
    }
}
