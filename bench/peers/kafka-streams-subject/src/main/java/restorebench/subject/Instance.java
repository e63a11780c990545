package restorebench.subject;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;

/**
 * One of several processes of the application, which share its partitions by their group. It tells what it owns whenever that changes, restores what
 * it gains, and does what the harness says on standard input.
 */
final class Instance {

    private static final String GO = "go";
    private static final long CLEANUP_MS = 500;

    private final Task task;
    private final Events events;
    private final Application application;
    private final Owned owned;
    private final Copies copies;
    private final Restore restore;
    private final AtomicReference<List<Task.Read>> firstReads = new AtomicReference<>(List.of());

    Instance(final Task task, final Events events, final Application application) {
        this.task = task;
        this.events = events;
        this.application = application;
        owned = new Owned(events);
        copies = new Copies(events);
        restore = new Restore(events, owned, copies);
    }

    void run() throws Exception {
        final BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        if (task.config().await() && !awaitGo(in)) {
            return;
        }
        firstReads.set(task.config().firstReads());
        try (KafkaStreams streams = application.streams(new Clients(events, owned))) {
            streams.setUncaughtExceptionHandler(e -> {
                failed(e);
                return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
            });
            streams.setGlobalStateRestoreListener(restore);
            streams.setStandbyUpdateListener(copies);
            streams.setStateListener((now, before) -> {
                if (now == KafkaStreams.State.RUNNING) {
                    owned.set(tasks(streams)); // all protocols tell it here, at the latest
                }
            });
            streams.start();
            final Thread serving = new Thread(() -> serve(streams), "serve");
            serving.setDaemon(true);
            serving.start();
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                answer(streams, line);
            }
        }
    }

    /** What an application of several processes sets. */
    static void settings(final Properties p, final Task.Config config) {
        // Else the first one to join is given everything, and keeps it for ten minutes: nobody else would be as far.
        p.put(StreamsConfig.ACCEPTABLE_RECOVERY_LAG_CONFIG, Long.MAX_VALUE);
        if (config.standby()) {
            p.put(StreamsConfig.NUM_STANDBY_REPLICAS_CONFIG, 1);
        } else if (config.group().instanceId() == null) {
            p.put(StreamsConfig.STATE_CLEANUP_DELAY_MS_CONFIG, CLEANUP_MS); // so that who takes over has no files of before
        }
    }

    /** Waits until Kafka Streams has removed the files of partitions that the process does not own any more, if some were its own for a moment. */
    private void awaitRemoved(final Set<Integer> mine) throws InterruptedException {
        if (task.config().standby() || task.config().group().instanceId() != null) {
            return;
        }
        for (final int partition : task.config().partitions()) {
            while (!mine.contains(partition) && owned.is(mine) && Files.exists(Path.of(task.stateDir(), task.application(), "0_" + partition))) {
                Thread.sleep(1);
            }
        }
    }

    /** Says whether the harness wants it to join the group: it has all processes do so at the same time. */
    private static boolean awaitGo(final BufferedReader in) throws IOException {
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            if (line.equals(GO)) {
                return true;
            }
        }
        return false;
    }

    private void failed(final Throwable e) {
        events.emit("error", "code", "failed", "message", String.valueOf(e));
    }

    private static Set<Integer> tasks(final KafkaStreams streams) {
        final Set<Integer> partitions = new TreeSet<>();
        streams.metadataForLocalThreads().forEach(thread -> thread.activeTasks().forEach(active -> partitions.add(active.taskId().partition())));
        return partitions;
    }

    /** Follows what the process owns: tells when all of it is restored, and reads a key of what came last. */
    private void serve(final KafkaStreams streams) {
        Set<Integer> served = Set.of();
        try {
            while (true) {
                final Set<Integer> mine = owned.otherThan(served);
                if (!application.awaitStores(streams, mine, () -> owned.is(mine))) {
                    continue; // they are others already
                }
                final Set<Integer> gained = new TreeSet<>(mine);
                gained.removeAll(served);
                restore.others(gained, application::endOffset);
                restore.end(served, mine);
                awaitRemoved(mine);
                events.emit("ready");
                application.firstRead(streams, first(gained));
                served = mine;
            }
        } catch (final Exception e) {
            if (streams.state().isRunningOrRebalancing()) {
                failed(e);
            }
        }
    }

    /** The read that shows that partitions are served, null where there is none to do. */
    private Task.Read first(final Collection<Integer> gained) {
        return firstReads.get().stream().filter(read -> gained.contains(read.partition())).findFirst().orElse(null);
    }

    private void answer(final KafkaStreams streams, final String line) throws Exception {
        final Task.Config asked = Task.config(line);
        if (!asked.firstReads().isEmpty()) {
            firstReads.set(asked.firstReads());
        }
        if (!asked.digest()) {
            return;
        }
        final Set<Integer> mine = tasks(streams);
        final List<Task.Read> reads = new ArrayList<>();
        if (asked.reads() != null) {
            asked.reads().stream().filter(read -> mine.contains(read.partition())).forEach(reads::add);
        }
        application.answer(streams, mine, reads);
    }
}
