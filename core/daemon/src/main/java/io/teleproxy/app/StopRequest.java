package io.teleproxy.app;

import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;

/** Whether the run has been told to stop, other than by a signal. Any thread. */
final class StopRequest {
  private final CompletableFuture<Integer> made = new CompletableFuture<>();

  void make() {
    make(0);
  }

  /** The first request counts, with its exit status. */
  void make(int status) {
    made.complete(status);
  }

  /** Waits until it is made; the exit status. */
  int await() {
    return made.join();
  }

  /**
   * Waits for the parts of a start.
   *
   * @throws CancellationException if the run is told to stop before
   * @throws RuntimeException why a part does not start
   */
  void awaitStart(CompletionStage<Void> parts) {
    try {
      CompletableFuture.anyOf(parts.toCompletableFuture(), made).join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
    if (made.isDone()) {
      throw new CancellationException("stopped while starting");
    }
  }
}
