package io.teleproxy.plugin.nftables;

import java.net.InetAddress;

/** An address family; our table holds both, with sets of their own. */
enum Family {
  IPV4('4', "ip daddr", "ipv4_addr"),
  IPV6('6', "ip6 daddr", "ipv6_addr");

  private final char digit;
  private final String destination;
  private final String type;

  Family(char digit, String destination, String type) {
    this.digit = digit;
    this.destination = destination;
    this.type = type;
  }

  static Family of(InetAddress address) {
    return address.getAddress().length == 4 ? IPV4 : IPV6;
  }

  /** The last character of the family's sets. */
  char digit() {
    return digit;
  }

  /** The match on a packet's destination. */
  String destination() {
    return destination;
  }

  /** The data type of addresses in sets. */
  String type() {
    return type;
  }

  /** The address without its scope, which nft does not know. */
  String text(InetAddress address) {
    String text = address.getHostAddress();
    int scope = text.indexOf('%');
    return scope < 0 ? text : text.substring(0, scope);
  }
}
