package io.teleproxy.plugin.iptables;

import io.teleproxy.spi.Protocol;
import java.net.InetAddress;

/** An address family: each has tools and kernel tables of its own. */
enum Family {
  IPV4("iptables", "ip", 4, "icmp-port-unreachable"),
  IPV6("ip6tables", "ip6", 16, "icmp6-port-unreachable");

  private final String command;
  private final String nft;
  private final int addressBytes;
  private final String udpReject;

  Family(String command, String nft, int addressBytes, String udpReject) {
    this.command = command;
    this.nft = nft;
    this.addressBytes = addressBytes;
    this.udpReject = udpReject;
  }

  /** {@code iptables} or {@code ip6tables}. */
  String command() {
    return command;
  }

  /** The family's name in nft. */
  String nft() {
    return nft;
  }

  /** The {@code --reject-with} for UDP. */
  String udpReject() {
    return udpReject;
  }

  /** The {@code --reject-with} of a protocol. */
  String rejectWith(Protocol protocol) {
    return protocol == Protocol.TCP ? "tcp-reset" : udpReject;
  }

  boolean has(InetAddress address) {
    return address.getAddress().length == addressBytes;
  }

  static Family of(InetAddress address) {
    return IPV4.has(address) ? IPV4 : IPV6;
  }
}
