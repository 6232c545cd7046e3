package io.teleproxy.plugin.ssh.link;

import io.teleproxy.spi.Tunnel.DialFailure;
import io.teleproxy.spi.Tunnel.DialFailure.Kind;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.sshd.common.SshConstants;

/**
 * What a server's refusal to open a channel means (RFC 4254 §5.1). The reason code says no more
 * than that it could not connect; OpenSSH adds what strerror(3) or gai_strerror(3) say, in English.
 */
final class OpenFailures {
  private static final Map<String, Kind> SAID =
      Map.of(
          "refused", Kind.REFUSED,
          "network is unreachable", Kind.NETWORK_UNREACHABLE,
          "no route to host", Kind.HOST_UNREACHABLE,
          "host is down", Kind.HOST_UNREACHABLE,
          "timed out", Kind.TIMED_OUT,
          "not known", Kind.NAME_NOT_FOUND,
          "name resolution", Kind.NAME_NOT_FOUND,
          "no address associated", Kind.NAME_NOT_FOUND,
          "permission denied", Kind.NOT_ALLOWED);

  private static final List<String> ORDER = SAID.keySet().stream().sorted().toList();

  private OpenFailures() {}

  static DialFailure of(int reason, String message) {
    return new DialFailure(kind(reason, message), "the SSH server says: " + text(reason, message));
  }

  private static Kind kind(int reason, String message) {
    if (reason == SshConstants.SSH_OPEN_ADMINISTRATIVELY_PROHIBITED) {
      return Kind.NOT_ALLOWED;
    }
    String lower = message.toLowerCase(Locale.ROOT);
    for (String part : ORDER) {
      if (lower.contains(part)) {
        return SAID.getOrDefault(part, Kind.GENERAL);
      }
    }
    // Others than OpenSSH say little; of all reasons this is the most likely.
    return reason == SshConstants.SSH_OPEN_CONNECT_FAILED ? Kind.REFUSED : Kind.GENERAL;
  }

  private static String text(int reason, String message) {
    if (reason == SshConstants.SSH_OPEN_ADMINISTRATIVELY_PROHIBITED) {
      return "forwarding is not allowed ("
          + message
          + "): AllowTcpForwarding and PermitOpen in its sshd_config";
    }
    return message.isBlank() ? "reason " + reason : message;
  }
}
