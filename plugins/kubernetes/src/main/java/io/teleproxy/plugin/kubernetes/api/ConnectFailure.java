package io.teleproxy.plugin.kubernetes.api;

import io.teleproxy.spi.Cause;
import io.teleproxy.spi.Tunnel.DialFailure;
import io.teleproxy.spi.UserException;

/**
 * Why there is no upgraded connection to a pod.
 *
 * @param remedy what the user can do; may be empty
 */
public record ConnectFailure(DialFailure.Kind kind, String detail, String remedy, Retry retry) {
  private static final String LOG_IN =
      "The API server refuses the credentials of the kubeconfig: log in again, as for kubectl";

  static final String NO_ANSWER = "connected, but not answered in time";

  /** What the API server says when it does not get through to a node. */
  private static final String NO_BACKEND = "error dialing backend";

  private static final String UNTRUSTED =
      "The certificate authority or the client certificate in the kubeconfig does not fit this"
          + " server; get a fresh kubeconfig";

  /** Whether it may be different next time. */
  public enum Retry {
    NEVER,
    /** After a while: the API server or the node is out of reach. */
    LATER,
    /** With another pod: this one is gone. */
    ELSEWHERE,
    /** With fresh credentials. */
    CREDENTIALS
  }

  public DialFailure dialFailure() {
    return new DialFailure(kind, remedy.isEmpty() ? detail : detail + ". " + remedy);
  }

  public boolean forbidden() {
    return kind == DialFailure.Kind.NOT_ALLOWED && retry == Retry.NEVER;
  }

  /** Which of the known things it is. */
  public Cause cause() {
    if (remedy.equals(LOG_IN) || retry == Retry.CREDENTIALS) {
      return Cause.CREDENTIALS_REFUSED;
    }
    if (remedy.equals(Failures.PORTAL)) {
      return Cause.CAPTIVE_PORTAL;
    }
    if (remedy.equals(UNTRUSTED)) {
      return Cause.API_SERVER_UNTRUSTED;
    }
    return kind == DialFailure.Kind.NOT_ALLOWED
        ? Cause.PERMISSION_MISSING
        : Cause.API_SERVER_UNREACHABLE;
  }

  /**
   * The same, if somebody else answers in the place of an API server that was reached before.
   * Nothing is wrong with the kubeconfig then.
   */
  public ConnectFailure meanwhile() {
    return Failures.isImpostor(detail)
        ? new ConnectFailure(kind, detail, Failures.PORTAL, Retry.LATER)
        : this;
  }

  /** An answer to the question for the version that shows that something is wrong. */
  public static ConnectFailure version(int status, String message) {
    return new ConnectFailure(
        DialFailure.Kind.GENERAL,
        "API server: HTTP " + status + " " + message,
        status == 401 ? LOG_IN : "",
        Retry.LATER);
  }

  /** Whether the API server was reached, and then did not answer in time. */
  public boolean unanswered() {
    return detail.endsWith(NO_ANSWER);
  }

  /**
   * @param place whom it was tried to reach, and by which way
   */
  static ConnectFailure unreachable(String place, Throwable cause) {
    String detail = place + ": " + Failures.text(cause);
    if (Failures.isTrust(cause)) {
      return new ConnectFailure(DialFailure.Kind.GENERAL, detail, UNTRUSTED, Retry.NEVER);
    }
    return new ConnectFailure(
        FailureText.kindOf(detail) == DialFailure.Kind.TIMED_OUT
            ? DialFailure.Kind.TIMED_OUT
            : DialFailure.Kind.NETWORK_UNREACHABLE,
        detail,
        "Check that this machine reaches the API server (VPN, proxy, sleep)",
        Retry.LATER);
  }

  static ConnectFailure credentials(Throwable cause) {
    for (Throwable next = cause; next != null; next = next.getCause()) {
      if (next instanceof UserException user) {
        return new ConnectFailure(
            DialFailure.Kind.NOT_ALLOWED, Failures.text(user), user.remedy(), Retry.CREDENTIALS);
      }
    }
    return new ConnectFailure(
        DialFailure.Kind.NOT_ALLOWED,
        "credentials: " + Failures.text(cause),
        "",
        Retry.CREDENTIALS);
  }

  /**
   * What an HTTP answer other than 101 means.
   *
   * @param message of the Status object in the body, or the reason phrase
   */
  public static ConnectFailure answered(int status, String message, String namespace, String pod) {
    String detail = "port-forward to " + namespace + "/" + pod + ": " + status + " " + message;
    return switch (status) {
      case 401 ->
          new ConnectFailure(DialFailure.Kind.NOT_ALLOWED, detail, LOG_IN, Retry.CREDENTIALS);
      case 403 ->
          new ConnectFailure(
              DialFailure.Kind.NOT_ALLOWED,
              detail,
              "Needed is the verb create on pods/portforward, as in: kubectl create role"
                  + " port-forward --verb=create --resource=pods/portforward -n "
                  + namespace
                  + "; kubectl create rolebinding port-forward --role=port-forward --user=NAME -n "
                  + namespace,
              Retry.NEVER);
      case 404 ->
          new ConnectFailure(DialFailure.Kind.HOST_UNREACHABLE, detail, "", Retry.ELSEWHERE);
      case 429, 502, 503, 504 ->
          new ConnectFailure(DialFailure.Kind.NETWORK_UNREACHABLE, detail, "", Retry.LATER);
      default -> {
        DialFailure.Kind kind = FailureText.kindOf(message);
        // The kubelet of the node, which may be starting anew.
        yield new ConnectFailure(
            kind, detail, "", message.contains(NO_BACKEND) ? Retry.LATER : Retry.NEVER);
      }
    };
  }
}
