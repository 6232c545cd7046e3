package io.teleproxy.config;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;

/**
 * The parts that one {@code sudo teleproxy run} has: root's, and the bridge beside it, which runs
 * as the user. The launcher starts both at the same moment and tells each by its environment which
 * it is; standard input holds the user's environment as proc(5) has it, which sudo keeps from us.
 */
public final class Part {
  /** {@code bridge} in the bridge's environment. */
  public static final String VARIABLE = "TELEPROXY_PART";

  /** In the bridge's environment: process id of who has started it; with it, the bridge ends. */
  public static final String PARENT = "TELEPROXY_PARENT";

  /**
   * In the environment of root's part: process id of the bridge; 0 if somebody else starts it, and
   * starts it again.
   */
  public static final String BRIDGE = "TELEPROXY_BRIDGE_PID";

  /** In both environments: process id of the launcher that starts a run again when it dies. */
  public static final String SUPERVISED = "TELEPROXY_SUPERVISED";

  /** Exit status of a bridge of which there is nothing to do: EX_UNAVAILABLE of sysexits(3). */
  public static final int UNWANTED = 69;

  /** Exit status of a bridge that wants another in its place at once: EX_TEMPFAIL. */
  public static final int NOT_FOR_THIS_ONE = 75;

  /** The user whose part the bridge is, by name or number, where it is not who called sudo. */
  public static final String USER = "TELEPROXY_USER";

  /** What the parts are called. */
  public static final Set<String> ALL = Set.of("intercept", "bridge");

  private static final String MAIN = "io.teleproxy.cli.Main";

  private Part() {}

  /** Whether this process is the bridge that a run has started beside itself. */
  public static boolean isBridge(Map<String, String> variables) {
    return variables.getOrDefault(VARIABLE, "").equals("bridge");
  }

  /** Those of {@link #ALL} that a run of this mode has in this process. */
  public static Set<String> here(Mode mode, Map<String, String> variables) {
    if (isBridge(variables) || mode == Mode.BRIDGE) {
      return Set.of("bridge");
    }
    boolean beside = mode == Mode.ALL && pid(variables, BRIDGE).isPresent();
    return mode == Mode.INTERCEPT || beside ? Set.of("intercept") : ALL;
  }

  /** The other part's process id, where there is one. */
  public static Optional<Long> pid(Map<String, String> variables, String variable) {
    String text = variables.getOrDefault(variable, "");
    return text.matches("[0-9]{1,9}") ? Optional.of(Long.valueOf(text)) : Optional.empty();
  }

  /** How a bridge says which one it is. */
  public static void identify(BiConsumer<String, Number> property) {
    property.accept("pid", ProcessHandle.current().pid());
  }

  /** The arguments with which our launcher was called. */
  public static List<String> arguments() {
    try {
      List<String> words =
          List.of(
              Files.readString(Path.of("/proc/self/cmdline"), Charset.defaultCharset())
                  .split("\0"));
      int main = words.indexOf(MAIN);
      return main < 0 ? List.of() : words.subList(main + 1, words.size());
    } catch (IOException e) {
      return List.of();
    }
  }

  /** Reads {@code /proc/PID/environ}: {@code NAME=value}, each followed by a null byte. */
  static Map<String, String> environment(byte[] environ) {
    Map<String, String> variables = new LinkedHashMap<>();
    for (String entry : new String(environ, Charset.defaultCharset()).split("\0")) {
      int equals = entry.indexOf('=');
      if (equals > 0) {
        variables.put(entry.substring(0, equals), entry.substring(equals + 1));
      }
    }
    return variables;
  }
}
