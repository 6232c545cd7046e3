package io.teleproxy.plugin.kubernetes.api;

import io.netty.channel.ConnectTimeoutException;
import java.io.IOException;
import java.io.Serial;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;

/** The API server did not do what it was asked. The message is one line. */
public final class ApiException extends IOException {
  @Serial private static final long serialVersionUID = 1;

  /** What it means for whoever asked. */
  public enum Kind {
    /** No connection, or it broke. */
    UNREACHABLE,
    /** The server is not believed, or does not speak TLS. */
    TLS,
    /** 401: the credentials are not accepted, fresh ones included. */
    UNAUTHORIZED,
    /** 403. */
    FORBIDDEN,
    /** 404: this API version is not served. */
    NOT_FOUND,
    /** 410: the resource version is too old, read everything again. */
    GONE,
    /** Anything else; passes, presumably. */
    OTHER
  }

  private final Kind kind;

  public ApiException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  public ApiException(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }

  public String text() {
    return String.valueOf(getMessage());
  }

  /** What it means that a connection could not be made, or broke. */
  static ApiException of(Throwable cause) {
    if (cause instanceof ApiException known) {
      return known;
    }
    for (Throwable next = cause; next != null; next = next.getCause()) {
      if (next instanceof UnknownHostException || next instanceof UnresolvedAddressException) {
        return new ApiException(Kind.UNREACHABLE, "its host name does not resolve", cause);
      }
      if (next instanceof ConnectTimeoutException) {
        return new ApiException(Kind.UNREACHABLE, "no answer in time", cause);
      }
    }
    return new ApiException(
        Failures.isTls(cause) ? Kind.TLS : Kind.UNREACHABLE, Failures.text(cause), cause);
  }

  public static Kind kindOf(int status) {
    return switch (status) {
      case 401 -> Kind.UNAUTHORIZED;
      case 403 -> Kind.FORBIDDEN;
      case 404 -> Kind.NOT_FOUND;
      case 410 -> Kind.GONE;
      default -> Kind.OTHER;
    };
  }
}
