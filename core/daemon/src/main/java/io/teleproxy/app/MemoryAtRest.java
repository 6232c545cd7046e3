package io.teleproxy.app;

import io.teleproxy.net.ResidentMemory;
import java.time.Duration;

/**
 * Gives memory back to the system when nothing happens: some seconds after the start, which leaves
 * more garbage than hours of running, and then whenever traffic has been and gone. Code that runs
 * now and then at rest is compiled some day, too, and then needs less of the class data.
 */
final class MemoryAtRest {
  private static final Duration AFTER_THE_START = Duration.ofSeconds(5);
  private static final Duration SHORTEST = Duration.ofMinutes(1);
  private static final Duration LONGEST = Duration.ofHours(1);

  /** Of one processor's time; a run at rest takes less than a hundredth. */
  private static final int AT_REST = 50;

  private final ResidentMemory memory = new ResidentMemory();

  void afterTheStart() throws InterruptedException {
    Thread.sleep(AFTER_THE_START.toMillis());
    memory.giveBack();
  }

  /** Never comes back. */
  void fromNowOn() throws InterruptedException {
    Duration period = SHORTEST;
    while (true) {
      Duration before = processorTime();
      Thread.sleep(period.toMillis());
      if (processorTime().minus(before).multipliedBy(AT_REST).compareTo(period) < 0) {
        memory.giveBack();
        period = period.multipliedBy(2).compareTo(LONGEST) < 0 ? period.multipliedBy(2) : LONGEST;
      } else {
        period = SHORTEST;
      }
    }
  }

  /** That this process has had so far, all threads together. */
  private static Duration processorTime() {
    return ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO);
  }
}
