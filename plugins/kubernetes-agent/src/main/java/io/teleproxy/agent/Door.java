package io.teleproxy.agent;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.teleproxy.agent.wire.DoorRequest;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayDeque;
import java.util.function.Function;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The listener on the pod's own addresses: there only once a client has asked for it over a
 * port-forward, and only for those who know the token whose hash that client gave. Confined to the
 * event loop.
 */
final class Door {
  /** Of several runs of the same user, the last ones. */
  private static final int MOST_ADMITTED = 16;

  /** Strangers that have not shown their token yet. */
  private static final int MOST_WAITING = 64;

  private final int port;
  private final Function<InetSocketAddress, ChannelFuture> listen;
  private final ArrayDeque<String> admitted = new ArrayDeque<>();
  private @Nullable ChannelFuture listening;
  private int waiting;

  /**
   * Shut at first.
   *
   * @param port 0 for any
   */
  Door(int port, Function<InetSocketAddress, ChannelFuture> listen) {
    this.port = port;
    this.listen = listen;
  }

  /**
   * Lets in who knows the token of this hash from now on.
   *
   * @param opened told the port; 0 if there can be no listener
   */
  void open(String hash, IntConsumer opened) {
    if (!admitted.contains(hash)) {
      admitted.add(hash);
      if (admitted.size() > MOST_ADMITTED) {
        admitted.remove();
      }
    }
    ChannelFuture listener = listening;
    if (listener == null) {
      listener = listen.apply(new InetSocketAddress(port));
      listening = listener;
    }
    Channel channel = listener.channel();
    listener.addListener(
        bound -> {
          if (bound.isSuccess()) {
            opened.accept(((InetSocketAddress) channel.localAddress()).getPort());
          } else {
            listening = null;
            opened.accept(0);
          }
        });
  }

  boolean admits(String token) {
    byte[] hash = DoorRequest.hash(token).getBytes(StandardCharsets.US_ASCII);
    boolean admits = false;
    for (String known : admitted) {
      admits |= MessageDigest.isEqual(known.getBytes(StandardCharsets.US_ASCII), hash);
    }
    return admits;
  }

  /** Somebody has come; false if there are too many already. */
  boolean waits() {
    if (waiting >= MOST_WAITING) {
      return false;
    }
    waiting++;
    return true;
  }

  /** Somebody has been let in, or has left. */
  void waitsNoMore() {
    waiting--;
  }
}
