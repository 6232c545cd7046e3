package io.teleproxy.plugin.kubernetes.drills;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/** Somebody listens at the API server's place and gives everybody the same answer, or none. */
final class BrokenServer implements AutoCloseable {
  /** Takes the request and says nothing. */
  static final String MUTE = "mute";

  /** Hangs up on whoever comes. */
  static final String HANGS_UP = "hangs up";

  private final ServerSocket socket;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final String answer;

  /**
   * @param tls null to speak plainly
   * @param answer a status line with headers, a blank line and a body; or one of the above
   */
  BrokenServer(@Nullable SSLContext tls, String answer) throws IOException {
    this.answer = answer;
    InetAddress loopback = InetAddress.getByName("127.0.0.1");
    socket =
        tls == null
            ? new ServerSocket(0, 50, loopback)
            : tls.getServerSocketFactory().createServerSocket(0, 50, loopback);
    start(this::accept);
  }

  int port() {
    return socket.getLocalPort();
  }

  private void accept() {
    try {
      while (true) {
        Socket connection = socket.accept();
        open.add(connection);
        start(() -> serve(connection));
      }
    } catch (IOException e) {
      // closed
    }
  }

  private void serve(Socket connection) {
    try (connection) {
      if (answer.equals(HANGS_UP)) {
        return;
      }
      InputStream in = connection.getInputStream();
      OutputStream out = connection.getOutputStream();
      byte[] request = new byte[64 * 1024];
      while (in.read(request) > 0) {
        if (!answer.equals(MUTE)) {
          out.write(answer.replace("\n", "\r\n").getBytes(StandardCharsets.UTF_8));
          out.flush();
          return;
        }
      }
    } catch (IOException e) {
      // Nobody to answer.
    }
  }

  private static void start(Runnable task) {
    Thread thread = new Thread(task, "broken-server");
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void close() throws IOException {
    socket.close();
    for (Socket connection : open) {
      connection.close();
    }
  }
}
