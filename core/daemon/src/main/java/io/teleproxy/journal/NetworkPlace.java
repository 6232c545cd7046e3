package io.teleproxy.journal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which of the networks of a Linux machine this process lives in (network_namespaces(7)). An
 * address that was added in one is not to be looked for in another, though all of them share a
 * disk. Written as part of a file's name: {@code BOOT.NAMESPACE-}, the boot because numbers of
 * namespaces mean nothing after the next one.
 */
final class NetworkPlace {
  private static final Path NAMESPACE = Path.of("/proc/self/ns/net");
  private static final Path BOOT = Path.of("/proc/sys/kernel/random/boot_id");
  private static final Pattern WRITTEN = Pattern.compile("([0-9a-f]{8})\\.(\\d+)-");

  private NetworkPlace() {}

  /** Of this process; empty if the system does not say. */
  static String here() {
    try {
      // net:[4026531840]
      String namespace = Files.readSymbolicLink(NAMESPACE).toString().replaceAll("\\D", "");
      return Files.readString(BOOT).substring(0, 8) + "." + namespace + "-";
    } catch (IOException | RuntimeException e) {
      return "";
    }
  }

  /** Whether a name tells of another network of the same boot. */
  static boolean isElsewhere(String here, String name) {
    Matcher mine = WRITTEN.matcher(here);
    Matcher other = WRITTEN.matcher(name);
    return mine.find()
        && other.find()
        && mine.group(1).equals(other.group(1))
        && !mine.group(2).equals(other.group(2));
  }
}
