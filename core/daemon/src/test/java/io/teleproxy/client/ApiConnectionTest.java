package io.teleproxy.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ApiConnectionTest {
  private ServerSocket server;
  private ApiConnection connection;

  @BeforeEach
  void open() throws IOException {
    server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
    connection =
        new ApiConnection((InetSocketAddress) server.getLocalSocketAddress(), 10_000, 10_000);
  }

  @AfterEach
  void close() throws IOException {
    connection.close();
    server.close();
  }

  @Test
  void requestsShareOneConnection() throws IOException {
    serve("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{}\n", 2);
    assertThat(connection.exchange("GET", "/one", ""))
        .isEqualTo(new ApiConnection.Answer(200, "{}\n"));
    assertThat(connection.exchange("POST", "/two", "{\"ä\": 1}").status()).isEqualTo(200);
  }

  @Test
  void aConnectionThatWasClosedMeanwhileIsReplaced() throws IOException {
    serve("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 1, 1);
    assertThat(connection.exchange("GET", "/", "").status()).isEqualTo(404);
    assertThat(connection.exchange("GET", "/", "").status()).isEqualTo(404);
  }

  @Test
  void whoClosesWithoutAnAnswerIsNotAskedForEver() {
    serve("", 1, 1, 1);
    assertThatThrownBy(() -> connection.exchange("GET", "/", "")).isInstanceOf(IOException.class);
  }

  @Test
  void whatIsNoAnswerOfOursIsRefused() {
    serve("SSH-2.0-OpenSSH_9.2\r\n\r\n", 1);
    assertThatThrownBy(() -> connection.exchange("GET", "/", ""))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("SSH-2.0");
  }

  /** Answers so many requests on one connection after the other, and closes each then. */
  private void serve(String answer, int... requests) {
    Thread thread =
        new Thread(
            () -> {
              for (int count : requests) {
                try (Socket client = server.accept()) {
                  for (int i = 0; i < count; i++) {
                    readRequest(client.getInputStream());
                    client.getOutputStream().write(answer.getBytes(StandardCharsets.US_ASCII));
                  }
                } catch (IOException e) {
                  return;
                }
              }
            });
    thread.setDaemon(true);
    thread.start();
  }

  private static void readRequest(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int next = in.read();
      if (next < 0) {
        throw new IOException("no request");
      }
      head.append((char) next);
    }
    String lengths = "Content-Length: ";
    int at = head.indexOf(lengths) + lengths.length();
    in.readNBytes(Integer.parseInt(head.substring(at, head.indexOf("\r\n", at))));
  }
}
