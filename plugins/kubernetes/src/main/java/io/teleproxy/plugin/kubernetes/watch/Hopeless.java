package io.teleproxy.plugin.kubernetes.watch;

import io.teleproxy.plugin.kubernetes.api.ApiException;
import io.teleproxy.plugin.kubernetes.cluster.ClusterSession;
import io.teleproxy.spi.UserException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Whether a start need not wait any longer for the cluster to be read. */
final class Hopeless {
  private Hopeless() {}

  /**
   * Why there is no point in waiting; null while there is.
   *
   * @param states of all that is watched
   * @param late whether it has been waited for as long as is reasonable
   */
  static @Nullable UserException reason(
      ClusterSession cluster, List<WatchState> states, boolean late) {
    boolean silent = false;
    for (WatchState state : states) {
      if (state.credentials != null) {
        return state.credentials;
      }
      ApiException failure = state.failure;
      if (failure == null) {
        silent |= !state.answered;
        continue;
      }
      if (state.forbidden && state.required) {
        return Messages.forbidden(cluster, failure);
      }
      boolean definite =
          failure.kind() == ApiException.Kind.TLS
              || failure.kind() == ApiException.Kind.UNAUTHORIZED;
      if (!state.forbidden && (late || definite)) {
        return Messages.cannotStart(cluster, failure);
      }
    }
    // Silence says less than what any of the others was told.
    if (late && silent && cluster.access().isDone()) {
      return Messages.cannotStart(
          cluster, new ApiException(ApiException.Kind.UNREACHABLE, "no answer in time"));
    }
    return null;
  }
}
