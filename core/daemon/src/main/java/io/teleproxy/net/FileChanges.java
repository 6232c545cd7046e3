package io.teleproxy.net;

import com.sun.jna.LastErrorException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What happens to some files, by inotify(7): written, replaced by a rename, made, removed, behind
 * whatever symbolic links. The files themselves are watched, since one that is mounted over another
 * may be written by a path that we do not know, and the folders of each link on the way to them;
 * where there is no such folder, the nearest one that there is.
 */
final class FileChanges implements Announcements {
  private static final int IN_MODIFY = 0x2;
  private static final int IN_ATTRIB = 0x4;
  private static final int IN_CLOSE_WRITE = 0x8;
  private static final int IN_MOVED_FROM = 0x40;
  private static final int IN_MOVED_TO = 0x80;
  private static final int IN_CREATE = 0x100;
  private static final int IN_DELETE = 0x200;
  private static final int IN_DELETE_SELF = 0x400;
  private static final int IN_MOVE_SELF = 0x800;

  private static final int OF_A_FILE =
      IN_MODIFY | IN_ATTRIB | IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF;
  private static final int OF_A_FOLDER =
      IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF;

  /** As many as the kernel follows (MAXSYMLINKS). */
  private static final int MOST_LINKS = 40;

  private final List<Path> files;
  private final int inotify = LinuxC.inotify_init1(LinuxC.CLOEXEC | LinuxC.NONBLOCK);
  private final byte[] ignored = new byte[8 * 1024];

  /** Watch descriptors. */
  private Map<Path, Integer> watched = Map.of();

  /**
   * Watches from now on.
   *
   * @param files absolute; need not exist
   * @throws LastErrorException if there are no more watches to be had
   */
  FileChanges(List<Path> files) {
    this.files = List.copyOf(files);
    watch();
  }

  @Override
  public int descriptor() {
    return inotify;
  }

  @Override
  public void take() {
    try {
      while (LinuxC.read(inotify, ignored, ignored.length) > 0) {
        // More may wait.
      }
    } catch (LastErrorException e) {
      // Nothing more.
    }
    watch();
  }

  /** The links may lead elsewhere now, and the files be others. */
  private void watch() {
    Map<Path, Integer> wanted = new HashMap<>();
    files.forEach(file -> follow(file, wanted));
    Map<Path, Integer> now = new HashMap<>();
    wanted.forEach(
        (path, mask) -> {
          try {
            now.put(path, LinuxC.inotify_add_watch(inotify, path.toString(), mask));
          } catch (LastErrorException e) {
            // Gone meanwhile: its folder tells when it is there again.
          }
        });
    watched.forEach(
        (path, watch) -> {
          if (!now.containsValue(watch)) {
            try {
              LinuxC.inotify_rm_watch(inotify, watch);
            } catch (LastErrorException e) {
              // It went with its file.
            }
          }
        });
    watched = now;
  }

  private static void follow(Path file, Map<Path, Integer> wanted) {
    Path next = file;
    for (int i = 0; next != null && i < MOST_LINKS; i++) {
      wanted.put(existing(next.getParent()), OF_A_FOLDER);
      Path target = target(next);
      if (target == null && Files.exists(next)) {
        wanted.put(next, OF_A_FILE);
      }
      next = target;
    }
  }

  private static Path existing(@Nullable Path folder) {
    Path found = folder;
    while (found != null && !Files.isDirectory(found)) {
      found = found.getParent();
    }
    return found == null ? Path.of("/") : found;
  }

  /** Where a symbolic link leads; null if it is none. */
  private static @Nullable Path target(Path link) {
    try {
      return Files.isSymbolicLink(link)
          ? link.resolveSibling(Files.readSymbolicLink(link)).normalize()
          : null;
    } catch (IOException e) {
      return null;
    }
  }
}
