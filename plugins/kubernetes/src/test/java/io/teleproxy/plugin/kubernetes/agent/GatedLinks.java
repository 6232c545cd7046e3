package io.teleproxy.plugin.kubernetes.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.teleproxy.plugin.kubernetes.api.ApiConnector;
import io.teleproxy.plugin.kubernetes.api.ApiDialer;
import io.teleproxy.plugin.kubernetes.api.ApiLoop;
import io.teleproxy.plugin.kubernetes.api.ConnectFailure;
import io.teleproxy.plugin.kubernetes.cluster.ClusterSession;
import io.teleproxy.plugin.kubernetes.portforward.Carrier;
import io.teleproxy.testkit.TestEnvironment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Links to a real agent behind a gate, and a server that is their destination. */
final class GatedLinks implements AutoCloseable {
  static final Duration PATIENCE = Duration.ofSeconds(30);

  final AgentGate gate = new AgentGate();
  final AtomicInteger lost = new AtomicInteger();
  final AtomicInteger replaced = new AtomicInteger();
  final AtomicInteger unreachable = new AtomicInteger();
  final ServerSocket server = new ServerSocket(0, 1000, InetAddress.getLoopbackAddress());
  private final ApiLoop threads = new ApiLoop("gated-links");
  private final EventLoop loop = threads.loop();
  private final ClusterSession cluster;
  private final AgentLinks links;
  private final int wanted;

  /**
   * Opens so many of them.
   *
   * @param folder where a kubeconfig can be written
   */
  GatedLinks(Path folder, int wanted) throws Exception {
    this.wanted = wanted;
    Path kubeconfig =
        Files.writeString(
            folder.resolve("kubeconfig"),
            """
            clusters: [{name: gate, cluster: {server: "http://127.0.0.1:%d"}}]
            users: [{name: gate, user: {token: secret}}]
            contexts: [{name: gate, context: {cluster: gate, user: gate}}]
            current-context: gate
            """
                .formatted(gate.port()));
    cluster =
        ClusterSession.acquire(
            new TestEnvironment(Map.of(), Map.of("kubeconfig", kubeconfig.toString())));
    links =
        new AgentLinks(
            loop,
            new ApiConnector(cluster, new ApiDialer(cluster, threads)),
            wanted,
            false,
            new AgentLinks.Observer() {
              @Override
              public void replaced() {
                replaced.incrementAndGet();
              }

              @Override
              public void up() {}

              @Override
              public void unreachable(ConnectFailure failure) {
                unreachable.incrementAndGet();
              }

              @Override
              public void podLost(String reason, String remedy) {
                lost.incrementAndGet();
              }
            });
    use("agent");
  }

  void use(String pod) throws Exception {
    onLoop(() -> links.use("default", pod));
  }

  AgentLinks.State state() throws Exception {
    return onLoop(links::state);
  }

  int usable() throws Exception {
    return onLoop(() -> links.uplink().usable());
  }

  /** The shortest that was measured; zero before the first. */
  Duration roundTrip() throws Exception {
    return Duration.ofNanos(onLoop(() -> links.uplink().roundTripNanos()));
  }

  int reconnects() throws Exception {
    return onLoop(links::reconnects);
  }

  /** Waits until there are as many as are wanted. */
  void settle() {
    await("all links").atMost(PATIENCE).until(() -> usable() == wanted);
  }

  /** A connection with early data, its answer, and its end. */
  void exchange() throws Exception {
    RecordedStream heard = new RecordedStream();
    Carrier stream = open(heard);
    write(stream, "question");
    try (Socket there = server.accept()) {
      assertThat(there.getInputStream().readNBytes(8)).asString().isEqualTo("question");
      assertThat(heard.next()).isEqualTo("accepted");
      there.getOutputStream().write("answer".getBytes(StandardCharsets.UTF_8));
      assertThat(heard.next()).isEqualTo("received answer");
      onLoop(stream::abort);
    }
  }

  /** Waits for a link if there is none, as a dial does. */
  Carrier open(AgentStream.Hearer heard) {
    InetSocketAddress to = (InetSocketAddress) server.getLocalSocketAddress();
    Carrier[] opened = new Carrier[1];
    await("a link")
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(2))
        .atMost(PATIENCE)
        .until(
            () -> {
              onLoop(() -> opened[0] = links.open(to, heard));
              return opened[0] != null;
            });
    return opened[0];
  }

  /** Opens so many at once. */
  List<Carrier> open(int streams) throws Exception {
    InetSocketAddress to = (InetSocketAddress) server.getLocalSocketAddress();
    return onLoop(
        () -> Stream.generate(() -> links.open(to, new RecordedStream())).limit(streams).toList());
  }

  void write(Carrier stream, String text) throws Exception {
    ByteBuf bytes = Unpooled.buffer().writeZero(Carrier.HEADROOM);
    bytes.writeCharSequence(text, StandardCharsets.UTF_8);
    onLoop(() -> stream.write(bytes, sent -> {}));
  }

  void onLoop(Runnable work) throws Exception {
    @Nullable Object unused = loop.submit(work).get(20, TimeUnit.SECONDS);
  }

  private <T> T onLoop(Callable<T> work) throws Exception {
    return loop.submit(work).get(20, TimeUnit.SECONDS);
  }

  @Override
  public void close() throws Exception {
    onLoop(() -> links.forget("the test is over"));
    cluster.close();
    server.close();
    gate.close();
    threads.close();
    loop.terminationFuture().await();
  }
}
