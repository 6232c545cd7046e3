package io.teleproxy.cli;

/** What the exit status of commands means, in the form of picocli's lists. */
final class ExitStatus {
  static final String STOPPED = "0:stopped on request";
  static final String MENDABLE = "2:something that you can mend; the message says what and how";
  static final String OURS = "70:a fault of teleproxy itself; the message is a stack trace";

  private ExitStatus() {}
}
