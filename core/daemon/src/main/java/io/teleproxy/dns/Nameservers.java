package io.teleproxy.dns;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;

/**
 * The nameservers that the machine had before us.
 *
 * @param captured whose traffic on port 53 comes to us instead
 * @param upstream whom we ask what we do not know, in this order
 * @param options how to ask them
 */
public record Nameservers(
    List<InetAddress> captured, List<InetSocketAddress> upstream, Options options) {
  public Nameservers {
    captured = captured.stream().distinct().toList();
    upstream = upstream.stream().distinct().toList();
  }

  /**
   * The options of resolv.conf(5) that concern asking.
   *
   * @param timeout how long one nameserver may take, 1-30 s
   * @param attempts how many rounds through the list, 1-5
   * @param rotate whether each query begins with another nameserver
   */
  public record Options(Duration timeout, int attempts, boolean rotate) {
    /** What the resolver does when resolv.conf says nothing: 5 s, 2 rounds, always in order. */
    public static final Options STANDARD = new Options(Duration.ofSeconds(5), 2, false);

    /** Also the limits of the C library's resolver (RES_MAXRETRANS, RES_MAXRETRY). */
    public Options {
      long seconds = Math.max(1, Math.min(30, timeout.toSeconds()));
      timeout = Duration.ofSeconds(seconds);
      attempts = Math.max(1, Math.min(5, attempts));
    }
  }
}
