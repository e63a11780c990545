package restorebench.subject;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.processor.StateRestoreListener;

/** Reports what Kafka Streams tells of its restores. That its stores are open it does not tell: the first restore's start comes next. */
final class Restore implements StateRestoreListener {

    private final Events events;
    private final LocalFiles files; // null: nobody asks whether they were wiped
    private final Owned owned;
    private final Copies copies;
    private boolean opened; // was told of the partitions that are restored now
    private final Map<Integer, Long> ends = new ConcurrentHashMap<>();

    Restore(final Events events, final LocalFiles files) {
        this(events, files, null, null);
    }

    /** Of a process that shares its application's partitions with others, and may keep copies of theirs. */
    Restore(final Events events, final Owned owned, final Copies copies) {
        this(events, null, owned, copies);
    }

    private Restore(final Events events, final LocalFiles files, final Owned owned, final Copies copies) {
        this.events = events;
        this.files = files;
        this.owned = owned;
        this.copies = copies;
    }

    @Override
    public void onRestoreStart(final TopicPartition partition, final String store, final long from, final long end) {
        start(partition.partition(), from, end);
    }

    private synchronized void start(final int partition, final long from, final long end) {
        ends.put(partition, end);
        if (owned != null) {
            owned.add(List.of(partition)); // under the protocol streams nothing has told of it yet
            if (copies.promoted(partition) && !opened) {
                opened = true;
                events.emit("opened", "path", "standby");
            }
        }
        final String reason = files != null && files.wiped(partition) ? "partition " + partition + ": Kafka Streams has wiped its files" : "";
        events.emit("restore_start", "partition", partition, "from", from, "to", end, "reason", reason);
    }

    /** Ends a round of restores: those partitions that the process had before and has no more would be restored anew. */
    synchronized void end(final Set<Integer> before, final Set<Integer> now) {
        opened = false;
        before.stream().filter(partition -> !now.contains(partition)).forEach(ends::remove);
    }

    @Override
    public void onBatchRestored(final TopicPartition partition, final String store, final long offset, final long records) {
        // onRestoreEnd has the total. An event per batch would slow the restore down.
    }

    @Override
    public void onRestoreEnd(final TopicPartition partition, final String store, final long records) {
        events.emit("caught_up", "partition", partition.partition(), "offset", ends.get(partition.partition()), "records", records);
    }

    /** Says of the partitions whose stores were up to date that there was nothing to restore. */
    void others(final Iterable<Integer> partitions, final java.util.function.IntToLongFunction endOffset) {
        for (final int partition : partitions) {
            if (!ends.containsKey(partition)) {
                final long end = endOffset.applyAsLong(partition);
                start(partition, end, end);
                events.emit("caught_up", "partition", partition, "offset", end, "records", 0);
            }
        }
    }
}
