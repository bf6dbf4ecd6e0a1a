import java.net.Socket;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Changes settings of a running broker as {@code kafka-configs} does, and prints for each: key, how it is said to be taken, and `ok` or what came
 * instead.
 *
 * <p>Usage: {@code java Dynamic.java SERVER KEYS PID}, where KEYS has lines of key, mode and value.
 */
final class Dynamic {
    private static final ConfigResource ALL = new ConfigResource(ConfigResource.Type.BROKER, "");
    private static final ConfigResource ONE = new ConfigResource(ConfigResource.Type.BROKER, "1");
    private static final long PATIENCE_MS = 5000;

    private static Admin admin;
    private static String servers;
    private static Path tasks;

    public static void main(String[] arguments) throws Exception {
        servers = arguments[0];
        tasks = Path.of("/proc", arguments[2], "task");
        admin = Admin.create(Map.of("bootstrap.servers", servers));
        admin.createTopics(List.of(new NewTopic("records", 1, (short) 1))).all().get();
        for (String line : Files.readAllLines(Path.of(arguments[1]))) {
            String[] parts = line.split("\t", 3);
            System.out.println(parts[0] + "\t" + parts[1] + "\t" + judge(parts[0], parts[1], parts[2]).replaceAll("\\s+", " "));
        }
        effects();
        admin.close();
    }

    private static String judge(String key, String mode, String value) throws Exception {
        switch (mode) {
            case "cluster-wide":
                return taken(ALL, key, value);
            case "per-broker":
                return both(taken(ONE, key, value), refused(ALL, key, value));
            case "per-listener":
                return both(taken(ONE, "listener.name.secure." + key, value), refused(ONE, key, value));
            default:
                return both(refused(ONE, key, value), refused(ALL, key, value));
        }
    }

    private static String both(String first, String second) {
        return first.equals("ok") ? second : first;
    }

    /** The broker takes it, and has it without a restart. */
    private static String taken(ConfigResource resource, String key, String value) throws Exception {
        String refusal = alter(resource, key, value, OpType.SET);
        if (refusal != null) {
            return "refused: " + refusal;
        }
        String seen = null;
        for (long end = System.currentTimeMillis() + PATIENCE_MS; System.currentTimeMillis() < end; Thread.sleep(20)) {
            ConfigEntry entry = admin.describeConfigs(List.of(ONE)).all().get().get(ONE).get(key);
            // The value of a password is not shown, and its source is.
            seen = entry == null ? "nothing" : entry.value() + " of " + entry.source();
            if (entry != null && entry.source().name().startsWith("DYNAMIC") && (entry.isSensitive() || value.equals(entry.value()))) {
                alter(resource, key, null, OpType.DELETE);
                return "ok";
            }
        }
        alter(resource, key, null, OpType.DELETE);
        return "taken, and the running broker has " + seen;
    }

    private static String refused(ConfigResource resource, String key, String value) throws Exception {
        String refusal = alter(resource, key, value, OpType.SET);
        if (refusal == null) {
            alter(resource, key, null, OpType.DELETE);
            return "taken for " + (resource == ALL ? "all brokers" : "one broker");
        }
        boolean named = refusal.contains("Cannot update these configs dynamically") || refusal.contains("only be")
            || refusal.contains("only per-listener") || refusal.contains("cannot be") || refusal.contains("Cannot ");
        return named ? "ok" : "refused for another reason: " + refusal;
    }

    /** Why a change is refused; null if it is not. */
    private static String alter(ConfigResource resource, String key, String value, OpType type) throws Exception {
        try {
            AlterConfigOp op = new AlterConfigOp(new ConfigEntry(key, value), type);
            admin.incrementalAlterConfigs(Map.of(resource, List.of(op))).all().get();
            return null;
        } catch (ExecutionException error) {
            return error.getCause().toString();
        }
    }

    /** What changes beside the value itself. */
    private static void effects() throws Exception {
        for (String[] one : new String[][] {{"num.io.threads", "9", "data-plane-kafk"}, {"num.network.threads", "4", "data-plane-kafk"},
            {"log.cleaner.threads", "2", "kafka-log-clean"}}) {
            long before = threads(one[2]);
            set(one[0], one[1]);
            effect(one[0], () -> threads(one[2]) > before);
            alter(ALL, one[0], null, OpType.DELETE);
        }
        if (!write(50_000)) {
            throw new IllegalStateException("a record of 50,000 bytes is refused before anything is changed");
        }
        set("message.max.bytes", "10000");
        effect("message.max.bytes", () -> !write(50_000));
        alter(ALL, "message.max.bytes", null, OpType.DELETE);
        set("max.connections.per.ip.overrides", "127.0.0.9:1"); // without any, 0 is refused
        set("max.connections.per.ip", "0");
        effect("max.connections.per.ip", () -> !connects());
    }

    /** Sets a value for all brokers; a refusal is tried again, because it may come from a value before that the broker has not taken yet. */
    private static void set(String key, String value) throws Exception {
        String refusal = alter(ALL, key, value, OpType.SET);
        for (long end = System.currentTimeMillis() + PATIENCE_MS; refusal != null && System.currentTimeMillis() < end; Thread.sleep(20)) {
            refusal = alter(ALL, key, value, OpType.SET);
        }
        if (refusal != null) {
            throw new IllegalStateException(key + "=" + value + " is refused: " + refusal);
        }
    }

    private interface Seen {
        boolean now() throws Exception;
    }

    private static void effect(String key, Seen seen) throws Exception {
        boolean now = false;
        for (long end = System.currentTimeMillis() + PATIENCE_MS; !now && System.currentTimeMillis() < end; Thread.sleep(20)) {
            now = seen.now();
        }
        System.out.println(key + "\teffect\t" + (now ? "ok" : "the value is taken, and nothing changes"));
    }

    /** The threads of the broker whose names begin so; the kernel keeps 15 letters. */
    private static long threads(String name) throws Exception {
        long count = 0;
        try (DirectoryStream<Path> each = Files.newDirectoryStream(tasks)) {
            for (Path task : each) {
                try {
                    count += Files.readString(task.resolve("comm")).startsWith(name) ? 1 : 0;
                } catch (java.io.IOException ended) {
                    continue;
                }
            }
        }
        return count;
    }

    private static boolean write(int bytes) throws Exception {
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(Map.of("bootstrap.servers", servers), new ByteArraySerializer(),
            new ByteArraySerializer())) {
            producer.send(new ProducerRecord<>("records", new byte[bytes])).get();
            return true;
        } catch (ExecutionException error) {
            return false;
        }
    }

    /** Whether the broker keeps a new connection open. */
    private static boolean connects() throws Exception {
        try (Socket socket = new Socket("127.0.0.1", Integer.parseInt(servers.split(":")[1]))) {
            socket.setSoTimeout(500);
            return socket.getInputStream().read() != -1;
        } catch (java.net.SocketTimeoutException error) {
            return true;
        } catch (java.io.IOException error) {
            return false;
        }
    }
}
