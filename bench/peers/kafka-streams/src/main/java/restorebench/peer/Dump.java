package restorebench.peer;

import java.io.IOException;
import java.util.List;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.query.MultiVersionedKeyQuery;
import org.apache.kafka.streams.query.StateQueryRequest;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.QueryableStoreType;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.ReadOnlySessionStore;
import org.apache.kafka.streams.state.ValueAndTimestamp;
import org.apache.kafka.streams.state.VersionedRecord;
import org.apache.kafka.streams.state.VersionedRecordIterator;

/** Reads one store whole, through interactive queries. */
final class Dump {

    private final KafkaStreams streams;
    private final StoreSpec store;
    private final Entries entries;

    Dump(final KafkaStreams streams, final StoreSpec store, final Entries entries) {
        this.streams = streams;
        this.store = store;
        this.entries = entries;
    }

    /** Keys are those to ask a versioned store or an LRU map for, which can't list their own. */
    void all(final List<byte[]> keys) throws IOException {
        switch (store.type()) {
            case "key-value" -> keyValues();
            case "timestamped-key-value" -> timestampedKeyValues();
            case "versioned-key-value" -> versions(keys);
            case "window" -> windows();
            case "timestamped-window" -> timestampedWindows();
            case "session" -> sessions();
            case "lru" -> lru(keys);
            default -> throw new IllegalArgumentException("no store type " + store.type());
        }
    }

    private <T> T open(final QueryableStoreType<T> type) {
        return streams.store(StoreQueryParameters.fromNameAndType(store.name(), type));
    }

    private void keyValues() throws IOException {
        try (KeyValueIterator<byte[], byte[]> all = open(QueryableStoreTypes.<byte[], byte[]>keyValueStore()).all()) {
            while (all.hasNext()) {
                final KeyValue<byte[], byte[]> e = all.next();
                entries.add(store.name(), e.key, e.value, 0, 0, 0);
            }
        }
    }

    /** A plain map of limited size has no iterator. */
    private void lru(final List<byte[]> keys) throws IOException {
        final var map = open(QueryableStoreTypes.<byte[], byte[]>keyValueStore());
        for (final byte[] key : keys) {
            final byte[] value = map.get(key);
            if (value != null) {
                entries.add(store.name(), key, value, 0, 0, 0);
            }
        }
    }

    private void timestampedKeyValues() throws IOException {
        try (KeyValueIterator<byte[], ValueAndTimestamp<byte[]>> all =
                 open(QueryableStoreTypes.<byte[], byte[]>timestampedKeyValueStore()).all()) {
            while (all.hasNext()) {
                final KeyValue<byte[], ValueAndTimestamp<byte[]>> e = all.next();
                entries.add(store.name(), e.key, e.value.value(), e.value.timestamp(), 0, 0);
            }
        }
    }

    /** A version is valid from start until end, -1 while it is the latest. */
    private void versions(final List<byte[]> keys) throws IOException {
        for (final byte[] key : keys) {
            final var request = StateQueryRequest.inStore(store.name())
                .withQuery(MultiVersionedKeyQuery.<byte[], byte[]>withKey(key).withAscendingTimestamps());
            try (VersionedRecordIterator<byte[]> history = streams.query(request).getOnlyPartitionResult().getResult()) {
                while (history.hasNext()) {
                    final VersionedRecord<byte[]> v = history.next();
                    entries.add(store.name(), key, v.value(), 0, v.timestamp(), v.validTo().orElse(-1L));
                }
            }
        }
    }

    private void windows() throws IOException {
        try (KeyValueIterator<Windowed<byte[]>, byte[]> all = open(QueryableStoreTypes.<byte[], byte[]>windowStore()).all()) {
            while (all.hasNext()) {
                final KeyValue<Windowed<byte[]>, byte[]> e = all.next();
                entries.add(store.name(), e.key.key(), e.value, 0, e.key.window().start(), e.key.window().end());
            }
        }
    }

    private void timestampedWindows() throws IOException {
        try (KeyValueIterator<Windowed<byte[]>, ValueAndTimestamp<byte[]>> all =
                 open(QueryableStoreTypes.<byte[], byte[]>timestampedWindowStore()).all()) {
            while (all.hasNext()) {
                final KeyValue<Windowed<byte[]>, ValueAndTimestamp<byte[]>> e = all.next();
                entries.add(store.name(), e.key.key(), e.value.value(), e.value.timestamp(),
                    e.key.window().start(), e.key.window().end());
            }
        }
    }

    private void sessions() throws IOException {
        final ReadOnlySessionStore<byte[], byte[]> sessions = open(QueryableStoreTypes.<byte[], byte[]>sessionStore());
        try (KeyValueIterator<Windowed<byte[]>, byte[]> all = sessions.fetch(null, null)) {
            while (all.hasNext()) {
                final KeyValue<Windowed<byte[]>, byte[]> e = all.next();
                entries.add(store.name(), e.key.key(), e.value, 0, e.key.window().start(), e.key.window().end());
            }
        }
    }
}
