package io.teleproxy.net;

import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** A program that says each look, to be run inside of a namespace; ends with its input. */
public final class ChangeReporter {
  private ChangeReporter() {}

  /** Prints {@code network} or {@code filter} for each look. */
  public static void main(String[] args) throws IOException {
    ChangeWatch network =
        ChangeWatch.ofNetwork(
            "network",
            Duration.ZERO,
            List.of(),
            Duration.ZERO,
            () -> {
              System.out.println("network");
              return true;
            });
    ChangeWatch filter =
        ChangeWatch.ofPacketFilter(Duration.ZERO, () -> System.out.println("filter"));
    while (System.in.read() >= 0) {
      // The end of input is that of the test.
    }
    network.close();
    filter.close();
    System.out.println("closed");
  }
}
