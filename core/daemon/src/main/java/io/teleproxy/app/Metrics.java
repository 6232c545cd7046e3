package io.teleproxy.app;

import io.teleproxy.dns.DnsCounters;
import io.teleproxy.proxy.Counters;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Table;
import java.util.Locale;
import java.util.Map;

/**
 * The daemon's numbers in Prometheus' text format, version 0.0.4. The names are documented in
 * docs/operations.md.
 */
final class Metrics {
  private final StringBuilder text = new StringBuilder();

  private Metrics() {}

  static String text(Interception opened, Components components) {
    Metrics metrics = new Metrics();
    metrics.components(components.all());
    metrics.connections(opened.proxy().counters());
    metrics.dns(opened.dns().counters());
    metrics.head("teleproxy_routes", "gauge", "Routes by table.");
    for (Table table : opened.tables().tables()) {
      metrics.line("teleproxy_routes{table=\"" + table.name() + "\"}", table.routeCount());
    }
    metrics.single(
        "teleproxy_intercepted_destinations", "gauge", "Rules of the firewall.", opened.rules());
    metrics.single(
        "teleproxy_heap_bytes",
        "gauge",
        "Heap in use, garbage included.",
        Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory());
    return metrics.text.toString();
  }

  private void components(Map<String, Health> all) {
    head("teleproxy_component_ready", "gauge", "1 for a component that is ready, else 0.");
    all.forEach(
        (name, health) ->
            line(
                "teleproxy_component_ready{component=\""
                    + name
                    + "\",state=\""
                    + health.state().name().toLowerCase(Locale.ROOT)
                    + "\"}",
                health.state() == Health.State.READY ? 1 : 0));
  }

  private void connections(Counters now) {
    single("teleproxy_connections_open", "gauge", "Flows that live now.", now.live());
    single("teleproxy_connections_accepted_total", "counter", "Connections taken.", now.accepted());
    head("teleproxy_connections_ended_total", "counter", "Flows that have ended, by how.");
    line("teleproxy_connections_ended_total{how=\"closed\"}", now.closed());
    line("teleproxy_connections_ended_total{how=\"reset\"}", now.reset());
    line("teleproxy_connections_ended_total{how=\"failed\"}", now.failed());
    head(
        "teleproxy_connections_refused_total",
        "counter",
        "Connections reset without being carried: by a route, or because none covers them.");
    line("teleproxy_connections_refused_total{why=\"rejected\"}", now.rejected());
    line("teleproxy_connections_refused_total{why=\"dropped\"}", now.dropped());
    head("teleproxy_bytes_total", "counter", "Bytes carried.");
    line("teleproxy_bytes_total{direction=\"up\"}", now.bytesUp());
    line("teleproxy_bytes_total{direction=\"down\"}", now.bytesDown());
  }

  private void dns(DnsCounters now) {
    single("teleproxy_dns_queries_total", "counter", "Queries received.", now.queries());
    head("teleproxy_dns_answers_total", "counter", "Queries by who answered.");
    line("teleproxy_dns_answers_total{by=\"tables\"}", now.local());
    line("teleproxy_dns_answers_total{by=\"nameserver\"}", now.relayed());
    line("teleproxy_dns_answers_total{by=\"nobody\"}", now.failed());
    single("teleproxy_dns_malformed_total", "counter", "Queries not understood.", now.malformed());
    single("teleproxy_dns_in_flight", "gauge", "Queries that wait for others.", now.inFlight());
  }

  private void single(String name, String type, String help, long value) {
    head(name, type, help);
    line(name, value);
  }

  private void head(String name, String type, String help) {
    text.append("# HELP ").append(name).append(' ').append(help).append('\n');
    text.append("# TYPE ").append(name).append(' ').append(type).append('\n');
  }

  private void line(String name, long value) {
    text.append(name).append(' ').append(value).append('\n');
  }
}
