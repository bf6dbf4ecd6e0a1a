import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Reads every ConfigDef of several Kafka releases out of their jars, and writes three files:
 * {@code catalogue.tsv}, what a key is; {@code probes.tsv}, which values Kafka itself accepts for it; and {@code features.tsv}, the
 * features that a new cluster of each release has. {@code src/catalogue/mod.rs} explains the first, {@code src/catalogue/tests.rs}
 * reads the second, and {@code src/version.rs} the third.
 *
 * <p>Usage: {@code java Catalogue.java JARS OUT RELEASE…}, where JARS has a folder a release, oldest first.
 * Each release has a class loader of its own, so everything goes by reflection.
 */
class Catalogue {
    /** Roles in the order of their letters in the files: the first of each. `Source` and `sink` are the connectors. */
    private static final List<String> ROLES = List.of("broker", "topic", "producer", "consumer", "worker", "admin", "sink", "Source");

    /** Values that every key is asked about: what people write, and the edges of Java's types. */
    private static final List<String> PROBES = List.of(
            "", " ", "x", "a b", "true", "TRUE", " false ", "yes", "null", "-3", "-2", "-1", "0", "1", "2", "10", "+5", "007", "1_000", "0x10",
            "1e3", "0.5", ".5", "1.5", "-0.5", "NaN", "1d", "10%", "10MB", "32767", "32768", "1048576", "2147483647", "2147483648", "-2147483649",
            "9223372036854775807", "9223372036854775808", "a,b", "a, b ,a", "a,,b", "a,", ",", "none", "all", "delete", "compact, delete");

    private static final String PACKAGE = "org.apache.kafka.";

    public static void main(String[] arguments) throws Exception {
        Path jars = Path.of(arguments[0]);
        Path out = Path.of(arguments[1]);
        List<String> releases = List.of(arguments).subList(2, arguments.length);
        List<String> lines = releases.stream().map(release -> release.replaceAll("\\.\\d+$", "")).toList();
        // (key, role) → what each release says, or null where it has no such key.
        Map<List<String>, String[]> definitions = new TreeMap<>(Catalogue::compare);
        Map<List<String>, String[]> answers = new TreeMap<>(Catalogue::compare);
        StringBuilder features = new StringBuilder();
        for (int index = 0; index < releases.size(); index++) {
            Release release = new Release(jars.resolve(releases.get(index)));
            features.append(release.features(lines.get(index)));
            for (String role : ROLES) {
                for (Map.Entry<String, Object> entry : release.keys(role).entrySet()) {
                    List<String> place = List.of(entry.getKey(), role);
                    definitions.computeIfAbsent(place, unused -> new String[releases.size()])[index] = release.definition(role, entry.getValue());
                    answers.computeIfAbsent(place, unused -> new String[releases.size()])[index] = release.answers(entry.getValue());
                }
            }
        }
        Files.writeString(out.resolve("catalogue.tsv"), merge(definitions, lines));
        Files.writeString(out.resolve("features.tsv"), features);
        Files.writeString(out.resolve("probes.tsv"), "values\t" + String.join("\t", PROBES) + "\n" + merge(answers, lines));
    }

    private static int compare(List<String> a, List<String> b) {
        int order = a.get(0).compareTo(b.get(0));
        return order != 0 ? order : ROLES.indexOf(a.get(1)) - ROLES.indexOf(b.get(1));
    }

    /** A line for each run of release lines in which some roles say the same of a key: key, letters of the roles, lines, what they say. */
    private static String merge(Map<List<String>, String[]> said, List<String> lines) {
        Map<List<String>, String> roles = new LinkedHashMap<>();
        said.forEach((place, texts) -> {
            for (int first = 0; first < texts.length; first++) {
                if (texts[first] == null) {
                    continue;
                }
                int last = first;
                while (last + 1 < texts.length && texts[first].equals(texts[last + 1])) {
                    last++;
                }
                List<String> same = List.of(place.get(0), lines.get(first) + "-" + lines.get(last), texts[first]);
                roles.merge(same, place.get(1).substring(0, 1), String::concat);
                first = last;
            }
        });
        // Whole lines, compared byte by byte: what a reader that bisects the file expects.
        return roles.entrySet().stream()
                .map(entry -> String.join("\t", entry.getKey().get(0), entry.getValue(), entry.getKey().get(1), entry.getKey().get(2)))
                .sorted()
                .map(line -> line + "\n")
                .collect(Collectors.joining());
    }

    /** The jars of one release. */
    private static final class Release {
        private final ClassLoader loader;
        private final Map<String, Map<String, Object>> keys = new LinkedHashMap<>();
        private final Map<String, String> brokerNames;
        private final Set<String> deprecated;
        private final Method parse;
        private final Method convert;
        /** Kafka's {@code DynamicBrokerConfig}; null where its methods are static. */
        private final Object dynamic;
        private final Method validateUpdate;
        private final Map<String, String> updateModes;

        Release(Path folder) throws Exception {
            List<Path> jars;
            try (Stream<Path> files = Files.list(folder)) {
                jars = files.sorted().toList();
            }
            URL[] urls = new URL[jars.size()];
            for (int i = 0; i < urls.length; i++) {
                urls[i] = jars.get(i).toUri().toURL();
            }
            loader = new URLClassLoader(urls, ClassLoader.getPlatformClassLoader());
            Thread.currentThread().setContextClassLoader(loader);
            Class<?> type = load(PACKAGE + "common.config.ConfigDef$Type");
            Class<?> definition = load(PACKAGE + "common.config.ConfigDef");
            parse = definition.getMethod("parseType", String.class, Object.class, type);
            convert = definition.getMethod("convertToString", Object.class, type);

            Class<?> updates;
            if (loader.getResource("org/apache/kafka/server/config/DynamicBrokerConfig.class") != null) {
                updates = load(PACKAGE + "server.config.DynamicBrokerConfig");
                dynamic = null;
            } else {
                updates = load("kafka.server.DynamicBrokerConfig$");
                dynamic = updates.getField("MODULE$").get(null);
            }
            validateUpdate = updates.getMethod("validateConfigs", Properties.class, boolean.class);
            updateModes = strings(updates.getMethod("dynamicConfigUpdateModes").invoke(dynamic));

            read("broker", field(PACKAGE + "server.config.AbstractKafkaConfig", "CONFIG_DEF"));
            read("topic", call(PACKAGE + "storage.internals.log.LogConfig", "configDefCopy"));
            read("producer", call(PACKAGE + "clients.producer.ProducerConfig", "configDef"));
            read("consumer", call(PACKAGE + "clients.consumer.ConsumerConfig", "configDef"));
            read("worker", worker());
            read("admin", call(PACKAGE + "clients.admin.AdminClientConfig", "configDef"));
            read("sink", call(PACKAGE + "connect.runtime.SinkConnectorConfig", "configDef"));
            read("Source", call(PACKAGE + "connect.runtime.SourceConnectorConfig", "configDef"));
            brokerNames = strings(field(PACKAGE + "server.config.ServerTopicConfigSynonyms", "TOPIC_CONFIG_SYNONYMS"));
            deprecated = deprecated(jars);
        }

        /**
         * The features of a new cluster of the newest metadata version that is meant for production, a line each: release line, feature,
         * level, and what Kafka's tools call the level. {@code kraft.version} is not among them: a cluster with static voters has none.
         */
        String features(String line) throws Exception {
            Class<?> versions = load(PACKAGE + "server.common.MetadataVersion");
            Object metadata = versions.getMethod("latestProduction").invoke(null);
            Map<String, String> levels = new TreeMap<>();
            levels.put((String) versions.getField("FEATURE_NAME").get(null), versions.getMethod("featureLevel").invoke(metadata) + "\t" + metadata);
            boolean renamed = loader.getResource("org/apache/kafka/server/common/Feature.class") != null;
            Class<?> kinds = load(PACKAGE + "server.common." + (renamed ? "Feature" : "Features"));
            Method level = kinds.getMethod(renamed ? "defaultLevel" : "defaultValue", versions);
            for (Object feature : (Collection<?>) kinds.getField("PRODUCTION_FEATURES").get(null)) {
                String name = (String) kinds.getMethod("featureName").invoke(feature);
                Object number = level.invoke(feature, metadata);
                if (!name.equals("kraft.version") && !number.equals((short) 0)) {
                    levels.put(name, number + "\t" + number);
                }
            }
            return levels.entrySet().stream().map(entry -> String.join("\t", line, entry.getKey(), entry.getValue()) + "\n").collect(Collectors.joining());
        }

        Map<String, Object> keys(String role) {
            return keys.get(role);
        }

        /** Type, the broker's name of a topic's key, flags, default, and which values are valid. */
        String definition(String role, Object key) throws Exception {
            String name = (String) get(key, "name");
            String brokerName = role.equals("topic") ? brokerNames.getOrDefault(name, "") : "";
            String flags = (get(key, "internalConfig").equals(true) ? "i" : "") + (deprecated.contains(name) ? "d" : "")
                    + (role.equals("broker") ? updateMode(key) : "");
            return oneLine(String.join("\t",
                    type(key), brokerName, flags, defaultOf(key), valid(get(key, "validator"), key)));
        }

        /**
         * How a running broker takes another value: {@code c} for the whole cluster or for one broker, {@code b} for one broker alone,
         * {@code l} for one broker and with the prefix of a listener, nothing if not at all. Kafka's validation of such a request is
         * asked, and what Kafka says in its documentation has to agree.
         */
        private String updateMode(Object key) throws Exception {
            String name = (String) get(key, "name");
            String said = updateModes.getOrDefault(name, "read-only");
            String mode = takes(key, "", false) ? "c" : takes(key, "", true) ? "b" : takes(key, "listener.name.x.", true) ? "l" : "";
            if (mode.equals("l") && said.equals("read-only")) {
                mode = "";
            }
            String expected = mode.equals("c") ? "cluster-wide" : mode.isEmpty() ? "read-only" : "per-broker";
            if (!said.equals(expected)) {
                throw new IllegalStateException(name + ": documented as " + said + ", and the validation says " + expected);
            }
            return mode;
        }

        /** Whether the validation of a dynamic update takes any value for the key. */
        private boolean takes(Object key, String prefix, boolean perBroker) throws Exception {
            List<String> values = new ArrayList<>(edges(key));
            values.addAll(PROBES);
            values.add("java.lang.Object");
            for (String value : values) {
                if (accepts(key, value)) {
                    Properties properties = new Properties();
                    properties.setProperty(prefix + get(key, "name"), value);
                    try {
                        validateUpdate.invoke(dynamic, properties, perBroker);
                        return true;
                    } catch (InvocationTargetException refused) {
                        return false;
                    }
                }
            }
            throw new IllegalStateException(get(key, "name") + ": none of the values is valid");
        }

        /** A digit a probe, 1 where Kafka accepts it; then the key's own edges, each behind {@code +} or {@code -}. */
        String answers(Object key) throws Exception {
            if (type(key).equals("class")) {
                return "";
            }
            StringBuilder answers = new StringBuilder();
            for (String probe : PROBES) {
                answers.append(accepts(key, probe) ? '1' : '0');
            }
            for (String edge : edges(key)) {
                answers.append('\t').append(accepts(key, edge) ? '+' : '-').append(edge);
            }
            return answers.toString();
        }

        private static String oneLine(String text) {
            if (text.contains("\n") || text.chars().filter(c -> c == '\t').count() != 4) {
                throw new IllegalStateException("not a line of five columns: " + text);
            }
            return text;
        }

        /** {@code !} of a key that must be set, {@code ~} of none, and otherwise {@code =} and the text. */
        private String defaultOf(Object key) throws Exception {
            if (!(boolean) key.getClass().getMethod("hasDefault").invoke(key)) {
                return "!";
            }
            String text = (String) convert.invoke(null, get(key, "defaultValue"), get(key, "type"));
            return text == null ? "~" : "=" + text;
        }

        private boolean accepts(Object key, String value) throws Exception {
            Object validator = get(key, "validator");
            try {
                Object parsed = parse.invoke(null, get(key, "name"), value, get(key, "type"));
                if (validator != null) {
                    Method ensureValid = validator.getClass().getMethod("ensureValid", String.class, Object.class);
                    ensureValid.setAccessible(true);
                    ensureValid.invoke(validator, get(key, "name"), parsed);
                }
                return true;
            } catch (InvocationTargetException refused) {
                return false;
            }
        }

        /** Which values are valid, in the notation that {@code src/catalogue/mod.rs} explains. */
        private String valid(Object validator, Object key) throws Exception {
            if (validator == null) {
                return "";
            }
            String kind = validator.getClass().getSimpleName();
            String words = validator.toString();
            switch (kind) {
                case "Range":
                    return "[" + edge(get(validator, "min")) + "," + edge(get(validator, "max")) + "]";
                case "ValidString":
                    return "{" + sorted(get(validator, "validStrings")) + "}";
                case "CaseInsensitiveValidString":
                    return "~{" + sorted(get(validator, "validStrings")) + "}";
                case "ValidList":
                    // Before 4.2 any list may be empty and may name something twice.
                    boolean strict = Stream.of(validator.getClass().getDeclaredFields()).anyMatch(field -> field.getName().equals("isEmptyAllowed"));
                    String rule = !strict ? "*" : get(validator, "isEmptyAllowed").equals(true) ? "?" : "+";
                    Object entries = get(validator, "validString");
                    return rule + "{" + (entries == null ? "" : sorted(get(entries, "validStrings"))) + "}";
                case "NonNullValidator":
                    return "";
                case "NonEmptyString", "NonEmptyStringWithoutControlChars":
                    return "+";
                case "CompositeValidator":
                    List<String> parts = new ArrayList<>();
                    for (Object part : (Collection<?>) get(validator, "validators")) {
                        // Of a class only the form of its name is checked.
                        boolean ofClass = part.getClass().getSimpleName().endsWith("ClassValidator");
                        String text = ofClass ? "" : valid(part, key);
                        if (!text.isEmpty()) {
                            parts.add(text);
                        }
                    }
                    if (parts.size() > 1) {
                        throw new IllegalStateException(get(key, "name") + ": a notation is missing for " + words);
                    }
                    return String.join("", parts);
                case "MetadataVersionValidator":
                    return "\"a metadata version, as 3.9-IV0";
                case "PluginVersionValidator":
                    return "\"a version of the plugin";
                default:
                    break;
            }
            if (words.contains("-1") && (words.startsWith("Positive number") || words.startsWith("The default value of -1"))) {
                return "[-1,-1]|[1,]";
            }
            if (words.equals("[1,...,9] or -1")) {
                return "[-1,-1]|[1,9]";
            }
            if (words.matches("\\[\\d+,\\.\\.\\.]")) {
                return words.replace("...]", "]");
            }
            if (words.startsWith("[") && words.endsWith("]")) {
                List<String> values = Stream.of(words.substring(1, words.length() - 1).split(",\\s*")).map(value -> value.replaceAll(":.*", ":*")).toList();
                boolean anyCase = accepts(key, values.get(0).toUpperCase()) && accepts(key, values.get(0).toLowerCase());
                return (anyCase ? "~{" : "{") + sorted(values) + "}";
            }
            return "\"" + words;
        }

        /** The values at and around the edges of what is valid. */
        private Set<String> edges(Object key) throws Exception {
            Set<String> edges = new LinkedHashSet<>();
            String text = defaultOf(key);
            if (text.startsWith("=")) {
                edges.add(text.substring(1));
            }
            String valid = valid(get(key, "validator"), key);
            if (valid.startsWith("\"")) {
                return edges;
            }
            if (valid.endsWith("}")) {
                for (String value : valid.substring(valid.indexOf('{') + 1, valid.length() - 1).split(",")) {
                    if (!value.endsWith("*")) {
                        Collections.addAll(edges, value, value.toLowerCase(), value.toUpperCase(), " " + value, value + "," + value);
                    }
                }
            }
            for (String edge : valid.startsWith("[") ? valid.split("[^-+.\\dE]+") : new String[0]) {
                if (!edge.isEmpty()) {
                    edges.add(edge);
                    for (int step : new int[] {-1, 1}) {
                        edges.add(type(key).equals("double") ? String.valueOf(Double.parseDouble(edge) + step) : String.valueOf(Long.parseLong(edge) + step));
                    }
                }
            }
            edges.removeAll(PROBES);
            return edges;
        }

        private static String edge(Object number) {
            return number == null ? "" : number.toString();
        }

        private static String sorted(Object strings) {
            return String.join(",", new TreeSet<>(strings((Collection<?>) strings)));
        }

        private static List<String> strings(Collection<?> objects) {
            return objects.stream().map(String::valueOf).toList();
        }

        private static Map<String, String> strings(Object map) {
            Map<String, String> strings = new TreeMap<>();
            ((Map<?, ?>) map).forEach((key, value) -> strings.put(String.valueOf(key), String.valueOf(value)));
            return strings;
        }

        private String type(Object key) throws Exception {
            return get(key, "type").toString().toLowerCase();
        }

        private void read(String role, Object definition) throws Exception {
            Map<String, Object> sorted = new TreeMap<>();
            ((Map<?, ?>) definition.getClass().getMethod("configKeys").invoke(definition)).forEach((name, key) -> sorted.put((String) name, key));
            keys.put(role, sorted);
        }

        private Object worker() throws Exception {
            Class<?> crypto = load(PACKAGE + "connect.runtime.distributed.Crypto");
            Method config = load(PACKAGE + "connect.runtime.distributed.DistributedConfig").getDeclaredMethod("config", crypto);
            config.setAccessible(true);
            return config.invoke(null, crypto.getField("SYSTEM").get(null));
        }

        /**
         * The names of keys whose constant is marked {@code @Deprecated}; what only the documentation says is not here. A constant that
         * has a sound twin in its class is a misspelt name in Java, and no word about the key.
         */
        private Set<String> deprecated(List<Path> jars) throws IOException {
            Set<String> names = new HashSet<>();
            for (Path path : jars) {
                if (!path.getFileName().toString().matches("(kafka|connect-runtime).*")) {
                    continue;
                }
                try (JarFile jar = new JarFile(path.toFile())) {
                    for (String entry : jar.stream().map(Object::toString).filter(name -> name.matches("[^$]*Configs?\\.class")).toList()) {
                        try {
                            Class<?> holder = Class.forName(entry.replace('/', '.').replaceAll("\\.class$", ""), false, loader);
                            Set<String> marked = new HashSet<>();
                            Set<String> sound = new HashSet<>();
                            for (Field field : holder.getDeclaredFields()) {
                                if (Modifier.isStatic(field.getModifiers()) && field.getType() == String.class) {
                                    field.setAccessible(true);
                                    (field.isAnnotationPresent(Deprecated.class) ? marked : sound).add((String) field.get(null));
                                }
                            }
                            marked.removeAll(sound);
                            names.addAll(marked);
                        } catch (ReflectiveOperationException | LinkageError unloadable) {
                            // A class of an optional part that is not among the jars.
                            System.err.println(path.getFileName() + ": " + entry + ": " + unloadable);
                        }
                    }
                }
            }
            return names;
        }

        private Class<?> load(String name) throws ClassNotFoundException {
            return Class.forName(name, true, loader);
        }

        private Object call(String type, String method) throws Exception {
            Method found = load(type).getDeclaredMethod(method);
            found.setAccessible(true);
            return found.invoke(null);
        }

        private Object field(String type, String name) throws Exception {
            Field field = load(type).getDeclaredField(name);
            field.setAccessible(true);
            return field.get(null);
        }

        private static Object get(Object object, String name) throws Exception {
            Field field = object.getClass().getDeclaredField(name);
            field.setAccessible(true);
            return field.get(object);
        }
    }
}
