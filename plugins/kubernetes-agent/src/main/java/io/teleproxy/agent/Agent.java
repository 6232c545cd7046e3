package io.teleproxy.agent;

import java.time.Duration;

/**
 * The program in the pod: {@code Agent PORT IDLE_SECONDS}. Listens on loopback only, so that
 * whoever may port-forward to the pod can use it, and nobody else. Ends by itself with status 0
 * when no connection has been open for the given time. When it is ended, as by a drain of its node,
 * it says so to its clients, and has a moment left for what is under way.
 */
public final class Agent {
  private Agent() {}

  public static void main(String[] arguments) throws InterruptedException {
    int port = Integer.parseInt(arguments[0]);
    Duration idle = Duration.ofSeconds(Long.parseLong(arguments[1]));
    AgentServer server = AgentServer.start(port, idle);
    Runtime.getRuntime().addShutdownHook(new Thread(server::retire, "retire"));
    System.out.println("teleproxy agent listens on 127.0.0.1:" + server.port());
    server.awaitEnd();
    System.out.println("nobody has used the agent for " + idle.toSeconds() + " s: it ends");
  }
}
