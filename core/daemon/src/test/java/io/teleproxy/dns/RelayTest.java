package io.teleproxy.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

class RelayTest {
  private static final FakeNameserver.Behaviour ECHO =
      (query, tcp) -> List.of(FakeNameserver.echo(query, 0x8583, (byte) 1, (byte) 2, (byte) 3));
  private static final FakeNameserver.Behaviour SILENT = (query, tcp) -> List.of();

  private static FakeNameserver.Behaviour rcode(int rcode) {
    return (query, tcp) -> List.of(FakeNameserver.echo(query, 0x8080 | rcode));
  }

  /** Queries of all kinds: types, classes, flags, opcodes, EDNS options, no question, garbage. */
  private static List<byte[]> oddQueries() throws IOException {
    List<byte[]> queries = new ArrayList<>();
    for (int type : new int[] {1, 28, 65, 255, 257, 65_280}) {
      byte[] query = DnsRig.question("wWw.ExAmple.test.", 1).toWire();
      query[query.length - 4] = (byte) (type >> 8);
      query[query.length - 3] = (byte) type;
      queries.add(query);
    }
    byte[] chaos = DnsRig.question("version.bind.", Type.TXT).toWire();
    chaos[chaos.length - 1] = 3;
    queries.add(chaos);
    Message edns = DnsRig.question("www.example.test.", Type.A);
    edns.getHeader().setFlag(Flags.AD);
    edns.getHeader().setFlag(Flags.CD);
    edns.addRecord(
        new OPTRecord(
            4096,
            0,
            0,
            0x8000,
            new org.xbill.DNS.GenericEDNSOption(10, new byte[] {1, 2, 3, 4, 5, 6, 7, 8})),
        Section.ADDITIONAL);
    queries.add(edns.toWire());
    for (int opcode : new int[] {2, 4, 5, 6, 15}) {
      byte[] query = DnsRig.question("www.example.test.", Type.SOA).toWire();
      query[2] = (byte) (opcode << 3);
      queries.add(query);
    }
    queries.add(new byte[] {1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    byte[] two = DnsRig.question("www.example.test.", Type.A).toWire();
    two[5] = 2;
    queries.add(two);
    byte[] trailing = DnsRig.question("www.example.test.", Type.A).toWire();
    queries.add(Arrays.copyOf(trailing, trailing.length + 7));
    return queries;
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void passesQueriesAndAnswersOnByteForByteButForTheId(boolean epoll) throws IOException {
    try (FakeNameserver upstream = new FakeNameserver(ECHO);
        DnsRig rig = new DnsRig(epoll, List.of(), DnsRig.options(5, 2, false), upstream)) {
      for (byte[] query : oddQueries()) {
        for (boolean tcp : new boolean[] {false, true}) {
          upstream.received.clear();
          byte[] answer = tcp ? rig.tcp(query) : rig.udp(query);
          assertThat(answer)
              .isEqualTo(FakeNameserver.echo(query, 0x8583, (byte) 1, (byte) 2, (byte) 3));
          FakeNameserver.Received received = upstream.received.get(0);
          assertThat(received.tcp()).isEqualTo(tcp);
          assertThat(tail(received.query())).isEqualTo(tail(query));
        }
      }
    }
  }

  @Test
  void whoDoesNotAnswerIsKnownUntilHeDoes() throws IOException {
    byte[] query = DnsRig.question("www.example.test.", Type.A).toWire();
    InetSocketAddress place;
    try (FakeNameserver gone = new FakeNameserver(ECHO)) {
      place = gone.address();
    }
    try (FakeNameserver upstream = new FakeNameserver(ECHO);
        DnsRig rig = new DnsRig(upstream)) {
      assertThat(rig.server.allSilent()).isEmpty();
      Nameservers.Options options = Nameservers.Options.STANDARD;
      rig.server.upstream(new Nameservers(List.of(), List.of(place), options));
      rig.udp(query);
      assertThat(rig.server.allSilent()).containsExactly(place);

      rig.server.upstream(new Nameservers(List.of(), List.of(place, upstream.address()), options));
      rig.udp(query);
      assertThat(rig.server.allSilent()).isEmpty();
    }
  }

  private static byte[] tail(byte[] message) {
    return Arrays.copyOfRange(message, 2, message.length);
  }

  @Test
  void passesBigAnswersOn() throws IOException {
    byte[] big = new byte[60_000];
    new Random(1).nextBytes(big);
    try (FakeNameserver upstream =
            new FakeNameserver((query, tcp) -> List.of(FakeNameserver.echo(query, 0x8080, big)));
        DnsRig rig = new DnsRig(upstream)) {
      Message query = DnsRig.question("www.example.test.", Type.A);
      query.addRecord(new OPTRecord(65_000, 0, 0), Section.ADDITIONAL);
      byte[] bytes = query.toWire();
      assertThat(rig.udp(bytes)).isEqualTo(FakeNameserver.echo(bytes, 0x8080, big));
      assertThat(rig.tcp(bytes)).isEqualTo(FakeNameserver.echo(bytes, 0x8080, big));
    }
  }

  @Test
  void everyQueryHasAPortAndAnIdOfItsOwn() throws IOException {
    try (FakeNameserver upstream = new FakeNameserver(ECHO);
        DnsRig rig = new DnsRig(upstream)) {
      byte[] query = DnsRig.question("www.example.test.", Type.A).toWire();
      for (int i = 0; i < 100; i++) {
        rig.udp(query);
      }
      Set<Integer> ports = new HashSet<>();
      Set<Integer> ids = new HashSet<>();
      for (FakeNameserver.Received received : upstream.received) {
        ports.add(received.port());
        ids.add(Wire.id(received.query()));
      }
      assertThat(ports).hasSizeGreaterThan(80);
      assertThat(ids).hasSizeGreaterThan(90);
    }
  }

  @Test
  void forgedAnswersAreNotTakenForTheRealOne() throws IOException {
    FakeNameserver.Behaviour forger =
        (query, tcp) -> {
          byte[] otherId = FakeNameserver.echo(query, 0x8080, (byte) 9);
          otherId[0] ^= 1;
          byte[] otherQuestion = FakeNameserver.echo(query, 0x8080, (byte) 9);
          otherQuestion[13] ^= 1;
          byte[] noAnswer = query.clone();
          byte[] otherOpcode = FakeNameserver.echo(query, 0x8080, (byte) 9);
          otherOpcode[2] ^= 0x08;
          return List.of(
              otherId,
              otherQuestion,
              noAnswer,
              otherOpcode,
              new byte[] {1},
              FakeNameserver.echo(query, 0x8080));
        };
    try (FakeNameserver upstream = new FakeNameserver(forger);
        DnsRig rig = new DnsRig(upstream)) {
      byte[] query = DnsRig.question("www.example.test.", Type.A).toWire();
      assertThat(rig.udp(query)).isEqualTo(FakeNameserver.echo(query, 0x8080));
      assertThat(rig.tcp(query)).isEqualTo(FakeNameserver.echo(query, 0x8080));
    }
  }

  @Test
  void asksTheNextNameserverWhereOneIsNotThere() throws IOException {
    FakeNameserver dead = new FakeNameserver(ECHO);
    dead.close();
    try (FakeNameserver alive = new FakeNameserver(ECHO);
        DnsRig rig = new DnsRig(dead, alive);
        DnsRig alone = new DnsRig(true, List.of(), DnsRig.options(30, 5, false), dead)) {
      byte[] query = DnsRig.question("www.example.test.", Type.A).toWire();
      assertThat(rig.udp(query)).hasSize(query.length + 3);
      assertThat(rig.tcp(query)).hasSize(query.length + 3);
      // Long before any timeout: the system says that nobody is there.
      assertThat(new Message(alone.udp(query)).getRcode()).isEqualTo(Rcode.SERVFAIL);
      assertThat(new Message(alone.tcp(query)).getRcode()).isEqualTo(Rcode.SERVFAIL);
    }
  }

  @Test
  void asksTheNextNameserverWhereOneIsSilent() throws IOException {
    try (FakeNameserver silent = new FakeNameserver(SILENT);
        FakeNameserver alive = new FakeNameserver(ECHO);
        DnsRig rig = new DnsRig(true, List.of(), DnsRig.options(30, 2, false), silent, alive)) {
      byte[] query = DnsRig.question("www.example.test.", Type.A).toWire();
      assertThat(rig.udp(query)).hasSize(query.length + 3);
      assertThat(silent.received).hasSize(1);
    }
  }

  @Test
  void remembersSilentNameserversUntilTheyAnswerAgain() {
    InetSocketAddress one = new InetSocketAddress("192.0.2.1", 53);
    InetSocketAddress two = new InetSocketAddress("192.0.2.2", 53);
    InetSocketAddress three = new InetSocketAddress("192.0.2.3", 53);
    Upstreams upstreams = new Upstreams(List.of(one, two, three), Nameservers.Options.STANDARD);

    assertThat(upstreams.order()).containsExactly(one, two, three);
    upstreams.silent(one);
    assertThat(upstreams.order()).containsExactly(two, three, one);
    upstreams.silent(two);
    assertThat(upstreams.order()).containsExactly(three, one, two);
    upstreams.answered(one);
    assertThat(upstreams.order()).containsExactly(one, three, two);
  }

  @Test
  void prefersAnAnswerToARefusalAndARefusalToNone() throws IOException {
    try (FakeNameserver refusing = new FakeNameserver(rcode(Rcode.REFUSED));
        FakeNameserver alive = new FakeNameserver(ECHO);
        DnsRig rig = new DnsRig(refusing, alive);
        DnsRig alone = new DnsRig(refusing);
        FakeNameserver failing = new FakeNameserver(rcode(Rcode.SERVFAIL));
        DnsRig both = new DnsRig(refusing, failing)) {
      byte[] query = DnsRig.question("www.example.test.", Type.A).toWire();
      assertThat(rig.udp(query)[3] & 15).isEqualTo(Rcode.NXDOMAIN);
      assertThat(alone.udp(query)).isEqualTo(FakeNameserver.echo(query, 0x8085));
      assertThat(both.udp(query)).isEqualTo(FakeNameserver.echo(query, 0x8085));
    }
  }

  @Test
  void rotatesWhereResolvConfSaysSo() throws IOException {
    try (FakeNameserver one = new FakeNameserver(ECHO);
        FakeNameserver two = new FakeNameserver(ECHO);
        DnsRig rig = new DnsRig(true, List.of(), DnsRig.options(5, 2, true), one, two)) {
      for (int i = 0; i < 4; i++) {
        rig.udp(DnsRig.question("www.example.test.", Type.A).toWire());
      }
      assertThat(one.received).hasSize(2);
      assertThat(two.received).hasSize(2);
    }
  }

  @Test
  void failsInBoundedTimeWhenNobodyAnswers() throws IOException {
    try (FakeNameserver silent = new FakeNameserver(SILENT);
        DnsRig rig = new DnsRig(true, List.of(), DnsRig.options(1, 2, false), silent);
        DnsRig none = new DnsRig()) {
      Message query = DnsRig.question("www.example.test.", Type.A);
      Message answer = rig.ask(query);
      assertThat(answer.getRcode()).isEqualTo(Rcode.SERVFAIL);
      assertThat(answer.getHeader().getID()).isEqualTo(query.getHeader().getID());
      assertThat(answer.getQuestion()).isEqualTo(query.getQuestion());
      assertThat(silent.received).hasSize(2);
      assertThat(none.ask(query).getRcode()).isEqualTo(Rcode.SERVFAIL);
      assertThat(rig.server.counters().failed()).isEqualTo(1);
    }
  }

  @Test
  void boundsWhatIsInFlight() throws IOException {
    DnsSettings few =
        new DnsSettings(
            NamePolicy.EVERYTHING,
            5,
            2,
            DnsSettings.STANDARD.resolverTimeout(),
            DnsSettings.STANDARD.tcpIdle());
    try (FakeNameserver silent = new FakeNameserver(SILENT);
        DnsRig rig =
            new DnsRig(
                true,
                few,
                List.of(),
                new Nameservers(
                    List.of(), List.of(silent.address()), Nameservers.Options.STANDARD));
        Socket client = rig.connect()) {
      byte[] query = DnsRig.question("www.example.test.", Type.A).toWire();
      DnsRig.send(client, query, query);
      Awaitility.await().until(() -> rig.server.counters().inFlight() == 2);
      assertThat(new Message(rig.udp(query)).getRcode()).isEqualTo(Rcode.SERVFAIL);
    }
  }

  @Test
  void answersPipelinedQueriesInTheOrderInWhichTheAnswersCome() throws IOException {
    FakeNameserver.Behaviour slowFirst =
        (query, tcp) ->
            new Message(query).getQuestion().getName().toString().startsWith("slow")
                ? List.of()
                : List.of(FakeNameserver.echo(query, 0x8080));
    try (FakeNameserver upstream = new FakeNameserver(slowFirst);
        DnsRig rig = new DnsRig(true, List.of(), DnsRig.options(2, 1, false), upstream);
        Socket client = rig.connect()) {
      byte[] slow = DnsRig.question("slow.example.test.", Type.A).toWire();
      byte[] fast = DnsRig.question("fast.example.test.", Type.A).toWire();
      DnsRig.send(client, slow, fast, fast);
      client.shutdownOutput();
      assertThat(DnsRig.receive(client)).isEqualTo(FakeNameserver.echo(fast, 0x8080));
      assertThat(DnsRig.receive(client)).isEqualTo(FakeNameserver.echo(fast, 0x8080));
      Message last = new Message(DnsRig.receive(client));
      assertThat(last.getHeader().getID()).isEqualTo(Wire.id(slow));
      assertThat(last.getRcode()).isEqualTo(Rcode.SERVFAIL);
      assertThat(client.getInputStream().read()).isEqualTo(-1);
    }
  }

  @Test
  void relaysZoneTransfersWhole() throws IOException {
    FakeNameserver.Behaviour transfer =
        (query, tcp) -> {
          byte[] later = Arrays.copyOf(FakeNameserver.echo(query, 0x8080), 13);
          later[5] = 0;
          return List.of(FakeNameserver.echo(query, 0x8080), later, later);
        };
    try (FakeNameserver upstream = new FakeNameserver(transfer);
        DnsRig rig = new DnsRig(upstream);
        Socket client = rig.connect()) {
      byte[] query = DnsRig.question("example.test.", Type.AXFR).toWire();
      DnsRig.send(client, query);
      assertThat(DnsRig.receive(client)).isEqualTo(FakeNameserver.echo(query, 0x8080));
      for (int i = 0; i < 2; i++) {
        byte[] later = DnsRig.receive(client);
        assertThat(later).hasSize(13);
        assertThat(Wire.id(later)).isEqualTo(Wire.id(query));
      }
    }
  }

  @Test
  void takesOtherNameserversIntoUse() throws IOException {
    try (FakeNameserver one = new FakeNameserver(ECHO);
        FakeNameserver two = new FakeNameserver(ECHO);
        DnsRig rig = new DnsRig(one)) {
      byte[] query = DnsRig.question("www.example.test.", Type.A).toWire();
      rig.udp(query);
      rig.server.upstream(
          new Nameservers(List.of(), List.of(two.address()), Nameservers.Options.STANDARD));
      rig.udp(query);
      assertThat(one.received).hasSize(1);
      assertThat(two.received).hasSize(1);
    }
  }

  @Test
  void asksNameserversOverIpv6() throws IOException {
    try (FakeNameserver upstream = new FakeNameserver(InetAddress.getByName("::1"), ECHO);
        DnsRig rig = new DnsRig(upstream)) {
      byte[] query = DnsRig.question("www.example.test.", Type.A).toWire();
      assertThat(rig.udp(InetAddress.getByName("::1"), query, 3000)).hasSize(query.length + 3);
      assertThat(rig.tcp(query)).hasSize(query.length + 3);
    }
  }

  @Test
  void neverAsksItself() throws IOException {
    try (FakeNameserver upstream = new FakeNameserver(ECHO);
        DnsRig rig = new DnsRig(upstream)) {
      rig.server.upstream(
          new Nameservers(
              List.of(),
              List.of(new InetSocketAddress(DnsRig.LOOPBACK, rig.server.port())),
              Nameservers.Options.STANDARD));
      Message answer = rig.ask("www.example.test.", Type.A);
      assertThat(answer.getRcode()).isEqualTo(Rcode.SERVFAIL);
      assertThat(rig.server.counters().queries()).isEqualTo(1);
    }
  }

  @Test
  void noticesItsOwnQueriesComingBack() throws IOException {
    // 0.0.0.0 as a destination is this machine: the query comes back as a redirected one would.
    try (DnsRig rig = new DnsRig()) {
      InetSocketAddress here = new InetSocketAddress("0.0.0.0", rig.server.port());
      rig.server.upstream(new Nameservers(List.of(), List.of(here), DnsRig.options(1, 1, false)));
      byte[] query = DnsRig.question("www.example.test.", Type.A).toWire();
      assertThat(new Message(rig.udp(query)).getRcode()).isEqualTo(Rcode.SERVFAIL);
      assertThat(new Message(rig.tcp(query)).getRcode()).isEqualTo(Rcode.SERVFAIL);
      assertThat(rig.server.counters().queries()).isEqualTo(4);
    }
  }
}
