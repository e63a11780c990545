package restorebench.subject;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.processor.StateRestoreListener;

/** Reports what Kafka Streams tells of its restores. That its stores are open it does not tell: the first restore's start comes next. */
final class Restore implements StateRestoreListener {

    private final Events events;
    private final Map<Integer, Long> ends = new ConcurrentHashMap<>();

    Restore(final Events events) {
        this.events = events;
    }

    @Override
    public void onRestoreStart(final TopicPartition partition, final String store, final long from, final long end) {
        ends.put(partition.partition(), end);
        events.emit("restore_start", "partition", partition.partition(), "from", from, "to", end);
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
                events.emit("restore_start", "partition", partition, "from", end, "to", end);
                events.emit("caught_up", "partition", partition, "offset", end, "records", 0);
            }
        }
    }
}
