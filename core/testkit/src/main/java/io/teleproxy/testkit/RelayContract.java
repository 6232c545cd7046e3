package io.teleproxy.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What everything that relays a TCP connection must do, on real sockets. */
@Timeout(60)
public abstract class RelayContract {
  private static final String RESET = "Connection reset";

  /** A connection to a server on this machine through what is tested. */
  protected abstract Socket connect(int serverPort) throws IOException;

  @Test
  void carriesBytesBothWays() throws Exception {
    try (TestServer server = TestServer.echo();
        Socket client = connect(server.port())) {
      client.getOutputStream().write(ascii("hello"));
      assertThat(client.getInputStream().readNBytes(5)).isEqualTo(ascii("hello"));
      client.shutdownOutput();
      assertThat(client.getInputStream().read()).isEqualTo(-1);
    }
  }

  @Test
  void aLongAnswerComesAfterTheClientHasShutDownItsOutput() throws Exception {
    byte[] answer = new byte[20_000_000];
    new java.util.Random(1).nextBytes(answer);
    try (TestServer server =
            new TestServer(
                socket -> {
                  socket.getInputStream().readAllBytes();
                  socket.getOutputStream().write(answer);
                });
        Socket client = connect(server.port())) {
      client.getOutputStream().write(ascii("question"));
      client.shutdownOutput();
      assertThat(client.getInputStream().readAllBytes()).isEqualTo(answer);
    }
  }

  @Test
  void theClientGoesOnAfterTheServerHasShutDownItsOutput() throws Exception {
    CompletableFuture<byte[]> received = new CompletableFuture<>();
    byte[] upload = new byte[20_000_000];
    new java.util.Random(2).nextBytes(upload);
    try (TestServer server =
            new TestServer(
                socket -> {
                  socket.shutdownOutput();
                  received.complete(socket.getInputStream().readAllBytes());
                });
        Socket client = connect(server.port())) {
      assertThat(client.getInputStream().read()).isEqualTo(-1);
      client.getOutputStream().write(upload);
      client.shutdownOutput();
      assertThat(received.get()).isEqualTo(upload);
    }
  }

  @Test
  void aResetByTheServerResetsTheClient() throws Exception {
    try (TestServer server =
            new TestServer(
                socket -> {
                  socket.getInputStream().read();
                  reset(socket);
                });
        Socket client = connect(server.port())) {
      client.getOutputStream().write(1);
      assertReset(client);
    }
  }

  @Test
  void aResetByTheClientResetsTheServer() throws Exception {
    BlockingQueue<Socket> accepted = new ArrayBlockingQueue<>(1);
    try (TestServer server = holding(accepted)) {
      Socket client = connect(server.port());
      client.getOutputStream().write(1);
      Socket atServer = accepted.take();
      assertThat(atServer.getInputStream().read()).isEqualTo(1);
      reset(client);
      assertReset(atServer);
    }
  }

  @Test
  void aResetAfterTheClientsHalfCloseIsNoCleanEndForEither() throws Exception {
    try (TestServer server =
            new TestServer(
                socket -> {
                  socket.getInputStream().readAllBytes();
                  socket.getOutputStream().write(1);
                  reset(socket);
                });
        Socket client = connect(server.port())) {
      client.shutdownOutput();
      assertThatThrownBy(() -> client.getInputStream().readAllBytes())
          .isInstanceOf(SocketException.class)
          .hasMessage(RESET);
    }
  }

  @Test
  void aClientThatResetsAfterItsHalfCloseResetsTheServer() throws Exception {
    BlockingQueue<Socket> accepted = new ArrayBlockingQueue<>(1);
    try (TestServer server = holding(accepted)) {
      Socket client = connect(server.port());
      client.getOutputStream().write(1);
      client.shutdownOutput();
      Socket atServer = accepted.take();
      assertThat(atServer.getInputStream().readAllBytes()).hasSize(1);
      reset(client);
      // Its reading side has ended already: only writing shows.
      assertThatThrownBy(
              () -> {
                while (true) {
                  atServer.getOutputStream().write(new byte[1000]);
                }
              })
          .isInstanceOf(SocketException.class);
    }
  }

  @Test
  void aReaderThatStallsIsResetWithItsServer() throws Exception {
    BlockingQueue<Socket> accepted = new ArrayBlockingQueue<>(1);
    try (TestServer server = holding(accepted)) {
      Socket client = connect(server.port());
      client.getOutputStream().write(1);
      Socket atServer = accepted.take();
      AtomicLong sent = new AtomicLong();
      CompletableFuture<Throwable> end = flood(atServer, sent);
      awaitStall(sent);
      reset(client);
      assertThat(end.get(20, TimeUnit.SECONDS)).isInstanceOf(SocketException.class);
    }
  }

  @Test
  void aSlowReaderHoldsLittleAndBlocksNobodyElse() throws Exception {
    BlockingQueue<Socket> accepted = new ArrayBlockingQueue<>(1);
    try (TestServer server = holding(accepted);
        TestServer echo = TestServer.echo();
        Socket slow = connect(server.port())) {
      slow.getOutputStream().write(1);
      AtomicLong sent = new AtomicLong();
      flood(accepted.take(), sent);
      awaitStall(sent);
      // What the sockets on the way hold themselves is most of it: up to 6 MiB in and 4 MiB out.
      assertThat(sent.get()).isLessThan(48 << 20);
      try (Socket other = connect(echo.port())) {
        other.getOutputStream().write(7);
        assertThat(other.getInputStream().read()).isEqualTo(7);
      }
      long before = sent.get();
      slow.getInputStream().readNBytes((int) before + 1_000_000);
      assertThat(sent.get()).isGreaterThan(before);
    }
  }

  @Test
  void carriesTwoHundredMegabytesBothWaysAtOnceUnchanged() throws Exception {
    int size = 200_000_000;
    CompletableFuture<String> upThere = new CompletableFuture<>();
    CompletableFuture<String> downThere = new CompletableFuture<>();
    try (TestServer server =
            new TestServer(
                socket -> {
                  Thread sender =
                      new Thread(() -> complete(downThere, () -> send(socket, size, 3)));
                  sender.start();
                  complete(upThere, () -> digest(socket));
                  sender.join();
                });
        Socket client = connect(server.port())) {
      CompletableFuture<String> upHere =
          CompletableFuture.supplyAsync(() -> unchecked(() -> send(client, size, 4)));
      String downHere = digest(client);
      assertThat(downHere).isEqualTo(downThere.get());
      assertThat(upThere.get()).isEqualTo(upHere.get());
    }
  }

  @Test
  void carriesAThousandConnectionsSideBySide() throws Exception {
    List<Socket> clients = new ArrayList<>();
    try (TestServer server = TestServer.echo()) {
      for (int i = 0; i < 1000; i++) {
        Socket client = connect(server.port());
        clients.add(client);
        client.getOutputStream().write(ascii("connection " + i + "\n"));
      }
      for (int i = 0; i < 1000; i++) {
        byte[] expected = ascii("connection " + i + "\n");
        InputStream in = clients.get(i).getInputStream();
        assertThat(in.readNBytes(expected.length)).isEqualTo(expected);
        clients.get(i).shutdownOutput();
        assertThat(in.read()).isEqualTo(-1);
      }
    } finally {
      for (Socket client : clients) {
        client.close();
      }
    }
  }

  /** A server that hands its connections out, and leaves them open. */
  private static TestServer holding(BlockingQueue<Socket> accepted) throws IOException {
    return new TestServer(
        socket -> {
          accepted.add(socket);
          Thread.sleep(Long.MAX_VALUE);
        });
  }

  private static CompletableFuture<Throwable> flood(Socket socket, AtomicLong sent) {
    CompletableFuture<Throwable> end = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                OutputStream out = socket.getOutputStream();
                byte[] block = new byte[10_000];
                while (true) {
                  out.write(block);
                  sent.addAndGet(block.length);
                }
              } catch (IOException e) {
                end.complete(e);
              }
            });
    thread.setDaemon(true);
    thread.start();
    return end;
  }

  private static void awaitStall(AtomicLong sent) {
    AtomicLong last = new AtomicLong(-1);
    await()
        .pollInterval(Duration.ofMillis(300))
        .atMost(Duration.ofSeconds(20))
        .until(() -> sent.get() > 0 && last.getAndSet(sent.get()) == sent.get());
  }

  protected static void reset(Socket socket) throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }

  protected static void assertReset(Socket socket) throws IOException {
    socket.setSoTimeout(10_000);
    assertThatThrownBy(() -> socket.getInputStream().read())
        .isInstanceOf(SocketException.class)
        .hasMessage(RESET);
  }

  protected static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private static String send(Socket socket, int size, int seed) throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    byte[] block = new byte[100_000];
    new java.util.Random(seed).nextBytes(block);
    for (int sent = 0; sent < size; sent += block.length) {
      block[sent / block.length % block.length]++;
      digest.update(block);
      socket.getOutputStream().write(block);
    }
    socket.shutdownOutput();
    return java.util.HexFormat.of().formatHex(digest.digest());
  }

  private static String digest(Socket socket) throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    byte[] block = new byte[100_000];
    InputStream in = socket.getInputStream();
    for (int n = in.read(block); n >= 0; n = in.read(block)) {
      digest.update(block, 0, n);
    }
    return java.util.HexFormat.of().formatHex(digest.digest());
  }

  private static <T> void complete(
      CompletableFuture<T> future, java.util.concurrent.Callable<T> work) {
    try {
      future.complete(work.call());
    } catch (Exception e) {
      future.completeExceptionally(e);
    }
  }

  private static <T> T unchecked(java.util.concurrent.Callable<T> work) {
    try {
      return work.call();
    } catch (Exception e) {
      throw new java.util.concurrent.CompletionException(e);
    }
  }
}
