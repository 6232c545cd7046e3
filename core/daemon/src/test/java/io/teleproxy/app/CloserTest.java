package io.teleproxy.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;

class CloserTest {
  private final List<String> closed = new ArrayList<>();
  private final Closer closer = new Closer();

  @Test
  void closesInReverseInSpiteOfFailures() {
    closer.add("first", () -> closed.add("first"));
    closer.add(
        "second",
        () -> {
          throw new IllegalStateException("broken");
        });
    closer.add("third", () -> closed.add("third"));
    closer.close();
    closer.close();
    assertThat(closed).containsExactly("third", "first");
  }

  @Test
  void whatIsAddedAfterwardsIsClosedAtOnce() {
    closer.close();
    assertThatThrownBy(() -> closer.add("late", () -> closed.add("late")))
        .isInstanceOf(CancellationException.class);
    assertThat(closed).containsExactly("late");
  }
}
