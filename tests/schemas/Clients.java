import io.apicurio.registry.serde.avro.AvroDatumProvider;
import io.apicurio.registry.serde.avro.AvroKafkaDeserializer;
import io.apicurio.registry.serde.avro.AvroKafkaSerializer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DatumReader;
import org.apache.avro.io.DatumWriter;
import org.apache.avro.util.RandomData;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RecordDeserializationException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * A producer and a consumer of Avro, with the clients of Kafka and of a registry.
 *
 * <p>{@code write BROKER REGISTRY TOPIC SCHEMA VERSION COUNT}: records of a version, which the producer looks up and does not register. {@code spoil BROKER TOPIC}: one
 * record that is not Avro. {@code read BROKER REGISTRY TOPIC SCHEMA DEAD}: reads all that is there as the schema has it, a line each; what cannot be read goes to
 * the topic DEAD.
 */
public class Clients {
  /** The schema of the program that reads. */
  private static Schema readers;

  public static void main(String[] words) throws Exception {
    switch (words[0]) {
      case "write" -> write(words[1], words[2], words[3], schema(words[4]), words[5], Integer.parseInt(words[6]));
      case "spoil" -> dead(words[1], words[2], "not Avro".getBytes());
      case "read" -> read(words[1], words[2], words[3], schema(words[4]), words[5]);
      default -> throw new IllegalArgumentException(words[0]);
    }
  }

  private static Schema schema(String file) throws Exception {
    return new Schema.Parser().parse(Files.readString(Path.of(file)));
  }

  private static Map<String, Object> settings(String broker, String registry) {
    Map<String, Object> settings = new HashMap<>();
    settings.put("bootstrap.servers", broker);
    settings.put("apicurio.registry.url", registry);
    settings.put("apicurio.registry.auto-register", false);
    settings.put("apicurio.registry.artifact-resolver-strategy", "io.apicurio.registry.serde.strategy.TopicIdStrategy");
    settings.put("apicurio.registry.avro-datum-provider", AsTheReaderKnows.class.getName());
    return settings;
  }

  private static void write(String broker, String registry, String topic, Schema schema, String version, int count) throws Exception {
    Map<String, Object> settings = settings(broker, registry);
    settings.put("key.serializer", StringSerializer.class.getName());
    settings.put("value.serializer", AvroKafkaSerializer.class.getName());
    settings.put("apicurio.registry.artifact.version", version);
    int written = 0;
    try (KafkaProducer<String, Object> producer = new KafkaProducer<>(settings)) {
      for (Object record : new RandomData(schema, count, 1)) {
        producer.send(new ProducerRecord<>(topic, 0, "key", record)).get();
        written++;
      }
    }
    System.out.println("written " + written);
  }

  private static void dead(String broker, String topic, byte[] value) throws Exception {
    Map<String, Object> settings = new HashMap<>();
    settings.put("bootstrap.servers", broker);
    settings.put("key.serializer", StringSerializer.class.getName());
    settings.put("value.serializer", ByteArraySerializer.class.getName());
    try (KafkaProducer<String, byte[]> producer = new KafkaProducer<>(settings)) {
      producer.send(new ProducerRecord<>(topic, 0, "key", value)).get();
    }
  }

  private static void read(String broker, String registry, String topic, Schema schema, String dead) throws Exception {
    readers = schema;
    Map<String, Object> settings = settings(broker, registry);
    settings.put("key.deserializer", StringDeserializer.class.getName());
    settings.put("value.deserializer", AvroKafkaDeserializer.class.getName());
    settings.put("auto.offset.reset", "earliest");
    TopicPartition partition = new TopicPartition(topic, 0);
    try (KafkaConsumer<String, Object> consumer = new KafkaConsumer<>(settings)) {
      consumer.assign(List.of(partition));
      long end = consumer.endOffsets(List.of(partition)).get(partition);
      while (consumer.position(partition) < end) {
        try {
          for (ConsumerRecord<String, Object> record : consumer.poll(Duration.ofSeconds(1))) {
            System.out.println("record " + ((GenericRecord) record.value()).getSchema().getFields().size() + " " + record.value());
          }
        } catch (RecordDeserializationException error) {
          byte[] value = new byte[error.valueBuffer().remaining()];
          error.valueBuffer().get(value);
          dead(broker, dead, value);
          System.out.println("dead " + error.offset());
          consumer.seek(partition, error.offset() + 1);
        }
      }
    }
  }

  /** Reads with the schema of the program, whatever a record was written with. */
  public static class AsTheReaderKnows implements AvroDatumProvider<Object> {
    @Override
    public DatumWriter<Object> createDatumWriter(Object record, Schema schema) {
      return new GenericDatumWriter<>(schema);
    }

    @Override
    public DatumReader<Object> createDatumReader(Schema written) {
      return new GenericDatumReader<>(written, readers);
    }

    @Override
    public Schema toSchema(Object record) {
      return ((GenericRecord) record).getSchema();
    }
  }
}
