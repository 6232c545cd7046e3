package io.teleproxy.proxy;

import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.Interceptor;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * An interceptor that says by client port where a connection was going, and touches no firewall.
 */
final class FixedDestination implements Interceptor.Session {
  final Map<Integer, InetSocketAddress> byClientPort = new ConcurrentHashMap<>();

  volatile RuntimeException failure;

  @Override
  public void apply(InterceptPlan plan) {}

  @Override
  public Optional<InetSocketAddress> originalDestination(Interceptor.AcceptedConnection connection)
      throws IOException {
    if (failure != null) {
      throw failure;
    }
    return Optional.ofNullable(byClientPort.get(connection.peer().getPort()));
  }

  @Override
  public void close() {}
}
