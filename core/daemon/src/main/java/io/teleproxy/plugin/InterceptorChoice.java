package io.teleproxy.plugin;

import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.Probe;
import io.teleproxy.spi.UserException;
import java.util.List;
import java.util.Optional;

/**
 * Which interceptor is used: the applicable one with the highest priority, and of several the one
 * whose plugin id comes first.
 *
 * @param line the decision in one line of key=value pairs
 */
record InterceptorChoice(Optional<Loaded<Interceptor>> chosen, String line) {
  static InterceptorChoice of(String os, List<Loaded<Interceptor>> candidates) {
    return of(os, candidates, List.of());
  }

  /**
   * @param spared ids of plugins that were not asked, since none of them could be chosen
   */
  static InterceptorChoice of(
      String os, List<Loaded<Interceptor>> candidates, List<String> spared) {
    StringBuilder line = new StringBuilder("intercept: [os=").append(os);
    Loaded<Interceptor> best = null;
    for (Loaded<Interceptor> candidate : candidates) {
      line.append(' ').append(candidate.pluginId()).append("=\"");
      if (candidate.probe() instanceof Probe.Applicable found) {
        line.append(found.detail().replace('"', '\''));
        if (best == null || isBetter(candidate, best)) {
          best = candidate;
        }
      } else if (candidate.probe() instanceof Probe.NotApplicable not) {
        line.append("no: ").append(not.reason().replace('"', '\''));
      }
      line.append('"');
    }
    for (String id : spared) {
      line.append(' ').append(id).append("=\"not asked\"");
    }
    line.append(" chosen=").append(best == null ? "none" : best.pluginId()).append(']');
    return new InterceptorChoice(Optional.ofNullable(best), line.toString());
  }

  /** What to tell when there is none: every candidate, why not, and what would help. */
  static UserException none(List<Loaded<Interceptor>> candidates, List<PluginReport> unusable) {
    StringBuilder message = new StringBuilder("no interceptor works on this machine:");
    for (Loaded<Interceptor> candidate : candidates) {
      if (candidate.probe() instanceof Probe.NotApplicable not) {
        append(message, candidate.pluginId(), not.reason(), not.remedy());
      }
    }
    for (PluginReport plugin : unusable) {
      append(message, "plugin " + plugin.id(), plugin.reason(), plugin.remedy());
    }
    if (candidates.isEmpty() && unusable.isEmpty()) {
      append(message, "plugins", "none has an interceptor", "Install teleproxy again.");
    }
    return new UserException(message.toString(), "Mend one of them and start again.");
  }

  private static void append(StringBuilder message, String who, String reason, String remedy) {
    message.append("\n  ").append(who).append(": ").append(reason).append('.');
    if (!remedy.isEmpty()) {
      message.append(' ').append(remedy);
    }
  }

  private static boolean isBetter(Loaded<Interceptor> one, Loaded<Interceptor> other) {
    int difference = Integer.compare(priority(one), priority(other));
    return difference > 0 || (difference == 0 && one.pluginId().compareTo(other.pluginId()) < 0);
  }

  /** Of those that apply. */
  static int highest(List<Loaded<Interceptor>> candidates) {
    int highest = Integer.MIN_VALUE;
    for (Loaded<Interceptor> candidate : candidates) {
      highest = Math.max(highest, priority(candidate));
    }
    return highest;
  }

  private static int priority(Loaded<Interceptor> candidate) {
    return candidate.probe() instanceof Probe.Applicable found
        ? found.priority()
        : Integer.MIN_VALUE;
  }
}
