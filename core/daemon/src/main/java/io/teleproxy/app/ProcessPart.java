package io.teleproxy.app;

import java.util.Optional;
import java.util.concurrent.CancellationException;

/** The part of a run that is in this process. */
interface ProcessPart {
  /**
   * Opens everything, in order, and waits until it works.
   *
   * @return the line that says so; empty where another process says it
   * @throws CancellationException if the run is told to stop meanwhile
   */
  Optional<String> open() throws Exception;

  /** What can wait until everything works: follows what changes on this machine from now on. */
  void follow();

  /** Lets what is watched look at its configuration now. Any thread, after {@link #open}. */
  void reload();
}
