package io.teleproxy.tables;

import static org.assertj.core.api.Assertions.assertThat;

import io.teleproxy.spi.Ports;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.spi.Table;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;

class SnapshotTest {
  private final TableStore store = new TableStore();

  @Test
  void aRoutesNameResolvesToItsAddress() throws Exception {
    store.put(new Table("t", List.of(divert("Web.Shop.", "10.0.0.1", "", 1))));
    assertThat(records("web.shop")).containsExactly("web.shop.\t\t5\tIN\tA\t10.0.0.1");
    assertThat(store.latest().nodes("shop")).isEmpty();
  }

  @Test
  void namesAboveARecordInAZoneAreEmptyNonTerminals() throws Exception {
    store.put(
        new Table(
            "t",
            List.of("cluster.local"),
            List.of(),
            List.of("a.b.svc.cluster.local. 5 IN TXT x"),
            true));
    assertThat(store.latest().nodes("b.svc.cluster.local")).hasSize(1);
    assertThat(records("svc.cluster.local")).isEmpty();
    assertThat(store.latest().nodes("cluster.local")).hasSize(1);
    assertThat(store.latest().nodes("local")).isEmpty();
  }

  @Test
  void findsTheClosestZone() {
    store.put(new Table("a", List.of("local"), List.of(), List.of(), true));
    store.put(Table.pending("b", List.of("Cluster.local.")));
    assertThat(store.latest().zone("x.cluster.local"))
        .contains(new Snapshot.Zone("cluster.local", false));
    assertThat(store.latest().zone("x.local")).contains(new Snapshot.Zone("local", true));
    assertThat(store.latest().zone("mylocal")).isEmpty();
  }

  @Test
  void theMostSpecificRouteDecides() {
    store.put(
        new Table(
            "a",
            List.of(
                divert("", "10.0.0.0/8", "", 1),
                Route.reject("", Protocol.TCP, Prefix.parse("10.0.0.1"), Ports.ALL),
                divert("", "10.0.0.1", "80", 2))));
    store.put(new Table("b", List.of(divert("", "10.0.0.0/24", "", 3))));
    assertThat(target("10.0.0.1", 80)).isEqualTo(new Route.Action.Divert(2));
    assertThat(target("10.0.0.1", 81)).isEqualTo(new Route.Action.Reject());
    assertThat(target("10.0.0.2", 81)).isEqualTo(new Route.Action.Divert(3));
    assertThat(target("10.9.0.2", 81)).isEqualTo(new Route.Action.Divert(1));
    assertThat(store.latest().route(Protocol.TCP, Prefix.parseAddress("11.0.0.1"), 80)).isEmpty();
    assertThat(store.latest().route(Protocol.UDP, Prefix.parseAddress("10.0.0.1"), 80)).isEmpty();
  }

  @Test
  void aTableOfTheSameNameReplacesTheWholeTable() {
    store.put(new Table("t", List.of(divert("one", "10.0.0.1", "", 1))));
    store.put(new Table("t", List.of(divert("two", "10.0.0.2", "", 1))));
    assertThat(store.latest().nodes("one")).isEmpty();
    assertThat(store.latest().nodes("two")).hasSize(1);
    assertThat(store.latest().tables()).hasSize(1);
  }

  @Test
  void dnsSeesNothingBeforeItIsShown() {
    store.put(new Table("t", List.of(divert("one", "10.0.0.1", "", 1))));
    assertThat(store.visible().nodes("one")).isEmpty();
    store.show(store.latest());
    assertThat(store.visible().nodes("one")).hasSize(1);
  }

  private Route.Action target(String ip, int port) {
    return store.latest().route(Protocol.TCP, Prefix.parseAddress(ip), port).orElseThrow().action();
  }

  private List<String> records(String name) throws Exception {
    return store.latest().nodes(name).stream()
        .flatMap(node -> node.records(name(name), 5).stream())
        .map(Record::toString)
        .toList();
  }

  private static Name name(String name) {
    return Name.fromConstantString(name + ".");
  }

  private static Route divert(String name, String ip, String ports, int target) {
    return Route.divert(name, Protocol.TCP, Prefix.parse(ip), Ports.parse(ports), target);
  }
}
