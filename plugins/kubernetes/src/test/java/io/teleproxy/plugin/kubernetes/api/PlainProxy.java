package io.teleproxy.plugin.kubernetes.api;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import javax.net.ServerSocketFactory;

/** A proxy that speaks HTTP CONNECT and SOCKS5, and leads everybody to one port of loopback. */
final class PlainProxy implements AutoCloseable {
  private final ServerSocket socket;
  private final int target;
  private volatile String asked = "";

  PlainProxy(int target) throws IOException {
    this(target, ServerSocketFactory.getDefault());
  }

  /** One that is spoken to as these sockets do. */
  PlainProxy(int target, ServerSocketFactory sockets) throws IOException {
    this.socket = sockets.createServerSocket(0, 50, InetAddress.getLoopbackAddress());
    this.target = target;
    start(this::accept);
  }

  int port() {
    return socket.getLocalPort();
  }

  /** The last request. */
  String asked() {
    return asked;
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }

  private static void start(Runnable task) {
    Thread thread = new Thread(task, "plain-proxy");
    thread.setDaemon(true);
    thread.start();
  }

  private void accept() {
    try {
      while (true) {
        Socket connection = socket.accept();
        start(() -> serve(connection));
      }
    } catch (IOException e) {
      // closed
    }
  }

  private void serve(Socket connection) {
    try (connection;
        Socket there = new Socket(InetAddress.getLoopbackAddress(), target)) {
      DataInputStream in = new DataInputStream(connection.getInputStream());
      OutputStream out = connection.getOutputStream();
      int first = in.read();
      if (first == 5) {
        socks(in, out);
      } else {
        http(first, in, out);
      }
      start(() -> copy(there, connection));
      in.transferTo(there.getOutputStream());
    } catch (IOException e) {
      // one of both has gone
    }
  }

  private void http(int first, InputStream in, OutputStream out) throws IOException {
    StringBuilder head = new StringBuilder().append((char) first);
    while (head.indexOf("\r\n\r\n") < 0) {
      head.append((char) in.read());
    }
    asked = head.toString();
    out.write("HTTP/1.1 200 OK\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
  }

  /** RFC 1928 §3 to §6, for a name and without a login. */
  private void socks(DataInputStream in, OutputStream out) throws IOException {
    in.skipNBytes(in.read());
    out.write(new byte[] {5, 0});
    in.skipNBytes(4);
    asked = new String(in.readNBytes(in.read()), StandardCharsets.US_ASCII);
    in.skipNBytes(2);
    out.write(new byte[] {5, 0, 0, 1, 0, 0, 0, 0, 0, 0});
  }

  private static void copy(Socket from, Socket to) {
    try {
      from.getInputStream().transferTo(to.getOutputStream());
    } catch (IOException e) {
      // one of both has gone
    }
  }
}
