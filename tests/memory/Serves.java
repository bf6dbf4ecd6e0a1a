import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * A small load that a server must carry to count as serving. {@code Serves broker BOOTSTRAP}: 3 topics of 12 partitions, 10,000 records of
 * 1 KB in with acks=all, and out again by a consumer group. {@code Serves controller BOOTSTRAP}: a quorum with a leader.
 * {@code Serves topic BOOTSTRAP TOPIC COUNT}: as many records are in the topic.
 */
public final class Serves {
    public static void main(String[] args) throws Exception {
        String bootstrap = args[1];
        switch (args[0]) {
            case "broker" -> {
                try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
                    for (String name : List.of("a", "b", "c")) {
                        admin.createTopics(List.of(new NewTopic("memory." + name, 12, (short) 1))).all().get();
                    }
                }
                try (var producer = new KafkaProducer<>(Map.of("bootstrap.servers", bootstrap, "acks", "all", "delivery.timeout.ms", "40000",
                        "request.timeout.ms", "20000", "max.in.flight.requests.per.connection", "1"),
                        new ByteArraySerializer(), new ByteArraySerializer())) {
                    var sent = new java.util.ArrayList<java.util.concurrent.Future<?>>();
                    for (int i = 0; i < 10_000; i++) {
                        sent.add(producer.send(new ProducerRecord<>("memory." + "abc".charAt(i % 3), new byte[1000])));
                    }
                    for (var one : sent) {
                        one.get();
                    }
                }
                consume(bootstrap, List.of("memory.a", "memory.b", "memory.c"), 10_000);
            }
            case "controller" -> {
                try (Admin admin = Admin.create(Map.of("bootstrap.controllers", bootstrap))) {
                    int leader = admin.describeMetadataQuorum().quorumInfo().get().leaderId();
                    if (leader < 0) {
                        throw new IllegalStateException("no leader");
                    }
                }
            }
            case "topic" -> consume(bootstrap, List.of(args[2]), Integer.parseInt(args[3]));
            default -> throw new IllegalArgumentException(args[0]);
        }
        System.out.println("serves");
    }

    private static void consume(String bootstrap, List<String> topics, int count) {
        try (var consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", bootstrap, "group.id", "memory", "auto.offset.reset", "earliest",
                "isolation.level", "read_committed"), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.subscribe(topics);
            long end = System.nanoTime() + Duration.ofSeconds(40).toNanos();
            for (int seen = 0; seen < count; seen += consumer.poll(Duration.ofSeconds(1)).count()) {
                if (System.nanoTime() > end) {
                    throw new IllegalStateException(seen + " of " + count + " records");
                }
            }
            consumer.commitSync();
        }
    }
}
