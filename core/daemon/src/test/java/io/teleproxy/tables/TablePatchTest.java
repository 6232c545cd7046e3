package io.teleproxy.tables;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.teleproxy.spi.Ports;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.spi.Table;
import io.teleproxy.spi.Table.Part;
import io.teleproxy.spi.TrieMap;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TablePatchTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 3, 1000})
  void patchesCarryOneTableOverToAnother(int most) {
    Random random = new Random(most);
    Table here = Table.pending("t", List.of("cluster.local"));
    Table there = here;
    for (int step = 0; step < 100; step++) {
      TrieMap<String, Part> parts = here.parts();
      for (int i = random.nextInt(8); i > 0; i--) {
        String key = "service/shop/s" + random.nextInt(20);
        parts = random.nextInt(3) == 0 ? parts.without(key) : parts.with(key, part(random));
      }
      Table next = new Table(here.name(), here.zones(), parts, random.nextBoolean());
      for (TablePatch patch : TablePatch.between(here, next, most)) {
        assertThat(patch.parts()).hasSizeLessThanOrEqualTo(most);
        there = TablePatch.read(patch.json().toString()).applyTo(there);
      }
      assertThat(there).isEqualTo(next);
      here = next;
    }
  }

  @Test
  void mistakesAreToldWithTheirPlace() {
    assertThatThrownBy(
            () ->
                TablePatch.read(
                    "{\"synced\": 1, \"parts\": {\"a\": {\"routes\": [{}]}, \"b\": 2}, \"x\": 3}"))
        .hasMessageContaining("patch.x: unknown field")
        .hasMessageContaining("patch.synced: 1 (expected: true or false)")
        .hasMessageContaining("patch.parts['a'].routes[0].ip: missing")
        .hasMessageContaining("patch.parts['b']: expected: an object");
  }

  private static Part part(Random random) {
    Prefix ip = Prefix.parse("10.0.0." + random.nextInt(9));
    return new Part(
        List.of(Route.divert("", Protocol.TCP, ip, Ports.of(80 + random.nextInt(9)), 1080)),
        List.of("a.cluster.local. 5 IN A " + ip));
  }
}
