package io.teleproxy.plugin.ssh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.spi.Table;
import io.teleproxy.spi.UserException;
import io.teleproxy.testkit.TestEnvironment;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SshTableTest {
  @Test
  void tcpGoesThereAndUdpIsRefused() {
    Table table = table(Map.of("cidrs", List.of("10.0.0.0/8", "fd00::/8")));
    assertThat(table.routes().stream().map(Route::ip).distinct().map(Prefix::toString))
        .containsExactly("10.0.0.0/8", "fd00:0:0:0:0:0:0:0/8");
    assertThat(table.routes())
        .allMatch(
            route ->
                route.protocol() == Protocol.TCP
                    ? route.action().equals(new Route.Action.Divert(1080))
                    : route.action() instanceof Route.Action.Reject);
  }

  @Test
  void whatIsExcludedIsLeftOut() {
    Table table = table(Map.of("cidrs", List.of("10.0.0.0/8"), "excluded", List.of("10.0.0.0/9")));
    assertThat(table.routes()).allMatch(route -> route.ip().toString().equals("10.128.0.0/9"));
  }

  @Test
  void neverThisMachineItsLinkOrEverybody() throws Exception {
    Table table = table(Map.of("cidrs", List.of("0.0.0.0/0", "::/0")));
    for (String kept :
        List.of(
            "127.0.0.1",
            "169.254.1.1",
            "224.0.0.251",
            "255.255.255.255",
            "::1",
            "fe80::1",
            "ff02::1")) {
      assertThat(table.routes())
          .as(kept)
          .noneMatch(route -> route.ip().contains(Prefix.parseAddress(kept)));
    }
    for (String sent : List.of("1.1.1.1", "10.0.0.1", "192.168.1.1", "2001:db8::1")) {
      assertThat(table.routes())
          .as(sent)
          .anyMatch(route -> route.ip().contains(Prefix.parseAddress(sent)));
    }
  }

  @Test
  void whatIsMissingOrWrongIsNamedWithTheFlag() {
    assertThatThrownBy(() -> table(Map.of()))
        .isInstanceOfSatisfying(
            UserException.class, e -> assertThat(e.remedy()).contains("--cidr 10.0.0.0/8"));
    assertThatThrownBy(() -> table(Map.of("cidrs", List.of("ten"))))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("'ten'");
  }

  private static Table table(Map<String, List<String>> values) {
    Map<String, String> all = new java.util.HashMap<>();
    values.forEach((name, texts) -> all.put(name, String.join(",", texts)));
    all.put("destination", "gate");
    return SshTable.of(SshSettings.of(new TestEnvironment(Map.of("HOME", "/home/me"), all)), 1080);
  }
}
