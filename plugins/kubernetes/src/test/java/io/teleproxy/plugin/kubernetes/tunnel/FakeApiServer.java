package io.teleproxy.plugin.kubernetes.tunnel;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.spdy.SpdyFrameCodec;
import io.netty.handler.codec.spdy.SpdyVersion;
import io.netty.handler.ssl.SslContext;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * The part of an API server that port-forwards, on loopback: it upgrades to SPDY/3.1 and then does
 * what the test says.
 */
final class FakeApiServer implements AutoCloseable {
  /** An HTTP answer; 101 upgrades. */
  record Answer(int status, String body) {}

  static final Answer UPGRADE = new Answer(101, "");

  private final MultiThreadIoEventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final Channel listener;
  final BlockingQueue<FakePod> streams = new LinkedBlockingQueue<>();
  final List<String> requests = new CopyOnWriteArrayList<>();

  /** What to answer to a port-forward request, given path and Authorization. */
  volatile Function<String, Answer> portForward = request -> UPGRADE;

  volatile int versionStatus = 200;

  /** Whether SYN_STREAM is answered with SYN_REPLY at once, as real servers do. */
  volatile boolean reply = true;

  FakeApiServer() {
    this(null);
  }

  FakeApiServer(@org.jspecify.annotations.Nullable SslContext tls) {
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(group)
            .channel(NioServerSocketChannel.class)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    if (tls != null) {
                      channel.pipeline().addLast(tls.newHandler(channel.alloc()));
                    }
                    channel
                        .pipeline()
                        .addLast(
                            new HttpServerCodec(), new HttpObjectAggregator(65536), new Front());
                  }
                });
    listener =
        bootstrap
            .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .syncUninterruptibly()
            .channel();
  }

  int port() {
    return ((InetSocketAddress) listener.localAddress()).getPort();
  }

  /** The connection on which the next data stream was opened. */
  FakePod pod() throws InterruptedException {
    FakePod pod = streams.poll(5, TimeUnit.SECONDS);
    if (pod == null) {
      throw new AssertionError("no stream was opened; requests: " + requests);
    }
    return pod;
  }

  @Override
  public void close() {
    listener.close().syncUninterruptibly();
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }

  private final class Front extends SimpleChannelInboundHandler<FullHttpRequest> {
    @Override
    protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
      String authorization = request.headers().get(HttpHeaderNames.AUTHORIZATION, "");
      String line = request.method() + " " + request.uri() + " " + authorization;
      Answer answer =
          request.uri().equals("/version")
              ? new Answer(versionStatus, "{}")
              : portForward.apply(line.strip());
      if (!request.uri().equals("/version")) {
        requests.add(line.strip());
      }
      DefaultFullHttpResponse response =
          new DefaultFullHttpResponse(
              HttpVersion.HTTP_1_1,
              HttpResponseStatus.valueOf(answer.status()),
              Unpooled.copiedBuffer(answer.body(), StandardCharsets.UTF_8));
      if (answer.status() == 101) {
        response
            .headers()
            .set(HttpHeaderNames.CONNECTION, "Upgrade")
            .set(HttpHeaderNames.UPGRADE, request.headers().get(HttpHeaderNames.UPGRADE))
            .set("X-Stream-Protocol-Version", request.headers().get("X-Stream-Protocol-Version"));
        ctx.writeAndFlush(response);
        FakePod pod = new FakePod(ctx.channel(), FakeApiServer.this);
        ctx.pipeline().addLast(new SpdyFrameCodec(SpdyVersion.SPDY_3_1), pod);
        ctx.pipeline().remove(HttpObjectAggregator.class);
        ctx.pipeline().remove(this);
        ctx.pipeline().remove(HttpServerCodec.class);
      } else {
        response.headers().set(HttpHeaderNames.CONTENT_LENGTH, response.content().readableBytes());
        ctx.writeAndFlush(response);
      }
    }
  }
}
