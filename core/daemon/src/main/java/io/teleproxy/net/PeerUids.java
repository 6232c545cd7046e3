package io.teleproxy.net;

import java.net.InetSocketAddress;
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
 * Whose the other end of a TCP connection is, if it is on this machine: {@link SocketTable} tells
 * every socket's owner.
 *
 * <p>Reading them takes a millisecond, and ten with ten thousand sockets; sock_diag(7) would answer
 * in 40 µs, but loading what calls it takes 120 ms of a start. So questions that come while the
 * files are read share the next reading, on a thread that lasts no longer than there are questions.
 * Thread-safe.
 */
public final class PeerUids {
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
        new Question(
            SocketTable.text(peer), destinations.stream().map(SocketTable::text).toList(), answer);
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
    SocketTable.read(
        proc,
        "tcp",
        asked::containsKey,
        row -> answer(asked.getOrDefault(row.local(), List.of()), row));
    all.forEach(question -> question.answer.accept(question.uid));
  }

  private static void answer(List<Question> questions, SocketTable.Row row) {
    // A socket that no process has any more (closed, or waiting for its time) has no inode, and
    // root as its owner: whoever closes at once must not become root by that.
    if (row.listening() || row.inode().equals("0")) {
      return;
    }
    for (Question question : questions) {
      if (question.destinations.contains(row.remote())) {
        question.uid = OptionalLong.of(row.uid());
      }
    }
  }
}
