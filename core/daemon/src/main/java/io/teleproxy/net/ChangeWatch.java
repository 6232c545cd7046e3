package io.teleproxy.net;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has somebody look whenever something of the machine may have changed: one look for each burst of
 * announcements of the kernel, nothing between them. Where the system announces nothing, and until
 * what hears it is loaded, it is looked again and again. One thread; {@code close} may be called by
 * any and does not wait for it.
 */
public final class ChangeWatch implements AutoCloseable {
  /** What looks; called on the watch's thread. */
  public interface Look {
    /**
     * Finds out what has changed.
     *
     * @return whether that is all; if not, as in the middle of something, it is looked again soon
     */
    boolean look();
  }

  private static final Logger log = LoggerFactory.getLogger(ChangeWatch.class);

  /** Not while the process starts: what is loaded then has to be needed then. */
  private static final Duration LOADED_AFTER = Duration.ofSeconds(3);

  /** What comes within so short a time of each other is one burst. */
  private static final int QUIET_MILLIS = 30;

  /** Whoever never stops is looked at all the same. */
  private static final long LONGEST_BURST_NANOS = TimeUnit.MILLISECONDS.toNanos(300);

  private static final int AGAIN_MILLIS = 200;

  private static final Path LINUX = Path.of("/proc/self/mountinfo");

  private static final int EINTR = 4;

  /** struct pollfd: an int and two shorts. */
  private static final int POLLFD = 8;

  private final Look look;
  private final Duration delay;
  private final Duration period;
  private final List<Announcements.Opening> openings;
  private final CountDownLatch closed = new CountDownLatch(1);

  /**
   * An eventfd by which the waiting thread is woken; guarded by this, -1 while it does not wait.
   */
  private int waker = -1;

  private ChangeWatch(
      String name,
      Duration delay,
      Duration period,
      List<Announcements.Opening> openings,
      Look look) {
    this.delay = delay;
    this.period = period;
    this.openings = openings;
    this.look = look;
    Thread thread = new Thread(this::run, name);
    thread.setDaemon(true);
    thread.start();
  }

  /**
   * Watches interfaces, addresses, routes, and some files.
   *
   * @param period how often is looked where nothing is announced
   */
  public static ChangeWatch ofNetwork(String name, List<Path> files, Duration period, Look look) {
    return ofNetwork(name, LOADED_AFTER, files, period, look);
  }

  static ChangeWatch ofNetwork(
      String name, Duration delay, List<Path> files, Duration period, Look look) {
    return new ChangeWatch(
        name,
        delay,
        period,
        files.isEmpty()
            ? List.of(Netlink::network)
            : List.of(Netlink::network, () -> new FileChanges(files), MountTable::new),
        look);
  }

  /** Watches the packet filter, as far as it is nf_tables; never looks where it is not. */
  public static ChangeWatch ofPacketFilter(Runnable changed) {
    return ofPacketFilter(LOADED_AFTER, changed);
  }

  static ChangeWatch ofPacketFilter(Duration delay, Runnable changed) {
    return new ChangeWatch(
        "packet-filter",
        delay,
        Duration.ZERO,
        List.of(Netlink::packetFilter),
        () -> {
          changed.run();
          return true;
        });
  }

  @Override
  public void close() {
    closed.countDown();
    synchronized (this) {
      if (waker >= 0) {
        LinuxC.write(waker, new byte[] {1, 0, 0, 0, 0, 0, 0, 1}, Long.BYTES);
      }
    }
  }

  private void run() {
    try {
      if (poll(delay)) {
        return;
      }
      if (Files.exists(LINUX) && listen()) {
        return;
      }
      if (!period.isZero()) {
        poll(Duration.ofSeconds(Long.MAX_VALUE));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Looks again and again for so long; whether it was closed meanwhile. */
  private boolean poll(Duration howLong) throws InterruptedException {
    if (period.isZero()) {
      return closed.await(howLong.toMillis(), TimeUnit.MILLISECONDS);
    }
    long end = System.nanoTime();
    while (Duration.ofNanos(System.nanoTime() - end).compareTo(howLong) < 0) {
      if (closed.await(period.toMillis(), TimeUnit.MILLISECONDS)) {
        return true;
      }
      lookNow();
    }
    return false;
  }

  /** Waits for announcements until it is closed; false if there are none to be had. */
  private boolean listen() {
    List<Announcements> sources = new ArrayList<>();
    try {
      ProcessEnd.prepare();
      for (Announcements.Opening opening : openings) {
        sources.add(opening.open());
      }
      synchronized (this) {
        waker = LinuxC.eventfd(0, LinuxC.CLOEXEC | LinuxC.NONBLOCK);
      }
      listen(sources);
      return true;
    } catch (LastErrorException | LinkageError e) {
      log.debug("changes are not announced, it is looked for them: {}", e.toString());
      return false;
    } finally {
      sources.forEach(Announcements::close);
      synchronized (this) {
        if (waker >= 0) {
          LinuxC.close(waker);
          waker = -1;
        }
      }
    }
  }

  private void listen(List<Announcements> sources) {
    // What happened before they were open.
    boolean settled = lookNow();
    Memory waiting = descriptors(sources);
    long burst = 0;
    while (closed.getCount() > 0) {
      int patience = burst != 0 ? QUIET_MILLIS : settled ? -1 : AGAIN_MILLIS;
      boolean heard = wait(waiting, patience);
      if (heard) {
        for (int i = 0; i < sources.size(); i++) {
          if (waiting.getShort((long) POLLFD * i + 6) != 0) {
            sources.get(i).take();
          }
        }
        burst = burst == 0 ? System.nanoTime() : burst;
      }
      if (closed.getCount() > 0 && (!heard || System.nanoTime() - burst > LONGEST_BURST_NANOS)) {
        burst = 0;
        settled = lookNow();
      }
    }
  }

  /** Whether something was announced; not if the patience or a signal has ended the wait. */
  private static boolean wait(Memory descriptors, int patienceMillis) {
    try {
      return LinuxC.poll(descriptors, descriptors.size() / POLLFD, patienceMillis) > 0;
    } catch (LastErrorException e) {
      if (e.getErrorCode() == EINTR) {
        return false;
      }
      throw e;
    }
  }

  private Memory descriptors(List<Announcements> sources) {
    Memory descriptors = new Memory(POLLFD * (sources.size() + 1L));
    descriptors.clear();
    for (int i = 0; i < sources.size(); i++) {
      descriptors.setInt((long) POLLFD * i, sources.get(i).descriptor());
      descriptors.setShort((long) POLLFD * i + 4, sources.get(i).events());
    }
    descriptors.setInt((long) POLLFD * sources.size(), waker);
    descriptors.setShort((long) POLLFD * sources.size() + 4, Announcements.READABLE);
    return descriptors;
  }

  private boolean lookNow() {
    try {
      return look.look();
    } catch (RuntimeException e) {
      log.warn("a change of this machine cannot be followed", e);
      return true;
    }
  }
}
