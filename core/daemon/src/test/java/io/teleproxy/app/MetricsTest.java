package io.teleproxy.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.teleproxy.dns.DnsCounters;
import io.teleproxy.proxy.Counters;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Table;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class MetricsTest {
  /** A line of the text format 0.0.4: name, labels whose values are escaped, value. */
  private static final Pattern SAMPLE =
      Pattern.compile(
          "([a-zA-Z_:][a-zA-Z0-9_:]*)"
              + "(\\{([a-zA-Z_][a-zA-Z0-9_]*=\"([^\"\\\\\\n]|\\\\[\\\\\"n])*\",?)+\\})?"
              + " (-?[0-9.e+]+)");

  private final String text =
      Metrics.text(
          Map.of("dns", Health.ready(), "a\"b\\c\nd", Health.failed("no", "mend it")),
          Map.of(
              "tunnel kubernetes",
              Map.of("mode", "agent", "round-trip-ms", "2.17", "reconnects", "17"),
              "tunnel nonsense",
              Map.of("round-trip-ms", "1\nno_metric 1", "reconnects", "-")),
          new Counters(1, 2, 3, 4, 5, 6, 7, 8, 9),
          new DnsCounters(10, 11, 12, 13, 14, 15),
          List.of(new Table("plain", List.of())),
          16);

  /** What {@code promtool check metrics} looks at. */
  @Test
  void theTextIsOfTheFormatAndTheNamesAreByConvention() {
    assertThat(text).endsWith("\n");
    Map<String, String> types = new TreeMap<>();
    Set<String> helped = new HashSet<>();
    Set<String> seen = new HashSet<>();
    for (String line : text.lines().toList()) {
      String[] words = line.split(" ", 4);
      if (line.startsWith("# HELP ")) {
        assertThat(helped.add(words[2])).as(line).isTrue();
        assertThat(words[3]).as(line).endsWith(".");
      } else if (line.startsWith("# TYPE ")) {
        assertThat(helped).as(line).contains(words[2]);
        assertThat(types.put(words[2], words[3])).as(line).isNull();
        assertThat(words[3]).as(line).isIn("counter", "gauge");
        assertThat(words[2].endsWith("_total")).as(line).isEqualTo(words[3].equals("counter"));
        assertThat(words[2]).startsWith("teleproxy_");
      } else {
        Matcher sample = SAMPLE.matcher(line);
        assertThat(sample.matches()).as(line).isTrue();
        assertThat(types).as(line).containsKey(sample.group(1));
        assertThat(seen.add(line.substring(0, line.lastIndexOf(' ')))).as(line).isTrue();
      }
    }
    assertThat(types.keySet()).isEqualTo(new TreeSet<>(helped));
  }

  @Test
  void everyNumberIsWhereItBelongs() {
    assertThat(text.lines())
        .contains(
            "teleproxy_component_ready{component=\"dns\"} 1",
            "teleproxy_component_ready{component=\"a\\\"b\\\\c\\nd\"} 0",
            "teleproxy_tunnel_round_trip_seconds{component=\"tunnel kubernetes\"} 0.00217",
            "teleproxy_tunnel_reconnects_total{component=\"tunnel kubernetes\"} 17",
            "teleproxy_connections_accepted_total 1",
            "teleproxy_connections_refused_total{why=\"dropped\"} 2",
            "teleproxy_connections_refused_total{why=\"rejected\"} 3",
            "teleproxy_connections_ended_total{how=\"failed\"} 4",
            "teleproxy_connections_ended_total{how=\"closed\"} 5",
            "teleproxy_connections_ended_total{how=\"reset\"} 6",
            "teleproxy_connections_open 7",
            "teleproxy_bytes_total{direction=\"up\"} 8",
            "teleproxy_bytes_total{direction=\"down\"} 9",
            "teleproxy_dns_queries_total 10",
            "teleproxy_dns_answers_total{by=\"tables\"} 11",
            "teleproxy_dns_answers_total{by=\"nameserver\"} 12",
            "teleproxy_dns_answers_total{by=\"nobody\"} 13",
            "teleproxy_dns_malformed_total 14",
            "teleproxy_dns_in_flight 15",
            "teleproxy_intercepted_destinations 16",
            "teleproxy_routes{table=\"plain\"} 0");
  }

  /** Whoever is a bridge says what it likes; what is no number is left out. */
  @Test
  void whatIsNoNumberIsNotShown() {
    assertThat(text).doesNotContain("nonsense", "no_metric");
  }

  @Test
  void allAreDocumentedWithTheirLabels() throws IOException {
    Set<String> told = new TreeSet<>();
    text.lines()
        .filter(line -> !line.startsWith("#"))
        .map(line -> line.replaceAll("=\"([^\"\\\\]|\\\\.)*\"", "").replaceAll(" [^ ]*$", ""))
        .forEach(told::add);
    Set<String> documented = new TreeSet<>();
    Matcher names =
        Pattern.compile("`(teleproxy_[a-z_]+(\\{[a-z,]+\\})?)`")
            .matcher(Files.readString(Path.of("../../docs/operations.md")));
    while (names.find()) {
      documented.add(names.group(1));
    }
    assertThat(told).isEqualTo(documented);
  }
}
