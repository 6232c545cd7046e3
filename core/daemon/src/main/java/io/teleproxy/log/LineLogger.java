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

/**
 * Writes {@code 13:59:02.117 INFO component - message}, and below it what was thrown. The component
 * is the package that speaks, {@code dns} or {@code kubernetes}, with {@code bridge/} before it in
 * the bridge's process, whose lines stand among those of root's part.
 */
final class LineLogger extends LegacyAbstractLogger {
  private static final long serialVersionUID = 1;
  private static final long DAY_MILLIS = 24 * 60 * 60 * 1000;

  private final transient PrintStream out;
  private final String begin;
  private final String component;
  private final int least;

  /**
   * @param begin before each line
   * @param part before the component
   * @param least the lowest level that is written; null for none
   */
  LineLogger(String name, String begin, String part, @Nullable Level least, PrintStream out) {
    this.name = name;
    this.begin = begin;
    this.component = part + component(name);
    this.least = least == null ? Integer.MAX_VALUE : least.toInt();
    this.out = out;
  }

  /** Of ours the package below the plugins' or our own; of others the class. */
  private static String component(String logger) {
    for (String ours : new String[] {"io.teleproxy.plugin.", "io.teleproxy."}) {
      int end = logger.indexOf('.', ours.length());
      if (logger.startsWith(ours) && end > 0) {
        return logger.substring(ours.length(), end);
      }
    }
    return logger.substring(logger.lastIndexOf('.') + 1);
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
    line.append(' ').append(level).append(' ').append(component).append(" - ");
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
    out.print(begin + line);
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
