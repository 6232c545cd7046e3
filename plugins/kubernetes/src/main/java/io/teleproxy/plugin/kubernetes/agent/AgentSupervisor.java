package io.teleproxy.plugin.kubernetes.agent;

import io.teleproxy.plugin.kubernetes.api.ApiClient;
import io.teleproxy.plugin.kubernetes.api.ApiException;
import io.teleproxy.plugin.kubernetes.model.Json;
import io.teleproxy.spi.UserException;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
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

  /** After this something is wrong that nobody tells. */
  private static final long NO_WORD_NANOS = TimeUnit.SECONDS.toNanos(15);

  /** For the API server to hear of a container's end from its kubelet. */
  private static final long HINDSIGHT_MILLIS = 1_000;

  /** Where somebody may log in again at any time. */
  private static final long MAX_CREDENTIALS_MILLIS = 10_000;

  /** A pod that served for so long was a good one. */
  private static final long STABLE_NANOS = TimeUnit.SECONDS.toNanos(20);

  /** What there is to do while a pod runs. */
  private enum Call {
    NONE,
    LOOK_BACK,
    POD_LOST
  }

  /** Who is told; from the supervisor's thread. */
  public interface Observer {
    /** A pod runs. */
    void running(String namespace, String pod);

    /**
     * The pod that runs was there before, and its agent has ended meanwhile.
     *
     * @param how with what helps, in one line
     */
    void restarted(String how);

    /** There is no agent, and why. */
    void trouble(String reason, String remedy);
  }

  /** The last pod was not let in, as far as we know; touched by the supervisor's thread only. */
  private boolean refused;

  /** A new Job was made because a dry run was let in; as above. */
  private boolean remade;

  private final AgentSettings settings;
  private final ApiClient client;
  private final String namespace;
  private final AgentOwner owner;
  private final Observer observer;
  private final Thread thread;
  private final CountDownLatch closing = new CountDownLatch(1);
  private final AgentEstate estate = new AgentEstate();

  // guarded by this
  private Call call = Call.NONE;

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
    call = Call.POD_LOST;
    notifyAll();
  }

  /** Another process of the agent answers in the same pod: what has become of the first? */
  public synchronized void agentReplaced() {
    if (call == Call.NONE) {
      call = Call.LOOK_BACK;
      notifyAll();
    }
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
        String pod = new PodArrival(api, namespace, observer, this::sleep).await();
        backoff = FIRST_BACKOFF_MILLIS;
        refused = false;
        remade = false;
        LOG.info("agent: [namespace={} pod={} image={}]", namespace, pod, api.image());
        observer.running(namespace, pod);
        long since = System.nanoTime();
        while (awaitCall() == Call.LOOK_BACK) {
          sleep(HINDSIGHT_MILLIS);
          tellEnd(api);
        }
        // A pod may be said to run for a while after it has died.
        lives = System.nanoTime() - since > STABLE_NANOS ? 0 : Math.min(lives + 1, 5);
        sleep(FIRST_POLL_MILLIS << lives);
      } catch (InterruptedException e) {
        return;
      } catch (AgentTrouble e) {
        refused = true;
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
        estate.use(api);
        try {
          complete(api, estate.make(api));
        } catch (AgentTrouble e) {
          estate.forgetIfAbsent(api);
          throw e;
        }
        return;
      }
      Json job = found.get();
      switch (JobState.of(job, api.version())) {
        case GOING -> {
          if (System.nanoTime() - start > NO_WORD_NANOS) {
            observer.trouble(
                "the job of an earlier agent, "
                    + api.name()
                    + ", is being deleted, and does not go",
                PodState.describe(namespace));
          }
          sleep(poll);
          poll = Math.min(poll * 2, MAX_POLL_MILLIS);
        }
        case FOREIGN -> {
          LOG.info("agent: job {} is finished or of another version: it is replaced", api.name());
          api.delete();
        }
        case HELD -> {
          estate.use(api);
          complete(api, job);
          return;
        }
        case AT_WORK -> {
          estate.use(api);
          if (!isSleptOn(api)) {
            return;
          }
          api.delete();
        }
      }
    }
  }

  /**
   * Whether the Job is worth a new one: Kubernetes tries a pod that was refused again ever more
   * seldom, in the end after minutes. Once for each time that it may have begun to let it in.
   */
  private boolean isSleptOn(AgentApi api) throws AgentTrouble, ApiException, InterruptedException {
    if (!refused || !PodState.noneIsToStay(api.pods())) {
      return false;
    }
    boolean before = remade;
    remade = false; // what is refused now may be let in later
    remade = api.tryPod() || before;
    return remade && !before;
  }

  private void complete(AgentApi api, Json job)
      throws AgentTrouble, ApiException, InterruptedException {
    api.createConfigMaps(job.object("metadata").text("uid"));
    api.release();
  }

  /** An agent that runs again tells nobody why it was away. */
  private void tellEnd(AgentApi api) throws InterruptedException {
    try {
      String how = PodState.lastEnd(api.pods());
      if (!how.isEmpty()) {
        LOG.warn("agent: {}", how);
        observer.restarted(how);
      }
    } catch (AgentTrouble | ApiException | UserException e) {
      LOG.debug("agent: why it was away is not known: {}", e.getMessage());
    }
  }

  private synchronized Call awaitCall() throws InterruptedException {
    while (call == Call.NONE && !isClosed()) {
      wait();
    }
    Call heard = call;
    call = Call.NONE;
    return heard;
  }

  private void sleep(long millis) throws InterruptedException {
    if (closing.await(Math.max(1, millis), TimeUnit.MILLISECONDS)) {
      throw new InterruptedException("closed");
    }
  }

  private boolean isClosed() {
    return closing.getCount() == 0;
  }

  /** Deletes what is in the cluster; waits for the API server to take it, 700 ms at most. */
  @Override
  public void close() {
    synchronized (this) {
      closing.countDown();
      notifyAll();
    }
    estate.close(thread);
    thread.interrupt();
    client.close();
  }
}
