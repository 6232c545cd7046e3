package io.teleproxy.plugin.nftables;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * An {@code nft -i} child process on a pipe. Tables that it makes with {@code flags owner} last as
 * long as it does, and it lasts no longer than we do: the pipe's end is its own. Used by one thread
 * at a time.
 *
 * <p>nft runs a line as one transaction and says nothing if it worked. So each line is followed by
 * a word that it does not know, and its complaint about that word is the end of the answer.
 * Standard error is not buffered, in any version.
 */
final class NftShell implements AutoCloseable {
  /** Longer lines go through a file: nft's line editor takes twice as long, and remembers them. */
  private static final int LONG_LINE = 16 * 1024;

  /** How an answer ends if nft ends. */
  private static final String END = "\0";

  private static final String ERROR = "Error: ";
  private static final int SHOWN = 160;

  private final Process process;
  private final Writer input;
  private final Duration timeout;
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
  private int marks;

  private NftShell(Process process, Duration timeout) {
    this.process = process;
    this.timeout = timeout;
    this.input = process.outputWriter(StandardCharsets.UTF_8);
    Thread reader = new Thread(this::read, "linux-nftables-output");
    reader.setDaemon(true);
    reader.start();
  }

  /**
   * Starts the child.
   *
   * @param command nft with {@code -i}, and what must stand before it
   * @param timeout of one transaction
   */
  static NftShell start(List<String> command, Duration timeout) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    // No history file, and no terminal to write escapes for.
    Map<String, String> environment = builder.environment();
    environment.put("LC_ALL", "C");
    environment.put("HOME", "/dev/null");
    environment.put("TERM", "dumb");
    return new NftShell(builder.start(), timeout);
  }

  /** The child, to be told when it ends. */
  Process process() {
    return process;
  }

  boolean alive() {
    return process.isAlive();
  }

  /**
   * Runs statements as one transaction.
   *
   * @return what nft printed
   * @throws IOException if nothing of it was done, with nft's reason
   */
  List<String> run(List<String> statements) throws IOException {
    int length = 0;
    for (String statement : statements) {
      length += statement.length() + 2;
    }
    if (length > LONG_LINE) {
      try (NamelessFile file = NamelessFile.of(statements)) {
        return ask("include \"" + file.path() + "\"");
      } catch (FileSystemException e) {
        // The disk is full: then it takes longer.
      }
    }
    return ask(String.join("; ", statements));
  }

  /**
   * Runs statements as one transaction without waiting for the answer. nft remembers every line
   * that differs from the one before, for ever: what is said every other second must be the same
   * line, with no mark behind it.
   *
   * @throws IOException if nft has ended, or complained since it was asked last
   */
  void tell(List<String> statements) throws IOException {
    for (String line = lines.poll(); line != null; line = lines.poll()) {
      if (line.equals(END)) {
        throw ended(List.of());
      }
      if (line.contains(ERROR)) {
        throw new IOException("nft: " + line.substring(line.indexOf(ERROR) + ERROR.length()));
      }
    }
    write(String.join("; ", statements), List.of());
  }

  /**
   * Ends the child, and with it what it owns.
   *
   * @throws IOException if it does not end
   */
  @Override
  public void close() throws IOException {
    try {
      input.close();
    } catch (IOException e) {
      // It has ended already.
    }
    if (!ends(2)) {
      process.destroyForcibly();
      if (!ends(5)) {
        throw new IOException("nft (pid " + process.pid() + ") cannot be killed");
      }
    }
  }

  private List<String> ask(String line) throws IOException {
    // What belongs to no answer: carets below a mark, or nft's last words.
    List<String> late = new ArrayList<>();
    for (String said = lines.poll(); said != null; said = lines.poll()) {
      if (said.equals(END)) {
        throw ended(late);
      }
      late.add(said);
    }
    String mark = "teleproxy-" + ++marks;
    List<String> answer = new ArrayList<>();
    write(line + "\n" + mark, late);
    long deadline = System.nanoTime() + timeout.toNanos();
    while (true) {
      String next = poll(deadline);
      if (next == null) {
        // Nobody knows what it is at; without it there is nothing of ours in the kernel.
        process.destroyForcibly();
        throw new IOException("nft did not answer within " + timeout.toSeconds() + " s");
      }
      if (next.equals(END)) {
        late.addAll(answer);
        throw ended(late);
      }
      int last = answer.size() - 1;
      if (next.equals(mark) && last >= 0 && answer.get(last).contains(ERROR)) {
        answer.remove(last);
        break;
      }
      answer.add(next);
    }
    for (int i = 0; i < answer.size(); i++) {
      if (answer.get(i).contains(ERROR)) {
        throw new IOException(failure(answer, i));
      }
    }
    return answer;
  }

  private void write(String line, List<String> late) throws IOException {
    try {
      input.write(line + "\n");
      input.flush();
    } catch (IOException e) {
      List<String> said = new ArrayList<>(late);
      long deadline = System.nanoTime() + timeout.toNanos();
      for (String next = poll(deadline); next != null && !next.equals(END); next = poll(deadline)) {
        said.add(next);
      }
      throw ended(said);
    }
  }

  /** That nft has ended, now and whenever it is asked again. */
  private IOException ended(List<String> said) {
    lines.add(END);
    return new IOException("nft has ended: " + String.join(" ", said).trim());
  }

  /** nft's reason and the statement it complains about, which it prints behind the reason. */
  private static String failure(List<String> answer, int at) {
    String text = answer.get(at);
    String reason = text.substring(text.indexOf(ERROR) + ERROR.length());
    if (at + 1 >= answer.size()) {
      return "nft: " + reason;
    }
    String statement = answer.get(at + 1).trim();
    if (at + 2 < answer.size()) {
      // Carets stand below the part that is wrong; the line may be long.
      String line = answer.get(at + 1);
      int caret = Math.max(0, Math.min(answer.get(at + 2).indexOf('^'), line.length()));
      int before = line.lastIndexOf("; ", caret);
      int after = line.indexOf("; ", caret);
      statement =
          line.substring(before < 0 ? 0 : before + 2, after < 0 ? line.length() : after).trim();
    }
    boolean whole = statement.length() <= SHOWN;
    return "nft: " + reason + ": " + (whole ? statement : statement.substring(0, SHOWN) + "…");
  }

  private void read() {
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        lines.add(line);
      }
    } catch (IOException e) {
      // Killed; what follows says so.
    } finally {
      lines.add(END);
    }
  }

  /**
   * Waits on although the thread is interrupted, which it may be when the daemon stops: just then
   * rules must be removed. The interrupt is kept for the caller.
   */
  private @Nullable String poll(long deadline) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return lines.poll(Math.max(1, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private boolean ends(int seconds) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return process.waitFor(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
