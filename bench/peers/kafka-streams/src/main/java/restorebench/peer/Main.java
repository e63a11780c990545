package restorebench.peer;

import java.util.List;

/** The command line: what is done with which stores. */
public final class Main {

    private static final String USAGE = """
        usage: kafka-streams-peer process|dump BROKERS APPLICATION STATE_DIR KEYS_FILE STORE...
          process   applies the operations of the topic APPLICATION-input to the stores, up to its present end
          dump      restores the stores from their changelogs into the empty STATE_DIR and prints what they hold
          KEYS_FILE a key per line in base64, for the stores that can't list theirs (dump; - for none)
          STORE     NAME,TYPE,memory|rocksdb,RETENTION_MS,WINDOW_MS""";

    private Main() {
    }

    public static void main(final String[] args) throws Exception {
        if (args.length < 6) {
            System.err.println(USAGE);
            System.exit(2);
        }
        final List<StoreSpec> stores = List.of(args).subList(5, args.length).stream().map(StoreSpec::parse).toList();
        final Application application = new Application(args[1], args[2], args[3], stores);
        switch (args[0]) {
            case "process" -> application.process();
            case "dump" -> application.dump(args[4], System.out);
            default -> throw new IllegalArgumentException(args[0] + "\n" + USAGE);
        }
    }
}
