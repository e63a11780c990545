package restorebench.subject;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.processor.StandbyUpdateListener;
import org.apache.kafka.streams.processor.TaskId;

/** Reports how far the copies are that Kafka Streams keeps of partitions that another process owns, and knows which of them it made its own. */
final class Copies implements StandbyUpdateListener {

    private final Events events;
    private final Map<Integer, Long> records = new ConcurrentHashMap<>();
    private final Set<Integer> promoted = ConcurrentHashMap.newKeySet();

    Copies(final Events events) {
        this.events = events;
    }

    @Override
    public void onUpdateStart(final TopicPartition partition, final String store, final long next) {
        promoted.remove(partition.partition());
        records.put(partition.partition(), 0L);
        tell(partition.partition(), next);
    }

    @Override
    public void onBatchLoaded(final TopicPartition partition, final String store, final TaskId task, final long last, final long loaded, final long end) {
        records.merge(partition.partition(), loaded, Long::sum);
        tell(partition.partition(), last + 1);
    }

    @Override
    public void onUpdateSuspended(final TopicPartition partition, final String store, final long last, final long end, final SuspendReason reason) {
        if (reason == SuspendReason.PROMOTED) {
            promoted.add(partition.partition());
        }
    }

    private void tell(final int partition, final long next) {
        events.emit("progress", "partition", partition, "offset", next, "records", records.get(partition));
    }

    /** Whether what a partition is restored from is a copy that was kept until now. */
    boolean promoted(final int partition) {
        return promoted.contains(partition);
    }
}
