package io.teleproxy.plugin.docker;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** An engine at a socket, with containers that the test starts and stops. */
final class FakeEngine implements AutoCloseable {
  private final Path socket;
  private final ServerSocketChannel server;
  private final Map<String, String> containers = new ConcurrentSkipListMap<>();
  private final Set<SocketChannel> connections = ConcurrentHashMap.newKeySet();
  private final List<SocketChannel> listeners = new CopyOnWriteArrayList<>();
  private volatile int status = 200;

  FakeEngine(Path socket) throws IOException {
    this.socket = socket;
    Files.deleteIfExists(socket);
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
    Thread thread = new Thread(this::accept, "fake-engine");
    thread.setDaemon(true);
    thread.start();
  }

  /** From now on every answer has this status. */
  FakeEngine answering(int other) {
    status = other;
    return this;
  }

  /**
   * A container that is found there whoever runs the test: its own address, and a published port.
   */
  FakeEngine with(String id, String name, String address) {
    containers.put(
        id,
        """
        {"Id": "%s", "Name": "/%s", "State": {"Running": true}, "Config": {"Labels": {}},
         "HostConfig": {"NetworkMode": "bridge"},
         "NetworkSettings": {
           "Ports": {"80/tcp": [{"HostIp": "%s", "HostPort": "80"}]},
           "Networks": {"bridge": {"IPAddress": "%s"}}}}"""
            .formatted(id, name, address, address));
    return this;
  }

  void start(String id, String name, String address) {
    with(id, name, address);
    say("start", id);
  }

  void stop(String id) {
    containers.remove(id);
    say("die", id);
  }

  /** How many follow its events. */
  int followers() {
    return listeners.size();
  }

  private void say(String action, String id) {
    String event =
        "{\"Type\": \"container\", \"Action\": \"%s\", \"Actor\": {\"ID\": \"%s\"}}\n"
            .formatted(action, id);
    for (SocketChannel listener : listeners) {
      // In two pieces: an event need not come at once.
      chunk(listener, event.substring(0, 20));
      chunk(listener, event.substring(20));
    }
  }

  private void accept() {
    try {
      while (true) {
        SocketChannel connection = server.accept();
        connections.add(connection);
        Thread thread = new Thread(() -> serve(connection), "fake-engine-connection");
        thread.setDaemon(true);
        thread.start();
      }
    } catch (ClosedChannelException e) {
      // The end.
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void serve(SocketChannel connection) {
    try {
      StringBuilder head = new StringBuilder();
      ByteBuffer bytes = ByteBuffer.allocate(4096);
      while (!head.toString().endsWith("\r\n\r\n")) {
        if (connection.read(bytes) < 0) {
          return;
        }
        head.append(StandardCharsets.US_ASCII.decode(bytes.flip()));
        bytes.clear();
      }
      String path = head.toString().split(" ")[1];
      if (status != 200) {
        answer(connection, status, "{\"message\": \"out of order\"}");
      } else if (path.startsWith("/events")) {
        write(connection, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        listeners.add(connection);
        return;
      } else if (path.equals("/containers/json")) {
        answer(
            connection,
            200,
            containers.keySet().stream().map(id -> "{\"Id\": \"" + id + "\"}").toList().toString());
      } else {
        String inspected = containers.get(path.split("/")[2]);
        answer(connection, inspected == null ? 404 : 200, inspected == null ? "{}" : inspected);
      }
      connection.close();
    } catch (IOException e) {
      // Who asked has gone.
    }
  }

  private static void answer(SocketChannel connection, int status, String body) throws IOException {
    write(
        connection,
        "HTTP/1.1 %d -\r\nContent-Length: %d\r\n\r\n%s".formatted(status, body.length(), body));
  }

  private static void chunk(SocketChannel connection, String text) {
    try {
      write(connection, Integer.toHexString(text.length()) + "\r\n" + text + "\r\n");
    } catch (IOException e) {
      // Who listened has gone.
    }
  }

  private static void write(SocketChannel connection, String text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      connection.write(bytes);
    }
  }

  /** Ends as a killed one does: its socket stays in the file system. */
  @Override
  public void close() throws IOException {
    server.close();
    for (SocketChannel connection : connections) {
      connection.close();
    }
  }

  Path socket() {
    return socket;
  }
}
