package io.teleproxy.cli;

import io.teleproxy.config.Flags;
import java.util.Optional;

/**
 * Reads the usual command lines of a run, {@code [run] FLAGS}, without picocli: looking at the
 * annotations of all commands takes it longer than the configuration, the plugins and the API take
 * together. Whatever looks unusual, help and mistakes included, is left to picocli.
 */
final class PlainRun {
  private PlainRun() {}

  /**
   * The flags of a run.
   *
   * @param arguments with two dashes
   * @return empty if it is something else, or may be
   */
  static Optional<Flags> flags(String... arguments) {
    RunFlags flags = new RunFlags();
    for (int i = arguments.length > 0 && arguments[0].equals("run") ? 1 : 0;
        i < arguments.length;
        i++) {
      String argument = arguments[i];
      if (argument.equals("-v") || argument.equals("-vv")) {
        flags.addVerbose(argument.length() - 1);
        continue;
      }
      if (argument.equals("--restart")) {
        flags.setRestart();
        continue;
      }
      int equals = argument.indexOf('=');
      String name = equals < 0 ? argument : argument.substring(0, equals);
      String value =
          equals >= 0
              ? argument.substring(equals + 1)
              : i + 1 < arguments.length ? arguments[++i] : "";
      if (value.isEmpty() || value.startsWith("-") || !flags.set(name, value)) {
        return Optional.empty();
      }
    }
    Flags given = new Flags();
    flags.addTo(given);
    return Optional.of(given);
  }
}
