package io.teleproxy.app;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The bridges of local container engines and their addresses.
 *
 * @param names interface names, sorted
 * @param addresses where redirected container traffic arrives
 */
record ContainerBridges(List<String> names, List<InetAddress> addresses) {
  private static final Path INTERFACES = Path.of("/sys/class/net");

  /** Docker, Podman, nerdctl, CNI, LXC, LXD, Incus. */
  private static final List<String> PREFIXES =
      List.of("docker", "br-", "podman", "nerdctl", "cni", "lxcbr", "lxdbr", "incusbr");

  ContainerBridges {
    names = List.copyOf(names);
    addresses = List.copyOf(addresses);
  }

  /** The bridges that are there now; none on systems without /sys. */
  static ContainerBridges find() {
    List<String> names = new ArrayList<>();
    List<InetAddress> addresses = new ArrayList<>();
    if (Files.isDirectory(INTERFACES)) {
      try (DirectoryStream<Path> interfaces = Files.newDirectoryStream(INTERFACES)) {
        for (Path each : interfaces) {
          String name = each.getFileName().toString();
          if (PREFIXES.stream().anyMatch(name::startsWith)
              && Files.isDirectory(each.resolve("bridge"))) {
            names.add(name);
          }
        }
      } catch (IOException e) {
        // Interfaces come and go while we look; the next look is soon.
      }
    }
    names.sort(null);
    names.forEach(name -> addresses.addAll(addresses(name)));
    return new ContainerBridges(names, addresses);
  }

  private static List<InetAddress> addresses(String name) {
    try {
      NetworkInterface bridge = NetworkInterface.getByName(name);
      return bridge == null
          ? List.of()
          : bridge
              .inetAddresses()
              .filter(address -> address instanceof Inet4Address || !address.isLinkLocalAddress())
              .toList();
    } catch (SocketException e) {
      return List.of();
    }
  }
}
