import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.connector.Task;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.sink.SinkConnector;

/** A connector whose configuration is in order and which cannot start, as one that does not reach its database. */
public final class FailingConnector extends SinkConnector {
    @Override
    public void start(Map<String, String> properties) {
        throw new ConnectException("cannot reach what it should connect");
    }

    @Override
    public Class<? extends Task> taskClass() {
        throw new UnsupportedOperationException("it never starts a task");
    }

    @Override
    public List<Map<String, String>> taskConfigs(int most) {
        return List.of();
    }

    @Override
    public void stop() {
    }

    @Override
    public ConfigDef config() {
        return new ConfigDef();
    }

    @Override
    public String version() {
        return "1";
    }
}
