package io.teleproxy.plugin.kubernetes.tunnel;

import io.netty.channel.EventLoop;
import io.teleproxy.plugin.kubernetes.agent.AgentDatagrams;
import io.teleproxy.plugin.kubernetes.agent.AgentHealth;
import io.teleproxy.plugin.kubernetes.agent.AgentLinks;
import io.teleproxy.plugin.kubernetes.agent.AgentOwner;
import io.teleproxy.plugin.kubernetes.agent.AgentSettings;
import io.teleproxy.plugin.kubernetes.agent.AgentSupervisor;
import io.teleproxy.plugin.kubernetes.api.ApiClient;
import io.teleproxy.plugin.kubernetes.api.ApiConnector;
import io.teleproxy.plugin.kubernetes.api.ApiDialer;
import io.teleproxy.plugin.kubernetes.api.ApiLoop;
import io.teleproxy.plugin.kubernetes.cluster.ClusterSession;
import io.teleproxy.plugin.kubernetes.cluster.ClusterTarget.PodPort;
import io.teleproxy.plugin.kubernetes.portforward.PodPool;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Settings;
import io.teleproxy.spi.Tunnel;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running tunnel. One event loop carries everything: nothing on it blocks, and TLS, the only work
 * worth a processor, is outrun by the API server's own. {@code dial} and {@code close} may be
 * called by any thread; the collections belong to the event loop.
 */
final class TunnelSession implements Tunnel.Session {
  private static final Logger LOG = LoggerFactory.getLogger(TunnelSession.class);
  private static final long SWEEP_SECONDS = 5;

  /** After that a tunnel whose cluster nobody has read asks the API server itself. */
  private static final long FIRST_QUESTION_MILLIS = 1_000;

  private static final long AGENT_DELAY_MILLIS = 1_000;

  private final ClusterSession cluster;
  private final ApiLoop threads;
  private final EventLoop loop;
  private final ApiConnector connector;
  private final TunnelHealth health;
  private final TunnelReport report;
  private final @Nullable AgentLinks agent;
  private final @Nullable AgentSupervisor supervisor;
  private final Dial.Surroundings surroundings;
  private final long maxIdleNanos;
  private final AtomicBoolean closed = new AtomicBoolean();
  private final Map<String, PodPool> pools = new HashMap<>();
  private final Set<Flow> flows = new HashSet<>();

  /**
   * @param cluster ours to close
   */
  TunnelSession(ClusterSession cluster, Tunnel.Context context) {
    this.cluster = cluster;
    Settings settings = context.environment().settings();
    maxIdleNanos = settings.duration("idle-timeout", Duration.ofSeconds(60)).toNanos();
    threads = new ApiLoop("kubernetes-tunnel");
    loop = threads.loop();
    ApiDialer dialer = new ApiDialer(cluster, threads);
    connector = new ApiConnector(cluster, dialer);
    health = new TunnelHealth(loop, connector, context::health);
    report = new TunnelReport(context);
    AgentSettings agentSettings = AgentSettings.of(settings);
    boolean agentOnly = agentSettings.mode() == AgentSettings.Mode.AGENT;
    if (agentSettings.mode() == AgentSettings.Mode.AGENTLESS) {
      agent = null;
      supervisor = null;
    } else {
      AgentSide side = new AgentSide(loop, health, report, context, agentOnly);
      agent =
          new AgentLinks(
              loop, connector, agentSettings.connections(), agentSettings.direct(), side);
      supervisor =
          new AgentSupervisor(
              agentSettings,
              new ApiClient(cluster, dialer),
              cluster.namespace(),
              AgentOwner.of(context.environment()),
              side);
      side.between(agent, supervisor);
      AgentHealth starting = AgentHealth.starting("the agent is being started", agentOnly);
      health.agent(starting);
      context.part(TunnelReport.AGENT, starting.own(), Map.of());
    }
    report.start(loop, agent);
    surroundings =
        new Dial.Surroundings(
            loop,
            cluster,
            connector,
            this::pool,
            agent,
            agentOnly,
            health::failed,
            health::hasReached,
            health::justBack,
            settings.duration("dial-timeout", Duration.ofSeconds(20)).toMillis(),
            settings.duration("half-close-delay", Duration.ofSeconds(1)).toNanos());
    context.health(Health.starting("asking the API server at " + cluster.server()));
    askWhenOthersHaveAsked();
    var unused =
        loop.scheduleWithFixedDelay(this::sweep, SWEEP_SECONDS, SWEEP_SECONDS, TimeUnit.SECONDS);
    if (supervisor != null) {
      startAgent(supervisor);
    }
    LOG.info("tunnel: [server={} context={}]", cluster.server(), cluster.context());
  }

  /**
   * While the watcher reads the cluster, everybody waits for that, and what it has agreed on with
   * the API server (TLS session tickets) makes our first connection cheap. Without a watcher the
   * question is ours alone.
   */
  private void askWhenOthersHaveAsked() {
    AtomicBoolean asked = new AtomicBoolean();
    Runnable ask =
        () -> {
          if (!asked.getAndSet(true)) {
            health.start();
          }
        };
    var unusedFirst = cluster.firstView().thenRun(() -> later(ask, 0));
    var unusedLate = loop.schedule(ask, FIRST_QUESTION_MILLIS, TimeUnit.MILLISECONDS);
  }

  /**
   * Not before the cluster has been read, and a little later: until then the API server and this
   * machine have better things to do, and the first connections go without an agent anyway. Whoever
   * starts for one request, and stops, has nothing to take out of the cluster again.
   */
  private void startAgent(AgentSupervisor starting) {
    var unused = cluster.firstView().thenRun(() -> later(starting::start, AGENT_DELAY_MILLIS));
  }

  private void later(Runnable task, long millis) {
    if (!closed.get()) {
      var unused = loop.schedule(task, millis, TimeUnit.MILLISECONDS);
    }
  }

  @Override
  public Tunnel.Connection dial(InetSocketAddress to, Tunnel.Listener listener) {
    Flow flow = new Flow(loop, listener, flows::remove);
    if (closed.get()) {
      listener.failed(
          new Tunnel.DialFailure(Tunnel.DialFailure.Kind.GENERAL, "the tunnel is closed"));
      return flow;
    }
    loop.execute(
        () -> {
          if (!flow.ended()) {
            flows.add(flow);
            new Dial(surroundings, to, flow).start();
          }
        });
    return flow;
  }

  @Override
  public Tunnel.DatagramFlow datagrams(InetSocketAddress to, Tunnel.DatagramListener listener) {
    return agent == null || closed.get()
        ? Tunnel.Session.super.datagrams(to, listener)
        : AgentDatagrams.open(loop, agent, to, listener, surroundings.timeoutMillis());
  }

  @Override
  public void networkChanged() {
    if (agent != null && !closed.get()) {
      loop.execute(agent::networkChanged);
    }
  }

  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    if (supervisor != null) {
      supervisor.close();
    }
    loop.execute(
        () -> {
          health.stop();
          report.stop();
          if (agent != null) {
            agent.forget("the tunnel is closed");
          }
          for (Flow flow : Set.copyOf(flows)) {
            flow.close("the tunnel is closed");
          }
          for (PodPool pool : pools.values()) {
            pool.close();
          }
          pools.clear();
        });
    threads.close();
    cluster.close();
  }

  private PodPool pool(PodPort target) {
    return pools.computeIfAbsent(
        target.namespace() + "/" + target.pod(),
        name ->
            new PodPool(
                target.namespace(), target.pod(), connector, maxIdleNanos, health::reached));
  }

  private void sweep() {
    long now = System.nanoTime();
    pools.values().removeIf(pool -> pool.sweep(now));
  }
}
