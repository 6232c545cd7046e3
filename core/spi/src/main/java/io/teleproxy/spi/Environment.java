package io.teleproxy.spi;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** The machine as a probe may look at it. Thread-safe; nothing here changes the machine. */
public interface Environment {
  /** {@code linux}, {@code macos}, {@code windows}, or what the JVM calls it, in lower case. */
  String os();

  /** Whether the process may change the firewall: effective uid 0, or administrator. */
  boolean privileged();

  /** The first executable of that name in PATH and the system's sbin folders. */
  Optional<Path> executable(String name);

  /**
   * A program of that name that is there and may not be executed, where none may: its file system
   * is mounted with noexec, or a security module forbids it.
   */
  default Optional<Path> forbidden(String name) {
    return Optional.empty();
  }

  /**
   * Environment variables of the user on whose behalf we run; for a process started with sudo, HOME
   * and USER are those of the invoking user.
   */
  Map<String, String> variables();

  Settings settings();
}
