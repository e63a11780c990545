package restorebench.subject;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** The subject's side of the event protocol: a JSON object per line. */
final class Events implements AutoCloseable {

    private final ObjectMapper json = new ObjectMapper();
    private final OutputStream pipe;

    Events(final String path) throws IOException {
        pipe = new FileOutputStream(path);
    }

    /** Writes one event; fields are names and values in turn. */
    synchronized void emit(final String event, final Object... fields) {
        final Map<String, Object> line = new LinkedHashMap<>();
        line.put("event", event);
        for (int i = 0; i < fields.length; i += 2) {
            line.put((String) fields[i], fields[i + 1]);
        }
        try {
            pipe.write((json.writeValueAsString(line) + "\n").getBytes(StandardCharsets.UTF_8));
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        pipe.close();
    }
}
