package io.teleproxy.app;

import io.teleproxy.log.LogProvider;
import io.teleproxy.spi.Health;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A start as who sits at a terminal sees it: one line for each component, drawn again as they
 * change, and left there when it is over.
 *
 * <p>Both processes of a run write on that terminal. So the cursor waits on an empty line above the
 * block: whoever has something to log erases what is below and writes there ({@link
 * LogProvider#PROGRESS}), and the block comes again below it.
 */
final class Progress implements AutoCloseable {
  private static final long PERIOD_MILLIS = 100;

  /** More than fits on any terminal could not be drawn over. */
  private static final int MOST_LINES = 18;

  private static final int NAME_WIDTH = 22;
  private static final int STATE_WIDTH = 10;
  private static final String ESCAPE = "\u001b[";
  private static final String ERASE_BELOW = "\r" + ESCAPE + "J";
  private static final String NO_WRAPPING = ESCAPE + "?7l";
  private static final String WRAPPING = ESCAPE + "?7h";

  private final Components components;
  private final List<String> expected;
  private final boolean colours;
  private final PrintStream out;
  private final Thread thread = new Thread(this::run, "progress");
  private final Instant begun;
  private boolean over; // guarded by this

  /**
   * Starts drawing.
   *
   * @param expected components that there will be, shown as waiting until they are heard of
   * @param begun when the start began
   * @param colours whether it may be coloured, too
   */
  static Progress begin(
      Components components,
      List<String> expected,
      Instant begun,
      boolean colours,
      PrintStream out) {
    Progress progress = new Progress(components, expected, begun, colours, out);
    progress.thread.setDaemon(true);
    progress.thread.start();
    return progress;
  }

  Progress(
      Components components,
      List<String> expected,
      Instant begun,
      boolean colours,
      PrintStream out) {
    this.begun = begun;
    this.components = components;
    this.expected = List.copyOf(expected);
    this.colours = colours;
    this.out = out;
  }

  private synchronized void run() {
    try {
      while (!over) {
        draw();
        wait(PERIOD_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void draw() {
    List<String> lines = lines(Instant.now());
    List<String> shown = lines.subList(0, Math.min(MOST_LINES, lines.size()));
    out.print(
        ERASE_BELOW
            + NO_WRAPPING
            + "\n"
            + String.join("\n", shown)
            + WRAPPING
            + (ESCAPE + shown.size() + "A\r"));
    out.flush();
  }

  /** One for each component, by name, those that are waited for last. */
  List<String> lines(Instant now) {
    Map<String, Health> all = new TreeMap<>(components.all());
    List<String> lines = new ArrayList<>();
    for (Map.Entry<String, Health> one : all.entrySet()) {
      lines.add(line(one.getKey(), one.getValue(), now));
    }
    for (String name : expected) {
      if (!all.containsKey(name)) {
        lines.add(line(name, "waiting", "2", ""));
      }
    }
    return lines;
  }

  private String line(String name, Health health, Instant now) {
    String said = health.reason() + (health.remedy().isEmpty() ? "" : ". " + health.remedy());
    return switch (health.state()) {
      case STARTING -> line(name, "working", "33", seconds(begun, now) + said);
      case READY -> line(name, "ready", "32", seconds(begun, health.since()) + said);
      case DEGRADED -> line(name, "degraded", "33", said);
      case FAILED -> line(name, "failed", "31", said);
      case STOPPED -> line(name, "stopped", "2", said);
    };
  }

  private String line(String name, String state, String colour, String said) {
    StringBuilder line = new StringBuilder(100).append("  ");
    pad(line.append(name), 2 + NAME_WIDTH);
    if (colours) {
      line.append(ESCAPE).append(colour).append('m');
    }
    int before = line.length();
    pad(line.append(state), before + STATE_WIDTH);
    if (colours) {
      line.append(ESCAPE).append('m');
    }
    return line.append(said.replace('\n', ' ')).toString().stripTrailing();
  }

  private static void pad(StringBuilder line, int width) {
    do {
      line.append(' ');
    } while (line.length() < width);
  }

  /** As in {@code 1.2 s }: java.util.Formatter is not for a start. */
  private static String seconds(Instant from, Instant to) {
    long tenths = Math.max(0, Duration.between(from, to).toMillis() / 100);
    return tenths / 10 + "." + tenths % 10 + " s  ";
  }

  /** Leaves the last state on the terminal. */
  @Override
  public synchronized void close() {
    if (!over) {
      over = true;
      notifyAll();
      out.print(ERASE_BELOW + String.join("\n", lines(Instant.now())) + "\n");
      out.flush();
    }
  }
}
