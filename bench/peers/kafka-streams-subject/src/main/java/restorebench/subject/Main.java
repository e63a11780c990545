package restorebench.subject;

/** A Kafka Streams application under the harness: its task is in the environment, its events go to a named pipe. */
public final class Main {

    private Main() {
    }

    public static void main(final String[] args) throws Exception {
        try (Events events = new Events(Task.variable("RESTOREBENCH_EVENTS"))) {
            events.emit("hello", "name", "kafka-streams", "version", org.apache.kafka.common.utils.AppInfoParser.getVersion());
            try {
                new Application(Task.fromEnvironment(args), events).run();
            } catch (final Exception e) {
                events.emit("error", "code", "failed", "message", String.valueOf(e));
                throw e;
            }
        }
        System.exit(0); // threads of a failed application must not keep the process
    }
}
