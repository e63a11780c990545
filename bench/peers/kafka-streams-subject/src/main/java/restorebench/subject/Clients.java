package restorebench.subject;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.streams.processor.internals.DefaultKafkaClientSupplier;

/** Kafka Streams' own clients, of which the main consumer tells when the group has given it partitions. */
final class Clients extends DefaultKafkaClientSupplier {

    private final Events events;
    private final Owned owned;
    private final AtomicBoolean assigned = new AtomicBoolean();

    /** Where owned is null, all partitions are of this process, and are told once. */
    Clients(final Events events, final Owned owned) {
        this.events = events;
        this.owned = owned;
    }

    @Override
    public Consumer<byte[], byte[]> getConsumer(final Map<String, Object> config) {
        return new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer()) {
            @Override
            public void subscribe(final Collection<String> topics, final ConsumerRebalanceListener listener) {
                super.subscribe(topics, reporting(listener));
            }

            @Override
            public void subscribe(final java.util.regex.Pattern topics, final ConsumerRebalanceListener listener) {
                super.subscribe(topics, reporting(listener));
            }
        };
    }

    private ConsumerRebalanceListener reporting(final ConsumerRebalanceListener listener) {
        return new ConsumerRebalanceListener() {
            @Override
            public void onPartitionsAssigned(final Collection<TopicPartition> partitions) {
                if (owned != null) {
                    owned.add(numbers(partitions));
                } else if (!partitions.isEmpty() && assigned.compareAndSet(false, true)) {
                    events.emit("assigned", "partitions", numbers(partitions));
                }
                listener.onPartitionsAssigned(partitions);
            }

            @Override
            public void onPartitionsRevoked(final Collection<TopicPartition> partitions) {
                lose(partitions);
                listener.onPartitionsRevoked(partitions);
            }

            @Override
            public void onPartitionsLost(final Collection<TopicPartition> partitions) {
                lose(partitions);
                listener.onPartitionsLost(partitions);
            }

            private void lose(final Collection<TopicPartition> partitions) {
                if (owned != null) {
                    owned.remove(numbers(partitions));
                }
            }
        };
    }

    private static List<Integer> numbers(final Collection<TopicPartition> partitions) {
        return partitions.stream().map(TopicPartition::partition).sorted().toList();
    }
}
