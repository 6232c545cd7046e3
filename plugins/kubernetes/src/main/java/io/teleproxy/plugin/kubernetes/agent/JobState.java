package io.teleproxy.plugin.kubernetes.agent;

import io.teleproxy.plugin.kubernetes.model.Json;

/** What becomes of a job of ours that is found in the cluster. */
enum JobState {
  /** It is being deleted: its remains are in the way. */
  GOING,
  /** It is finished, or of another version: it has to be replaced. */
  FOREIGN,
  /** It is as it should be, but has not been let go. */
  HELD,
  /** It makes its pod. */
  AT_WORK;

  /**
   * Of this one.
   *
   * @param version which is ours
   */
  static JobState of(Json job, String version) {
    if (!job.object("metadata").text("deletionTimestamp").isEmpty()) {
      return GOING;
    }
    boolean ours =
        job.object("metadata").object("labels").text(AgentObjects.VERSION_LABEL).equals(version);
    if (!ours || isFinished(job)) {
      return FOREIGN;
    }
    return job.object("spec").number("parallelism") == 0 ? HELD : AT_WORK;
  }

  private static boolean isFinished(Json job) {
    return job.object("status").objects("conditions").stream()
        .anyMatch(
            condition ->
                condition.text("status").equals("True")
                    && (condition.text("type").equals("Complete")
                        || condition.text("type").equals("Failed")));
  }
}
