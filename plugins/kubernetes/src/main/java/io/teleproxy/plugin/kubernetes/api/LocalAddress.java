package io.teleproxy.plugin.kubernetes.api;

import io.netty.channel.Channel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.channels.DatagramChannel;

/** The address of this machine from which a connection was made. */
public final class LocalAddress {
  private LocalAddress() {}

  /**
   * Whether the machine does not have it any more, having moved to another network for instance:
   * then nothing will ever arrive there.
   */
  public static boolean isGone(Channel channel) {
    try {
      return channel.localAddress() instanceof InetSocketAddress local
          && NetworkInterface.getByInetAddress(local.getAddress()) == null;
    } catch (SocketException e) {
      return false;
    }
  }

  /**
   * Whether a connection to the same place would be made from another address now, or none can be
   * made: the way that this one has may lead nowhere any more.
   */
  static boolean isLeft(Channel channel) {
    if (!(channel.localAddress() instanceof InetSocketAddress local)
        || !(channel.remoteAddress() instanceof InetSocketAddress remote)) {
      return false;
    }
    // Connecting a UDP socket sends nothing; it has the kernel choose.
    try (DatagramChannel asking = DatagramChannel.open()) {
      asking.connect(remote);
      return !(asking.getLocalAddress() instanceof InetSocketAddress chosen)
          || !chosen.getAddress().equals(local.getAddress());
    } catch (IOException e) {
      return true;
    }
  }
}
