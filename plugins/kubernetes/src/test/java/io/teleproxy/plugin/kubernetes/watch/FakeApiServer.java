package io.teleproxy.plugin.kubernetes.watch;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** An API server on loopback that answers lists as told and watches as fed. */
public final class FakeApiServer implements AutoCloseable {
  /** Ends the watch that takes it. */
  public static final String END = "END";

  /** Breaks it off. */
  public static final String BREAK = "BREAK";

  /** A list that is not answered as long as this is in its place. */
  public static final String HELD = "held";

  /** Requests in the order in which they came: path and query. */
  public final List<String> requests = new CopyOnWriteArrayList<>();

  /** What was shown with them: the values of Authorization. */
  public final List<String> authorizations = new CopyOnWriteArrayList<>();

  /** What is answered to a list, by path: a body, or a status such as {@code 403}. */
  public final Map<String, String> lists = new ConcurrentHashMap<>();

  private final Map<String, BlockingQueue<String>> events = new ConcurrentHashMap<>();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private HttpServer server;
  private int port;
  private volatile boolean closed;

  public FakeApiServer() throws IOException {
    start();
  }

  public URI url() {
    return URI.create("http://127.0.0.1:" + port);
  }

  /** Sends an event to whoever watches the path, now or next. */
  public void send(String path, String event) {
    events(path).add(event);
  }

  public void stop() {
    closed = true;
    server.stop(0);
  }

  /** Comes back on the same port. */
  public void start() throws IOException {
    closed = false;
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    port = server.getAddress().getPort();
    server.setExecutor(threads);
    server.createContext("/", this::answer);
    server.start();
  }

  @Override
  public void close() {
    stop();
    threads.shutdownNow();
  }

  private void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    String query = String.valueOf(exchange.getRequestURI().getQuery());
    requests.add(path + "?" + query);
    authorizations.add(String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")));
    String list = lists.getOrDefault(path, "404");
    boolean watch = query.contains("watch=1");
    if (list.equals(HELD)) {
      hold(exchange, path);
    } else if (list.length() == 3) {
      byte[] body = "{\"message\":\"said the server\"}".getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(Integer.parseInt(list), body.length);
      exchange.getResponseBody().write(body);
      exchange.close();
    } else if (!watch) {
      byte[] body = list.getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
      exchange.close();
    } else {
      stream(exchange, events(path));
    }
  }

  private void hold(HttpExchange exchange, String path) throws IOException {
    try {
      while (!closed && lists.get(path).equals(HELD)) {
        Thread.sleep(20);
      }
      answer(exchange);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void stream(HttpExchange exchange, BlockingQueue<String> queue) throws IOException {
    exchange.sendResponseHeaders(200, 0);
    OutputStream body = exchange.getResponseBody();
    try {
      body.flush();
      while (!closed) {
        String event = queue.poll(20, TimeUnit.MILLISECONDS);
        if (END.equals(event)) {
          break;
        }
        if (BREAK.equals(event)) {
          throw new IOException("broken off");
        }
        if (event != null) {
          body.write(event.getBytes(StandardCharsets.UTF_8));
          body.flush();
        }
      }
      body.close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private BlockingQueue<String> events(String path) {
    return events.computeIfAbsent(path, key -> new LinkedBlockingQueue<>());
  }
}
