package io.teleproxy.plugin.pf;

import io.teleproxy.spi.Environment;
import io.teleproxy.spi.process.CommandRunner;
import io.teleproxy.spi.process.CommandRunner.Outcome;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The system's programs that we use, where this machine has them.
 *
 * @param bin the folder of those that are never elsewhere
 */
record Tools(CommandRunner runner, String pfctl, String scutil, String sysctl, Path bin) {
  private static final Logger log = LoggerFactory.getLogger(Tools.class);

  /**
   * All that is needed, or the name of the first program that is missing.
   *
   * @param missing told that name
   */
  static Optional<Tools> find(
      Environment environment, CommandRunner runner, Consumer<String> missing) {
    for (String needed : List.of("pfctl", "scutil", "sysctl")) {
      if (environment.executable(needed).isEmpty()) {
        missing.accept(needed);
        return Optional.empty();
      }
    }
    return Optional.of(
        new Tools(
            runner,
            environment.executable("pfctl").orElseThrow().toString(),
            environment.executable("scutil").orElseThrow().toString(),
            environment.executable("sysctl").orElseThrow().toString(),
            Path.of("/usr/bin")));
  }

  Pfctl pf() {
    return new Pfctl(runner, pfctl);
  }

  DynamicStore store() {
    return new DynamicStore(runner, scutil);
  }

  /** Which start of the machine this is: another text after each, and the same until the next. */
  String bootSession() {
    try {
      Outcome told = runner.run(List.of(sysctl, "-n", "kern.bootsessionuuid"));
      if (told.ok()) {
        return told.output().strip();
      }
    } catch (IOException e) {
      log.debug("macos-pf: {}", e.getMessage());
    }
    return "";
  }

  String dscacheutil() {
    return bin.resolve("dscacheutil").toString();
  }

  String killall() {
    return bin.resolve("killall").toString();
  }

  /** Lets the system forget the names that it has resolved (macOS 10.10.4 and newer). */
  void forgetNames() {
    for (List<String> command :
        List.of(
            List.of(dscacheutil(), "-flushcache"), List.of(killall(), "-HUP", "mDNSResponder"))) {
      try {
        Outcome outcome = runner.run(command);
        if (!outcome.ok()) {
          log.debug("macos-pf: {}: {}", command, outcome.complaint());
        }
      } catch (IOException e) {
        log.debug("macos-pf: names stay known for their time: {}", e.getMessage());
      }
    }
  }
}
