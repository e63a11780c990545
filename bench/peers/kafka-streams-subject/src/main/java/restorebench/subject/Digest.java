package restorebench.subject;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** The sum modulo 2^256 of SHA-256(len(key) key len(value) value) over all entries, lengths as 4 bytes big-endian. */
final class Digest {

    private static final int WORDS = 8;

    private final MessageDigest sha256;
    private final long[] sums = new long[WORDS]; // of 32-bit words, the most significant first; carries are left for the end
    private long count;
    private long bytes;

    Digest() throws NoSuchAlgorithmException {
        sha256 = MessageDigest.getInstance("SHA-256");
    }

    void add(final byte[] key, final byte[] value) {
        sha256.update(ByteBuffer.allocate(4).putInt(0, key.length));
        sha256.update(key);
        sha256.update(ByteBuffer.allocate(4).putInt(0, value.length));
        final ByteBuffer hash = ByteBuffer.wrap(sha256.digest(value));
        for (int i = 0; i < WORDS; i++) {
            sums[i] += Integer.toUnsignedLong(hash.getInt());
        }
        count++;
        bytes += key.length + value.length;
    }

    long count() {
        return count;
    }

    long bytes() {
        return bytes;
    }

    String hex() {
        BigInteger sum = BigInteger.ZERO;
        for (final long word : sums) {
            sum = sum.shiftLeft(32).add(new BigInteger(Long.toUnsignedString(word)));
        }
        return String.format("%064x", sum.mod(BigInteger.ONE.shiftLeft(256)));
    }
}
