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
import java.util.Arrays;
import java.util.List;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;

/**
 * What comes from the network, read by everything that reads it. {@link MessageFuzzTest} runs the
 * inputs that are kept; Jazzer looks for new ones, guided by coverage (CONTRIBUTING.md).
 */
public final class MessageFuzz {
  private static final Responder RESPONDER = responder();

  private MessageFuzz() {}

  /**
   * The entry point that Jazzer looks for.
   *
   * @param input a query, or, after a byte 0xff, a nameserver's answer
   */
  public static void fuzzerTestOneInput(byte[] input) throws IOException {
    if (input.length > 0 && input[0] == (byte) 0xff) {
      answer(Arrays.copyOfRange(input, 1, input.length));
    } else {
      query(input);
    }
  }

  /** Any query is answered, dropped or left to others. */
  private static void query(byte[] packet) {
    QueryReader query = new QueryReader();
    AnswerCache cache = new AnswerCache();
    for (boolean tcp : new boolean[] {false, true, false}) {
      ByteBuf request = Unpooled.wrappedBuffer(packet);
      ByteBuf reply =
          RESPONDER.atOnce(
              UnpooledByteBufAllocator.DEFAULT, query, request, tcp, tcp ? null : cache);
      if (reply == null) {
        // Goes to a resolver or nameserver, whose answer is compared with the question.
        int length = Wire.questionLength(packet);
        assertThat(length).isBetween(0, packet.length - QueryReader.HEADER);
        assertThat(Wire.answers(Unpooled.wrappedBuffer(packet), packet, length, Wire.id(packet)))
            .as("a query is no answer")
            .isFalse();
      } else if (reply.isReadable()) {
        assertThat(reply.getUnsignedShort(0)).isEqualTo(Wire.id(packet));
        assertThat(reply.getByte(2) & 0x80).isEqualTo(0x80);
        assertThat(reply.readableBytes()).isLessThanOrEqualTo(tcp ? 0xffff : 4096);
        assertReadable(reply);
        reply.release();
      }
    }
  }

  /** Any answer is put together with an alias, or refused. */
  private static void answer(byte[] packet) throws IOException {
    byte[] request = DnsRig.question("outside.cluster.local.", 1).toWire();
    int length = Wire.questionLength(request);
    Wire.answers(Unpooled.wrappedBuffer(packet), request, length, Wire.id(request));
    Message parsed;
    try {
      parsed = Inquiry.parse(packet);
    } catch (IOException e) {
      return;
    }
    Name asked = Name.fromString("outside.cluster.local.");
    Record alias = new CNAMERecord(asked, DClass.IN, 5, Name.fromString("www.example.test."));
    LocalAnswer aliases =
        new LocalAnswer(Rcode.NOERROR, List.of(alias), 1, List.of(), List.of(), null);
    QueryReader query = new QueryReader();
    ByteBuf asBuffer = Unpooled.wrappedBuffer(request);
    assertThat(query.read(asBuffer)).isEqualTo(QueryReader.Verdict.QUESTION);
    ByteBuf reply =
        new AnswerTemplate(aliases.leadingTo(Inquiry.fromNameserver(parsed)), asked)
            .reply(UnpooledByteBufAllocator.DEFAULT, query, asBuffer, 512);
    assertThat(reply.readableBytes()).isLessThanOrEqualTo(512);
    reply.release();
  }

  /** Our own replies are well-formed, whatever they answer. */
  private static void assertReadable(ByteBuf reply) {
    byte[] bytes = new byte[reply.readableBytes()];
    reply.getBytes(0, bytes);
    try {
      assertThat(new Message(bytes).getHeader().getID()).isEqualTo(Wire.id(bytes));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static Responder responder() {
    TableStore tables = new TableStore();
    tables.put(
        new Table(
            "test",
            List.of("cluster.local"),
            List.of(
                Route.divert(
                    "web.cluster.local", Protocol.TCP, Prefix.parse("10.0.0.1"), Ports.ALL, 1080)),
            List.of(
                "_http._tcp.web.cluster.local. 5 IN SRV 0 100 80 web.cluster.local.",
                "inside.cluster.local. 5 IN CNAME web.cluster.local.",
                "outside.cluster.local. 5 IN CNAME www.example.test."),
            true));
    tables.search(List.of("cluster.local"));
    tables.show(tables.latest());
    DnsMeters meters = new DnsMeters();
    return new Responder(
        new LocalNames(5, NamePolicy.of(List.of(), List.of("corp"), List.of("com"))),
        tables::visible,
        new ResolverChain(List.of(), DnsSettings.STANDARD, meters),
        new Relay(Transport.NIO, DnsSettings.STANDARD, meters),
        meters,
        AddressAdmission.ALWAYS);
  }
}
