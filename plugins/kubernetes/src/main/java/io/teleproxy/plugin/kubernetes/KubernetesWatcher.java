package io.teleproxy.plugin.kubernetes;

import io.teleproxy.plugin.kubernetes.cluster.KubeconfigFiles;
import io.teleproxy.plugin.kubernetes.cluster.KubeconfigOutline;
import io.teleproxy.plugin.kubernetes.follow.FollowingWatch;
import io.teleproxy.plugin.kubernetes.watch.Examination;
import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Finding;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Probe;
import io.teleproxy.spi.Watcher;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.pf4j.Extension;

/** Services, endpoints and pods of the cluster that a kubeconfig names, as a table. */
@Extension
public final class KubernetesWatcher implements Watcher {
  @Override
  public Probe probe(Environment environment) {
    KubeconfigFiles files = KubeconfigFiles.of(environment);
    if (files.found() || files.configured()) {
      return Probe.applicable(0, "kubeconfig " + files.paths().get(0));
    }
    return Probe.notApplicable(
        "no kubeconfig: " + files.paths().get(0) + " does not exist",
        "Name one with --kubeconfig or KUBECONFIG.");
  }

  @Override
  public List<Finding> examine(Environment environment) {
    return Examination.of(environment);
  }

  @Override
  public Set<Prefix> addresses(Environment environment) {
    return Examination.addresses(environment);
  }

  @Override
  public Map<String, String> evidence(Environment environment) {
    return Map.of("kubeconfig", KubeconfigOutline.of(environment));
  }

  @Override
  public Session open(Context context) {
    return FollowingWatch.open(context);
  }
}
