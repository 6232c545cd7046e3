package io.teleproxy.dns;

import io.netty.channel.Channel;

/**
 * The sockets of one address.
 *
 * @param udp takes queries
 * @param tcp accepts connections, which close by themselves when idle
 */
record Listener(Channel udp, Channel tcp) {
  void close() {
    udp.close().awaitUninterruptibly();
    tcp.close().awaitUninterruptibly();
  }
}
