package io.teleproxy.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResolverCachesTest {
  @TempDir Path folder;
  private Path resolved;
  private Path nscd;
  private Path told;
  private ResolverCaches caches;

  @BeforeEach
  void prepare() {
    resolved = folder.resolve("resolved.socket");
    nscd = folder.resolve("nscd.socket");
    told = folder.resolve("told");
    caches =
        new ResolverCaches(
            name -> Optional.of(folder.resolve(name)).filter(Files::exists), resolved, nscd);
  }

  @Test
  void tellsThoseThatRun() throws IOException {
    program("resolvectl", "echo resolvectl \"$@\" >>" + told);
    program("nscd", "echo nscd \"$@\" >>" + told);
    caches.flush();
    Files.createFile(resolved);
    caches.flush();
    await().atMost(Duration.ofSeconds(30)).until(() -> text().equals("resolvectl flush-caches\n"));
    Files.delete(resolved);
    Files.createFile(nscd);
    caches.close();
    await().atMost(Duration.ofSeconds(30)).until(() -> text().endsWith("\nnscd -i hosts\n"));
    assertThat(text().lines()).hasSize(2);
  }

  @Test
  void waitsForNobodyAndFailsForNobody() throws IOException {
    Files.createFile(resolved);
    Files.createFile(nscd);
    caches.flush();
    program("resolvectl", "exec sleep 60");
    Files.writeString(folder.resolve("nscd"), "this cannot be run");
    long start = System.nanoTime();
    caches.flush();
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(30));
    ProcessHandle.current().children().forEach(ProcessHandle::destroy);
  }

  private String text() throws IOException {
    return Files.exists(told) ? Files.readString(told) : "";
  }

  private void program(String name, String script) throws IOException {
    Path file = Files.writeString(folder.resolve(name), "#!/bin/sh\n" + script + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
  }
}
