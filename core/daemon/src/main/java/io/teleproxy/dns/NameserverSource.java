package io.teleproxy.dns;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Where the machine's nameservers are written down, and what configuration puts in their place.
 *
 * <p>Where systemd-resolved's stub 127.0.0.53 is a nameserver, its upstreams are captured too,
 * because containers and its own clients (nss-resolve) reach only those; and we ask them instead of
 * the stub, because the stub's own queries come back to us.
 *
 * @param resolvConf usually {@code /etc/resolv.conf}
 * @param systemd usually {@code /run/systemd/resolve/resolv.conf}
 * @param dns nameservers to capture, and to ask, instead of those in the file; empty for those in
 *     the file
 * @param fallback nameservers to ask instead of the captured ones; empty for the captured ones
 */
public record NameserverSource(
    Path resolvConf, Path systemd, List<InetSocketAddress> dns, List<InetSocketAddress> fallback) {
  private static final int PORT = 53;
  private static final InetAddress STUB = literal(127, 0, 0, 53);

  /** What the C library asks when resolv.conf names nobody. */
  private static final InetAddress NONE_GIVEN = literal(127, 0, 0, 1);

  public NameserverSource {
    dns = List.copyOf(dns);
    fallback = List.copyOf(fallback);
  }

  /** The standard places. */
  public static NameserverSource standard(
      List<InetSocketAddress> dns, List<InetSocketAddress> fallback) {
    return new NameserverSource(
        Path.of("/etc/resolv.conf"), Path.of("/run/systemd/resolve/resolv.conf"), dns, fallback);
  }

  /** Reads the files now. */
  public Nameservers read() {
    return combine(ResolvConf.read(resolvConf), ResolvConf.read(systemd));
  }

  /** The files that say it. */
  public List<Path> files() {
    return List.of(resolvConf, systemd);
  }

  Nameservers combine(ResolvConf conf, ResolvConf behindStub) {
    List<InetAddress> others = new ArrayList<>(conf.nameservers());
    // Left by a run of ours that had no chance to undo it.
    others.remove(DnsServer.OWN_ADDRESS);
    List<InetSocketAddress> asked = dns.isEmpty() ? withPort(orDefault(others)) : dns;
    List<InetAddress> captured = new ArrayList<>();
    for (InetSocketAddress server : asked) {
      captured.add(server.getAddress());
    }
    List<InetAddress> behind = new ArrayList<>(behindStub.nameservers());
    behind.remove(DnsServer.OWN_ADDRESS);
    if (captured.contains(STUB) && !behind.isEmpty()) {
      captured.addAll(behind);
      List<InetSocketAddress> direct = new ArrayList<>(asked);
      direct.removeIf(server -> server.getAddress().equals(STUB));
      direct.addAll(withPort(behind));
      asked = direct;
    }
    return new Nameservers(captured, fallback.isEmpty() ? asked : fallback, conf.options());
  }

  private static List<InetAddress> orDefault(List<InetAddress> nameservers) {
    return nameservers.isEmpty() ? List.of(NONE_GIVEN) : nameservers;
  }

  private static List<InetSocketAddress> withPort(List<InetAddress> addresses) {
    return addresses.stream().map(address -> new InetSocketAddress(address, PORT)).toList();
  }

  private static InetAddress literal(int a, int b, int c, int d) {
    try {
      return InetAddress.getByAddress(new byte[] {(byte) a, (byte) b, (byte) c, (byte) d});
    } catch (UnknownHostException e) {
      throw new AssertionError("4 bytes are always an address", e);
    }
  }
}
