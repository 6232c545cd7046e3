package io.teleproxy.plugin.perport;

import io.teleproxy.spi.AnsweredNames;
import io.teleproxy.spi.Cause;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Journal;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * resolv.conf(5), in which our server takes the place of the nameservers; all else in it stays. It
 * is the only one: of two, some C libraries believe the one that answers first. When others write
 * the file, who then is named is believed first (the core follows the file), and gets our server
 * for a neighbour a second later. Guarded by this.
 */
final class ResolverFile {
  private static final Logger log = LoggerFactory.getLogger(ResolverFile.class);
  private static final long PERIOD_MILLIS = 250;
  private static final long PATIENCE_NANOS = Duration.ofSeconds(1).toNanos();
  private static final String OURS = "nameserver " + AnsweredNames.SERVER.getHostAddress();

  private final Path file;
  private final Journal journal;
  private final Consumer<Health> health;
  private Journal.@Nullable Entry entry;
  private boolean taken;

  /** Whether the nameserver before us was systemd-resolved. */
  private boolean resolved;

  private boolean closed;
  private @Nullable Thread upkeep;

  /** When somebody else's text was seen first; 0 if it is ours. */
  private long othersSince;

  ResolverFile(Path file, Journal journal, Consumer<Health> health) {
    this.file = file;
    this.journal = journal;
    this.health = health;
  }

  /** Has programs ask us, from now on. Where that cannot be, names are the others' as before. */
  synchronized void take() {
    taken = true;
    write();
    if (upkeep == null) {
      Thread thread = new Thread(this::keep, "per-port-fallback");
      thread.setDaemon(true);
      thread.start();
      upkeep = thread;
    }
  }

  /** As it was before. */
  synchronized void release() throws IOException {
    taken = false;
    Journal.Entry last = entry;
    if (last != null) {
      last.undo();
      entry = null;
    }
  }

  synchronized void close() throws IOException {
    closed = true;
    notifyAll();
    release();
  }

  private void write() {
    try {
      String now = Files.exists(file) ? read() : "";
      if (!isOurs(now)) {
        Journal.Entry last = entry;
        if (last != null) {
          // Others have written since: this leaves their text alone.
          last.undo();
          entry = null;
        }
        resolved = now.contains("127.0.0.53");
        entry = journal.replace(file, with(now).getBytes(StandardCharsets.ISO_8859_1));
      }
      othersSince = 0;
      health.accept(told());
    } catch (IOException e) {
      log.debug("{}", file, e);
      health.accept(
          Health.degraded(
                  "programs ask others for names: "
                      + file
                      + " cannot be written: "
                      + e.getMessage(),
                  "Put '" + OURS + "' into it yourself, before all other nameservers.")
              .because(Cause.RESOLVER_NOT_TOLD));
    }
  }

  /** Who asks systemd-resolved by its own protocols does not read the file. */
  private Health told() throws IOException {
    Path nsswitch = file.resolveSibling("nsswitch.conf");
    boolean direct =
        resolved
            && Files.exists(nsswitch)
            && Files.readAllLines(nsswitch, StandardCharsets.ISO_8859_1).stream()
                .anyMatch(line -> line.matches("hosts:.*\\bresolve\\b.*"));
    return direct
        ? Health.degraded(
                "programs that ask systemd-resolved itself (nss-resolve) get no names of ours",
                "Put '[Resolve]', 'DNS="
                    + AnsweredNames.SERVER.getHostAddress()
                    + "' and 'Domains=~.' in three lines into"
                    + " /run/systemd/resolved.conf.d/teleproxy.conf, and 'systemctl restart"
                    + " systemd-resolved'; remove the file and restart it again afterwards.")
            .because(Cause.RESOLVER_NOT_TOLD)
        : Health.ready();
  }

  private String read() throws IOException {
    return Files.readString(file, StandardCharsets.ISO_8859_1);
  }

  private static boolean isOurs(String text) {
    return text.lines().anyMatch(line -> line.strip().equals(OURS));
  }

  /** The text with our server in the place of the nameservers. */
  static String with(String before) {
    StringBuilder text = new StringBuilder();
    text.append("# teleproxy answers here while it runs, and asks those who were here before.\n");
    text.append(OURS).append('\n');
    before
        .lines()
        .filter(line -> !line.strip().startsWith("nameserver"))
        .forEach(line -> text.append(line).append('\n'));
    return text.toString();
  }

  private synchronized void keep() {
    while (!closed) {
      try {
        wait(PERIOD_MILLIS);
        if (taken && !closed) {
          look();
        }
      } catch (InterruptedException e) {
        return;
      } catch (IOException e) {
        log.debug("{} cannot be read", file, e);
      }
    }
  }

  private void look() throws IOException {
    if (Files.exists(file) && isOurs(read())) {
      othersSince = 0;
    } else if (othersSince == 0) {
      othersSince = Math.max(1, System.nanoTime());
    } else if (System.nanoTime() - othersSince > PATIENCE_NANOS) {
      log.info("{} was written by somebody else; programs are told anew whom to ask", file);
      write();
    }
  }
}
