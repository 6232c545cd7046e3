package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** The shell of {@code --restart} by itself, with runs that end as the test says. */
@Execution(ExecutionMode.CONCURRENT)
class SuperviseIT {
  @TempDir Path folder;

  @Test
  void whoHasDiedIsStartedAgainLaterAndLaterUntilHeEndsByHimself() throws IOException {
    Command.Result result = ending("70 2 0").run();

    assertThat(result.exit()).as("%s", result).isZero();
    assertThat(result.err())
        .contains("the run has ended with status 70; it is started again in 1 s")
        .contains("the run has ended with status 2; it is started again in 2 s");
    assertThat(runs()).isEqualTo(3);
  }

  @Test
  void whatIsRefusedTheFirstTimeIsNotTriedAgain() throws IOException {
    Command.Result result = ending("2").run();

    assertThat(result.exit()).as("%s", result).isEqualTo(2);
    assertThat(result.err()).isEmpty();
    assertThat(runs()).isEqualTo(1);
  }

  @Test
  void whoIsToldToEndBetweenTwoStartsDoesNotWaitForTheSecond() throws Exception {
    Path out = Files.createFile(folder.resolve("out"));
    Path err = Files.createFile(folder.resolve("err"));
    Process supervisor = ending("70 70 0").start(out, err);
    await().until(() -> Files.readString(err).contains("in 2 s"));

    supervisor.destroy();

    assertThat(supervisor.waitFor(1900, TimeUnit.MILLISECONDS)).isTrue();
    assertThat(supervisor.exitValue()).isZero();
    assertThat(runs()).isEqualTo(2);
  }

  /** Runs that end with one status after the other. */
  private Command ending(String statuses) throws IOException {
    Requirements.programs("setpriv", "setsid");
    Path run = folder.resolve("run");
    Files.writeString(
        run,
        """
        #!/bin/sh
        echo >>"$0.log"
        runs=$(wc -l <"$0.log")
        set -- %s
        shift $((runs - 1))
        exit $1
        """
            .formatted(statuses));
    assertThat(run.toFile().setExecutable(true)).isTrue();
    return Command.of("sh", Product.HOME.resolve("lib/supervise").toString(), run.toString());
  }

  private long runs() throws IOException {
    return Files.readAllLines(folder.resolve("run.log")).size();
  }
}
