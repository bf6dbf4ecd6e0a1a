package io.confluent.connect.avro;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.storage.Converter;

/**
 * Stands in for Confluent's converter of that name, which no public package registry has. It speaks to the registry as the real one does
 * (registers the schema on the way in, asks for it on the way out) and puts its id before each record; the record itself is JSON.
 */
public final class AvroConverter implements Converter {
    private final JsonConverter json = new JsonConverter();
    private final Map<Object, Object> known = new ConcurrentHashMap<>();
    private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private String registry;
    private boolean isKey;

    @Override
    public void configure(Map<String, ?> configs, boolean key) {
        Object url = configs.get("schema.registry.url");
        if (url == null) {
            throw new ConfigException("Missing required configuration \"schema.registry.url\" which has no default value.");
        }
        registry = url.toString().split(",")[0];
        isKey = key;
        json.configure(Map.of("schemas.enable", "true"), key);
    }

    @Override
    public byte[] fromConnectData(String topic, Schema schema, Object value) {
        if (schema == null && value == null) {
            return null;
        }
        String type = schema == null ? "string" : schema.type().getName();
        int id = (Integer) known.computeIfAbsent(topic + type, k -> {
            String body = "{\"schema\": \"{\\\"type\\\": \\\"" + type + "\\\"}\"}";
            return ask("POST", "/subjects/" + topic + (isKey ? "-key" : "-value") + "/versions", body).get("id");
        });
        byte[] text = json.fromConnectData(topic, schema, value);
        return ByteBuffer.allocate(5 + text.length).put((byte) 0).putInt(id).put(text).array();
    }

    @Override
    public SchemaAndValue toConnectData(String topic, byte[] value) {
        if (value == null) {
            return SchemaAndValue.NULL;
        }
        ByteBuffer buffer = ByteBuffer.wrap(value);
        if (buffer.get() != 0) {
            throw new DataException("Unknown magic byte!");
        }
        known.computeIfAbsent(buffer.getInt(), id -> ask("GET", "/schemas/ids/" + id, "").get("schema"));
        byte[] text = new byte[buffer.remaining()];
        buffer.get(text);
        return json.toConnectData(topic, text);
    }

    private Map<?, ?> ask(String method, String path, String body) {
        try {
            HttpRequest request = HttpRequest.newBuilder(URI.create(registry + path)).header("Content-Type", "application/vnd.schemaregistry.v1+json")
                .method(method, HttpRequest.BodyPublishers.ofString(body)).build();
            HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
            if (response.statusCode() != 200) {
                throw new DataException(response.body());
            }
            return new ObjectMapper().readValue(response.body(), Map.class);
        } catch (java.io.IOException | InterruptedException error) {
            throw new DataException("the registry at " + registry + " does not answer", error);
        }
    }
}
