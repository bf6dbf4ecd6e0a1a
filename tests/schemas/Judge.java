import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.SchemaNormalization;

/** Avro's own verdicts on the tables: one line a verdict, separated by tabs. */
class Judge {
    public static void main(String[] files) throws Exception {
        for (String file : files) {
            for (String block : Files.readString(Path.of(file)).split("(?m)^## ")) {
                if (block.startsWith("#") || block.isBlank()) continue;
                Map<String, String> row = new LinkedHashMap<>();
                String[] lines = block.split("\n", 2);
                for (String line : lines[1].split("\n(?=(avro|schema|new|backward|forward|canonical)\\s)")) {
                    String[] pair = line.split("\\s", 2);
                    row.put(pair[0], pair[1]);
                }
                if (row.containsKey("schema")) {
                    say(lines[0], "schema", accepts(row.get("schema")));
                } else {
                    Schema old = parse(row.get("old")), made = parse(row.get("new"));
                    say(lines[0], "backward", reads(made, old));
                    say(lines[0], "forward", reads(old, made));
                    say(lines[0], "canonical", SchemaNormalization.toParsingForm(made));
                }
            }
        }
    }

    static void say(String title, String what, String verdict) {
        System.out.println(title + "\t" + what + "\t" + verdict.replaceAll("\\s+", " "));
    }

    static Schema parse(String text) {
        return new Schema.Parser().parse(text);
    }

    static String accepts(String text) {
        try {
            parse(text);
            return "accepts";
        } catch (Exception refused) {
            return "refuses";
        }
    }

    static String reads(Schema reader, Schema writer) {
        try {
            var verdict = SchemaCompatibility.checkReaderWriterCompatibility(reader, writer);
            return verdict.getType() == SchemaCompatibility.SchemaCompatibilityType.COMPATIBLE ? "yes" : "no";
        } catch (RuntimeException refused) {
            return "no";
        }
    }
}
