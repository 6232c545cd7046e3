package io.teleproxy.net;

import io.netty.bootstrap.AbstractBootstrap;
import io.netty.channel.unix.RawUnixChannelOption;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Listeners on the address of a container bridge are for what comes in there. Linux would let every
 * machine of the network reach that address through any interface (weak host model, RFC 1122
 * §3.3.4.2).
 */
public final class BoundDevice {
  /** asm-generic/socket.h; allowed to everybody since Linux 5.7. */
  private static final int SOL_SOCKET = 1;

  private static final int SO_BINDTODEVICE = 25;

  private BoundDevice() {}

  /**
   * Lets sockets of this bootstrap take packets only from the interface that has the address; does
   * nothing for loopback, and where it cannot be done.
   */
  public static void restrict(
      AbstractBootstrap<?, ?> bootstrap, Transport transport, InetAddress address) {
    if (transport != Transport.EPOLL || address.isLoopbackAddress()) {
      return;
    }
    try {
      NetworkInterface device = NetworkInterface.getByInetAddress(address);
      if (device != null && !device.isLoopback()) {
        restrict(bootstrap, transport, device.getName());
      }
    } catch (SocketException e) {
      // Gone already: then nothing can be bound there either.
    }
  }

  /**
   * The same for this interface, whatever the address; {@code lo} for what programs of this machine
   * send to its own addresses.
   *
   * @param device empty for any interface
   */
  public static void restrict(
      AbstractBootstrap<?, ?> bootstrap, Transport transport, String device) {
    if (transport == Transport.EPOLL && !device.isEmpty()) {
      byte[] name = device.getBytes(StandardCharsets.US_ASCII);
      bootstrap.option(
          new RawUnixChannelOption(
              "SO_BINDTODEVICE-" + device, SOL_SOCKET, SO_BINDTODEVICE, name.length),
          ByteBuffer.wrap(name));
    }
  }
}
