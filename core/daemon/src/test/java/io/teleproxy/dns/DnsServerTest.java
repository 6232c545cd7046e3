package io.teleproxy.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.teleproxy.spi.Ports;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.spi.Table;
import io.teleproxy.spi.UserException;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.Type;

class DnsServerTest {
  private static final InetAddress BRIDGE = DnsRig.address("127.0.0.9");

  private static void fill(DnsRig rig) {
    rig.tables.put(
        new Table(
            "bootstrap",
            List.of(
                Route.divert(
                    "teleproxy",
                    Protocol.TCP,
                    Prefix.parse("127.254.254.254"),
                    Ports.of(80),
                    1080))));
    rig.show();
  }

  @Test
  void listensAtAllAddressesWithOnePort() throws IOException {
    try (DnsRig rig = new DnsRig()) {
      fill(rig);
      byte[] query = DnsRig.question("teleproxy.", Type.A).toWire();
      for (InetAddress address : rig.server.addresses()) {
        assertThat(rig.udp(address, query, 3000)).hasSizeGreaterThan(query.length);
      }
      assertThat(rig.server.addresses()).contains(DnsRig.LOOPBACK);
    }
  }

  @Test
  void listensAtBridgesThatComeAndGo() throws IOException {
    try (DnsRig rig = new DnsRig()) {
      fill(rig);
      byte[] query = DnsRig.question("teleproxy.", Type.A).toWire();
      rig.server.listen(List.of(BRIDGE, DnsRig.address("192.0.2.77")));
      assertThat(rig.server.addresses()).contains(BRIDGE).hasSize(3);
      assertThat(rig.udp(BRIDGE, query, 3000)).hasSizeGreaterThan(query.length);

      rig.server.listen(List.of());
      assertThat(rig.server.addresses()).doesNotContain(BRIDGE);
      new DatagramSocket(rig.server.port(), BRIDGE).close();
      new ServerSocket(rig.server.port(), 1, BRIDGE).close();
      assertThat(rig.udp(query)).hasSizeGreaterThan(query.length);
    }
  }

  @Test
  void saysWhichPortIsBusyAndWhatToDo() throws IOException {
    try (DnsRig rig = new DnsRig()) {
      int port = rig.server.port();
      assertThatThrownBy(
              () ->
                  DnsServer.start(
                      rig.group,
                      DnsSettings.STANDARD,
                      rig.tables::visible,
                      List.of(),
                      new Nameservers(List.of(), List.of(), Nameservers.Options.STANDARD),
                      List.of(BRIDGE, DnsRig.LOOPBACK),
                      port))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("127.0.0.1:" + port)
          .hasMessageContaining("Address already in use")
          .extracting(e -> ((UserException) e).remedy())
          .asString()
          .contains("sport = :" + port);
      new DatagramSocket(port, BRIDGE).close();
    }
  }

  @Test
  void closesIdleConnectionsAndEverythingAtTheEnd() throws IOException {
    DnsSettings impatient =
        new DnsSettings(
            NamePolicy.EVERYTHING,
            5,
            10,
            DnsSettings.STANDARD.resolverTimeout(),
            Duration.ofMillis(200));
    DnsRig rig =
        new DnsRig(
            true,
            impatient,
            List.of(),
            new Nameservers(List.of(), List.of(), Nameservers.Options.STANDARD));
    try (rig;
        Socket idle = rig.connect()) {
      assertThat(idle.getInputStream().read()).isEqualTo(-1);
    }
    try (DnsRig other = new DnsRig();
        Socket client = other.connect()) {
      fill(other);
      byte[] query = DnsRig.question("teleproxy.", Type.A).toWire();
      DnsRig.send(client, query);
      DnsRig.receive(client);
      int port = other.server.port();
      other.server.close();
      assertThat(client.getInputStream().read()).isEqualTo(-1);
      new DatagramSocket(port, DnsRig.LOOPBACK).close();
    }
  }

  @Test
  void digUnderstandsUs() throws Exception {
    Assumptions.assumeTrue(has("dig"), "dig is not installed");
    try (DnsRig rig = new DnsRig()) {
      fill(rig);
      assertThat(dig(rig, "+short", "teleproxy", "A")).isEqualTo("127.254.254.254\n");
      assertThat(dig(rig, "+short", "+tcp", "TeleProxy", "A")).isEqualTo("127.254.254.254\n");
      String whole = dig(rig, "+dnssec", "teleproxy", "AAAA");
      assertThat(whole)
          .contains("status: NOERROR", "flags: qr aa rd ra;", "ANSWER: 0", "EDNS: version: 0");
      assertThat(whole).doesNotContainIgnoringCase("warning").doesNotContain("malformed");
    }
  }

  private static boolean has(String command) {
    for (String folder : System.getenv("PATH").split(":")) {
      if (java.nio.file.Files.isExecutable(java.nio.file.Path.of(folder, command))) {
        return true;
      }
    }
    return false;
  }

  private static String dig(DnsRig rig, String... arguments) throws Exception {
    List<String> command =
        new java.util.ArrayList<>(
            List.of("dig", "@127.0.0.1", "-p", "" + rig.server.port(), "+tries=1", "+time=3"));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
    return output;
  }
}
