package io.teleproxy.dns;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.teleproxy.net.Transport;
import io.teleproxy.spi.Ports;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.spi.Table;
import io.teleproxy.tables.TableStore;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.Message;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

class MalformedTest {
  private static final int CASES = 100_000;

  @Test
  void noPacketBreaksTheResponder() throws IOException {
    TableStore tables = new TableStore();
    tables.put(table());
    tables.search(List.of("cluster.local"));
    tables.show(tables.latest());
    DnsMeters meters = new DnsMeters();
    Relay relay = new Relay(Transport.NIO, DnsSettings.STANDARD, meters);
    Responder responder =
        new Responder(
            new LocalNames(5, NamePolicy.EVERYTHING),
            tables::visible,
            new ResolverChain(List.of(), DnsSettings.STANDARD, meters),
            relay,
            meters,
            AddressAdmission.ALWAYS);
    QueryReader query = new QueryReader();
    AnswerCache cache = new AnswerCache();
    Random random = new Random(20_261_123);
    Message seed = DnsRig.question("web.cluster.local.", Type.A);
    seed.addRecord(new OPTRecord(1232, 0, 0), Section.ADDITIONAL);
    byte[] good = seed.toWire();
    for (int i = 0; i < CASES; i++) {
      byte[] packet = i % 3 == 0 ? noise(random) : mutated(good, random);
      ByteBuf request = Unpooled.wrappedBuffer(packet);
      boolean tcp = random.nextBoolean();
      ByteBuf reply =
          responder.atOnce(UnpooledByteBufAllocator.DEFAULT, query, request, tcp, cache);
      if (reply != null && reply.isReadable()) {
        assertThat(reply.getUnsignedShort(0)).isEqualTo(Wire.id(packet));
        assertThat(reply.getByte(2) & 0x80).isEqualTo(0x80);
        reply.release();
      } else if (reply == null) {
        assertThat(Wire.questionLength(packet)).isBetween(0, packet.length - 12);
      }
    }
    assertThat(meters.read().queries()).isEqualTo(CASES);
    assertThat(meters.read().malformed()).isPositive();
    assertThat(meters.read().local()).isPositive();
  }

  @Test
  void theServerOutlivesNoiseOnUdpAndTcp() throws IOException {
    try (FakeNameserver upstream =
            new FakeNameserver((query, tcp) -> List.of(FakeNameserver.echo(query, 0x8080)));
        DnsRig rig = new DnsRig(upstream);
        DatagramSocket socket = new DatagramSocket()) {
      rig.tables.put(table());
      rig.show();
      Random random = new Random(7);
      byte[] good = DnsRig.question("web.cluster.local.", Type.A).toWire();
      for (int i = 0; i < 5_000; i++) {
        byte[] packet = i % 2 == 0 ? noise(random) : mutated(good, random);
        socket.send(new DatagramPacket(packet, packet.length, DnsRig.LOOPBACK, rig.server.port()));
      }
      for (int i = 0; i < 50; i++) {
        try (Socket client = rig.connect()) {
          client.getOutputStream().write(noise(random));
        }
      }
      Awaitility.await().until(() -> rig.server.counters().inFlight() == 0);
      assertThat(DnsRig.data(rig.ask("web.cluster.local.", Type.A))).containsExactly("10.0.0.1");
      assertThat(rig.server.counters().malformed()).isPositive();
    }
  }

  @Test
  void answersFormErrWhereAQuestionCannotBeRead() throws IOException {
    try (DnsRig rig = new DnsRig()) {
      byte[] query = DnsRig.question("web.cluster.local.", Type.A).toWire();
      query[12] = 63;
      byte[] answer = rig.udp(query);
      assertThat(answer).hasSize(12);
      assertThat(answer[3] & 15).isEqualTo(Rcode.FORMERR);
      assertThat(rig.server.counters().malformed()).isEqualTo(1);
    }
  }

  private static byte[] noise(Random random) {
    byte[] packet = new byte[random.nextInt(200)];
    random.nextBytes(packet);
    return packet;
  }

  private static byte[] mutated(byte[] good, Random random) {
    byte[] packet = Arrays.copyOf(good, 1 + random.nextInt(good.length + 10));
    for (int i = random.nextInt(4); i > 0; i--) {
      packet[random.nextInt(packet.length)] = (byte) random.nextInt();
    }
    return packet;
  }

  private static Table table() {
    return new Table(
        "test",
        List.of("cluster.local"),
        List.of(
            Route.divert(
                "web.cluster.local", Protocol.TCP, Prefix.parse("10.0.0.1"), Ports.ALL, 1080)),
        List.of(),
        true);
  }
}
