package restorebench.peer;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.internals.SessionWindow;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.SessionStore;
import org.apache.kafka.streams.state.TimestampedKeyValueStore;
import org.apache.kafka.streams.state.TimestampedWindowStore;
import org.apache.kafka.streams.state.ValueAndTimestamp;
import org.apache.kafka.streams.state.VersionedKeyValueStore;
import org.apache.kafka.streams.state.WindowStore;

/** Applies each operation to its store, and says when the last one is done. */
final class Applier implements Processor<String, Operation, Void, Void> {

    private final long last;
    private final CountDownLatch done;
    private final Map<String, StateStore> stores = new HashMap<>();
    private ProcessorContext<Void, Void> context;

    /** last is the offset of the last operation. */
    Applier(final long last, final CountDownLatch done) {
        this.last = last;
        this.done = done;
    }

    @Override
    public void init(final ProcessorContext<Void, Void> context) {
        this.context = context;
    }

    @Override
    public void process(final Record<String, Operation> record) {
        final Operation o = record.value();
        apply(stores.computeIfAbsent(record.key(), context::getStateStore), o);
        if (context.recordMetadata().orElseThrow().offset() >= last) {
            done.countDown();
        }
    }

    /** Timestamped types come first: they are plain ones too, with other values. */
    @SuppressWarnings("unchecked")
    private static void apply(final StateStore store, final Operation o) {
        if (store instanceof TimestampedKeyValueStore) {
            ((TimestampedKeyValueStore<byte[], byte[]>) store).put(o.key(), timestamped(o));
        } else if (store instanceof TimestampedWindowStore) {
            ((TimestampedWindowStore<byte[], byte[]>) store).put(o.key(), timestamped(o), o.start());
        } else if (store instanceof KeyValueStore) {
            ((KeyValueStore<byte[], byte[]>) store).put(o.key(), o.value());
        } else if (store instanceof WindowStore) {
            ((WindowStore<byte[], byte[]>) store).put(o.key(), o.value(), o.start());
        } else if (store instanceof SessionStore) {
            final Windowed<byte[]> session = new Windowed<>(o.key(), new SessionWindow(o.start(), o.end()));
            ((SessionStore<byte[], byte[]>) store).put(session, o.value());
        } else if (store instanceof VersionedKeyValueStore) {
            ((VersionedKeyValueStore<byte[], byte[]>) store).put(o.key(), o.value(), o.timestamp());
        } else {
            throw new IllegalArgumentException("no operation is known for " + store.getClass());
        }
    }

    private static ValueAndTimestamp<byte[]> timestamped(final Operation o) {
        return o.value() == null ? null : ValueAndTimestamp.make(o.value(), o.timestamp());
    }
}
