import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Does with a real broker what our rules forbid, and prints for each: the rule, a tab, and what came of it in one line. */
public final class Consequences {
    private interface Deed {
        Object run() throws Exception;
    }

    private static String servers;
    private static Admin admin;

    public static void main(String[] arguments) throws Exception {
        servers = arguments[0];
        admin = Admin.create(Map.of("bootstrap.servers", servers));
        tell("KS-D01", "a topic of 2 replicas with 1 broker", () -> create("factor", 1, 2, Map.of()));
        create("a.b", 1, 1, Map.of());
        tell("KS-T02", "topic `a_b` beside `a.b`", () -> create("a_b", 1, 1, Map.of()));
        tell("KS-T16", "a topic of 0 partitions", () -> create("partitions", 0, 1, Map.of()));
        tell("KS-T01", "topic `a/b`", () -> create("a/b", 1, 1, Map.of()));
        tell("KS-T12", "a segment of 1 KiB", () -> create("segment", 1, 1, Map.of("segment.bytes", "1024")));
        tell("KS-T11", "compaction lags of 2 and 1 ms", () ->
            create("lags", 1, 1, Map.of("min.compaction.lag.ms", "2", "max.compaction.lag.ms", "1")));
        create("batch", 1, 1, Map.of("segment.bytes", "1048576", "max.message.bytes", "2097152"));
        tell("KS-T12", "a batch of 1.5 MiB for a segment of 1 MiB", () ->
            write("batch", new byte[1572864], Map.of("max.request.size", "3000000")));
        create("sync", 1, 1, Map.of("min.insync.replicas", "3"));
        tell("KS-D02", "min.insync.replicas 3 with 1 replica, acks=all", () -> write("sync", new byte[1], Map.of("acks", "all")));
        tell("KS-E03", "a transaction of 16 minutes", () -> {
            try (KafkaProducer<byte[], byte[]> producer = producer(Map.of("transactional.id", "t", "transaction.timeout.ms", "960000"))) {
                producer.initTransactions();
                return "taken";
            }
        });
        tell("KS-E04", "delivery.timeout.ms below request.timeout.ms", () -> producer(Map.of("delivery.timeout.ms", "1000")));
        tell("KS-E08", "an idempotent producer with acks=1", () -> producer(Map.of("enable.idempotence", "true", "acks", "1")));
        tell("KS-E10", "bootstrap server `k-2`", () -> producer(Map.of("bootstrap.servers", "k-2")));
        segments();
        logins(arguments[1], arguments[2]);
        admin.close();
    }

    /** Clients that do not speak as their listener does: one that takes PLAIN, and one whose SCRAM-SHA-512 has the login of PLAIN. */
    private static void logins(String plain, String scram) {
        String plainLogin = "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"a\" password=\"b\";";
        String scramLogin = "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"a\" password=\"b\";";
        tell("KS-X24", "a login of PLAIN for SCRAM-SHA-512", () -> ask(plain, "SASL_PLAINTEXT", "SCRAM-SHA-512", plainLogin));
        tell("KS-X24", "the mechanism and the login of the listener", () -> ask(plain, "SASL_PLAINTEXT", "PLAIN", plainLogin));
        tell("KS-X24", "a client in plaintext at a listener with SASL", () -> ask(plain, "PLAINTEXT", "PLAIN", plainLogin));
        tell("KS-X24", "SCRAM-SHA-512 at a listener that takes PLAIN", () -> ask(plain, "SASL_PLAINTEXT", "SCRAM-SHA-512", scramLogin));
        tell("KS-K46", "a listener of SCRAM-SHA-512 with a login of PLAIN", () -> ask(scram, "SASL_PLAINTEXT", "SCRAM-SHA-512", scramLogin));
    }

    private static Object ask(String address, String protocol, String mechanism, String login) throws Exception {
        try (Admin client = Admin.create(Map.of("bootstrap.servers", address, "security.protocol", protocol, "sasl.mechanism", mechanism,
                "sasl.jaas.config", login, "request.timeout.ms", "4000", "default.api.timeout.ms", "4000"))) {
            return "connected to " + client.describeCluster().nodes().get().size() + " broker";
        }
    }

    /** Two topics that are told to keep records for a second, one of which closes its segments as often, written to for a while. */
    private static void segments() throws Exception {
        create("open", 1, 1, Map.of("retention.ms", "1000"));
        create("closed", 1, 1, Map.of("retention.ms", "1000", "segment.ms", "1000"));
        try (KafkaProducer<byte[], byte[]> producer = producer(Map.of("linger.ms", "0"))) {
            for (long end = System.currentTimeMillis() + 20_000; System.currentTimeMillis() < end; Thread.sleep(200)) {
                for (String topic : List.of("open", "closed")) {
                    producer.send(new ProducerRecord<>(topic, 0, null, new byte[1])).get();
                }
            }
        }
        Map<String, Object> p = new HashMap<>(Map.of("bootstrap.servers", servers, "key.deserializer", ByteArrayDeserializer.class,
            "value.deserializer", ByteArrayDeserializer.class));
        List<TopicPartition> partitions = List.of(new TopicPartition("open", 0), new TopicPartition("closed", 0));
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(p)) {
            Map<TopicPartition, Long> first = consumer.beginningOffsets(partitions, Duration.ofSeconds(10));
            tell("KS-T13", "records written for 20 s that are kept for 1 s", () ->
                (first.get(partitions.get(0)) == 0 ? "all are there" : "some are deleted") + " with an open segment, "
                    + (first.get(partitions.get(1)) == 0 ? "all are there" : "some are deleted") + " with segment.ms=1000");
        }
    }

    private static Object create(String name, int partitions, int replicas, Map<String, String> configs) throws Exception {
        admin.createTopics(List.of(new NewTopic(name, partitions, (short) replicas).configs(configs))).all().get();
        return "created";
    }

    private static Object write(String topic, byte[] value, Map<String, Object> configs) throws Exception {
        try (KafkaProducer<byte[], byte[]> producer = producer(configs)) {
            producer.send(new ProducerRecord<>(topic, value)).get();
            return "acknowledged by the only replica";
        }
    }

    private static KafkaProducer<byte[], byte[]> producer(Map<String, Object> configs) {
        Map<String, Object> p = new HashMap<>(Map.of("bootstrap.servers", servers, "key.serializer", ByteArraySerializer.class,
            "value.serializer", ByteArraySerializer.class));
        p.putAll(configs);
        return new KafkaProducer<>(p);
    }

    private static void tell(String rule, String what, Deed deed) {
        String came;
        try {
            came = String.valueOf(deed.run());
        } catch (Exception thrown) {
            Throwable error = thrown instanceof ExecutionException ? thrown.getCause() : thrown;
            Throwable cause = error.getCause() != null && Errors.forException(error) == Errors.UNKNOWN_SERVER_ERROR ? error.getCause() : error;
            Errors code = Errors.forException(cause);
            came = (code == Errors.UNKNOWN_SERVER_ERROR ? cause.getClass().getSimpleName() : code.name()) + ": " + cause.getMessage();
        }
        System.out.println(rule + "\t" + what + "\t" + came.replaceAll("\\s+", " "));
    }
}
