package io.teleproxy.plugin.kubernetes;

import io.teleproxy.plugin.kubernetes.cluster.ClusterSession;
import io.teleproxy.plugin.kubernetes.cluster.KubeconfigFiles;
import io.teleproxy.plugin.kubernetes.watch.WatchSession;
import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Probe;
import io.teleproxy.spi.Watcher;
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
  public Session open(Context context) {
    ClusterSession cluster = ClusterSession.acquire(context.environment());
    try {
      return WatchSession.open(cluster, context);
    } catch (RuntimeException | Error e) {
      cluster.close();
      throw e;
    }
  }
}
