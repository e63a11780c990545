package restorebench.subject;

import java.util.Collection;
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
    private final AtomicBoolean assigned = new AtomicBoolean();

    Clients(final Events events) {
        this.events = events;
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
                if (!partitions.isEmpty() && assigned.compareAndSet(false, true)) {
                    events.emit("assigned", "partitions", partitions.stream().map(TopicPartition::partition).sorted().toList());
                }
                listener.onPartitionsAssigned(partitions);
            }

            @Override
            public void onPartitionsRevoked(final Collection<TopicPartition> partitions) {
                listener.onPartitionsRevoked(partitions);
            }

            @Override
            public void onPartitionsLost(final Collection<TopicPartition> partitions) {
                listener.onPartitionsLost(partitions);
            }
        };
    }
}
