package io.teleproxy.plugin.kubernetes.watch;

import io.teleproxy.plugin.kubernetes.api.Failures;
import io.teleproxy.plugin.kubernetes.cluster.ClusterSession;
import io.teleproxy.spi.Cause;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Watcher;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Tells the health of a session whenever it changes, once each time. Used by the session's thread
 * only.
 */
final class WatchHealth {
  /** What ordinary users may not read, and hardly need. */
  private static final Set<String> DISPENSABLE = Set.of("nodes", "namespaces");

  private final ClusterSession cluster;
  private final Watcher.Context context;
  private String told = "";
  private boolean wasReady;

  WatchHealth(ClusterSession cluster, Watcher.Context context) {
    this.cluster = cluster;
    this.context = context;
  }

  void starting() {
    context.details(place());
    context.health(Health.starting(reading()));
  }

  private Map<String, String> place() {
    Map<String, String> place = new HashMap<>();
    place.put("kubeconfig", cluster.kubeconfigs());
    place.put("server", cluster.server().toString());
    place.put("context", cluster.context());
    place.put("namespace", cluster.namespace());
    return place;
  }

  private String reading() {
    return "reading the cluster from " + cluster.server();
  }

  /** Says how far it is where there is much to read: of how many, nobody knows beforehand. */
  void reading(List<WatchState> states) {
    StringBuilder text = new StringBuilder();
    for (WatchState state : states) {
      if (state.read > 0) {
        text.append(text.isEmpty() ? ": " : ", ").append(state.read).append(' ');
        text.append(state.plural);
      }
    }
    if (!text.isEmpty() && !text.toString().equals(told)) {
      told = text.toString();
      context.health(Health.starting(reading() + told + " so far"));
    }
  }

  /** How much there is in the cluster. */
  void counted(ClusterStore store) {
    Map<String, String> known = place();
    known.put("services", Integer.toString(store.services.size()));
    known.put("endpoints", Integer.toString(store.endpoints.size()));
    known.put("pods", Integer.toString(store.pods.size()));
    context.details(known);
  }

  void report(List<WatchState> states, boolean ready) {
    if (!ready) {
      return;
    }
    if (!wasReady) {
      // The run waits for this, and starts as well with less than everything.
      wasReady = true;
      told = "";
      context.health(Health.ready());
    }
    WatchState broken = broken(states);
    if (broken != null) {
      tell(broken);
      return;
    }
    List<WatchState> narrowed = new ArrayList<>();
    List<WatchState> closed = new ArrayList<>();
    for (WatchState state : states) {
      if (state.forbidden && !DISPENSABLE.contains(state.plural)) {
        closed.add(state);
      } else if (state.scope.namespace().isPresent()) {
        narrowed.add(state);
      }
    }
    if (narrowed.isEmpty() && closed.isEmpty()) {
      tell("", Health.ready());
      return;
    }
    String reason = Messages.limited(cluster, narrowed, closed);
    tell(
        reason,
        Health.degraded(
                reason,
                "To follow all of it, have an administrator grant:\n"
                    + Messages.role(cluster.namespace()))
            .because(Cause.PERMISSION_MISSING));
  }

  private void tell(WatchState broken) {
    Instant since = broken.since == null ? Instant.now() : broken.since;
    String cause =
        broken.credentials != null
            ? String.valueOf(broken.credentials.getMessage())
            : broken.failure != null ? Messages.broken(broken.failure) : "";
    String reason =
        "API server "
            + cluster.server()
            + " cannot be read since "
            + since.truncatedTo(ChronoUnit.SECONDS)
            + " ("
            + cause
            + "); names and routes are as of then";
    String remedy =
        broken.credentials != null
            ? broken.credentials.remedy()
            : broken.failure != null ? Messages.meanwhile(broken.failure) : "";
    // The time is the health's own, whenever it is told.
    tell(reason, new Health(Health.State.DEGRADED, since, reason, remedy, cause(broken)));
  }

  private static Cause cause(WatchState broken) {
    if (broken.credentials != null) {
      return Cause.CREDENTIALS_REFUSED;
    }
    if (broken.forbidden || broken.failure == null) {
      return broken.forbidden ? Cause.PERMISSION_MISSING : Cause.API_SERVER_UNREACHABLE;
    }
    if (Failures.isImpostor(broken.failure.text())) {
      return Cause.CAPTIVE_PORTAL;
    }
    return switch (broken.failure.kind()) {
      case UNAUTHORIZED -> Cause.CREDENTIALS_REFUSED;
      case TLS -> Cause.API_SERVER_UNTRUSTED;
      default -> Cause.API_SERVER_UNREACHABLE;
    };
  }

  private void tell(String reason, Health health) {
    if (!told.equals(reason)) {
      told = reason;
      context.health(health);
    }
  }

  private static @org.jspecify.annotations.Nullable WatchState broken(List<WatchState> states) {
    for (WatchState state : states) {
      if ((state.failure != null || state.credentials != null)
          && (!state.forbidden || state.required)) {
        return state;
      }
    }
    return null;
  }
}
