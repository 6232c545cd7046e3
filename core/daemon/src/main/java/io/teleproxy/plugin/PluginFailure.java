package io.teleproxy.plugin;

import io.teleproxy.spi.UserException;
import java.io.Serial;
import java.lang.reflect.InvocationTargetException;

/** Why a plugin cannot be used, and what can be done about it. */
final class PluginFailure extends Exception {
  @Serial private static final long serialVersionUID = 1;

  private final String remedy;

  PluginFailure(String reason, String remedy) {
    super(reason);
    this.remedy = remedy;
  }

  /** What a plugin's own code threw. */
  static PluginFailure of(String what, Throwable thrown) {
    Throwable e =
        thrown instanceof InvocationTargetException && thrown.getCause() != null
            ? thrown.getCause()
            : thrown;
    if (e instanceof PluginFailure failure) {
      return failure;
    }
    if (e instanceof UserException user) {
      return new PluginFailure(what + ": " + user.getMessage(), user.remedy());
    }
    String reason = what + " failed: " + oneLine(e);
    if (e instanceof UnsupportedClassVersionError) {
      return new PluginFailure(
          reason,
          "Run teleproxy with a newer Java (JAVA_HOME), or have the plugin built for Java "
              + Runtime.version().feature()
              + ".");
    }
    if (e instanceof LinkageError || e instanceof ReflectiveOperationException) {
      return new PluginFailure(
          reason,
          "Build it against teleproxy-spi "
              + SpiVersion.CURRENT
              + ", with its own libraries inside the jar.");
    }
    return new PluginFailure(
        reason, "Update it, or name it in disabled-plugins; -vv shows the stack trace.");
  }

  String reason() {
    return String.valueOf(getMessage());
  }

  String remedy() {
    return remedy;
  }

  private static String oneLine(Throwable e) {
    String text = e.toString();
    int end = text.indexOf('\n');
    return end < 0 ? text : text.substring(0, end);
  }
}
