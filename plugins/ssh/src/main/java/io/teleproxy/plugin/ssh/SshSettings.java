package io.teleproxy.plugin.ssh;

import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Settings;
import io.teleproxy.spi.UserException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The section {@code plugins.ssh} of the configuration.
 *
 * @param destination {@code [user@]host[:port]}, or a {@code Host} of ssh_config(5)
 * @param cidrs what is sent there
 * @param excluded what is not, though it lies in one of them
 * @param configFile instead of {@code ~/.ssh/config} and {@code /etc/ssh/ssh_config}
 * @param identities private keys that are tried first
 * @param dialTimeout for how long a new connection waits while there is none to the server
 */
record SshSettings(
    String destination,
    List<Prefix> cidrs,
    List<Prefix> excluded,
    Optional<Path> configFile,
    List<Path> identities,
    Duration dialTimeout) {
  SshSettings {
    cidrs = List.copyOf(cidrs);
    excluded = List.copyOf(excluded);
    identities = List.copyOf(identities);
  }

  /**
   * @throws UserException naming what is wrong
   */
  static SshSettings of(Environment environment) {
    Settings settings = environment.settings();
    String destination = settings.string("destination", "");
    if (destination.isEmpty()) {
      throw new UserException(
          "ssh: there is no destination",
          "Name the server with --ssh USER@HOST, or as plugins.ssh.destination.");
    }
    List<Prefix> cidrs = prefixes(settings, "cidrs", "--cidr");
    if (cidrs.isEmpty()) {
      throw new UserException(
          "ssh: nothing is to be sent to " + destination,
          "Say what, as in --cidr 10.0.0.0/8, or as plugins.ssh.cidrs.");
    }
    String home = environment.variables().getOrDefault("HOME", "/");
    return new SshSettings(
        destination,
        cidrs,
        prefixes(settings, "excluded", "plugins.ssh.excluded"),
        settings.string("config-file").map(name -> path(name, home)),
        settings.strings("identities").stream().map(name -> path(name, home)).toList(),
        settings.duration("dial-timeout", Duration.ofSeconds(20)));
  }

  private static List<Prefix> prefixes(Settings settings, String path, String flag) {
    List<Prefix> prefixes = new ArrayList<>();
    for (String text : settings.strings(path)) {
      try {
        prefixes.add(Prefix.parse(text.strip()));
      } catch (IllegalArgumentException e) {
        throw new UserException(
            "ssh: '" + text + "' is no address range (expected: one as in 10.0.0.0/8 or 10.1.2.3)",
            "Correct " + flag + " or plugins.ssh." + path + ".",
            e);
      }
    }
    return prefixes;
  }

  private static Path path(String name, String home) {
    Path path = Path.of(name.startsWith("~/") ? home + name.substring(1) : name);
    return path.isAbsolute() ? path : Path.of(home).resolve(path);
  }
}
