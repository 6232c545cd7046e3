package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What followed on a strike: milliseconds, and how many of them the machine was idle. What is
 * promised in seconds is not that others leave us the processors: whoever waits for nothing is done
 * before the machine has been idle for so long.
 *
 * @param names until names resolved; negative if they never did
 * @param processes until all processes were gone; negative if they never were
 */
record Death(long names, long namesIdle, long processes, long processesIdle) {
  /** What is promised for both. */
  private static final long PROMISED_MILLIS = 1000;

  private static final Pattern TOLD = Pattern.compile("told: (\\S+) (\\S+) (\\S+) (\\S+)");

  /**
   * Strikes.
   *
   * @param how as {@link DeathProbe} has it
   * @param processes the one to strike, and all that must end with it
   */
  static Death by(String how, Namespace machine, List<Long> processes) {
    Path classes = Path.of("target", "test-classes").toAbsolutePath();
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    List<String> words =
        new ArrayList<>(List.of(java.toString(), "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    words.addAll(List.of("-cp", classes.toString(), DeathProbe.class.getName(), how));
    processes.forEach(pid -> words.add(Long.toString(pid)));
    String said = machine.command(words.toArray(String[]::new)).run().succeeded().out();
    Matcher told = TOLD.matcher(said);
    assertThat(told.find()).as("%s", said).isTrue();
    Death death =
        new Death(
            Long.parseLong(told.group(1)),
            Long.parseLong(told.group(2)),
            Long.parseLong(told.group(3)),
            Long.parseLong(told.group(4)));
    System.out.println(how + ": " + death);
    return death;
  }

  void isAsPromised() {
    assertThat(names).as("names resolve: %s", this).isNotNegative();
    assertThat(processes).as("processes end: %s", this).isNotNegative();
    assertThat(Math.min(names, namesIdle)).as("%s", this).isLessThan(PROMISED_MILLIS);
    assertThat(Math.min(processes, processesIdle)).as("%s", this).isLessThan(PROMISED_MILLIS);
  }
}
