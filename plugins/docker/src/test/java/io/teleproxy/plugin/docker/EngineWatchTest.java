package io.teleproxy.plugin.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.teleproxy.spi.Cause;
import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Probe;
import io.teleproxy.spi.Watcher;
import io.teleproxy.testkit.RecordingContext;
import io.teleproxy.testkit.TestEnvironment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Engines that come, change, and go. Loopback is the network that containers are in. */
class EngineWatchTest {
  @TempDir Path folder;

  @Test
  void withoutAnEngineItIsReadyAtOnceAndSaysNothing() {
    RecordingContext context = new RecordingContext(machine(folder.resolve("docker.sock")));
    assertThat(new DockerWatcher().probe(context.environment()))
        .isEqualTo(Probe.applicable(0, "no engine yet"));
    try (Watcher.Session watch = EngineWait.open(context)) {
      within("ready", () -> !context.healths.isEmpty());
      assertThat(context.health().state()).isEqualTo(Health.State.READY);
      assertThat(context.tables).isEmpty();
      assertThat(context.searches).isEmpty();
    }
  }

  @Test
  void anEngineIsFoundWhenItComesAndItsContainersAreFollowed() throws IOException {
    RecordingContext context = new RecordingContext(machine(folder.resolve("docker.sock")));
    try (Watcher.Session watch = EngineWait.open(context)) {
      within("ready", () -> !context.healths.isEmpty());
      try (FakeEngine engine =
          new FakeEngine(folder.resolve("docker.sock")).with("a", "first", "127.0.0.2")) {
        within("it is found", () -> context.names("first.docker"));
        assertThat(context.searches).containsExactly(List.of("docker"));
        assertThat(context.tables.get(0).zones()).containsExactly("docker");

        engine.start("b", "second", "127.0.0.3");
        within("one more", () -> context.names("second.docker"));
        engine.with("b", "renamed", "127.0.0.3").start("c", "third", "127.0.0.4");
        within("and one more", () -> context.names("third.docker"));
        engine.stop("a");
        within("one less", () -> !context.names("first.docker"));
      }
    }
  }

  @Test
  void whenAnEngineIsRestartedNamesStayAndWhenItEndsTheyGo() throws IOException {
    Path socket = folder.resolve("docker.sock");
    RecordingContext context = new RecordingContext(machine(socket));
    FakeEngine first = new FakeEngine(socket).with("a", "first", "127.0.0.2");
    try (Watcher.Session watch = EngineWait.open(context)) {
      within("it is found", () -> context.names("first.docker"));
      first.close();
      try (FakeEngine second =
          new FakeEngine(socket).with("a", "first", "127.0.0.2").with("b", "new", "127.0.0.3")) {
        within("the new one is found", () -> context.names("new.docker"));
        second.close();
        within("it is gone", () -> !context.names("first.docker"));
        within("its zone, too", () -> context.table().zones().isEmpty());
        assertThat(context.searches).containsExactly(List.of("docker"), List.of());
        assertThat(context.health().state()).isEqualTo(Health.State.READY);
        assertThat(Files.exists(socket)).as("nobody listens there").isTrue();
      }
    }
  }

  @Test
  void severalEnginesHaveOneTable() throws IOException {
    Path docker = folder.resolve("docker.sock");
    Path podman = folder.resolve("podman.sock");
    Files.createSymbolicLink(folder.resolve("link.sock"), docker);
    RecordingContext context =
        new RecordingContext(machine(docker, podman, folder.resolve("link.sock")));
    try (FakeEngine one = new FakeEngine(docker).with("a", "one", "127.0.0.2");
        FakeEngine two = new FakeEngine(podman).with("b", "two", "127.0.0.3");
        Watcher.Session watch = EngineWait.open(context)) {
      within("both", () -> context.names("one.docker") && context.names("two.docker"));
      assertThat(one.followers()).isEqualTo(1);
      two.close();
      within("one", () -> !context.names("two.docker"));
      assertThat(context.names("one.docker")).isTrue();
    }
  }

  @Test
  void anEngineThatAnswersWithErrorsIsNamed() throws IOException {
    Path socket = folder.resolve("docker.sock");
    RecordingContext context = new RecordingContext(machine(socket));
    try (FakeEngine engine = new FakeEngine(socket).with("a", "first", "127.0.0.2").answering(500);
        Watcher.Session watch = EngineWait.open(context)) {
      within("trouble", () -> !context.healths.isEmpty() && degraded(context));
      assertThat(context.health().reason()).contains(socket.toString(), "500");
      engine.answering(200);
      within("it is found", () -> context.names("first.docker"));
      within("all is well", () -> !degraded(context));
    }
  }

  @Test
  void anEngineThatTheUserMayNotAskIsNamedWithWhatToDo() {
    RecordingContext context = new RecordingContext(machine());
    new EngineHealth(context)
        .tell(
            List.of(new EngineSockets.Found(Path.of("/run/docker.sock"), false, "docker", false)),
            List.of());
    assertThat(context.healths.get(0).state())
        .as("the run does not wait for it")
        .isEqualTo(Health.State.READY);
    assertThat(context.health().cause()).isEqualTo(Cause.CONTAINER_ENGINE_FORBIDDEN);
    assertThat(context.health().reason()).contains("may not use /run/docker.sock");
    assertThat(context.health().remedy()).contains("usermod -aG docker");
  }

  @Test
  void theUsualSocketsAreTriedUnlessOthersAreNamed() {
    assertThat(EngineSockets.of(machine()).candidates())
        .containsExactly(
            Path.of("/var/run/docker.sock"),
            Path.of("/run/podman/podman.sock"),
            Path.of("/run/user/1000/docker.sock"),
            Path.of("/run/user/1000/podman/podman.sock"));
    assertThat(EngineSockets.of(machine(folder)).candidates()).containsExactly(folder);
  }

  private static boolean degraded(RecordingContext context) {
    return context.health().state() == Health.State.DEGRADED;
  }

  /** A user's machine whose engine is elsewhere, with these sockets to look at. */
  private static Environment machine(Path... sockets) {
    String paths = Stream.of(sockets).map(Path::toString).collect(Collectors.joining(","));
    return new TestEnvironment(
        Map.of("DOCKER_HOST", "tcp://192.0.2.1:2375", "XDG_RUNTIME_DIR", "/run/user/1000"),
        paths.isEmpty() ? Map.of() : Map.of("sockets", paths));
  }

  private static void within(String what, Callable<Boolean> condition) {
    await(what).atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(10)).until(condition);
  }
}
