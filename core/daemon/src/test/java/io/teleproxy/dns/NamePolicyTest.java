package io.teleproxy.dns;

import static org.assertj.core.api.Assertions.assertThat;

import io.teleproxy.spi.Ports;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.spi.Table;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xbill.DNS.Message;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

class NamePolicyTest {
  private final NamePolicy policy =
      NamePolicy.of(
          List.of("Shop.com", "vpn.corp.example"), List.of("corp.example"), List.of("com"));

  @ParameterizedTest
  @CsvSource({
    "web, true, true",
    "web.dev, true, true",
    "com, true, false",
    "example.com, true, false",
    "shop.com, true, true",
    "web.shop.com, true, true",
    "telecom, true, true",
    "corp.example, false, false",
    "db.corp.example, false, false",
    "db.vpn.corp.example, true, true",
    "mycorp.example, true, true",
  })
  void theLongestDomainDecides(String name, boolean answers, boolean completes) {
    assertThat(policy.answers(name)).isEqualTo(answers);
    assertThat(policy.completes(name)).isEqualTo(completes);
  }

  @Test
  void aNamespaceNamedLikeAPublicDomainDoesNotHideIt() throws IOException {
    try (FakeNameserver upstream = FakeNameserver.answering("192.0.2.1");
        DnsRig rig =
            new DnsRig(
                true,
                DnsSettings.STANDARD.withNames(policy),
                List.of(),
                new Nameservers(
                    List.of(), List.of(upstream.address()), Nameservers.Options.STANDARD))) {
      rig.tables.put(
          new Table(
              "kubernetes",
              List.of("cluster.local"),
              List.of(
                  route("example.com.svc.cluster.local"),
                  route("shop.com.svc.cluster.local"),
                  route("web.dev.svc.cluster.local"),
                  route("host.corp.example")),
              List.of(),
              true));
      rig.tables.search(List.of("svc.cluster.local"));
      rig.show();

      assertThat(DnsRig.data(rig.ask("example.com.", Type.A))).containsExactly("192.0.2.1");
      assertThat(DnsRig.data(rig.ask("host.corp.example.", Type.A))).containsExactly("192.0.2.1");
      assertThat(DnsRig.data(rig.ask("shop.com.", Type.A))).containsExactly("10.96.0.7");
      assertThat(DnsRig.data(rig.ask("web.dev.", Type.A))).containsExactly("10.96.0.7");
      assertThat(DnsRig.data(rig.ask("example.com.svc.cluster.local.", Type.A)))
          .containsExactly("10.96.0.7");
    }
  }

  @Test
  void everyZoneHasSoaAndNameserver() throws IOException {
    try (FakeNameserver upstream = FakeNameserver.answering("192.0.2.1");
        DnsRig rig = new DnsRig(upstream)) {
      rig.tables.put(new Table("t", List.of("demo"), List.of(), List.of(), true));
      rig.show();

      Message ns = rig.ask("demo.", Type.NS);
      assertThat(DnsRig.data(ns)).containsExactly("ns.dns.demo.");
      assertThat(ns.getSection(Section.ADDITIONAL).get(0).rdataToString())
          .isEqualTo("127.254.254.254");
      assertThat(DnsRig.data(rig.ask("ns.dns.demo.", Type.A))).containsExactly("127.254.254.254");
      assertThat(rig.ask("dns.demo.", Type.A).getRcode()).isZero();
      assertThat(DnsRig.data(rig.ask("demo.", Type.SOA)).get(0))
          .startsWith("ns.dns.demo. hostmaster.demo. ");

      rig.tables.put(
          new Table(
              "t",
              List.of("demo"),
              List.of(),
              List.of("demo. 5 IN NS dns.kube.demo.", "dns.kube.demo. 5 IN A 10.96.0.10"),
              true));
      rig.show();
      assertThat(DnsRig.data(rig.ask("demo.", Type.NS))).containsExactly("dns.kube.demo.");
    }
  }

  private static Route route(String name) {
    return Route.divert(name, Protocol.TCP, Prefix.parse("10.96.0.7"), Ports.ALL, 1080);
  }
}
