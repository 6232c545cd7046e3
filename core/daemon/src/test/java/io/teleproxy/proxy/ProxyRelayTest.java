package io.teleproxy.proxy;

import io.teleproxy.net.Transport;
import io.teleproxy.testkit.RelayContract;
import java.io.IOException;
import java.net.Socket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The proxy relays truthfully through our own SOCKS5 server, without waiting for its answers. */
class ProxyRelayTest extends RelayContract {
  private static ProxyFixture fixture;

  @BeforeAll
  static void start() {
    fixture = new ProxyFixture(Transport.group("proxy", 1), true);
  }

  @AfterAll
  static void stop() {
    fixture.close();
  }

  @Override
  protected Socket connect(int serverPort) throws IOException {
    return fixture.connect(serverPort);
  }
}
