package io.teleproxy.proxy;

import io.teleproxy.net.SocketOwners;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Tells connections that a SOCKS5 proxy on this machine has made itself: if our firewall redirects
 * those, each waits for the next, and so on until the machine has no sockets left. Only the owner
 * of the client's socket tells such a loop from a destination that is slow to answer many clients;
 * and since the answer costs a look at all processes, it is asked only where many connections wait.
 *
 * <p>Thread-safe. Questions that come while the processes are read share the next reading.
 */
final class LoopGuard {
  /** As many connections to one destination may wait for their first byte unquestioned. */
  static final int UNQUESTIONED = 256;

  private record Question(InetSocketAddress client, int target, Consumer<Boolean> answer) {}

  private final Supplier<SocketOwners> owners;
  private final List<Question> waiting = new ArrayList<>();
  private final ThreadPoolExecutor thread;

  LoopGuard() {
    this(SocketOwners::now);
  }

  LoopGuard(Supplier<SocketOwners> owners) {
    this.owners = owners;
    thread =
        new ThreadPoolExecutor(
            1,
            1,
            1,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            task -> {
              Thread guard = new Thread(task, "loop-guard");
              guard.setDaemon(true);
              return guard;
            });
    thread.allowCoreThreadTimeOut(true);
  }

  /**
   * Asks whether the proxy that listens on {@code target} has made the client's connection.
   *
   * @param answer called on a thread of the guard's
   */
  void ask(InetSocketAddress client, int target, Consumer<Boolean> answer) {
    synchronized (waiting) {
      waiting.add(new Question(client, target, answer));
      if (waiting.size() > 1) {
        return;
      }
    }
    thread.execute(this::answerAll);
  }

  private void answerAll() {
    List<Question> asked;
    synchronized (waiting) {
      asked = List.copyOf(waiting);
      waiting.clear();
    }
    SocketOwners now = owners.get();
    for (Question question : asked) {
      question.answer().accept(now.listensAndConnects(question.target(), question.client()));
    }
  }
}
