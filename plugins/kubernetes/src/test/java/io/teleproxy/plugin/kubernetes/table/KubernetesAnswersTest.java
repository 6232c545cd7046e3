package io.teleproxy.plugin.kubernetes.table;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.EventLoopGroup;
import io.teleproxy.dns.DnsServer;
import io.teleproxy.dns.DnsSettings;
import io.teleproxy.dns.Nameservers;
import io.teleproxy.net.Transport;
import io.teleproxy.tables.TableStore;
import java.io.IOException;
import java.io.InputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/**
 * What a program gets, question by question: answers.txt holds what the Kubernetes DNS
 * specification 1.1.0 says and what CoreDNS's kubernetes plugin gives (as of its handler_test.go
 * and reverse_test.go, August 2026) for the objects in answers.yaml. Where we differ on purpose,
 * the line above says so.
 */
class KubernetesAnswersTest {
  private static final EventLoopGroup LOOPS = Transport.group("test", 1);
  private static DnsServer server;

  @BeforeAll
  static void start() throws IOException {
    TableStore tables = new TableStore();
    tables.put(
        new ClusterTable("cluster.local", 1080, 5).of(Objects.cluster(file("answers.yaml"))));
    tables.search(List.of("testns.svc.cluster.local", "svc.cluster.local", "cluster.local"));
    tables.show(tables.latest());
    server =
        DnsServer.start(
            LOOPS,
            DnsSettings.STANDARD,
            tables::visible,
            List.of(),
            new Nameservers(List.of(), List.of(), Nameservers.Options.STANDARD),
            List.of(InetAddress.getByName("127.0.0.1")),
            0);
  }

  @AfterAll
  static void stop() {
    server.close();
    LOOPS.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }

  /**
   * A question, and the answer: rcode, then a line for each record, with {@code +} for additional.
   */
  record Case(String question, String answer) {
    @Override
    public String toString() {
      return question;
    }
  }

  static Stream<Case> cases() throws IOException {
    List<Case> cases = new ArrayList<>();
    for (String block : file("answers.txt").split("\n\n")) {
      List<String> lines = block.lines().filter(line -> !line.startsWith("#")).toList();
      if (!lines.isEmpty()) {
        List<String> records = new ArrayList<>(lines.subList(2, lines.size()));
        Collections.sort(records);
        records.add(0, lines.get(1));
        cases.add(new Case(lines.get(0), String.join("\n", records)));
      }
    }
    return cases.stream();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void theAnswerIsTheClustersOwn(Case one) throws IOException {
    String[] words = one.question().split(" ");
    Message answer = ask(words[0], Type.value(words[1]));

    assertThat(text(answer)).isEqualTo(one.answer());
    boolean inZone = words[0].toLowerCase(java.util.Locale.ROOT).endsWith("cluster.local.");
    if (answer.getSection(Section.ANSWER).isEmpty() && inZone) {
      Record soa = answer.getSection(Section.AUTHORITY).get(0);
      assertThat(soa.getType()).isEqualTo(Type.SOA);
      assertThat(soa.getName().toString()).isEqualTo("cluster.local.");
    }
    if (inZone) {
      assertThat(answer.getHeader().getFlag(Flags.AA)).isTrue();
    }
  }

  private static String text(Message answer) {
    List<String> lines = new ArrayList<>();
    for (Record record : answer.getSection(Section.ANSWER)) {
      lines.add(line(record));
    }
    for (Record record : answer.getSection(Section.ADDITIONAL)) {
      lines.add("+ " + line(record));
    }
    Collections.sort(lines);
    lines.add(0, Rcode.string(answer.getRcode()));
    return String.join("\n", lines);
  }

  private static String line(Record record) {
    assertThat(record.getTTL()).isEqualTo(5);
    String data = record.getType() == Type.SOA ? "" : " " + record.rdataToString();
    return record.getName() + " " + Type.string(record.getType()) + data;
  }

  private static Message ask(String name, int type) throws IOException {
    byte[] query =
        Message.newQuery(Record.newRecord(Name.fromString(name), type, DClass.IN)).toWire();
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.setSoTimeout(10_000);
      socket.connect(InetAddress.getByName("127.0.0.1"), server.port());
      socket.send(new DatagramPacket(query, query.length));
      DatagramPacket packet = new DatagramPacket(new byte[4096], 4096);
      socket.receive(packet);
      return new Message(Arrays.copyOf(packet.getData(), packet.getLength()));
    }
  }

  private static String file(String name) throws IOException {
    try (InputStream in = KubernetesAnswersTest.class.getResourceAsStream(name)) {
      assertThat(in).isNotNull();
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
