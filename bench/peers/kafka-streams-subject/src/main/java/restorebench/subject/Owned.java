package restorebench.subject;

import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** The partitions that a process owns of an application that several share. Each change is an event, with all that it owns then. */
final class Owned {

    private final Events events;
    private final TreeSet<Integer> now = new TreeSet<>();

    Owned(final Events events) {
        this.events = events;
    }

    synchronized void add(final Collection<Integer> partitions) {
        if (now.addAll(partitions)) {
            tell();
        }
    }

    synchronized void remove(final Collection<Integer> partitions) {
        if (now.removeAll(partitions)) {
            tell();
        }
    }

    synchronized void set(final Collection<Integer> partitions) {
        if (!now.equals(Set.copyOf(partitions))) {
            now.clear();
            now.addAll(partitions);
            tell();
        }
    }

    private void tell() {
        events.emit("assigned", "partitions", List.copyOf(now));
        notifyAll();
    }

    synchronized boolean is(final Set<Integer> partitions) {
        return now.equals(partitions);
    }

    /** Waits until the partitions are others than these, and returns them. */
    synchronized Set<Integer> otherThan(final Set<Integer> partitions) throws InterruptedException {
        while (now.equals(partitions)) {
            wait();
        }
        return new TreeSet<>(now);
    }
}
