package io.teleproxy.testkit;

import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.process.CommandRunner;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Three namespaces: a host with a container behind its bridge {@code br0}, and a network where
 * everything answers. The network owns 10.1.0.0/24 and fd00:1::/64, and answers on port 80 and 81.
 */
public final class Lab implements AutoCloseable {
  /** The host's address on the container's side. */
  public static final String BRIDGE = "172.30.0.1";

  public final Namespace host = new Namespace();
  private final Namespace network = new Namespace();
  private final Namespace container = new Namespace();
  private final List<Process> processes = new ArrayList<>();

  public Lab() throws IOException {
    host.link("up0", network, "down0");
    host.run("ip addr add 10.99.0.1/24 dev up0");
    host.run("ip addr add fd99::1/64 dev up0 nodad");
    network.run("ip addr add 10.99.0.2/24 dev down0");
    network.run("ip addr add fd99::2/64 dev down0 nodad");
    host.run("ip route add default via 10.99.0.2");
    host.run("ip -6 route add default via fd99::2");
    network.run("ip route add default via 10.99.0.1");
    network.run("ip -6 route add default via fd99::1");
    // All of a prefix is local to the network: it answers whatever address is asked.
    network.run("ip route add local 10.1.0.0/24 dev lo");
    network.run("ip -6 route add local fd00:1::/64 dev lo");
    network.run("ip addr add fd00:1::1/128 dev lo nodad");

    host.run("ip link add br0 type bridge");
    host.run("ip addr add " + BRIDGE + "/24 dev br0");
    host.run("ip addr add fd30::1/64 dev br0 nodad");
    host.run("ip link set br0 up");
    host.link("port0", container, "eth0");
    host.run("ip link set port0 master br0");
    container.run("ip addr add 172.30.0.2/24 dev eth0");
    container.run("ip addr add fd30::2/64 dev eth0 nodad");
    container.run("ip route add default via " + BRIDGE);
    container.run("ip -6 route add default via fd30::1");
    host.forward();

    serve(network, "tcp/10.1.0.1/80", "tcp/10.1.0.1/81", "udp/10.1.0.1/80", "tcp/fd00:1::1/80");
  }

  /** Starts a server on the host. */
  public void serve(String... endpoints) throws IOException {
    serve(host, endpoints);
  }

  public Map<String, String> askFromHost(String... endpoints) throws IOException {
    return ask(host, List.of(), endpoints);
  }

  /** As the daemon itself does. */
  public Map<String, String> askExempt(String... endpoints) throws IOException {
    List<String> exempt =
        List.of("setpriv", "--regid=" + Machine.GID, "--clear-groups", "--inh-caps=-all");
    return ask(host, exempt, endpoints);
  }

  public Map<String, String> askFromContainer(String... endpoints) throws IOException {
    return ask(container, List.of(), endpoints);
  }

  /** Starts a program on the host that asks again and again from one socket. */
  public Follower follow(String endpoint) throws IOException {
    BufferedReader says = start(host, "follow", endpoint).inputReader(StandardCharsets.UTF_8);
    BlockingQueue<String> answers = new LinkedBlockingQueue<>();
    Thread reader = new Thread(() -> says.lines().forEach(answers::add), "follower");
    reader.setDaemon(true);
    reader.start();
    return new Follower(answers);
  }

  /**
   * A program that was started by {@link #follow}.
   *
   * @param answers who has answered it, in order
   */
  public record Follower(BlockingQueue<String> answers) {
    /** Waits until this one answers. */
    public void awaitAnswerOf(String endpoint) throws InterruptedException {
      List<String> others = new ArrayList<>();
      while (true) {
        String answer = answers.poll(30, TimeUnit.SECONDS);
        if (answer == null) {
          throw new AssertionError(endpoint + " does not answer, but: " + others);
        }
        if (answer.equals(endpoint)) {
          return;
        }
        others.add(answer);
      }
    }
  }

  /**
   * Plays the core for a session that only makes destinations this machine's own: what is applied
   * to the session returned is also listened at.
   */
  public Interceptor.Session listening(Interceptor.Session session) throws IOException {
    Process process = start(host, "lead");
    BufferedReader answers = process.inputReader(StandardCharsets.UTF_8);
    BufferedWriter orders = process.outputWriter(StandardCharsets.UTF_8);
    return new Interceptor.Session() {
      @Override
      public void apply(InterceptPlan plan) throws IOException {
        session.apply(plan);
        lead(Plans.destinations(plan));
      }

      private void lead(Map<String, String> destinations) throws IOException {
        List<String> pairs = new ArrayList<>();
        destinations.forEach((from, to) -> pairs.add(from + "=" + to));
        orders.write(String.join(" ", pairs) + "\n");
        orders.flush();
        if (!"ready".equals(answers.readLine())) {
          throw new IOException("what plays the core ended");
        }
      }

      @Override
      public Optional<InetSocketAddress> originalDestination(
          Interceptor.AcceptedConnection connection) throws IOException {
        return session.originalDestination(connection);
      }

      @Override
      public void close() throws IOException {
        lead(Map.of());
        session.close();
      }
    };
  }

  private static Map<String, String> ask(Namespace where, List<String> prefix, String... endpoints)
      throws IOException {
    CommandRunner.Outcome outcome = where.runner().run(java(prefix, "ask", endpoints));
    Map<String, String> answers = new LinkedHashMap<>();
    outcome
        .output()
        .lines()
        .map(line -> line.split(" ", 2))
        .forEach(words -> answers.put(words[0], words[1]));
    return answers;
  }

  private Process start(Namespace where, String mode, String... endpoints) throws IOException {
    Process process =
        new ProcessBuilder(where.enter(java(List.of(), mode, endpoints)))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    processes.add(process);
    return process;
  }

  private void serve(Namespace where, String... endpoints) throws IOException {
    Process process = start(where, "serve", endpoints);
    BufferedReader reader = process.inputReader(StandardCharsets.UTF_8);
    String line = reader.readLine();
    if (!"ready".equals(line)) {
      throw new IOException("server in " + where.name() + " said " + line);
    }
  }

  private static List<String> java(List<String> prefix, String mode, String... endpoints) {
    List<String> line = new ArrayList<>(prefix);
    line.addAll(
        List.of(
            System.getProperty("java.home") + "/bin/java",
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-cp",
            System.getProperty("java.class.path"),
            Peer.class.getName(),
            mode));
    line.addAll(List.of(endpoints));
    return line;
  }

  @Override
  public void close() throws IOException {
    processes.forEach(Process::destroyForcibly);
    container.close();
    network.close();
    host.close();
  }
}
