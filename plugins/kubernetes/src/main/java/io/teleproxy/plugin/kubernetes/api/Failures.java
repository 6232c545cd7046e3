package io.teleproxy.plugin.kubernetes.api;

import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.SslHandshakeTimeoutException;
import java.nio.channels.ClosedChannelException;
import java.security.cert.CertificateException;
import java.util.List;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** What exceptions say, in one line for people. */
public final class Failures {
  /** netty's word for a connection that ends during the handshake. */
  private static final String CLOSED = "Connection closed while SSL/TLS handshake";

  private static final String NO_TLS = "not an SSL/TLS record";

  /** What the user can do about {@link #isImpostor}, where the right one has answered before. */
  public static final String PORTAL =
      "Log in to this network with a browser, on any http:// page, if it is one with a login page;"
          + " then it goes on by itself. Else a proxy opens TLS on the way, or the cluster was made"
          + " anew: get a fresh kubeconfig then.";

  /**
   * How the JDK and netty say that it is not who it should be, and how we say that it redirects.
   */
  private static final List<String> IMPOSTOR =
      List.of(
          "unable to find valid certification path",
          "PKIX",
          "No subject alternative",
          "No name matching",
          NO_TLS,
          "HTTP 30");

  private Failures() {}

  /**
   * Whether somebody else answers in the API server's place: his certificate is another's, he does
   * not speak TLS, or leads to a login page.
   */
  public static boolean isImpostor(String text) {
    return IMPOSTOR.stream().anyMatch(text::contains);
  }

  public static String text(Throwable cause) {
    Throwable root = cause;
    while (root.getCause() != null && root.getCause() != root) {
      root = root.getCause();
    }
    if (root instanceof ClosedChannelException) {
      return "it closed the connection";
    }
    if (root instanceof NotSslRecordException) {
      // Its message has all that came, in hexadecimal.
      return NO_TLS;
    }
    String message = root.getMessage();
    return FailureText.oneLine(
        message == null || message.isBlank() ? root.getClass().getSimpleName() : message);
  }

  /** Whether trying again cannot help, because one side does not trust the other. */
  static boolean isTrust(Throwable cause) {
    for (Throwable next = cause; next != null; next = next.getCause()) {
      if (next instanceof CertificateException
          || (next instanceof SSLException && isAlert(next.getMessage()))) {
        return true;
      }
    }
    return false;
  }

  /** Whether the server answers, but not as TLS is spoken or as one believes it. */
  static boolean isTls(Throwable cause) {
    // A connection that breaks during the handshake is an SSLException, too.
    return isTrust(cause)
        || (cause instanceof SSLException
            && !(cause instanceof SslHandshakeTimeoutException)
            && !(cause.getCause() instanceof ClosedChannelException)
            && !text(cause).contains(CLOSED));
  }

  private static boolean isAlert(@Nullable String message) {
    return message != null && (message.contains("certificate") || message.contains("unknown_ca"));
  }
}
