package restorebench.peer;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/** Prints entries as JSON lines, bytes as base64. Names and numbers need no escapes. */
final class Entries implements AutoCloseable {

    private final Writer out;

    Entries(final PrintStream out) {
        this.out = new BufferedWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8));
    }

    /** What a type does not have is 0. */
    void add(final String store, final byte[] key, final byte[] value, final long timestamp, final long start, final long end)
        throws IOException {
        final Base64.Encoder base64 = Base64.getEncoder();
        out.write("{\"store\":\"" + store + "\",\"key\":\"" + base64.encodeToString(key)
            + "\",\"value\":\"" + base64.encodeToString(value) + "\",\"timestamp\":" + timestamp
            + ",\"start\":" + start + ",\"end\":" + end + "}\n");
    }

    @Override
    public void close() throws IOException {
        out.flush();
    }
}
