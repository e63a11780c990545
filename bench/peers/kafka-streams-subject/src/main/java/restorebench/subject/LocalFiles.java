package restorebench.subject;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * The local files as they were before the application started. Kafka Streams does not tell that it has wiped some: another RocksDB is in
 * their place then, which has another identity.
 */
final class LocalFiles {

    private final Task task;
    private final Map<Integer, String> found = new HashMap<>();

    LocalFiles(final Task task) {
        this.task = task;
        for (final int partition : task.config().partitions()) {
            final String identity = identity(partition);
            if (identity != null) {
                found.put(partition, identity);
            }
        }
    }

    /** Whether a partition had files, and has none of them any more. */
    boolean wiped(final int partition) {
        return found.containsKey(partition) && !found.get(partition).equals(identity(partition));
    }

    /** What RocksDB calls a database when it makes it; null where there is none. */
    private String identity(final int partition) {
        final Path file = Path.of(task.stateDir(), task.application(), "0_" + partition, "rocksdb", Task.STORE, "IDENTITY");
        try {
            return Files.readString(file);
        } catch (final NoSuchFileException e) {
            return null;
        } catch (final IOException e) {
            throw new IllegalStateException("identity of the files of partition " + partition, e);
        }
    }
}
