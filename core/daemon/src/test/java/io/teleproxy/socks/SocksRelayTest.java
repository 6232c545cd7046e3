package io.teleproxy.socks;

import io.netty.channel.EventLoopGroup;
import io.teleproxy.net.Transport;
import io.teleproxy.testkit.RelayContract;
import java.io.IOException;
import java.net.Socket;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The SOCKS5 server relays truthfully. */
class SocksRelayTest extends RelayContract {
  private static EventLoopGroup loops;
  private static LoopbackTunnel tunnel;
  private static SocksServer socks;

  @BeforeAll
  static void start() {
    loops = Transport.group("socks", 1);
    tunnel = new LoopbackTunnel();
    socks = SocksServer.start(loops, tunnel, 0);
  }

  @AfterAll
  static void stop() {
    socks.close();
    tunnel.close();
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
  }

  @Override
  protected Socket connect(int serverPort) throws IOException {
    Socket socket = new Socket(Loopback.IPV4, socks.port());
    socket.setTcpNoDelay(true);
    SocksMessages.request(socket, serverPort);
    return socket;
  }
}
