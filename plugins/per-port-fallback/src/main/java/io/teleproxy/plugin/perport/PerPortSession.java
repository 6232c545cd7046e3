package io.teleproxy.plugin.perport;

import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.Prefix;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One run's hold on the machine. For the reconciler's thread. */
final class PerPortSession implements Interceptor.Session {
  private static final Logger log = LoggerFactory.getLogger(PerPortSession.class);

  private final LoopbackAddresses addresses;
  private final ResolverFile resolver;
  private InterceptPlan applied = InterceptPlan.EMPTY;

  PerPortSession(LoopbackAddresses addresses, ResolverFile resolver) {
    this.addresses = addresses;
    this.resolver = resolver;
  }

  @Override
  public void apply(InterceptPlan plan) throws IOException {
    if (plan.equals(applied)) {
      return;
    }
    Set<InetAddress> wanted = new HashSet<>();
    for (Prefix to : plan.byDestination().keySet()) {
      if (to.isHost() && !to.address().isLoopbackAddress()) {
        wanted.add(to.address());
      }
    }
    addresses.set(wanted);
    if (plan.dns().nameservers().isEmpty()) {
      resolver.release();
    } else {
      resolver.take();
    }
    applied = plan;
  }

  /** Never asked: each destination is listened at itself. */
  @Override
  public Optional<InetSocketAddress> originalDestination(
      Interceptor.AcceptedConnection connection) {
    return Optional.empty();
  }

  @Override
  public void close() throws IOException {
    IOException failure = null;
    try {
      resolver.close();
    } catch (IOException e) {
      failure = e;
    }
    try {
      addresses.set(Set.of());
    } catch (IOException e) {
      if (failure != null) {
        e.addSuppressed(failure);
      }
      failure = e;
    }
    if (failure != null) {
      throw failure;
    }
    if (!applied.isEmpty()) {
      log.info("per-port-fallback: removed everything");
    }
    applied = InterceptPlan.EMPTY;
  }
}
