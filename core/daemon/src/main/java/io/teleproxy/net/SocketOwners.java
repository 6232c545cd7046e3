package io.teleproxy.net;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which process has which TCP socket, as Linux tells it at one moment: {@link SocketTable} gives
 * each socket's inode, {@code /proc/PID/fd} who has that inode open. Immutable. Making one reads
 * all file descriptors of the machine, some milliseconds.
 */
public final class SocketOwners {
  private final Map<String, String> inodes = new HashMap<>();
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
    SocketTable.read(proc.resolve("net"), "tcp", local -> true, owners::socket);
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
    String connection = inodes.get(SocketTable.text(client));
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

  private void socket(SocketTable.Row row) {
    if (row.listening()) {
      listeners.computeIfAbsent(row.port(), port -> new HashSet<>()).add(row.inode());
    } else {
      inodes.put(row.local(), row.inode());
    }
  }

  private void process(Path descriptors) {
    Set<String> open = new HashSet<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(descriptors)) {
      for (Path descriptor : all) {
        String target = target(descriptor);
        if (target.startsWith("socket:[")) {
          open.add(target.substring(8, target.length() - 1));
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      // Ended meanwhile, or somebody else's.
    }
    if (!open.isEmpty()) {
      processes.add(open);
    }
  }

  /** What a descriptor is open for; empty if it has been closed meanwhile: the others are not. */
  private static String target(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString();
    } catch (IOException e) {
      return "";
    }
  }
}
