package io.teleproxy.net;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * All sockets of this network, as {@code net/tcp}, {@code net/tcp6} and their like of proc(5) tell
 * them. Addresses stay in the kernel's form; those of sockets for both families are in their IPv4
 * form.
 */
final class SocketTable {
  private static final String LISTEN = "0A";

  /**
   * One socket.
   *
   * @param uid who has opened it; root for one that no process has any more
   * @param inode 0 for one that no process has any more
   */
  record Row(String local, String remote, boolean listening, long uid, String inode) {
    int port() {
      return SocketTable.port(local);
    }

    /** Whether it is bound to no address. */
    boolean unbound() {
      return local.substring(0, local.indexOf(':')).chars().allMatch(digit -> digit == '0');
    }
  }

  private SocketTable() {}

  /**
   * Reads both tables; a line costs little unless it is wanted. Knows nothing where there is no
   * such proc(5).
   *
   * @param net {@code /proc/net}
   * @param protocol {@code tcp} or {@code udp}
   * @param wanted by the local address
   */
  static void read(Path net, String protocol, Predicate<String> wanted, Consumer<Row> found) {
    for (String table : List.of(protocol, protocol + "6")) {
      try (var lines = Files.newBufferedReader(net.resolve(table), StandardCharsets.US_ASCII)) {
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          row(line, wanted, found);
        }
      } catch (IOException | IllegalArgumentException e) {
        // No IPv6, no such /proc, or a kernel that writes otherwise.
      }
    }
  }

  /** {@code sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode}. */
  private static void row(String line, Predicate<String> wanted, Consumer<Row> found) {
    int start = line.indexOf(':') + 2;
    int end = line.indexOf(' ', start);
    if (start < 2 || end < 0) {
      return;
    }
    String local = normal(line.substring(start, end));
    String[] fields = wanted.test(local) ? line.trim().split("\\s+") : new String[0];
    // The heading, or what a future kernel writes otherwise, is no socket that we know of.
    if (fields.length >= 10 && local.indexOf(':') > 0 && Character.isDigit(fields[7].charAt(0))) {
      found.accept(
          new Row(
              local,
              normal(fields[2]),
              fields[3].equals(LISTEN),
              Long.parseLong(fields[7]),
              fields[9]));
    }
  }

  /** The port of an address in the kernel's form. */
  static int port(String address) {
    return Integer.parseInt(address.substring(address.indexOf(':') + 1), 16);
  }

  /** As the kernel writes it: words of 32 bits in the machine's byte order, port in hexadecimal. */
  static String text(InetSocketAddress address) {
    byte[] bytes = address.getAddress().getAddress();
    int flip = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN ? 3 : 0;
    HexFormat hex = HexFormat.of().withUpperCase();
    StringBuilder text = new StringBuilder(40);
    for (int i = 0; i < bytes.length; i++) {
      hex.toHexDigits(text, bytes[i ^ flip]);
    }
    return text.append(':').append(hex.toHexDigits((short) address.getPort())).toString();
  }

  /** Sockets for both families have IPv4 addresses in the form {@code ::ffff:127.0.0.1}. */
  private static String normal(String text) {
    boolean mapped =
        text.length() == 37
            && (text.startsWith("0000000000000000FFFF0000")
                || text.startsWith("00000000000000000000FFFF"));
    return mapped ? text.substring(24) : text;
  }
}
