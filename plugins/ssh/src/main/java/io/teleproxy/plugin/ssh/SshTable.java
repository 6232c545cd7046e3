package io.teleproxy.plugin.ssh;

import io.teleproxy.spi.Ports;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.spi.Table;
import java.util.ArrayList;
import java.util.List;

/**
 * What is sent to the server, as a table: TCP of all ports goes there, UDP, of which SSH knows
 * nothing, is refused at once rather than sent past it.
 */
final class SshTable {
  static final String NAME = "ssh";

  /**
   * What means this machine, its link, or everybody: loopback, link-local, multicast, broadcast.
   */
  private static final List<Prefix> NEVER =
      List.of(
          Prefix.parse("0.0.0.0/8"),
          Prefix.parse("127.0.0.0/8"),
          Prefix.parse("169.254.0.0/16"),
          Prefix.parse("224.0.0.0/3"),
          Prefix.parse("::/128"),
          Prefix.parse("::1/128"),
          Prefix.parse("fe80::/10"),
          Prefix.parse("ff00::/8"));

  private SshTable() {}

  static Table of(SshSettings settings, int target) {
    List<Route> routes = new ArrayList<>();
    for (Prefix prefix : sent(settings)) {
      routes.add(Route.divert("", Protocol.TCP, prefix, Ports.ALL, target));
      routes.add(Route.reject("", Protocol.UDP, prefix, Ports.ALL));
    }
    return new Table(NAME, routes);
  }

  private static List<Prefix> sent(SshSettings settings) {
    List<Prefix> sent = settings.cidrs();
    List<Prefix> excluded = new ArrayList<>(NEVER);
    excluded.addAll(settings.excluded());
    for (Prefix out : excluded) {
      List<Prefix> rest = new ArrayList<>();
      sent.forEach(prefix -> rest.addAll(prefix.without(out)));
      sent = rest;
    }
    return sent.stream().distinct().toList();
  }
}
