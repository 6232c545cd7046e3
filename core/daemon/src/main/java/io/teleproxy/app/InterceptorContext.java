package io.teleproxy.app;

import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.Journal;
import java.util.function.Consumer;

/** What the interceptor sees of the daemon. */
record InterceptorContext(
    Environment environment, long exemptGid, Journal journal, Consumer<Health> reporter)
    implements Interceptor.Context {
  @Override
  public void health(Health health) {
    reporter.accept(health);
  }
}
