package io.teleproxy.plugin.kubernetes.tunnel;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoop;
import io.teleproxy.plugin.kubernetes.agent.AgentHealth;
import io.teleproxy.plugin.kubernetes.api.ApiConnector;
import io.teleproxy.plugin.kubernetes.api.ConnectFailure;
import io.teleproxy.spi.Health;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Knows whether the API server answers: asks it at the start, and again with backoff after every
 * failure until it does. Confined to the event loop.
 */
final class TunnelHealth {
  private static final long JUST_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final long FIRST_BACKOFF_MILLIS = 500;
  private static final long MAX_BACKOFF_MILLIS = 15_000;

  private final EventLoop loop;
  private final ApiConnector connector;
  private final Consumer<Health> report;
  private Health last = Health.stopped();
  private Health api = Health.stopped();
  private @Nullable AgentHealth agent;
  private boolean asking;
  private boolean stopped;
  private boolean reached;

  /** The API server has answered, and was who it should be. */
  private boolean answered;

  /** A permission is missing: that the server answers mends nothing, the next pod will tell. */
  private boolean forbidden;

  private long backoffMillis = FIRST_BACKOFF_MILLIS;
  private boolean away;
  private long lastAway;

  TunnelHealth(EventLoop loop, ApiConnector connector, Consumer<Health> report) {
    this.loop = loop;
    this.connector = connector;
    this.report = report;
  }

  void start() {
    asking = true;
    ask();
  }

  void stop() {
    stopped = true;
  }

  /** A pod was reached. */
  void reached() {
    reached = true;
    succeeded();
  }

  /** Whether a pod has ever been reached: then the user has the rights, if not the credentials. */
  boolean hasReached() {
    return reached;
  }

  /** Whether the API server was out of reach a moment ago. */
  boolean justBack() {
    return away && System.nanoTime() - lastAway < JUST_NANOS;
  }

  private void succeeded() {
    answered = true;
    forbidden = false;
    backoffMillis = FIRST_BACKOFF_MILLIS;
    tell(Health.ready());
  }

  void failed(ConnectFailure happened) {
    ConnectFailure failure = answered ? happened.meanwhile() : happened;
    if (failure.retry() == ConnectFailure.Retry.ELSEWHERE) {
      // A pod that went away says nothing about the tunnel.
      return;
    }
    if (failure.retry() == ConnectFailure.Retry.LATER) {
      away = true;
      lastAway = System.nanoTime();
    }
    forbidden = failure.forbidden();
    tell(Health.degraded(failure.detail(), failure.remedy()).because(failure.cause()));
    if (!asking && !stopped && !forbidden) {
      asking = true;
      long jitter = ThreadLocalRandom.current().nextLong(backoffMillis / 2 + 1);
      loop.schedule(this::ask, backoffMillis / 2 + jitter, TimeUnit.MILLISECONDS);
      backoffMillis = Math.min(backoffMillis * 2, MAX_BACKOFF_MILLIS);
    }
  }

  private void ask() {
    if (!stopped) {
      connector.version(new Answer());
    }
  }

  private final class Answer implements ApiConnector.Result {
    @Override
    public void answered(ChannelHandlerContext context, int status, String message) {
      context.close();
      asking = false;
      if (status == 401 || status >= 500 || status / 100 == 3) {
        TunnelHealth.this.failed(ConnectFailure.version(status, message));
      } else if (!forbidden) {
        succeeded();
      }
    }

    @Override
    public void failed(ConnectFailure failure) {
      asking = false;
      TunnelHealth.this.failed(failure);
    }
  }

  /** How the agent is by now. */
  void agent(AgentHealth now) {
    agent = now;
    report();
  }

  private void tell(Health now) {
    api = now;
    report();
  }

  /** What the API server says matters more: without it the agent is out of reach. */
  private void report() {
    boolean apiAnswers = api.state() == Health.State.READY;
    Health now = agent != null && apiAnswers ? agent.health() : api;
    boolean same =
        now.state() == last.state()
            && now.reason().equals(last.reason())
            && now.remedy().equals(last.remedy());
    if (!stopped && !same && api.state() != Health.State.STOPPED) {
      last = now;
      report.accept(now);
    }
  }
}
