package io.teleproxy.plugin.kubernetes.tunnel;

import io.teleproxy.plugin.kubernetes.cluster.ClusterSession;
import io.teleproxy.plugin.kubernetes.cluster.KubeconfigFiles;
import io.teleproxy.plugin.kubernetes.follow.FollowingTunnel;
import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Probe;
import io.teleproxy.spi.Tunnel;
import org.pf4j.Extension;

/**
 * The way into a Kubernetes cluster: through an agent there, and without one by port-forwards.
 *
 * <p>Settings, beside those of {@link ClusterSession}: {@code dial-timeout} (20 s), {@code
 * idle-timeout} of connections kept for reuse (60 s), {@code half-close-delay} (1 s).
 */
@Extension
public final class KubernetesTunnel implements Tunnel {
  @Override
  public Probe probe(Environment environment) {
    KubeconfigFiles files = KubeconfigFiles.of(environment);
    if (!files.configured() && !files.found()) {
      return Probe.notApplicable(
          "no kubeconfig at " + files.paths().get(0), "Set KUBECONFIG or pass --kubeconfig.");
    }
    return Probe.applicable(0, "kubeconfig " + files.paths().get(0));
  }

  @Override
  public Session open(Context context) {
    return FollowingTunnel.open(
        context.environment(), cluster -> new TunnelSession(cluster, context));
  }
}
