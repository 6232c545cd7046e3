package io.teleproxy.proxy;

import io.netty.channel.EventLoopGroup;
import io.teleproxy.net.SocketOwners;
import io.teleproxy.socks.Loopback;
import io.teleproxy.socks.LoopbackTunnel;
import io.teleproxy.socks.SocksServer;
import io.teleproxy.spi.Ports;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.spi.Table;
import io.teleproxy.tables.AskedNames;
import io.teleproxy.tables.TableStore;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A proxy in front of a SOCKS5 server in front of a tunnel to this machine. */
final class ProxyFixture implements AutoCloseable {
  static final InetAddress CLUSTER_ADDRESS = Prefix.parseAddress("10.1.2.3");

  final EventLoopGroup loops;
  final LoopbackTunnel tunnel = new LoopbackTunnel();
  final SocksServer socks;
  final FixedDestination interceptor = new FixedDestination();
  final AskedNames asked = new AskedNames();
  final TableStore tables = new TableStore();
  final TransparentProxy proxy;

  /** Clients and SOCKS5 proxies are all in this process: they do not count as one proxy's. */
  ProxyFixture(EventLoopGroup loops, boolean pipelined) {
    this(loops, pipelined, new LoopGuard(() -> SocketOwners.read(Path.of("/nowhere"))));
  }

  ProxyFixture(EventLoopGroup loops, boolean pipelined, LoopGuard loopGuard) {
    this.loops = loops;
    socks = SocksServer.start(loops, tunnel, 0);
    proxy =
        TransparentProxy.start(
            loops,
            interceptor,
            tables::latest,
            port -> pipelined && port == socks.port(),
            asked,
            0,
            loopGuard);
    divertTo(socks.port());
  }

  /** Replaces the table: all of 10.1.2.3 goes to this SOCKS5 proxy. */
  void divertTo(int target) {
    tables.put(
        new Table(
            "test",
            List.of(
                Route.divert("", Protocol.TCP, Prefix.of(CLUSTER_ADDRESS), Ports.ALL, target))));
  }

  /** Connects as if the firewall had redirected a connection to 10.1.2.3. */
  Socket connect(int port) throws IOException {
    return connect(Loopback.IPV4, new InetSocketAddress(CLUSTER_ADDRESS, port));
  }

  Socket connect(InetAddress listener, InetSocketAddress destination) throws IOException {
    Socket socket = new Socket();
    socket.setTcpNoDelay(true);
    socket.bind(new InetSocketAddress(listener, 0));
    interceptor.byClientPort.put(socket.getLocalPort(), destination);
    socket.connect(new InetSocketAddress(listener, proxy.port()));
    return socket;
  }

  @Override
  public void close() {
    proxy.close();
    socks.close();
    tunnel.close();
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
  }
}
