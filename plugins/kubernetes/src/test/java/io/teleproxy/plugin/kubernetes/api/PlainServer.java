package io.teleproxy.plugin.kubernetes.api;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** An HTTP/1.1 server whose connections do what the test says. */
final class PlainServer implements AutoCloseable {
  private static final String OBJECT = "{\"kind\":\"x\"}";

  private final ServerSocket socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final AtomicInteger connections = new AtomicInteger();
  private final AtomicLong sent = new AtomicLong();
  private volatile long lastSent = System.nanoTime();
  private volatile boolean closing;
  private volatile boolean mute;

  PlainServer() throws IOException {
    start(this::accept);
  }

  int port() {
    return socket.getLocalPort();
  }

  int connections() {
    return connections.get();
  }

  /** Bytes of bodies without end. */
  long sent() {
    return sent.get();
  }

  /** Whether the body without end has not got on for a while. */
  boolean stalls() {
    return sent.get() > 0 && System.nanoTime() - lastSent > 500_000_000L;
  }

  /** Once, whoever asks on a connection that has had an answer is hung up on. */
  void closeBeforeTheNextAnswer() {
    closing = true;
  }

  /** From now on requests are read only. */
  void stayMute() {
    mute = true;
  }

  @Override
  public void close() throws IOException {
    socket.close();
    for (Socket connection : open) {
      connection.close();
    }
  }

  private static void start(Runnable task) {
    Thread thread = new Thread(task, "plain-server");
    thread.setDaemon(true);
    thread.start();
  }

  private void accept() {
    try {
      while (true) {
        Socket connection = socket.accept();
        connections.incrementAndGet();
        open.add(connection);
        start(() -> serve(connection));
      }
    } catch (IOException e) {
      // closed
    }
  }

  private void serve(Socket connection) {
    try (connection) {
      BufferedReader in =
          new BufferedReader(
              new InputStreamReader(connection.getInputStream(), StandardCharsets.US_ASCII));
      OutputStream out = connection.getOutputStream();
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        String path = line.split(" ")[1];
        while (!in.readLine().isEmpty()) {
          // headers
        }
        if (closing) {
          closing = false;
          return;
        }
        if (!mute) {
          answer(path, out);
        }
      }
    } catch (IOException e) {
      // the client has gone
    }
  }

  private void answer(String path, OutputStream out) throws IOException {
    if (path.equals("/endless")) {
      head(out, Long.MAX_VALUE);
      byte[] piece = "z".repeat(16 * 1024).getBytes(StandardCharsets.US_ASCII);
      while (true) {
        out.write(piece);
        sent.addAndGet(piece.length);
        lastSent = System.nanoTime();
      }
    } else if (path.equals("/silent")) {
      head(out, 10);
    } else {
      head(out, OBJECT.length());
      out.write(OBJECT.getBytes(StandardCharsets.US_ASCII));
    }
  }

  private static void head(OutputStream out, long length) throws IOException {
    String head = "HTTP/1.1 200 OK\r\nContent-Length: " + length + "\r\n\r\n";
    out.write(head.getBytes(StandardCharsets.US_ASCII));
  }
}
