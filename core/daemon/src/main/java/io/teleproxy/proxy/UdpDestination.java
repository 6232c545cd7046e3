package io.teleproxy.proxy;

import io.netty.channel.Channel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The sockets at which one destination's datagrams arrive: one on loopback, and one with the same
 * port on the address of each container bridge. Guarded by its {@link UdpProxy}.
 */
final class UdpDestination {
  final InetSocketAddress address;

  /** The port of all sockets. */
  final int port;

  final Map<InetAddress, Channel> sockets = new LinkedHashMap<>();

  UdpDestination(InetSocketAddress address, int port) {
    this.address = address;
    this.port = port;
  }

  void close() {
    sockets.values().forEach(Channel::close);
    sockets.clear();
  }
}
