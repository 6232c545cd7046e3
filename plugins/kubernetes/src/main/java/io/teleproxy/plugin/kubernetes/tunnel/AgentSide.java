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
  private final TunnelReport report;
  private final Tunnel.Context context;
  private final boolean only;
  private @Nullable AgentLinks links;
  private @Nullable AgentSupervisor supervisor;
  private String namespace = "";
  private String pod = "";

  /** How the agent ended that was in the pod before; empty if there was none. */
  private String lastEnd = "";

  AgentSide(
      EventLoop loop,
      TunnelHealth health,
      TunnelReport report,
      Tunnel.Context context,
      boolean only) {
    this.loop = loop;
    this.health = health;
    this.report = report;
    this.context = context;
    this.only = only;
  }

  void between(AgentLinks links, AgentSupervisor supervisor) {
    this.links = links;
    this.supervisor = supervisor;
  }

  // --- of the supervisor, on its thread

  @Override
  public void running(String inNamespace, String name) {
    loop.execute(
        () -> {
          namespace = inNamespace;
          lastEnd = name.equals(pod) ? lastEnd : "";
          pod = name;
          if (links != null) {
            links.use(namespace, pod);
          }
        });
  }

  @Override
  public void restarted(String how) {
    loop.execute(
        () -> {
          lastEnd = how;
          if (links != null && links.state() == AgentLinks.State.USABLE) {
            ready();
          }
        });
  }

  @Override
  public void trouble(String reason, String remedy) {
    tell(AgentHealth.State.TROUBLE, reason, remedy);
    loop.execute(() -> context.carriesDatagrams(false));
  }

  private void tell(AgentHealth.State state, String reason, String remedy) {
    loop.execute(() -> now(state, reason, remedy));
  }

  private void now(AgentHealth.State state, String reason, String remedy) {
    AgentHealth now = new AgentHealth(state, reason, remedy, only);
    health.agent(now);
    report.agent(now, namespace, pod);
  }

  private String where() {
    return "agent " + namespace + "/" + pod;
  }

  // --- of the connections, on the event loop

  @Override
  public void up() {
    ready();
    health.reached();
    context.carriesDatagrams(true);
  }

  private void ready() {
    String note = lastEnd.isEmpty() ? "" : " (" + lastEnd + ")";
    now(AgentHealth.State.READY, "through " + where() + note, "");
  }

  @Override
  public void replaced() {
    if (supervisor != null) {
      supervisor.agentReplaced();
    }
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
    now(
        remedy.isEmpty() ? AgentHealth.State.STARTING : AgentHealth.State.TROUBLE,
        where() + ": " + reason,
        remedy);
    if (supervisor != null) {
      supervisor.podLost();
    }
  }
}
