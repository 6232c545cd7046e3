package io.teleproxy.net;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Whose the other end of a TCP connection is, if it is on this machine: {@code /proc/net/tcp} and
 * {@code tcp6} of proc(5) tell every socket's owner.
 *
 * <p>Reading them takes a millisecond, and ten with ten thousand sockets; sock_diag(7) would answer
 * in 40 µs, but loading what calls it takes 120 ms of a start. So questions that come while the
 * files are read share the next reading, on a thread that lasts no longer than there are questions.
 * Thread-safe.
 */
public final class PeerUids {
  private static final String LISTEN = "0A";

  private static final class Question {
    final String peer;
    final List<String> destinations;
    final Consumer<OptionalLong> answer;
    OptionalLong uid = OptionalLong.empty();

    Question(String peer, List<String> destinations, Consumer<OptionalLong> answer) {
      this.peer = peer;
      this.destinations = destinations;
      this.answer = answer;
    }
  }

  private final Path proc;
  private final List<Question> waiting = new ArrayList<>();
  private final ThreadPoolExecutor thread =
      new ThreadPoolExecutor(
          1,
          1,
          1,
          TimeUnit.SECONDS,
          new LinkedBlockingQueue<>(),
          task -> {
            Thread reader = new Thread(task, "peers");
            reader.setDaemon(true);
            return reader;
          });

  public PeerUids() {
    this(Path.of("/proc/net"));
  }

  PeerUids(Path proc) {
    this.proc = proc;
    thread.allowCoreThreadTimeOut(true);
  }

  /** Whether this system can tell at all. */
  public boolean known() {
    return Files.exists(proc.resolve("tcp"));
  }

  /**
   * Asks who has opened the socket at the far end.
   *
   * @param peer its address
   * @param destinations where it may have connected to, as it sees that: redirected connections
   *     keep their destination there
   * @param answer the user id, or empty if no process has such a socket open (any more); called on
   *     a thread of ours
   */
  public void ask(
      InetSocketAddress peer,
      Collection<InetSocketAddress> destinations,
      Consumer<OptionalLong> answer) {
    Question question =
        new Question(text(peer), destinations.stream().map(PeerUids::text).toList(), answer);
    synchronized (waiting) {
      waiting.add(question);
      if (waiting.size() > 1) {
        return;
      }
    }
    thread.execute(this::answerAll);
  }

  private void answerAll() {
    Map<String, List<Question>> asked = new HashMap<>();
    List<Question> all;
    synchronized (waiting) {
      all = List.copyOf(waiting);
      waiting.clear();
    }
    all.forEach(
        question -> asked.computeIfAbsent(question.peer, key -> new ArrayList<>()).add(question));
    read("tcp", asked);
    read("tcp6", asked);
    all.forEach(question -> question.answer.accept(question.uid));
  }

  private void read(String table, Map<String, List<Question>> asked) {
    try (var lines = Files.newBufferedReader(proc.resolve(table), StandardCharsets.US_ASCII)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        // sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode
        int local = line.indexOf(':') + 2;
        int end = line.indexOf(' ', local);
        if (local < 2 || end < 0) {
          continue;
        }
        List<Question> questions = asked.get(normal(line.substring(local, end)));
        if (questions != null) {
          answer(questions, line.trim().split("\\s+"));
        }
      }
    } catch (IOException e) {
      // No IPv6, or no such /proc.
    }
  }

  private static void answer(List<Question> questions, String[] fields) {
    // A socket that no process has any more (closed, or waiting for its time) has no inode, and
    // root as its owner: whoever closes at once must not become root by that.
    if (fields.length < 10 || fields[3].equals(LISTEN) || fields[9].equals("0")) {
      return;
    }
    String remote = normal(fields[2]);
    for (Question question : questions) {
      if (question.destinations.contains(remote)) {
        question.uid = OptionalLong.of(Long.parseLong(fields[7]));
      }
    }
  }

  /** As the kernel writes it: words of 32 bits in the machine's byte order, port in hexadecimal. */
  private static String text(InetSocketAddress address) {
    InetAddress ip = address.getAddress();
    byte[] bytes = ip.getAddress();
    boolean little = java.nio.ByteOrder.nativeOrder() == java.nio.ByteOrder.LITTLE_ENDIAN;
    StringBuilder text = new StringBuilder(40);
    for (int word = 0; word < bytes.length; word += 4) {
      for (int i = 0; i < 4; i++) {
        text.append(String.format("%02X", bytes[word + (little ? 3 - i : i)]));
      }
    }
    return text.append(String.format(":%04X", address.getPort())).toString();
  }

  /** Sockets for both families have IPv4 addresses in the form {@code ::ffff:127.0.0.1}. */
  private static String normal(String text) {
    boolean mapped =
        text.length() == 37
            && (text.startsWith("0000000000000000FFFF0000")
                || text.startsWith("00000000000000000000FFFF"));
    return mapped ? text.substring(24) : text;
  }
}
