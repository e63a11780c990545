package restorebench.subject;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.common.config.SaslConfigs;
import org.apache.kafka.common.config.SslConfigs;

/** What secures the clients' connections: the harness has it by librdkafka's names, with passwords as file:PATH or env:NAME. */
final class Security {

    private Security() {
    }

    /** By Java's names. A setting that has no counterpart here is an error: the harness does not send one. */
    static Map<String, String> of(final Map<String, String> client) throws IOException {
        final Map<String, String> java = new HashMap<>();
        final Map<String, String> left = new TreeMap<>(client == null ? Map.of() : client);
        final String user = left.remove("sasl.username");
        final String password = secret(left.remove("sasl.password"));
        String mechanism = left.remove("sasl.mechanism");
        mechanism = left.containsKey("sasl.mechanisms") ? left.remove("sasl.mechanisms") : mechanism;
        put(java, SaslConfigs.SASL_MECHANISM, mechanism);
        if (user != null && password != null) {
            java.put(SaslConfigs.SASL_JAAS_CONFIG, login(mechanism) + " required username=" + quoted(user) + " password=" + quoted(password) + ";");
        }
        final String protocol = left.remove("security.protocol");
        put(java, CommonClientConfigs.SECURITY_PROTOCOL_CONFIG, protocol == null ? null : protocol.toUpperCase(Locale.ROOT));
        final String identification = left.remove("ssl.endpoint.identification.algorithm");
        put(java, SslConfigs.SSL_ENDPOINT_IDENTIFICATION_ALGORITHM_CONFIG, "none".equals(identification) ? "" : identification);
        final String authority = left.remove("ssl.ca.location");
        if (authority != null) {
            java.put(SslConfigs.SSL_TRUSTSTORE_TYPE_CONFIG, "PEM");
            java.put(SslConfigs.SSL_TRUSTSTORE_LOCATION_CONFIG, authority);
        }
        final String certificate = left.remove("ssl.certificate.location");
        if (certificate != null) {
            java.put(SslConfigs.SSL_KEYSTORE_TYPE_CONFIG, "PEM");
            java.put(SslConfigs.SSL_KEYSTORE_CERTIFICATE_CHAIN_CONFIG, Files.readString(Path.of(certificate)));
        }
        final String key = left.remove("ssl.key.location");
        put(java, SslConfigs.SSL_KEYSTORE_KEY_CONFIG, key == null ? null : Files.readString(Path.of(key)));
        put(java, SslConfigs.SSL_KEY_PASSWORD_CONFIG, secret(left.remove("ssl.key.password")));
        if (!left.isEmpty()) {
            throw new IllegalArgumentException("client settings without a counterpart in Java: " + left.keySet());
        }
        return java;
    }

    private static void put(final Map<String, String> java, final String name, final String value) {
        if (value != null) {
            java.put(name, value);
        }
    }

    private static String login(final String mechanism) {
        return "org.apache.kafka.common.security." + ("PLAIN".equals(mechanism) ? "plain.PlainLoginModule" : "scram.ScramLoginModule");
    }

    private static String quoted(final String value) {
        return '"' + value.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    private static String secret(final String reference) throws IOException {
        if (reference == null) {
            return null;
        }
        if (reference.startsWith("env:")) {
            return Task.variable(reference.substring("env:".length()));
        }
        return Files.readString(Path.of(reference.substring("file:".length()))).replaceFirst("\r?\n\\z", "");
    }
}
