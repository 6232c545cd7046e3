package io.teleproxy.plugin.kubernetes.agent;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.spdy.DefaultSpdyDataFrame;
import io.netty.handler.codec.spdy.DefaultSpdySynReplyFrame;
import io.netty.handler.codec.spdy.SpdyDataFrame;
import io.netty.handler.codec.spdy.SpdyFrame;
import io.netty.handler.codec.spdy.SpdyFrameCodec;
import io.netty.handler.codec.spdy.SpdySynStreamFrame;
import io.netty.handler.codec.spdy.SpdyVersion;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.teleproxy.agent.AgentServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** A real agent behind what an API server does of port-forwards, with a network to cut. */
public final class AgentGate implements AutoCloseable {
  private final MultiThreadIoEventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final ChannelGroup clients = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
  private final ChannelGroup agents = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
  private final AtomicInteger forwards = new AtomicInteger();
  private final AtomicInteger refusals = new AtomicInteger();
  private final Queue<AtomicLong> answers = new ConcurrentLinkedQueue<>();
  private volatile Optional<FullHttpResponse> refusal = Optional.empty();
  private volatile long delayMillis;
  private final Channel listener;
  private volatile AgentServer agent = AgentServer.start(0, Duration.ofMinutes(1));

  /** Listens on loopback, and has an agent running. */
  public AgentGate() {
    listener =
        new ServerBootstrap()
            .group(group)
            .channel(NioServerSocketChannel.class)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    clients.add(channel);
                    channel
                        .pipeline()
                        .addLast(
                            new HttpServerCodec(), new HttpObjectAggregator(65536), new Front());
                  }
                })
            .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .syncUninterruptibly()
            .channel();
  }

  public int port() {
    return ((InetSocketAddress) listener.localAddress()).getPort();
  }

  /** How many port-forwards were asked for. */
  int forwards() {
    return forwards.get();
  }

  /** How many port-forwards there are. */
  int connections() {
    return clients.size();
  }

  /** How many bytes each port-forward has brought from the agent, those that are over included. */
  List<Long> answered() {
    return answers.stream().map(AtomicLong::get).toList();
  }

  /** From now on bytes take so long, in each direction. */
  void delay(long millis) {
    delayMillis = millis;
  }

  /** From now on no port-forward comes about; those that are there stay. */
  void refuse(int status, String message) {
    refusal =
        Optional.of(
            response(HttpResponseStatus.valueOf(status), "{\"message\": \"" + message + "\"}"));
  }

  void refuseNoMore() {
    refusal = Optional.empty();
  }

  /** How many port-forwards were refused. */
  int refusals() {
    return refusals.get();
  }

  /** Ends one of the connections. */
  void cutOne() {
    clients.iterator().next().close().syncUninterruptibly();
  }

  /** Ends all connections. */
  void cut() {
    clients.close().awaitUninterruptibly();
  }

  /** From now on nothing gets through on the connections that are there; others are not hurt. */
  void silence() {
    reading(clients, false);
  }

  /** From now on the agent's answers do not get through on the connections that are there. */
  void holdAnswers() {
    reading(agents, false);
  }

  /** The answers get through after all. */
  void letAnswersThrough() {
    reading(agents, true);
  }

  /** What was held up gets through after all. */
  void speakAgain() {
    reading(clients, true);
  }

  /** Ends all connections, and takes no more. */
  void leave() {
    listener.close().syncUninterruptibly();
    cut();
  }

  /** Another process in the same pod, which knows nothing of the first one's connections. */
  void restartAgent() {
    AgentServer before = agent;
    agent = AgentServer.start(0, Duration.ofMinutes(1));
    before.close();
  }

  /** The agent is ended as by a node that is drained; comes back when it may go. */
  void retireAgent() {
    agent.retire();
  }

  @Override
  public void close() {
    leave();
    agent.close();
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }

  /** Done when it holds: set from outside, a read that is under way would still go through. */
  private static void reading(ChannelGroup channels, boolean wanted) {
    channels.forEach(
        channel ->
            channel
                .eventLoop()
                .submit(() -> channel.config().setAutoRead(wanted))
                .syncUninterruptibly());
  }

  private static FullHttpResponse response(HttpResponseStatus status, String body) {
    FullHttpResponse response =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1, status, Unpooled.copiedBuffer(body, StandardCharsets.UTF_8));
    response.headers().set(HttpHeaderNames.CONTENT_LENGTH, response.content().readableBytes());
    return response;
  }

  private final class Front extends SimpleChannelInboundHandler<FullHttpRequest> {
    @Override
    protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
      if (!request.uri().endsWith("/portforward")) {
        ctx.writeAndFlush(response(HttpResponseStatus.OK, ""));
        return;
      }
      Optional<FullHttpResponse> refused = refusal;
      if (refused.isPresent()) {
        refusals.incrementAndGet();
        ctx.writeAndFlush(refused.get().retainedDuplicate());
        return;
      }
      forwards.incrementAndGet();
      FullHttpResponse response =
          new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.SWITCHING_PROTOCOLS);
      response
          .headers()
          .set(HttpHeaderNames.CONNECTION, "Upgrade")
          .set(HttpHeaderNames.UPGRADE, "SPDY/3.1")
          .set("X-Stream-Protocol-Version", "portforward.k8s.io");
      ctx.writeAndFlush(response);
      ctx.pipeline().addLast(new SpdyFrameCodec(SpdyVersion.SPDY_3_1), new Forward());
      ctx.pipeline().remove(HttpObjectAggregator.class);
      ctx.pipeline().remove(this);
      ctx.pipeline().remove(HttpServerCodec.class);
    }
  }

  /** Carries the data stream's bytes to the agent and back. */
  private final class Forward extends SimpleChannelInboundHandler<SpdyFrame> {
    private final AtomicLong brought = new AtomicLong();
    private ChannelFuture there;
    private int dataId;

    Forward() {
      answers.add(brought);
    }

    private void later(ChannelHandlerContext ctx, Runnable work) {
      if (delayMillis == 0) {
        work.run();
      } else {
        ctx.executor().schedule(work, delayMillis, TimeUnit.MILLISECONDS);
      }
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, SpdyFrame frame) {
      if (frame instanceof SpdySynStreamFrame syn) {
        ctx.writeAndFlush(new DefaultSpdySynReplyFrame(syn.streamId()));
        if (syn.headers().getAsString("streamtype").equals("data")) {
          dataId = syn.streamId();
          there = connect(ctx);
        }
      } else if (frame instanceof SpdyDataFrame data && data.streamId() == dataId) {
        ByteBuf bytes = data.content().retain();
        later(ctx, () -> there.addListener(done -> there.channel().writeAndFlush(bytes)));
      }
    }

    private ChannelFuture connect(ChannelHandlerContext ctx) {
      return new Bootstrap()
          .group(ctx.channel().eventLoop())
          .channel(NioSocketChannel.class)
          .handler(
              new ChannelInboundHandlerAdapter() {
                @Override
                public void channelActive(ChannelHandlerContext agentSide) {
                  agents.add(agentSide.channel());
                }

                @Override
                public void channelRead(ChannelHandlerContext agentSide, Object bytes) {
                  brought.addAndGet(((ByteBuf) bytes).readableBytes());
                  later(
                      ctx,
                      () -> ctx.writeAndFlush(new DefaultSpdyDataFrame(dataId, (ByteBuf) bytes)));
                }

                @Override
                public void channelInactive(ChannelHandlerContext agentSide) {
                  ctx.close();
                }
              })
          .connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), agent.port()));
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      if (there != null) {
        there.channel().close();
      }
    }
  }
}
