package io.teleproxy.plugin.demo;

import io.teleproxy.spi.Ports;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.spi.Table;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;

/**
 * What there is in the imaginary cluster: a service, an echo, a headless service with two pods, and
 * a service without any. Its addresses are loopback ones, so that nothing of it can ever leave the
 * machine, and none needs a route.
 */
final class DemoCluster {
  static final String NAME = "demo";

  private static final String HELLO = "127.77.0.10";
  private static final String ECHO = "127.77.0.7";
  private static final String EMPTY = "127.77.0.20";
  private static final List<String> PODS = List.of("127.77.1.1", "127.77.1.2");

  private static final int HTTP = 80;

  /** RFC 862. */
  private static final int ECHO_PORT = 7;

  private DemoCluster() {}

  /** The table of all of it; what is diverted goes to this SOCKS5 proxy. */
  static Table table(int target) {
    return new Table(
        NAME,
        List.of(NAME),
        List.of(
            open("hello.demo", HELLO, Protocol.TCP, HTTP, target),
            closed(HELLO),
            open("echo.demo", ECHO, Protocol.TCP, ECHO_PORT, target),
            open("", ECHO, Protocol.UDP, ECHO_PORT, target),
            closed(ECHO),
            open("db-0.db.demo", PODS.get(0), Protocol.TCP, HTTP, target),
            open("db-1.db.demo", PODS.get(1), Protocol.TCP, HTTP, target),
            Route.reject("empty.demo", Protocol.TCP, Prefix.parse(EMPTY), Ports.ALL)),
        List.of(
            "db.demo. 5 IN A " + PODS.get(0),
            "db.demo. 5 IN A " + PODS.get(1),
            "_http._tcp.hello.demo. 5 IN SRV 0 100 80 hello.demo.",
            "_http._tcp.db.demo. 5 IN SRV 0 50 80 db-0.db.demo.",
            "_http._tcp.db.demo. 5 IN SRV 0 50 80 db-1.db.demo."),
        true);
  }

  /** What is said at an address and port over HTTP; empty where nothing listens. */
  static Optional<String> page(InetSocketAddress to) {
    if (to.getPort() != HTTP || to.getAddress() == null) {
      return Optional.empty();
    }
    String address = to.getAddress().getHostAddress();
    if (address.equals(HELLO)) {
      return Optional.of(
          """
          Hello from the demo cluster!
          Your program asked for a name; teleproxy answered it, the firewall led the
          connection to its proxy, and the tunnel brought it here.
          """);
    }
    int pod = PODS.indexOf(address);
    return pod < 0 ? Optional.empty() : Optional.of("I am the pod db-" + pod + ".\n");
  }

  static boolean isEcho(InetSocketAddress to) {
    return to.getPort() == ECHO_PORT
        && to.getAddress() != null
        && to.getAddress().getHostAddress().equals(ECHO);
  }

  private static Route open(String name, String ip, Protocol protocol, int port, int target) {
    return Route.divert(name, protocol, Prefix.parse(ip), Ports.of(port), target);
  }

  private static Route closed(String ip) {
    return Route.reject("", Protocol.TCP, Prefix.parse(ip), Ports.ALL);
  }
}
