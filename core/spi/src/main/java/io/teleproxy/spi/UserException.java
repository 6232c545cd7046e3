package io.teleproxy.spi;

import java.io.Serial;

/**
 * A failure that the user can mend. It is shown as {@code message. remedy}, without a stack trace;
 * where it is fatal the exit status is 2. Everything else that is thrown is taken as our fault.
 */
public class UserException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1;

  private final String remedy;

  /**
   * @param message what failed, on what and why
   * @param remedy what to do; one or more sentences or commands
   */
  public UserException(String message, String remedy) {
    super(message);
    this.remedy = remedy;
  }

  public UserException(String message, String remedy, Throwable cause) {
    super(message, cause);
    this.remedy = remedy;
  }

  public String remedy() {
    return remedy;
  }
}
