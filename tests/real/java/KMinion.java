import com.sun.net.httpserver.HttpServer;
import java.math.BigDecimal;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.ConsumerGroupState;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Stands in for kminion, of which it has the end-to-end part alone: the same variables, metric names and labels, and the same requests to the
 * cluster, by Kafka's own clients. The real one ignores a variable that it does not know; this one refuses it.
 */
public final class KMinion {
    /** The variables of the end-to-end part, and those that switch the other parts off, with kminion's defaults. */
    private static final Map<String, String> SETTINGS = new TreeMap<>(Map.ofEntries(
        Map.entry("LOGGER_LEVEL", "info"),
        Map.entry("KAFKA_BROKERS", ""),
        Map.entry("KAFKA_CLIENTID", "kminion"),
        Map.entry("KAFKA_TLS_ENABLED", "false"),
        Map.entry("KAFKA_TLS_CAFILEPATH", ""),
        Map.entry("KAFKA_TLS_CERTFILEPATH", ""),
        Map.entry("KAFKA_TLS_KEYFILEPATH", ""),
        Map.entry("KAFKA_SASL_ENABLED", "false"),
        Map.entry("KAFKA_SASL_MECHANISM", "PLAIN"),
        Map.entry("KAFKA_SASL_USERNAME", ""),
        Map.entry("KAFKA_SASL_PASSWORD", ""),
        Map.entry("MINION_CONSUMERGROUPS_ENABLED", "true"),
        Map.entry("MINION_CONSUMERGROUPS_SCRAPEMODE", "adminApi"),
        Map.entry("MINION_LOGDIRS_ENABLED", "true"),
        Map.entry("MINION_TOPICS_ENABLED", "true"),
        Map.entry("MINION_TOPICS_IGNOREDTOPICS", ""),
        Map.entry("MINION_ENDTOEND_ENABLED", "false"),
        Map.entry("MINION_ENDTOEND_PROBEINTERVAL", "100ms"),
        Map.entry("MINION_ENDTOEND_TOPICMANAGEMENT_ENABLED", "true"),
        Map.entry("MINION_ENDTOEND_TOPICMANAGEMENT_NAME", "kminion-end-to-end"),
        Map.entry("MINION_ENDTOEND_TOPICMANAGEMENT_RECONCILIATIONINTERVAL", "10m"),
        Map.entry("MINION_ENDTOEND_TOPICMANAGEMENT_REPLICATIONFACTOR", "1"),
        Map.entry("MINION_ENDTOEND_TOPICMANAGEMENT_PARTITIONSPERBROKER", "1"),
        Map.entry("MINION_ENDTOEND_TOPICMANAGEMENT_REBALANCEPARTITIONS", "true"),
        Map.entry("MINION_ENDTOEND_PRODUCER_ACKSLA", "5s"),
        Map.entry("MINION_ENDTOEND_PRODUCER_REQUIREDACKS", "all"),
        Map.entry("MINION_ENDTOEND_CONSUMER_GROUPIDPREFIX", "kminion-end-to-end"),
        Map.entry("MINION_ENDTOEND_CONSUMER_DELETESTALECONSUMERGROUPS", "false"),
        Map.entry("MINION_ENDTOEND_CONSUMER_ROUNDTRIPSLA", "20s"),
        Map.entry("MINION_ENDTOEND_CONSUMER_COMMITSLA", "10s"),
        Map.entry("EXPORTER_NAMESPACE", "kminion"),
        Map.entry("EXPORTER_HOST", ""),
        Map.entry("EXPORTER_PORT", "8080")));
    /** What this program is, and no other setting of it. */
    private static final Map<String, String> ONLY = Map.of(
        "MINION_CONSUMERGROUPS_ENABLED", "false", "MINION_CONSUMERGROUPS_SCRAPEMODE", "adminApi", "MINION_LOGDIRS_ENABLED", "false",
        "MINION_TOPICS_ENABLED", "false", "MINION_ENDTOEND_ENABLED", "true", "MINION_ENDTOEND_TOPICMANAGEMENT_ENABLED", "true",
        "MINION_ENDTOEND_TOPICMANAGEMENT_REBALANCEPARTITIONS", "false");
    private static final Set<String> LISTS = Set.of("KAFKA_BROKERS", "MINION_TOPICS_IGNOREDTOPICS");
    private static final List<String> PARTS = List.of("LOGGER_", "KAFKA_", "MINION_", "EXPORTER_", "CONFIG_FILEPATH");
    private static final List<String> LEVELS = List.of("debug", "info", "warn", "error", "fatal");
    private static final String MINION = UUID.randomUUID().toString();

    private static final Map<String, Map<Integer, AtomicLong>> NUMBERS = new ConcurrentSkipListMap<>();
    private static final Map<String, Map<Integer, Histogram>> TIMES = new ConcurrentSkipListMap<>();
    /** The records that are on their way, by what they say. */
    private static final Map<String, Sent> SENT = new ConcurrentHashMap<>();
    private static final ExecutorService SENDERS = Executors.newCachedThreadPool();
    private static String topic;
    private static long acknowledgedWithin;
    private static long returnedWithin;
    private static Admin admin;
    private static KafkaProducer<String, String> producer;
    private static volatile int partitions;

    private record Sent(int partition, long at) {
        long millis() {
            return (System.nanoTime() - at) / 1_000_000;
        }
    }

    /** Counts times in classes that double, from 5 ms to the first that is at least half the given time. */
    private static final class Histogram {
        private final List<BigDecimal> bounds = new ArrayList<>();
        private final long[] counts;
        private long count;
        private double sum;

        Histogram(long most) {
            BigDecimal bound = new BigDecimal("0.005");
            for (int classes = Math.getExponent((double) (most / 10)) + 3; classes > 0; classes--) {
                bounds.add(bound);
                bound = bound.add(bound);
            }
            counts = new long[bounds.size()];
        }

        synchronized void observe(double seconds) {
            count++;
            sum += seconds;
            for (int i = 0; i < counts.length; i++) {
                counts[i] += seconds <= bounds.get(i).doubleValue() ? 1 : 0;
            }
        }

        synchronized void print(StringBuilder text, String name, int partition) {
            String labels = "partition_id=\"" + partition + "\"";
            for (int i = 0; i < counts.length; i++) {
                String bound = bounds.get(i).stripTrailingZeros().toPlainString();
                text.append(name).append("_bucket{").append(labels).append(",le=\"").append(bound).append("\"} ").append(counts[i]).append('\n');
            }
            text.append(name).append("_bucket{").append(labels).append(",le=\"+Inf\"} ").append(count).append('\n');
            text.append(name).append("_sum{").append(labels).append("} ").append(sum).append('\n');
            text.append(name).append("_count{").append(labels).append("} ").append(count).append('\n');
        }
    }

    public static void main(String[] args) throws Exception {
        settings();
        topic = text("MINION_ENDTOEND_TOPICMANAGEMENT_NAME");
        acknowledgedWithin = millis("MINION_ENDTOEND_PRODUCER_ACKSLA");
        returnedWithin = millis("MINION_ENDTOEND_CONSUMER_ROUNDTRIPSLA");
        millis("MINION_ENDTOEND_CONSUMER_COMMITSLA");
        try {
            admin = Admin.create(client(Map.of("default.api.timeout.ms", "15000", "request.timeout.ms", "10000")));
            admin.describeCluster().nodes().get();
        } catch (ExecutionException | KafkaException error) {
            throw fatal("failed to test connectivity to Kafka cluster", error);
        }
        try {
            validate();
        } catch (ExecutionException | IllegalStateException error) {
            throw fatal("failed to start end-to-end monitoring service: could not validate end-to-end topic", error);
        }
        producer = new KafkaProducer<>(client(Map.of(
            "acks", text("MINION_ENDTOEND_PRODUCER_REQUIREDACKS").equals("all") ? "all" : "1",
            "request.timeout.ms", Long.toString(acknowledgedWithin),
            "delivery.timeout.ms", Long.toString(acknowledgedWithin + 2000),
            "max.block.ms", Long.toString(acknowledgedWithin + 2000))), new StringSerializer(), new StringSerializer());
        CountDownLatch reading = new CountDownLatch(1);
        Thread reader = new Thread(() -> read(reading));
        reader.setDaemon(true);
        reader.start();
        reading.await();
        ScheduledExecutorService clock = Executors.newScheduledThreadPool(4);
        every(clock, millis("MINION_ENDTOEND_PROBEINTERVAL"), KMinion::writeToAll);
        every(clock, 1000, KMinion::expire);
        every(clock, millis("MINION_ENDTOEND_TOPICMANAGEMENT_RECONCILIATIONINTERVAL"), KMinion::reconcile);
        if (flag("MINION_ENDTOEND_CONSUMER_DELETESTALECONSUMERGROUPS")) {
            every(clock, 5000, new OldGroups()::look);
        }
        serve();
    }

    // -- settings ----------------------------------------------------------------------------------------------------------------------

    private static void settings() {
        System.getenv().forEach((name, value) -> {
            if (SETTINGS.containsKey(name)) {
                if (value.contains(",") && !LISTS.contains(name)) { // also in a password
                    throw fatal("kminion takes a value with a comma for a list, and `" + name + "` is none", null);
                }
                SETTINGS.put(name, value);
            } else if (PARTS.stream().anyMatch(name::startsWith)) {
                throw fatal("the stand-in knows no variable `" + name + "`", null);
            }
        });
        ONLY.forEach((name, value) -> {
            if (!text(name).equals(value)) {
                throw fatal("the stand-in has no other `" + name + "` than `" + value + "`, which is `" + text(name) + "` here", null);
            }
        });
        Map<String, Set<String>> choices = Map.of("MINION_ENDTOEND_PRODUCER_REQUIREDACKS", Set.of("all", "leader"),
            "KAFKA_SASL_MECHANISM", Set.of("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"), "LOGGER_LEVEL", Set.copyOf(LEVELS));
        choices.forEach((name, known) -> {
            if (!known.contains(text(name))) {
                throw fatal("failed to validate config: `" + name + "` is `" + text(name) + "`", null);
            }
        });
        if (text("KAFKA_BROKERS").isEmpty()) {
            throw fatal("failed to validate config: no seed brokers", null);
        }
    }

    private static String text(String name) {
        return SETTINGS.get(name);
    }

    private static boolean flag(String name) {
        return switch (text(name)) {
            case "true" -> true;
            case "false" -> false;
            default -> throw fatal("failed to validate config: `" + name + "` is no boolean", null);
        };
    }

    private static int number(String name) {
        if (!text(name).matches("[1-9][0-9]{0,5}")) {
            throw fatal("failed to validate config: `" + name + "` is no number above 0", null);
        }
        return Integer.parseInt(text(name));
    }

    /** A duration as Go writes it, of one unit. */
    private static long millis(String name) {
        var found = java.util.regex.Pattern.compile("([1-9][0-9]*)(ms|s|m|h)").matcher(text(name));
        if (!found.matches()) {
            throw fatal("failed to validate config: `" + name + "` is no duration", null);
        }
        long unit = switch (found.group(2)) {
            case "ms" -> 1;
            case "s" -> 1000;
            case "m" -> 60_000;
            default -> 3_600_000;
        };
        return Long.parseLong(found.group(1)) * unit;
    }

    /** How Kafka's clients connect. */
    private static Properties client(Map<String, String> more) throws java.io.IOException {
        Properties properties = new Properties();
        properties.putAll(more);
        properties.setProperty("bootstrap.servers", text("KAFKA_BROKERS"));
        properties.setProperty("client.id", text("KAFKA_CLIENTID"));
        boolean tls = flag("KAFKA_TLS_ENABLED");
        boolean sasl = flag("KAFKA_SASL_ENABLED");
        properties.setProperty("security.protocol", (sasl ? "SASL_" : "") + (tls ? "SSL" : "PLAINTEXT"));
        if (tls && !text("KAFKA_TLS_CAFILEPATH").isEmpty()) {
            properties.setProperty("ssl.truststore.type", "PEM");
            properties.setProperty("ssl.truststore.certificates", Files.readString(Path.of(text("KAFKA_TLS_CAFILEPATH"))));
        }
        if (tls && !text("KAFKA_TLS_CERTFILEPATH").isEmpty() && !text("KAFKA_TLS_KEYFILEPATH").isEmpty()) {
            properties.setProperty("ssl.keystore.type", "PEM");
            properties.setProperty("ssl.keystore.certificate.chain", Files.readString(Path.of(text("KAFKA_TLS_CERTFILEPATH"))));
            properties.setProperty("ssl.keystore.key", Files.readString(Path.of(text("KAFKA_TLS_KEYFILEPATH"))));
        }
        if (sasl) {
            String mechanism = text("KAFKA_SASL_MECHANISM");
            String module = mechanism.equals("PLAIN") ? "plain.PlainLoginModule" : "scram.ScramLoginModule";
            properties.setProperty("sasl.mechanism", mechanism);
            properties.setProperty("sasl.jaas.config", "org.apache.kafka.common.security." + module + " required username="
                + quoted(text("KAFKA_SASL_USERNAME")) + " password=" + quoted(text("KAFKA_SASL_PASSWORD")) + ";");
        }
        return properties;
    }

    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    // -- the topic ---------------------------------------------------------------------------------------------------------------------

    /** Creates the topic, and adds partitions until there are as many as each broker shall lead. */
    private static void validate() throws ExecutionException, InterruptedException {
        int brokers = admin.describeCluster().nodes().get().size();
        int replicas = number("MINION_ENDTOEND_TOPICMANAGEMENT_REPLICATIONFACTOR");
        int wanted = brokers * number("MINION_ENDTOEND_TOPICMANAGEMENT_PARTITIONSPERBROKER");
        int found = partitions();
        if (found == 0) {
            log("info", "e2e topic does not exist, creating it...", null);
            Map<String, String> configs = Map.of("cleanup.policy", "delete", "segment.ms", "43200000", "retention.ms", "86400000",
                "min.insync.replicas", replicas >= 3 ? "2" : "1");
            admin.createTopics(List.of(new NewTopic(topic, wanted, (short) replicas).configs(configs))).all().get();
        }
        if (replicas > brokers) {
            throw new IllegalStateException("replication factor " + replicas + " exceeds available brokers " + brokers);
        }
        if (found > 0 && found < wanted) {
            admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(wanted))).all().get();
        }
        while ((partitions = partitions()) == 0) {
            Thread.sleep(1000);
        }
    }

    /** How many there are; none if there is no topic. */
    private static int partitions() throws ExecutionException, InterruptedException {
        try {
            return admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size();
        } catch (ExecutionException error) {
            if (error.getCause() instanceof UnknownTopicOrPartitionException) {
                return 0;
            }
            throw error;
        }
    }

    private static void reconcile() {
        try {
            validate();
        } catch (ExecutionException | IllegalStateException error) {
            log("error", "failed to validate end-to-end topic", error);
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
        }
    }

    // -- records -----------------------------------------------------------------------------------------------------------------------

    private static void writeToAll() {
        for (int partition = 0; partition < partitions; partition++) {
            int one = partition;
            // A client that knows no leader waits, and the other partitions need not.
            SENDERS.execute(() -> write(one));
        }
    }

    private static void write(int partition) {
        String record = UUID.randomUUID().toString();
        Sent sent = new Sent(partition, System.nanoTime());
        SENT.put(record, sent);
        count("messages_produced_in_flight", partition).incrementAndGet();
        Callback answered = (metadata, error) -> {
            count("messages_produced_in_flight", partition).decrementAndGet();
            count("messages_produced_failed_total", partition).addAndGet(error == null ? 0 : 1);
            count("messages_lost_total", partition);
            count("messages_produced_total", partition).incrementAndGet();
            if (error == null) {
                time("produce_latency_seconds", acknowledgedWithin, sent);
            } else {
                // What was refused cannot be lost.
                SENT.remove(record);
                log("info", "failed to produce message to end-to-end topic, partition " + partition, error);
            }
        };
        try {
            producer.send(new ProducerRecord<>(topic, partition, MINION, record), answered);
        } catch (KafkaException error) {
            answered.onCompletion(null, error);
        }
    }

    /** Reads as a group of its own, from where the partitions end. */
    private static void read(CountDownLatch reading) {
        String group = text("MINION_ENDTOEND_CONSUMER_GROUPIDPREFIX") + "-" + MINION;
        log("info", "starting to consume as " + group, null);
        Properties properties;
        try {
            properties = client(Map.of("group.id", group, "auto.offset.reset", "latest", "enable.auto.commit", "false",
                "partition.assignment.strategy", "org.apache.kafka.clients.consumer.CooperativeStickyAssignor"));
        } catch (java.io.IOException error) {
            throw fatal("failed to create kafka client for e2e", error);
        }
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of(topic));
            long committed = System.nanoTime();
            while (true) {
                try {
                    for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200))) {
                        arrived(record);
                    }
                    if (reading.getCount() > 0 && !consumer.assignment().isEmpty()) {
                        for (TopicPartition partition : consumer.assignment()) {
                            consumer.position(partition);
                        }
                        reading.countDown();
                    }
                    if (System.nanoTime() - committed > 5_000_000_000L) {
                        committed = System.nanoTime();
                        consumer.commitAsync((offsets, error) -> {
                            if (error != null) {
                                log("warn", "offset commit failed", error);
                            }
                        });
                    }
                } catch (KafkaException error) {
                    log("error", "kafka fetch error", error);
                    reading.countDown();
                    pause();
                }
            }
        }
    }

    private static void arrived(ConsumerRecord<String, String> record) {
        Sent sent = MINION.equals(record.key()) ? SENT.get(record.value()) : null;
        // What comes too late stays until it is counted as lost.
        if (sent != null && sent.millis() < returnedWithin && SENT.remove(record.value()) != null) {
            count("messages_received_total", sent.partition()).incrementAndGet();
            time("roundtrip_latency_seconds", returnedWithin, sent);
        }
    }

    private static void expire() {
        SENT.forEach((record, sent) -> {
            if (sent.millis() >= returnedWithin && SENT.remove(record) != null) {
                count("messages_lost_total", sent.partition()).incrementAndGet();
            }
        });
    }

    /** Deletes groups that begin as its own does and were seen without members for 20 s. */
    private static final class OldGroups {
        private final Map<String, Long> seen = new HashMap<>();
        private boolean refused;

        void look() {
            if (refused) {
                return;
            }
            String prefix = text("MINION_ENDTOEND_CONSUMER_GROUPIDPREFIX");
            try {
                List<String> empty = admin.listConsumerGroups().valid().get().stream()
                    .filter(group -> group.state().filter(state -> state == ConsumerGroupState.EMPTY).isPresent())
                    .map(group -> group.groupId())
                    .filter(name -> name.startsWith(prefix) && !name.equals(prefix + "-" + MINION))
                    .toList();
                seen.keySet().retainAll(empty);
                empty.forEach(name -> seen.putIfAbsent(name, System.nanoTime()));
                List<String> old = seen.entrySet().stream().filter(e -> System.nanoTime() - e.getValue() > 20_000_000_000L).map(Map.Entry::getKey).toList();
                if (!old.isEmpty()) {
                    admin.deleteConsumerGroups(old).all().get();
                    log("info", "deleted old consumer groups " + old, null);
                }
            } catch (ExecutionException error) {
                log("error", "failed to delete old consumer groups", error);
                refused = error.getCause() instanceof GroupAuthorizationException;
            } catch (InterruptedException error) {
                Thread.currentThread().interrupt();
            }
        }
    }

    // -- metrics -----------------------------------------------------------------------------------------------------------------------

    private static AtomicLong count(String name, int partition) {
        return NUMBERS.computeIfAbsent(name, k -> new ConcurrentSkipListMap<>()).computeIfAbsent(partition, k -> new AtomicLong());
    }

    private static void time(String name, long most, Sent sent) {
        Map<Integer, Histogram> of = TIMES.computeIfAbsent(name, k -> new ConcurrentSkipListMap<>());
        of.computeIfAbsent(sent.partition(), k -> new Histogram(most)).observe((System.nanoTime() - sent.at()) / 1e9);
    }

    private static String collect() {
        StringBuilder text = new StringBuilder();
        String prefix = text("EXPORTER_NAMESPACE") + "_end_to_end_";
        NUMBERS.forEach((name, series) -> {
            text.append("# TYPE ").append(prefix).append(name).append(name.endsWith("_total") ? " counter\n" : " gauge\n");
            series.forEach((partition, n) -> text.append(prefix).append(name).append("{partition_id=\"").append(partition).append("\"} ").append(n).append('\n'));
        });
        TIMES.forEach((name, series) -> {
            text.append("# TYPE ").append(prefix).append(name).append(" histogram\n");
            series.forEach((partition, histogram) -> histogram.print(text, prefix + name, partition));
        });
        return text.toString();
    }

    /** It listens only now that it writes and reads, as the real one does. */
    private static void serve() throws java.io.IOException {
        int port = number("EXPORTER_PORT");
        String host = text("EXPORTER_HOST");
        HttpServer server = HttpServer.create(host.isEmpty() ? new InetSocketAddress(port) : new InetSocketAddress(host, port), 0);
        server.setExecutor(Executors.newFixedThreadPool(2));
        server.createContext("/", exchange -> {
            boolean metrics = exchange.getRequestURI().getPath().equals("/metrics");
            byte[] body = (metrics ? collect() : "").getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(metrics ? 200 : 404, body.length == 0 ? -1 : body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        log("info", "listening on port " + port, null);
    }

    // -- what it says ------------------------------------------------------------------------------------------------------------------

    private static void log(String level, String message, Throwable error) {
        if (LEVELS.indexOf(level) < LEVELS.indexOf(text("LOGGER_LEVEL"))) {
            return;
        }
        String cause = "";
        if (error != null) {
            Throwable found = error instanceof ExecutionException ? error.getCause() : error;
            cause = ",\"error\":" + quoted(Errors.forException(found).name() + ": " + found.getMessage()).replace("\n", " ");
        }
        System.out.println("{\"level\":\"" + level + "\",\"ts\":\"" + java.time.Instant.now() + "\",\"msg\":" + quoted(message) + cause + "}");
    }

    /** Ends the process. What it returns is for the compiler. */
    private static IllegalStateException fatal(String message, Throwable error) {
        log("fatal", message, error);
        System.exit(1);
        return new IllegalStateException(message);
    }

    private static void every(ScheduledExecutorService clock, long millis, Runnable work) {
        clock.scheduleAtFixedRate(() -> {
            try {
                work.run();
            } catch (RuntimeException error) { // or it would not come again
                log("error", "unexpected", error);
            }
        }, millis, millis, TimeUnit.MILLISECONDS);
    }

    private static void pause() {
        try {
            Thread.sleep(1000);
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
        }
    }
}
