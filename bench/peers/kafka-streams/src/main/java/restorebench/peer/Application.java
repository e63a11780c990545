package restorebench.peer;

import static org.apache.kafka.streams.CloseOptions.GroupMembershipOperation.LEAVE_GROUP;

import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.streams.AutoOffsetReset;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;

/** A Kafka Streams application: one task, one processor, and the stores. Its input is the topic ID-input, one partition. */
final class Application {

    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final String FOREVER = String.valueOf(Long.MAX_VALUE);

    private final String brokers;
    private final String id;
    private final String stateDir;
    private final List<StoreSpec> stores;

    Application(final String brokers, final String id, final String stateDir, final List<StoreSpec> stores) {
        this.brokers = brokers;
        this.id = id;
        this.stateDir = stateDir;
        this.stores = stores;
    }

    /** Applies every operation that the input has now; closing commits, and closes the stores cleanly. */
    void process() throws Exception {
        final long end = endOfInput();
        final CountDownLatch done = new CountDownLatch(end == 0 ? 0 : 1);
        run(end - 1, done, streams -> { });
    }

    /** Prints what the stores hold once they are restored. Operations that the input still has are not waited for. */
    void dump(final String keysFile, final PrintStream out) throws Exception {
        final List<byte[]> keys = keysFile.equals("-") ? List.of()
            : Files.readAllLines(Path.of(keysFile)).stream().map(Base64.getDecoder()::decode).toList();
        run(Long.MAX_VALUE, new CountDownLatch(0), streams -> {
            try (Entries entries = new Entries(out)) {
                for (final StoreSpec store : stores) {
                    new Dump(streams, store, entries).all(keys);
                }
            }
        });
    }

    private interface Query {
        void on(KafkaStreams streams) throws Exception;
    }

    /** Starts the application, waits until it has restored its stores and is done, queries them, and closes it. */
    private void run(final long last, final CountDownLatch done, final Query query) throws Exception {
        final CountDownLatch running = new CountDownLatch(1);
        final AtomicReference<Throwable> failure = new AtomicReference<>();
        try (KafkaStreams streams = new KafkaStreams(topology(last, done), config())) {
            streams.setUncaughtExceptionHandler(e -> {
                failure.set(e);
                return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
            });
            streams.setStateListener((now, before) -> {
                if (now == KafkaStreams.State.RUNNING || now.hasCompletedShutdown()) {
                    running.countDown();
                }
                if (now.hasCompletedShutdown()) {
                    done.countDown();
                }
            });
            streams.start();
            await(running, "restoring");
            await(done, "processing");
            if (failure.get() == null) {
                query.on(streams);
            }
            // A member that only disappears keeps its task until the session times out, 45 s later.
            if (!streams.close(CloseOptions.timeout(PATIENCE).withGroupMembershipOperation(LEAVE_GROUP))) {
                throw new IllegalStateException("closing took longer than " + PATIENCE);
            }
        }
        if (failure.get() != null) {
            throw new IllegalStateException("the application failed", failure.get());
        }
    }

    private static void await(final CountDownLatch latch, final String what) throws InterruptedException {
        if (!latch.await(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new IllegalStateException(what + " took longer than " + PATIENCE);
        }
    }

    private Topology topology(final long last, final CountDownLatch done) {
        final Topology topology = new Topology();
        topology.addSource(AutoOffsetReset.earliest(), "input", (record, partitionTime) -> ((Operation) record.value()).timestamp(),
            new StringDeserializer(), Operation::deserialize, input());
        topology.addProcessor("apply", () -> new Applier(last, done), "input");
        stores.forEach(store -> topology.addStateStore(store.builder(), "apply"));
        return topology;
    }

    private Properties config() {
        final Properties p = new Properties();
        p.put(StreamsConfig.APPLICATION_ID_CONFIG, id);
        p.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, brokers);
        p.put(StreamsConfig.STATE_DIR_CONFIG, stateDir);
        // The tests write timestamps that lie further in the future than a broker lets through by default.
        p.put(StreamsConfig.topicPrefix(TopicConfig.MESSAGE_TIMESTAMP_AFTER_MAX_MS_CONFIG), FOREVER);
        // Nor must their jumps in time begin new segments of the log: the old ones would be compacted while the tests read.
        p.put(StreamsConfig.topicPrefix(TopicConfig.SEGMENT_MS_CONFIG), FOREVER);
        return p;
    }

    private String input() {
        return id + "-input";
    }

    private long endOfInput() throws Exception {
        final TopicPartition partition = new TopicPartition(input(), 0);
        try (Admin admin = Admin.create(Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, (Object) brokers))) {
            return admin.listOffsets(Map.of(partition, OffsetSpec.latest())).partitionResult(partition).get().offset();
        }
    }
}
