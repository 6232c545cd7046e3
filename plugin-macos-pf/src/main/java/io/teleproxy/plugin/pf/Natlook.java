package io.teleproxy.plugin.pf;

import io.teleproxy.spi.Protocol;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Arrays;

/**
 * {@code struct pfioc_natlook} of XNU's bsd/net/pfvar.h, by which pf is asked where a redirected
 * packet was going; the same on Intel and Apple silicon, from macOS 10.13 to 15. Ports lie in
 * unions of four bytes, of which the first two count; addresses and ports are in network order.
 */
final class Natlook {
  /** Bytes of the struct; it has no padding. */
  static final int SIZE = 84;

  /** {@code DIOCNATLOOK}, {@code _IOWR('D', 23, struct pfioc_natlook)}. */
  static final long REQUEST = Ioctl.readWrite(23, SIZE);

  static final int SADDR = 0;
  static final int DADDR = 16;
  static final int RDADDR = 48;
  static final int SXPORT = 64;
  static final int DXPORT = 68;
  static final int RDXPORT = 76;
  static final int AF = 80;
  static final int PROTO = 81;
  static final int PROTO_VARIANT = 82;
  static final int DIRECTION = 83;

  static final int AF_INET = 2;

  /** 30 on macOS; every BSD has another. */
  static final int AF_INET6 = 30;

  /** IANA protocol numbers. */
  private static final int IPPROTO_TCP = 6;

  private static final int IPPROTO_UDP = 17;

  /** {@code PF_EXTFILTER_APD}: what the keys of UDP states carry, and are compared by. */
  private static final int EXTFILTER_APD = 1;

  /**
   * {@code PF_OUT}: looks a redirected state up by its inner side, client and listener. {@code
   * PF_IN} looks in another tree, which holds no such state.
   */
  static final int PF_OUT = 2;

  private Natlook() {}

  /**
   * The question.
   *
   * @param peer the client's end of the accepted connection
   * @param local our end, as the socket tells it, not as the listener was bound
   */
  static byte[] question(Protocol protocol, InetSocketAddress peer, InetSocketAddress local) {
    byte[] struct = new byte[SIZE];
    address(struct, SADDR, peer.getAddress());
    address(struct, DADDR, local.getAddress());
    port(struct, SXPORT, peer.getPort());
    port(struct, DXPORT, local.getPort());
    struct[AF] = (byte) (local.getAddress() instanceof Inet4Address ? AF_INET : AF_INET6);
    struct[PROTO] = (byte) (protocol == Protocol.TCP ? IPPROTO_TCP : IPPROTO_UDP);
    struct[PROTO_VARIANT] = (byte) (protocol == Protocol.TCP ? 0 : EXTFILTER_APD);
    struct[DIRECTION] = PF_OUT;
    return struct;
  }

  /** The original destination in the answer. */
  static InetSocketAddress answer(byte[] struct) {
    int length = struct[AF] == AF_INET ? 4 : 16;
    int port = ((struct[RDXPORT] & 0xff) << 8) | (struct[RDXPORT + 1] & 0xff);
    try {
      return new InetSocketAddress(
          InetAddress.getByAddress(Arrays.copyOfRange(struct, RDADDR, RDADDR + length)), port);
    } catch (UnknownHostException e) {
      throw new AssertionError("4 or 16 bytes are always an address", e);
    }
  }

  private static void address(byte[] struct, int at, InetAddress address) {
    byte[] bytes = address.getAddress();
    System.arraycopy(bytes, 0, struct, at, bytes.length);
  }

  private static void port(byte[] struct, int at, int port) {
    struct[at] = (byte) (port >> 8);
    struct[at + 1] = (byte) port;
  }
}
