package io.teleproxy.spi;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Changes to the machine that would outlive us: files, addresses on a loopback interface, settings
 * of other programs. Each is written down, on disk, before it is made; and undone, however we end:
 *
 * <ol>
 *   <li>on request ({@link Entry#undo});
 *   <li>when the run stops, last change first, after the session that made it has been closed;
 *   <li>when the process is killed, by a watchdog (where there is a POSIX shell);
 *   <li>at the next start, before anything is opened, and by {@code teleproxy cleanup}, which says
 *       what it removed. So it is after a loss of power.
 * </ol>
 *
 * Whoever undoes it then knows neither the plugin nor its state: what it takes must be in the
 * journal. What the kernel removes together with our process does not belong here. A machine on
 * which nothing is noted gets no file of ours.
 *
 * <p>Any thread; each call may block for some milliseconds, {@code undo} for 10 s.
 */
public interface Journal {
  /**
   * Notes a change that the caller makes when this has returned.
   *
   * <pre>{@code
   * Journal.Entry alias =
   *     journal.note("address 127.0.0.7 on lo0", List.of("/sbin/ifconfig", "lo0", "-alias", "127.0.0.7"));
   * run("/sbin/ifconfig", "lo0", "alias", "127.0.0.7");
   * }</pre>
   *
   * @param what it is, for people
   * @param undo command line, run by root without a shell, its program by absolute path. Exit
   *     status 0 means that there is nothing left to undo; it says so too if the change was never
   *     made, or is gone. With any other the entry stays, and is tried again at the next occasion
   * @throws IOException if it cannot be written down; then the change must not be made
   */
  Entry note(String what, List<String> undo) throws IOException;

  /**
   * Creates a file, with the folders that it needs, or replaces what is in it; atomically. Undone,
   * the file has its old contents again, or it and the folders are gone. If others have changed it
   * since, it is left as it is.
   *
   * @param file absolute; a symbolic link is followed
   * @throws IOException if it cannot be noted or written; the file is then as before
   */
  Entry replace(Path file, byte[] contents) throws IOException;

  /** A change that is noted. */
  interface Entry {
    /** What it is, for people. */
    String what();

    /**
     * Undoes it now and strikes it out. Idempotent.
     *
     * @throws IOException if that failed; it stays noted
     */
    void undo() throws IOException;
  }
}
