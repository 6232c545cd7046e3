package io.teleproxy.plugin.docker;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonParser;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Table;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** From what an engine says to names. */
class ContainerTableTest {
  private static final LocalNetworks BRIDGES =
      new LocalNetworks(
          List.of(
              Prefix.parse("172.17.0.0/16"),
              Prefix.parse("172.18.0.0/16"),
              Prefix.parse("fd00:18::/64")));

  @Test
  void aContainerIsFoundByItsNameAlsoWithTheNetwork() {
    assertThat(table(BRIDGES, "docker-bridge.json"))
        .containsExactlyInAnyOrder(
            "cache.docker. 5 IN A 172.17.0.2",
            "cache.bridge.docker. 5 IN A 172.17.0.2",
            "2.0.17.172.in-addr.arpa. 5 IN PTR cache.docker.");
  }

  @Test
  void servicesOfComposeAreFoundByAliasAndByProject() {
    assertThat(table(BRIDGES, "docker-compose.json"))
        .contains(
            "shop-web-1.docker. 5 IN A 172.18.0.3",
            "shop-web-1.docker. 5 IN AAAA fd00:18:0:0:0:0:0:3",
            "web.docker. 5 IN A 172.18.0.3",
            "web.docker. 5 IN AAAA fd00:18:0:0:0:0:0:3",
            "web.shop.docker. 5 IN A 172.18.0.3",
            "shop-web-1.shop_default.docker. 5 IN A 172.18.0.3",
            "web.shop_default.docker. 5 IN A 172.18.0.3",
            "3.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.1.0.0.0.0.d.f.ip6.arpa. 5 IN PTR"
                + " shop-web-1.docker.");
  }

  @Test
  void whatIsNotReachedDirectlyIsFoundWhereItsPortsArePublished() {
    assertThat(table(new LocalNetworks(List.of()), "docker-compose.json"))
        .containsExactlyInAnyOrder(
            "shop-web-1.docker. 5 IN A 127.0.0.1",
            "shop-web-1.docker. 5 IN AAAA 0:0:0:0:0:0:0:1",
            "web.docker. 5 IN A 127.0.0.1",
            "web.docker. 5 IN AAAA 0:0:0:0:0:0:0:1",
            "web.shop.docker. 5 IN A 127.0.0.1",
            "web.shop.docker. 5 IN AAAA 0:0:0:0:0:0:0:1");
    assertThat(table(new LocalNetworks(List.of()), "docker-bridge.json")).isEmpty();
  }

  @Test
  void aContainerWithTheNetworkOfAnotherHasItsAddresses() {
    assertThat(table(BRIDGES, "docker-compose.json", "docker-joined.json"))
        .contains("sidecar.docker. 5 IN A 172.18.0.3")
        .doesNotContain("3.0.18.172.in-addr.arpa. 5 IN PTR sidecar.docker.");
    assertThat(table(BRIDGES, "docker-joined.json")).isEmpty();
  }

  @Test
  void aContainerWithTheNetworkOfTheMachineIsTheMachine() {
    assertThat(table(BRIDGES, "podman-host.json"))
        .containsExactly("hostnet.docker. 5 IN A 127.0.0.1");
  }

  @Test
  void whatPodmanSaysIsTheSame() {
    LocalNetworks bridges = new LocalNetworks(List.of(Prefix.parse("10.90.0.0/24")));
    assertThat(table(bridges, "podman-network.json"))
        .contains(
            "two.docker. 5 IN A 10.90.0.2",
            "web.docker. 5 IN A 10.90.0.2",
            "web.shop.docker. 5 IN A 10.90.0.2")
        .noneMatch(record -> record.contains("AAAA"));
  }

  @Test
  void namesThatAreNoneInDnsAreLeftOut() {
    ContainerView odd =
        new ContainerView(
            "1",
            "My.Container",
            "",
            "",
            "net",
            List.of(
                new ContainerView.Attachment(
                    "net",
                    List.of("a b", "x".repeat(64), "ends-", ".", "", "good_1"),
                    List.of(Prefix.parseAddress("172.17.0.9")))),
            List.of());
    assertThat(records(List.of(odd), BRIDGES))
        .containsExactlyInAnyOrder(
            "my.container.docker. 5 IN A 172.17.0.9",
            "my.container.net.docker. 5 IN A 172.17.0.9",
            "good_1.docker. 5 IN A 172.17.0.9",
            "good_1.net.docker. 5 IN A 172.17.0.9",
            "9.0.17.172.in-addr.arpa. 5 IN PTR my.container.docker.");
  }

  @Test
  void whatDoesNotRunHasNoView() {
    assertThat(
            ContainerJson.read(
                JsonParser.parseString("{\"Id\": \"1\", \"State\": {\"Running\": false}}")))
        .isNull();
    assertThat(ContainerJson.read(JsonParser.parseString("[]"))).isNull();
  }

  private static List<String> table(LocalNetworks networks, String... inspected) {
    List<ContainerView> containers = new ArrayList<>();
    for (String file : inspected) {
      containers.add(
          Objects.requireNonNull(ContainerJson.read(JsonParser.parseString(read(file)))));
    }
    return records(containers, networks);
  }

  private static List<String> records(List<ContainerView> containers, LocalNetworks networks) {
    return new Table(
            "docker", List.of("docker"), ContainerTable.parts(containers, "docker", networks), true)
        .records();
  }

  private static String read(String file) {
    try (InputStream in = ContainerTableTest.class.getResourceAsStream(file)) {
      return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
