package io.teleproxy.plugin.kubernetes.portforward;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.nio.NioChannelOption;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.ssl.SslContext;
import io.teleproxy.plugin.kubernetes.cluster.Access;
import io.teleproxy.plugin.kubernetes.cluster.ClusterSession;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import javax.net.ssl.SSLException;
import jdk.net.ExtendedSocketOptions;
import org.jspecify.annotations.Nullable;

/** Opens connections to the API server. Results are told on the event loop. */
public final class ApiConnector {
  /** The kernel asks after 0, 1, 3 and 7 s: before the last a new attempt is the better one. */
  private static final int CONNECT_TIMEOUT_MILLIS = 4_000;

  private static final long EXCHANGE_TIMEOUT_SECONDS = 10;

  /** A dead path is noticed after 15 s of silence and 3 unanswered probes, 5 s apart. */
  private static final int KEEPALIVE_IDLE_SECONDS = 15;

  private static final int KEEPALIVE_INTERVAL_SECONDS = 5;
  private static final int KEEPALIVE_PROBES = 3;

  /** Handlers come when the connection is there, since several addresses may be tried. */
  private static final ChannelHandler NO_HANDLER = new SharedNothing();

  private final ClusterSession cluster;
  private final ApiServer server;
  private final ApiTls tls;
  private final EventLoop loop;
  private final Executor worker;
  private final AtomicBoolean lookingUp = new AtomicBoolean();
  private volatile InetAddress @Nullable [] lastAddresses;

  /**
   * @param worker for what blocks: host names, TLS key exchanges
   */
  public ApiConnector(ClusterSession cluster, EventLoop loop, Executor worker) {
    this.cluster = cluster;
    this.server = ApiServer.of(cluster.server(), cluster.tlsServerName().orElse(""));
    this.tls = new ApiTls(server);
    this.loop = loop;
    this.worker = worker;
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
                onLoop(() -> result.failed(ConnectFailure.credentials(failure)));
              } else {
                Result renewing = mayRenew ? new Renewing(access, ask, result) : result;
                exchange(request(ask, access), access, renewing);
              }
            });
  }

  private void exchange(FullHttpRequest request, Access access, Result result) {
    Consumer<ConnectFailure> failed =
        failure -> {
          request.release();
          result.failed(failure);
        };
    if (!server.tls() || tls.made(access)) {
      connect(request, access, result, failed);
    } else {
      worker.execute(() -> connect(request, access, result, failed));
    }
  }

  private void connect(
      FullHttpRequest request, Access access, Result result, Consumer<ConnectFailure> failed) {
    try {
      SslContext context = server.tls() ? tls.context(access) : null;
      connect(false, channel -> init(channel, context, request, result), failed);
    } catch (SSLException e) {
      onLoop(() -> failed.accept(ConnectFailure.unreachable(server, e)));
    }
  }

  private FullHttpRequest request(Ask ask, Access access) {
    FullHttpRequest request =
        new DefaultFullHttpRequest(
            HttpVersion.HTTP_1_1, ask.method(), server.path() + ask.path(), Unpooled.EMPTY_BUFFER);
    HttpHeaders headers = request.headers();
    headers.set(HttpHeaderNames.HOST, server.authority());
    for (Access.Header header : access.headers()) {
      headers.add(header.name(), header.value());
    }
    ask.headers().forEach(headers::set);
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

  private void init(
      Channel channel, @Nullable SslContext context, FullHttpRequest request, Result result) {
    ChannelPipeline pipeline = channel.pipeline();
    if (context != null) {
      channel.config().setRecvByteBufAllocator(ApiTls.receiving(context));
      pipeline.addLast(tls.handler(context, channel.alloc(), worker));
    }
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
                result.failed(ConnectFailure.unreachable(server, cause));
              }
            }));
  }

  /**
   * Opens a plain connection to the API server, whose bytes are the caller's own.
   *
   * @param init called on the event loop with the open connection
   */
  public void raw(Consumer<Channel> init, Consumer<ConnectFailure> failed) {
    connect(true, init, failed);
  }

  private void connect(
      boolean halfClosure, Consumer<Channel> init, Consumer<ConnectFailure> failed) {
    InetAddress[] known = lastAddresses;
    if (known != null) {
      // In an outage a lookup blocks for long, and nobody waits for it.
      lookUpBeside();
      onLoop(() -> connect(halfClosure, known, 0, init, failed));
      return;
    }
    worker.execute(
        () -> {
          try {
            InetAddress[] addresses = InetAddress.getAllByName(server.host());
            lastAddresses = addresses;
            onLoop(() -> connect(halfClosure, addresses, 0, init, failed));
          } catch (IOException e) {
            IOException unknown = new IOException("unknown host " + server.host(), e);
            onLoop(() -> failed.accept(ConnectFailure.unreachable(server, unknown)));
          }
        });
  }

  private void lookUpBeside() {
    if (lookingUp.compareAndSet(false, true)) {
      worker.execute(
          () -> {
            try {
              lastAddresses = InetAddress.getAllByName(server.host());
            } catch (UnknownHostException e) {
              // The last addresses are the best there are.
            } finally {
              lookingUp.set(false);
            }
          });
    }
  }

  private void connect(
      boolean halfClosure,
      InetAddress[] addresses,
      int index,
      Consumer<Channel> init,
      Consumer<ConnectFailure> failed) {
    ChannelFuture connecting =
        new Bootstrap()
            .group(loop)
            .channel(NioSocketChannel.class)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.SO_KEEPALIVE, true)
            .option(ChannelOption.ALLOW_HALF_CLOSURE, halfClosure)
            .option(NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPIDLE), KEEPALIVE_IDLE_SECONDS)
            .option(
                NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPINTERVAL),
                KEEPALIVE_INTERVAL_SECONDS)
            .option(NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPCOUNT), KEEPALIVE_PROBES)
            .handler(NO_HANDLER)
            .connect(new InetSocketAddress(addresses[index], server.port()));
    connecting.addListener(
        future -> {
          if (future.isSuccess()) {
            init.accept(connecting.channel());
          } else if (index + 1 < addresses.length) {
            connect(halfClosure, addresses, index + 1, init, failed);
          } else {
            failed.accept(ConnectFailure.unreachable(server, future.cause()));
          }
        });
  }

  @ChannelHandler.Sharable
  private static final class SharedNothing extends ChannelInboundHandlerAdapter {}

  private void onLoop(Runnable task) {
    if (loop.inEventLoop()) {
      task.run();
    } else if (!loop.isShuttingDown()) {
      loop.execute(task);
    }
  }
}
