package io.teleproxy.agent;

import io.netty.channel.ConnectTimeoutException;
import io.teleproxy.agent.wire.ProxyStatus;
import io.teleproxy.agent.wire.ProxyStatus.Reason;
import java.net.InetSocketAddress;
import java.util.Locale;

/** What the errors of connect(2) mean; Java tells most of them by their texts only. */
final class DialErrors {
  private DialErrors() {}

  static ProxyStatus unknownName(String host) {
    return new ProxyStatus(Reason.DNS_ERROR, "no such name in the cluster: " + host);
  }

  static ProxyStatus of(InetSocketAddress to, Throwable cause) {
    String text = String.valueOf(cause.getMessage());
    String where = to.getAddress().getHostAddress() + ":" + to.getPort();
    if (cause instanceof ConnectTimeoutException) {
      return new ProxyStatus(Reason.CONNECTION_TIMEOUT, where + ": no answer");
    }
    return new ProxyStatus(kind(text.toLowerCase(Locale.ROOT)), where + ": " + reason(text));
  }

  private static Reason kind(String text) {
    if (text.contains("refused")) {
      return Reason.CONNECTION_REFUSED;
    }
    if (text.contains("no route to host") || text.contains("host is unreachable")) {
      return Reason.DESTINATION_UNAVAILABLE;
    }
    if (text.contains("unreachable")) {
      return Reason.DESTINATION_IP_UNROUTABLE;
    }
    if (text.contains("timed out")) {
      return Reason.CONNECTION_TIMEOUT;
    }
    if (text.contains("not permitted") || text.contains("permission denied")) {
      return Reason.DESTINATION_IP_PROHIBITED;
    }
    return Reason.PROXY_INTERNAL_ERROR;
  }

  /** Without the address that netty appends. */
  private static String reason(String text) {
    int at = text.indexOf(": /");
    return at < 0 ? text : text.substring(0, at);
  }
}
