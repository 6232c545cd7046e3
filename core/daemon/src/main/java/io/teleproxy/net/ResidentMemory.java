package io.teleproxy.net;

import com.sun.jna.Native;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What of this process is in memory though nobody needs it at the moment: garbage, what the C
 * library keeps of what was freed, and pages of files that were read once (the virtual machine's
 * own code, the class-data archive). The last are in the kernel's cache all the same, and come back
 * from there, 16 at a time, when they are touched. Used by one thread.
 */
public final class ResidentMemory {
  private static final Logger log = LoggerFactory.getLogger(ResidentMemory.class);

  private static final Path MAPPINGS = Path.of("/proc/self/smaps");

  /**
   * {@code start-end perms offset device inode path} (proc_pid_maps(5)) of programs, and of the
   * class-data archive. Not of what is only read otherwise: the loader has written on some of it.
   */
  private static final Pattern HEAD =
      Pattern.compile("([0-9a-f]+)-([0-9a-f]+) (?:r-x[ps] .* /.*|r--[ps] .* /.*\\.jsa)");

  /** What a mapping must not have in memory, or on a disk for want of memory, to be the file's. */
  private static final Pattern OF_ITS_OWN = Pattern.compile("(Anonymous|Swap): +[1-9].*");

  /** The same on all of Linux's machines that we have libraries for (madvise(2)). */
  private static final int MADV_DONTNEED = 4;

  private Set<String> before = Set.of();

  /** As it is now; what is mapped at this moment, and still so later, is no work in progress. */
  public ResidentMemory() {
    try {
      before = readOnly(Files.readAllLines(MAPPINGS));
    } catch (IOException e) {
      log.debug("memory", e);
    }
  }

  /** Stops all threads for some ten milliseconds. */
  public void giveBack() {
    System.gc();
    if (before.isEmpty()) {
      return;
    }
    try {
      int unused = GnuC.malloc_trim(0);
    } catch (LinkageError e) {
      // Not the GNU C library.
    }
    try {
      Set<String> now = readOnly(Files.readAllLines(MAPPINGS));
      for (String mapping : now) {
        if (before.contains(mapping)) {
          unmapPages(mapping);
        }
      }
      before = now;
    } catch (IOException | LinkageError e) {
      log.debug("memory", e);
    }
  }

  /**
   * Mappings of files that nobody writes to, and that hold nothing but the file. A library that is
   * being loaded may look like one for a moment: hence twice.
   *
   * @param lines of smaps
   */
  static Set<String> readOnly(List<String> lines) {
    Set<String> found = new HashSet<>();
    String head = "";
    for (String line : lines) {
      if (!Character.isUpperCase(line.charAt(0))) {
        // What is said of a mapping begins with a capital.
        head = line;
        if (HEAD.matcher(line).matches()) {
          found.add(line);
        }
      } else if (OF_ITS_OWN.matcher(line).matches()) {
        found.remove(head);
      }
    }
    return found;
  }

  private static void unmapPages(String mapping) {
    Matcher head = HEAD.matcher(mapping);
    if (head.matches()) {
      long start = Long.parseUnsignedLong(head.group(1), 16);
      long end = Long.parseUnsignedLong(head.group(2), 16);
      int unused = LinuxMemory.madvise(start, end - start, MADV_DONTNEED);
    }
  }

  private static final class LinuxMemory {
    static {
      Native.register(LinuxMemory.class, "c");
    }

    private LinuxMemory() {}

    static native int madvise(long address, long length, int advice);
  }

  /** What musl does not have. */
  private static final class GnuC {
    static {
      Native.register(GnuC.class, "c");
    }

    private GnuC() {}

    @SuppressWarnings("MethodName")
    static native int malloc_trim(long pad);
  }
}
