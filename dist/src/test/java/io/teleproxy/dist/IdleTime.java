package io.teleproxy.dist;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * The time for which this machine's processors have had nothing to do: who waits for something that
 * somebody is working on does not see it pass, who waits for a timer does.
 */
final class IdleTime {
  private IdleTime() {}

  /** Of a processor, on average, since the machine was started: proc_stat(5). */
  static long millis() throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("/proc/stat"))) {
      // cpu user nice system idle iowait, in hundredths of a second, of all processors together
      String[] all = lines.findFirst().orElseThrow().split("\\s+");
      return (Long.parseLong(all[4]) + Long.parseLong(all[5]))
          * 10
          / Runtime.getRuntime().availableProcessors();
    }
  }
}
