package io.teleproxy.app;

import java.util.concurrent.RejectedExecutionException;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What becomes of a failure that nobody has caught: a line of the log, with its trace, where the
 * Java virtual machine would write to standard error in words of its own. While everything is being
 * closed, a thread may find that whoever it works for takes no more work: that is no failure.
 */
final class UncaughtFailures implements Thread.UncaughtExceptionHandler {
  private static final Logger log = LoggerFactory.getLogger(UncaughtFailures.class);

  private final BooleanSupplier closing;

  /**
   * @param closing whether the run is being closed
   */
  UncaughtFailures(BooleanSupplier closing) {
    this.closing = closing;
  }

  @Override
  public void uncaughtException(Thread thread, Throwable failure) {
    if (failure instanceof RejectedExecutionException && closing.getAsBoolean()) {
      log.debug("{}: what it works for has ended", thread.getName());
    } else {
      log.error("{} ended unexpectedly", thread.getName(), failure);
    }
  }
}
