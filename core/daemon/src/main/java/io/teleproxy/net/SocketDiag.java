package io.teleproxy.net;

import com.sun.jna.LastErrorException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.OptionalLong;

/**
 * Asks the kernel about one TCP socket of this machine by its two ends: sock_diag(7) over netlink,
 * some microseconds. Thread-safe.
 */
final class SocketDiag {
  private static final int NETLINK_SOCK_DIAG = 4;
  private static final int IPPROTO_TCP = 6;

  /** linux/sock_diag.h; also the type of the answer that is no error. */
  private static final short SOCK_DIAG_BY_FAMILY = 20;

  private static final short NLM_F_REQUEST = 1;
  private static final int TCP_LISTEN = 10;

  /** struct nlmsghdr and struct inet_diag_req_v2. */
  private static final int REQUEST_LENGTH = 16 + 56;

  /** Offsets in the answer: struct nlmsghdr, then struct inet_diag_msg. */
  private static final int TYPE = 4;

  private static final int STATE = 16 + 1;
  private static final int UID = 16 + 64;
  private static final int INODE = 16 + 68;
  private static final int ANSWER_LENGTH = INODE + 4;

  private final int socket;

  /**
   * Loads the C library's functions, some hundred milliseconds.
   *
   * @throws LastErrorException if the kernel has no such interface
   */
  SocketDiag() {
    socket =
        LinuxC.socket(LinuxC.AF_NETLINK, LinuxC.SOCK_RAW | LinuxC.SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  }

  /** The user who has opened the socket; empty if no process has it (any more). */
  synchronized OptionalLong uid(InetSocketAddress local, InetSocketAddress remote) {
    byte[] answer = new byte[512];
    long length;
    try {
      byte[] request = request(local, remote);
      LinuxC.send(socket, request, request.length, 0);
      // The kernel has answered before send returns.
      length = LinuxC.recv(socket, answer, answer.length, LinuxC.MSG_DONTWAIT);
    } catch (LastErrorException e) {
      return OptionalLong.empty();
    }
    ByteBuffer words = ByteBuffer.wrap(answer).order(ByteOrder.nativeOrder());
    // A closed socket has no inode, and root as its owner; a listener answers for its port.
    boolean found =
        length >= ANSWER_LENGTH
            && words.getShort(TYPE) == SOCK_DIAG_BY_FAMILY
            && words.get(STATE) != TCP_LISTEN
            && words.getInt(INODE) != 0;
    return found
        ? OptionalLong.of(Integer.toUnsignedLong(words.getInt(UID)))
        : OptionalLong.empty();
  }

  private static byte[] request(InetSocketAddress local, InetSocketAddress remote) {
    InetAddress from = local.getAddress();
    ByteBuffer request = ByteBuffer.allocate(REQUEST_LENGTH).order(ByteOrder.nativeOrder());
    request.putInt(REQUEST_LENGTH).putShort(SOCK_DIAG_BY_FAMILY).putShort(NLM_F_REQUEST);
    request.putInt(1).putInt(0);
    request.put((byte) (from.getAddress().length == 4 ? LinuxC.AF_INET : LinuxC.AF_INET6));
    request.put((byte) IPPROTO_TCP).put((byte) 0).put((byte) 0).putInt(-1);
    request.order(ByteOrder.BIG_ENDIAN);
    request.putShort((short) local.getPort()).putShort((short) remote.getPort());
    request.put(sixteen(from)).put(sixteen(remote.getAddress()));
    // Any interface, any cookie.
    request.putInt(0).putInt(-1).putInt(-1);
    return request.array();
  }

  private static byte[] sixteen(InetAddress address) {
    byte[] bytes = new byte[16];
    byte[] given = address.getAddress();
    System.arraycopy(given, 0, bytes, 0, given.length);
    return bytes;
  }
}
