package io.teleproxy.dns;

import io.teleproxy.spi.Prefix;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.StringTokenizer;

/**
 * The contents of a resolv.conf(5).
 *
 * @param nameservers in the order of the file; lines that are no address are left out
 * @param search the domains of the last {@code search} or {@code domain} line, without final dot
 * @param options see there
 */
public record ResolvConf(
    List<InetAddress> nameservers, List<String> search, Nameservers.Options options) {
  /** What a missing file means. */
  public static final ResolvConf EMPTY =
      new ResolvConf(List.of(), List.of(), Nameservers.Options.STANDARD);

  public ResolvConf {
    nameservers = List.copyOf(nameservers);
    search = List.copyOf(search);
  }

  /** Reads the file; {@link #EMPTY} if there is none or it cannot be read. */
  public static ResolvConf read(Path file) {
    try {
      return parse(Files.readString(file, StandardCharsets.ISO_8859_1));
    } catch (IOException e) {
      return EMPTY;
    }
  }

  /** Reads the text of a resolv.conf; like the C library, it skips what it does not understand. */
  public static ResolvConf parse(String text) {
    List<InetAddress> nameservers = new ArrayList<>(3);
    List<String> search = new ArrayList<>();
    int timeout = (int) Nameservers.Options.STANDARD.timeout().toSeconds();
    int attempts = Nameservers.Options.STANDARD.attempts();
    boolean rotate = false;
    StringTokenizer lines = new StringTokenizer(text, "\r\n");
    while (lines.hasMoreTokens()) {
      StringTokenizer words = new StringTokenizer(withoutComment(lines.nextToken()), " \t");
      String keyword = words.hasMoreTokens() ? words.nextToken() : "";
      switch (keyword) {
        case "nameserver" -> {
          if (words.hasMoreTokens()) {
            addAddress(nameservers, words.nextToken());
          }
        }
        case "search", "domain" -> {
          search.clear();
          while (words.hasMoreTokens()) {
            addDomain(search, words.nextToken());
          }
        }
        case "options" -> {
          while (words.hasMoreTokens()) {
            String option = words.nextToken();
            timeout = number(option, "timeout:", timeout);
            attempts = number(option, "attempts:", attempts);
            rotate |= option.equals("rotate");
          }
        }
        default -> {
          // sortlist and what later versions may bring do not concern us
        }
      }
    }
    return new ResolvConf(
        nameservers,
        search,
        new Nameservers.Options(Duration.ofSeconds(timeout), attempts, rotate));
  }

  private static String withoutComment(String line) {
    int end = 0;
    while (end < line.length() && line.charAt(end) != '#' && line.charAt(end) != ';') {
      end++;
    }
    return line.substring(0, end);
  }

  private static void addDomain(List<String> search, String domain) {
    String name = domain.endsWith(".") ? domain.substring(0, domain.length() - 1) : domain;
    if (!name.isEmpty()) {
      search.add(name);
    }
  }

  private static void addAddress(List<InetAddress> nameservers, String text) {
    int percent = text.indexOf('%');
    try {
      InetAddress address = Prefix.parseAddress(percent < 0 ? text : text.substring(0, percent));
      if (percent >= 0) {
        // A literal with a scope is not looked up either, but its interface has to exist.
        address = scoped(address, text.substring(percent + 1));
      }
      if (!nameservers.contains(address)) {
        nameservers.add(address);
      }
    } catch (IllegalArgumentException | IOException e) {
      // The C library passes over such a line as well.
    }
  }

  private static InetAddress scoped(InetAddress address, String scope) throws IOException {
    byte[] bytes = address.getAddress();
    if (bytes.length != 16) {
      throw new UnknownHostException(address.getHostAddress() + "%" + scope);
    }
    int index = number(scope, "", -1);
    if (index >= 0) {
      return Inet6Address.getByAddress(null, bytes, index);
    }
    NetworkInterface link = NetworkInterface.getByName(scope);
    if (link == null) {
      throw new UnknownHostException(address.getHostAddress() + "%" + scope);
    }
    return Inet6Address.getByAddress(null, bytes, link.getIndex());
  }

  /** The number after the prefix, or the other value if the text is something else. */
  private static int number(String text, String prefix, int otherwise) {
    if (!text.startsWith(prefix) || text.length() == prefix.length()) {
      return otherwise;
    }
    int value = 0;
    for (int i = prefix.length(); i < text.length(); i++) {
      char digit = text.charAt(i);
      if (digit < '0' || digit > '9' || value > 100_000) {
        return otherwise;
      }
      value = value * 10 + digit - '0';
    }
    return value;
  }
}
