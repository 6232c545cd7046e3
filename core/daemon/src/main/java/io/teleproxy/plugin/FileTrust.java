package io.teleproxy.plugin;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/**
 * Whether a file can only have been written by those whom we trust. What a plugin's jar holds runs
 * with our rights, so whoever can write it, or a folder on the way to it, owns this process.
 */
final class FileTrust {
  /** Mode bits of inode(7). */
  private static final int GROUP_WRITE = 020;

  private static final int OTHER_WRITE = 002;
  private static final int STICKY = 01000;

  private final Set<Long> owners;

  FileTrust(Set<Long> owners) {
    this.owners = owners;
  }

  /** Checks a file or folder and all folders above it. */
  void check(Path path) throws PluginFailure {
    try {
      Path real = path.toRealPath();
      if (!real.getFileSystem().supportedFileAttributeViews().contains("unix")) {
        return;
      }
      check(real, GROUP_WRITE | OTHER_WRITE);
      for (Path above = real.getParent(); above != null; above = above.getParent()) {
        // Distributions have folders like /usr/local that a group of administrators may write.
        check(above, OTHER_WRITE);
      }
    } catch (IOException e) {
      throw new PluginFailure(
          "the permissions of " + path + " cannot be read: " + e, "Copy it again.");
    }
  }

  private void check(Path path, int forbidden) throws IOException, PluginFailure {
    Map<String, Object> attributes = Files.readAttributes(path, "unix:uid,mode");
    long owner = ((Number) attributes.getOrDefault("uid", -1)).longValue();
    int mode = ((Number) attributes.getOrDefault("mode", 0)).intValue();
    if (!owners.contains(owner)) {
      throw new PluginFailure(
          path
              + " belongs to user id "
              + owner
              + (owners.equals(Set.of(0L))
                  ? ", and only root's plugins are loaded into root's process"
                  : ", who is neither root nor you"),
          "If you trust it: chown root "
              + path
              + (owners.equals(Set.of(0L))
                  ? ", or set allow-user-plugins = true in /etc/teleproxy/teleproxy.conf."
                  : ""));
    }
    // In a sticky folder like /tmp nobody can replace what belongs to somebody else.
    boolean sticky = Files.isDirectory(path) && (mode & STICKY) != 0;
    if ((mode & forbidden) != 0 && !sticky) {
      throw new PluginFailure(
          path + " can be written by others (mode " + Integer.toOctalString(mode & 07777) + ")",
          "If you trust it: chmod go-w " + path);
    }
  }
}
