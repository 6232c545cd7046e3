package io.teleproxy.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

class UncaughtFailuresTest {
  @Test
  void areInTheLogWithTheirTrace() {
    assertThat(logged(new IllegalStateException("broken"), true))
        .contains("worker ended unexpectedly", "IllegalStateException: broken", "\tat ");
    assertThat(logged(new RejectedExecutionException("full"), false))
        .contains("worker ended unexpectedly", "RejectedExecutionException: full");
  }

  @Test
  void workThatNobodyTakesAtTheEndIsNone() {
    assertThat(logged(new RejectedExecutionException("over"), true)).isEmpty();
  }

  private static String logged(Throwable failure, boolean closing) {
    ByteArrayOutputStream written = new ByteArrayOutputStream();
    PrintStream before = System.err;
    System.setErr(new PrintStream(written, true, StandardCharsets.UTF_8));
    try {
      new UncaughtFailures(() -> closing).uncaughtException(new Thread("worker"), failure);
    } finally {
      System.setErr(before);
    }
    return written.toString(StandardCharsets.UTF_8);
  }
}
