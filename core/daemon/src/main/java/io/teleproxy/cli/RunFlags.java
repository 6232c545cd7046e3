package io.teleproxy.cli;

import io.teleproxy.config.Flags;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The flags that win over the configuration files. */
final class RunFlags {
  @Option(
      names = "--kubeconfig",
      paramLabel = "F",
      description = "The kubeconfig file; default: KUBECONFIG, or ~/.kube/config.")
  private @Nullable Path kubeconfig;

  @Option(
      names = "--context",
      paramLabel = "C",
      description = "The context in the kubeconfig; default: its current context.")
  private @Nullable String context;

  @Option(
      names = "--namespace",
      paramLabel = "N",
      description = "Where short names are looked up first; default: the context's namespace.")
  private @Nullable String namespace;

  @Option(
      names = "--ssh",
      paramLabel = "DEST",
      description =
          "An SSH server, [USER@]HOST[:PORT] or as in ~/.ssh/config, behind which lies what --cidr"
              + " names. The kubeconfig is left alone then, unless one of the flags above is given.")
  private @Nullable String ssh;

  @Option(
      names = "--cidr",
      paramLabel = "CIDR",
      split = ",",
      description = "With --ssh: an address range behind that server, as in 10.0.0.0/8.")
  private List<String> cidrs = new ArrayList<>();

  @Option(
      names = "--mode",
      paramLabel = "M",
      completionCandidates = Modes.class,
      description =
          "all: everything (default). intercept: DNS, firewall and proxy, as root. bridge: the way"
              + " into the cluster, as the user.")
  private @Nullable String mode;

  @Option(
      names = "--user",
      paramLabel = "U",
      description =
          "As root: the user as whom the bridge runs, with his kubeconfig and credentials; default:"
              + " who called sudo.")
  private @Nullable String user;

  @Option(
      names = "--restart",
      description =
          "Start it again when it has died (Linux): a shell stays that waits for it, and longer each"
              + " time, 1 to 30 s.")
  private boolean restart;

  @Option(
      names = "--dns",
      paramLabel = "IP",
      split = ",",
      description = "The nameserver whose queries are answered; default: that of the system.")
  private List<String> dns = new ArrayList<>();

  @Option(
      names = "--fallback",
      paramLabel = "IP",
      split = ",",
      description = "Where other queries are relayed to; default: that nameserver.")
  private List<String> fallback = new ArrayList<>();

  @Option(
      names = "--config",
      paramLabel = "F",
      description = "A configuration file instead of ~/.config/teleproxy/teleproxy.conf.")
  private @Nullable Path config;

  @Option(names = "-v", description = "More in the log; -vv for everything.")
  private boolean[] verbose = {};

  /** For shells that complete the word. */
  static final class Modes extends ArrayList<String> {
    Modes() {
      super(List.of("all", "intercept", "bridge"));
    }
  }

  private boolean repeated;

  /**
   * Sets a flag by its name, as picocli would.
   *
   * @return false if it is not a flag with one value that is given for the first time
   */
  boolean set(String name, String value) {
    switch (name) {
      case "--kubeconfig" -> kubeconfig = once(kubeconfig, Path.of(value));
      case "--context" -> context = once(context, value);
      case "--namespace" -> namespace = once(namespace, value);
      case "--ssh" -> ssh = once(ssh, value);
      case "--cidr" -> cidrs.addAll(List.of(value.split(",")));
      case "--mode" -> mode = once(mode, value);
      case "--user" -> user = once(user, value);
      case "--config" -> config = once(config, Path.of(value));
      case "--dns" -> dns.addAll(List.of(value.split(",")));
      case "--fallback" -> fallback.addAll(List.of(value.split(",")));
      default -> {
        return false;
      }
    }
    return !repeated;
  }

  private <T> T once(@Nullable T before, T now) {
    repeated |= before != null;
    return now;
  }

  /** {@code --restart}. */
  void setRestart() {
    restart = true;
  }

  /** As many more {@code -v}. */
  void addVerbose(int more) {
    verbose = Arrays.copyOf(verbose, verbose.length + more);
  }

  /** Whether they say what to connect to, or which configuration says it. */
  boolean namesSource() {
    return kubeconfig != null
        || context != null
        || namespace != null
        || ssh != null
        || config != null;
  }

  /** Adds these flags to others; where both say something, these win. */
  void addTo(Flags flags) {
    if (config != null) {
      flags.file(config);
    }
    if (kubeconfig != null) {
      flags.set(
          "plugins.kubernetes.kubeconfig",
          "--kubeconfig",
          kubeconfig.toAbsolutePath().normalize().toString());
    }
    if (context != null) {
      flags.set("plugins.kubernetes.context", "--context", context);
    }
    if (namespace != null) {
      flags.set("plugins.kubernetes.namespace", "--namespace", namespace);
    }
    if (ssh != null) {
      flags.set("plugins.ssh.enabled", "--ssh", "true");
      flags.set("plugins.ssh.destination", "--ssh", ssh);
      if (kubeconfig == null && context == null && namespace == null) {
        flags.set("plugins.kubernetes.enabled", "--ssh", "false");
      }
    }
    if (!cidrs.isEmpty()) {
      flags.set("plugins.ssh.cidrs", "--cidr", cidrs);
    }
    if (mode != null) {
      flags.set("mode", "--mode", mode);
    }
    if (user != null) {
      flags.user(user);
    }
    if (restart) {
      flags.restart();
    }
    if (!dns.isEmpty()) {
      flags.set("dns.nameservers", "--dns", dns);
    }
    if (!fallback.isEmpty()) {
      flags.set("dns.fallback", "--fallback", fallback);
    }
    if (verbose.length > 0) {
      flags.set("log.level", "-v", verbose.length > 1 ? "trace" : "debug");
    }
  }

  /** The file that is named instead of the user's own. */
  Optional<Path> config() {
    return Optional.ofNullable(config);
  }

  boolean isVerbose() {
    return verbose.length > 0;
  }
}
