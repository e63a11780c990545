package restorebench.peer;

import java.time.Duration;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.state.KeyValueBytesStoreSupplier;
import org.apache.kafka.streams.state.SessionBytesStoreSupplier;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowBytesStoreSupplier;

/**
 * A store to build: its type and what the type needs. Retention is the history's of a versioned store and the capacity of
 * an LRU map.
 */
record StoreSpec(String name, String type, boolean persistent, long retention, long window) {

    private static final Serde<byte[]> BYTES = Serdes.ByteArray();

    static StoreSpec parse(final String text) {
        final String[] parts = text.split(",");
        final boolean persistent = switch (parts[2]) {
            case "memory" -> false;
            case "rocksdb" -> true;
            default -> throw new IllegalArgumentException(text + ": no engine " + parts[2]);
        };
        return new StoreSpec(parts[0], parts[1], persistent, Long.parseLong(parts[3]), Long.parseLong(parts[4]));
    }

    /** The store as its documentation builds it, with its changelog and without a record cache, which is the default. */
    StoreBuilder<?> builder() {
        return switch (type) {
            case "key-value" -> Stores.keyValueStoreBuilder(keyValues(false), BYTES, BYTES);
            case "timestamped-key-value" -> Stores.timestampedKeyValueStoreBuilder(keyValues(true), BYTES, BYTES);
            case "lru" -> Stores.keyValueStoreBuilder(Stores.lruMap(name, (int) retention), BYTES, BYTES);
            case "versioned-key-value" -> Stores.versionedKeyValueStoreBuilder(
                Stores.persistentVersionedKeyValueStore(name, Duration.ofMillis(retention)), BYTES, BYTES);
            case "window" -> Stores.windowStoreBuilder(windows(false), BYTES, BYTES);
            case "timestamped-window" -> Stores.timestampedWindowStoreBuilder(windows(true), BYTES, BYTES);
            case "session" -> Stores.sessionStoreBuilder(sessions(), BYTES, BYTES);
            default -> throw new IllegalArgumentException("no store type " + type);
        };
    }

    private KeyValueBytesStoreSupplier keyValues(final boolean timestamped) {
        if (!persistent) {
            return Stores.inMemoryKeyValueStore(name);
        }
        return timestamped ? Stores.persistentTimestampedKeyValueStore(name) : Stores.persistentKeyValueStore(name);
    }

    private WindowBytesStoreSupplier windows(final boolean timestamped) {
        final Duration keep = Duration.ofMillis(retention);
        final Duration size = Duration.ofMillis(window);
        if (!persistent) {
            return Stores.inMemoryWindowStore(name, keep, size, false);
        }
        return timestamped
            ? Stores.persistentTimestampedWindowStore(name, keep, size, false)
            : Stores.persistentWindowStore(name, keep, size, false);
    }

    private SessionBytesStoreSupplier sessions() {
        final Duration keep = Duration.ofMillis(retention);
        return persistent ? Stores.persistentSessionStore(name, keep) : Stores.inMemorySessionStore(name, keep);
    }
}
