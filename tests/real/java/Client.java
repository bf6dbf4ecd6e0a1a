import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListTopicsOptions;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.QuorumInfo;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * The application in the cluster: one command a line on standard input, one JSON answer a line on standard output, each with the number of
 * its question; several questions may be open. It lives as long as the run, since a JVM per question would cost more than the questions.
 * Usage: {@code Client BOOTSTRAP [FILE]}, where a file of properties says who it is.
 */
public final class Client {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int PATIENCE_SECONDS = 60;
    private static String bootstrap;
    private static String base;
    private static Admin admin;
    private static volatile Load load;
    private static volatile Watch watch;

    // What a library prints must not come between the answers.
    private static final java.io.PrintStream ANSWERS = System.out;

    public static void main(String[] args) throws Exception {
        System.setOut(System.err);
        bootstrap = args[0];
        base = args.length > 1 ? args[1] : "-";
        admin = Admin.create(properties("-", "default.api.timeout.ms=40000", "request.timeout.ms=10000"));
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split("\t");
            Thread thread = new Thread(() -> answer(words[0], Arrays.copyOfRange(words, 1, words.length)));
            thread.setDaemon(true);
            thread.start();
        }
        System.exit(0);
    }

    private static void answer(String number, String[] words) {
        Map<String, Object> reply = new LinkedHashMap<>();
        reply.put("to", number);
        try {
            reply.put("result", run(words));
        } catch (Throwable error) {
            Throwable cause = error instanceof ExecutionException ? error.getCause() : error;
            StringBuilder text = new StringBuilder(cause.getClass().getSimpleName() + ": " + cause.getMessage());
            while ((cause = cause.getCause()) != null) {
                text.append("; because of ").append(cause.getClass().getSimpleName()).append(": ").append(cause.getMessage());
            }
            reply.put("error", text.toString());
        }
        try {
            String text = JSON.writeValueAsString(reply);
            synchronized (ANSWERS) {
                ANSWERS.println(text);
            }
        } catch (java.io.IOException impossible) {
            throw new java.io.UncheckedIOException(impossible);
        }
    }

    private static Object run(String[] a) throws Exception {
        switch (a[0]) {
            case "cluster": return cluster();
            case "quorum": return quorum();
            case "topics": return topics();
            case "leaders": return leaders(a[1]);
            case "groups": return admin.listConsumerGroups().valid().get().stream().map(group -> group.groupId()).sorted().toList();
            case "health": return health();
            case "brokers": return brokerConfigs(a);
            case "create": return create(a[1], Integer.parseInt(a[2]), Short.parseShort(a[3]), rest(a, 4));
            case "place": return place(a[1], a[2], rest(a, 3));
            case "delete": admin.deleteTopics(List.of(a[1])).all().get(); return true;
            case "alter": return alter(a[1], rest(a, 2));
            case "grow": admin.createPartitions(Map.of(a[1], NewPartitions.increaseTo(Integer.parseInt(a[2])))).all().get(); return true;
            case "produce": return produce(a[1], a[2], Integer.parseInt(a[3]), rest(a, 4));
            case "fill": return fill(a[1], Integer.parseInt(a[2]));
            case "transactions": return transactions(a[1], a[2], rest(a, 3));
            case "consume": return consume(a[1], a[2], rest(a, 3));
            case "write": return write(a[1]);
            case "read": return read(a[1], a[2]);
            case "commit": return commit(a[1], a[2]);
            case "transact": return transact(a[1], a[2]);
            case "load": load = new Load(a[1], a[2], rest(a, 3)); load.start(); return true;
            case "unload": return load.end();
            case "watch": watch = new Watch(); return true;
            case "unwatch": return watch.end();
            case "throttle": return throttle(a[1]);
            case "acknowledged": return load.acknowledged.size();
            case "verify": return load.verify(a[1]);
            case "http": return http(a[1], a[2], a.length > 3 ? a[3] : "", a.length > 4 ? a[4] : "application/json");
            default: throw new IllegalArgumentException("unknown command " + a[0]);
        }
    }

    private static String[] rest(String[] a, int from) {
        return a.length > from ? Arrays.copyOfRange(a, from, a.length) : new String[0];
    }

    /** The emitted property file as it is ("-" for none); `extra` is what an application must add, such as serializers. */
    private static Properties properties(String file, String... extra) throws Exception {
        Properties p = new Properties();
        p.setProperty("bootstrap.servers", bootstrap);
        for (String each : new String[] {base, file}) {
            if (!each.equals("-")) {
                try (FileInputStream in = new FileInputStream(each)) {
                    p.load(in);
                }
            }
        }
        for (String entry : extra) {
            p.setProperty(entry.substring(0, entry.indexOf('=')), entry.substring(entry.indexOf('=') + 1));
        }
        return p;
    }

    private static KafkaProducer<String, String> producer(String file, String... extra) throws Exception {
        Properties p = properties(file, extra);
        return new KafkaProducer<>(p, new StringSerializer(), new StringSerializer());
    }

    // -- the cluster ----------------------------------------------------------------------------------------------------------------

    private static Object cluster() throws Exception {
        var described = admin.describeCluster();
        List<Integer> nodes = new ArrayList<>();
        List<String> addresses = new ArrayList<>();
        for (Node node : described.nodes().get()) {
            nodes.add(node.id());
            addresses.add(node.host() + ":" + node.port());
        }
        Collections.sort(nodes);
        return Map.of("id", described.clusterId().get(), "nodes", nodes, "addresses", addresses, "controller", described.controller().get().id());
    }

    private static Object quorum() throws Exception {
        QuorumInfo info = admin.describeMetadataQuorum().quorumInfo().get();
        List<Integer> voters = new ArrayList<>();
        info.voters().forEach(v -> voters.add(v.replicaId()));
        Collections.sort(voters);
        return Map.of("leader", info.leaderId(), "voters", voters, "observers", info.observers().size());
    }

    /** A topic that is deleted between the two questions makes the second fail; then both are asked again. */
    private static Object topics() throws Exception {
        for (int i = 0; ; i++) {
            try {
                return describeAll();
            } catch (ExecutionException error) {
                if (i == 20 || !(error.getCause() instanceof UnknownTopicOrPartitionException)) {
                    throw error;
                }
                Thread.sleep(300);
            }
        }
    }

    private static Map<String, TopicDescription> descriptions() throws Exception {
        return admin.describeTopics(admin.listTopics(new ListTopicsOptions().listInternal(true)).names().get()).allTopicNames().get();
    }

    /** The leader of each partition, in order; -1 where there is none. */
    private static Object leaders(String topic) throws Exception {
        return admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().stream()
            .map(partition -> leaderless(partition) ? -1 : partition.leader().id()).toList();
    }

    /** How many partitions have no leader, and how many lack a replica in sync. */
    private static Object health() throws Exception {
        int offline = 0;
        int under = 0;
        for (TopicDescription topic : descriptions().values()) {
            for (var partition : topic.partitions()) {
                offline += leaderless(partition) ? 1 : 0;
                under += partition.isr().size() < partition.replicas().size() ? 1 : 0;
            }
        }
        return Map.of("offline", offline, "under", under);
    }

    private static boolean leaderless(TopicPartitionInfo partition) {
        return partition.leader() == null || partition.leader().isEmpty();
    }

    private static Object describeAll() throws Exception {
        Map<String, TopicDescription> described = descriptions();
        Collection<String> names = described.keySet();
        List<ConfigResource> resources = new ArrayList<>();
        names.forEach(name -> resources.add(new ConfigResource(ConfigResource.Type.TOPIC, name)));
        Map<ConfigResource, Config> configs = admin.describeConfigs(resources).all().get();
        Map<String, Object> result = new TreeMap<>();
        for (TopicDescription topic : described.values()) {
            Set<Integer> factors = new HashSet<>();
            topic.partitions().forEach(partition -> factors.add(partition.replicas().size()));
            Map<String, String> set = new TreeMap<>();
            for (ConfigEntry entry : configs.get(new ConfigResource(ConfigResource.Type.TOPIC, topic.name())).entries()) {
                if (entry.source() == ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG) {
                    set.put(entry.name(), entry.value());
                }
            }
            result.put(topic.name(), Map.of("id", topic.topicId().toString(), "partitions", topic.partitions().size(), "replicas", factors,
                "configs", set, "internal", topic.isInternal()));
        }
        return result;
    }

    private static Object brokerConfigs(String[] a) throws Exception {
        ConfigResource broker = new ConfigResource(ConfigResource.Type.BROKER, a[1]);
        Config config = admin.describeConfigs(List.of(broker)).all().get().get(broker);
        Map<String, String> result = new TreeMap<>();
        for (String name : rest(a, 2)) {
            result.put(name, config.get(name).value());
        }
        return result;
    }

    /**
     * A topic, ready to be written to: its leaders are asked for an offset, since they may learn of it after the controller's answer. A
     * producer with several requests in flight must not write to it sooner: the first may be refused and the second taken, and then Kafka
     * 4.3 and older refuse the first for ever (KAFKA-15591).
     */
    private static Object create(String topic, int partitions, short replicas, String[] configs) throws Exception {
        admin.createTopics(List.of(new NewTopic(topic, partitions, replicas).configs(map(configs)))).all().get();
        Map<TopicPartition, OffsetSpec> ends = new HashMap<>();
        for (int i = 0; i < partitions; i++) {
            ends.put(new TopicPartition(topic, i), OffsetSpec.latest());
        }
        for (int i = 0; ; i++) {
            try {
                admin.listOffsets(ends).all().get();
                return true;
            } catch (ExecutionException error) {
                if (i == 100 || !(error.getCause() instanceof UnknownTopicOrPartitionException)) {
                    throw error;
                }
                Thread.sleep(200);
            }
        }
    }

    private static Map<String, String> map(String[] configs) {
        Map<String, String> map = new TreeMap<>();
        for (String entry : configs) {
            map.put(entry.split("=", 2)[0], entry.split("=", 2)[1]);
        }
        return map;
    }

    /** A topic of one partition whose replicas are where they are told: ids separated by commas, the preferred leader first. */
    private static Object place(String topic, String brokers, String[] configs) throws Exception {
        List<Integer> ids = new ArrayList<>();
        for (String id : brokers.split(",")) {
            ids.add(Integer.parseInt(id));
        }
        admin.createTopics(List.of(new NewTopic(topic, Map.of(0, ids)).configs(map(configs)))).all().get();
        return true;
    }

    private static Object alter(String topic, String[] configs) throws Exception {
        List<AlterConfigOp> operations = new ArrayList<>();
        for (String entry : configs) {
            String[] pair = entry.split("=", 2);
            operations.add(new AlterConfigOp(new ConfigEntry(pair[0], pair[1]),
                pair[1].isEmpty() ? AlterConfigOp.OpType.DELETE : AlterConfigOp.OpType.SET));
        }
        admin.incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.TOPIC, topic), (Collection<AlterConfigOp>) operations)).all().get();
        return true;
    }

    // -- records --------------------------------------------------------------------------------------------------------------------

    private static Object produce(String file, String topic, int count, String[] extra) throws Exception {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        try (KafkaProducer<String, String> producer = producer(file, extra)) {
            for (int i = 0; i < count; i++) {
                sent.add(producer.send(new ProducerRecord<>(topic, "key-" + i % 7, "value-" + i)));
            }
            for (Future<RecordMetadata> future : sent) {
                future.get();
            }
        }
        return count;
    }

    /** That many MiB that do not compress, for a log with many segments. */
    private static Object fill(String topic, int mebibytes) throws Exception {
        byte[] value = new byte[512 * 1024];
        Properties p = properties("-", "compression.type=none", "linger.ms=0");
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(p, new ByteArraySerializer(), new ByteArraySerializer())) {
            for (int i = 0; i < 2 * mebibytes; i++) {
                new java.util.Random(i).nextBytes(value);
                producer.send(new ProducerRecord<>(topic, value));
            }
        }
        return mebibytes;
    }

    /** Each argument is one transaction: `+N` commits N records, `-N` aborts them. The values say which. The first may be another `transactional.id=`. */
    private static Object transactions(String file, String topic, String[] parts) throws Exception {
        int serial = 0;
        String[] extra = properties(file).containsKey("transactional.id") ? new String[0] : new String[] {"transactional.id=" + topic + "-proof"};
        if (parts[0].startsWith("transactional.id=")) {
            extra = new String[] {parts[0]};
            parts = rest(parts, 1);
        }
        try (KafkaProducer<String, String> producer = producer(file, extra)) {
            producer.initTransactions();
            for (String part : parts) {
                boolean commit = part.startsWith("+");
                producer.beginTransaction();
                for (int i = 0; i < Integer.parseInt(part.substring(1)); i++) {
                    producer.send(new ProducerRecord<>(topic, "key-" + serial % 5, (commit ? "committed-" : "aborted-") + serial++));
                }
                producer.flush();
                if (commit) {
                    producer.commitTransaction();
                } else {
                    producer.abortTransaction();
                }
            }
        }
        return serial;
    }

    /**
     * The ends of the logs, for whatever isolation level: a transaction is committed before its markers are written, and who asks as
     * {@code read_committed} in that moment is told an end before its records.
     */
    private static Map<TopicPartition, Long> ends(List<TopicPartition> partitions) throws Exception {
        Map<TopicPartition, OffsetSpec> latest = new HashMap<>();
        partitions.forEach(partition -> latest.put(partition, OffsetSpec.latest()));
        Map<TopicPartition, Long> ends = new HashMap<>();
        admin.listOffsets(latest).all().get().forEach((partition, info) -> ends.put(partition, info.offset()));
        return ends;
    }

    /** Every record from the first to the end that this isolation level lets through: partition → values in order. */
    private static Map<Integer, List<String>> consume(String file, String topic, String[] extra) throws Exception {
        Map<Integer, List<String>> values = new TreeMap<>();
        Properties p = properties(file, extra);
        p.putIfAbsent("group.id", "proof-" + topic);
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(p, new StringDeserializer(), new StringDeserializer())) {
            toTheEnd(consumer, topic, record -> values.computeIfAbsent(record.partition(), k -> new ArrayList<>()).add(record.value()));
        }
        return values;
    }

    /** Reads a topic from its first record to its last, and commits that. */
    private static void toTheEnd(KafkaConsumer<String, String> consumer, String topic, java.util.function.Consumer<ConsumerRecord<String, String>> seen)
            throws Exception {
        List<TopicPartition> partitions = new ArrayList<>();
        consumer.partitionsFor(topic).forEach(i -> partitions.add(new TopicPartition(topic, i.partition())));
        consumer.assign(partitions);
        consumer.seekToBeginning(partitions);
        Map<TopicPartition, Long> ends = ends(partitions);
        long deadline = System.currentTimeMillis() + PATIENCE_SECONDS * 1000L;
        while (partitions.stream().anyMatch(t -> consumer.position(t) < ends.get(t))) {
            if (System.currentTimeMillis() > deadline) {
                throw new IllegalStateException("did not reach the end of " + topic);
            }
            consumer.poll(Duration.ofMillis(200)).forEach(seen);
        }
        consumer.commitSync();
    }

    // -- many topics and groups, one after the other ---------------------------------------------------------------------------------

    // Clients that are kept: a login costs a broker more than the request that it may refuse.
    private static KafkaProducer<String, String> writer;
    private static KafkaProducer<String, String> transactor;
    private static final Map<String, KafkaConsumer<String, String>> READERS = new HashMap<>();

    /** One record. */
    private static synchronized Object write(String topic) throws Exception {
        if (writer == null) {
            writer = producer("-");
        }
        try {
            writer.send(new ProducerRecord<>(topic, "key", "value")).get();
            return true;
        } catch (Exception error) {
            // After another refusal a producer may have given up for good, and would answer the same for every topic.
            if (!isRefusalOf(error, TopicAuthorizationException.class)) {
                writer.close(Duration.ZERO);
                writer = null;
            }
            throw error;
        }
    }

    /** Every record of a topic, as a group. */
    private static synchronized Object read(String group, String topic) throws Exception {
        KafkaConsumer<String, String> reader = READERS.get(group);
        if (reader == null) {
            reader = new KafkaConsumer<>(properties("-", "group.id=" + group), new StringDeserializer(), new StringDeserializer());
            READERS.put(group, reader);
        }
        try {
            int[] count = {0};
            toTheEnd(reader, topic, record -> count[0]++);
            return count[0];
        } catch (Exception error) {
            if (!isRefusalOf(error, TopicAuthorizationException.class)) {
                READERS.remove(group).close(Duration.ZERO);
            }
            throw error;
        }
    }

    /** The first offset of a topic, as a group. A consumer would log in at the group's coordinator first, and then be of no more use. */
    private static Object commit(String group, String topic) throws Exception {
        admin.alterConsumerGroupOffsets(group, Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(0))).all().get();
        return true;
    }

    /** One record in a transaction, with the transactional id of the emitted file. */
    private static synchronized Object transact(String file, String topic) throws Exception {
        if (transactor == null) {
            KafkaProducer<String, String> beginner = producer(file);
            try {
                beginner.initTransactions();
            } catch (KafkaException error) {
                beginner.close(Duration.ZERO);
                throw error;
            }
            transactor = beginner;
        }
        try {
            transactor.beginTransaction();
            transactor.send(new ProducerRecord<>(topic, "key", "value")).get();
            transactor.commitTransaction();
            return true;
        } catch (Exception error) {
            try {
                transactor.abortTransaction();
            } catch (KafkaException fatal) {
                transactor.close(Duration.ZERO);
                transactor = null;
            }
            throw error;
        }
    }

    private static boolean isRefusalOf(Throwable error, Class<? extends Exception> kind) {
        return kind.isInstance(error) || error instanceof ExecutionException && kind.isInstance(error.getCause());
    }

    /** Writes until told to end, a few records at a time and without a pause longer than a blink, and remembers what was acknowledged. */
    private static final class Load extends Thread {
        final Set<String> acknowledged = Collections.synchronizedSet(new HashSet<>());
        final List<String> failures = Collections.synchronizedList(new ArrayList<>());
        private final long began = System.currentTimeMillis();
        private final KafkaProducer<String, String> producer;
        private final String topic;
        private volatile boolean ended;

        Load(String file, String topic, String[] extra) throws Exception {
            this.producer = producer(file, extra);
            this.topic = topic;
            setDaemon(true);
        }

        @Override
        public void run() {
            for (int i = 0; !ended; i++) {
                String value = "load-" + i;
                try {
                    producer.send(new ProducerRecord<>(topic, "key-" + i % 31, value), (metadata, error) -> {
                        if (error == null) {
                            acknowledged.add(value);
                        } else {
                            fail(value, error);
                        }
                    });
                    if (i % 4 == 3) {
                        Thread.sleep(20);
                    }
                } catch (Exception error) {
                    fail(value, error);
                }
            }
        }

        private void fail(String value, Exception error) {
            failures.add(value + " after " + (System.currentTimeMillis() - began) / 1000 + " s: " + error);
        }

        Object end() throws Exception {
            ended = true;
            join();
            producer.close(Duration.ofSeconds(150));
            return Map.of("acknowledged", acknowledged.size(), "failures", failures.size(), "first", failures.isEmpty() ? "" : failures.get(0));
        }

        /** What was acknowledged must be there, once, and in order within its partition. */
        Object verify(String file) throws Exception {
            Set<String> seen = new HashSet<>();
            int twice = 0;
            int disordered = 0;
            for (List<String> values : consume(file, topic, new String[0]).values()) {
                Map<Integer, Integer> last = new TreeMap<>();
                for (String value : values) {
                    twice += seen.add(value) ? 0 : 1;
                    int number = Integer.parseInt(value.substring(5));
                    Integer before = last.put(number % 31, number);
                    disordered += before != null && before > number ? 1 : 0;
                }
            }
            Set<String> lost = new HashSet<>(acknowledged);
            lost.removeAll(seen);
            return Map.of("acknowledged", acknowledged.size(), "lost", lost.size(), "twice", twice, "disordered", disordered);
        }
    }

    /** How many bytes a second each broker copies of topics whose replicas are throttled, while it is not in sync. */
    private static Object throttle(String rate) throws Exception {
        Map<ConfigResource, Collection<AlterConfigOp>> operations = new HashMap<>();
        for (Node node : admin.describeCluster().nodes().get()) {
            operations.put(new ConfigResource(ConfigResource.Type.BROKER, node.idString()),
                List.of(new AlterConfigOp(new ConfigEntry("follower.replication.throttled.rate", rate), AlterConfigOp.OpType.SET)));
        }
        admin.incrementalAlterConfigs(operations).all().get();
        return true;
    }

    /** Looks each second at every partition that is there when it begins: which have fewer replicas in sync than their topic demands. */
    private static final class Watch {
        private final Map<String, Integer> minimum = new TreeMap<>();
        private final java.util.concurrent.ScheduledExecutorService clock = java.util.concurrent.Executors.newSingleThreadScheduledExecutor();
        private int samples;
        private int unanswered;
        private int secondsBelow;
        private int mostBelow;
        private int secondsUnder;
        private final List<String> seen = new ArrayList<>();
        private final long began = System.currentTimeMillis();

        Watch() throws Exception {
            List<ConfigResource> resources = new ArrayList<>();
            descriptions().keySet().forEach(name -> resources.add(new ConfigResource(ConfigResource.Type.TOPIC, name)));
            admin.describeConfigs(resources).all().get().forEach((topic, config) -> minimum.put(topic.name(), Integer.parseInt(config.get("min.insync.replicas").value())));
            clock.scheduleAtFixedRate(() -> admin.describeTopics(minimum.keySet()).allTopicNames().whenComplete(this::see), 0, 1, java.util.concurrent.TimeUnit.SECONDS);
        }

        private synchronized void see(Map<String, TopicDescription> topics, Throwable error) {
            samples++;
            if (error != null) {
                unanswered++;
                return;
            }
            int below = 0;
            int under = 0;
            Map<String, Integer> inSync = new TreeMap<>();
            for (TopicDescription topic : topics.values()) {
                for (TopicPartitionInfo partition : topic.partitions()) {
                    if (partition.isr().size() < minimum.get(topic.name())) {
                        below++;
                        List<String> isr = new ArrayList<>();
                        partition.isr().forEach(node -> isr.add(node.idString()));
                        inSync.merge("only " + String.join(",", isr), 1, Integer::sum);
                    }
                    under += partition.isr().size() < partition.replicas().size() ? 1 : 0;
                }
            }
            if (below > 0) {
                secondsBelow++;
                seen.add("after " + (System.currentTimeMillis() - began) / 1000 + " s " + inSync);
            }
            secondsUnder += under > 0 ? 1 : 0;
            mostBelow = Math.max(mostBelow, below);
        }

        synchronized Object end() {
            clock.shutdownNow();
            return Map.of("samples", samples, "unanswered", unanswered, "secondsBelow", secondsBelow, "mostBelow", mostBelow, "secondsUnder", secondsUnder,
                "seen", seen.subList(0, Math.min(seen.size(), 8)));
        }
    }

    private static Object http(String method, String url, String body, String type) throws Exception {
        HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(Duration.ofSeconds(5)).build();
        HttpRequest request = HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(60)).header("Content-Type", type)
            .method(method, HttpRequest.BodyPublishers.ofString(body)).build();
        HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
        return Map.of("status", response.statusCode(), "body", response.body());
    }
}
