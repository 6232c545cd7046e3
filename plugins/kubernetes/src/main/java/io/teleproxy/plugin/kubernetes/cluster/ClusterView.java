package io.teleproxy.plugin.kubernetes.cluster;

import io.teleproxy.plugin.kubernetes.cluster.ClusterTarget.None;
import io.teleproxy.plugin.kubernetes.cluster.ClusterTarget.Reason;
import java.net.InetSocketAddress;

/** What is known of the cluster at one moment. Immutable towards readers; safe from any thread. */
@FunctionalInterface
public interface ClusterView {
  /** The view before anything has been read. */
  ClusterView NOTHING_YET =
      destination -> new None(Reason.NOT_YET_KNOWN, "the cluster has not been read yet");

  /**
   * Which end a TCP connection to this destination has. Service addresses are answered with one
   * ready endpoint, another one each time (round robin); pod addresses with the pod. Never blocks.
   *
   * @param destination an address, or unresolved: then the host is a name of the cluster, complete
   *     ({@code web.shop.svc.cluster.local}) or relative to the session's namespace
   */
  ClusterTarget resolve(InetSocketAddress destination);

  /**
   * Where a program inside the cluster connects to reach this destination: one of a service's ready
   * endpoints, another one each time. kube-proxy would choose as well, but it learns of a change up
   * to a second later than we do, and a connection that comes too early is lost there. The
   * destination itself where nothing better is known. Never blocks.
   */
  default InetSocketAddress endpoint(InetSocketAddress destination) {
    return destination;
  }
}
