package io.teleproxy.plugin.kubernetes.tunnel;

import io.netty.channel.EventLoop;
import io.teleproxy.plugin.kubernetes.agent.AgentHealth;
import io.teleproxy.plugin.kubernetes.agent.AgentLinks;
import io.teleproxy.plugin.kubernetes.agent.AgentSupervisor;
import io.teleproxy.plugin.kubernetes.api.ConnectFailure;
import io.teleproxy.spi.Tunnel;
import org.jspecify.annotations.Nullable;

/**
 * Stands between who keeps the agent's pod and who keeps the connections to it, and tells the rest
 * of the tunnel. The supervisor's thread calls the methods of its observer; all is carried over to
 * the event loop.
 */
final class AgentSide implements AgentLinks.Observer, AgentSupervisor.Observer {
  private final EventLoop loop;
  private final TunnelHealth health;
  private final Tunnel.Context context;
  private final boolean only;
  private @Nullable AgentLinks links;
  private @Nullable AgentSupervisor supervisor;
  private String where = "";

  AgentSide(EventLoop loop, TunnelHealth health, Tunnel.Context context, boolean only) {
    this.loop = loop;
    this.health = health;
    this.context = context;
    this.only = only;
  }

  void between(AgentLinks links, AgentSupervisor supervisor) {
    this.links = links;
    this.supervisor = supervisor;
  }

  // --- of the supervisor, on its thread

  @Override
  public void running(String namespace, String pod) {
    loop.execute(
        () -> {
          where = "agent " + namespace + "/" + pod;
          if (links != null) {
            links.use(namespace, pod);
          }
        });
  }

  @Override
  public void trouble(String reason, String remedy) {
    tell(AgentHealth.State.TROUBLE, reason, remedy);
    loop.execute(() -> context.carriesDatagrams(false));
  }

  private void tell(AgentHealth.State state, String reason, String remedy) {
    loop.execute(() -> health.agent(new AgentHealth(state, reason, remedy, only)));
  }

  // --- of the connections, on the event loop

  @Override
  public void up() {
    health.agent(new AgentHealth(AgentHealth.State.READY, "through " + where, "", only));
    health.succeeded();
    context.carriesDatagrams(true);
  }

  @Override
  public void unreachable(ConnectFailure failure) {
    health.failed(failure);
  }

  @Override
  public void podLost(String reason, String remedy) {
    if (!remedy.isEmpty()) {
      context.carriesDatagrams(false);
    }
    health.agent(
        new AgentHealth(
            remedy.isEmpty() ? AgentHealth.State.STARTING : AgentHealth.State.TROUBLE,
            where + ": " + reason,
            remedy,
            only));
    if (supervisor != null) {
      supervisor.podLost();
    }
  }
}
