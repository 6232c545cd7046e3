package io.teleproxy.plugin.kubernetes.agent;

import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.handler.codec.http.HttpClientCodec;
import io.teleproxy.agent.wire.WindowBudget;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Makes a connection to the agent out of one to the API server that was upgraded: HTTP/2 from here
 * on, in which the agent has to say something soon. Confined to the event loop.
 */
final class LinkUpgrade {
  private static final WriteBufferWaterMark WATER_MARK =
      new WriteBufferWaterMark(128 * 1024, 512 * 1024);

  /** What streams may have on the way to us beyond their first window, all together. */
  private static final int WINDOW_BUDGET = 64 * 1024 * 1024;

  /** For the agent to answer over a port-forward that is there. */
  private static final long SETTLE_MILLIS = 10_000;

  private final EventLoop loop;
  private final LinkPool pool;
  private final AgentLink.Owner owner;
  private final WindowBudget budget = new WindowBudget(WINDOW_BUDGET);

  /**
   * @param pool where the connections go
   * @param owner told of their lives
   */
  LinkUpgrade(EventLoop loop, LinkPool pool, AgentLink.Owner owner) {
    this.loop = loop;
    this.pool = pool;
    this.owner = owner;
  }

  /**
   * Starts HTTP/2.
   *
   * @param context of the handler that has asked for the upgrade
   * @param below what there is between it and the API server's connection
   * @param direct as of {@link AgentLink}
   * @param unanswered run if the connection ends before the agent has spoken
   */
  void start(
      ChannelHandlerContext context,
      List<ChannelHandler> below,
      boolean direct,
      Runnable unanswered) {
    AgentLink link = new AgentLink(budget, direct, owner);
    ChannelPipeline pipeline = context.pipeline();
    context.channel().config().setWriteBufferWaterMark(WATER_MARK);
    // What comes next is no HTTP/1.1 any more, in neither direction.
    pipeline.remove(context.handler());
    pipeline.remove(HttpClientCodec.class);
    pool.add(link);
    below.forEach(pipeline::addLast);
    pipeline.addLast(link);
    loop.schedule(
        () -> {
          if (!link.settled()) {
            link.close("the agent did not answer");
          }
        },
        SETTLE_MILLIS,
        TimeUnit.MILLISECONDS);
    context
        .channel()
        .closeFuture()
        .addListener(
            closed -> {
              if (!link.settled()) {
                unanswered.run();
              }
            });
  }
}
