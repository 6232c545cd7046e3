package io.teleproxy.dns;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at resolv.conf five times a second. Polling sees what inotify does not: a symbolic link
 * whose target is replaced, a rename over the file, a bind mount over it. Runs on a thread of its
 * own; {@code close} may be called by any thread and does not wait for it.
 */
public final class ResolvConfWatch implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ResolvConfWatch.class);
  private static final long INTERVAL_MILLIS = 200;

  /** Files changed this recently may change again without a trace in their time stamp and size. */
  private static final long FRESH_MILLIS = 2000;

  private final NameserverSource source;
  private final Consumer<Nameservers> changed;
  private final CountDownLatch closed = new CountDownLatch(1);
  private Nameservers current;
  private @Nullable Stamp seen;
  private boolean sawNone;

  ResolvConfWatch(NameserverSource source, Nameservers current, Consumer<Nameservers> changed) {
    this.source = source;
    this.current = current;
    this.changed = changed;
    Thread thread = new Thread(this::run, "resolv-conf");
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void close() {
    closed.countDown();
  }

  private void run() {
    try {
      while (!closed.await(INTERVAL_MILLIS, TimeUnit.MILLISECONDS)) {
        try {
          poll();
        } catch (RuntimeException e) {
          log.warn("dns: {} changed, but the change was not taken over", source.resolvConf(), e);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void poll() {
    Stamp stamp = new Stamp(FileStamp.of(source.resolvConf()), FileStamp.of(source.systemd()));
    if (stamp.equals(seen)) {
      return;
    }
    ResolvConf conf = ResolvConf.read(source.resolvConf());
    if (conf.nameservers().contains(DnsServer.OWN_ADDRESS)) {
      // That was us: an interceptor tells programs whom to ask. Who was there before still is.
      seen = stamp.isFresh() ? null : stamp;
      return;
    }
    // A file without nameservers may be one that is just being written: believe it the second time.
    if (conf.nameservers().isEmpty() && !sawNone) {
      sawNone = true;
      return;
    }
    sawNone = false;
    seen = stamp.isFresh() ? null : stamp;
    Nameservers next = source.combine(conf, ResolvConf.read(source.systemd()));
    if (!next.equals(current)) {
      current = next;
      changed.accept(next);
    }
  }

  private record Stamp(FileStamp resolvConf, FileStamp systemd) {
    boolean isFresh() {
      long limit = System.currentTimeMillis() - FRESH_MILLIS;
      return resolvConf.modified() > limit || systemd.modified() > limit;
    }
  }

  private record FileStamp(long modified, long size, String inode) {
    static FileStamp of(Path file) {
      try {
        BasicFileAttributes stat = Files.readAttributes(file, BasicFileAttributes.class);
        return new FileStamp(
            stat.lastModifiedTime().toMillis(), stat.size(), Objects.toString(stat.fileKey(), ""));
      } catch (IOException e) {
        return new FileStamp(0, -1, "");
      }
    }
  }
}
