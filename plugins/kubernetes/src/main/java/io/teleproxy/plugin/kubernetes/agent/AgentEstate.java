package io.teleproxy.plugin.kubernetes.agent;

import io.teleproxy.plugin.kubernetes.api.ApiException;
import io.teleproxy.plugin.kubernetes.model.Json;
import io.teleproxy.spi.UserException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is in the cluster because of this run, if anything is, and its removal at the end.
 * Thread-safe.
 */
final class AgentEstate {
  private static final Logger LOG = LoggerFactory.getLogger(AgentEstate.class);

  /**
   * So long the end of the run waits for the cluster to take the deletion: three round trips of 200
   * ms. An agent that is not deleted ends by itself, and a process that does not end is worse.
   */
  private static final Duration FAREWELL = Duration.ofMillis(700);

  // guarded by this
  private @Nullable AgentApi used;
  private boolean making;
  private boolean closed;

  /** From now on there may be something in the cluster to delete. */
  synchronized void use(AgentApi api) throws InterruptedException {
    refuseWhenClosed();
    used = api;
  }

  private void refuseWhenClosed() throws InterruptedException {
    if (closed) {
      throw new InterruptedException("closed");
    }
  }

  /**
   * Makes the job. Whose request is on its way is not interrupted: it could overtake its own
   * deletion.
   */
  Json make(AgentApi api) throws AgentTrouble, ApiException, InterruptedException {
    synchronized (this) {
      refuseWhenClosed();
      making = true;
    }
    try {
      return api.createJob();
    } finally {
      synchronized (this) {
        making = false;
        notifyAll();
      }
    }
  }

  /** Where nothing was made, nothing is to be deleted. */
  void forgetIfAbsent(AgentApi api) throws AgentTrouble, ApiException, InterruptedException {
    if (api.job().isEmpty()) {
      synchronized (this) {
        used = null;
      }
    }
  }

  /**
   * Deletes what is there; waits for the API server to take it, 700 ms at most.
   *
   * @param maker who may be at work still, and is interrupted before
   */
  void close(Thread maker) {
    AgentApi api;
    synchronized (this) {
      closed = true;
      api = used;
    }
    if (api == null) {
      return;
    }
    Thread farewell = new Thread(() -> delete(api, maker), "kubernetes-agent-farewell");
    farewell.setDaemon(true);
    farewell.start();
    try {
      farewell.join(FAREWELL.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void delete(AgentApi api, Thread maker) {
    try {
      synchronized (this) {
        while (making) {
          wait();
        }
      }
      maker.interrupt();
      maker.join();
      api.delete();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (AgentTrouble | ApiException | UserException e) {
      LOG.warn(
          "agent: job {} in {} could not be deleted ({}); it ends by itself when unused",
          api.name(),
          api.namespace(),
          e.getMessage());
    }
  }
}
