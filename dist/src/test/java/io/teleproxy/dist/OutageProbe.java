package io.teleproxy.dist;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A program of its own, run on the laptop: connects again and again, four times a second, and keeps
 * one connection over which it talks, until its standard input ends.
 *
 * <p>Arguments: address and port of a web server, address and port of an echo server. Prints {@code
 * begun}; for each connection {@code begin BEGIN} and {@code connection BEGIN END IDLE-BEGIN
 * IDLE-END OUTCOME}, times in milliseconds since the epoch, and of {@link IdleTime}; and if the
 * kept one ends, {@code live TIME REASON}.
 */
final class OutageProbe {
  private static final int PAUSE_MILLIS = 250;
  private static final int TIMEOUT_MILLIS = 120_000;

  private OutageProbe() {}

  public static void main(String[] arguments) throws Exception {
    InetSocketAddress web = new InetSocketAddress(arguments[0], Integer.parseInt(arguments[1]));
    InetSocketAddress echo = new InetSocketAddress(arguments[2], Integer.parseInt(arguments[3]));
    Socket kept = new Socket();
    kept.connect(echo, TIMEOUT_MILLIS);
    talk(kept);
    Thread talker = new Thread(() -> keep(kept));
    talker.setDaemon(true);
    talker.start();
    Thread end = new Thread(OutageProbe::awaitEnd);
    end.start();
    System.out.println("begun");
    List<Thread> connections = new ArrayList<>();
    while (end.isAlive()) {
      Thread connection = new Thread(() -> connect(web));
      connection.start();
      connections.add(connection);
      Thread.sleep(PAUSE_MILLIS);
    }
    for (Thread connection : connections) {
      connection.join();
    }
    System.exit(0);
  }

  private static void awaitEnd() {
    try {
      while (System.in.read() >= 0) {
        continue;
      }
    } catch (IOException e) {
      return; // that is an end, too
    }
  }

  private static void connect(InetSocketAddress web) {
    long begin = System.currentTimeMillis();
    long idle = idleMillis();
    System.out.println("begin " + begin);
    String outcome;
    try (Socket socket = new Socket()) {
      socket.connect(web, TIMEOUT_MILLIS);
      socket.setSoTimeout(TIMEOUT_MILLIS);
      socket.getOutputStream().write("GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
      outcome = answer.contains("hello-from-web") ? "ok" : "answered '" + answer.strip() + "'";
    } catch (IOException e) {
      outcome = String.valueOf(e.getMessage());
    }
    System.out.println(
        String.join(
            " ",
            "connection",
            "" + begin,
            "" + System.currentTimeMillis(),
            "" + idle,
            "" + idleMillis(),
            outcome));
  }

  private static long idleMillis() {
    try {
      return IdleTime.millis();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void keep(Socket kept) {
    try {
      while (true) {
        Thread.sleep(PAUSE_MILLIS);
        talk(kept);
      }
    } catch (IOException e) {
      System.out.println("live " + System.currentTimeMillis() + " " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void talk(Socket kept) throws IOException {
    kept.setSoTimeout(TIMEOUT_MILLIS);
    kept.getOutputStream().write('x');
    if (kept.getInputStream().read() < 0) {
      throw new IOException("end of input");
    }
  }
}
