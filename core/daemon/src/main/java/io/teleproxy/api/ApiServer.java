package io.teleproxy.api;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.timeout.ReadTimeoutException;
import io.netty.handler.timeout.ReadTimeoutHandler;
import io.teleproxy.net.Transport;
import io.teleproxy.spi.UserException;
import io.teleproxy.tables.TableStore;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The REST API on loopback. The firewall also diverts {@code http://teleproxy} (127.254.254.254:80)
 * here.
 */
public final class ApiServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ApiServer.class);

  /** A table of 20,000 routes is 2 MB. */
  private static final int MAX_BODY = 64 << 20;

  /** Seconds until a client that sends nothing is cut. */
  private static final int IDLE_SECONDS = 30;

  private final Channel channel;

  private ApiServer(Channel channel) {
    this.channel = channel;
  }

  /**
   * Starts listening on 127.0.0.1.
   *
   * @param port 0 for any
   * @throws UserException if the port is taken
   */
  public static ApiServer start(EventLoopGroup group, TableStore tables, Daemon daemon, int port) {
    Resources resources = new Resources(tables, daemon);
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(group)
            .channelFactory(Transport.of(group).server(InetAddress.getLoopbackAddress()))
            .option(ChannelOption.SO_REUSEADDR, true)
            .childHandler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel child) {
                    child
                        .pipeline()
                        .addLast(
                            new ReadTimeoutHandler(IDLE_SECONDS),
                            new HttpServerCodec(),
                            new HttpObjectAggregator(MAX_BODY, true),
                            new Handler(resources, daemon));
                  }
                });
    var bound = bootstrap.bind(InetAddress.getLoopbackAddress(), port).awaitUninterruptibly();
    if (!bound.isSuccess()) {
      throw new UserException(
          "The API cannot listen on 127.0.0.1:" + port + " (" + bound.cause().getMessage() + ")",
          "Set api.port to a free port, or to 0 for any.",
          bound.cause());
    }
    return new ApiServer(bound.channel());
  }

  public int port() {
    return ((InetSocketAddress) channel.localAddress()).getPort();
  }

  @Override
  public void close() {
    channel.close().awaitUninterruptibly(1000);
  }

  private static final class Handler extends SimpleChannelInboundHandler<FullHttpRequest> {
    private final Resources resources;
    private final Daemon daemon;

    Handler(Resources resources, Daemon daemon) {
      this.resources = resources;
      this.daemon = daemon;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
      if (!request.decoderResult().isSuccess()) {
        send(context, Reply.error(400, "not an HTTP request"), false, false);
        return;
      }
      Optional<String> refusal =
          RequestGuard.refusal(
              request.headers().get(HttpHeaderNames.HOST),
              request.headers().get(HttpHeaderNames.ORIGIN),
              request.headers().get("Sec-Fetch-Site"));
      if (refusal.isPresent()) {
        send(context, Reply.error(403, refusal.get()), false, false);
        return;
      }
      boolean keepAlive = HttpUtil.isKeepAlive(request);
      String path = request.uri();
      resources
          .handle(request.method().name(), path, request.content().toString(StandardCharsets.UTF_8))
          .whenComplete(
              (reply, failure) -> {
                if (failure != null) {
                  log.error("{} {} failed", request.method(), path, failure);
                  reply = Reply.error(500, "internal error; see the daemon's log");
                }
                boolean stop = reply.status() == 200 && path.startsWith("/api/shutdown");
                send(context, reply, keepAlive && !stop, stop);
              });
    }

    private void send(ChannelHandlerContext context, Reply reply, boolean keepAlive, boolean stop) {
      byte[] body = (reply.body() + "\n").getBytes(StandardCharsets.UTF_8);
      FullHttpResponse response =
          new DefaultFullHttpResponse(
              HttpVersion.HTTP_1_1,
              HttpResponseStatus.valueOf(reply.status()),
              Unpooled.wrappedBuffer(body));
      response.headers().set(HttpHeaderNames.CONTENT_TYPE, "application/json");
      response.headers().setInt(HttpHeaderNames.CONTENT_LENGTH, body.length);
      response.headers().set(HttpHeaderNames.CACHE_CONTROL, "no-store");
      response.headers().set("X-Content-Type-Options", "nosniff");
      HttpUtil.setKeepAlive(response, keepAlive);
      var written = context.writeAndFlush(response);
      if (!keepAlive) {
        written.addListener(ChannelFutureListener.CLOSE);
      }
      if (stop) {
        written.addListener(done -> daemon.shutdown());
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      if (!(cause instanceof ReadTimeoutException)) {
        log.debug("API connection from {} ended", context.channel().remoteAddress(), cause);
      }
      context.close();
    }
  }
}
