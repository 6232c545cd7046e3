package io.teleproxy.plugin.kubernetes.api;

import io.teleproxy.spi.Tunnel.DialFailure;
import io.teleproxy.spi.Tunnel.DialFailure.Kind;
import java.util.Locale;

/** Reads the error texts of kubelets and container runtimes, which are all there is to go by. */
public final class FailureText {
  private FailureText() {}

  public static Kind kindOf(String text) {
    String lower = text.toLowerCase(Locale.ROOT);
    if (lower.contains("connection refused")) {
      return Kind.REFUSED;
    }
    if (lower.contains("no route to host") || lower.contains("host is unreachable")) {
      return Kind.HOST_UNREACHABLE;
    }
    if (lower.contains("network is unreachable")) {
      return Kind.NETWORK_UNREACHABLE;
    }
    if (lower.contains("timed out") || lower.contains("timeout")) {
      return Kind.TIMED_OUT;
    }
    return Kind.GENERAL;
  }

  public static DialFailure failure(String text) {
    return new DialFailure(kindOf(text), oneLine(text));
  }

  /** One line, without the space that containerd leaves at the end. */
  public static String oneLine(String text) {
    return text.replace('\n', ' ').replace('\r', ' ').strip();
  }
}
