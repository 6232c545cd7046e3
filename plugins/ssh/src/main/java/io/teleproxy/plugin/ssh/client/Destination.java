package io.teleproxy.plugin.ssh.client;

import io.teleproxy.spi.Environment;
import io.teleproxy.spi.UserException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Finds the way to a server as ssh(1) would: {@code [user@]host[:port]} or {@code
 * ssh://[user@]host[:port]}, with what ssh_config(5) says about it.
 */
public final class Destination {
  private static final int MOST_JUMPS = 8;
  private static final List<String> IDENTITIES =
      List.of("id_ed25519", "id_ecdsa", "id_rsa", "id_ed25519_sk", "id_ecdsa_sk");

  private final Map<String, String> variables;
  private final Path home;
  private final List<Path> configFiles;
  private final List<Path> identities;

  /**
   * @param configFile instead of the user's own and the system's
   * @param identities files that are tried before those of the configuration
   */
  public Destination(Environment environment, Optional<Path> configFile, List<Path> identities) {
    this.variables = environment.variables();
    this.home = Path.of(variables.getOrDefault("HOME", System.getProperty("user.home", "/")));
    this.configFiles =
        configFile
            .map(List::of)
            .orElse(List.of(home.resolve(".ssh/config"), Path.of("/etc/ssh/ssh_config")));
    this.identities = List.copyOf(identities);
  }

  /**
   * All servers on the way, the last is the one that was named.
   *
   * @throws UserException if the text or a configuration file makes no sense
   */
  public List<Hop> hops(String text) {
    List<Hop> hops = new ArrayList<>();
    hops(text, hops, 0);
    return List.copyOf(hops);
  }

  private void hops(String text, List<Hop> hops, int depth) {
    if (depth > MOST_JUMPS) {
      throw new UserException(
          "ssh: more than " + MOST_JUMPS + " jump hosts on the way to '" + text + "'",
          "Look whether ProxyJump in " + configFiles.get(0) + " leads in a circle.");
    }
    Place place = Place.parse(text);
    SshConfig config = config(place);
    if (config.first("ProxyCommand").filter(value -> !value.equals("none")).isPresent()
        && config.first("ProxyJump").isEmpty()) {
      throw new UserException(
          "ssh: the configuration of ssh has a ProxyCommand for '" + place.host() + "'",
          "ProxyCommand is not supported: use ProxyJump.");
    }
    String jump = config.first("ProxyJump").orElse("none");
    if (!jump.equals("none")) {
      String[] jumps = jump.split(",");
      // Only the first is reached by what the configuration says of it, as with ssh(1).
      for (int i = 0; i < jumps.length; i++) {
        if (i == 0) {
          hops(jumps[i].strip(), hops, depth + 1);
        } else {
          Place next = Place.parse(jumps[i].strip());
          hops.add(hop(next, config(next)));
        }
      }
    }
    hops.add(hop(place, config));
  }

  private SshConfig config(Place place) {
    try {
      return SshConfig.of(place.host(), place.user(), configFiles, home);
    } catch (IOException | RuntimeException e) {
      throw new UserException(
          "ssh: the configuration of ssh cannot be read: " + e, "Correct " + configFiles + ".", e);
    }
  }

  private Hop hop(Place place, SshConfig config) {
    String host = config.first("HostName").orElse(place.host()).replace("%h", place.host());
    int port = place.port() > 0 ? place.port() : number(config.first("Port").orElse("22"), place);
    String user =
        place.user().isEmpty()
            ? config
                .first("User")
                .orElse(variables.getOrDefault("USER", System.getProperty("user.name", "")))
            : place.user();
    Tokens tokens = new Tokens(place.host(), host, port, user);
    List<Path> files = new ArrayList<>(identities);
    List<String> named = config.all("IdentityFile");
    for (String name : named) {
      if (!name.equals("none")) {
        files.add(tokens.path(name));
      }
    }
    if (named.isEmpty() && identities.isEmpty()) {
      IDENTITIES.forEach(name -> files.add(home.resolve(".ssh").resolve(name)));
    }
    return new Hop(
        place.host(),
        host,
        port,
        config.first("HostKeyAlias").orElse(host),
        user,
        files,
        config.first("IdentitiesOnly").orElse("no").equals("yes"),
        agent(config.first("IdentityAgent").orElse("SSH_AUTH_SOCK"), tokens),
        knownHosts(config, tokens));
  }

  private Optional<Path> agent(String setting, Tokens tokens) {
    String socket =
        switch (setting) {
          case "none" -> "";
          case "SSH_AUTH_SOCK" -> variables.getOrDefault("SSH_AUTH_SOCK", "");
          default ->
              setting.startsWith("$") ? variables.getOrDefault(variable(setting), "") : setting;
        };
    return socket.isEmpty() ? Optional.empty() : Optional.of(tokens.path(socket));
  }

  private static String variable(String text) {
    return text.substring(1).replaceAll("[{}]", "");
  }

  private List<Path> knownHosts(SshConfig config, Tokens tokens) {
    List<Path> files = new ArrayList<>();
    List<String> own = config.all("UserKnownHostsFile");
    for (String name : own.isEmpty() ? List.of("~/.ssh/known_hosts", "~/.ssh/known_hosts2") : own) {
      if (!name.equals("none")) {
        files.add(tokens.path(name));
      }
    }
    List<String> global = config.all("GlobalKnownHostsFile");
    for (String name :
        global.isEmpty()
            ? List.of("/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")
            : global) {
      if (!name.equals("none")) {
        files.add(tokens.path(name));
      }
    }
    return files;
  }

  private static int number(String text, Place place) {
    try {
      int port = Integer.parseInt(text);
      if (port > 0 && port < 65536) {
        return port;
      }
    } catch (NumberFormatException e) {
      // told below
    }
    throw new UserException(
        "ssh: Port of '" + place.host() + "' is '" + text + "' (expected: 1-65535)",
        "Correct the configuration of ssh.");
  }

  /** What stands for something else in file names (ssh_config(5), TOKENS). */
  private final class Tokens {
    private final Map<String, String> tokens;

    Tokens(String alias, String host, int port, String user) {
      tokens =
          Map.of(
              "%%",
              "%",
              "%h",
              host,
              "%n",
              alias,
              "%p",
              Integer.toString(port),
              "%r",
              user,
              "%u",
              variables.getOrDefault("USER", ""),
              "%d",
              home.toString());
    }

    Path path(String name) {
      String text = name.startsWith("~/") ? home + name.substring(1) : name;
      StringBuilder expanded = new StringBuilder();
      for (int i = 0; i < text.length(); i++) {
        String token = text.substring(i, Math.min(text.length(), i + 2));
        if (tokens.containsKey(token)) {
          expanded.append(tokens.get(token));
          i++;
        } else {
          expanded.append(text.charAt(i));
        }
      }
      Path path = Path.of(expanded.toString());
      return path.isAbsolute() ? path : home.resolve(path);
    }
  }

  /**
   * {@code [user@]host[:port]}.
   *
   * @param user empty if not named
   * @param port 0 if not named
   */
  record Place(String user, String host, int port) {
    static Place parse(String text) {
      String rest = text.startsWith("ssh://") ? text.substring(6) : text;
      int at = rest.lastIndexOf('@');
      String user = at < 0 ? "" : rest.substring(0, at);
      String host = rest.substring(at + 1);
      String port = "";
      if (host.startsWith("[") && host.indexOf(']') > 0) {
        int end = host.indexOf(']');
        port = host.substring(end + 1);
        host = host.substring(1, end);
        port = port.startsWith(":") ? port.substring(1) : port;
      } else if (host.indexOf(':') == host.lastIndexOf(':') && host.indexOf(':') > 0) {
        port = host.substring(host.indexOf(':') + 1);
        host = host.substring(0, host.indexOf(':'));
      }
      boolean sane = !host.isEmpty() && !host.startsWith("-") && host.indexOf(' ') < 0;
      if (sane && port.matches("\\d{0,5}")) {
        int number = port.isEmpty() ? 0 : Integer.parseInt(port);
        if (number < 65536) {
          return new Place(user, host, number);
        }
      }
      throw new UserException(
          "ssh: '" + text + "' is no destination (expected: [USER@]HOST[:PORT])",
          "Correct --ssh or plugins.ssh.destination.");
    }
  }
}
