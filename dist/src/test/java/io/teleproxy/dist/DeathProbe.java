package io.teleproxy.dist;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * A program of its own, run on the machine whose daemon is to die: strikes, and tells after how
 * many milliseconds the machine's names resolve and all processes are gone. It asks the nameserver
 * itself, since starting dig(1) takes longer than what is measured.
 *
 * <p>Arguments: {@code KILL}, {@code TERM-KILL} or {@code GROUP}; the process to strike; further
 * processes that must end. Prints {@code told:} and for names and for processes the milliseconds,
 * and how many of them the machine's processors had nothing to do.
 */
final class DeathProbe {
  private static final long PATIENCE_MILLIS = 30_000;
  private static final int PAUSE_MILLIS = 5;
  private static final int ANSWER_MILLIS = 50;

  /**
   * A sleep of {@link #PAUSE_MILLIS} that takes this much longer is the scheduler's usual doing.
   */
  private static final int GRACE_MILLIS = 10;

  /** {@code www.example.test}, type A. */
  private static final byte[] QUERY =
      ("\22\64\1\0\0\1\0\0\0\0\0\0\3www\7example\4test\0\0\1\0\1")
          .getBytes(StandardCharsets.ISO_8859_1);

  private DeathProbe() {}

  public static void main(String[] arguments) throws IOException, InterruptedException {
    List<String> processes = Arrays.asList(arguments).subList(1, arguments.length);
    resolves();
    long idle = IdleTime.millis();
    long start = System.nanoTime();
    strike(arguments[0], processes.get(0));
    long names = -1;
    long namesIdle = -1;
    long gone = -1;
    long goneIdle = -1;
    while ((names < 0 || gone < 0) && millisSince(start) < PATIENCE_MILLIS) {
      if (gone < 0 && processes.stream().noneMatch(DeathProbe::lives)) {
        gone = millisSince(start);
        goneIdle = IdleTime.millis() - idle;
      }
      // While it dies, the daemon may still answer.
      if (names < 0 && !lives(processes.get(0)) && resolves()) {
        names = millisSince(start);
        namesIdle = IdleTime.millis() - idle;
      }
      Thread.sleep(PAUSE_MILLIS);
    }
    System.out.println(
        String.join(" ", "told:", "" + names, "" + namesIdle, "" + gone, "" + goneIdle));
  }

  private static void strike(String how, String process) throws IOException, InterruptedException {
    ProcessHandle handle = ProcessHandle.of(Long.parseLong(process)).orElseThrow();
    if (how.equals("GROUP")) {
      new ProcessBuilder("kill", "-KILL", "--", "-" + process).start().waitFor();
      return;
    }
    if (how.equals("TERM-KILL")) {
      handle.destroy();
      Thread.sleep(PAUSE_MILLIS);
    }
    handle.destroyForcibly();
  }

  /** Whoever has ended and is not yet fetched by his parent is gone. */
  private static boolean lives(String process) {
    try {
      String stat = Files.readString(Path.of("/proc", process, "stat"));
      return "ZX".indexOf(stat.charAt(stat.lastIndexOf(')') + 2)) < 0;
    } catch (IOException e) {
      return false;
    }
  }

  /** As the C library does: whenever the file has changed, those that it names now are asked. */
  private static boolean resolves() {
    try {
      for (String line : Files.readAllLines(Path.of("/etc/resolv.conf"))) {
        if (line.startsWith("nameserver ")) {
          return resolves(InetAddress.getByName(line.substring("nameserver ".length()).trim()));
        }
      }
      return false;
    } catch (IOException e) {
      return false;
    }
  }

  private static boolean resolves(InetAddress nameserver) throws IOException {
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.setSoTimeout(ANSWER_MILLIS);
      socket.connect(nameserver, 53);
      socket.send(new DatagramPacket(QUERY, QUERY.length));
      byte[] answer = new byte[512];
      socket.receive(new DatagramPacket(answer, answer.length));
      return (answer[3] & 15) == 0 && answer[7] > 0;
    }
  }

  private static long millisSince(long nanos) {
    return (System.nanoTime() - nanos) / 1_000_000;
  }
}
