package io.teleproxy.plugin.kubernetes.agent;

import io.teleproxy.plugin.kubernetes.api.ApiException;
import io.teleproxy.plugin.kubernetes.model.Json;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Waits for the pod that the cluster makes of the agent's job, and tells what keeps it. */
final class PodArrival {
  private static final long FIRST_POLL_MILLIS = 200;
  private static final long MAX_POLL_MILLIS = 5_000;

  /** After this the cluster should at least have made the pod, or be asked why not. */
  private static final long NO_POD_NANOS = TimeUnit.SECONDS.toNanos(3);

  /** After this something is wrong that nobody tells. */
  private static final long NO_WORD_NANOS = TimeUnit.SECONDS.toNanos(15);

  /** A wait that ends early by an {@link InterruptedException} only. */
  interface Pause {
    void sleep(long millis) throws InterruptedException;
  }

  private final AgentApi api;
  private final String namespace;
  private final AgentSupervisor.Observer observer;
  private final Pause pause;
  private String told = "";

  PodArrival(AgentApi api, String namespace, AgentSupervisor.Observer observer, Pause pause) {
    this.api = api;
    this.namespace = namespace;
    this.observer = observer;
    this.pause = pause;
  }

  /**
   * Comes back with the name of a pod that runs.
   *
   * @throws AgentTrouble if there will be none
   */
  String await() throws AgentTrouble, ApiException, InterruptedException {
    long start = System.nanoTime();
    long poll = FIRST_POLL_MILLIS;
    while (true) {
      List<Json> pods = api.pods();
      PodState state = PodState.of(pods, api.image());
      if (!state.name().isEmpty()) {
        return state.name();
      }
      long elapsed = System.nanoTime() - start;
      if (elapsed > NO_POD_NANOS) {
        poll = Math.min(poll * 2, MAX_POLL_MILLIS);
        askForReasons(PodState.noneIsToStay(pods));
      }
      if (state.trouble().isEmpty() && elapsed > NO_WORD_NANOS) {
        state = PodState.silent(PodState.noneIsToStay(pods), namespace);
      }
      if (!state.trouble().isEmpty() && !state.trouble().equals(told)) {
        told = state.trouble();
        observer.trouble(state.trouble(), state.remedy());
      }
      pause.sleep(poll);
    }
  }

  private void askForReasons(boolean noPod)
      throws AgentTrouble, ApiException, InterruptedException {
    Optional<Json> job = api.job();
    if (job.isEmpty()) {
      throw new AgentTrouble("the agent's job is gone", "");
    }
    JobState state = JobState.of(job.get(), api.version());
    if (state == JobState.GOING || state == JobState.FOREIGN) {
      throw new AgentTrouble("the agent's job has ended", "");
    }
    if (noPod) {
      api.explainNoPod(job.get().object("metadata").text("uid"));
    }
  }
}
