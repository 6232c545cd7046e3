package io.teleproxy.config;

import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Settings;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** The machine and the user as they are. Immutable. */
public final class HostEnvironment implements Environment {
  /** Where administrative programs lie; often missing in the PATH of users. */
  private static final List<String> SBIN =
      List.of("/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/bin", "/bin");

  private final String os;
  private final long uid;
  private final Map<String, String> variables;
  private final Optional<InvokingUser> invoker;
  private final Settings settings;

  private HostEnvironment(
      String os,
      long uid,
      Map<String, String> variables,
      Optional<InvokingUser> invoker,
      Settings settings) {
    this.os = os;
    this.uid = uid;
    this.variables = variables;
    this.invoker = invoker;
    this.settings = settings;
  }

  /** This machine and this process, without settings. */
  public static HostEnvironment current() {
    String os = os(System.getProperty("os.name", ""));
    Accounts accounts = new Accounts(Path.of("/etc/passwd"));
    Map<String, String> own = System.getenv();
    if (!Part.isBridge(own)) {
      return of(os, effectiveUid(os), own, accounts);
    }
    byte[] environ;
    try {
      environ = System.in.readAllBytes();
    } catch (IOException e) {
      environ = new byte[0];
    }
    return ofBridge(os, effectiveUid(os), own, Part.environment(environ), accounts);
  }

  /**
   * The bridge of a run: the environment is the user's, as it was before sudo; what only the
   * launcher knows is added.
   *
   * @param users empty if it is not known
   */
  static HostEnvironment ofBridge(
      String os, long uid, Map<String, String> own, Map<String, String> users, Accounts accounts) {
    Map<String, String> variables = new HashMap<>(users);
    if (users.isEmpty()) {
      variables.putAll(own);
      variables.keySet().removeIf(name -> name.matches("SUDO_.*|DOAS_USER|PKEXEC_UID"));
    }
    if (!users.containsKey("HOME")) {
      accounts
          .find(Long.toString(uid))
          .ifPresent(
              user -> {
                variables.put("HOME", user.home().toString());
                variables.put("USER", user.name());
                variables.put("LOGNAME", user.name());
              });
    }
    own.forEach(
        (name, value) -> {
          if (name.startsWith("TELEPROXY_")) {
            variables.put(name, value);
          }
        });
    return new HostEnvironment(
        os, uid, Map.copyOf(variables), Optional.empty(), SectionSettings.EMPTY);
  }

  static HostEnvironment of(String os, long uid, Map<String, String> own, Accounts accounts) {
    Optional<InvokingUser> invoker = uid == 0 ? accounts.invoker(own) : Optional.empty();
    Map<String, String> variables = new HashMap<>(own);
    invoker.ifPresent(
        user -> {
          variables.put("HOME", user.home().toString());
          variables.put("USER", user.name());
          variables.put("LOGNAME", user.name());
        });
    return new HostEnvironment(os, uid, Map.copyOf(variables), invoker, SectionSettings.EMPTY);
  }

  /** The same as a plugin sees it. */
  public HostEnvironment with(Settings settings) {
    return new HostEnvironment(os, uid, variables, invoker, settings);
  }

  /** The same with other variables. */
  public HostEnvironment with(Map<String, String> more) {
    Map<String, String> changed = new HashMap<>(variables);
    changed.putAll(more);
    return new HostEnvironment(os, uid, Map.copyOf(changed), invoker, settings);
  }

  @Override
  public String os() {
    return os;
  }

  @Override
  public boolean privileged() {
    return uid == 0;
  }

  /** Effective user id; 0 for an administrator where there are no user ids, and -1 for others. */
  public long uid() {
    return uid;
  }

  /** The user behind sudo, pkexec or doas; empty if root was not reached that way. */
  public Optional<InvokingUser> invoker() {
    return invoker;
  }

  /** Home folder of the user on whose behalf we run. */
  public Path home() {
    String home = variables.getOrDefault("HOME", "");
    return Path.of(home.isEmpty() ? System.getProperty("user.home", "/") : home);
  }

  /** Our folder in the user's configuration, after the XDG Base Directory Specification 0.8. */
  public Path configFolder() {
    String xdg = variables.getOrDefault("XDG_CONFIG_HOME", "");
    Path base = xdg.startsWith("/") ? Path.of(xdg) : home().resolve(".config");
    return base.resolve("teleproxy");
  }

  @Override
  public Optional<Path> executable(String name) {
    return program(name, Files::isExecutable);
  }

  @Override
  public Optional<Path> forbidden(String name) {
    return executable(name).isPresent() ? Optional.empty() : program(name, file -> true);
  }

  private Optional<Path> program(String name, Predicate<Path> wanted) {
    List<String> folders = new ArrayList<>();
    for (String folder : variables.getOrDefault("PATH", "").split(File.pathSeparator)) {
      // An empty or relative entry means the working folder, where anybody may have put anything.
      if (!folder.isEmpty() && Path.of(folder).isAbsolute()) {
        folders.add(folder);
      }
    }
    if (!os.equals("windows")) {
      folders.addAll(SBIN);
    }
    for (String folder : folders) {
      for (String suffix : os.equals("windows") ? List.of(".exe", "") : List.of("")) {
        Path file = Path.of(folder, name + suffix);
        if (Files.isRegularFile(file) && wanted.test(file)) {
          return Optional.of(file);
        }
      }
    }
    return Optional.empty();
  }

  @Override
  public Map<String, String> variables() {
    return variables;
  }

  @Override
  public Settings settings() {
    return settings;
  }

  private static String os(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    if (lower.startsWith("mac")) {
      return "macos";
    }
    return lower.startsWith("windows") ? "windows" : lower;
  }

  private static long effectiveUid(String os) {
    if (os.equals("linux")) {
      try {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
          if (line.startsWith("Uid:")) {
            // proc(5): real, effective, saved set and file system uid
            return Long.parseLong(line.substring(4).trim().split("\\s+")[1]);
          }
        }
      } catch (IOException | RuntimeException e) {
        // no /proc: the name must do
      }
    }
    if (os.equals("windows")) {
      // Only an elevated administrator may write there.
      String root = System.getenv().getOrDefault("SystemRoot", "C:\\Windows");
      return Files.isWritable(Path.of(root, "System32", "drivers", "etc", "hosts")) ? 0 : -1;
    }
    try {
      return System.getProperty("user.name", "").equals("root")
          ? 0
          : ((Number) Files.getAttribute(Path.of(System.getProperty("user.home")), "unix:uid"))
              .longValue();
    } catch (IOException | RuntimeException e) {
      return -1;
    }
  }
}
