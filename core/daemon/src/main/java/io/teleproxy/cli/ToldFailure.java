package io.teleproxy.cli;

import com.google.gson.JsonObject;
import io.teleproxy.config.HostEnvironment;
import io.teleproxy.config.Part;
import io.teleproxy.spi.UserException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Why the bridge of a run cannot start is said by root's part, once, as the end of the whole run.
 */
final class ToldFailure {
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private ToldFailure() {}

  /** Tells root's part, which may just be starting; false if it cannot be reached. */
  static boolean tell(HostEnvironment environment, UserException failure) {
    JsonObject failed = new JsonObject();
    failed.addProperty("message", String.valueOf(failure.getMessage()));
    failed.addProperty("remedy", failure.remedy());
    JsonObject said = new JsonObject();
    Part.identify(said::addProperty);
    said.add("failed", failed);
    long deadline = System.nanoTime() + PATIENCE_NANOS;
    while (parentLives(environment)) {
      try {
        ApiClient.find(environment).post("/api/bridge", said);
        return true;
      } catch (UserException e) {
        if (System.nanoTime() > deadline) {
          return false;
        }
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    }
    // It has ended with a message of its own.
    return true;
  }

  private static boolean parentLives(HostEnvironment environment) {
    return Part.pid(environment.variables(), Part.PARENT)
        .flatMap(ProcessHandle::of)
        .map(ProcessHandle::isAlive)
        .orElse(false);
  }
}
