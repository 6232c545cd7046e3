package io.teleproxy.dns;

import static org.assertj.core.api.Assertions.assertThat;

import io.teleproxy.spi.Ports;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.spi.Table;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

class LocalAnswersTest {
  private static final List<String> ZONE = List.of("cluster.local");

  private FakeNameserver upstream;
  private DnsRig rig;

  @BeforeEach
  void start() throws IOException {
    upstream =
        new FakeNameserver(
            (query, tcp) -> {
              Message message = new Message(query);
              String name = message.getQuestion().getName().toString();
              message.getHeader().setFlag(Flags.QR);
              message.removeAllRecords(Section.ADDITIONAL);
              if (name.equals("www.example.test.")) {
                if (!tcp) {
                  message.getHeader().setFlag(Flags.TC);
                } else {
                  message.addRecord(
                      Record.fromString(
                          message.getQuestion().getName(), Type.A, 1, 60, "192.0.2.80", null),
                      Section.ANSWER);
                }
              } else {
                message.getHeader().setRcode(Rcode.NXDOMAIN);
              }
              return List.of(message.toWire());
            });
    rig = new DnsRig(upstream);
    rig.tables.put(
        new Table(
            "kubernetes",
            ZONE,
            List.of(
                route("web.default.svc.cluster.local", "10.96.0.1"),
                route("web.default.svc.cluster.local", "fd00::1"),
                route("web.shop.svc.cluster.local", "10.96.0.2")),
            List.of(
                "outside.default.svc.cluster.local. 5 IN CNAME www.example.test.",
                "inside.default.svc.cluster.local. 5 IN CNAME web.shop.svc.cluster.local.",
                "gone.default.svc.cluster.local. 5 IN CNAME nothing.default.svc.cluster.local.",
                "loop.default.svc.cluster.local. 5 IN CNAME loop.default.svc.cluster.local.",
                "_http._tcp.web.default.svc.cluster.local. 5 IN SRV 0 100 80"
                    + " web.default.svc.cluster.local.",
                "dns-version.cluster.local. 5 IN TXT \"1.1.0\""),
            true));
    rig.tables.put(
        new Table("mine", List.of(route("myhostname", "1.2.3.4"), route("a.b", "1.2.3.5"))));
    rig.tables.search(List.of("default.svc.cluster.local", "svc.cluster.local", "cluster.local"));
    rig.show();
  }

  @AfterEach
  void stop() throws IOException {
    rig.close();
    upstream.close();
  }

  private static Route route(String name, String address) {
    return Route.divert(name, Protocol.TCP, Prefix.parse(address), Ports.ALL, 1080);
  }

  @Test
  void answersTheAddressesOfARoute() throws IOException {
    Message answer = rig.ask("myhostname.", Type.A);

    assertThat(DnsRig.data(answer)).containsExactly("1.2.3.4");
    assertThat(answer.getHeader().getFlag(Flags.AA)).isTrue();
    assertThat(answer.getHeader().getFlag(Flags.RA)).isTrue();
    assertThat(answer.getSection(Section.ANSWER).get(0).getTTL()).isEqualTo(5);
    assertThat(upstream.received).isEmpty();
  }

  @Test
  void answersWithoutDataWhereAnotherTypeExists() throws IOException {
    Message answer = rig.ask("myhostname.", Type.AAAA);

    assertThat(answer.getRcode()).isEqualTo(Rcode.NOERROR);
    assertThat(answer.getSection(Section.ANSWER)).isEmpty();
    assertThat(upstream.received).isEmpty();
  }

  @Test
  void completesNamesByTheSearchPathAndKeepsThemAsAsked() throws IOException {
    for (String name : List.of("wEb.", "web.", "WEB.default.", "web.default.svc.")) {
      byte[] bytes = rig.udp(DnsRig.question(name, Type.A).toWire());
      Message answer = new Message(bytes);
      assertThat(DnsRig.data(answer)).containsExactly("10.96.0.1");
      assertThat(answer.getQuestion().getName().toString()).isEqualTo(name);
      assertThat(answer.getSection(Section.ANSWER).get(0).getName().toString()).isEqualTo(name);
    }
    assertThat(DnsRig.data(rig.ask("web.shop.", Type.A))).containsExactly("10.96.0.2");
    assertThat(DnsRig.data(rig.ask("web.", Type.AAAA))).containsExactly("fd00:0:0:0:0:0:0:1");
    assertThat(upstream.received).isEmpty();
  }

  @Test
  void remembersByWhichNameAnAddressWasLastAskedFor() throws IOException {
    InetAddress web = Prefix.parseAddress("10.96.0.1");
    assertThat(rig.server.asked().last(web)).isEmpty();
    for (String name : List.of("wEb", "web.default", "web")) {
      rig.ask(name + ".", Type.A);
      assertThat(rig.server.asked().last(web)).isEqualToIgnoringCase(name);
    }
    rig.ask("inside.default.", Type.A);
    assertThat(rig.server.asked().last(Prefix.parseAddress("10.96.0.2")))
        .isEqualTo("inside.default");

    // Who looks for services has not asked for the host that is told besides.
    rig.ask("_http._tcp.web.default.svc.cluster.local.", Type.SRV);
    assertThat(rig.server.asked().last(web)).isEqualTo("web");
  }

  @Test
  void answersEverythingToAny() throws IOException {
    assertThat(DnsRig.data(rig.ask("web.", Type.ANY)))
        .containsExactlyInAnyOrder("10.96.0.1", "fd00:0:0:0:0:0:0:1");
  }

  @Test
  void tellsNamesThatDoNotExistInAZone() throws IOException {
    Message answer = rig.ask("nothing.default.svc.cluster.local.", Type.A);

    assertThat(answer.getRcode()).isEqualTo(Rcode.NXDOMAIN);
    assertThat(answer.getHeader().getFlag(Flags.AA)).isTrue();
    Record soa = answer.getSection(Section.AUTHORITY).get(0);
    assertThat(soa.getType()).isEqualTo(Type.SOA);
    assertThat(soa.getName().toString()).isEqualTo("cluster.local.");
    assertThat(upstream.received).isEmpty();
  }

  @Test
  void tellsEmptyNonTerminalsAndOtherTypesFromNamesThatDoNotExist() throws IOException {
    for (String name :
        List.of("default.svc.cluster.local.", "svc.cluster.local.", "cluster.local.")) {
      Message answer = rig.ask(name, Type.A);
      assertThat(answer.getRcode()).as(name).isEqualTo(Rcode.NOERROR);
      assertThat(answer.getSection(Section.ANSWER)).isEmpty();
      assertThat(answer.getSection(Section.AUTHORITY)).hasSize(1);
    }
    Message text = rig.ask("web.default.svc.cluster.local.", Type.TXT);
    assertThat(text.getRcode()).isEqualTo(Rcode.NOERROR);
    assertThat(text.getSection(Section.AUTHORITY)).hasSize(1);
    assertThat(rig.ask("cluster.local.", Type.SOA).getSection(Section.ANSWER)).hasSize(1);
  }

  @Test
  void namespacesDoNotTakeTopLevelDomainsAway() throws IOException {
    assertThat(rig.ask("shop.", Type.A).getRcode()).isEqualTo(Rcode.NXDOMAIN);
    assertThat(upstream.received).hasSize(1);
  }

  @Test
  void failsRatherThanLiesWhileAZoneIsNotRead() throws IOException {
    rig.tables.put(Table.pending("kubernetes", ZONE));
    rig.show();

    assertThat(rig.ask("web.default.svc.cluster.local.", Type.A).getRcode())
        .isEqualTo(Rcode.SERVFAIL);
    assertThat(DnsRig.data(rig.ask("myhostname.", Type.A))).containsExactly("1.2.3.4");
    assertThat(upstream.received).isEmpty();
  }

  @Test
  void followsAliasesThroughTheTables() throws IOException {
    assertThat(DnsRig.data(rig.ask("inside.", Type.A)))
        .containsExactly("web.shop.svc.cluster.local.", "10.96.0.2");
    assertThat(DnsRig.data(rig.ask("inside.", Type.CNAME)))
        .containsExactly("web.shop.svc.cluster.local.");
    Message gone = rig.ask("gone.", Type.A);
    assertThat(gone.getRcode()).as("the name that was asked for exists").isEqualTo(Rcode.NOERROR);
    assertThat(DnsRig.data(gone)).containsExactly("nothing.default.svc.cluster.local.");
    assertThat(rig.ask("loop.", Type.A).getRcode()).isEqualTo(Rcode.SERVFAIL);
    assertThat(upstream.received).isEmpty();
  }

  @Test
  void followsAliasesOutOfTheTablesEvenIfTheAnswerComesOverTcp() throws IOException {
    Message answer = rig.ask("outside.", Type.A);

    assertThat(answer.getRcode()).isEqualTo(Rcode.NOERROR);
    assertThat(DnsRig.data(answer)).containsExactly("www.example.test.", "192.0.2.80");
    assertThat(answer.getSection(Section.ANSWER).get(0).getName().toString()).isEqualTo("outside.");
    assertThat(upstream.received)
        .extracting(FakeNameserver.Received::tcp)
        .containsExactly(false, true);
  }

  @Test
  void addsTheAddressesOfServices() throws IOException {
    Message answer = rig.ask("_http._tcp.web.", Type.SRV);

    assertThat(DnsRig.data(answer)).containsExactly("0 100 80 web.default.svc.cluster.local.");
    assertThat(answer.getSection(Section.ADDITIONAL))
        .extracting(Record::rdataToString)
        .containsExactly("10.96.0.1", "fd00:0:0:0:0:0:0:1");
  }

  @Test
  void changesTheOrderOfSeveralRecords() throws IOException {
    List<Route> routes = new ArrayList<>();
    for (int i = 1; i <= 3; i++) {
      routes.add(route("many.default.svc.cluster.local", "10.0.0." + i));
    }
    rig.tables.put(new Table("many", routes));
    rig.show();

    Set<String> firsts = new HashSet<>();
    for (int i = 0; i < 3; i++) {
      List<String> data = DnsRig.data(rig.ask("many.", Type.A));
      assertThat(data).containsExactlyInAnyOrder("10.0.0.1", "10.0.0.2", "10.0.0.3");
      firsts.add(data.get(0));
    }
    assertThat(firsts).hasSize(3);
  }

  @Test
  void truncatesWhatTheClientCannotTakeAndGivesAllOverTcp() throws IOException {
    List<Route> routes = new ArrayList<>();
    for (int i = 1; i <= 200; i++) {
      routes.add(route("big.default.svc.cluster.local", "10.0.1." + i));
    }
    rig.tables.put(new Table("big", routes));
    rig.show();

    byte[] query = DnsRig.question("big.", Type.A).toWire();
    byte[] plain = rig.udp(query);
    assertThat(plain).hasSizeLessThanOrEqualTo(512);
    Message truncated = new Message(plain);
    assertThat(truncated.getHeader().getFlag(Flags.TC)).isTrue();
    assertThat(truncated.getSection(Section.ANSWER)).hasSize(30);

    Message larger = DnsRig.question("big.", Type.A);
    larger.addRecord(new OPTRecord(1232, 0, 0), Section.ADDITIONAL);
    Message more = rig.ask(larger);
    assertThat(more.getHeader().getFlag(Flags.TC)).isTrue();
    assertThat(more.getSection(Section.ANSWER)).hasSizeGreaterThan(70);
    assertThat(more.getOPT()).isNotNull();

    Message whole = new Message(rig.tcp(query));
    assertThat(whole.getHeader().getFlag(Flags.TC)).isFalse();
    assertThat(whole.getSection(Section.ANSWER)).hasSize(200);
  }

  @Test
  void answersWithOptOnlyWhereAskedWithOpt() throws IOException {
    Message query = DnsRig.question("web.", Type.A);
    assertThat(rig.ask(query).getOPT()).isNull();

    query.addRecord(new OPTRecord(4096, 0, 0, 0x8000), Section.ADDITIONAL);
    assertThat(rig.ask(query).getOPT().getFlags()).isEqualTo(0x8000);

    Message future = DnsRig.question("web.", Type.A);
    future.addRecord(new OPTRecord(4096, 0, 1), Section.ADDITIONAL);
    Message answer = rig.ask(future);
    assertThat(answer.getRcode()).isEqualTo(Rcode.BADVERS);
    assertThat(answer.getSection(Section.ANSWER)).isEmpty();
  }

  @Test
  void showsChangedTablesAtOnce() throws IOException {
    assertThat(DnsRig.data(rig.ask("myhostname.", Type.A))).containsExactly("1.2.3.4");

    rig.tables.put(new Table("mine", List.of(route("myhostname", "1.2.3.9"))));
    assertThat(DnsRig.data(rig.ask("myhostname.", Type.A))).containsExactly("1.2.3.4");
    rig.show();
    assertThat(DnsRig.data(rig.ask("myhostname.", Type.A))).containsExactly("1.2.3.9");
  }

  @Test
  void doesNotTransferOurZones() throws IOException {
    Message answer = new Message(rig.tcp(DnsRig.question("cluster.local.", Type.AXFR).toWire()));
    assertThat(answer.getRcode()).isEqualTo(Rcode.REFUSED);
  }

  @Test
  void countsWhatItAnswers() throws IOException {
    rig.ask("web.", Type.A);
    rig.ask("elsewhere.test.", Type.A);

    DnsCounters counters = rig.server.counters();
    assertThat(counters.queries()).isEqualTo(2);
    assertThat(counters.local()).isEqualTo(1);
    assertThat(counters.relayed()).isEqualTo(1);
    assertThat(counters.inFlight()).isZero();
  }
}
