package io.teleproxy.net;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which local process has which socket, by the socket's local end: proc(5), as in {@link
 * SocketOwners}. Reading takes some milliseconds and more with many processes: not on an event
 * loop. Knows nothing where there is no such /proc.
 */
public final class LocalProcesses {
  private static final String LISTEN = "0A";

  private LocalProcesses() {}

  /**
   * A process.
   *
   * @param name of the command, 15 characters at most
   * @param uid who opened the socket
   */
  public record LocalProcess(long pid, String name, long uid) {}

  /**
   * The processes behind these local ends; those that are not found are missing.
   *
   * @param table {@code tcp} or {@code udp}
   */
  public static Map<InetSocketAddress, LocalProcess> find(
      String table, Collection<InetSocketAddress> clients) {
    return find(Path.of("/proc"), table, clients);
  }

  static Map<InetSocketAddress, LocalProcess> find(
      Path proc, String table, Collection<InetSocketAddress> clients) {
    Map<String, InetSocketAddress> wanted = new HashMap<>();
    Map<String, Long> uids = new HashMap<>();
    Map<Integer, InetSocketAddress> byPort = new HashMap<>();
    clients.forEach(client -> byPort.put(client.getPort(), client));
    for (String file : List.of(table, table + "6")) {
      inodes(proc.resolve("net/" + file), table.equals("udp"), byPort, wanted, uids);
    }
    Map<InetSocketAddress, LocalProcess> found = new HashMap<>();
    if (wanted.isEmpty()) {
      return found;
    }
    try (DirectoryStream<Path> all = Files.newDirectoryStream(proc, "[0-9]*")) {
      for (Path process : all) {
        descriptors(process, wanted, uids, found);
        if (found.size() == wanted.size()) {
          break;
        }
      }
    } catch (IOException e) {
      // No such /proc.
    }
    return found;
  }

  private static void inodes(
      Path file,
      boolean datagrams,
      Map<Integer, InetSocketAddress> byPort,
      Map<String, InetSocketAddress> wanted,
      Map<String, Long> uids) {
    try (var lines = Files.newBufferedReader(file, StandardCharsets.US_ASCII)) {
      lines.readLine();
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        String[] fields = line.trim().split("\\s+");
        if (fields.length < 10 || fields[3].equals(LISTEN) || fields[9].equals("0")) {
          continue;
        }
        InetSocketAddress local = SocketOwners.address(fields[1]);
        InetSocketAddress client = byPort.get(local.getPort());
        // A UDP socket is often bound to no address of its own.
        boolean same =
            client != null
                && (client.equals(local) || (datagrams && local.getAddress().isAnyLocalAddress()));
        if (same) {
          wanted.put(fields[9], client);
          uids.put(fields[9], Long.valueOf(fields[7]));
        }
      }
    } catch (IOException | IllegalArgumentException e) {
      // No IPv6, no such /proc, or a kernel that writes otherwise.
    }
  }

  private static void descriptors(
      Path process,
      Map<String, InetSocketAddress> wanted,
      Map<String, Long> uids,
      Map<InetSocketAddress, LocalProcess> found) {
    try (DirectoryStream<Path> all = Files.newDirectoryStream(process.resolve("fd"))) {
      for (Path descriptor : all) {
        String target = Files.readSymbolicLink(descriptor).toString();
        if (!target.startsWith("socket:[")) {
          continue;
        }
        String inode = target.substring(8, target.length() - 1);
        InetSocketAddress client = wanted.get(inode);
        if (client != null) {
          String name = Files.readString(process.resolve("comm")).strip();
          found.put(
              client,
              new LocalProcess(
                  Long.parseLong(process.getFileName().toString()),
                  name,
                  uids.getOrDefault(inode, -1L)));
        }
      }
    } catch (IOException | RuntimeException e) {
      // Ended meanwhile, or somebody else's.
    }
  }
}
