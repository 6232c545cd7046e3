package io.teleproxy.api;

import io.netty.channel.Channel;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The connections that are served, so many at most: who comes beyond takes the place of the one
 * that has asked nothing for longest. Thread-safe.
 */
final class Admitted {
  private final int most;

  /** Idle longest first. */
  private final Set<Channel> channels = new LinkedHashSet<>();

  Admitted(int most) {
    this.most = most;
  }

  synchronized void add(Channel channel) {
    channels.add(channel);
    channel.closeFuture().addListener(closed -> remove(channel));
    Iterator<Channel> oldest = channels.iterator();
    while (channels.size() > most) {
      Channel idle = oldest.next();
      oldest.remove();
      idle.close();
    }
  }

  /** Something is asked over this connection now. */
  synchronized void busy(Channel channel) {
    if (channels.remove(channel)) {
      channels.add(channel);
    }
  }

  /** Those that a listener has accepted. */
  synchronized List<Channel> of(Channel listener) {
    return channels.stream().filter(channel -> channel.parent() == listener).toList();
  }

  private synchronized void remove(Channel channel) {
    channels.remove(channel);
  }
}
