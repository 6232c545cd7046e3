package io.teleproxy.plugin.iptables;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collection;

/**
 * The addresses of captured nameservers with the time when we said so last, kept by the kernel
 * (xt_recent): a rule that asks for it stops capturing soon after we hang. There is such a list as
 * long as a rule names it.
 */
final class RecentList {
  /** How long a nameserver stays captured unless we say so again. */
  static final int SECONDS = 8;

  static final String NAME = "teleproxy-dns";

  private final Path file;

  /**
   * @param net {@code /proc/net} of the network namespace
   */
  RecentList(Path net) {
    this.file = net.resolve("xt_recent").resolve(NAME);
  }

  /** Starts these addresses' time anew. */
  void renew(Collection<InetAddress> addresses) throws IOException {
    for (InetAddress address : addresses) {
      // The kernel reads one command per write.
      try (OutputStream out = Files.newOutputStream(file)) {
        out.write(("+" + AddressText.of(address)).getBytes(StandardCharsets.US_ASCII));
      } catch (NoSuchFileException e) {
        throw new IOException(
            file
                + " is gone, the list of captured nameservers: somebody else has just removed the"
                + " rules that use it",
            e);
      }
    }
  }

  /** The condition of a rule, as iptables-save writes it. */
  static String match(Family family) {
    return "-m recent --rcheck --seconds "
        + SECONDS
        + " --name "
        + NAME
        + " --mask "
        + (family == Family.IPV4 ? "255.255.255.255" : "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
        + " --rdest ";
  }
}
