package io.teleproxy.plugin.ssh.link;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ReceiveWindowTest {
  private static final int MIB = 1 << 20;

  @Test
  void whoKeepsUpGetsMoreAndMoreUpToTheLargest() {
    AtomicLong budget = new AtomicLong(64L * MIB);
    ReceiveWindow window = new ReceiveWindow(budget);
    long allowed = window.announced();
    long received = 0;
    while (received < 256L * MIB) {
      assertThat(window.consume(16 << 10)).isTrue();
      received += 16 << 10;
      allowed += window.release(16 << 10);
      assertThat(allowed).isGreaterThan(received);
    }
    assertThat(allowed - received).isBetween(2L * MIB, 4L * MIB);
    window.close();
    assertThat(budget).hasValue(64L * MIB);
  }

  @Test
  void whoDoesNotReadHoldsTheFirstWindow() {
    ReceiveWindow window = new ReceiveWindow(new AtomicLong(64L * MIB));
    assertThat(window.consume(ReceiveWindow.FIRST)).isTrue();
    assertThat(window.consume(1)).as("more than allowed").isFalse();
  }

  @Test
  void whoLagsBehindGetsBackWhatWasReadAndNoMore() {
    ReceiveWindow window = new ReceiveWindow(new AtomicLong(64L * MIB));
    window.consume(ReceiveWindow.FIRST);
    assertThat(window.release(ReceiveWindow.FIRST / 2)).isEqualTo(ReceiveWindow.FIRST / 2);
  }

  @Test
  void withoutABudgetNothingGrows() {
    ReceiveWindow window = new ReceiveWindow(new AtomicLong());
    window.consume(ReceiveWindow.FIRST / 2);
    assertThat(window.release(ReceiveWindow.FIRST / 2)).isEqualTo(ReceiveWindow.FIRST / 2);
  }
}
