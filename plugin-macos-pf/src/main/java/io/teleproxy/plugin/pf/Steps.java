package io.teleproxy.plugin.pf;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Steps of undoing, of which each is taken whatever became of those before. For one thread. */
final class Steps {
  private @Nullable IOException failure;

  /** One step. */
  @FunctionalInterface
  interface Step {
    void run() throws IOException;
  }

  void run(Step step) {
    try {
      step.run();
    } catch (IOException | RuntimeException e) {
      IOException failed = e instanceof IOException io ? io : new IOException(e);
      if (failure == null) {
        failure = failed;
      } else {
        failure.addSuppressed(failed);
      }
    }
  }

  /** Throws what the first step that failed threw, and with it what later ones did. */
  void finish() throws IOException {
    if (failure != null) {
      throw failure;
    }
  }
}
