package io.teleproxy.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonObject;
import io.netty.channel.EventLoopGroup;
import io.teleproxy.net.LocalPeers;
import io.teleproxy.net.Transport;
import io.teleproxy.tables.TableStore;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Others than root and the owner, and clients that behave badly. */
@Tag("privileged")
@Timeout(60)
class ApiStrangersTest {
  private static final EventLoopGroup LOOPS = Transport.group("test", 1);
  private static final String STOP = "GET /api/shutdown HTTP/1.0\\r\\nHost: teleproxy\\r\\n\\r\\n";

  private final CountDownLatch stopped = new CountDownLatch(1);
  private final ApiServer server =
      ApiServer.start(
          LOOPS, new TableStore(), new FakeDaemon(), LocalPeers.of(Set.of(1001L)), List.of(), 0);

  private final class FakeDaemon implements Daemon {
    @Override
    public JsonObject status() {
      return new JsonObject();
    }

    @Override
    public CompletionStage<Void> applied() {
      return CompletableFuture.completedFuture(null);
    }

    @Override
    public void shutdown() {
      stopped.countDown();
    }
  }

  @BeforeEach
  void needsRoot() {
    assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @AfterAll
  static void stopLoops() {
    LOOPS.shutdownGracefully(0, 0, TimeUnit.SECONDS);
  }

  @Test
  void anotherUserIsToldWhyNot() throws Exception {
    String answer = as(65534, "printf '" + STOP + "' >&3; cat <&3");
    assertThat(answer).startsWith("HTTP/1.1 403 ").contains("user id 65534", "(allowed: 0, 1001)");
    assertThat(stopped.getCount()).isEqualTo(1);
  }

  @Test
  void theOwnerIsServed() throws Exception {
    assertThat(as(1001, "printf '" + STOP + "' >&3; cat <&3")).startsWith("HTTP/1.1 200 ");
    assertThat(stopped.await(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void whoAsksAndClosesAtOnceIsNotTakenForRoot() throws Exception {
    as(
        65534,
        "printf '"
            + STOP
            + "' >&3; exec 3>&-; for i in $(seq 200); do exec 3<>/dev/tcp/127.0.0.1/"
            + server.port()
            + "; printf '"
            + STOP
            + "' >&3; exec 3>&-; done");
    assertThat(
            as(
                0,
                "printf 'GET /api/status HTTP/1.0\\r\\nHost: teleproxy\\r\\n\\r\\n' >&3; cat <&3"))
        .startsWith("HTTP/1.1 200 ");
    assertThat(stopped.getCount()).isEqualTo(1);
  }

  @Test
  void idleConnectionsOfTheOwnersGiveWayToNewOnes() throws Exception {
    List<Socket> idle = new ArrayList<>();
    try {
      for (int i = 0; i < 600; i++) {
        idle.add(connect());
      }
      assertThat(exchange(connect(), "GET /api/status HTTP/1.1\r\nHost: teleproxy\r\n\r\n"))
          .startsWith("HTTP/1.1 200 ");
    } finally {
      for (Socket socket : idle) {
        socket.close();
      }
    }
  }

  @Test
  void aRequestThatComesByteByByteIsCut() throws Exception {
    long start = System.nanoTime();
    try (Socket socket = connect()) {
      OutputStream out = socket.getOutputStream();
      while (true) {
        out.write("G".getBytes(StandardCharsets.US_ASCII));
        out.flush();
        Thread.sleep(100);
      }
    } catch (SocketException e) {
      assertThat(System.nanoTime() - start).isGreaterThan(TimeUnit.SECONDS.toNanos(5));
    }
  }

  @Test
  void garbageIsAnswered400() throws Exception {
    assertThat(exchange(connect(), "\0\1\2\3garbage\r\n\r\n")).startsWith("HTTP/1.1 400 ");
    assertThat(exchange(connect(), "GET /api/status HTTP/1.1\r\nHost: evil.example\r\n\r\n"))
        .startsWith("HTTP/1.1 403 ");
  }

  @Test
  void tooManyRequestsAreToldSo() throws Exception {
    String answers = "";
    try (Socket socket = connect()) {
      for (int i = 0; i < 1500 && !answers.contains(" 429 "); i++) {
        socket
            .getOutputStream()
            .write(
                "GET /api/nothing HTTP/1.1\r\nHost: teleproxy\r\n\r\n"
                    .getBytes(StandardCharsets.US_ASCII));
        byte[] answer = new byte[4096];
        int length = socket.getInputStream().read(answer);
        if (length < 0) {
          break;
        }
        answers = new String(answer, 0, length, StandardCharsets.US_ASCII);
      }
    }
    assertThat(answers).contains(" 429 ");
  }

  private Socket connect() throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
    socket.setSoTimeout(20_000);
    return socket;
  }

  private static String exchange(Socket socket, String request) throws IOException {
    try (socket) {
      socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
      byte[] answer = new byte[4096];
      int length = socket.getInputStream().read(answer);
      return new String(answer, 0, Math.max(0, length), StandardCharsets.ISO_8859_1);
    }
  }

  /** What a shell of this user prints; descriptor 3 is a connection to the API. */
  private String as(long uid, String script) throws Exception {
    Process shell =
        new ProcessBuilder(
                "setpriv",
                "--reuid",
                Long.toString(uid),
                "--regid",
                Long.toString(uid),
                "--clear-groups",
                "bash",
                "-c",
                "exec 3<>/dev/tcp/127.0.0.1/" + server.port() + "; " + script)
            .redirectErrorStream(true)
            .start();
    shell.getOutputStream().close();
    String output = new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    shell.waitFor();
    return output;
  }
}
