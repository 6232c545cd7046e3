package io.teleproxy.doctor;

import io.teleproxy.config.HostEnvironment;
import io.teleproxy.spi.Finding;
import java.io.IOException;
import java.net.URI;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Looks at this machine: rights, name resolution, other tools, network, proxies, clock. */
public final class MachineExamination {
  /** Tools that divert the same traffic. */
  private static final Set<String> OTHERS =
      Set.of("telepresence", "sshuttle", "kubefwd", "kubevpn", "mirrord", "ktctl", "redsocks");

  private static final Set<String> TUNNEL_DEVICES =
      Set.of("tun", "tap", "wg", "ppp", "utun", "tailscale");

  /** IPv6 needs as much (RFC 8200 §5). */
  private static final int LEAST_MTU = 1280;

  /** No machine's clock is right that is before this. */
  private static final LocalDate BUILT = LocalDate.of(2026, 11, 1);

  private final HostEnvironment environment;
  private final Path root;
  private final List<Finding> findings = new ArrayList<>();

  private MachineExamination(HostEnvironment environment, Path root) {
    this.environment = environment;
    this.root = root;
  }

  public static List<Finding> of(HostEnvironment environment) {
    return of(environment, Path.of("/"), Instant.now());
  }

  /**
   * As it is below another root, for tests.
   *
   * @param now what the clock says
   */
  static List<Finding> of(HostEnvironment environment, Path root, Instant now) {
    MachineExamination machine = new MachineExamination(environment, root);
    machine.rights();
    machine.findings.addAll(NameExamination.of(root, home(environment, root)));
    machine.others();
    machine.devices();
    machine.proxies();
    machine.clock(now);
    return List.copyOf(machine.findings);
  }

  private static Path home(HostEnvironment environment, Path root) {
    String home = environment.home().toString();
    return root.resolve(home.startsWith("/") ? home.substring(1) : home);
  }

  private void rights() {
    findings.add(
        environment.privileged()
            ? Finding.ok("rights", "root")
            : Finding.note(
                "rights",
                "not root: what only root can see is not looked at",
                "A run needs 'sudo teleproxy run'; 'sudo teleproxy doctor' sees more."));
  }

  private void others() {
    Set<String> running = new TreeSet<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(root.resolve("proc"), "[0-9]*")) {
      for (Path process : all) {
        String name = read(process.resolve("comm")).strip();
        if (OTHERS.contains(name)) {
          running.add(name + " (pid " + process.getFileName() + ")");
        }
      }
    } catch (IOException e) {
      // No such /proc.
    }
    if (running.isEmpty()) {
      findings.add(Finding.ok("other tools", "none that diverts the same traffic"));
    } else {
      findings.add(
          Finding.note(
              "other tools",
              String.join(", ", running),
              "They divert traffic, too; stop them if names or connections go astray."));
    }
    String hosts = read(root.resolve("etc/hosts"));
    long left =
        hosts
            .lines()
            .filter(line -> !line.startsWith("#") && line.matches(".*\\.svc(\\..*)?"))
            .count();
    if (left > 0) {
      findings.add(
          Finding.note(
              "/etc/hosts",
              left + " lines name services of a cluster, and are asked before any nameserver",
              "If kubefwd or another tool has left them, remove them."));
    }
  }

  private void devices() {
    Map<String, String> tunnels = new TreeMap<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(root.resolve("sys/class/net"))) {
      for (Path device : all) {
        String name = String.valueOf(device.getFileName());
        String mtu = read(device.resolve("mtu")).strip();
        if (TUNNEL_DEVICES.contains(name.replaceAll("[0-9]+$", ""))) {
          tunnels.put(name, "MTU " + mtu);
        }
        if (mtu.matches("[0-9]{1,6}") && Integer.parseInt(mtu) < LEAST_MTU) {
          findings.add(
              Finding.note(
                  "MTU",
                  name + " has MTU " + mtu,
                  "Less than " + LEAST_MTU + " is no good for IPv6, and slow."));
        }
      }
    } catch (IOException e) {
      // No such folder.
    }
    findings.add(
        tunnels.isEmpty()
            ? Finding.ok("VPN", "none")
            : Finding.note(
                "VPN",
                tunnels.toString(),
                "Addresses that the cluster has, too, lead to the cluster while teleproxy runs;"
                    + " 'teleproxy status' names them (overlapping-routes)."));
  }

  private void proxies() {
    Set<String> set = new TreeSet<>();
    boolean clusterSpared = false;
    for (Map.Entry<String, String> one : environment.variables().entrySet()) {
      String name = one.getKey().toLowerCase(java.util.Locale.ROOT);
      if (name.equals("http_proxy") || name.equals("https_proxy") || name.equals("all_proxy")) {
        set.add(one.getKey() + "=" + withoutSecrets(one.getValue()));
      }
      clusterSpared |= name.equals("no_proxy") && !one.getValue().isEmpty();
    }
    if (set.isEmpty()) {
      findings.add(Finding.ok("proxy settings", "none"));
    } else {
      findings.add(
          Finding.note(
              "proxy settings",
              String.join(", ", set) + (clusterSpared ? ", with NO_PROXY" : ", without NO_PROXY"),
              "Programs that obey them ask the proxy for cluster names: put those into NO_PROXY."));
    }
  }

  private static String withoutSecrets(String url) {
    try {
      URI uri = URI.create(url);
      return uri.getScheme()
          + "://"
          + uri.getHost()
          + (uri.getPort() < 0 ? "" : ":" + uri.getPort());
    } catch (IllegalArgumentException e) {
      return "(not a URL)";
    }
  }

  private void clock(Instant now) {
    LocalDate today = LocalDate.ofInstant(now, ZoneOffset.UTC);
    findings.add(
        today.isBefore(BUILT)
            ? Finding.bad(
                "clock", "it is " + now + " here", "Set the clock: certificates are not valid yet.")
            : Finding.ok("clock", now.toString()));
  }

  /** Empty if it cannot be read. */
  static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException | RuntimeException e) {
      return "";
    }
  }
}
