package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * What the user can mend ends with exit status 2 and says how; there is no stack trace, and the
 * machine is as before.
 */
@Tag("privileged")
class BadInputIT {
  private Namespace namespace;
  private Product.User user;
  private HostState before;

  @BeforeEach
  void makeMachine() {
    Requirements.privileged();
    namespace = Namespace.create();
    user = Product.user(namespace);
    before = HostState.of(namespace);
  }

  @AfterEach
  void removeMachine() {
    if (user != null) {
      user.close();
    }
    if (namespace != null) {
      namespace.close();
    }
  }

  @Test
  void aMissingKubeconfig() {
    String file = user.home().resolve("absent").toString();
    assertThat(refusal("run", "--kubeconfig", file)).contains(file, "--kubeconfig");
  }

  @Test
  void noKubeconfigAtAll() {
    assertThat(refusal("run")).contains("kubeconfig");
  }

  @Test
  void aKubeconfigThatIsNotYaml() {
    Path file = user.write("broken", "clusters: [ {name: ");
    assertThat(refusal("run", "--kubeconfig", file.toString())).contains(file.toString());
  }

  @Test
  void aContextThatTheKubeconfigLacks() {
    Path file = kubeconfig("https://127.0.0.1:6443");
    assertThat(refusal("run", "--kubeconfig", file.toString(), "--context", "elsewhere"))
        .contains("elsewhere", "lab");
  }

  @Test
  void anApiServerThatCannotBeReached() {
    Path file = kubeconfig("https://127.0.0.1:1");
    assertThat(refusal("run", "--kubeconfig", file.toString())).contains("https://127.0.0.1:1");
  }

  @Test
  void notRoot() {
    Path file = kubeconfig("https://127.0.0.1:1");
    user.nobody();
    assertThat(refusal("run", "--kubeconfig", file.toString())).contains("sudo");
  }

  @Test
  void noFirewallTools() {
    Path file = kubeconfig("https://127.0.0.1:1");
    // In a mount namespace of its own, nothing lies where the programs were.
    String hide =
        "for f in /usr/sbin/xtables-*-multi /usr/sbin/nft; do"
            + " [ ! -e \"$f\" ] || mount --bind /dev/null \"$f\"; done; exec \"$@\"";
    user.behind("unshare", "--mount", "sh", "-c", hide, "sh");
    assertThat(refusal("run", "--kubeconfig", file.toString()))
        .contains("linux-iptables", "iptables");
  }

  /** As security modules refuse, with EACCES and EPERM, whoever asks. */
  @Test
  void whatIsForbiddenEvenToRoot() {
    String noexec =
        "mount -t tmpfs -o noexec none /mnt; for f in nft xtables-nft-multi; do"
            + " cp /usr/sbin/$f /mnt/; mount --bind /mnt/$f /usr/sbin/$f; done; exec \"$@\"";
    user.write("teleproxy.conf", "disabled-plugins = [per-port-fallback]");
    user.behind("unshare", "--mount", "sh", "-c", noexec, "sh");
    assertThat(refusal("run", "--mode", "intercept"))
        .contains("linux-nftables: ", "/nft may not be executed", "noexec", "--grep denied")
        .contains("linux-iptables: ", "/iptables may not be executed");

    anew().behind("setpriv", "--bounding-set=-net_admin");
    assertThat(refusal("run", "--mode", "intercept"))
        .contains("Operation not permitted", "CAP_NET_ADMIN (--cap-add NET_ADMIN)");

    anew().behind("setpriv", "--bounding-set=-net_bind_service");
    assertThat(refusal("run", "--mode", "intercept"))
        .contains("127.254.254.254:1", "Permission denied", "CAP_NET_BIND_SERVICE");

    namespace.command("ip", "route", "add", "prohibit", "192.0.2.0/24").run().succeeded();
    before = HostState.of(namespace);
    anew().write("teleproxy.conf", "plugins.kubernetes.start-timeout = 3s");
    Path file = kubeconfig("https://192.0.2.1:6443");
    assertThat(refusal("run", "--kubeconfig", file.toString()))
        .contains("https://192.0.2.1:6443 (context 'lab') cannot be reached: Permission denied")
        .contains("This machine forbids the connection", "ip route", "--grep denied");
  }

  @Test
  void aPortThatIsTaken() {
    Path file = kubeconfig("https://127.0.0.1:1");
    user.write("teleproxy.conf", "api.port = 8001");
    Process other =
        namespace
            .command("socat", "TCP-LISTEN:8001,bind=127.0.0.1,reuseaddr", "PIPE")
            .start(Path.of("/dev/null"), Path.of("/dev/null"));
    try {
      await().until(() -> namespace.command("ss", "-Hltn").run().out().contains(":8001"));
      before = HostState.of(namespace);
      assertThat(refusal("run", "--kubeconfig", file.toString())).contains("8001", "api.port");
    } finally {
      other.destroyForcibly();
    }
  }

  @Test
  void allErrorsOfAConfigurationAtOnce() {
    user.write("teleproxy.conf", "mode = sideways\napi.port = 70000\nno-such-setting = 1\n");
    assertThat(refusal("run"))
        .contains("teleproxy.conf:1", "sideways", "teleproxy.conf:2", "70000")
        .contains("teleproxy.conf:3", "no-such-setting");
  }

  @Test
  void aFlagThatDoesNotExist() {
    assertThat(refusal("run", "--sideways")).contains("--sideways", "--help");
  }

  @Test
  void aCommandThatDoesNotExist() {
    assertThat(refusal("sideways")).contains("sideways");
  }

  @Test
  void commandsThatNeedARunningDaemon() {
    for (List<String> command : List.of(List.of("status"), List.of("tables"), List.of("stop"))) {
      assertThat(refusal(command.toArray(String[]::new))).contains("teleproxy run");
    }
  }

  /** Another user of the same machine. */
  private Product.User anew() {
    user.close();
    user = Product.user(namespace);
    user.write("teleproxy.conf", "disabled-plugins = [per-port-fallback]");
    return user;
  }

  /** Runs the product, which must refuse; returns what it says. */
  private String refusal(String... arguments) {
    Command.Result result = user.execute(arguments);
    assertThat(result.exit()).as("%s", result).isEqualTo(2);
    assertThat(result.out()).isEmpty();
    assertThat(result.err()).doesNotContain("\tat ", "Exception");
    assertThat(HostState.of(namespace).since(before)).isEmpty();
    return result.err();
  }

  private Path kubeconfig(String server) {
    return user.write(
        "kubeconfig",
        """
        apiVersion: v1
        kind: Config
        clusters: [{name: lab, cluster: {server: "%s", insecure-skip-tls-verify: true}}]
        users: [{name: me, user: {token: secret}}]
        contexts: [{name: lab, context: {cluster: lab, user: me}}]
        current-context: lab
        """
            .formatted(server));
  }
}
