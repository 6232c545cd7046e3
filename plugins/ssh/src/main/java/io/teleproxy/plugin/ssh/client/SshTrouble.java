package io.teleproxy.plugin.ssh.client;

import io.teleproxy.spi.Cause;
import io.teleproxy.spi.Health;

/** Why there is no connection to the server. */
public final class SshTrouble extends Exception {
  private static final long serialVersionUID = 1;

  private final Cause cause;
  private final String remedy;
  private final boolean lasting;

  private SshTrouble(Cause cause, String reason, String remedy, boolean lasting, Throwable from) {
    super(reason, from);
    this.cause = cause;
    this.remedy = remedy;
    this.lasting = lasting;
  }

  /** It may mend itself. */
  static SshTrouble passing(Cause cause, String reason, String remedy, Throwable from) {
    return new SshTrouble(cause, reason, remedy, false, from);
  }

  /** It stays until the user does something. */
  static SshTrouble lasting(Cause cause, String reason, String remedy) {
    return new SshTrouble(cause, reason, remedy, true, new Exception(reason));
  }

  /** In one line. */
  public String reason() {
    return String.valueOf(getMessage());
  }

  public String remedy() {
    return remedy;
  }

  /** Whether it stays until the user does something. */
  public boolean isLasting() {
    return lasting;
  }

  public Health health() {
    return (lasting ? Health.failed(reason(), remedy) : Health.degraded(reason(), remedy))
        .because(cause);
  }
}
