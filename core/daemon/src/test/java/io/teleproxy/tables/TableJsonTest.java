package io.teleproxy.tables;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.teleproxy.spi.Ports;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.spi.Table;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TableJsonTest {
  @Test
  void readsTheExampleOfTheFirstUsers() {
    List<Table> tables =
        TableJson.read(
            """
            [{
              "name": "my-routing-table",
              "routes": [
                {"name": "myhostname", "proto": "tcp", "ip": "1.2.3.4", "target": "1234"},
                {"name": "myotherhostname", "proto": "tcp", "ip": "1.2.3.5", "target": "1234"}
              ]
            }]
            """);
    assertThat(tables)
        .containsExactly(
            new Table(
                "my-routing-table",
                List.of(
                    Route.divert(
                        "myhostname", Protocol.TCP, Prefix.parse("1.2.3.4"), Ports.ALL, 1234),
                    Route.divert(
                        "myotherhostname",
                        Protocol.TCP,
                        Prefix.parse("1.2.3.5"),
                        Ports.ALL,
                        1234))));
  }

  @Test
  void refusesRecordsThatCouldNotBeAnswered() {
    assertThatThrownBy(
            () ->
                TableJson.read("[{\"name\": \"t\", \"records\": [\"x.y. 5 IN WKS 192.0.2.1 6\"]}]"))
        .hasMessageContaining("[0].records[0].record: 'x.y. 5 IN WKS 192.0.2.1 6'");
  }

  @Test
  void readsWhatItWrites() {
    Table table =
        new Table(
            "t",
            List.of("cluster.local"),
            List.of(
                Route.reject("", Protocol.UDP, Prefix.parse("10.0.0.0/8"), Ports.ALL),
                Route.divert(
                    "a.b", Protocol.TCP, Prefix.parse("fd00::1"), Ports.parse("80,443"), 9)),
            List.of("x.cluster.local. 5 IN TXT \"a b\""),
            false);
    assertThat(TableJson.read(TableJson.write(List.of(table)).toString())).containsExactly(table);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "[{|not JSON",
        "[] []|not JSON",
        "7|expected: an array of tables",
        "[7]|[0]: expected: an object with the fields of a table",
        "[{}]|[0].name: missing",
        "[{\"name\":\"a/b\"}]|[0].name: 'a/b' (expected: 1-63 letters",
        "[{\"name\":\"a\",\"colour\":1}]|[0].colour: unknown field (expected: one of name, parts,",
        "[{\"name\":\"a\"},{\"name\":\"a\"}]|name: 'a' stands twice",
        "[{\"name\":\"a\",\"routes\":{}}]|[0].routes: expected: an array of routes",
        "[{\"name\":\"a\",\"routes\":[{\"target\":\"1\"}]}]|[0].routes[0].ip: missing",
        "[{\"name\":\"a\",\"routes\":[{\"ip\":\"1.2.3\",\"target\":\"1\"}]}]|[0].routes[0].ip: '1.2.3'",
        "[{\"name\":\"a\",\"routes\":[{\"ip\":\"1.2.3.4\"}]}]|[0].routes[0].target: ''",
        "[{\"name\":\"a\",\"routes\":[{\"ip\":\"1.2.3.4\",\"target\":\"0\"}]}]|[0].routes[0].target: '0'",
        "[{\"name\":\"a\",\"routes\":[{\"ip\":\"1.2.3.4\",\"proto\":\"x\",\"target\":\"1\"}]}]|proto: 'x'",
        "[{\"name\":\"a\",\"routes\":[{\"ip\":\"1.2.3.4\",\"port\":\"x\",\"target\":\"1\"}]}]|port: 'x'",
        "[{\"name\":\"a\",\"routes\":[{\"ip\":\"1.2.3.0/24\",\"name\":\"n\",\"target\":\"1\"}]}]|single address",
        "[{\"name\":\"a\",\"records\":[\"x 5 IN A 1.2.3.4\"]}]|[0].records[0].record: 'x 5 IN A",
        "[{\"name\":\"a\",\"records\":[\"x..y.\"]}]|[0].records[0].record: 'x..y.' (expected: a domain",
        "[{\"name\":\"a\",\"records\":[\"x. 5 IN A nonsense\"]}]|[0].records[0].record: 'x. 5 IN A",
        "[{\"name\":\"a\",\"synced\":\"no\"}]|[0].synced:"
      })
  void refusesMistakesByPlaceAndExpectation(String json, String message) {
    assertThatThrownBy(() -> TableJson.read(json))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  @Test
  void tellsAllMistakesAtOnce() {
    assertThatThrownBy(() -> TableJson.read("[{\"nam\":\"a\"},{\"name\":\"b\",\"routes\":[{}]}]"))
        .hasMessageContaining("[0].nam: unknown field")
        .hasMessageContaining("[0].name: missing")
        .hasMessageContaining("[1].routes[0].ip: missing");
  }
}
