package io.teleproxy.plugin.kubernetes.watch;

import io.teleproxy.plugin.kubernetes.cluster.Access;
import io.teleproxy.plugin.kubernetes.cluster.ClusterSession;
import io.teleproxy.plugin.kubernetes.model.Fields;
import io.teleproxy.plugin.kubernetes.model.Json;
import io.teleproxy.plugin.kubernetes.watch.ApiException.Kind;
import io.teleproxy.spi.UserException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.zip.GZIPInputStream;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * GET requests to the API server, all over one HTTP/2 connection. The JDK's client is used as it
 * is: a fabric8 client takes half a second to make, and a second to sync. Thread-safe; requests
 * block their thread.
 */
public final class ApiClient implements AutoCloseable {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
  static final Duration HEADERS_TIMEOUT = Duration.ofSeconds(30);
  private static final Fields STATUS = Fields.of("message");

  private final ClusterSession cluster;
  private final Set<InputStream> open = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  // guarded by this
  private @Nullable Access clientAccess;
  private @Nullable HttpClient client;

  public ApiClient(ClusterSession cluster) {
    this.cluster = cluster;
  }

  /**
   * Asks, and hands over the body as it arrives. The caller closes it.
   *
   * @param path with query
   * @throws ApiException saying what it means that it did not work
   * @throws UserException if there are no credentials to ask with
   */
  Body get(String path) throws ApiException, InterruptedException {
    return get(path, HEADERS_TIMEOUT);
  }

  /** As {@link #get(String)}, with a limit for the time until the body begins. */
  Body get(String path, Duration timeout) throws ApiException, InterruptedException {
    Access access = access();
    HttpResponse<InputStream> response = send(path, access, timeout);
    if (response.statusCode() == 401 && cluster.refused(access)) {
      close(response.body());
      response = send(path, access(), timeout);
    }
    if (response.statusCode() != 200) {
      String message = message(response);
      throw new ApiException(ApiException.kindOf(response.statusCode()), message);
    }
    return new Body(response);
  }

  /**
   * What came of a request that is no list.
   *
   * @param object the wanted fields, and {@code message} of a Status
   */
  public record Reply(int status, Json object) {
    public boolean ok() {
      return status / 100 == 2;
    }

    public String message() {
      String message = object.text("message");
      return "HTTP " + status + (message.isEmpty() ? "" : ": " + message);
    }
  }

  /**
   * Sends a request, with fresh credentials a second time where the server refuses those it was
   * shown.
   *
   * @param body empty for none
   * @param wanted which fields of the answer are read
   * @throws ApiException if there is no answer
   * @throws UserException if there are no credentials to ask with
   */
  public Reply exchange(String method, String path, String body, Fields wanted)
      throws ApiException, InterruptedException {
    Access access = access();
    HttpResponse<InputStream> response = send(method, path, body, access);
    if (response.statusCode() == 401 && cluster.refused(access)) {
      close(response.body());
      response = send(method, path, body, access());
    }
    try (JsonStream json = new JsonStream(response.body())) {
      Json object = json.next(wanted);
      return new Reply(response.statusCode(), object == null ? new Json(Map.of()) : object);
    } catch (IOException e) {
      return new Reply(response.statusCode(), new Json(Map.of()));
    }
  }

  private HttpResponse<InputStream> send(String method, String path, String body, Access access)
      throws ApiException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(cluster.server() + path))
            .timeout(HEADERS_TIMEOUT)
            .setHeader("Accept", "application/json")
            .setHeader("User-Agent", "teleproxy")
            .setHeader(
                "Content-Type",
                method.equals("PATCH") ? "application/merge-patch+json" : "application/json")
            .method(
                method,
                body.isEmpty()
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofString(body));
    for (Access.Header header : access.headers()) {
      request.header(header.name(), header.value());
    }
    try {
      return client(access).send(request.build(), BodyHandlers.ofInputStream());
    } catch (IOException e) {
      throw failure(e);
    }
  }

  /** Whether the connection is alive: any answer counts. */
  boolean alive(Duration timeout) throws InterruptedException {
    try {
      close(send("/version", access(), timeout).body());
      return true;
    } catch (ApiException e) {
      return false;
    } catch (UserException e) {
      return true;
    }
  }

  /** Gives up the connection and everything that is being read from it. */
  public void reset() {
    synchronized (this) {
      client = null;
      clientAccess = null;
    }
    for (InputStream body : open) {
      close(body);
    }
  }

  boolean isClosed() {
    return closed;
  }

  @Override
  public void close() {
    closed = true;
    reset();
  }

  /** A body that is being read. Closing it from another thread ends a read that waits. */
  final class Body implements AutoCloseable {
    private final InputStream raw;
    private final boolean zipped;

    private Body(HttpResponse<InputStream> response) {
      this.raw = response.body();
      this.zipped = response.headers().firstValue("Content-Encoding").orElse("").equals("gzip");
      open.add(raw);
      if (closed) {
        ApiClient.close(raw);
      }
    }

    InputStream stream() throws IOException {
      return zipped ? new GZIPInputStream(raw, 16 * 1024) : raw;
    }

    @Override
    public void close() {
      open.remove(raw);
      ApiClient.close(raw);
    }
  }

  private Access access() {
    try {
      return cluster.access().join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof UserException cause) {
        throw cause;
      }
      throw e;
    }
  }

  private HttpResponse<InputStream> send(String path, Access access, Duration timeout)
      throws ApiException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(cluster.server() + path))
            .timeout(timeout)
            .setHeader("Accept", "application/json")
            .setHeader("User-Agent", "teleproxy");
    if (!path.contains("watch=")) {
      // The API server compresses lists from 128 KiB on: they dominate the start over a slow link.
      request.setHeader("Accept-Encoding", "gzip");
    }
    for (Access.Header header : access.headers()) {
      request.header(header.name(), header.value());
    }
    try {
      return client(access).send(request.build(), BodyHandlers.ofInputStream());
    } catch (IOException e) {
      throw failure(e);
    }
  }

  private synchronized HttpClient client(Access access) throws ApiException {
    if (closed) {
      throw new ApiException(Kind.OTHER, "closed");
    }
    HttpClient known = client;
    Access before = clientAccess;
    // A renewed token needs no new connection, a renewed certificate does.
    if (known != null && before != null && before.keyManager().equals(access.keyManager())) {
      return known;
    }
    HttpClient made =
        HttpClient.newBuilder()
            .sslContext(access.sslContext())
            .connectTimeout(CONNECT_TIMEOUT)
            .proxy(proxy())
            .build();
    client = made;
    clientAccess = access;
    return made;
  }

  private ProxySelector proxy() {
    if (cluster.proxyUrl().isEmpty()) {
      return HttpClient.Builder.NO_PROXY;
    }
    URI url = URI.create(cluster.proxyUrl().get());
    int port = url.getPort() > 0 ? url.getPort() : 80;
    return ProxySelector.of(new InetSocketAddress(url.getHost(), port));
  }

  private static String message(HttpResponse<InputStream> response) {
    String message = "";
    try (InputStream body = response.body();
        JsonStream json =
            new JsonStream(
                response.headers().firstValue("Content-Encoding").orElse("").equals("gzip")
                    ? new GZIPInputStream(body)
                    : body)) {
      Json status = json.next(STATUS);
      message = status == null ? "" : status.text("message");
    } catch (IOException e) {
      // then the number has to do
    }
    return "HTTP " + response.statusCode() + (message.isEmpty() ? "" : ": " + message);
  }

  private static ApiException failure(IOException e) {
    if (e instanceof SSLException) {
      Throwable root = e;
      while (root.getCause() != null && root.getCause() != root) {
        root = root.getCause();
      }
      // A connection that breaks during the handshake is an SSLException, too.
      boolean broken = root instanceof IOException && !(root instanceof SSLException);
      return new ApiException(
          broken ? Kind.UNREACHABLE : Kind.TLS, String.valueOf(root.getMessage()), e);
    }
    Throwable cause = e;
    while (cause != null) {
      if (cause instanceof java.nio.channels.UnresolvedAddressException
          || cause instanceof java.net.UnknownHostException) {
        return new ApiException(Kind.UNREACHABLE, "its host name does not resolve", e);
      }
      cause = cause.getCause();
    }
    if (e instanceof java.net.http.HttpTimeoutException) {
      return new ApiException(Kind.UNREACHABLE, "no answer in time", e);
    }
    if (e instanceof java.net.ConnectException) {
      String message = e.getMessage();
      return new ApiException(
          Kind.UNREACHABLE, message == null ? "connection refused" : message, e);
    }
    String message = e.getMessage();
    return new ApiException(
        Kind.UNREACHABLE, message == null ? e.getClass().getSimpleName() : message, e);
  }

  private static void close(InputStream body) {
    try {
      body.close();
    } catch (IOException e) {
      // it was to go away, and it did
    }
  }
}
