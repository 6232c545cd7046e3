package io.teleproxy.app;

import io.teleproxy.dns.DnsServer;
import io.teleproxy.spi.Cause;
import io.teleproxy.spi.Health;
import java.util.stream.Collectors;

/**
 * Whether the original nameservers answer. Nobody asks them for it: it is what they did with the
 * last queries, looked at when somebody looks.
 */
final class NameserverHealth {
  static final String REMEDY =
      "Names of the tables resolve, others do not. Check network and VPN, or name a nameserver that"
          + " answers with --fallback.";

  private NameserverHealth() {}

  /** Empty while one of them answers, or nobody has asked. */
  static String silence(DnsServer dns) {
    return dns.allSilent().isEmpty()
        ? ""
        : "none of your nameservers answers: "
            + dns.allSilent().stream()
                .map(server -> server.getAddress().getHostAddress())
                .collect(Collectors.joining(", "));
  }

  /** The component {@code dns}, once it is there. */
  static void report(DnsServer dns, Components components) {
    if (components.all().containsKey("dns")) {
      String silence = silence(dns);
      components.report(
          "dns",
          silence.isEmpty()
              ? Health.ready()
              : Health.degraded(silence, REMEDY).because(Cause.NAMESERVERS_SILENT));
    }
  }
}
