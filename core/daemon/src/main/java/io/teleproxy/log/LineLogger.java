package io.teleproxy.log;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.TimeZone;
import org.jspecify.annotations.Nullable;
import org.slf4j.Marker;
import org.slf4j.event.Level;
import org.slf4j.helpers.LegacyAbstractLogger;
import org.slf4j.helpers.MessageFormatter;

/** Writes {@code 13:59:02.117 INFO ClassName - message}, and below it what was thrown. */
final class LineLogger extends LegacyAbstractLogger {
  private static final long serialVersionUID = 1;
  private static final long DAY_MILLIS = 24 * 60 * 60 * 1000;

  private final transient PrintStream out;
  private final String shortName;
  private final int least;

  /**
   * @param least the lowest level that is written; null for none
   */
  LineLogger(String name, @Nullable Level least, PrintStream out) {
    this.name = name;
    this.shortName = name.substring(name.lastIndexOf('.') + 1);
    this.least = least == null ? Integer.MAX_VALUE : least.toInt();
    this.out = out;
  }

  @Override
  protected void handleNormalizedLoggingCall(
      Level level,
      @Nullable Marker marker,
      String pattern,
      Object @Nullable [] arguments,
      @Nullable Throwable thrown) {
    StringBuilder line = new StringBuilder(160);
    long now = System.currentTimeMillis();
    time(line, Math.floorMod(now + TimeZone.getDefault().getOffset(now), DAY_MILLIS));
    line.append(' ').append(level).append(' ').append(shortName).append(" - ");
    line.append(
        arguments == null ? pattern : MessageFormatter.basicArrayFormat(pattern, arguments));
    line.append(System.lineSeparator());
    if (thrown != null) {
      StringWriter trace = new StringWriter();
      thrown.printStackTrace(new PrintWriter(trace, true));
      line.append(trace);
    }
    RecentLines.keep(line.toString());
    // As one piece, so that lines of several threads do not mix.
    out.print(line);
    out.flush();
  }

  /** Milliseconds since midnight as HH:MM:SS.mmm. */
  static void time(StringBuilder line, long millis) {
    digits(line, millis / 3_600_000, 2).append(':');
    digits(line, millis / 60_000 % 60, 2).append(':');
    digits(line, millis / 1000 % 60, 2).append('.');
    digits(line, millis % 1000, 3);
  }

  private static StringBuilder digits(StringBuilder line, long number, int count) {
    long limit = count == 3 ? 100 : 10;
    for (; limit > 1 && number < limit; limit /= 10) {
      line.append('0');
    }
    return line.append(number);
  }

  @Override
  protected @Nullable String getFullyQualifiedCallerName() {
    return null;
  }

  @Override
  public boolean isTraceEnabled() {
    return Level.TRACE.toInt() >= least;
  }

  @Override
  public boolean isDebugEnabled() {
    return Level.DEBUG.toInt() >= least;
  }

  @Override
  public boolean isInfoEnabled() {
    return Level.INFO.toInt() >= least;
  }

  @Override
  public boolean isWarnEnabled() {
    return Level.WARN.toInt() >= least;
  }

  @Override
  public boolean isErrorEnabled() {
    return Level.ERROR.toInt() >= least;
  }
}
