package io.teleproxy.app;

import io.teleproxy.dns.DnsCounters;
import io.teleproxy.proxy.Counters;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Table;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * The daemon's numbers in Prometheus' text format, version 0.0.4. The names are documented in
 * docs/operations.md.
 */
final class Metrics {
  /** What is taken for a number; a bridge may say anything. */
  private static final Pattern NUMBER = Pattern.compile("[0-9]{1,15}(\\.[0-9]{1,6})?");

  private final StringBuilder text = new StringBuilder();

  private Metrics() {}

  static String text(Interception opened, Components components) {
    return text(
        components.all(),
        components.allDetails(),
        opened.proxy().counters(),
        opened.dns().counters(),
        opened.tables().tables(),
        opened.rules());
  }

  /**
   * All of them.
   *
   * @param components health by name
   * @param details what components say of themselves, by name ({@code Tunnel.Context.details})
   * @param rules how many destinations the firewall leads to us
   */
  static String text(
      Map<String, Health> components,
      Map<String, Map<String, String>> details,
      Counters connections,
      DnsCounters dns,
      List<Table> tables,
      long rules) {
    Metrics metrics = new Metrics();
    metrics.components(components);
    metrics.said(
        details,
        "round-trip-ms",
        3,
        "teleproxy_tunnel_round_trip_seconds",
        "gauge",
        "Shortest of the last round trips to the tunnel's far end.");
    metrics.said(
        details,
        "reconnects",
        0,
        "teleproxy_tunnel_reconnects_total",
        "counter",
        "Connections of the tunnel that were replaced.");
    metrics.connections(connections);
    metrics.dns(dns);
    metrics.head("teleproxy_routes", "gauge", "Routes by table.");
    tables.forEach(
        table -> metrics.line("teleproxy_routes", "table", table.name(), table.routeCount()));
    metrics.single("teleproxy_intercepted_destinations", "gauge", "Rules of the firewall.", rules);
    metrics.single(
        "teleproxy_heap_bytes",
        "gauge",
        "Heap in use, garbage included.",
        Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory());
    return metrics.text.toString();
  }

  private void components(Map<String, Health> all) {
    head("teleproxy_component_ready", "gauge", "1 for a component that is ready, else 0.");
    new TreeMap<>(all)
        .forEach(
            (name, health) ->
                line(
                    "teleproxy_component_ready",
                    "component",
                    name,
                    health.state() == Health.State.READY ? 1 : 0));
  }

  /**
   * One of the numbers that components say of themselves; those that do not are left out.
   *
   * @param places by which the decimal point moves, to the unit of the metric
   */
  private void said(
      Map<String, Map<String, String>> details,
      String key,
      int places,
      String name,
      String type,
      String help) {
    boolean first = true;
    for (Map.Entry<String, Map<String, String>> component : new TreeMap<>(details).entrySet()) {
      String value = component.getValue().getOrDefault(key, "");
      if (NUMBER.matcher(value).matches()) {
        if (first) {
          head(name, type, help);
        }
        first = false;
        line(
            name,
            "component",
            component.getKey(),
            new BigDecimal(value).movePointLeft(places).toPlainString());
      }
    }
  }

  private void connections(Counters now) {
    single("teleproxy_connections_open", "gauge", "Flows that live now.", now.live());
    single("teleproxy_connections_accepted_total", "counter", "Connections taken.", now.accepted());
    String ended = "teleproxy_connections_ended_total";
    head(ended, "counter", "Flows that have ended, by how.");
    line(ended, "how", "closed", now.closed());
    line(ended, "how", "reset", now.reset());
    line(ended, "how", "failed", now.failed());
    String refused = "teleproxy_connections_refused_total";
    head(
        refused,
        "counter",
        "Connections reset without being carried: by a route, or because none covers them.");
    line(refused, "why", "rejected", now.rejected());
    line(refused, "why", "dropped", now.dropped());
    String bytes = "teleproxy_bytes_total";
    head(bytes, "counter", "Bytes carried.");
    line(bytes, "direction", "up", now.bytesUp());
    line(bytes, "direction", "down", now.bytesDown());
  }

  private void dns(DnsCounters now) {
    single("teleproxy_dns_queries_total", "counter", "Queries received.", now.queries());
    String answers = "teleproxy_dns_answers_total";
    head(answers, "counter", "Queries by who answered.");
    line(answers, "by", "tables", now.local());
    line(answers, "by", "nameserver", now.relayed());
    line(answers, "by", "nobody", now.failed());
    single("teleproxy_dns_malformed_total", "counter", "Queries not understood.", now.malformed());
    single("teleproxy_dns_in_flight", "gauge", "Queries that wait for others.", now.inFlight());
  }

  private void single(String name, String type, String help, long value) {
    head(name, type, help);
    text.append(name).append(' ').append(value).append('\n');
  }

  private void head(String name, String type, String help) {
    text.append("# HELP ").append(name).append(' ').append(help).append('\n');
    text.append("# TYPE ").append(name).append(' ').append(type).append('\n');
  }

  /** Components of a bridge are named by whoever is one, with whatever characters. */
  private void line(String name, String label, String labelled, long value) {
    line(name, label, labelled, Long.toString(value));
  }

  private void line(String name, String label, String labelled, String value) {
    text.append(name).append('{').append(label).append("=\"");
    text.append(labelled.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n"));
    text.append("\"} ").append(value).append('\n');
  }
}
