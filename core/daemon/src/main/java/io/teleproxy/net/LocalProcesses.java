package io.teleproxy.net;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which local process has which socket, by the socket's local end: proc(5), as in {@link
 * SocketOwners}. Reading takes some milliseconds and more with many processes: not on an event
 * loop. Knows nothing where there is no such /proc.
 */
public final class LocalProcesses {
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
    SocketTable.read(
        proc.resolve("net"),
        table,
        local -> byPort.containsKey(SocketTable.port(local)),
        row -> socket(row, table.equals("udp"), byPort.get(row.port()), wanted, uids));
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

  private static void socket(
      SocketTable.Row row,
      boolean datagrams,
      @Nullable InetSocketAddress client,
      Map<String, InetSocketAddress> wanted,
      Map<String, Long> uids) {
    if (client == null || row.listening() || row.inode().equals("0")) {
      return;
    }
    // A UDP socket is often bound to no address of its own.
    if (row.local().equals(SocketTable.text(client)) || (datagrams && row.unbound())) {
      wanted.put(row.inode(), client);
      uids.put(row.inode(), row.uid());
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
