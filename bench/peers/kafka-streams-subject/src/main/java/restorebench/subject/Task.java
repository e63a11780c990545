package restorebench.subject;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** What the harness asks for: the environment, the configuration file, and the arguments NAME=VALUE of Kafka Streams' settings. */
record Task(String brokers, String application, String stateDir, String store, Config config, List<String> settings) {

    static final String STORE = "store";
    private static final String CHANGELOG = "-" + STORE + "-changelog";

    @JsonIgnoreProperties(ignoreUnknown = true)
    record Config(List<Integer> partitions, @JsonProperty("first_read") Read firstRead, boolean digest, List<Read> reads, Group group, Map<String, String> client,
        @JsonProperty("exactly_once") boolean exactlyOnce,
        // Of a process among several of the application:
        int instances, boolean standby, boolean await, @JsonProperty("first_reads") List<Read> firstReads) {

        Config {
            firstReads = firstReads == null ? List.of() : firstReads;
        }
    }

    /** A point read; bytes are base64 in JSON. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record Read(int partition, byte[] key, byte[] value) {
    }

    /** How the consumer group is to behave; null is as shipped. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record Group(String protocol, @JsonProperty("session_timeout_ms") int sessionTimeoutMs, @JsonProperty("instance_id") String instanceId) {
    }

    static Task fromEnvironment(final String[] settings) throws IOException {
        final String topic = variable("RESTOREBENCH_TOPIC");
        if (!topic.endsWith(CHANGELOG)) {
            throw new IllegalArgumentException("RESTOREBENCH_TOPIC is " + topic + ", want a name that ends in " + CHANGELOG);
        }
        final Config config = config(Files.readString(Path.of(variable("RESTOREBENCH_CONFIG"))));
        return new Task(variable("RESTOREBENCH_BROKERS"), topic.substring(0, topic.length() - CHANGELOG.length()),
            variable("RESTOREBENCH_STATE_DIR"), variable("RESTOREBENCH_STORE"), config, List.of(settings));
    }

    static Config config(final String json) throws IOException {
        return new ObjectMapper().readValue(json, Config.class);
    }

    static String variable(final String name) {
        final String value = System.getenv(name);
        if (value == null || value.isEmpty()) {
            throw new IllegalArgumentException(name + " is not set: a subject is started by restorebench, not by hand");
        }
        return value;
    }
}
