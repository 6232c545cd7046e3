package io.teleproxy.plugin.kubernetes.cluster;

import java.net.InetAddress;

/** What stands behind a destination in the cluster. */
public sealed interface ClusterTarget {
  /**
   * A port of a pod.
   *
   * @param port 1-65535, the container's
   */
  record PodPort(String namespace, String pod, int port) implements ClusterTarget {}

  /** The API server itself, as behind the service {@code kubernetes} in {@code default}. */
  record ApiServer() implements ClusterTarget {}

  /**
   * An address that is no pod's: an endpoint that somebody wrote by hand.
   *
   * @param port 1-65535
   */
  record External(InetAddress address, int port) implements ClusterTarget {}

  /**
   * Nothing.
   *
   * @param reason one line, for logs and {@code explain}
   */
  record None(Reason reason, String detail) implements ClusterTarget {}

  /** Why there is nothing. */
  enum Reason {
    /** The cluster has not been read yet: ask again later. */
    NOT_YET_KNOWN,
    /** No service, pod or name of the cluster. */
    UNKNOWN_DESTINATION,
    /** A service without such a port. */
    NO_SUCH_PORT,
    /** A service without a ready endpoint on that port. */
    NO_READY_ENDPOINT
  }
}
