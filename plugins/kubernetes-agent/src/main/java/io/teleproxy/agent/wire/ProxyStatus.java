package io.teleproxy.agent.wire;

import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import org.jspecify.annotations.Nullable;

/**
 * Why the agent could not connect, as the field Proxy-Status says it (RFC 9209).
 *
 * @param detail one line
 */
public record ProxyStatus(Reason error, String detail) {
  private static final AsciiString NAME = AsciiString.cached("proxy-status");
  private static final String WHO = "teleproxy-agent";

  /** The proxy error types of RFC 9209 §2.3 that occur here, with the recommended status. */
  public enum Reason {
    CONNECTION_REFUSED(502),
    CONNECTION_TIMEOUT(504),
    /** No route to the host. */
    DESTINATION_UNAVAILABLE(503),
    /** No route to its network. */
    DESTINATION_IP_UNROUTABLE(502),
    DESTINATION_IP_PROHIBITED(502),
    DNS_ERROR(502),
    /** The request makes no sense. */
    HTTP_REQUEST_ERROR(400),
    PROXY_INTERNAL_ERROR(500);

    private final int status;

    Reason(int status) {
      this.status = status;
    }

    private String token() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  /** The answer that says so. */
  public Http2Headers headers() {
    return new DefaultHttp2Headers(false)
        .status(Integer.toString(error.status))
        .set(NAME, WHO + "; error=" + error.token() + "; details=\"" + quotable(detail) + '"');
  }

  /** What an answer other than 2xx says. */
  public static ProxyStatus of(Http2Headers answer) {
    @Nullable CharSequence field = answer.get(NAME);
    String text = field == null ? "" : field.toString();
    Reason error = Reason.PROXY_INTERNAL_ERROR;
    for (Reason each : Reason.values()) {
      if (text.contains("error=" + each.token() + ";") || text.endsWith("error=" + each.token())) {
        error = each;
      }
    }
    int start = text.indexOf("details=\"");
    int end = text.lastIndexOf('"');
    String detail =
        start >= 0 && end > start + 8
            ? text.substring(start + 9, end)
            : "the agent answered " + answer.status();
    return new ProxyStatus(error, detail);
  }

  /** A string of RFC 8941 §3.3.3 holds printable ASCII; quotes and backslashes are not worth it. */
  private static String quotable(String text) {
    return text.replaceAll("[^\\x20-\\x7e]", " ").replace('"', '\'').replace('\\', '/');
  }
}
