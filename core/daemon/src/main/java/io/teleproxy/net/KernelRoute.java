package io.teleproxy.net;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.nio.channels.DatagramChannel;

/** What the kernel would do with a packet of this process, all rules and tables considered. */
public final class KernelRoute {
  /** Discard (RFC 863). Any would do: a datagram socket that is connected sends nothing. */
  private static final int PORT = 9;

  private KernelRoute() {}

  /**
   * Whether there is a route to the address. Where there is none, programs are refused before any
   * rule of the firewall is asked; some microseconds.
   */
  public static boolean leadsTo(InetAddress address) {
    StandardProtocolFamily family =
        address instanceof Inet4Address
            ? StandardProtocolFamily.INET
            : StandardProtocolFamily.INET6;
    try (DatagramChannel channel = DatagramChannel.open(family)) {
      channel.connect(new InetSocketAddress(address, PORT));
      return true;
    } catch (NoRouteToHostException e) {
      return false;
    } catch (SocketException e) {
      // ENETUNREACH has no exception of its own; anything else says nothing about routes.
      return !String.valueOf(e.getMessage()).contains("unreachable");
    } catch (IOException | UnsupportedOperationException e) {
      return true;
    }
  }
}
