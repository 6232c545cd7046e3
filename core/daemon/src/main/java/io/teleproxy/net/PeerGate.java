package io.teleproxy.net;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Resets connections of users who are not let in. First in the pipeline of an accepted channel
 * whose option {@code AUTO_READ} is off: nothing is read before. One for all connections.
 */
@ChannelHandler.Sharable
public final class PeerGate extends ChannelInboundHandlerAdapter {
  private static final Logger log = LoggerFactory.getLogger(PeerGate.class);

  private final LocalPeers peers;

  public PeerGate(LocalPeers peers) {
    this.peers = peers;
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    Channel channel = ctx.channel();
    peers.check(
        channel,
        List.of(),
        reason -> {
          if (reason.isPresent()) {
            log.debug("{}: reset: {}", channel.remoteAddress(), reason.get());
            channel.config().setOption(ChannelOption.SO_LINGER, 0);
            channel.close();
          } else if (channel.isActive()) {
            ctx.fireChannelActive();
            channel.pipeline().remove(this);
            channel.config().setAutoRead(true);
          }
        });
  }
}
