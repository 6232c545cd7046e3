package io.teleproxy.plugin.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Tunnel;
import java.net.InetSocketAddress;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DemoTunnelTest {
  private final List<String> events = new CopyOnWriteArrayList<>();
  private final Tunnel.Session tunnel =
      new DemoTunnel()
          .open(
              new Tunnel.Context() {
                @Override
                public Environment environment() {
                  throw new UnsupportedOperationException();
                }

                @Override
                public void health(Health health) {}
              });

  @AfterEach
  void close() {
    tunnel.close();
  }

  @Test
  void aServiceAnswersARequestThatComesInPieces() {
    Tunnel.Connection connection = dial("127.77.0.10", 80);
    connection.write(bytes("GET / HTTP/1.1\r\nHost: hello.demo\r\n"));
    connection.write(bytes("\r\n"));
    connection.shutdownOutput();

    await().until(() -> events.contains("finished"));
    assertThat(events.get(0)).isEqualTo("opened");
    assertThat(String.join("", events)).contains("200 OK", "Hello from the demo cluster!");
  }

  @Test
  void theEchoKeepsWhatIsNotReadAndThenGivesIt() {
    Tunnel.Connection connection = dial("127.77.0.7", 7);
    connection.reading(false);
    connection.write(bytes("one"));
    connection.write(bytes("two"));
    connection.shutdownOutput();
    await().until(() -> events.contains("opened"));
    assertThat(events).containsExactly("opened");

    connection.reading(true);
    await().until(() -> events.contains("finished"));
    assertThat(events).containsExactly("opened", "one", "two", "finished");
  }

  @Test
  void aReaderThatStaysAwayStopsTheWriterUntilItIsBack() {
    Tunnel.Connection connection = dial("127.77.0.7", 7);
    connection.reading(false);
    while (connection.writable()) {
      connection.write(ByteBuffer.allocate(64 << 10));
    }
    connection.reading(true);
    await().until(() -> events.contains("writable") && connection.writable());
  }

  @Test
  void whereNothingListensAConnectionIsRefused() {
    dial("127.77.0.10", 81);
    await().until(() -> events.contains("REFUSED"));
  }

  @Test
  void theEndOfTheDemoResetsWhatIsOpen() {
    dial("127.77.0.7", 7);
    tunnel.close();
    await().until(() -> events.contains("reset"));
  }

  @Test
  void bothExtensionsAreInTheIndex() throws URISyntaxException {
    Path classes =
        Path.of(DemoTunnel.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    assertThat(classes.resolve("META-INF/extensions.idx"))
        .content()
        .contains(DemoTunnel.class.getName() + "\n", DemoWatcher.class.getName() + "\n");
  }

  private Tunnel.Connection dial(String ip, int port) {
    return tunnel.dial(new InetSocketAddress(ip, port), new Recording());
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  private final class Recording implements Tunnel.Listener {
    @Override
    public void opened() {
      events.add("opened");
    }

    @Override
    public void failed(Tunnel.DialFailure failure) {
      events.add(failure.kind().name());
    }

    @Override
    public void received(ByteBuffer data) {
      events.add(StandardCharsets.UTF_8.decode(data).toString());
    }

    @Override
    public void inputShutdown() {
      events.add("finished");
    }

    @Override
    public void reset(String reason) {
      events.add("reset");
    }

    @Override
    public void writable() {
      events.add("writable");
    }
  }
}
