package restorebench.peer;

import java.nio.ByteBuffer;

/**
 * One write, as a record of the input topic spells it: the key is the store's name, the value is
 * timestamp(8) start(8) end(8) present(1) keyLength(4) key value, integers big-endian.
 *
 * @param timestamp of the record in the changelog, in ms. It stands here because not every producer can write each one
 * @param start     of the window or session
 * @param end       of the session
 * @param value     null deletes
 */
record Operation(long timestamp, long start, long end, byte[] key, byte[] value) {

    static Operation deserialize(final String topic, final byte[] bytes) {
        final ByteBuffer in = ByteBuffer.wrap(bytes);
        final long timestamp = in.getLong();
        final long start = in.getLong();
        final long end = in.getLong();
        final boolean present = in.get() != 0;
        final byte[] key = take(in, in.getInt());
        final byte[] value = take(in, in.remaining());
        return new Operation(timestamp, start, end, key, present ? value : null);
    }

    private static byte[] take(final ByteBuffer in, final int length) {
        final byte[] out = new byte[length];
        in.get(out);
        return out;
    }
}
