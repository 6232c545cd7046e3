package io.teleproxy.app;

import io.teleproxy.net.ChangeWatch;
import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.Journal;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/** What the interceptor sees of the daemon. */
final class InterceptorContext implements Interceptor.Context {
  private final Environment environment;
  private final long exemptGid;
  private final Journal journal;
  private final Consumer<Health> reporter;
  private final List<Runnable> curious = new CopyOnWriteArrayList<>();

  InterceptorContext(
      Environment environment, long exemptGid, Journal journal, Consumer<Health> reporter) {
    this.environment = environment;
    this.exemptGid = exemptGid;
    this.journal = journal;
    this.reporter = reporter;
  }

  @Override
  public Environment environment() {
    return environment;
  }

  @Override
  public long exemptGid() {
    return exemptGid;
  }

  @Override
  public Journal journal() {
    return journal;
  }

  @Override
  public void health(Health health) {
    reporter.accept(health);
  }

  @Override
  public void packetFilterChanges(Runnable changed) {
    curious.add(changed);
  }

  /** Tells from now on who wants to know of changes; costs nothing where nobody does. */
  void follow(Closer closer) {
    for (Runnable one : curious) {
      closer.add("packet filter", ChangeWatch.ofPacketFilter(one));
    }
  }
}
