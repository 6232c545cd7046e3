package io.teleproxy.socks;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.teleproxy.testkit.RelayContract;
import java.io.IOException;
import java.net.Socket;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The SOCKS5 server relays truthfully where there is no epoll. */
class NioRelayTest extends RelayContract {
  private static EventLoopGroup loops;
  private static LoopbackTunnel tunnel;
  private static SocksServer socks;

  @BeforeAll
  static void start() {
    loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
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
