package io.teleproxy.plugin.kubernetes.api;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.teleproxy.plugin.kubernetes.api.ApiException.Kind;
import io.teleproxy.plugin.kubernetes.cluster.Access;
import io.teleproxy.plugin.kubernetes.cluster.ClusterSession;
import io.teleproxy.plugin.kubernetes.model.Fields;
import io.teleproxy.plugin.kubernetes.model.Json;
import io.teleproxy.spi.UserException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Requests to the API server, each on a connection of its own while it lasts: a watch, a long list
 * and a question do not wait for each other. Thread-safe; requests block their thread.
 */
public final class ApiClient implements AutoCloseable {
  public static final Duration HEADERS_TIMEOUT = Duration.ofSeconds(30);

  /** A watch is ended by the server long before. */
  private static final Duration IDLE_TIMEOUT = Duration.ofMinutes(10);

  private static final Fields STATUS = Fields.of("message");

  private final ClusterSession cluster;
  private final ApiServer server;
  private final ApiConnections connections;
  private final Runnable whenClosed;

  /** A client on a loop of its own, which ends with it. */
  public static ApiClient open(ClusterSession cluster) {
    ApiLoop loop = new ApiLoop("kubernetes-api");
    return new ApiClient(cluster, new ApiDialer(cluster, loop), loop::close);
  }

  /** A client on a loop that others use, too. */
  public ApiClient(ClusterSession cluster, ApiDialer dialer) {
    this(cluster, dialer, () -> {});
  }

  private ApiClient(ClusterSession cluster, ApiDialer dialer, Runnable whenClosed) {
    this.cluster = cluster;
    this.server = dialer.server();
    this.connections = new ApiConnections(dialer);
    this.whenClosed = whenClosed;
  }

  /**
   * Asks, and hands over the body as it arrives. The caller closes it.
   *
   * @param path with query
   * @throws ApiException saying what it means that it did not work
   * @throws UserException if there are no credentials to ask with
   */
  public Body get(String path) throws ApiException, InterruptedException {
    return get(path, HEADERS_TIMEOUT);
  }

  /** As {@link #get(String)}, with a limit for the time until the body begins. */
  public Body get(String path, Duration timeout) throws ApiException, InterruptedException {
    ApiResponse response = asked("GET", path, "", timeout);
    if (response.status() != 200) {
      throw new ApiException(ApiException.kindOf(response.status()), message(response));
    }
    return new Body(response);
  }

  /**
   * What came of a request that is no list.
   *
   * @param object the wanted fields, and {@code message} of a Status
   * @param sent the header Date; may be empty
   */
  public record Reply(int status, Json object, String sent) {
    /** The server's clock, to the second; empty if it does not tell. */
    public Optional<Instant> date() {
      try {
        return Optional.of(
            ZonedDateTime.parse(sent, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant());
      } catch (DateTimeParseException e) {
        return Optional.empty();
      }
    }

    public boolean ok() {
      return status / 100 == 2;
    }

    public String message() {
      String message = object.text("message");
      return "HTTP " + status + (message.isEmpty() ? "" : ": " + message);
    }
  }

  /**
   * Sends a request.
   *
   * @param body empty for none
   * @param wanted which fields of the answer are read
   * @throws ApiException if there is no answer
   * @throws UserException if there are no credentials to ask with
   */
  public Reply exchange(String method, String path, String body, Fields wanted)
      throws ApiException, InterruptedException {
    ApiResponse response = asked(method, path, body, HEADERS_TIMEOUT);
    try (JsonStream json = new JsonStream(response.body())) {
      Json object = json.next(wanted);
      json.finish();
      return new Reply(
          response.status(), object == null ? Json.NOTHING : object, response.header("Date"));
    } catch (IOException e) {
      return new Reply(response.status(), Json.NOTHING, response.header("Date"));
    } finally {
      response.close();
    }
  }

  /** Whether the server is there: any answer counts. */
  public boolean alive(Duration timeout) throws InterruptedException {
    try {
      discard(send("GET", "/version", "", access(), timeout));
      return true;
    } catch (ApiException e) {
      return false;
    } catch (UserException e) {
      return true;
    }
  }

  /** The machine has moved: gives up connections that were made from somewhere else. */
  public void leave() {
    connections.leave();
  }

  /** Gives up all connections and everything that is being read from them. */
  public void reset() {
    connections.reset();
  }

  public boolean isClosed() {
    return connections.isClosed();
  }

  @Override
  public void close() {
    connections.close();
    whenClosed.run();
  }

  /** A body that is being read. Closing it from another thread ends a read that waits. */
  public static final class Body implements AutoCloseable {
    private final ApiResponse response;

    private Body(ApiResponse response) {
      this.response = response;
    }

    public InputStream stream() throws IOException {
      return response.body();
    }

    @Override
    public void close() {
      response.close();
    }
  }

  /**
   * Asks with the current credentials, with fresh ones a second time where the server refuses those
   * it was shown.
   */
  private ApiResponse asked(String method, String path, String body, Duration timeout)
      throws ApiException, InterruptedException {
    Access access = access();
    ApiResponse response = send(method, path, body, access, timeout);
    if (response.status() == 401 && cluster.refused(access)) {
      discard(response);
      response = send(method, path, body, access(), timeout);
    }
    return response;
  }

  private ApiResponse send(String method, String path, String body, Access access, Duration timeout)
      throws ApiException, InterruptedException {
    long deadline = System.nanoTime() + timeout.toNanos();
    boolean again = !method.equals("POST");
    while (true) {
      ApiConnections.Lent lent = connections.take(access);
      CompletableFuture<ApiResponse> answer =
          lent.connection()
              .thenCompose(
                  connection ->
                      connection.send(
                          request(method, path, body, access), IDLE_TIMEOUT.toMillis()));
      try {
        return answer.get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
      } catch (ExecutionException e) {
        // The server may have closed what it had left open, and not done anything.
        if (lent.used() && again && !isClosed()) {
          continue;
        }
        throw isClosed()
            ? new ApiException(Kind.OTHER, "closed")
            : failure(e.getCause() == null ? e : e.getCause());
      } catch (TimeoutException e) {
        giveUp(lent, answer);
        throw new ApiException(Kind.UNREACHABLE, "no answer in time", e);
      } catch (InterruptedException e) {
        giveUp(lent, answer);
        throw e;
      }
    }
  }

  private ApiException failure(Throwable cause) {
    ApiException failure = ApiException.of(cause);
    return cluster
        .proxy()
        .map(
            proxy ->
                new ApiException(
                    failure.kind(), "through the proxy " + proxy + ": " + failure.text(), cause))
        .orElse(failure);
  }

  private static void giveUp(ApiConnections.Lent lent, CompletableFuture<ApiResponse> answer) {
    var unusedConnection = lent.connection().thenAccept(ApiConnection::close);
    var unusedAnswer = answer.thenAccept(ApiResponse::close);
  }

  private FullHttpRequest request(String method, String path, String body, Access access) {
    byte[] content = body.getBytes(StandardCharsets.UTF_8);
    FullHttpRequest request =
        server.request(HttpMethod.valueOf(method), path, Unpooled.wrappedBuffer(content), access);
    HttpHeaders headers = request.headers();
    headers.set(HttpHeaderNames.ACCEPT, "application/json");
    if (method.equals("GET") && !path.contains("watch=")) {
      // The API server compresses lists from 128 KiB on: they dominate the start over a slow link.
      headers.set(HttpHeaderNames.ACCEPT_ENCODING, "gzip");
    }
    if (!method.equals("GET")) {
      headers.set(HttpHeaderNames.CONTENT_LENGTH, content.length);
      headers.set(
          HttpHeaderNames.CONTENT_TYPE,
          method.equals("PATCH") ? "application/merge-patch+json" : "application/json");
    }
    return request;
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

  /** Reads what little there is, so that the connection can be used again. */
  private static void discard(ApiResponse response) {
    try {
      response.raw().skipNBytes(64 * 1024);
    } catch (IOException e) {
      // then it is closed with the connection, or it has ended
    } finally {
      response.close();
    }
  }

  private static String message(ApiResponse response) {
    String message = "";
    try (JsonStream json = new JsonStream(response.body())) {
      Json status = json.next(STATUS);
      json.finish();
      message = status == null ? "" : status.text("message");
    } catch (IOException e) {
      // then the number has to do
    } finally {
      response.close();
    }
    String location = response.header("Location");
    return "HTTP "
        + response.status()
        + (location.isEmpty() ? "" : " to " + FailureText.oneLine(location))
        + (message.isEmpty() ? "" : ": " + message);
  }
}
