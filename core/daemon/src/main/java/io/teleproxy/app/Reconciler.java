package io.teleproxy.app;

import io.teleproxy.spi.AnsweredNames;
import io.teleproxy.spi.Cause;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.tables.Snapshot;
import io.teleproxy.tables.TableStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread that owns the firewall. It makes firewall and DNS follow the tables: what is new
 * reaches the firewall first and DNS second, what is gone leaves DNS first and the firewall second.
 */
final class Reconciler implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Reconciler.class);
  private static final long RETRY_MILLIS = 1000;

  private final TableStore tables;
  private final Interceptor.Session firewall;
  private final Function<Snapshot, InterceptPlan> planner;
  private final Function<Snapshot, AnsweredNames> names;
  private final Consumer<InterceptPlan> settled;
  private final Consumer<InterceptPlan> inForce;
  private final Consumer<Health> health;
  private final Thread thread = new Thread(this::run, "reconciler");

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition wake = lock.newCondition();
  private List<CompletableFuture<Void>> waiting = new ArrayList<>();
  private boolean changed = true;
  private boolean closed;

  private InterceptPlan applied = InterceptPlan.EMPTY;
  private AnsweredNames told = AnsweredNames.NONE;

  /**
   * @param names what the firewall's session is told of names
   * @param inForce told each plan that was applied, before DNS tells its names
   * @param settled told each plan that is in force, when nothing of the one before it is any more
   */
  Reconciler(
      TableStore tables,
      Interceptor.Session firewall,
      Function<Snapshot, InterceptPlan> planner,
      Function<Snapshot, AnsweredNames> names,
      Consumer<InterceptPlan> inForce,
      Consumer<InterceptPlan> settled,
      Consumer<Health> health) {
    this.tables = tables;
    this.firewall = firewall;
    this.planner = planner;
    this.names = names;
    this.inForce = inForce;
    this.settled = settled;
    this.health = health;
    thread.setDaemon(true);
  }

  /**
   * Carries out the tables as they are, on the calling thread, and follows them from then on.
   *
   * @throws IOException if the firewall cannot be set up; nothing is applied then
   */
  void start() throws IOException {
    pass();
    tables.listen(this::changed);
    thread.start();
  }

  /** Something that the plan depends on has changed. */
  void changed() {
    lock.lock();
    try {
      changed = true;
      wake.signal();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Completes when everything up to now is carried out, or fails with the reason. At the end, when
   * all of it goes, nobody is kept waiting.
   */
  CompletionStage<Void> applied() {
    CompletableFuture<Void> done = new CompletableFuture<>();
    lock.lock();
    try {
      if (closed) {
        done.complete(null);
        return done;
      }
      waiting.add(done);
      changed = true;
      wake.signal();
    } finally {
      lock.unlock();
    }
    return done;
  }

  private void run() {
    while (true) {
      List<CompletableFuture<Void>> served;
      lock.lock();
      try {
        while (!changed && !closed) {
          wake.awaitUninterruptibly();
        }
        if (closed) {
          return;
        }
        changed = false;
        served = waiting;
        waiting = new ArrayList<>();
      } finally {
        lock.unlock();
      }
      try {
        pass();
        served.forEach(done -> done.complete(null));
      } catch (Throwable e) {
        served.forEach(done -> done.completeExceptionally(e));
        failed(e);
      }
    }
  }

  private void pass() throws IOException {
    Snapshot next = tables.latest();
    InterceptPlan plan = planner.apply(next);
    InterceptPlan both = InterceptPlans.union(applied, plan);
    apply(both);
    tables.show(next);
    AnsweredNames answered = names.apply(next);
    if (!answered.equals(told)) {
      firewall.names(answered);
      told = answered;
    }
    if (!both.equals(plan)) {
      apply(plan);
    }
    settled.accept(plan);
    health.accept(Health.ready());
  }

  private void apply(InterceptPlan plan) throws IOException {
    if (plan.equals(applied)) {
      return;
    }
    firewall.apply(plan);
    applied = plan;
    inForce.accept(plan);
  }

  private void failed(Throwable e) {
    if (e instanceof IOException) {
      log.debug("firewall", e);
    } else {
      log.error("firewall", e);
    }
    health.accept(
        Health.failed(
                String.valueOf(e.getMessage()), "It is tried again every second; see the log.")
            .because(Cause.FIREWALL_REFUSED));
    lock.lock();
    try {
      long left = TimeUnit.MILLISECONDS.toNanos(RETRY_MILLIS);
      while (left > 0 && !closed) {
        left = wake.awaitNanos(left);
      }
      changed = true;
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
  }

  /** Stops following. The firewall stays as it is: its session's close removes everything. */
  @Override
  public void close() {
    List<CompletableFuture<Void>> served;
    lock.lock();
    try {
      closed = true;
      served = waiting;
      waiting = new ArrayList<>();
      wake.signal();
    } finally {
      lock.unlock();
    }
    served.forEach(done -> done.complete(null));
    try {
      if (Thread.currentThread() != thread) {
        thread.join(TimeUnit.SECONDS.toMillis(10));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
