package io.teleproxy.plugin.perport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.teleproxy.spi.Cause;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Journal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResolverFileTest {
  private static final String BEFORE = "search home.lan\nnameserver 192.0.2.1\noptions edns0\n";
  private static final String DURING =
      "# teleproxy answers here while it runs, and asks those who were here before.\n"
          + "nameserver 127.254.254.254\nsearch home.lan\noptions edns0\n";

  @TempDir Path etc;

  private final List<Health> health = new CopyOnWriteArrayList<>();
  private volatile boolean readOnly;
  private Path file;
  private ResolverFile resolver;

  @BeforeEach
  void write() throws IOException {
    file = Files.writeString(etc.resolve("resolv.conf"), BEFORE);
    resolver = new ResolverFile(file, new Paper(), health::add);
  }

  @AfterEach
  void close() throws IOException {
    resolver.close();
  }

  @Test
  void ourServerTakesThePlaceOfTheNameserversAndGivesItBack() throws IOException {
    resolver.take();
    assertThat(file).hasContent(DURING);
    assertThat(health).last().extracting(Health::state).isEqualTo(Health.State.READY);

    resolver.release();
    assertThat(file).hasContent(BEFORE);
  }

  @Test
  void whoWritesTheFileIsReadFirstAndKeptForTheEnd() throws IOException {
    resolver.take();
    String others = "nameserver 192.0.2.7\n";
    Files.writeString(file, others);

    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> Files.readString(file).contains("nameserver 127.254.254.254"));
    resolver.close();
    assertThat(file).hasContent(others);
  }

  @Test
  void aFileThatCannotBeWrittenIsTold() {
    readOnly = true;
    resolver.take();

    assertThat(health).last().extracting(Health::cause).isEqualTo(Cause.RESOLVER_NOT_TOLD);
    assertThat(health.get(0).remedy()).contains("nameserver 127.254.254.254");
  }

  @Test
  void whoAsksSystemdResolvedItselfIsToldAbout() throws IOException {
    Files.writeString(file, "nameserver 127.0.0.53\n");
    Files.writeString(etc.resolve("nsswitch.conf"), "hosts: files resolve [!UNAVAIL=return] dns\n");
    resolver.take();
    resolver.take();

    assertThat(health).last().extracting(Health::cause).isEqualTo(Cause.RESOLVER_NOT_TOLD);
    assertThat(health.get(0).remedy()).contains("DNS=127.254.254.254", "Domains=~.");
  }

  /** As the real one: what others have changed since is left alone. */
  private final class Paper implements Journal {
    @Override
    public Entry note(String what, List<String> undo) {
      throw new AssertionError(what);
    }

    @Override
    public Entry replace(Path to, byte[] contents) throws IOException {
      if (readOnly) {
        throw new IOException("Read-only file system");
      }
      byte[] before = Files.readAllBytes(to);
      Files.write(to, contents);
      return new Entry() {
        @Override
        public String what() {
          return "file " + to;
        }

        @Override
        public void undo() throws IOException {
          if (Arrays.equals(Files.readAllBytes(to), contents)) {
            Files.write(to, before);
          }
        }
      };
    }
  }
}
