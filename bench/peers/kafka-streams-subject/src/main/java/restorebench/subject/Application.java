package restorebench.subject;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.InvalidStateStoreException;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueBytesStoreSupplier;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.ReadOnlyKeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * A table: what comes in from the topic APPLICATION-input, which the harness creates, is put into a store with a changelog. The changelog
 * is there before; restoring it is what is measured.
 */
final class Application {

    private final Task task;
    private final Events events;
    private final String input;
    private final Map<String, String> security;

    Application(final Task task, final Events events) throws IOException {
        this.task = task;
        this.events = events;
        input = task.application() + "-input";
        security = Security.of(task.config().client());
    }

    /** Starts, waits until it runs, answers the harness's reads, and closes when standard input ends. */
    void run() throws Exception {
        if (task.config().instances() > 1) {
            new Instance(task, events, this).run();
            return;
        }
        final CountDownLatch running = new CountDownLatch(1);
        final AtomicReference<Throwable> failure = new AtomicReference<>();
        final Restore restore = new Restore(events, new LocalFiles(task));
        try (KafkaStreams streams = streams(new Clients(events, null))) {
            streams.setUncaughtExceptionHandler(e -> {
                failure.set(e);
                return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
            });
            streams.setStateListener((now, before) -> {
                if (now == KafkaStreams.State.RUNNING || now.hasCompletedShutdown()) {
                    running.countDown();
                }
            });
            streams.setGlobalStateRestoreListener(restore);
            streams.start();
            running.await();
            if (failure.get() != null) {
                throw new IllegalStateException("the application failed", failure.get());
            }
            awaitStores(streams, task.config().partitions(), () -> true);
            restore.others(task.config().partitions(), this::endOffset);
            serve(streams);
            while (System.in.read() >= 0) {
                // the harness only closes it
            }
        }
    }

    KafkaStreams streams(final Clients clients) {
        return new KafkaStreams(topology(), config(), clients);
    }

    /** An application can run without any task for as long as its group still waits for a dead member. It says whether they are still the right ones. */
    boolean awaitStores(final KafkaStreams streams, final Collection<Integer> partitions, final BooleanSupplier right) throws InterruptedException {
        final Bytes probe = Bytes.wrap(new byte[] {0});
        for (final int partition : partitions) {
            for (boolean there = false; !there;) {
                if (!right.getAsBoolean()) {
                    return false;
                }
                try {
                    store(streams, partition).get(probe);
                    there = true;
                } catch (final InvalidStateStoreException e) {
                    if (!streams.state().isRunningOrRebalancing()) {
                        throw e;
                    }
                    Thread.sleep(1);
                }
            }
        }
        return right.getAsBoolean();
    }

    private void serve(final KafkaStreams streams) throws Exception {
        events.emit("ready");
        firstRead(streams, task.config().firstRead());
        answer(streams, task.config().digest() ? task.config().partitions() : List.of(), task.config().reads());
    }

    /** Does the read that ends the downtime, if there is one. */
    void firstRead(final KafkaStreams streams, final Task.Read read) throws InterruptedException {
        if (read != null) {
            final byte[] value = store(streams, read.partition()).get(Bytes.wrap(read.key()));
            events.emit("first_read", "partition", read.partition(), "ok", java.util.Arrays.equals(value, read.value()));
        }
    }

    /** Reads the whole stores of partitions, and answers point reads unless they are null. */
    void answer(final KafkaStreams streams, final Collection<Integer> partitions, final List<Task.Read> reads) throws Exception {
        for (final int partition : partitions) {
            digest(streams, partition);
        }
        if (reads != null) {
            final List<Map<String, byte[]>> values = new ArrayList<>();
            for (final Task.Read read : reads) {
                values.add(java.util.Collections.singletonMap("value", store(streams, read.partition()).get(Bytes.wrap(read.key()))));
            }
            events.emit("reads", "values", values);
        }
    }

    private void digest(final KafkaStreams streams, final int partition) throws Exception {
        final Digest digest = new Digest();
        try (KeyValueIterator<Bytes, byte[]> all = store(streams, partition).all()) {
            while (all.hasNext()) {
                final KeyValue<Bytes, byte[]> entry = all.next();
                digest.add(entry.key.get(), entry.value);
            }
        }
        events.emit("digest", "partition", partition, "count", digest.count(), "bytes", digest.bytes(), "digest", digest.hex());
    }

    /** The store of one partition; right after the start it may say for a moment that it is not there. */
    private static ReadOnlyKeyValueStore<Bytes, byte[]> store(final KafkaStreams streams, final int partition) throws InterruptedException {
        final var query = StoreQueryParameters.fromNameAndType(Task.STORE, QueryableStoreTypes.<Bytes, byte[]>keyValueStore()).withPartition(partition);
        while (true) {
            try {
                return streams.store(query);
            } catch (final InvalidStateStoreException e) {
                if (!streams.state().isRunningOrRebalancing()) {
                    throw e;
                }
                Thread.sleep(1);
            }
        }
    }

    private Topology topology() {
        final KeyValueBytesStoreSupplier supplier = switch (task.store()) {
            case "memory" -> Stores.inMemoryKeyValueStore(Task.STORE);
            case "rocksdb" -> Stores.persistentKeyValueStore(Task.STORE);
            default -> throw new IllegalArgumentException("RESTOREBENCH_STORE is " + task.store() + ", want memory or rocksdb");
        };
        final Topology topology = new Topology();
        topology.addSource("input", new ByteArrayDeserializer(), new ByteArrayDeserializer(), input);
        topology.addProcessor("put", Put::new, "input");
        topology.addStateStore(Stores.keyValueStoreBuilder(supplier, Serdes.Bytes(), Serdes.ByteArray()), "put");
        return topology;
    }

    private static final class Put implements Processor<byte[], byte[], Void, Void> {

        private KeyValueStore<Bytes, byte[]> store;

        @Override
        public void init(final ProcessorContext<Void, Void> context) {
            store = context.getStateStore(Task.STORE);
        }

        @Override
        public void process(final Record<byte[], byte[]> record) {
            store.put(Bytes.wrap(record.key()), record.value());
        }
    }

    private Properties config() {
        final Properties p = new Properties();
        p.put(StreamsConfig.APPLICATION_ID_CONFIG, task.application());
        p.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, task.brokers());
        p.put(StreamsConfig.STATE_DIR_CONFIG, task.stateDir());
        final Task.Group group = task.config().group();
        if (group == null) {
            // It can't do without a group. A static member (KIP-345) is given its tasks back at once, instead of after session.timeout.ms.
            p.put(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG, "restorebench");
        } else {
            if ("streams".equals(group.protocol())) {
                p.put(StreamsConfig.GROUP_PROTOCOL_CONFIG, "streams");
            }
            if (group.sessionTimeoutMs() > 0) {
                p.put(StreamsConfig.mainConsumerPrefix(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG), group.sessionTimeoutMs());
            }
            if (group.instanceId() != null) {
                p.put(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG, group.instanceId());
            }
        }
        if (task.config().instances() > 1) {
            Instance.settings(p, task.config());
        }
        p.putAll(security);
        if (task.config().exactlyOnce()) {
            p.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2); // and so only committed records are restored
        }
        for (final String setting : task.settings()) {
            final int at = setting.indexOf('=');
            p.put(setting.substring(0, at), setting.substring(at + 1));
        }
        return p;
    }

    long endOffset(final int partition) {
        final TopicPartition changelog = new TopicPartition(task.application() + "-" + Task.STORE + "-changelog", partition);
        try (Admin admin = admin()) {
            return admin.listOffsets(Map.of(changelog, OffsetSpec.latest())).partitionResult(changelog).get().offset();
        } catch (final InterruptedException | ExecutionException e) {
            throw new IllegalStateException("end offset of " + changelog, e);
        }
    }

    private Admin admin() {
        final Map<String, Object> config = new HashMap<>(security);
        config.put(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, task.brokers());
        return Admin.create(config);
    }
}
