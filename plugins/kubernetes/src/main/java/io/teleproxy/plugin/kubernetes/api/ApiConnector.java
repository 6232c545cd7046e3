package io.teleproxy.plugin.kubernetes.api;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpMethod;
import io.teleproxy.plugin.kubernetes.cluster.Access;
import io.teleproxy.plugin.kubernetes.cluster.ClusterSession;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Has connections to the API server upgraded. Results are told on the event loop. */
public final class ApiConnector {
  private static final long EXCHANGE_TIMEOUT_SECONDS = 10;

  private final ClusterSession cluster;
  private final ApiServer server;
  private final ApiDialer dialer;

  public ApiConnector(ClusterSession cluster, ApiDialer dialer) {
    this.cluster = cluster;
    this.server = dialer.server();
    this.dialer = dialer;
  }

  /** Told once what came of a request. */
  public interface Result {
    /** The connection, upgraded or with the answer's end reached. */
    void answered(ChannelHandlerContext context, int status, String message);

    void failed(ConnectFailure failure);
  }

  /** Asks for an upgrade to SPDY for a port-forward to this pod. */
  public void portForward(String namespace, String pod, Result result) {
    Ask ask =
        new Ask(
            HttpMethod.POST,
            "/api/v1/namespaces/" + namespace + "/pods/" + pod + "/portforward",
            Map.of(
                "Connection", "Upgrade",
                "Upgrade", "SPDY/3.1",
                "X-Stream-Protocol-Version", "portforward.k8s.io",
                "Content-Length", "0"));
    exchange(ask, true, result);
  }

  /**
   * Asks for an upgrade by a pod itself, to which the API server opens a connection of its own.
   *
   * @param port where the pod listens, on an address that the API server reaches
   * @param protocol what to upgrade to
   * @param fields further ones of the request, for the pod
   */
  public void proxied(
      String namespace,
      String pod,
      int port,
      String protocol,
      Map<String, String> fields,
      Result result) {
    Map<String, String> headers = new HashMap<>(fields);
    headers.put("Connection", "Upgrade");
    headers.put("Upgrade", protocol);
    String path = "/api/v1/namespaces/" + namespace + "/pods/" + pod + ":" + port + "/proxy/";
    exchange(new Ask(HttpMethod.GET, path, headers), true, result);
  }

  /** Asks for the version, which everybody may know: is the server there, are we welcome? */
  public void version(Result result) {
    exchange(new Ask(HttpMethod.GET, "/version", Map.of()), true, result);
  }

  private record Ask(HttpMethod method, String path, Map<String, String> headers) {}

  private void exchange(Ask ask, boolean mayRenew, Result result) {
    cluster
        .access()
        .whenComplete(
            (access, failure) -> {
              if (failure != null) {
                dialer.loop().execute(() -> result.failed(ConnectFailure.credentials(failure)));
              } else {
                Result renewing = mayRenew ? new Renewing(access, ask, result) : result;
                exchange(request(ask, access), access, renewing);
              }
            });
  }

  private void exchange(FullHttpRequest request, Access access, Result result) {
    dialer.open(
        access,
        channel -> init(channel, request, result),
        cause -> {
          request.release();
          result.failed(ConnectFailure.unreachable(dialer.place(), cause));
        });
  }

  private FullHttpRequest request(Ask ask, Access access) {
    FullHttpRequest request =
        server.request(ask.method(), ask.path(), Unpooled.EMPTY_BUFFER, access);
    ask.headers().forEach(request.headers()::set);
    return request;
  }

  /** Tries once more with fresh credentials when the server refuses those it was shown. */
  private final class Renewing implements Result {
    private final Access shown;
    private final Ask ask;
    private final Result result;

    Renewing(Access shown, Ask ask, Result result) {
      this.shown = shown;
      this.ask = ask;
      this.result = result;
    }

    @Override
    public void answered(ChannelHandlerContext context, int status, String message) {
      if (status == 401 && cluster.refused(shown)) {
        context.close();
        exchange(ask, false, result);
      } else {
        result.answered(context, status, message);
      }
    }

    @Override
    public void failed(ConnectFailure failure) {
      result.failed(failure);
    }
  }

  private void init(Channel channel, FullHttpRequest request, Result result) {
    ChannelPipeline pipeline = channel.pipeline();
    pipeline.addLast(new HttpClientCodec());
    var timeout =
        channel
            .eventLoop()
            .schedule(
                () ->
                    channel
                        .pipeline()
                        .fireExceptionCaught(
                            new IOException(
                                "timed out after "
                                    + EXCHANGE_TIMEOUT_SECONDS
                                    + " s: "
                                    + ConnectFailure.NO_ANSWER)),
                EXCHANGE_TIMEOUT_SECONDS,
                TimeUnit.SECONDS);
    pipeline.addLast(
        new HttpExchange(
            server.tls(),
            request,
            new HttpExchange.Outcome() {
              @Override
              public void answered(
                  ChannelHandlerContext context, int status, String reason, String body) {
                timeout.cancel(false);
                result.answered(
                    context, status, status == 101 ? "" : StatusMessage.of(body, reason));
              }

              @Override
              public void broke(Throwable cause) {
                timeout.cancel(false);
                result.failed(ConnectFailure.unreachable(dialer.place(), cause));
              }
            }));
  }

  /**
   * Opens a plain connection to the API server, whose bytes are the caller's own.
   *
   * @param init called on the event loop with the open connection
   */
  public void raw(Consumer<Channel> init, Consumer<ConnectFailure> failed) {
    dialer.raw(
        true, init, cause -> failed.accept(ConnectFailure.unreachable(dialer.place(), cause)));
  }
}
