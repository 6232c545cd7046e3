package io.teleproxy.net;

import com.sun.jna.LastErrorException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What the kernel sends to groups of netlink(7). What overflows the socket's buffer (ENOBUFS) is
 * lost, which does not matter to who looks at everything after each announcement.
 */
final class Netlink implements Announcements {
  private static final int NETLINK_ROUTE = 0;
  private static final int NETLINK_NETFILTER = 12;

  /** rtnetlink(7), linux/rtnetlink.h: links, and addresses and routes of both families. */
  private static final int ROUTE_GROUPS = 0x1 | 0x10 | 0x40 | 0x100 | 0x400;

  /** linux/netfilter/nfnetlink.h: NFNLGRP_NFTABLES is 7, and groups count from 1. */
  private static final int NFTABLES_GROUP = 1 << (7 - 1);

  /** linux/netlink.h. */
  private static final int SOCKADDR_NL = 12;

  private final int socket;
  private final byte[] ignored = new byte[32 * 1024];

  private Netlink(int protocol, int groups) {
    socket = LinuxC.socket(LinuxC.AF_NETLINK, LinuxC.SOCK_RAW | LinuxC.SOCK_CLOEXEC, protocol);
    try {
      ByteBuffer address = ByteBuffer.allocate(SOCKADDR_NL).order(ByteOrder.nativeOrder());
      address.putShort((short) LinuxC.AF_NETLINK).putShort((short) 0).putInt(0).putInt(groups);
      LinuxC.bind(socket, address.array(), SOCKADDR_NL);
    } catch (LastErrorException e) {
      LinuxC.close(socket);
      throw e;
    }
  }

  /** Interfaces, addresses and routes; for every user. */
  static Netlink network() {
    return new Netlink(NETLINK_ROUTE, ROUTE_GROUPS);
  }

  /** Tables, chains, rules and sets of nf_tables; needs CAP_NET_ADMIN. */
  static Netlink packetFilter() {
    return new Netlink(NETLINK_NETFILTER, NFTABLES_GROUP);
  }

  @Override
  public int descriptor() {
    return socket;
  }

  @Override
  public void take() {
    try {
      while (LinuxC.recv(socket, ignored, ignored.length, LinuxC.MSG_DONTWAIT) > 0) {
        // More may wait.
      }
    } catch (LastErrorException e) {
      // Nothing more, or something was lost.
    }
  }
}
