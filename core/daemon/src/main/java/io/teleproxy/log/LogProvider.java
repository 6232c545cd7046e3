package io.teleproxy.log;

import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.ILoggerFactory;
import org.slf4j.IMarkerFactory;
import org.slf4j.Logger;
import org.slf4j.event.Level;
import org.slf4j.helpers.BasicMarkerFactory;
import org.slf4j.helpers.NOPMDCAdapter;
import org.slf4j.spi.MDCAdapter;
import org.slf4j.spi.SLF4JServiceProvider;

/**
 * slf4j's way to standard error, named by the launcher ({@code -Dslf4j.provider}). slf4j-simple
 * would look for locales and calendars to tell the time of day, a twentieth of a start.
 *
 * <p>The level is the system property {@value #LEVEL}, read when the first logger is made. It is
 * that of our own loggers; libraries are silent unless something is wrong or everything is asked
 * for, and pf4j, which says what the plugin host says better, even then.
 */
public final class LogProvider implements SLF4JServiceProvider {
  /** One of {@link Level}, in any case; info unless given. */
  public static final String LEVEL = "teleproxy.log.level";

  /**
   * Set where a start is drawn on the terminal to which the log goes, too: then each line erases
   * what is below it.
   */
  public static final String PROGRESS = "teleproxy.progress";

  private static final String ERASE_BELOW = "\r\u001b[J";

  private final IMarkerFactory markers = new BasicMarkerFactory();
  private final MDCAdapter context = new NOPMDCAdapter();
  private final Map<String, Logger> loggers = new ConcurrentHashMap<>();
  private final String part = "bridge".equals(System.getenv("TELEPROXY_PART")) ? "bridge/" : "";
  private final String begin = System.getProperty(PROGRESS) == null ? "" : ERASE_BELOW;
  private Level level = Level.INFO;

  /** For slf4j. */
  public LogProvider() {}

  @Override
  public void initialize() {
    String wanted = System.getProperty(LEVEL, "info").toUpperCase(Locale.ROOT);
    for (Level one : Level.values()) {
      if (one.name().equals(wanted)) {
        level = one;
      }
    }
  }

  @Override
  public ILoggerFactory getLoggerFactory() {
    return name -> loggers.computeIfAbsent(name, this::logger);
  }

  private Logger logger(String name) {
    return new LineLogger(name, begin, part, levelOf(name), System.err);
  }

  /** Null for none at all. */
  @Nullable Level levelOf(String name) {
    if (name.startsWith("io.teleproxy.")) {
      return level;
    }
    boolean everything = level == Level.TRACE;
    // Both log as a fault of theirs what they tell us, too, and what we say with a remedy.
    if (name.startsWith("org.pf4j.") || name.startsWith("org.apache.sshd.")) {
      return everything ? Level.DEBUG : null;
    }
    return everything ? Level.DEBUG : level == Level.ERROR ? Level.ERROR : Level.WARN;
  }

  @Override
  public IMarkerFactory getMarkerFactory() {
    return markers;
  }

  @Override
  public MDCAdapter getMDCAdapter() {
    return context;
  }

  @Override
  public String getRequestedApiVersion() {
    return "2.0.99";
  }
}
