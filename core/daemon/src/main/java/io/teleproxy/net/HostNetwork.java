package io.teleproxy.net;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Where in which networks this machine is. Nothing is known of it where there is no {@code
 * /proc/net}, and nobody needs to know it there: those who are connected find out by themselves.
 *
 * @param addresses {@code eth0 192.0.2.7/24}, sorted; without loopback and link-local ones
 */
public record HostNetwork(HostRoutes routes, List<String> addresses) {
  /** Of which nothing is known. */
  public static final HostNetwork UNKNOWN = new HostNetwork(new HostRoutes(List.of()), List.of());

  public HostNetwork {
    addresses = List.copyOf(addresses);
  }

  /** As it is now; some hundred microseconds. */
  public static HostNetwork now() {
    HostRoutes routes = HostRoutes.read(Path.of("/proc/net"));
    List<String> addresses = new ArrayList<>();
    try {
      for (NetworkInterface each :
          (Iterable<NetworkInterface>) NetworkInterface.networkInterfaces()::iterator) {
        if (!each.isLoopback()) {
          each.getInterfaceAddresses().forEach(one -> add(each.getName(), one, addresses));
        }
      }
    } catch (SocketException e) {
      // Interfaces come and go while we look; whoever goes is announced, too.
    }
    addresses.sort(null);
    return new HostNetwork(routes, addresses);
  }

  private static void add(String name, InterfaceAddress one, List<String> addresses) {
    InetAddress address = one.getAddress();
    if (address instanceof Inet4Address || !address.isLinkLocalAddress()) {
      String text = address.getHostAddress();
      int scope = text.indexOf('%');
      addresses.add(
          name
              + " "
              + (scope < 0 ? text : text.substring(0, scope))
              + "/"
              + one.getNetworkPrefixLength());
    }
  }

  /** The interfaces by which whatever has no better route leaves: {@code eth0}. */
  public List<String> waysOut() {
    return routes.defaults().stream().map(HostRoutes.Route::device).distinct().toList();
  }
}
