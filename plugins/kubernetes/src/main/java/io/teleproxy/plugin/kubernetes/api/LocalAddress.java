package io.teleproxy.plugin.kubernetes.api;

import io.netty.channel.Channel;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;

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
}
