package io.teleproxy.testkit;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;

/** A plain TCP server on 127.0.0.1 with a thread per connection. */
public final class TestServer implements AutoCloseable {
  /** What is done with a connection, which is closed afterwards. */
  public interface Service {
    void serve(Socket socket) throws Exception;
  }

  private final ServerSocket listener;
  private final ExecutorService threads =
      Executors.newCachedThreadPool(
          task -> {
            Thread thread = new Thread(task, "test-server");
            thread.setDaemon(true);
            return thread;
          });

  public TestServer(Service service) throws IOException {
    listener = new ServerSocket(0, 4096, InetAddress.getLoopbackAddress());
    threads.execute(() -> acceptUntilClosed(service));
  }

  /** Sends back what it gets, and FIN for FIN. */
  public static TestServer echo() throws IOException {
    return new TestServer(socket -> socket.getInputStream().transferTo(socket.getOutputStream()));
  }

  /** A port on which nobody listens. */
  public static int refusedPort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  public int port() {
    return listener.getLocalPort();
  }

  @Override
  public void close() throws IOException {
    listener.close();
    threads.shutdownNow();
  }

  private void acceptUntilClosed(Service service) {
    while (!listener.isClosed()) {
      try {
        Socket socket = listener.accept();
        try {
          threads.execute(() -> serve(socket, service));
        } catch (RejectedExecutionException e) {
          socket.close(); // accepted while we were closed: nobody else would
        }
      } catch (IOException e) {
        return;
      }
    }
  }

  private static void serve(Socket socket, Service service) {
    try (socket) {
      service.serve(socket);
    } catch (Exception e) {
      // the client's end of the test sees what became of it
    }
  }
}
