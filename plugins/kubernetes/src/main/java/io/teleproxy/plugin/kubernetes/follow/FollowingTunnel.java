package io.teleproxy.plugin.kubernetes.follow;

import io.teleproxy.plugin.kubernetes.cluster.ClusterSession;
import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Tunnel;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;

/**
 * A tunnel that leads to the cluster of the kubeconfig as it is now. Connections end with the
 * tunnel through which they were made. Thread-safe.
 */
public final class FollowingTunnel implements Tunnel.Session {
  private static final List<FollowingTunnel> OPEN = new CopyOnWriteArrayList<>();

  private final Environment environment;
  private final Function<ClusterSession, Tunnel.Session> opener;
  private volatile Tunnel.Session current;

  // guarded by this
  private boolean closed;

  private FollowingTunnel(
      Environment environment, Function<ClusterSession, Tunnel.Session> opener) {
    this.environment = environment;
    this.opener = opener;
    this.current = openOne();
  }

  /**
   * Opens the tunnel.
   *
   * @param opener opens one for a cluster, and closes the cluster's session with it
   */
  public static FollowingTunnel open(
      Environment environment, Function<ClusterSession, Tunnel.Session> opener) {
    FollowingTunnel tunnel = new FollowingTunnel(environment, opener);
    OPEN.add(tunnel);
    return tunnel;
  }

  /** Lets all tunnels of these settings dial through the session that is acquired now. */
  static void moveAll(Environment environment) {
    for (FollowingTunnel tunnel : OPEN) {
      if (tunnel.environment.settings() == environment.settings()
          || tunnel.environment.equals(environment)) {
        tunnel.move();
      }
    }
  }

  private void move() {
    Tunnel.Session next = openOne();
    Tunnel.Session old;
    synchronized (this) {
      if (closed) {
        old = next;
      } else {
        old = current;
        current = next;
      }
    }
    old.close();
  }

  private Tunnel.Session openOne() {
    ClusterSession cluster = ClusterSession.acquire(environment);
    try {
      return opener.apply(cluster);
    } catch (RuntimeException | Error e) {
      cluster.close();
      throw e;
    }
  }

  @Override
  public Tunnel.Connection dial(InetSocketAddress to, Tunnel.Listener listener) {
    return current.dial(to, listener);
  }

  @Override
  public Tunnel.DatagramFlow datagrams(InetSocketAddress to, Tunnel.DatagramListener listener) {
    return current.datagrams(to, listener);
  }

  @Override
  public void networkChanged() {
    current.networkChanged();
  }

  @Override
  public void close() {
    OPEN.remove(this);
    Tunnel.Session last;
    synchronized (this) {
      closed = true;
      last = current;
    }
    last.close();
  }
}
