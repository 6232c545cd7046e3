package io.teleproxy.plugin.kubernetes.agent;

import io.teleproxy.plugin.kubernetes.api.ApiClient;
import io.teleproxy.plugin.kubernetes.api.ApiException;
import io.teleproxy.plugin.kubernetes.model.Json;
import io.teleproxy.spi.UserException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the agent in the cluster as it should be, on a thread of its own: makes it, takes over one
 * that is there and is the same, replaces one that is not, makes it anew when it is gone, and
 * deletes it at the end.
 */
public final class AgentSupervisor implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(AgentSupervisor.class);
  private static final long FIRST_POLL_MILLIS = 200;
  private static final long MAX_POLL_MILLIS = 5_000;
  private static final long FIRST_BACKOFF_MILLIS = 1_000;
  private static final long MAX_BACKOFF_MILLIS = 30_000;

  /** After this the cluster should at least have made the pod, or be asked why not. */
  private static final long NO_POD_NANOS = TimeUnit.SECONDS.toNanos(3);

  /** After this something is wrong that nobody tells. */
  private static final long NO_WORD_NANOS = TimeUnit.SECONDS.toNanos(15);

  /** Where somebody may log in again at any time. */
  private static final long MAX_CREDENTIALS_MILLIS = 10_000;

  /** A pod that served for so long was a good one. */
  private static final long STABLE_NANOS = TimeUnit.SECONDS.toNanos(20);

  /**
   * So long the end of the run waits for the cluster to take the deletion: three round trips of 200
   * ms. An agent that is not deleted ends by itself, and a process that does not end is worse.
   */
  private static final Duration FAREWELL = Duration.ofMillis(700);

  /** Who is told; from the supervisor's thread. */
  public interface Observer {
    /** A pod runs. */
    void running(String namespace, String pod);

    /** There is no agent, and why. */
    void trouble(String reason, String remedy);
  }

  private final AgentSettings settings;
  private final ApiClient client;
  private final String namespace;
  private final AgentOwner owner;
  private final Observer observer;
  private final Thread thread;
  private final CountDownLatch closing = new CountDownLatch(1);

  // guarded by this
  private @Nullable AgentApi used;
  private boolean poked;
  private boolean making;

  /**
   * Does nothing until started.
   *
   * @param client ours to close
   * @param namespace where the agent goes if the settings do not say
   */
  public AgentSupervisor(
      AgentSettings settings,
      ApiClient client,
      String namespace,
      AgentOwner owner,
      Observer observer) {
    this.settings = settings;
    this.client = client;
    this.namespace = settings.namespace().isEmpty() ? namespace : settings.namespace();
    this.owner = owner;
    this.observer = observer;
    this.thread = new Thread(this::run, "kubernetes-agent");
    thread.setDaemon(true);
  }

  public void start() {
    thread.start();
  }

  /** The pod is not there any more, or nothing answers in it. */
  public synchronized void podLost() {
    poked = true;
    notifyAll();
  }

  private void run() {
    long backoff = FIRST_BACKOFF_MILLIS;
    int lives = 0;
    AgentApi api = null;
    while (!isClosed()) {
      try {
        if (api == null) {
          api = prepare();
        }
        ensureJob(api);
        String pod = awaitPod(api);
        backoff = FIRST_BACKOFF_MILLIS;
        LOG.info("agent: [namespace={} pod={} image={}]", namespace, pod, api.image());
        observer.running(namespace, pod);
        long since = System.nanoTime();
        awaitPoke();
        // A pod may be said to run for a while after it has died.
        lives = System.nanoTime() - since > STABLE_NANOS ? 0 : Math.min(lives + 1, 5);
        sleep(FIRST_POLL_MILLIS << lives);
      } catch (InterruptedException e) {
        return;
      } catch (AgentTrouble e) {
        backoff = afterFailure(e.reason(), e.remedy(), backoff);
      } catch (ApiException e) {
        // What did not answer is not asked again: its way may be gone for good.
        client.reset();
        // The tunnel itself tells that the API server cannot be reached.
        backoff =
            afterFailure("agent: " + e.text(), "", Math.min(backoff, 2 * FIRST_BACKOFF_MILLIS));
      } catch (UserException e) {
        backoff =
            afterFailure(
                String.valueOf(e.getMessage()),
                e.remedy(),
                Math.min(backoff, MAX_CREDENTIALS_MILLIS));
      }
    }
  }

  private long afterFailure(String reason, String remedy, long backoff) {
    if (isClosed()) {
      return backoff;
    }
    observer.trouble(reason, remedy);
    try {
      sleep(backoff / 2 + ThreadLocalRandom.current().nextLong(backoff / 2 + 1));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return Math.min(backoff * 2, MAX_BACKOFF_MILLIS);
  }

  private AgentApi prepare() throws ApiException, InterruptedException {
    String image = settings.image();
    if (image.isEmpty()) {
      image = JavaImages.choose(AgentApi.imagesOnNodes(client)).orElse(AgentSettings.PUBLIC_IMAGE);
    }
    AgentSettings chosen = settings.withImage(image);
    return new AgentApi(
        client, image, new AgentObjects(chosen, AgentProgram.load(), namespace, owner));
  }

  /** Comes back when the Job is as it should be. */
  private void ensureJob(AgentApi api) throws AgentTrouble, ApiException, InterruptedException {
    long start = System.nanoTime();
    long poll = FIRST_POLL_MILLIS;
    while (true) {
      Optional<Json> found = api.job();
      if (found.isEmpty()) {
        api.tryPod();
        use(api);
        try {
          complete(api, make(api));
        } catch (AgentTrouble e) {
          forgetIfAbsent(api);
          throw e;
        }
        return;
      }
      Json job = found.get();
      if (isGoing(job)) {
        // Its remains are in the way.
        if (System.nanoTime() - start > NO_WORD_NANOS) {
          observer.trouble(
              "the job of an earlier agent, " + api.name() + ", is being deleted, and does not go",
              PodState.describe(namespace));
        }
        sleep(poll);
        poll = Math.min(poll * 2, MAX_POLL_MILLIS);
      } else if (isOurs(api, job)) {
        use(api);
        if (job.object("spec").number("parallelism") == 0) {
          complete(api, job);
        }
        return;
      } else {
        LOG.info("agent: job {} is finished or of another version: it is replaced", api.name());
        api.delete();
      }
    }
  }

  /** Whose request is on its way is not interrupted: it could overtake its own deletion. */
  private Json make(AgentApi api) throws AgentTrouble, ApiException, InterruptedException {
    synchronized (this) {
      if (isClosed()) {
        throw new InterruptedException("closed");
      }
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

  private void complete(AgentApi api, Json job)
      throws AgentTrouble, ApiException, InterruptedException {
    api.createConfigMaps(job.object("metadata").text("uid"));
    api.release();
  }

  private static boolean isGoing(Json job) {
    return !job.object("metadata").text("deletionTimestamp").isEmpty();
  }

  private static boolean isOurs(AgentApi api, Json job) {
    boolean finished =
        job.object("status").objects("conditions").stream()
            .anyMatch(
                condition ->
                    condition.text("status").equals("True")
                        && (condition.text("type").equals("Complete")
                            || condition.text("type").equals("Failed")));
    return !finished
        && job.object("metadata")
            .object("labels")
            .text(AgentObjects.VERSION_LABEL)
            .equals(api.version());
  }

  private String awaitPod(AgentApi api) throws AgentTrouble, ApiException, InterruptedException {
    long start = System.nanoTime();
    long poll = FIRST_POLL_MILLIS;
    String told = "";
    while (true) {
      List<Json> pods = api.pods();
      PodState state = PodState.of(pods, api.image());
      if (!state.name().isEmpty()) {
        return state.name();
      }
      long elapsed = System.nanoTime() - start;
      if (elapsed > NO_POD_NANOS) {
        poll = Math.min(poll * 2, MAX_POLL_MILLIS);
        Optional<Json> job = api.job();
        if (job.isEmpty() || isGoing(job.get()) || !isOurs(api, job.get())) {
          throw new AgentTrouble("the agent's job is gone or has ended", "");
        }
        if (PodState.noneIsToStay(pods)) {
          api.explainNoPod(job.get().object("metadata").text("uid"));
        }
      }
      if (state.trouble().isEmpty() && elapsed > NO_WORD_NANOS) {
        state = PodState.silent(PodState.noneIsToStay(pods), namespace);
      }
      if (!state.trouble().isEmpty() && !state.trouble().equals(told)) {
        told = state.trouble();
        observer.trouble(state.trouble(), state.remedy());
      }
      sleep(poll);
    }
  }

  private synchronized void awaitPoke() throws InterruptedException {
    while (!poked && !isClosed()) {
      wait();
    }
    poked = false;
  }

  private void sleep(long millis) throws InterruptedException {
    if (closing.await(Math.max(1, millis), TimeUnit.MILLISECONDS)) {
      throw new InterruptedException("closed");
    }
  }

  private boolean isClosed() {
    return closing.getCount() == 0;
  }

  /** Where nothing was made, nothing is to be deleted. */
  private void forgetIfAbsent(AgentApi api)
      throws AgentTrouble, ApiException, InterruptedException {
    if (api.job().isEmpty()) {
      synchronized (this) {
        used = null;
      }
    }
  }

  /** From now on there may be something in the cluster to delete. */
  private synchronized void use(AgentApi api) throws InterruptedException {
    if (isClosed()) {
      throw new InterruptedException("closed");
    }
    used = api;
  }

  /** Deletes what is in the cluster; waits for the API server to take it, 700 ms at most. */
  @Override
  public void close() {
    AgentApi api;
    synchronized (this) {
      closing.countDown();
      api = used;
      notifyAll();
    }
    if (api != null) {
      Thread farewell = new Thread(() -> delete(api), "kubernetes-agent-farewell");
      farewell.setDaemon(true);
      farewell.start();
      try {
        farewell.join(FAREWELL.toMillis());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    thread.interrupt();
    client.close();
  }

  private void delete(AgentApi api) {
    try {
      synchronized (this) {
        while (making) {
          wait();
        }
      }
      thread.interrupt();
      thread.join();
      api.delete();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (AgentTrouble | ApiException | UserException e) {
      LOG.warn(
          "agent: job {} in {} could not be deleted ({}); it ends by itself when unused",
          api.name(),
          namespace,
          e.getMessage());
    }
  }
}
