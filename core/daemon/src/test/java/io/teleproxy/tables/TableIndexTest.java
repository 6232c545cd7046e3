package io.teleproxy.tables;

import static org.assertj.core.api.Assertions.assertThat;

import io.teleproxy.spi.Ports;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.spi.Table;
import io.teleproxy.spi.Table.Part;
import io.teleproxy.spi.TrieMap;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;

class TableIndexTest {
  private static final List<String> ZONES = List.of("cluster.local", "Other.");

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void changesLeadToWhatBuildingFromNothingLeadsTo(long seed) throws Exception {
    Random random = new Random(seed);
    Table table = new Table("t", ZONES, TrieMap.empty(), true);
    TableIndex index = TableIndex.of(table);
    for (int step = 0; step < 300; step++) {
      TrieMap<String, Part> parts = table.parts();
      for (int i = random.nextInt(4); i >= 0; i--) {
        String key = "part" + random.nextInt(12);
        parts = random.nextInt(3) == 0 ? parts.without(key) : parts.with(key, part(random));
      }
      TableIndex before = index;
      List<String> told = told(before);
      table = table.with(parts);
      index = index.with(table);

      assertThat(told(index)).isEqualTo(told(TableIndex.of(table)));
      assertThat(index.routes()).isEqualTo(TableIndex.of(table).routes());
      assertThat(told(before)).isEqualTo(told);
    }
  }

  private static Part part(Random random) {
    List<Route> routes = new ArrayList<>();
    List<String> records = new ArrayList<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      String ip = "10.0.0." + random.nextInt(6) + (random.nextInt(4) == 0 ? "/31" : "");
      Prefix prefix = Prefix.parse(ip);
      String name = prefix.isHost() && random.nextBoolean() ? name(random) : "";
      Protocol protocol = random.nextBoolean() ? Protocol.TCP : Protocol.UDP;
      Ports ports = random.nextBoolean() ? Ports.ALL : Ports.of(80 + random.nextInt(3));
      routes.add(
          random.nextBoolean()
              ? Route.reject(name, protocol, prefix, ports)
              : Route.divert(name, protocol, prefix, ports, 1000 + random.nextInt(2)));
    }
    for (int i = random.nextInt(4); i > 0; i--) {
      records.add(name(random) + ". 5 IN TXT " + random.nextInt(3));
    }
    return new Part(routes, records);
  }

  private static String name(Random random) {
    String[] domains = {"a.svc.cluster.local", "svc.cluster.local", "other", "elsewhere"};
    String domain = domains[random.nextInt(domains.length)];
    return switch (random.nextInt(3)) {
      case 0 -> "N" + random.nextInt(3) + "." + domain;
      case 1 -> "x.n" + random.nextInt(3) + "." + domain;
      default -> "n." + domain;
    };
  }

  /** Everything that the index says of any name that there can be. */
  private static List<String> told(TableIndex index) throws Exception {
    List<String> told = new ArrayList<>();
    for (String domain :
        List.of(
            "cluster.local", "svc.cluster.local", "a.svc.cluster.local", "other", "elsewhere")) {
      tell(index, domain, told);
      for (String label : List.of("n", "n0", "n1", "n2", "x.n0", "x.n1", "x.n2")) {
        tell(index, label + "." + domain, told);
      }
    }
    return told;
  }

  private static void tell(TableIndex index, String name, List<String> told) throws Exception {
    Node node = index.find(name);
    if (node != null) {
      List<Record> records = node.records(Name.fromString(name + "."), 5);
      told.add(name + " " + records);
    }
  }
}
