package io.teleproxy.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.teleproxy.testkit.Namespace;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChangeWatchTest {
  /** Who is told looks at once; who polls so seldom does not. */
  private static final Duration SELDOM = Duration.ofHours(1);

  private static final Duration SOON = Duration.ofSeconds(30);

  @TempDir Path folder;

  private final AtomicInteger looks = new AtomicInteger();
  private volatile String content = "";

  @Test
  void filesAreLookedAtHoweverTheyAreChanged() throws IOException {
    Path file = folder.resolve("resolv.conf");
    Path run = folder.resolve("run");
    Path one = Files.writeString(folder.resolve("one"), "first");
    Files.createSymbolicLink(file, one);
    assumeTrue(Files.exists(Path.of("/proc/self/mountinfo")), "nothing is announced here");
    try (ChangeWatch watch = watch(file, run.resolve("resolve/resolv.conf"))) {
      await().atMost(SOON).until(() -> content.equals("first"));

      Files.writeString(one, "in place");
      await().atMost(SOON).until(() -> content.equals("in place"));

      Path two = Files.writeString(folder.resolve("two"), "another link");
      Path link = Files.createSymbolicLink(folder.resolve("link"), two);
      Files.move(link, file, StandardCopyOption.REPLACE_EXISTING);
      await().atMost(SOON).until(() -> content.equals("another link"));
      Files.writeString(two, "behind it");
      await().atMost(SOON).until(() -> content.equals("behind it"));

      Path fresh = Files.writeString(folder.resolve("fresh"), "renamed");
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
      await().atMost(SOON).until(() -> content.equals("renamed"));

      Files.delete(file);
      await().atMost(SOON).until(() -> content.isEmpty());

      // Where even the folder was missing.
      int before = looks.get();
      Files.createDirectories(run.resolve("resolve"));
      await().atMost(SOON).until(() -> looks.get() > before);
      Files.writeString(run.resolve("resolve/resolv.conf"), "the other");
      await().atMost(SOON).until(() -> content.equals("the other"));
    }
  }

  @Test
  void whoIsInTheMiddleOfSomethingIsAskedAgain() {
    assumeTrue(Files.exists(Path.of("/proc/self/mountinfo")), "nothing is announced here");
    try (ChangeWatch watch =
        ChangeWatch.ofNetwork(
            "test", Duration.ZERO, List.of(), SELDOM, () -> looks.incrementAndGet() >= 3)) {
      await().atMost(SOON).until(() -> looks.get() >= 3);
    }
  }

  @Test
  @Tag("privileged")
  void oneBurstOfTheKernelsAnnouncementsIsOneLook() throws Exception {
    assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
    List<String> said = new CopyOnWriteArrayList<>();
    try (Namespace host = new Namespace()) {
      Process reporter =
          new ProcessBuilder(
                  host.enter(
                      List.of(
                          System.getProperty("java.home") + "/bin/java",
                          "-XX:TieredStopAtLevel=1",
                          "-cp",
                          System.getProperty("java.class.path"),
                          ChangeReporter.class.getName())))
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      Thread reader = new Thread(() -> read(reporter, said));
      reader.start();
      // What happened before it listened is the first look of each.
      await().atMost(SOON).until(() -> said.contains("network") && said.contains("filter"));

      host.run("ip address add 192.0.2.7/32 dev lo");
      await().atMost(SOON).until(() -> Collections.frequency(said, "network") == 2);
      host.run("ip route add 10.0.0.0/8 dev lo");
      await().atMost(SOON).until(() -> Collections.frequency(said, "network") == 3);
      host.run("nft add table ip theirs");
      await().atMost(SOON).until(() -> Collections.frequency(said, "filter") == 2);

      StringBuilder batch = new StringBuilder();
      for (int i = 0; i < 2000; i++) {
        batch.append("address add 10.1.%d.%d/32 dev lo\n".formatted(i / 250, i % 250));
      }
      host.feed("ip -batch -", batch.toString());
      await().atMost(SOON).until(() -> Collections.frequency(said, "network") >= 4);

      reporter.getOutputStream().close();
      assertThat(reporter.waitFor(20, TimeUnit.SECONDS)).as("it ends").isTrue();
      reader.join();
      assertThat(Collections.frequency(said, "network")).isLessThan(100);
      assertThat(Collections.frequency(said, "filter")).isEqualTo(2);
      assertThat(said).endsWith("closed");
    }
  }

  private ChangeWatch watch(Path... files) {
    return ChangeWatch.ofNetwork(
        "test",
        Duration.ZERO,
        List.of(files),
        SELDOM,
        () -> {
          StringBuilder all = new StringBuilder();
          for (Path file : files) {
            try {
              all.append(Files.exists(file) ? Files.readString(file) : "");
            } catch (IOException e) {
              return false;
            }
          }
          content = all.toString();
          looks.incrementAndGet();
          return true;
        });
  }

  private static void read(Process process, List<String> lines) {
    try (BufferedReader said = process.inputReader()) {
      said.lines().forEach(lines::add);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
