package io.teleproxy.net;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which process has which TCP socket, as Linux tells it at one moment: {@code /proc/net/tcp} and
 * {@code tcp6} (proc(5)) give each socket's inode, {@code /proc/PID/fd} who has that inode open.
 * Immutable. Making one reads all file descriptors of the machine, some milliseconds.
 */
public final class SocketOwners {
  private static final String LISTEN = "0A";

  private final Map<InetSocketAddress, String> inodes = new HashMap<>();
  private final Map<Integer, Set<String>> listeners = new HashMap<>();
  private final List<Set<String>> processes = new ArrayList<>();

  private SocketOwners() {}

  /** As it is now; knows nothing where there is no such /proc, or of processes hidden from us. */
  public static SocketOwners now() {
    return read(Path.of("/proc"));
  }

  /** As it is in this proc(5) file system; knows nothing if it is none. */
  public static SocketOwners read(Path proc) {
    SocketOwners owners = new SocketOwners();
    for (String table : List.of("net/tcp", "net/tcp6")) {
      try {
        List<String> lines = Files.readAllLines(proc.resolve(table));
        lines.subList(Math.min(1, lines.size()), lines.size()).forEach(owners::socket);
      } catch (IOException e) {
        // No IPv6, or no such /proc: nothing is known.
      }
    }
    try (DirectoryStream<Path> all = Files.newDirectoryStream(proc, "[0-9]*")) {
      for (Path process : all) {
        owners.process(process.resolve("fd"));
      }
    } catch (IOException e) {
      // As above.
    }
    return owners;
  }

  /**
   * Whether a process that listens on this port, on any address, also has the connection whose
   * local end is {@code client}.
   */
  public boolean listensAndConnects(int port, InetSocketAddress client) {
    String connection = inodes.get(client);
    Set<String> listening = listeners.getOrDefault(port, Set.of());
    if (connection == null || listening.isEmpty()) {
      return false;
    }
    for (Set<String> open : processes) {
      if (open.contains(connection) && open.stream().anyMatch(listening::contains)) {
        return true;
      }
    }
    return false;
  }

  /** {@code sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode}. */
  private void socket(String line) {
    String[] fields = line.trim().split("\\s+");
    if (fields.length < 10) {
      return;
    }
    try {
      InetSocketAddress local = address(fields[1]);
      if (fields[3].equals(LISTEN)) {
        listeners.computeIfAbsent(local.getPort(), port -> new HashSet<>()).add(fields[9]);
      } else {
        inodes.put(local, fields[9]);
      }
    } catch (IOException | IllegalArgumentException e) {
      // A line that a future kernel writes otherwise is no socket we know of.
    }
  }

  /** {@code 0100007F:0050}: words of 32 bits in the machine's byte order, port in hexadecimal. */
  static InetSocketAddress address(String text) throws IOException {
    int colon = text.indexOf(':');
    ByteBuffer words = ByteBuffer.wrap(HexFormat.of().parseHex(text.substring(0, colon)));
    ByteBuffer bytes = ByteBuffer.allocate(words.capacity()).order(ByteOrder.nativeOrder());
    while (words.hasRemaining()) {
      bytes.putInt(words.getInt());
    }
    return new InetSocketAddress(
        InetAddress.getByAddress(bytes.array()), Integer.parseInt(text.substring(colon + 1), 16));
  }

  private void process(Path descriptors) {
    Set<String> open = new HashSet<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(descriptors)) {
      for (Path descriptor : all) {
        String target = Files.readSymbolicLink(descriptor).toString();
        if (target.startsWith("socket:[")) {
          open.add(target.substring(8, target.length() - 1));
        }
      }
    } catch (IOException | RuntimeException e) {
      // Ended meanwhile, or somebody else's.
    }
    if (!open.isEmpty()) {
      processes.add(open);
    }
  }
}
