package io.teleproxy.app;

import com.sun.jna.LastErrorException;
import com.sun.jna.Native;
import io.teleproxy.spi.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The group id that marks our own sockets, so that the firewall leaves them alone. Sockets take it
 * from the process that opens them, and child processes inherit it. The launcher usually sets it
 * ({@code setpriv}); where it could not, it is set here.
 */
final class PrivateGroup {
  private static final Path STATUS = Path.of("/proc/self/status");

  private PrivateGroup() {}

  /**
   * Makes sure that the whole process runs under this group. Windows has no such thing, and its
   * interceptor needs none.
   *
   * @param os as in {@link io.teleproxy.spi.Environment#os}
   * @throws UserException if the system refuses
   */
  static void enter(long gid, String os) {
    if (os.equals("windows") || isEffective(gid)) {
      return;
    }
    try {
      LibC.setregid((int) gid, (int) gid);
    } catch (LastErrorException | UnsatisfiedLinkError e) {
      throw new UserException(
          "The process cannot take the group id " + gid + " (" + e.getMessage() + ")",
          "Run as root (sudo teleproxy run; in a container with --cap-add SETGID), or set intercept.gid to a group you may use.",
          e);
    }
  }

  private static boolean isEffective(long gid) {
    try {
      for (String line : Files.readAllLines(STATUS)) {
        if (line.startsWith("Gid:")) {
          // real, effective, saved, file system (proc(5))
          String[] ids = line.substring("Gid:".length()).trim().split("\\s+");
          return ids[1].equals(Long.toString(gid)) && ids[3].equals(Long.toString(gid));
        }
      }
    } catch (IOException e) {
      // not Linux: ask the system call instead
    }
    return false;
  }

  private static final class LibC {
    static {
      Native.register(LibC.class, "c");
    }

    private LibC() {}

    /**
     * setregid(2), which sets the saved group id, too (POSIX.1-2017); glibc and musl apply it to
     * all threads. Unlike setresgid(2), macOS has it.
     */
    static native int setregid(int real, int effective) throws LastErrorException;
  }
}
