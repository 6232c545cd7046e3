package io.teleproxy.proxy;

import io.netty.channel.EventLoopGroup;
import io.teleproxy.net.Transport;
import io.teleproxy.socks.EchoDatagrams;
import io.teleproxy.socks.LoopbackTunnel;
import io.teleproxy.socks.SocksServer;
import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.Ports;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.spi.Table;
import io.teleproxy.tables.AskedNames;
import io.teleproxy.tables.TableStore;
import io.teleproxy.testkit.TestServer;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/** Runs in the namespace of {@link RedirectedByFirewallTest}: connects, and prints what came. */
final class RedirectedByFirewall {
  static final int PORT = 15001;

  private RedirectedByFirewall() {}

  public static void main(String[] args) throws Exception {
    EventLoopGroup loops = Transport.group("proxy", 1);
    TableStore tables = new TableStore();
    try (TestServer server = TestServer.echo();
        LoopbackTunnel tunnel = new LoopbackTunnel();
        SocksServer socks = SocksServer.start(loops, tunnel, 0);
        TransparentProxy proxy =
            TransparentProxy.start(
                loops,
                new Conntrack(),
                tables::latest,
                port -> port == socks.port(),
                new AskedNames(),
                PORT)) {
      tables.put(new Table("test", List.of(route("10.1.2.3", socks), route("fd00::3", socks))));
      for (String host : List.of("10.1.2.3", "fd00::3", "10.1.2.4")) {
        attempt(host, server.port());
      }
      attempt("127.0.0.1", proxy.port());
      attempt("::1", proxy.port());
      socks.carriesDatagrams(true);
      try (EchoDatagrams echo = new EchoDatagrams()) {
        for (String host : List.of("10.1.2.3", "fd00::3")) {
          tables.put(new Table("datagrams", List.of(datagrams(host, echo.port(), socks))));
          InetSocketAddress to = new InetSocketAddress(host, echo.port());
          redirect(to, proxy.udp().port(to).orElseThrow());
          ask(to);
        }
      }
    }
    System.exit(0);
  }

  private static Route route(String ip, SocksServer socks) {
    return Route.divert("", Protocol.TCP, Prefix.parse(ip), Ports.ALL, socks.port());
  }

  private static Route datagrams(String ip, int port, SocksServer socks) {
    return Route.divert("", Protocol.UDP, Prefix.parse(ip), Ports.of(port), socks.port());
  }

  private static void redirect(InetSocketAddress to, int port) throws Exception {
    boolean ipv4 = to.getAddress() instanceof Inet4Address;
    String rule =
        "%s -t nat -A OUTPUT -p udp -d %s --dport %d -j REDIRECT --to-ports %d"
            .formatted(
                ipv4 ? "iptables" : "ip6tables",
                to.getAddress().getHostAddress(),
                to.getPort(),
                port);
    int status = new ProcessBuilder(rule.split(" ")).inheritIO().start().waitFor();
    if (status != 0) {
      throw new IOException(rule + " ended with " + status);
    }
  }

  /** From a connected socket, which takes answers from the address that it asked only. */
  private static void ask(InetSocketAddress to) throws IOException {
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.connect(to);
      socket.setSoTimeout(10_000);
      socket.send(new DatagramPacket("echo".getBytes(), 4));
      DatagramPacket answer = new DatagramPacket(new byte[100], 100);
      socket.receive(answer);
      String text = new String(answer.getData(), 0, answer.getLength());
      System.out.println(to.getAddress().getHostAddress() + " udp: " + text);
    }
  }

  private static void attempt(String host, int port) {
    try (Socket socket = new Socket(InetAddress.getByName(host), port)) {
      socket.setSoTimeout(10_000);
      socket.getOutputStream().write("echo".getBytes());
      System.out.println(host + ": " + new String(socket.getInputStream().readNBytes(4)));
    } catch (IOException e) {
      String message = String.valueOf(e.getMessage());
      System.out.println(
          host + ": " + (message.startsWith("Connection reset") ? "Connection reset" : message));
    }
  }

  /** SO_ORIGINAL_DST of netfilter, both families. */
  private static final class Conntrack implements Interceptor.Session {
    @Override
    public void apply(InterceptPlan plan) {}

    @Override
    public Optional<InetSocketAddress> originalDestination(
        Interceptor.AcceptedConnection connection) throws IOException {
      boolean ipv4 = connection.local().getAddress() instanceof Inet4Address;
      byte[] sockaddr =
          ipv4 ? connection.socketOption(0, 80, 16) : connection.socketOption(41, 80, 28);
      ByteBuffer fields = ByteBuffer.wrap(sockaddr);
      int port = fields.getShort(2) & 0xffff;
      byte[] address = new byte[ipv4 ? 4 : 16];
      fields.get(ipv4 ? 4 : 8, address);
      return Optional.of(new InetSocketAddress(InetAddress.getByAddress(address), port));
    }

    @Override
    public void close() {}
  }
}
