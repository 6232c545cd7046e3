package io.teleproxy.spi.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.condition.OS.LINUX;

import io.teleproxy.spi.process.CommandRunner.Outcome;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;

@EnabledOnOs(LINUX)
@Timeout(60)
class ProcessRunnerTest {
  private final CommandRunner runner = new ProcessRunner(Duration.ofSeconds(30));

  @Test
  void returnsStatusOutputAndErrorsInTheCLocale() throws IOException {
    assertThat(runner.run(List.of("sh", "-c", "echo $LC_ALL; echo '# w' >&2; echo no >&2; exit 3")))
        .isEqualTo(new Outcome(3, "C\n", "# w\nno\n"))
        .extracting(Outcome::complaint)
        .isEqualTo("no");
  }

  @Test
  void feedsMoreThanAPipeHolds() throws IOException {
    String much = "0123456789abcdef\n".repeat(100_000);

    assertThat(runner.run(List.of("cat"), much).output()).isEqualTo(much);
    assertThat(runner.run(List.of("true"), much).ok()).isTrue();
  }

  @Test
  void endsWhatHangs() {
    CommandRunner impatient = new ProcessRunner(Duration.ofMillis(200));

    assertThatThrownBy(() -> impatient.run(List.of("sleep", "100")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("sleep 100 did not end within");
  }

  /** The daemon's threads are interrupted when it stops, and then rules have to be removed. */
  @Test
  void runsToItsEndOnAnInterruptedThread() throws IOException {
    Thread.currentThread().interrupt();

    Outcome outcome = runner.run(List.of("sh", "-c", "sleep 0.2; echo done"));

    assertThat(Thread.interrupted()).isTrue();
    assertThat(outcome.output()).isEqualTo("done\n");
  }

  @Test
  void saysWhatCannotBeStarted() {
    assertThatThrownBy(() -> runner.run(List.of("/nowhere/iptables")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("/nowhere/iptables");
  }
}
