package io.teleproxy.config;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostEnvironmentTest {
  @TempDir Path temporary;
  private Accounts accounts;

  @BeforeEach
  void accounts() throws IOException {
    accounts =
        new Accounts(
            Files.writeString(
                temporary.resolve("passwd"),
                "root:x:0:0:root:/root:/bin/sh\nada:x:4711:4712:Ada,,,:/home/ada:/bin/sh\nbroken\n"));
  }

  private HostEnvironment root(Map<String, String> variables) {
    return HostEnvironment.of("linux", 0, variables, accounts);
  }

  @Test
  void underSudoHomeAndNameAreThoseOfTheUser() {
    HostEnvironment environment =
        root(
            Map.of(
                "SUDO_UID", "4711", "SUDO_USER", "ada", "HOME", "/root", "USER", "root", "X", "y"));
    assertThat(environment.variables())
        .containsEntry("HOME", "/home/ada")
        .containsEntry("USER", "ada")
        .containsEntry("LOGNAME", "ada")
        .containsEntry("X", "y");
    assertThat(environment.invoker())
        .contains(new InvokingUser(4711, 4712, "ada", Path.of("/home/ada")));
    assertThat(environment.configFolder()).isEqualTo(Path.of("/home/ada/.config/teleproxy"));
    assertThat(environment.privileged()).isTrue();
  }

  @Test
  void pkexecAndDoasCountLikeSudo() {
    assertThat(root(Map.of("PKEXEC_UID", "4711")).home()).isEqualTo(Path.of("/home/ada"));
    assertThat(root(Map.of("DOAS_USER", "ada")).home()).isEqualTo(Path.of("/home/ada"));
  }

  @Test
  void rootWithoutSudoIsRoot() {
    assertThat(root(Map.of("HOME", "/root")).invoker()).isEmpty();
    assertThat(root(Map.of("HOME", "/root", "SUDO_UID", "0")).home()).isEqualTo(Path.of("/root"));
  }

  @Test
  void anUnknownUserChangesNothing() {
    HostEnvironment environment = root(Map.of("HOME", "/root", "SUDO_UID", "987654321"));
    assertThat(environment.invoker()).isEmpty();
    assertThat(environment.home()).isEqualTo(Path.of("/root"));
  }

  @Test
  void sudoVariablesOfAnOrdinaryUserMeanNothing() {
    HostEnvironment environment =
        HostEnvironment.of("linux", 1000, Map.of("HOME", "/h", "SUDO_UID", "4711"), accounts);
    assertThat(environment.home()).isEqualTo(Path.of("/h"));
    assertThat(environment.privileged()).isFalse();
  }

  @Test
  void configurationIsWhereXdgSaysUnlessThatIsRelative() {
    assertThat(root(Map.of("XDG_CONFIG_HOME", "/x", "HOME", "/h")).configFolder())
        .isEqualTo(Path.of("/x/teleproxy"));
    assertThat(root(Map.of("XDG_CONFIG_HOME", "x", "HOME", "/h")).configFolder())
        .isEqualTo(Path.of("/h/.config/teleproxy"));
  }

  @Test
  void findsExecutablesInPathFirstAndInSbinAfter() throws IOException {
    Path first = Files.createDirectories(temporary.resolve("first"));
    Path second = Files.createDirectories(temporary.resolve("second"));
    Files.createFile(first.resolve("tool"));
    Path tool = Files.createFile(second.resolve("tool"));
    Files.setPosixFilePermissions(tool, PosixFilePermissions.fromString("rwxr-xr-x"));
    HostEnvironment environment = root(Map.of("PATH", first + ":" + second + "::."));
    assertThat(environment.executable("tool")).contains(tool);
    assertThat(environment.executable("sh")).isPresent();
    assertThat(environment.executable("there-is-no-such-tool")).isEmpty();
  }

  @Test
  void knowsThisMachine() throws IOException {
    HostEnvironment environment = HostEnvironment.current();
    Path own = Files.createTempFile(temporary, "own", "");
    assertThat(environment.os()).isEqualTo("linux");
    assertThat(environment.uid())
        .isEqualTo(((Number) Files.getAttribute(own, "unix:uid")).longValue());
    assertThat(environment.settings().string("x")).isEmpty();
  }

  @Test
  void theBridgeHasTheUsersEnvironmentAndNothingOfRoots() {
    HostEnvironment bridge =
        HostEnvironment.ofBridge(
            "linux",
            4711,
            Map.of("HOME", "/root", "SUDO_UID", "4711", "TELEPROXY_PART", "bridge"),
            Part.environment("HOME=/home/ada\0PATH=/opt/cloud\0KUBECONFIG=a=b\0".getBytes(UTF_8)),
            accounts);
    assertThat(bridge.variables())
        .containsOnly(
            Map.entry("HOME", "/home/ada"),
            Map.entry("PATH", "/opt/cloud"),
            Map.entry("KUBECONFIG", "a=b"),
            Map.entry("TELEPROXY_PART", "bridge"));
    assertThat(bridge.privileged()).isFalse();
    assertThat(bridge.invoker()).isEmpty();
  }

  @Test
  void aBridgeThatIsNotToldTheUsersEnvironmentLooksHimUp() {
    HostEnvironment bridge =
        HostEnvironment.ofBridge(
            "linux",
            4711,
            Map.of("HOME", "/root", "PATH", "/bin", "SUDO_UID", "4711"),
            Map.of(),
            accounts);
    assertThat(bridge.variables())
        .containsEntry("HOME", "/home/ada")
        .containsEntry("USER", "ada")
        .containsEntry("PATH", "/bin")
        .doesNotContainKey("SUDO_UID");
  }
}
