package io.teleproxy.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.teleproxy.net.OpenFiles;
import io.teleproxy.spi.Cause;
import io.teleproxy.spi.Health;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class OpenFilesWatchTest {
  private final List<Health> told = new CopyOnWriteArrayList<>();
  private volatile OpenFiles files = new OpenFiles(10, 100);
  private final OpenFilesWatch watch = OpenFilesWatch.begin(told::add, () -> Optional.of(files), 1);

  @AfterEach
  void close() {
    watch.close();
  }

  @Test
  void whatIsNearlyFullIsToldOnceAndThatItIsGoodAgain() {
    files = new OpenFiles(90, 100);
    await().until(() -> told.size() == 1);
    assertThat(told.get(0).cause()).isEqualTo(Cause.TOO_MANY_OPEN_FILES);
    assertThat(told.get(0).reason()).contains("of the 100 files");
    files = new OpenFiles(85, 100);
    files = new OpenFiles(91, 100);
    files = new OpenFiles(79, 100);
    await().until(() -> told.size() == 2);
    assertThat(told.get(1).state()).isEqualTo(Health.State.READY);
  }
}
