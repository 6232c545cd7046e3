package io.teleproxy.socks;

import io.netty.channel.Channel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.teleproxy.net.Transport;
import io.teleproxy.socks.Socks5.ProtocolException;
import io.teleproxy.spi.Tunnel;
import java.net.InetSocketAddress;

/** The UDP associations of one server. Thread-safe. */
final class UdpAssociations {
  /** Each costs a TCP and a UDP socket. */
  private static final int MOST = 4096;

  final Tunnel.Session tunnel;
  final Transport transport;

  /** The TCP connections on which they depend. */
  private final ChannelGroup controls = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);

  private volatile boolean open;

  UdpAssociations(Tunnel.Session tunnel, Transport transport) {
    this.tunnel = tunnel;
    this.transport = transport;
  }

  /** Whether there may be any; when not, all are ended. */
  void open(boolean now) {
    open = now;
    if (!now) {
      controls.close();
    }
  }

  /**
   * An association for this client, not bound yet.
   *
   * @param from where the client says it will send from; address and port may be 0
   * @param flow its number in the log
   * @throws ProtocolException if there may be none, or none more
   */
  UdpAssociation next(Channel control, InetSocketAddress from, long flow) throws ProtocolException {
    if (!open) {
      throw new ProtocolException(Socks5.COMMAND_NOT_SUPPORTED, "no UDP through this tunnel now");
    }
    if (controls.size() >= MOST) {
      throw new ProtocolException(Socks5.GENERAL_FAILURE, MOST + " UDP associations already");
    }
    controls.add(control);
    if (!open) {
      control.close();
    }
    return new UdpAssociation(this, control, from.getPort(), flow);
  }
}
