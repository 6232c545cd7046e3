package io.teleproxy.app;

import io.teleproxy.net.ProcessEnd;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * SIGINT, SIGTERM and SIGHUP close everything and end the process with status 0: it was stopped on
 * request. The JVM by itself would report 128 + the signal's number.
 */
final class StopOnSignal {
  private final AtomicBoolean armed = new AtomicBoolean(true);

  private StopOnSignal() {}

  static StopOnSignal install(Closer closer) {
    StopOnSignal signals = new StopOnSignal();
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  if (signals.armed.getAndSet(false)) {
                    closer.close();
                    ProcessEnd.now(0);
                  }
                },
                "stop"));
    return signals;
  }

  /** The run ends by itself, with an exit status of its own. */
  void disarm() {
    armed.set(false);
  }
}
