package io.teleproxy.plugin.kubernetes.tunnel;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.teleproxy.plugin.kubernetes.agent.AgentGate;
import io.teleproxy.plugin.kubernetes.agent.AgentLinks;
import io.teleproxy.plugin.kubernetes.api.ApiConnector;
import io.teleproxy.plugin.kubernetes.api.ApiDialer;
import io.teleproxy.plugin.kubernetes.api.ApiLoop;
import io.teleproxy.plugin.kubernetes.api.ConnectFailure;
import io.teleproxy.plugin.kubernetes.cluster.ClusterSession;
import io.teleproxy.socks.SocksServer;
import io.teleproxy.spi.Tunnel;
import io.teleproxy.testkit.RelayContract;
import io.teleproxy.testkit.TestEnvironment;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** The SOCKS5 server, the tunnel's connections to an agent, and a real agent relay truthfully. */
class AgentRelayTest extends RelayContract {
  private static AgentGate gate;
  private static ClusterSession cluster;
  private static ApiLoop threads;
  private static EventLoopGroup loops;
  private static SocksServer socks;

  @BeforeAll
  static void start(@TempDir Path folder) throws IOException {
    gate = new AgentGate();
    Path kubeconfig =
        Files.writeString(
            folder.resolve("kubeconfig"),
            """
            clusters: [{name: gate, cluster: {server: "http://127.0.0.1:%d"}}]
            contexts: [{name: gate, context: {cluster: gate}}]
            current-context: gate
            """
                .formatted(gate.port()));
    cluster =
        ClusterSession.acquire(
            new TestEnvironment(Map.of(), Map.of("kubeconfig", kubeconfig.toString())));
    threads = new ApiLoop("agent-relay-test");
    loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    socks = SocksServer.start(loops, session(), 0);
  }

  @AfterAll
  static void stop() {
    socks.close();
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    threads.close();
    cluster.close();
    gate.close();
  }

  /** As the product's, but for the Job, which is not made. */
  private static Tunnel.Session session() {
    ApiConnector connector = new ApiConnector(cluster, new ApiDialer(cluster, threads));
    AgentLinks links = new AgentLinks(threads.loop(), connector, 4, false, new DeafObserver());
    threads.loop().execute(() -> links.use("default", "agent"));
    Dial.Surroundings surroundings =
        new Dial.Surroundings(
            threads.loop(),
            cluster,
            connector,
            target -> {
              throw new AssertionError("by port-forward to " + target);
            },
            links,
            true,
            failure -> {},
            () -> true,
            () -> false,
            20_000,
            0);
    return new Tunnel.Session() {
      @Override
      public Tunnel.Connection dial(InetSocketAddress to, Tunnel.Listener listener) {
        Flow flow = new Flow(threads.loop(), listener, ended -> {});
        threads.loop().execute(() -> new Dial(surroundings, to, flow).start());
        return flow;
      }

      @Override
      public void close() {
        threads.loop().execute(() -> links.forget("the test is over"));
      }
    };
  }

  /** CONNECT without authentication (RFC 1928), all in one go. */
  @Override
  protected Socket connect(int serverPort) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), socks.port());
    socket.setTcpNoDelay(true);
    byte high = (byte) (serverPort >> 8);
    socket
        .getOutputStream()
        .write(new byte[] {5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1, high, (byte) serverPort});
    byte[] replies = new byte[12];
    new DataInputStream(socket.getInputStream()).readFully(replies);
    if (replies[3] != 0) {
      throw new IOException("SOCKS reply " + replies[3]);
    }
    return socket;
  }

  private static final class DeafObserver implements AgentLinks.Observer {
    @Override
    public void replaced() {}

    @Override
    public void up() {}

    @Override
    public void unreachable(ConnectFailure failure) {}

    @Override
    public void podLost(String reason, String remedy) {}
  }
}
