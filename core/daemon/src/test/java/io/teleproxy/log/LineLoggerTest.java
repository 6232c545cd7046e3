package io.teleproxy.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.event.Level;

class LineLoggerTest {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);

  @AfterEach
  void forget() {
    System.clearProperty(LogProvider.LEVEL);
  }

  private String written() {
    return bytes.toString(StandardCharsets.UTF_8);
  }

  @Test
  void aLineHasTimeLevelComponentAndMessage() {
    LineLogger log = new LineLogger("io.teleproxy.dns.Thing", "", "bridge/", Level.INFO, out);
    log.info("{} of {}: [a={}]", 1, "two", 3L);
    log.warn("{} lost", "one");
    log.info("plain {}");
    assertThat(written().lines())
        .hasSize(3)
        .allMatch(line -> line.matches("[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\\.[0-9]{3} .*"))
        .extracting(line -> line.substring(13))
        .containsExactly(
            "INFO bridge/dns - 1 of two: [a=3]",
            "WARN bridge/dns - one lost",
            "INFO bridge/dns - plain {}");
  }

  @Test
  void aComponentIsAPackageOfOursOrAClassOfOthers() {
    for (String name :
        new String[] {
          "io.teleproxy.plugin.kubernetes.tunnel.Thing",
          "io.teleproxy.plugin.Host",
          "io.teleproxy.health",
          "io.netty.channel.Channel"
        }) {
      new LineLogger(name, "", "", Level.INFO, out).info("here");
    }
    assertThat(written().lines())
        .extracting(line -> line.substring(13))
        .containsExactly(
            "INFO kubernetes - here",
            "INFO plugin - here",
            "INFO health - here",
            "INFO Channel - here");
  }

  @Test
  void whatWasThrownStandsBelow() {
    LineLogger log = new LineLogger("Thing", "", "", Level.INFO, out);
    log.error("{} failed", "it", new IllegalStateException("no"));
    assertThat(written())
        .contains(
            "ERROR Thing - it failed", "IllegalStateException: no", "\tat " + getClass().getName());
  }

  @Test
  void belowTheLevelNothingIsWritten() {
    LineLogger log = new LineLogger("Thing", "", "", Level.WARN, out);
    log.info("no");
    log.debug("no");
    new LineLogger("Other", "", "", null, out).error("no");
    assertThat(written()).isEmpty();
  }

  @Test
  void theTimeOfDayHasItsZeros() {
    StringBuilder line = new StringBuilder();
    LineLogger.time(line, ((9 * 60 + 5) * 60 + 7) * 1000 + 4);
    LineLogger.time(line.append(' '), ((23 * 60 + 59) * 60 + 59) * 1000 + 999);
    LineLogger.time(line.append(' '), 42);
    assertThat(line).hasToString("09:05:07.004 23:59:59.999 00:00:00.042");
  }

  @Test
  void librariesAreHeardWhenSomethingIsWrongOrEverythingIsAskedFor() {
    assertThat(levels("info")).containsExactly(Level.INFO, Level.WARN, null);
    assertThat(levels("debug")).containsExactly(Level.DEBUG, Level.WARN, null);
    assertThat(levels("trace")).containsExactly(Level.TRACE, Level.DEBUG, Level.DEBUG);
    assertThat(levels("error")).containsExactly(Level.ERROR, Level.ERROR, null);
  }

  private static Level[] levels(String wanted) {
    System.setProperty(LogProvider.LEVEL, wanted);
    LogProvider provider = new LogProvider();
    provider.initialize();
    return new Level[] {
      provider.levelOf("io.teleproxy.app.Thing"),
      provider.levelOf("io.netty.Thing"),
      provider.levelOf("org.pf4j.Thing")
    };
  }
}
