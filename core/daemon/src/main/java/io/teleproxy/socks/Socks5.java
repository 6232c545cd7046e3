package io.teleproxy.socks;

import io.netty.buffer.ByteBuf;
import io.netty.util.NetUtil;
import io.teleproxy.spi.Tunnel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** The messages of RFC 1928, both ways. */
final class Socks5 {
  static final int VERSION = 5;
  static final int NO_AUTHENTICATION = 0;
  static final int NO_ACCEPTABLE_METHOD = 0xff;
  private static final int PRIVATE_METHODS = 0x80;

  static final int CONNECT = 1;
  static final int UDP_ASSOCIATE = 3;

  private static final int IPV4 = 1;
  private static final int DOMAIN = 3;
  private static final int IPV6 = 4;

  static final int SUCCEEDED = 0;
  static final int GENERAL_FAILURE = 1;
  static final int NOT_ALLOWED = 2;
  static final int NETWORK_UNREACHABLE = 3;
  static final int HOST_UNREACHABLE = 4;
  static final int CONNECTION_REFUSED = 5;
  static final int TTL_EXPIRED = 6;
  static final int COMMAND_NOT_SUPPORTED = 7;
  static final int ADDRESS_TYPE_NOT_SUPPORTED = 8;

  /** What is thrown at a peer that does not speak the protocol; has no stack trace. */
  static final class ProtocolException extends Exception {
    private static final long serialVersionUID = 1;

    /** The reply that says so. */
    final int reply;

    ProtocolException(int reply, String message) {
      super(message, null, false, false);
      this.reply = reply;
    }
  }

  private Socks5() {}

  /**
   * The reply for a failed dial. RFC 1928 knows no time-out of its own: like Tor, "TTL expired" is
   * said.
   */
  static int reply(Tunnel.DialFailure.Kind kind) {
    return switch (kind) {
      case GENERAL -> GENERAL_FAILURE;
      case NOT_ALLOWED -> NOT_ALLOWED;
      case NETWORK_UNREACHABLE -> NETWORK_UNREACHABLE;
      case HOST_UNREACHABLE, NAME_NOT_FOUND -> HOST_UNREACHABLE;
      case REFUSED -> CONNECTION_REFUSED;
      case TIMED_OUT -> TTL_EXPIRED;
    };
  }

  /** The words of RFC 1928 §6. */
  static String describe(int reply) {
    return switch (reply) {
      case SUCCEEDED -> "succeeded";
      case GENERAL_FAILURE -> "general SOCKS server failure";
      case NOT_ALLOWED -> "connection not allowed by ruleset";
      case NETWORK_UNREACHABLE -> "network unreachable";
      case HOST_UNREACHABLE -> "host unreachable";
      case CONNECTION_REFUSED -> "connection refused";
      case TTL_EXPIRED -> "TTL expired";
      case COMMAND_NOT_SUPPORTED -> "command not supported";
      case ADDRESS_TYPE_NOT_SUPPORTED -> "address type not supported";
      default -> "SOCKS reply " + reply;
    };
  }

  /** A reply; no tunnel tells its far end's address, so none is told here. */
  static void writeReply(ByteBuf to, int reply) {
    to.writeByte(VERSION).writeByte(reply).writeByte(0).writeByte(IPV4).writeZero(6);
  }

  /** The reply to UDP ASSOCIATE: where datagrams are to be sent. */
  static void writeAssociated(ByteBuf to, InetSocketAddress relay) {
    to.writeByte(VERSION).writeByte(SUCCEEDED).writeByte(0);
    writeAddress(to, relay);
  }

  static void writeGreeting(ByteBuf to) {
    to.writeByte(VERSION).writeByte(1).writeByte(NO_AUTHENTICATION);
  }

  /**
   * The same for our own server, with the number by which both sides' logs name the flow: each six
   * bits of it, lowest first, as one more method among those that RFC 1928 §3 reserves for private
   * use. A server that does not know them takes the first.
   *
   * @param flow positive
   */
  static void writeGreeting(ByteBuf to, long flow) {
    int digits = (69 - Long.numberOfLeadingZeros(flow)) / 6;
    to.writeByte(VERSION).writeByte(1 + digits).writeByte(NO_AUTHENTICATION);
    for (long left = flow; left != 0; left >>>= 6) {
      to.writeByte(PRIVATE_METHODS | (int) (left & 63));
    }
  }

  /** The flow's number among these methods of a greeting; 0 if there is none. */
  static long flow(ByteBuf in, int first, int count) {
    long flow = 0;
    for (int i = count - 1; i >= 0; i--) {
      int method = in.getUnsignedByte(first + i);
      if ((method & ~63) == PRIVATE_METHODS) {
        flow = flow << 6 | (method & 63);
      }
    }
    return flow;
  }

  static void writeRequest(ByteBuf to, int command, InetSocketAddress destination) {
    to.writeByte(VERSION).writeByte(command).writeByte(0);
    writeAddress(to, destination);
  }

  /**
   * What precedes each datagram between client and relay (RFC 1928 §7), 262 bytes at most.
   *
   * @param peer where it goes, or where it comes from
   */
  static void writeDatagramHeader(ByteBuf to, InetSocketAddress peer) {
    to.writeZero(3);
    writeAddress(to, peer);
  }

  /**
   * Reads what precedes a datagram, and leaves its payload.
   *
   * @throws ProtocolException if it is malformed, or a fragment: those are optional in RFC 1928 §7,
   *     and nobody sends them
   */
  static InetSocketAddress readDatagramHeader(ByteBuf in) throws ProtocolException {
    if (addressedLength(in) < 0) {
      throw new ProtocolException(GENERAL_FAILURE, "truncated datagram header");
    }
    if (in.readUnsignedShort() != 0) {
      throw new ProtocolException(GENERAL_FAILURE, "reserved bytes of a datagram are not 0");
    }
    if (in.readUnsignedByte() != 0) {
      throw new ProtocolException(GENERAL_FAILURE, "fragment of a datagram");
    }
    return readAddress(in);
  }

  /** A name is written as one, for the other side to resolve. */
  private static void writeAddress(ByteBuf to, InetSocketAddress peer) {
    if (peer.isUnresolved()) {
      byte[] name = peer.getHostString().getBytes(StandardCharsets.US_ASCII);
      to.writeByte(DOMAIN).writeByte(name.length).writeBytes(name);
    } else {
      byte[] address = peer.getAddress().getAddress();
      to.writeByte(address.length == 4 ? IPV4 : IPV6).writeBytes(address);
    }
    to.writeShort(peer.getPort());
  }

  /**
   * Length of the complete message with an address in fourth place (a request or a reply) at the
   * reader index, or -1 if more bytes are needed.
   */
  static int addressedLength(ByteBuf in) throws ProtocolException {
    if (in.readableBytes() < 5) {
      return -1;
    }
    int start = in.readerIndex();
    int address =
        switch (in.getUnsignedByte(start + 3)) {
          case IPV4 -> 4;
          case IPV6 -> 16;
          case DOMAIN -> 1 + in.getUnsignedByte(start + 4);
          default ->
              throw new ProtocolException(ADDRESS_TYPE_NOT_SUPPORTED, "unknown address type");
        };
    int length = 4 + address + 2;
    return in.readableBytes() < length ? -1 : length;
  }

  /** Reads address type, address and port of a destination. A host name stays unresolved. */
  static InetSocketAddress readAddress(ByteBuf in) throws ProtocolException {
    InetSocketAddress address = readAnyAddress(in);
    if (address.getPort() == 0) {
      throw new ProtocolException(GENERAL_FAILURE, "port 0");
    }
    return address;
  }

  /** The same where address and port may be 0, which means that they are not known yet. */
  static InetSocketAddress readAnyAddress(ByteBuf in) throws ProtocolException {
    int type = in.readByte();
    byte[] bytes = new byte[type == IPV4 ? 4 : type == IPV6 ? 16 : in.readUnsignedByte()];
    in.readBytes(bytes);
    int port = in.readUnsignedShort();
    String name = null;
    if (type == DOMAIN) {
      name = hostName(bytes);
      byte @Nullable [] literal = NetUtil.createByteArrayFromIpAddressString(name);
      if (literal == null) {
        return InetSocketAddress.createUnresolved(name, port);
      }
      bytes = literal;
    }
    try {
      return new InetSocketAddress(InetAddress.getByAddress(bytes), port);
    } catch (UnknownHostException e) {
      throw new AssertionError("4 or 16 bytes are always an address", e);
    }
  }

  private static String hostName(byte[] bytes) throws ProtocolException {
    if (bytes.length == 0) {
      throw new ProtocolException(GENERAL_FAILURE, "empty host name");
    }
    for (byte b : bytes) {
      if (b <= ' ' || b == 0x7f) {
        throw new ProtocolException(GENERAL_FAILURE, "host name is not printable ASCII");
      }
    }
    return new String(bytes, StandardCharsets.US_ASCII);
  }
}
