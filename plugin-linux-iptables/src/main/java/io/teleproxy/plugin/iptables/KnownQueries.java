package io.teleproxy.plugin.iptables;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes conntrack forget UDP flows to nameservers. The nat table is asked once per flow: a program
 * that keeps one socket to its nameserver would else stay on the way it had, before us or after us,
 * until the entry expires. Needs conntrack(8); without it only such programs notice.
 */
final class KnownQueries {
  private static final Logger log = LoggerFactory.getLogger(KnownQueries.class);

  /** How long conntrack(8) may take. */
  static final Duration TIMEOUT = Duration.ofSeconds(2);

  private final CommandRunner runner;
  private final String conntrack;

  /**
   * @param conntrack path of conntrack(8); empty if there is none
   */
  KnownQueries(CommandRunner runner, String conntrack) {
    this.runner = runner;
    this.conntrack = conntrack;
  }

  void forget(Collection<InetAddress> nameservers) {
    if (conntrack.isEmpty()) {
      return;
    }
    for (InetAddress nameserver : nameservers) {
      try {
        // Exit status 1 means that there was nothing to delete.
        runner.run(
            List.of(
                conntrack,
                "-D",
                "-f",
                nameserver instanceof Inet6Address ? "ipv6" : "ipv4",
                "-p",
                "udp",
                "--orig-dst",
                AddressText.of(nameserver),
                "--orig-port-dst",
                "53"));
      } catch (IOException e) {
        log.debug("linux-iptables: conntrack entries of {} stay: {}", nameserver, e.getMessage());
      }
    }
  }
}
