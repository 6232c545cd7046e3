package io.teleproxy.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.teleproxy.spi.UserException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RuntimeFolderTest {
  private static final long PID = ProcessHandle.current().pid();

  @TempDir Path temporary;

  private HostEnvironment environment(long uid, Map<String, String> variables) {
    return HostEnvironment.of(
        "linux", uid, variables, new Accounts(temporary.resolve("no-passwd")));
  }

  private Path folder() {
    return temporary.resolve("run");
  }

  private HostEnvironment here() {
    return environment(0, Map.of(RuntimeFolder.VARIABLE, folder().toString()));
  }

  private static InetSocketAddress loopback(int port) {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }

  @Test
  void announcesTheApiAndLeavesNothingBehind() throws IOException {
    try (RuntimeFolder folder = RuntimeFolder.claim(folder())) {
      assertThat(RuntimeFolder.find(here())).isEmpty();
      folder.announce(loopback(4711));
      folder.announce(loopback(4712));
      assertThat(RuntimeFolder.find(here()))
          .contains(new RuntimeFolder.Api("127.0.0.1", 4712, PID));
    }
    assertThat(RuntimeFolder.find(here())).isEmpty();
    assertThat(folder()).doesNotExist();
  }

  @Test
  void aSecondRunIsToldWhoRunsAndSinceWhen() throws IOException {
    try (RuntimeFolder first = RuntimeFolder.claim(folder())) {
      first.announce(loopback(1));
      assertThatThrownBy(() -> RuntimeFolder.claim(folder()))
          .isInstanceOf(UserException.class)
          .hasMessageMatching(
              "another teleproxy is running here \\(pid " + PID + ", since 20[0-9T:-]+Z\\)");
      assertThat(RuntimeFolder.find(here())).isPresent();
    }
    RuntimeFolder.claim(folder()).close();
  }

  @Test
  void theLockHoldsAgainstAnotherProcess() throws Exception {
    try (RuntimeFolder ours = RuntimeFolder.claim(folder())) {
      ours.announce(loopback(1));
      Process other =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-cp",
                  System.getProperty("java.class.path"),
                  Claiming.class.getName(),
                  folder().toString())
              .redirectErrorStream(true)
              .start();
      String said = new String(other.getInputStream().readAllBytes());
      assertThat(other.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(said).contains("another teleproxy is running here (pid " + PID);
      // That process has opened and closed the lock file: ours must be held all the same.
      assertThatThrownBy(() -> RuntimeFolder.claim(folder())).isInstanceOf(UserException.class);
    }
  }

  /** Another process that wants the same folder. */
  static final class Claiming {
    public static void main(String[] arguments) throws IOException {
      try (RuntimeFolder folder = RuntimeFolder.claim(Path.of(arguments[0]))) {
        System.out.println("claimed");
      } catch (UserException e) {
        System.out.println(e.getMessage());
      }
    }
  }

  @Test
  void takesOverWhatADeadRunLeft() throws IOException {
    Files.createDirectories(folder());
    Files.writeString(folder().resolve("lock"), "1 2020-01-01T00:00:00Z\n and much more\n");
    Files.writeString(folder().resolve("api"), "127.0.0.1 9 1\n");
    try (RuntimeFolder folder = RuntimeFolder.claim(folder())) {
      assertThat(Files.readString(folder().resolve("lock"))).startsWith(PID + " ").hasLineCount(1);
      folder.announce(loopback(5));
    }
    assertThat(folder()).doesNotExist();
  }

  @Test
  void keepsAFolderInWhichOthersKeepSomething() throws IOException {
    RuntimeFolder folder = RuntimeFolder.claim(folder());
    Path other = Files.createFile(folder().resolve("other"));
    folder.close();
    folder.close();
    assertThat(other).exists();
    assertThat(folder().resolve("lock")).doesNotExist();
  }

  @Test
  void ignoresAnAnnouncementThatIsNone() throws IOException {
    Files.createDirectories(folder());
    Files.writeString(folder().resolve("api"), "half a li");
    assertThat(RuntimeFolder.find(here())).isEmpty();
  }

  @Test
  void isToldWhereItCannotBe() throws IOException {
    Path file = Files.createFile(temporary.resolve("file"));
    assertThatThrownBy(() -> RuntimeFolder.claim(file.resolve("run")))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("cannot be used");
  }

  @Test
  void liesWhereRootAndUsersExpectIt() {
    assertThat(RuntimeFolder.locate(environment(0, Map.of("XDG_RUNTIME_DIR", "/run/user/0"))))
        .isEqualTo(Path.of("/run/teleproxy"));
    assertThat(RuntimeFolder.locate(environment(7, Map.of("XDG_RUNTIME_DIR", "/run/user/7"))))
        .isEqualTo(Path.of("/run/user/7/teleproxy"));
    assertThat(RuntimeFolder.locate(environment(7, Map.of()))).hasFileName("teleproxy-7");
    assertThat(RuntimeFolder.locate(here())).isEqualTo(folder());
  }
}
