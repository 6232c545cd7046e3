package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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

  @Test
  void eitherPartOutlivesTheOtherAndNeitherTheShell() throws Exception {
    Process supervisor = lasting().start(file("out"), file("err"));
    List<ProcessHandle> seen = new ArrayList<>();
    try {
      ProcessHandle run = started("run", 1);
      ProcessHandle bridge = started("bridge", 1);
      ProcessHandle second = bridge.parent().orElseThrow();
      seen.addAll(List.of(run, bridge, second));
      assertThat(second.parent()).contains(supervisor.toHandle());

      run.destroyForcibly();
      seen.add(started("run", 2));
      assertThat(bridge.isAlive()).isTrue();

      bridge.destroyForcibly();
      ProcessHandle another = started("bridge", 2);
      assertThat(another.parent()).contains(second);

      second.destroyForcibly();
      ProcessHandle last = started("bridge", 3);
      seen.addAll(List.of(another, last, last.parent().orElseThrow()));

      supervisor.destroyForcibly();
      await().atMost(1, TimeUnit.SECONDS).until(() -> seen.stream().noneMatch(this::lives));
    } finally {
      supervisor.destroyForcibly();
      seen.forEach(ProcessHandle::destroyForcibly);
    }
  }

  @Test
  void aBridgeThatWantsAnotherInItsPlaceGetsItAtOnceAndEndsLast() throws Exception {
    Files.writeString(folder.resolve("first"), "75");
    Process supervisor = lasting().start(file("out"), file("err"));
    try {
      ProcessHandle run = started("run", 1);
      ProcessHandle bridge = started("bridge", 2);
      assertThat(Files.readString(folder.resolve("err"))).isEmpty();

      supervisor.destroy();
      assertThat(supervisor.waitFor(5, TimeUnit.SECONDS)).isTrue();
      assertThat(supervisor.exitValue()).isZero();
      assertThat(lives(run) || lives(bridge)).isFalse();
      assertThat(Files.readString(folder.resolve("ended"))).isEqualTo("run\nbridge\n");
    } finally {
      supervisor.destroyForcibly();
    }
  }

  private boolean lives(ProcessHandle process) {
    // Whoever is nobody's child here may wait for init to fetch it.
    try {
      String stat = Files.readString(Path.of("/proc/" + process.pid() + "/stat"));
      return !stat.contains(") Z ");
    } catch (IOException e) {
      return false;
    }
  }

  private Path file(String name) throws IOException {
    return Files.createFile(folder.resolve(name));
  }

  /** The process of a part that was started the given time. */
  private ProcessHandle started(String part, int time) {
    await().until(() -> Files.exists(folder.resolve(part)) && pids(part).size() == time);
    return ProcessHandle.of(pids(part).get(time - 1)).orElseThrow();
  }

  private List<Long> pids(String part) {
    try {
      return Files.readAllLines(folder.resolve(part)).stream().map(Long::valueOf).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Both parts last until they are told to end; the first bridge ends as {@code first} says. */
  private Command lasting() throws IOException {
    return launcher(
        """
        #!/bin/sh
        cd "${0%/*}"
        part=${TELEPROXY_PART-run}
        echo $$ >>$part
        if [ $part = bridge ] && [ -e first ]; then
          status=$(cat first)
          rm first
          exit $status
        fi
        trap 'echo $part >>ended; exit 0' TERM
        while :; do sleep 0.02; done
        """);
  }

  /** Runs that end with one status after the other. */
  private Command ending(String statuses) throws IOException {
    return launcher(
        """
        #!/bin/sh
        [ "${TELEPROXY_PART-}" != bridge ] || exit 69
        echo >>"$0.log"
        runs=$(wc -l <"$0.log")
        set -- %s
        shift $((runs - 1))
        exit $1
        """
            .formatted(statuses));
  }

  private Command launcher(String script) throws IOException {
    Requirements.programs("setpriv", "setsid");
    Path run = folder.resolve("run-it");
    Files.writeString(run, script);
    assertThat(run.toFile().setExecutable(true)).isTrue();
    return Command.of("sh", Product.HOME.resolve("lib/supervise").toString(), run.toString());
  }

  private long runs() throws IOException {
    return Files.readAllLines(folder.resolve("run-it.log")).size();
  }
}
